"""What a run leaves in the server's books about its process."""

import os

import pytest

pytest.importorskip("prefect")

from flows.retraining.started import begin

pytestmark = pytest.mark.training


def test_a_flow_that_a_command_runs_was_started_by_no_deployment() -> None:
    """Somebody waits for its result."""
    assert os.environ.get("GATECAST_SERVED") is None
    assert begin() is None

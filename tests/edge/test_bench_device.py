"""Measurements in processes and folders of their own."""

from contextlib import suppress
from pathlib import Path

import pytest

from edge.bench.device import Device, run_course
from edge.config.sections import Config
from edge.contract.contract import Contract
from edge.contract.times import SECOND
from edge.errors import GatecastError
from tests.edge.test_bench_course import job
from tests.support.agent_process import baseline_bundle

BUNDLE = baseline_bundle(Contract(60 * SECOND, 12, 3))


def test_a_measurement_that_is_broken_off_leaves_nothing(tmp_path: Path) -> None:
    """The folder goes, whatever ended it."""
    with suppress(KeyboardInterrupt), Device(Config(), BUNDLE, tmp_path):
        assert len(list(tmp_path.iterdir())) == 1
        raise KeyboardInterrupt
    assert not list(tmp_path.iterdir())


def test_an_agent_without_a_result_is_said_with_its_last_words(tmp_path: Path) -> None:
    """The state folder is a file, so the agent cannot start."""
    wish = job(tmp_path, 1, 10)
    (tmp_path / "state" / "spool.db").mkdir()
    with pytest.raises(GatecastError, match=r"ended without a result: .*choose another folder"):
        run_course(wish, tmp_path / "log")

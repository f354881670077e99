"""The runs of a deployment: what is asked of Prefect's server, and what is made of its answers."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

pytest.importorskip("prefect")

from flows.retraining.deployment import Deployment, Run, missed
from tests.support.fake_prefect import FakePrefect, fake_prefect

pytestmark = pytest.mark.training
NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
IDENTITY = UUID(int=7)


@pytest.fixture
def server() -> Iterator[FakePrefect]:
    """The server that Prefect's settings name."""
    with fake_prefect() as server:
        yield server


def test_the_newest_runs_are_read(server: FakePrefect) -> None:
    """State, message, time and seconds; what the server leaves open is empty."""
    server.answer = [
        {
            "id": "a",
            "state": {"type": "FAILED", "message": "too short"},
            "expected_start_time": "2026-11-26T13:00:00+01:00",
            "total_run_time": 2.5,
        },
        {"id": "b", "state": None, "expected_start_time": "2026-11-26T11:00:00+00:00"},
    ]
    assert Deployment(IDENTITY).newest(NOON) == [
        Run("a", "FAILED", "too short", NOON, 2.5),
        Run("b", "", "", NOON - timedelta(hours=1), 0.0),
    ]
    ((path, asked),) = server.asked
    assert path == "/api/flow_runs/filter"
    assert asked["flow_runs"]["deployment_id"] == {"any_": [str(IDENTITY)]}
    assert asked["flow_runs"]["expected_start_time"] == {"before_": NOON.isoformat()}
    assert asked["sort"] == "EXPECTED_START_TIME_DESC"


def test_the_next_run_may_not_be_there_yet(server: FakePrefect) -> None:
    """Only runs that wait are asked for, the earliest first."""
    server.answer = []
    assert Deployment(IDENTITY).upcoming(NOON) is None
    ((_, asked),) = server.asked
    assert asked["flow_runs"]["state"] == {"type": {"any_": ["SCHEDULED"]}}
    assert (asked["sort"], asked["limit"]) == ("EXPECTED_START_TIME_ASC", 1)


def test_the_end_of_a_run_and_a_pause_are_told(server: FakePrefect) -> None:
    """The state is forced: the process that would object to it is gone."""
    deployment = Deployment(IDENTITY)
    deployment.end(Run("a", "RUNNING", "", NOON, 0.0), "CRASHED", "it was killed")
    deployment.pause()
    assert server.asked == [
        ("/api/flow_runs/a/set_state", {"state": {"type": "CRASHED", "message": "it was killed"}, "force": True}),
        (f"/api/deployments/{IDENTITY}/pause_deployment", {}),
    ]


def test_of_the_runs_that_wait_all_but_the_newest_are_missed() -> None:
    """Runs that have begun or ended are not."""
    states = {"d": "SCHEDULED", "c": "RUNNING", "b": "SCHEDULED", "a": "SCHEDULED"}
    runs = [Run(name, state, "", NOON, 0.0) for name, state in states.items()]
    assert [run.identity for run in missed(runs)] == ["b", "a"]

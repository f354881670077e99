"""The runs of a deployment: what is asked of Prefect's server, and what is made of its answers."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

pytest.importorskip("prefect")

from httpx import HTTPError

from flows.retraining.started import AGAIN
from flows.serving.deployment import Deployment, Run, missed
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
            "state": {"type": "FAILED", "name": "TimedOut", "message": "too short", "timestamp": "2026-11-26T12:30:00Z"},
            "expected_start_time": "2026-11-26T13:00:00+01:00",
            "total_run_time": 2.5,
            "infrastructure_pid": "mill:7",
            "tags": [AGAIN],
            "parameters": {"cause": "drift"},
        },
        {"id": "b", "state": None, "expected_start_time": "2026-11-26T11:00:00+00:00"},
    ]
    assert Deployment(IDENTITY).newest(NOON) == [
        Run(
            "a",
            "FAILED",
            "too short",
            NOON,
            NOON + timedelta(minutes=30),
            2.5,
            "TimedOut",
            "mill:7",
            (AGAIN,),
            {"cause": "drift"},
        ),
        Run("b", "", "", NOON - timedelta(hours=1), NOON - timedelta(hours=1), 0.0),
    ]
    ((path, asked),) = server.asked
    assert path == "/api/flow_runs/filter"
    assert asked["flow_runs"]["deployment_id"] == {"any_": [str(IDENTITY)]}
    assert asked["flow_runs"]["expected_start_time"] == {"before_": NOON.isoformat()}
    assert asked["sort"] == "EXPECTED_START_TIME_DESC"


@pytest.mark.parametrize(
    "answer", [b"<html>log in</html>", b"null", b'{"a": 1}', b'[1, "x"]', b'[{"id": 5, "state": null}]', b"[" * 200_000]
)
def test_an_answer_that_is_none_of_prefects_is_none(answer: bytes, server: FakePrefect) -> None:
    """A proxy may show a page to log in, with status 200; `gatecast serve` asks again, as where the server is away."""
    server.raw = answer
    for ask in (lambda: Deployment(IDENTITY).newest(NOON), lambda: Deployment(IDENTITY).upcoming(NOON)):
        with pytest.raises(HTTPError, match="its answer is none of Prefect's"):
            ask()


def test_the_next_run_may_not_be_there_yet(server: FakePrefect) -> None:
    """Only runs that wait are asked for, the earliest first."""
    server.answer = []
    assert Deployment(IDENTITY).upcoming(NOON) is None
    ((_, asked),) = server.asked
    assert asked["flow_runs"]["state"] == {"type": {"any_": ["SCHEDULED", "PENDING"]}}
    assert (asked["sort"], asked["limit"]) == ("EXPECTED_START_TIME_ASC", 1)


def test_what_started_a_run_is_known() -> None:
    """A run without a parameter that says so was started by hand."""
    assert Run("a", "", "", NOON, NOON, 0.0, parameters={"cause": "drift"}).cause == "drift"
    assert Run("a", "", "", NOON, NOON, 0.0).cause == "manual"


def test_the_end_of_a_run_and_the_one_in_its_place_are_told(server: FakePrefect) -> None:
    """The state is forced: the process that would object to it is gone. A second call makes no second run."""
    deployment = Deployment(IDENTITY)
    run = Run("a", "RUNNING", "", NOON, NOON, 0.0, parameters={"cause": "schedule"})
    deployment.end(run, "CRASHED", "it was killed")
    deployment.again(run)
    again = {"parameters": {"cause": "schedule"}, "tags": [AGAIN], "idempotency_key": "again-a"}
    assert server.asked == [
        ("/api/flow_runs/a/set_state", {"state": {"type": "CRASHED", "message": "it was killed"}, "force": True}),
        (f"/api/deployments/{IDENTITY}/create_flow_run", again),
    ]


def test_of_the_runs_that_wait_one_makes_up_for_all() -> None:
    """The newest; runs that have begun or ended are not looked at."""
    states = {"d": "SCHEDULED", "c": "RUNNING", "b": "SCHEDULED", "a": "SCHEDULED"}
    runs = [Run(name, state, "", NOON, NOON, 0.0, parameters={"cause": "drift"}) for name, state in states.items()]
    assert [run.identity for run in missed(runs)] == ["b", "a"]


@pytest.mark.parametrize(("cause", "tags"), [("manual", ()), ("schedule", (AGAIN,))])
def test_a_run_that_trains_in_any_case_makes_up_for_newer_ones(cause: str, tags: tuple[str, ...]) -> None:
    """One by the schedule would end early on a history that is known, and nobody would do what was asked for."""
    asked = Run("b", "SCHEDULED", "", NOON, NOON, 0.0, tags=tags, parameters={"cause": cause})
    others = [Run(name, "SCHEDULED", "", NOON, NOON, 0.0, parameters={"cause": "schedule"}) for name in "ca"]
    assert [run.identity for run in missed([others[0], asked, others[1]])] == ["c", "a"]

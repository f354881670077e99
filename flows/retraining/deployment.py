"""The runs of one deployment, as Prefect's server knows them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID

from prefect.client.orchestration import get_client

OVER = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
NEWEST = 50


@dataclass(frozen=True, slots=True)
class Run:
    """One run.

    Args:
        identity: identity of the run at the server.
        state: Prefect's type of state, such as `SCHEDULED` or `COMPLETED`.
        message: message of the state, such as the error of a failed run.
        due: time at which the run was or is to start, UTC.
        seconds: time that the run has taken so far.
    """

    identity: str
    state: str
    message: str
    due: datetime
    seconds: float


class Runs(Protocol):
    """What the watch asks of a deployment; see `Deployment`."""

    def newest(self, before: datetime) -> list[Run]:
        """The last runs that were due by then, newest first."""

    def upcoming(self, after: datetime) -> Run | None:
        """The next run."""

    def end(self, run: Run, state: str, message: str) -> None:
        """Say that a run is over."""


class Deployment:
    """A deployment on the server that Prefect's settings name.

    Args:
        identity: identity of the deployment at the server.
        seconds: longest time that an answer may take.
    """

    def __init__(self, identity: UUID, seconds: float = 60.0) -> None:
        self._identity = str(identity)
        self._seconds = seconds

    def newest(self, before: datetime) -> list[Run]:
        """The last runs that were due by then, newest first."""
        return self._runs({"expected_start_time": {"before_": before.isoformat()}}, "EXPECTED_START_TIME_DESC", NEWEST)

    def upcoming(self, after: datetime) -> Run | None:
        """The next run; None while the server has not made it yet."""
        chosen = {"expected_start_time": {"after_": after.isoformat()}, "state": {"type": {"any_": ["SCHEDULED"]}}}
        return next(iter(self._runs(chosen, "EXPECTED_START_TIME_ASC", 1)), None)

    def end(self, run: Run, state: str, message: str) -> None:
        """Say that a run is over.

        Args:
            run: run that is over.
            state: new state, one of `OVER`.
            message: reason of the new state.
        """
        document = {"state": {"type": state, "message": message}, "force": True}
        self._ask(f"/flow_runs/{run.identity}/set_state", document)

    def pause(self) -> None:
        """No new runs until it is served again."""
        self._ask(f"/deployments/{self._identity}/pause_deployment", {})

    def _runs(self, chosen: dict[str, Any], sort: str, limit: int) -> list[Run]:
        runs = {"deployment_id": {"any_": [self._identity]}, **chosen}
        request = {"flow_runs": runs, "sort": sort, "limit": limit}
        return [_run(document) for document in self._ask("/flow_runs/filter", request)]

    def _ask(self, path: str, document: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
        with get_client(httpx_settings={"timeout": self._seconds}, sync_client=True) as client:
            answer = client.request("POST", path, json=document)  # type: ignore[arg-type]
            return answer.json() if answer.content else None


def missed(runs: list[Run]) -> Iterator[Run]:
    """The runs that wait although a newer one is due: one run makes up for all of them.

    Args:
        runs: runs that were due by now, newest first.
    """
    waiting = [run for run in runs if run.state == "SCHEDULED"]
    yield from waiting[1:]


def _run(document: dict[str, Any]) -> Run:
    state = document["state"] or {}
    due = datetime.fromisoformat(document["expected_start_time"]).astimezone(UTC)
    return Run(
        document["id"], state.get("type", ""), state.get("message") or "", due, float(document.get("total_run_time") or 0)
    )

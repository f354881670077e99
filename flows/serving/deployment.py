"""The runs of one deployment, as Prefect's server knows them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID

from httpx import DecodingError
from prefect.client.orchestration import get_client
from prefect.exceptions import ObjectNotFound

from edge.errors import GatecastError
from edge.quoting import first_line, quoted
from flows.retraining.started import AGAIN, start_again

OVER = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
NEWEST = 200  # runs that the server gives at once
INACTIVE = "inactive"  # tag of a deployment whose schedule the configuration has switched off


@dataclass(frozen=True, slots=True)
class Run:
    """One run.

    Args:
        identity: identity of the run at the server.
        state: Prefect's type of state, such as `SCHEDULED` or `COMPLETED`.
        message: message of the state, such as the error of a failed run.
        due: time at which the run was or is to start, UTC.
        since: time since which it is in that state, UTC.
        seconds: time that the run has taken so far.
        name: name of the state, which says more than its type.
        process: host and process id of the run, as it wrote them; empty before it has begun.
        tags: words at the run.
        parameters: parameters of the flow.
    """

    identity: str
    state: str
    message: str
    due: datetime
    since: datetime
    seconds: float
    name: str = ""
    process: str = ""
    tags: tuple[str, ...] = ()
    parameters: dict[str, Any] = field(default_factory=dict)

    @property
    def cause(self) -> str:
        """What started it."""
        return str(self.parameters.get("cause") or "manual")


class Runs(Protocol):
    """What the watch asks of a deployment; see `Deployment`."""

    def newest(self, before: datetime) -> list[Run]:
        """The last runs that were due by then, newest first."""

    def waiting(self, before: datetime) -> list[Run]:
        """The last runs that were due by then and have not begun, newest first."""

    def upcoming(self, after: datetime) -> Run | None:
        """The next run."""

    def check(self) -> None:
        """Fail where the deployment is gone."""

    def end(self, run: Run, state: str, message: str) -> None:
        """Say that a run is over."""

    def again(self, run: Run) -> None:
        """Start a run in place of one whose process died."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a deployment starts runs.

    Args:
        active: whether its schedule does.
        paused: whether nothing does.
        by_user: whether somebody has switched off on Prefect's pages what the configuration asks for.
    """

    active: bool
    paused: bool
    by_user: bool


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

    def waiting(self, before: datetime) -> list[Run]:
        """The last runs that were due by then and have not begun, newest first."""
        chosen = {"expected_start_time": {"before_": before.isoformat()}, "state": {"type": {"any_": ["SCHEDULED"]}}}
        return self._runs(chosen, "EXPECTED_START_TIME_DESC", NEWEST)

    def upcoming(self, after: datetime) -> Run | None:
        """The next run; None while the server has not made it yet."""
        chosen = {"expected_start_time": {"after_": after.isoformat()}, "state": {"type": {"any_": ["SCHEDULED", "PENDING"]}}}
        return next(iter(self._runs(chosen, "EXPECTED_START_TIME_ASC", 1)), None)

    def check(self) -> None:
        """Fail where the deployment is gone, as after a reset of the server's database: nothing would ever run again.

        Raises:
            GatecastError: it is gone.
        """
        with get_client(httpx_settings={"timeout": self._seconds}, sync_client=True) as client:
            try:
                client.read_deployment(UUID(self._identity))
            except ObjectNotFound as error:
                raise GatecastError(
                    "a deployment of this fleet is gone from Prefect's server, so nothing would run any more; "
                    "start gatecast serve again, which makes it anew"
                ) from error

    def end(self, run: Run, state: str, message: str) -> None:
        """Say that a run is over; what it held, such as the one place that a deployment has for runs, is free then.

        Args:
            run: run that is over.
            state: new state, one of `OVER`.
            message: reason of the new state.
        """
        document = {"state": {"type": state, "message": message}, "force": True}
        self._ask(f"/flow_runs/{run.identity}/set_state", document)

    def again(self, run: Run) -> None:
        """Start a run in place of one whose process died, unless that has happened already; see `run_again`."""
        with understood():
            start_again(self._identity, run.identity, run.parameters)

    def _runs(self, chosen: dict[str, Any], sort: str, limit: int) -> list[Run]:
        runs = {"deployment_id": {"any_": [self._identity]}, **chosen}
        request = {"flow_runs": runs, "sort": sort, "limit": limit}
        with understood():
            return [_run(document) for document in self._ask("/flow_runs/filter", request)]

    def _ask(self, path: str, document: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
        with understood(), get_client(httpx_settings={"timeout": self._seconds}, sync_client=True) as client:
            answer = client.request("POST", path, json=document)  # type: ignore[arg-type]
            return answer.json() if answer.content else None


@contextmanager
def understood() -> Iterator[None]:
    """Take an answer that is none of Prefect's for no answer: a proxy before it may show a page to log in instead.

    Raises:
        HTTPError: there is no answer, or none of Prefect's.
    """
    try:
        yield
    except (AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
        raise DecodingError(f"its answer is none of Prefect's: {quoted(first_line(error), 200)}") from error


def standing(flow: str, name: str, *, active: bool) -> Standing:
    """Whether a deployment is to start runs: as the configuration says, unless somebody has switched it off on the server.

    Args:
        flow: name of its flow, which is the slug of its schedule too.
        name: name of the deployment; the server may not know it yet.
        active: wish of the configuration for the schedule.
    """
    with get_client(sync_client=True) as client:
        try:
            known = client.read_deployment_by_name(f"{flow}/{name}")
        except ObjectNotFound:
            return Standing(active, paused=False, by_user=False)
    switched_off = INACTIVE not in known.tags and any(
        schedule.slug == flow and not schedule.active for schedule in known.schedules
    )
    return Standing(active and not switched_off, known.paused, by_user=known.paused or (active and switched_off))


def missed(runs: list[Run]) -> Iterator[Run]:
    """The runs that wait although another one that waits makes up for all of them, as it will read all that is there then.

    It is the newest one that somebody has asked for or that stands for a dead one, which trains in any case; else the newest.

    Args:
        runs: runs that were due by now, newest first.
    """
    waiting = [run for run in runs if run.state == "SCHEDULED"]
    asked = [run for run in waiting if run.cause == "manual" or AGAIN in run.tags]
    yield from (run for run in waiting if run is not (asked or waiting)[0])


def _run(document: dict[str, Any]) -> Run:
    state = document["state"] or {}
    due = document["expected_start_time"]
    return Run(
        document["id"],
        state.get("type", ""),
        state.get("message") or "",
        _moment(due),
        _moment(state.get("timestamp") or due),
        float(document.get("total_run_time") or 0),
        state.get("name") or "",
        document.get("infrastructure_pid") or "",
        tuple(document.get("tags") or ()),
        document.get("parameters") or {},
    )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)

"""Prefect's server, where a flow reports to one. A server that cannot be reached is one line, not a traceback."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from httpx import HTTPError
from prefect.client.orchestration import get_client
from prefect.events.worker import EventsWorker
from prefect.settings import PREFECT_API_URL, temporary_settings

from edge.errors import GatecastError
from edge.quoting import without_accounts
from flows.retraining.prefect_process import PrefectProcess, start_prefect


@contextmanager
def reachable_server(
    home: Path | None = None, port: int = 0, *, schedules: bool = False, say: Callable[[str], None] = lambda _: None
) -> Iterator[PrefectProcess | None]:
    """Let the work begin once Prefect's server answers, and tell a server that goes away later from other failures.

    Without PREFECT_API_URL it is one of our own for the time of the work, with a database of its own, so that no other
    command is disturbed.

    Args:
        home: folder for that database; None: what PREFECT_HOME names, else a temporary one.
        port: port of our own server; 0: a free one.
        schedules: whether our own server starts what is due by a schedule.
        say: function that gets a line where its database was damaged.

    Yields:
        The server of our own; None where PREFECT_API_URL names one.

    Raises:
        GatecastError: it does not answer, refuses the account, is of another major version, or ends.
    """
    with ExitStack() as stack:
        own = None
        if not PREFECT_API_URL.value():
            if home is None and (named := os.environ.get("PREFECT_HOME")):
                home = Path(named)
            folder = home or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gatecast-")))
            own = stack.enter_context(start_prefect(folder, port, schedules=schedules, say=say))
            stack.enter_context(pointed_at(own))
        try:
            try:
                with get_client(sync_client=True) as client:
                    client.raise_for_api_version_mismatch_once()
            except (RuntimeError, ValueError) as error:  # what Prefect raises where its API cannot be reached
                raise _unreachable(error, own) from error
            yield own
        except HTTPError as error:  # of all we call only Prefect's client speaks httpx
            raise _unreachable(error, own) from error
        finally:
            _report()


@contextmanager
def pointed_at(server: PrefectProcess) -> Iterator[None]:
    """Let Prefect, in this process and in those it starts, report to a server of our own."""
    os.environ["PREFECT_API_URL"] = server.url
    try:
        with temporary_settings({PREFECT_API_URL: server.url}):
            yield
    finally:
        del os.environ["PREFECT_API_URL"]


def _report() -> None:
    """Send the events that Prefect's client still holds; those that cannot be sent are dropped."""
    with suppress(Exception):
        EventsWorker.drain_all(timeout=5)


def _unreachable(error: Exception, own: PrefectProcess | None) -> GatecastError:
    reason = without_accounts(str(error).partition("\n")[0].rstrip(".")) or type(error).__name__
    if own is not None:
        return GatecastError(
            f"the Prefect server of this run has failed: {own.died() or reason}; try again, or name one in PREFECT_API_URL"
        )
    return GatecastError(
        f"Prefect: {reason}; start its server with prefect server start, check PREFECT_API_URL, or unset it to do without"
    )

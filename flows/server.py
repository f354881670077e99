"""Prefect's server, where a flow has one to report to: a server that is away is one line, not a trace of calls."""

from collections.abc import Iterator
from contextlib import contextmanager

from httpx import HTTPError
from prefect.client.orchestration import get_client

from edge.errors import GatecastError


@contextmanager
def reachable_server() -> Iterator[None]:
    """See that Prefect answers before any work is done, and tell it from other failures when it goes away meanwhile.

    Without PREFECT_API_URL Prefect starts a server of its own for the time of the run.

    Raises:
        GatecastError: it does not answer, refuses the account, or is of another major version.
    """
    try:
        try:
            with get_client(sync_client=True) as client:
                client.raise_for_api_version_mismatch_once()
        except (RuntimeError, ValueError) as error:  # what Prefect raises where its API cannot be reached
            raise _unreachable(error) from error
        yield
    except HTTPError as error:  # of all we call only Prefect's client speaks httpx
        raise _unreachable(error) from error


def _unreachable(error: Exception) -> GatecastError:
    reason = str(error).partition("\n")[0].rstrip(".") or type(error).__name__
    return GatecastError(
        f"Prefect: {reason}; start its server with prefect server start, check PREFECT_API_URL, or unset it to do without"
    )

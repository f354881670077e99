"""What else a device has to do with: servers of `[[history]]`, and the agent that runs here already."""

from collections.abc import Iterator
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

import msgspec

from edge.checks.finding import Finding, of_error, warning, wrong
from edge.config.sections import Config
from edge.contract.times import iso
from edge.errors import GatecastError
from edge.sources.settings import INFLUX
from edge.sources.source import open_source

PATIENCE = 5.0  # seconds
ADVICE = "docs/operations.md says what to do at each reason"
LONGEST = 1 << 20  # bytes of an answer


class _Health(msgspec.Struct):
    """The answer of `/healthz`."""

    status: str
    reason: str = ""


def check_sources(config: Config) -> Iterator[Finding]:
    """Whether each server of `[[history]]` that a device reads answers, and since when it has readings; files were opened."""
    for settings in config.history:
        if settings.scheme not in INFLUX:
            continue
        try:
            source = open_source(settings, config.ingests())
            try:
                span = source.span()
            finally:
                source.close()
        except GatecastError as error:
            yield of_error("history", error)
            continue
        if span is None:
            yield warning(
                "history", f"{settings.label} has no readings", "check measurement, field and where of this [[history]]"
            )
        else:
            yield Finding("history", f"{settings.label}: readings from {iso(span[0])} to {iso(span[1])}")


def check_agent(config: Config, patience: float = PATIENCE) -> list[Finding]:
    """Whether an agent runs here, and what it says of itself.

    Args:
        config: configuration of the agent.
        patience: seconds for its answer.
    """
    listen = config.agent.health
    if listen == "off":
        return [Finding("agent", "[agent] health is off, so a running one could not be asked")]
    try:
        # The page is on this machine, where a proxy of the environment has nothing to do.
        with build_opener(ProxyHandler({})).open(f"http://{listen}/healthz", timeout=patience) as answer:
            content = answer.read(LONGEST)
    except HTTPError as error:
        with error:
            content = error.read(LONGEST)
    except (OSError, HTTPException):
        return [Finding("agent", f"none answers at {listen}; gatecast-agent run starts it")]
    try:
        health = msgspec.json.decode(content, type=_Health)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return [warning("agent", f"another program answers at {listen}", "end it, or set another [agent] health")]
    if health.status == "ok":
        return [Finding("agent", f"it runs here ({listen}), and is well")]
    if health.status == "degraded":
        return [
            warning("agent", f"it runs here ({listen}): {health.reason}", "docs/operations.md says what to do at each reason")
        ]
    return [wrong("agent", f"it runs here ({listen}): {health.status}", ADVICE)]

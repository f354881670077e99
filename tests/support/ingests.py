"""Rules of `[[ingest]]` in one line, and what a message gives by them."""

from edge.messages.ingest import Ingest
from edge.messages.reading import read_message
from edge.messages.rule import IngestRule

NOON = 1_768_478_400_000_000_000  # 2026-01-15T12:00:00Z


def ingest(topic: str, series: str | None = None, **keys: object) -> Ingest:
    """A rule, ready to use; the keys are those of `[[ingest]]`."""
    return Ingest(IngestRule(topic, series, **keys))  # type: ignore[arg-type] # tests write what a file may hold


def taken(rules: Ingest | list[Ingest], topic: str, payload: bytes | str) -> dict[str, float]:
    """Values of a message by the names of their series; the last one of each."""
    rules = [rules] if isinstance(rules, Ingest) else rules
    data = payload.encode() if isinstance(payload, str) else payload
    return {source.name: value for source, _, value in read_message(rules, topic, data, NOON).rows}


def left_out(rules: Ingest | list[Ingest], topic: str, payload: bytes | str) -> list[str]:
    """Reasons why values of a message, or all of it, were left out."""
    rules = [rules] if isinstance(rules, Ingest) else rules
    data = payload.encode() if isinstance(payload, str) else payload
    return [reason.kind for reason in read_message(rules, topic, data, NOON).reasons]


def tags(rule: Ingest, topic: str, payload: bytes | str = b'{"value": 1, "time": 1768478400}') -> dict[str, dict[str, str]]:
    """Tags of the series of a message, by their names."""
    data = payload.encode() if isinstance(payload, str) else payload
    return {source.name: source.tags for source, _, _ in read_message([rule], topic, data, NOON).rows}

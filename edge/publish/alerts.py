"""The alerts that are published: what stands of each rule and series, and which of it changed. No I/O."""

import threading
from collections.abc import Iterable, Sequence
from typing import TypeAlias

import msgspec

from edge.alerts.change import AlertChange
from edge.contract.times import iso

Pair: TypeAlias = tuple[str, str]  # rule and series


class Standing:
    """The last change of each alert; used by the loop and by the thread that sends.

    Args:
        raised: alerts that are raised at the start.
    """

    def __init__(self, raised: Iterable[AlertChange] = ()) -> None:
        self._lock = threading.Lock()
        self._last: dict[Pair, AlertChange] = {(change.rule, change.series): change for change in raised}
        self._changed: dict[Pair, None] = {}

    def put(self, changes: Sequence[AlertChange]) -> None:
        """Keep changes, the last of each alert, and let them wait to be sent."""
        with self._lock:
            for change in changes:
                self._last[change.rule, change.series] = change
                self._changed[change.rule, change.series] = None

    def take(self, most: int) -> list[AlertChange]:
        """Changes that wait, which do so no longer.

        Args:
            most: largest number of them.
        """
        with self._lock:
            pairs = [pair for pair, _ in zip(self._changed, range(most), strict=False)]
            for pair in pairs:
                del self._changed[pair]
            return [self._last[pair] for pair in pairs]

    def of(self, rule: str, series: str) -> AlertChange | None:
        """The last change of an alert; None where it was never raised."""
        with self._lock:
            self._changed.pop((rule, series), None)
            return self._last.get((rule, series))


def document(rule: str, series: str, change: AlertChange | None) -> bytes:
    """What is published of an alert.

    Args:
        rule: name of the rule.
        series: name of the series.
        change: its last change; None where it was never raised.
    """
    if change is None:
        return msgspec.json.encode({"rule": rule, "series": series, "raised": False})
    return msgspec.json.encode(
        {
            "rule": rule,
            "series": series,
            "raised": change.raised,
            "probability": None if change.probability is None else round(change.probability, 4),
            "crossing": _text(change.crossing),
            "earliest": _text(change.earliest),
            "latest": _text(change.latest),
            "beyond": change.beyond,
            "origin": _text(change.origin),
            "model": change.model,
        }
    )


def _text(moment: int | None) -> str | None:
    return None if moment is None else iso(moment)

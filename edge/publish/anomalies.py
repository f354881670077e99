"""The anomalies that are published: what stands of each series, and which of it changed. No I/O."""

import threading
from collections.abc import Callable, Mapping, Sequence

import msgspec

from edge.anomalies.change import AnomalyChange
from edge.contract.times import iso

DIGITS = 7  # of a number: more are not told


class Strange:
    """The last change of each anomaly; used by the loop and by the thread that sends.

    What stands is compared with what stood: so an anomaly is over as well where the state of its series began anew, or where a
    restart has lost the change that ended it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._before: Mapping[int, AnomalyChange] | None = None
        self._raised: dict[str, AnomalyChange] = {}
        self._ended: dict[str, AnomalyChange] = {}
        self._changed: dict[str, None] = {}

    def put(
        self, standing: Mapping[int, AnomalyChange], changes: Sequence[AnomalyChange], wants: Callable[[str], bool]
    ) -> bool:
        """Keep what stands, and let what is otherwise than before wait to be sent.

        Args:
            standing: anomalies that stand, by the index of their series; the same object where nothing is otherwise.
            changes: anomalies that were raised or cleared, in order of time for each series.
            wants: function that says whether the anomalies of a series are published.

        Returns:
            Whether anything waits now that did not before.
        """
        if standing is self._before and not changes:
            return False
        self._before = standing
        now = {change.series: change for change in standing.values() if wants(change.series)}
        ended = {change.series: change for change in changes if not change.raised and wants(change.series)}
        with self._lock:
            turned = [series for series in {**self._raised, **now} if self._raised.get(series) != now.get(series)]
            self._raised = now
            for series in turned:
                self._ended.pop(series, None)
            self._ended.update(ended)
            new = dict.fromkeys([*turned, *ended])
            self._changed.update(new)
        return bool(new)

    def take(self, most: int) -> list[str]:
        """Series whose anomalies wait, which do so no longer.

        Args:
            most: largest number of them.
        """
        with self._lock:
            names = [series for series, _ in zip(self._changed, range(most), strict=False)]
            for series in names:
                del self._changed[series]
            return names

    def of(self, series: str) -> AnomalyChange | None:
        """The last change of the anomaly of a series, which waits no longer; None where none was raised since the start."""
        with self._lock:
            self._changed.pop(series, None)
            return self._raised.get(series) or self._ended.get(series)


def document(series: str, unit: str, change: AnomalyChange | None) -> bytes:
    """What is published of the anomaly of a series.

    Args:
        series: name of the series.
        unit: unit of its values, empty where nobody knows.
        change: its last change; None where none is known, so that none is raised.
    """
    if change is None:
        return msgspec.json.encode({"series": series, "raised": False})
    return msgspec.json.encode(
        {
            "series": series,
            "unit": unit,
            "raised": change.raised,
            "since": iso(change.time),
            "value": _number(change.value),
            "forecast": _number(change.median),
            "lower": _number(change.lower),
            "upper": _number(change.upper),
            "rarity": round(change.rarity, 1) if change.raised else None,
        }
    )


def _number(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.{DIGITS}g}")

"""Series whose readings have stopped, as those of a sensor with an empty battery; no I/O."""

from collections.abc import Callable

from edge.contract.columns import SeriesTable
from edge.contract.times import iso
from edge.quoting import quoted
from edge.series.state import State

PATIENCE = 20  # usual distances without a reading, until a series counts as silent; fewer where the window is short
EVERY = 10.0  # seconds between two looks
LONGEST_NAME = 120  # characters of a name in a line


class Silence:
    """Knows which series are silent.

    Args:
        series: the table of all series.
        moment: seconds, monotonic.
    """

    def __init__(self, series: SeriesTable, moment: Callable[[], float]) -> None:
        self._series, self._moment = series, moment
        self._last: float | None = None
        self.count = 0
        self.problem: str | None = None

    def is_due(self) -> bool:
        """Whether it is time for a look."""
        return self._last is None or self._moment() - self._last >= EVERY

    def look(self, state: State, now: int) -> None:
        """Find the silent series; `problem` names the one that is silent for the longest time.

        Args:
            state: windows of the series.
            now: time of the clock, ns UTC.
        """
        self._last = self._moment()
        silent = state.silent(now, min(PATIENCE, max(3, state.contract.window // 4))).tolist()
        self.count = len(silent)
        if not silent:
            self.problem = None
            return
        last_heard = state.last_heard(1 + max(silent))
        first = min(silent, key=last_heard.__getitem__)
        name = quoted(self._series.names[first], LONGEST_NAME)
        have = "series has" if self.count == 1 else "series have"
        self.problem = (
            f"{self.count} of {len(state)} {have} stopped, first {name} with its last reading at "
            f"{iso(int(last_heard[first]))}; check the sensor, its battery and its connection"
        )

"""Series whose readings all come too late: their intervals have closed, and no window reaches back so far. No I/O."""

import numpy as np

from edge.contract.columns import Bool, Int32, Int64, Readings, SeriesTable, extend
from edge.contract.times import iso
from edge.quoting import quoted

IN_A_ROW = 3  # readings that are too late; fewer may be what a gateway had kept
LONGEST_NAME = 120  # characters of a name in a line
WHY = "their intervals have closed, and no window reaches back so far"
ADVICE = "check the clock of the device, and [[ingest]] timezone if it writes local time"


class Belated:
    """What is known of readings that come too late.

    Args:
        series: the table of all series.
    """

    def __init__(self, series: SeriesTable) -> None:
        self._series = series
        self._row: Int32 = np.zeros(0, np.int32)  # per series, readings in a row that were too late
        self._time: Int64 = np.zeros(0, np.int64)  # per series, time of the last one of them, ns UTC
        self._some = False  # whether there is such a row
        self.problem: str | None = None  # how many series are belated, and the first of them

    def look(self, readings: Readings, fresh: Bool, too_late: Bool) -> list[str]:
        """Note a batch; the lines that say which series are belated by now, and were not before.

        Args:
            readings: readings in order of arrival.
            fresh: False for readings that were known, which say nothing, bool `[n]`.
            too_late: True for those that no window could hold, bool `[n]`.
        """
        if not self._some and not too_late.any():
            return []
        size = int(readings.series.max(initial=-1)) + 1
        for column in (self._row, self._time):
            extend(column, size, 0)
        missed, timely = readings.take(too_late), readings.series[fresh & ~too_late]
        before = self._row >= IN_A_ROW
        self._row += np.bincount(missed.series, minlength=len(self._row)).astype(np.int32)
        self._row[timely] = 0
        self._time[missed.series] = missed.time
        self._some = bool(self._row.any())
        self.problem = self._reason()
        return [self._line(index) for index in np.flatnonzero((self._row >= IN_A_ROW) & ~before).tolist()]

    def _reason(self) -> str | None:
        belated = np.flatnonzero(self._row >= IN_A_ROW)
        if not len(belated):
            return None
        first = self._first(int(belated[0]))
        return f"{len(belated)} of {len(self._series)} series send only what is too late, {first}: {WHY}; {ADVICE}"

    def _line(self, index: int) -> str:
        return f"{self._first(index)}, and those before were as late: {WHY}; they are only stored; {ADVICE}"

    def _first(self, index: int) -> str:
        return f"series {quoted(self._series.names[index], LONGEST_NAME)} sent a reading of {iso(int(self._time[index]))}"

"""Series whose times stand still while their values go on: a date in place of a time, a clock that stopped or is too coarse.

No I/O.
"""

import numpy as np

from edge.contract.columns import Float64, Int32, Int64, Readings, extend

OFTEN = 5  # further values of one moment; a reading that is corrected has one or two
MANY = 20  # further values of any moments, of which more than every second reading is one: the time is too coarse


class Standing:
    """What is known of the newest moment of each series."""

    def __init__(self) -> None:
        self._time: Int64 = np.zeros(0, np.int64)  # of the last reading
        self._value: Float64 = np.zeros(0, np.float64)  # of the last reading
        self._others: Int32 = np.zeros(0, np.int32)  # further values that came for this time
        self._further: Int32 = np.zeros(0, np.int32)  # further values that came for any time
        self._all: Int32 = np.zeros(0, np.int32)  # readings
        self._said: set[int] = set()

    def look(self, readings: Readings) -> list[int]:
        """Series of which it shows in this batch that their times stand still; each once.

        Args:
            readings: readings of a batch, in order of arrival.
        """
        if not len(readings):
            return []
        self._grow(int(readings.series.max()) + 1)
        order = np.argsort(readings.series, kind="stable")
        series, time, value = readings.series[order], readings.time[order], readings.value[order]
        first = np.ones(len(series), np.bool_)
        first[1:] = series[1:] != series[:-1]
        before, told = np.roll(time, 1), np.roll(value, 1)
        before[first], told[first] = self._time[series[first]], self._value[series[first]]
        stands = time == before
        another = stands & (value != told)
        last = np.roll(first, -1)
        self._time[series[last]], self._value[series[last]] = time[last], value[last]
        self._all += np.bincount(series, minlength=len(self._all)).astype(np.int32)
        if not another.any():  # as nearly always: nothing new can be said
            self._others[series[~stands]] = 0
            return []
        # Further values since the time moved on, or since the first reading of the batch and before it.
        position, count = np.arange(len(series)), np.cumsum(another)
        start = np.maximum.accumulate(np.where(first, position, 0))
        moved = np.maximum.accumulate(np.where(stands, -1, position))
        before_batch = count[start] - another[start] - self._others[series]
        others = count - np.where(moved >= start, count[moved], before_batch)
        self._others[series[last]] = others[last]
        np.add.at(self._further, series[another], 1)
        coarse = (self._further[series] >= MANY) & (2 * self._further[series] > self._all[series])
        new = set(series[coarse | (others >= OFTEN)].tolist()) - self._said
        self._said |= new
        return sorted(new)

    def _grow(self, series: int) -> None:
        for column in (self._time, self._value, self._others, self._further, self._all):
            extend(column, series, 0)

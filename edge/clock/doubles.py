"""Series with two values at almost the same moment, again and again: two sensors that share a name. No I/O."""

import numpy as np

from edge.contract.columns import Int32, Readings, extend
from edge.contract.times import SECOND

CLOSE = SECOND // 50  # 20 ms
OFTEN = 3  # groups of such readings
SHARE = 0.6  # of all pairs of neighbours; more of them are close where one sensor is that fast
RARELY = 16  # of so many readings one begins a group at least; fewer come together where a connection was lost or slow


class Doubles:
    """What is known of readings that come close together, with another value."""

    def __init__(self) -> None:
        self._pairs: Int32 = np.zeros(0, np.int32)  # per series, readings so far
        self._close: Int32 = np.zeros(0, np.int32)  # per series, of these within `CLOSE` of the one before, with another value
        self._groups: Int32 = np.zeros(0, np.int32)  # per series, rows of such readings
        self._said: set[int] = set()

    def look(self, readings: Readings) -> list[int]:
        """Series of which it shows in this batch that two sensors share them; each once.

        Args:
            readings: readings of a batch.
        """
        if not len(readings):
            return []
        self._grow(int(readings.series.max()) + 1)
        self._pairs += np.bincount(readings.series, minlength=len(self._pairs)).astype(np.int32)
        if len(readings) == 1:
            return []
        order = np.argsort(readings.series, kind="stable")  # in order of arrival, which is close to that of time
        series, time, value = readings.series[order], readings.time[order], readings.value[order]
        close = (series[1:] == series[:-1]) & (np.abs(time[1:] - time[:-1]) <= CLOSE) & (value[1:] != value[:-1])
        if not close.any():
            return []
        np.add.at(self._close, series[1:][close], 1)
        begins = close.copy()
        begins[1:] &= ~(close[:-1] & (series[2:] == series[1:-1]))
        np.add.at(self._groups, series[1:][begins], 1)
        near = np.unique(series[1:][close])
        often = (self._groups[near] >= OFTEN) & (self._groups[near] * RARELY >= self._pairs[near])
        shared = near[often & (self._close[near] <= SHARE * self._pairs[near])]
        new = [index for index in shared.tolist() if index not in self._said]
        self._said.update(new)
        return new

    def _grow(self, series: int) -> None:
        for column in (self._pairs, self._close, self._groups):
            extend(column, series, 0)

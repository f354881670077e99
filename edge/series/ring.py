"""The newest intervals of every series, each with a value made of its readings. No I/O."""

from dataclasses import dataclass

import numpy as np

from edge.contract.columns import Bool, Float32, Float64, Int32, Int64
from edge.contract.grid import Aggregation, combine, group_starts

UNSEEN = np.iinfo(np.int64).min


@dataclass(frozen=True, slots=True)
class Rows:
    """Accepted readings sorted by series, in order of arrival within a series.

    Args:
        series: index of the series.
        time: time of the reading, ns UTC.
        value: value of the reading.
        previous: value that the reading replaces; NaN where its series and time are new.
        number: number of its interval.
        before: number of the first open interval of its series before the reading arrived.
        after: the same number after it arrived.
    """

    series: Int32
    time: Int64
    value: Float64
    previous: Float64
    number: Int64
    before: Int64
    after: Int64

    def take(self, rows: Bool) -> "Rows":
        """The chosen rows, in their order."""
        return Rows(*(getattr(self, name)[rows] for name in self.__slots__))


class Ring:
    """Cells for the newest intervals of every series; the cell of an interval that has left is used again.

    Args:
        columns: number of cells of a series.
        interval: length of an interval, ns.
        aggregation: how the readings of one interval become one value.
    """

    def __init__(self, columns: int, interval: int, aggregation: Aggregation) -> None:
        self.columns, self._interval, self._aggregation = columns, interval, aggregation
        self.allocate(0)

    def allocate(self, series: int) -> None:
        """Begin with so many series that have no cell yet."""
        self.value = np.full((series, self.columns), np.nan)
        # Readings in the cell; for `last`, the time of the last one, in ns since the interval began.
        self.weight = np.zeros((series, self.columns), np.int64 if self._aggregation == "last" else np.int32)
        self.top = np.full(series, UNSEEN)  # number of the first interval there is no cell for yet

    def grow(self, series: int) -> None:
        """Take in as many series more as are needed."""
        for column, nothing in ((self.value, np.nan), (self.weight, 0), (self.top, UNSEEN)):
            extend(column, series, nothing)

    def make_room(self, series: Int32, top: Int64) -> None:
        """Empty the cells up to `top`; they still hold values that have left the window.

        Args:
            series: index of each series, once.
            top: number of the first interval that needs no cell yet, for each series.
        """
        behind = np.minimum(np.maximum(top - self.top[series], 0), self.columns)
        owners = np.repeat(series, behind)
        steps = np.arange(len(owners)) - np.repeat(np.cumsum(behind) - behind, behind)
        cells = (np.repeat(np.maximum(top, self.top[series]), behind) - 1 - steps) % self.columns
        self.value[owners, cells] = np.nan
        self.weight[owners, cells] = 0
        self.top[series] = np.maximum(self.top[series], top)

    def fill(self, rows: Rows) -> None:
        """Bring the rows into their cells."""
        aggregation = self._aggregation
        order = np.lexsort((rows.time, rows.number, rows.series))
        series, number, value = rows.series[order], rows.number[order], rows.value[order]
        previous = rows.previous[order]
        starts = group_starts(series, number)
        owners, cells = series[starts], number[starts] % self.columns
        held, weight = self.value[owners, cells], self.weight[owners, cells]
        if aggregation == "last":
            ends = np.append(starts[1:], len(series)) - 1
            offset = rows.time[order][ends] - number[starts] * self._interval
            newer = np.isnan(held) | (offset >= weight)
            self.value[owners[newer], cells[newer]] = value[ends][newer]
            self.weight[owners[newer], cells[newer]] = offset[newer]
            return
        added = np.add.reduceat(np.isnan(previous).astype(np.int64), starts)
        self.weight[owners, cells] = weight + added
        if aggregation in ("min", "max"):
            extreme = np.fmin if aggregation == "min" else np.fmax
            self.value[owners, cells] = extreme(held, combine(aggregation, value, starts))
            return
        change = np.add.reduceat(value - np.nan_to_num(previous, nan=0.0), starts)
        total = np.where(np.isnan(held), 0.0, held * (weight if aggregation == "mean" else 1)) + change
        self.value[owners, cells] = total / (weight + added) if aggregation == "mean" else total

    def windows(self, series: Int32, end: Int64, length: int) -> Float32:
        """The values of the intervals before `end`, newest last, float32 `[n, length]`, NaN for missing.

        Args:
            series: index of the series, row by row.
            end: number of the interval after the newest one, row by row.
            length: number of intervals.
        """
        cells = (end[:, None] + np.arange(-length, 0)) % self.columns
        values: Float32 = self.value[series[:, None], cells].astype(np.float32)
        return values

    def take_over(self, other: "Ring", series: Int64) -> None:
        """Copy the newest cells of series that another ring on the same grid holds.

        Args:
            other: ring with as many series, and more or fewer cells.
            series: index of each series that was seen.
        """
        numbers = other.top[series, None] - 1 - np.arange(min(self.columns, other.columns))
        for mine, theirs in ((self.value, other.value), (self.weight, other.weight)):
            mine[series[:, None], numbers % self.columns] = theirs[series[:, None], numbers % other.columns]
        self.top[: len(other.top)] = other.top


def extend(column: Float64 | Int64 | Int32, series: int, nothing: float) -> None:
    """Give a column room for more series, in place and in small steps: a copy of all columns doubles the agent's memory.

    Args:
        column: array `[series, ...]` that nothing else refers to.
        series: number of series that must fit.
        nothing: value of the new rows.
    """
    known = len(column)
    if series > known:
        column.resize((max(series, known + known // 16), *column.shape[1:]), refcheck=False)
        column[known:] = nothing

"""The newest intervals of every series, each with a value made of its readings. No I/O."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from edge.contract.columns import Bool, Float64, Int32, Int64, Readings, Whole, extend, shrink
from edge.contract.grid import Aggregation, aggregate, combine, group_starts
from edge.contract.meaning import Meaning
from edge.contract.values import EARLIER, Held, interval_values

UNSEEN = np.iinfo(np.int64).min
BLOCK = 512  # windows whose values are made of their cells at once
LEAST_FILLED = 3  # intervals with a reading, below which no distance is usual


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

    The newest cell that has left is remembered for series that hold their last reading.

    Args:
        columns: number of cells of a series, at least two more than those of a window.
        interval: length of an interval, ns.
        aggregation: rule by which the readings of one interval become one value; for a counter it is always the last.
    """

    def __init__(self, columns: int, interval: int, aggregation: Aggregation) -> None:
        self.columns, self._interval, self._aggregation = columns, interval, aggregation
        self.allocate(0)

    def allocate(self, series: int) -> None:
        """Begin with so many series, plain ones, that have no cell yet."""
        self.value = np.full((series, self.columns), np.nan)
        # Readings in the cell, a byte for as long as that is enough; for `last`, the time of the last one, in ns since the
        # interval began.
        self.weight: Whole = np.zeros((series, self.columns), np.int64 if self._aggregation == "last" else np.uint8)
        self.top = np.full(series, UNSEEN)  # number of the first interval there is no cell for yet
        self.left = np.full(series, np.nan)  # newest value that has left, where the series holds
        self.left_number = np.full(series, UNSEEN)  # number of its interval
        self._counter = np.zeros(series, bool)
        self._usual = np.zeros(series)  # what a counter adds in an interval, as learned from history; 0: unknown
        self.longest = np.zeros(series, np.int64)  # intervals in a row that a silent series keeps its last reading

    def grow(self, series: int) -> None:
        """Take in as many plain series more as are needed."""
        columns = ((self.value, np.nan), (self.weight, 0), (self.top, UNSEEN), (self.left, np.nan), (self.left_number, UNSEEN))
        for column, nothing in (*columns, (self._counter, False), (self._usual, 0), (self.longest, 0)):
            extend(column, series, nothing)

    def keep(self, series: Int32) -> None:
        """Keep some series alone, in rising order; each gets its place among these as its index."""
        columns = (self.value, self.weight, self.top, self.left, self.left_number, self._counter, self._usual, self.longest)
        for column in columns:
            shrink(column, series)

    @property
    def counts(self) -> bool:
        """Whether the weights are numbers of readings alone."""
        return self.weight.dtype.kind == "u"

    def widen(self, largest: int) -> None:
        """Make the weights wide enough for a number."""
        needed = np.promote_types(self.weight.dtype, np.min_scalar_type(largest))
        self.weight = self.weight.astype(needed, copy=False)

    def tell(self, series: int, meaning: Meaning) -> None:
        """Say what the readings of a series are, before its first one."""
        self._counter[series] = meaning.kind == "counter"
        self.longest[series] = meaning.hold // self._interval
        self.learn(series, [meaning])
        if self._counter[series]:
            self.weight = self.weight.astype(np.int64, copy=False)  # a time within a long interval needs it

    def learn(self, first: int, meanings: Sequence[Meaning]) -> None:
        """Take what history says of series, from the first on: how much a counter usually adds in an interval."""
        usual = [meaning.usual[1] if meaning.usual is not None else 0.0 for meaning in meanings]
        self._usual[first : first + len(usual)] = usual

    def counting(self, series: Int32) -> Bool:
        """Which of these series are counters, bool `[n]`."""
        counting: Bool = self._counter[series]
        return counting

    @property
    def holds(self) -> bool:
        """Whether any series holds its last reading."""
        return bool(self.longest.any())

    def holding(self, series: Int32 | Int64) -> Bool:
        """Which of these series hold their last reading, bool `[n]`."""
        holding: Bool = self.longest[series] > 0
        return holding

    def earlier(self, series: Int32 | Int64) -> Int64:
        """Number of cells before a window that its values depend on and that the ring has, for each series, int64 `[n]`."""
        return np.where(self._counter[series] | self.holding(series), EARLIER, 0)

    @property
    def extreme(self) -> bool:
        """Whether a cell holds the smallest or largest reading of its interval."""
        return self._aggregation in ("min", "max")

    def needed(self, top: Int64) -> Int64:
        """Number of the first interval whose readings may still be filled in when there is room up to `top`, int64 `[n]`."""
        return top - self.columns

    def make_room(self, series: Int32 | Int64, top: Int64) -> None:
        """Empty the cells up to `top`; they still hold values that have left the window.

        Args:
            series: index of each series, once.
            top: number of the first interval that needs no cell yet, for each series.
        """
        if self.holds:
            self.remember(series, np.maximum(top, self.top[series]) - self.columns)
        behind = np.minimum(np.maximum(top - self.top[series], 0), self.columns)
        owners = np.repeat(series, behind)
        steps = np.arange(len(owners)) - np.repeat(np.cumsum(behind) - behind, behind)
        cells = (np.repeat(np.maximum(top, self.top[series]), behind) - 1 - steps) % self.columns
        self.value[owners, cells] = np.nan
        self.weight[owners, cells] = 0
        self.top[series] = np.maximum(self.top[series], top)

    def fill(self, rows: Rows) -> None:
        """Bring the rows into their cells."""
        counter = self._counter[rows.series]
        if self._aggregation == "last" or not counter.any():
            self._fill(rows, self._aggregation)
            return
        self._fill(rows.take(counter), "last")
        if not counter.all():
            self._fill(rows.take(~counter), self._aggregation)

    def fill_before(self, rows: Rows, remembered: Readings | None) -> None:
        """Bring rows into their cells that the next ones will take away.

        Args:
            rows: the rows.
            remembered: readings that a corrected extreme is made of anew, as in `correct`; None where none is.
        """
        starts = group_starts(rows.series)
        self.make_room(rows.series[starts], np.maximum.reduceat(rows.number, starts) + 1)
        self.fill(rows)
        if remembered is not None:
            self.correct(remembered)

    def _fill(self, rows: Rows, aggregation: Aggregation) -> None:
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
        count = weight + np.add.reduceat(np.isnan(previous).astype(np.int64), starts)
        self.widen(int(count.max(initial=0)))
        self.weight[owners, cells] = count
        if aggregation in ("min", "max"):
            extreme = np.fmin if aggregation == "min" else np.fmax
            self.value[owners, cells] = extreme(held, combine(aggregation, value, starts))
            return
        change = np.add.reduceat(value - np.nan_to_num(previous, nan=0.0), starts)
        total = np.where(np.isnan(held), 0.0, held * (weight if aggregation == "mean" else 1)) + change
        self.value[owners, cells] = total / count if aggregation == "mean" else total

    def correct(self, readings: Readings) -> None:
        """Make cells anew of which all readings are given: a corrected extreme does not tell what the next one is.

        Args:
            readings: remembered readings of some series, in order of arrival.
        """
        readings = readings.take(~self._counter[readings.series])
        series, number, value = aggregate(readings, self._interval, self._aggregation)
        each = Readings(readings.series, readings.time, np.ones(len(readings)))
        count = aggregate(each, self._interval, "sum")[2]
        cells, top = number % self.columns, self.top[series]
        complete = (number >= top - self.columns) & (number < top) & (self.weight[series, cells] == count)
        self.value[series[complete], cells[complete]] = value[complete]

    def cells(self, series: Int32 | Int64, end: Int64, length: int) -> Float64:
        """As `windows`, but of the readings alone: nothing is held, and no difference is taken."""
        cells: Float64 = self.value[series[:, None], (end[:, None] + np.arange(-length, 0)) % self.columns]
        return cells

    def windows(self, series: Int32 | Int64, end: Int64, length: int) -> Float64:
        """The values of the intervals before `end`, newest last, float64 `[n, length]`, NaN for missing.

        Args:
            series: index of the series, row by row.
            end: number of the interval after the newest one, row by row.
            length: number of intervals.
        """
        values = self.cells(series, end, length)
        derived = np.flatnonzero(self._counter[series] | self.holding(series))
        for rows in blocks_of(derived):
            owners, first = series[rows], end[rows] - self.columns
            held = Held(self.longest[owners], self.left[owners], self.left_number[owners] - first)
            cells = self._cells(owners, first[:, None] + np.arange(self.columns))
            values[rows] = interval_values(cells, self._counter[owners], held, length, self._usual[owners])
        return values

    def past(self, series: Int32, end: Int64, length: int) -> Float64:
        """The windows of a contract: as `windows`; a ring that keeps a coarse past has it before them."""
        return self.windows(series, end, length)

    @property
    def further(self) -> tuple[Float64 | Whole, ...]:
        """Columns of a coarse past, which a dump has after all others."""
        return ()

    def first_values(self, series: Int32, end: Int64, length: int) -> Int64:
        """Place of the first value in each window, as of `past`; 0 where it has none, int64 `[n]`."""
        first = np.zeros(len(series), np.int64)
        for rows in blocks_of(np.arange(len(series))):
            first[rows] = np.isfinite(self.past(series[rows], end[rows], length)).argmax(axis=1)
        return first

    def stopped(self, series: Int32, end: Int64, length: int, quiet: Float64, patience: int) -> Bool:
        """Which series are silent for `patience` times the mean distance of the intervals with a reading, bool `[n]`.

        Args:
            series: index of the series, row by row.
            end: number of the interval after the newest one, row by row.
            length: number of intervals of a window.
            quiet: intervals since the latest reading, row by row.
            patience: number of distances.
        """
        stopped = np.zeros(len(series), bool)
        for rows in blocks_of(np.arange(len(series))):
            known = np.isfinite(self.cells(series[rows], end[rows], length))
            count = known.sum(axis=1)
            span = length - known[:, ::-1].argmax(axis=1) - known.argmax(axis=1)
            stopped[rows] = (count >= LEAST_FILLED) & (quiet[rows] * (count - 1) > patience * (span - 1))
        return stopped

    def values_from(self, series: Int32, number: Int64, which: Bool, length: int, *, room: bool = False) -> Float64 | None:
        """The values of an interval and those after it, of some of the rows, float64 `[n, length]`, NaN for the others.

        Args:
            series: index of the series, row by row.
            number: number of the first interval, row by row.
            which: rows that are asked for, bool `[n]`; where there is none the result is None.
            length: number of intervals.
            room: whether there may be no cells yet for the last of them; each series is asked for once then.
        """
        if not which.any():
            return None
        owners, end = series[which], number[which] + length
        if room:
            self.make_room(owners, end)
        values = np.full((len(series), length), np.nan)
        values[which] = self.windows(owners, end, length)
        return values

    def jumped(self, series: Int32, end: Int64, windows: Float64) -> Bool:
        """Whether the newest value of a counter is missing though its interval and the one before have readings, bool `[n]`."""
        known = np.isfinite(self._cells(series, end[:, None] + np.arange(-2, 0)))
        held = np.isfinite(windows[:, -2:-1]).any(axis=1)
        return known[:, 1] & (known[:, 0] | held)

    def _cells(self, series: Int32 | Int64, number: Int64) -> Float64:
        """The values of intervals, float64 `[n, columns]`, by their numbers; NaN where they have left."""
        there = number >= self.top[series, None] - self.columns
        return np.where(there, self.value[series[:, None], number % self.columns], np.nan)

    def remember(self, series: Int32 | Int64, first: Int64) -> None:
        """Remember the newest value before an interval, of the series that hold, before its cell is emptied.

        Args:
            series: index of each series, once.
            first: number of that interval, for each series.
        """
        leaving = first - (self.top[series] - self.columns)
        for rows in blocks_of(np.flatnonzero((leaving > 0) & self.holding(series))):
            owners = series[rows]
            steps = np.arange(min(int(leaving[rows].max()), self.columns))
            number = self.top[owners, None] - self.columns + steps
            cells = np.where(number < first[rows, None], self._cells(owners, number), np.nan)
            newest = len(steps) - 1 - np.argmax(np.isfinite(cells)[:, ::-1], axis=1)
            values, numbers = cells[np.arange(len(rows)), newest], number[np.arange(len(rows)), newest]
            newer = np.isfinite(values) & (numbers > self.left_number[owners])
            self.left[owners[newer]], self.left_number[owners[newer]] = values[newer], numbers[newer]

    def anew(self) -> "Ring":
        """An empty ring on the same grid, with as many cells."""
        return Ring(self.columns, self._interval, self._aggregation)

    def room(self, other: "Ring", series: Int64) -> Int64:
        """First interval of each series for which there is room here and in another ring on the same grid."""
        first: Int64 = np.maximum(self.top[series], other.top[series]) - min(self.columns, other.columns)
        return first

    def take_over(self, other: "Ring", series: Int64, first: Int64, *, held: bool = True) -> None:
        """Copy the cells of series that another ring on the same grid holds, where they have more readings or a newer last one.

        Args:
            other: ring whose series mean the same, with more or fewer cells.
            series: index of each series that was seen there.
            first: number of the first interval that is copied, for each series; `room` or a later one.
            held: whether the newest value before that is remembered as well, of series that hold.
        """
        self.widen(int(other.weight.max(initial=0)))
        unseen = series[self.top[series] == UNSEEN]
        self.top[unseen] = other.top[unseen]
        self.make_room(series, other.top[series])
        if held:
            other.remember(series, first)
            newer = series[other.left_number[series] > self.left_number[series]]
            self.left[newer], self.left_number[newer] = other.left[newer], other.left_number[newer]
        for rows in blocks_of(np.arange(len(series))):
            count = np.maximum(other.top[series[rows]] - first[rows], 0)
            owners, begin = np.repeat(series[rows], count), np.repeat(np.cumsum(count) - count, count)
            numbers = np.arange(len(owners)) - begin + np.repeat(first[rows], count)
            cells, others = numbers % self.columns, numbers % other.columns
            better = other.weight[owners, others] > self.weight[owners, cells]
            better |= np.isnan(self.value[owners, cells])
            mine, theirs = (owners[better], cells[better]), (owners[better], others[better])
            self.value[mine], self.weight[mine] = other.value[theirs], other.weight[theirs]


def blocks_of(rows: Int64) -> Iterator[Int64]:
    """The rows in pieces whose windows are in memory at once."""
    for begin in range(0, len(rows), BLOCK):
        yield rows[begin : begin + BLOCK]

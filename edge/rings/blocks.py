"""The values of coarse blocks whose intervals have left the ring, for every series. No I/O."""

import numpy as np

from edge.contract.coarse import Coarse, newest_blocks
from edge.contract.columns import Bool, Float64, Int32, Int64, Whole, extend, shrink


class Blocks:
    """The newest blocks of one length, of every series; the slot of a block that is needed no longer is used again.

    A slot is empty as long as all intervals of its block have a cell: then the value is made of these.

    Args:
        part: length of a block and number of those that a window has.
        ahead: number of intervals that may lie between an origin and the first interval there is no cell for.
    """

    def __init__(self, part: Coarse, ahead: int) -> None:
        self.part, self.steps = part, part.steps
        self.slots = part.count + ahead // part.steps + 2
        self.allocate(0)

    def allocate(self, series: int) -> None:
        """Begin with so many series without any block."""
        self.value = np.full((series, self.slots), np.nan)
        # Number of intervals that each value is made of.
        self.known: Whole = np.zeros((series, self.slots), np.min_scalar_type(self.steps))

    def grow(self, series: int) -> None:
        """Take in as many series more as are needed."""
        extend(self.value, series, np.nan)
        extend(self.known, series, 0)

    def keep(self, series: Int32) -> None:
        """Keep some series alone, in rising order; each gets its place among these as its index."""
        shrink(self.value, series)
        shrink(self.known, series)

    def begun(self, top: Int64) -> Int64:
        """Number of the first block that begins at an interval or after it, int64 `[n]`."""
        return -(-top // self.steps)

    def newest(self, series: Int32 | Int64, end: Int64) -> tuple[Int64, Float64, Int64]:
        """Number, value and number of known intervals of the blocks of a window, `[n, count]` each.

        Args:
            series: index of the series, row by row.
            end: number of the interval after the window, row by row.
        """
        number = newest_blocks(self.part, end)
        return number, *self.at(series, number)

    def at(self, series: Int32 | Int64, number: Int64) -> tuple[Float64, Int64]:
        """What the slots of some blocks have: value and number of known intervals, `[n, k]` each.

        Args:
            series: index of the series, row by row.
            number: numbers of its blocks, none of which has left its slot, int64 `[n, k]`.
        """
        owners, slots = series[:, None], number % self.slots
        return self.value[owners, slots], self.known[owners, slots].astype(np.int64)

    def clear(self, series: Int32 | Int64, before: Int64, after: Int64) -> None:
        """Empty the slots of the blocks that begin between two intervals.

        Args:
            series: index of each series, once.
            before: number of the first interval, for each series.
            after: number of the interval after the last one, for each series.
        """
        end = self.begun(after)
        count = np.minimum(end - self.begun(before), self.slots)
        rows = np.flatnonzero(count > 0)
        if not len(rows):
            return
        owners = np.repeat(series[rows], count[rows])
        steps = np.arange(len(owners)) - np.repeat(np.cumsum(count[rows]) - count[rows], count[rows])
        slots = (np.repeat(end[rows], count[rows]) - 1 - steps) % self.slots
        self.value[owners, slots] = np.nan
        self.known[owners, slots] = 0

    def keep_better(self, series: Int32 | Int64, number: Int64, value: Float64, known: Int64, there: Bool) -> None:
        """Keep values of blocks where they are made of more intervals than what the slot has.

        Args:
            series: index of each series, once.
            number: numbers of blocks, int64 `[n, k]`.
            value: their values, float64 `[n, k]`.
            known: number of known intervals of each, int64 `[n, k]`.
            there: blocks that have a slot, bool `[n, k]`.
        """
        slots = number % self.slots
        row, column = np.nonzero(there & (known > self.known[series[:, None], slots]))
        owners, chosen = series[row], slots[row, column]
        self.value[owners, chosen], self.known[owners, chosen] = value[row, column], known[row, column]

"""A ring that keeps a coarse past beside the newest intervals: one value for each block. No I/O.

The value of a block is made of the cells of its intervals for as long as they are there, so a late reading repairs it. It is
kept in a slot when the first of its cells leaves. No reading that is still accepted belongs to such a block.
"""

import numpy as np

from edge.contract.coarse import block_values, spans
from edge.contract.columns import Bool, Float64, Int32, Int64, Whole
from edge.contract.contract import Contract
from edge.contract.values import EARLIER
from edge.rings.blocks import Blocks
from edge.rings.ring import UNSEEN, Ring, blocks_of


class CoarseRing(Ring):
    """Cells for the newest intervals, and values of the blocks before them.

    Args:
        contract: window, grid and coarse past.
        ahead: number of intervals that may lie between an origin and the first interval there is no cell for.
    """

    def __init__(self, contract: Contract, ahead: int) -> None:
        self._contract, self._ahead = contract, ahead
        self.blocks = tuple(Blocks(part, ahead) for part in contract.coarse)
        longest = max(part.steps for part in contract.coarse)
        super().__init__(contract.window + ahead + longest + EARLIER, contract.interval, contract.aggregation)
        self._span = self.columns - EARLIER  # intervals whose values the cells tell

    def allocate(self, series: int) -> None:
        """As `Ring.allocate`, without any block."""
        super().allocate(series)
        for blocks in self.blocks:
            blocks.allocate(series)

    def grow(self, series: int) -> None:
        """As `Ring.grow`."""
        super().grow(series)
        for blocks in self.blocks:
            blocks.grow(series)

    def keep(self, series: Int32) -> None:
        """As `Ring.keep`."""
        super().keep(series)
        for blocks in self.blocks:
            blocks.keep(series)

    @property
    def further(self) -> tuple[Float64 | Whole, ...]:
        """As `Ring.further`: value and number of known intervals of each block."""
        return tuple(column for blocks in self.blocks for column in (blocks.value, blocks.known))

    def anew(self) -> "CoarseRing":
        """As `Ring.anew`."""
        return CoarseRing(self._contract, self._ahead)

    def needed(self, top: Int64) -> Int64:
        """As `Ring.needed`: a block that has lost a cell is made of no further reading."""
        needed = super().needed(top)
        for blocks in self.blocks:
            needed = np.maximum(needed, blocks.steps * self._first(top, blocks.steps))
        return needed

    def make_room(self, series: Int32 | Int64, top: Int64) -> None:
        """As `Ring.make_room`; blocks whose cells leave are kept."""
        holding = self.holding(series)
        if holding.any():
            self._skip(series[holding], top[holding])
        while holding.any():
            # A silent series holds its last reading for longer than the ring is: step by step, as if the clock had closed each.
            rows = np.flatnonzero(holding & (top - self.top[series] > self._contract.window))
            rows = rows[self._holds_on(series[rows])]
            if not len(rows):
                break
            self._make_room(series[rows], self.top[series[rows]] + self._contract.window)
        self._make_room(series, top)

    def _skip(self, series: Int32 | Int64, top: Int64) -> None:
        """Pass over what no block that is needed at `top` is made of; what is held then is remembered."""
        first = top - self.columns - max((blocks.slots + 1) * blocks.steps for blocks in self.blocks)
        rows = np.flatnonzero((first > self.top[series]) & (self.top[series] != UNSEEN))
        for blocks in self.blocks if len(rows) else ():
            blocks.clear(series[rows], self.top[series[rows]], first[rows])
        super().make_room(series[rows], first[rows])

    def _holds_on(self, series: Int32 | Int64) -> Bool:
        """Whether the newest cell of each series is held; a counter's first one has no increase yet, but those after it do."""
        top = self.top[series]
        return np.isfinite(self.windows(series, top, 1)[:, 0]) | np.isfinite(self.cells(series, top, 1)[:, 0])

    def _make_room(self, series: Int32 | Int64, top: Int64) -> None:
        top = np.maximum(top, self.top[series])
        for blocks in self.blocks:
            self._leave(blocks, series, top)
        super().make_room(series, top)

    def _first(self, top: Int64, steps: int) -> Int64:
        """Number of the first block all of whose cells are there, and those before that their values depend on, int64 `[n]`."""
        return -(-(top - self._span) // steps)

    def _leave(self, blocks: Blocks, series: Int32 | Int64, top: Int64) -> None:
        """Keep the values of blocks whose first cells are about to leave, and empty the slots of those that begin.

        Args:
            blocks: blocks of one length.
            series: index of each series, once.
            top: number of the first interval that needs no cell yet, for each series.
        """
        before = self.top[series]
        # Of blocks that have begun, as the others have no value, and that are not yet so old that a newer one needs the slot.
        end = np.minimum(self._first(top, blocks.steps), blocks.begun(before))
        begin = np.maximum(self._first(before, blocks.steps), blocks.begun(top) - blocks.slots)
        leaving = [
            (rows, numbers, *self._made(blocks.steps, series[rows], before[rows], numbers), numbers < end[rows, None])
            for rows in blocks_of(np.flatnonzero(end > begin))
            for numbers in (begin[rows, None] + np.arange(int((end - begin)[rows].max())),)
        ]
        blocks.clear(series, before, top)
        for rows, numbers, value, known, there in leaving:
            blocks.keep_better(series[rows], numbers, value, known, there)

    def _made(self, steps: int, series: Int32 | Int64, end: Int64, number: Int64) -> tuple[Float64, Int64]:
        """Values of blocks by what the cells have of their intervals before `end`, and number of the known ones, `[n, k]` each.

        Args:
            steps: intervals of a block.
            series: index of the series, row by row.
            end: number of an interval, row by row, for which there may be no cell.
            number: numbers of blocks, int64 `[n, k]`.
        """
        values = self.windows(series, end, self._span)
        first = end - self._span
        values[first[:, None] + np.arange(self._span) < (self.top[series] - self._span)[:, None]] = np.nan
        column = (number[:, :, None] * steps + np.arange(steps) - first[:, None, None]).reshape(len(series), -1)
        there = (column >= 0) & (column < self._span)
        cells = np.where(there, np.take_along_axis(values, np.where(there, column, 0), axis=1), np.nan)
        return block_values(cells.reshape(*number.shape, steps))

    def past(self, series: Int32, end: Int64, length: int) -> Float64:
        """As `Ring.past`, with the coarse past before it, float64 `[n, columns]`."""
        windows, begin = np.empty((len(series), self._contract.columns)), 0
        windows[:, -length:] = self.windows(series, end, length)
        for blocks in self.blocks:
            stop = begin + blocks.part.count
            for rows in blocks_of(np.arange(len(series))):
                complete = self.newest(blocks, series[rows], end[rows])[0]
                windows[rows, begin:stop] = spans(blocks.part, complete, windows[rows, -length:], end[rows])
            begin = stop
        return windows

    def newest(self, blocks: Blocks, series: Int32 | Int64, end: Int64) -> tuple[Float64, Int64, Int64]:
        """Value, number of known intervals, and number of the newest complete blocks, `[n, count]` each."""
        number, value, known = blocks.newest(series, end)
        fresh = min(blocks.part.count, self._span // blocks.steps + 1)
        made, count = self._made(blocks.steps, series, end, number[:, -fresh:])
        more = count >= known[:, -fresh:]
        value[:, -fresh:] = np.where(more, made, value[:, -fresh:])
        known[:, -fresh:] = np.where(more, count, known[:, -fresh:])
        return value, known, number

    def take_over(self, other: Ring, series: Int64, first: Int64, *, held: bool = True) -> None:
        """As `Ring.take_over`; also blocks that the other ring has, where they are made of more intervals."""
        super().take_over(other, series, first, held=held)
        if not isinstance(other, CoarseRing):
            return
        others = {blocks.steps: blocks for blocks in other.blocks}
        for blocks in self.blocks:
            theirs = others.get(blocks.steps)
            if theirs is None:
                continue
            for rows in blocks_of(np.arange(len(series))):
                owners = series[rows]
                value, known, number = other.newest(theirs, owners, other.top[owners])
                there = number >= blocks.begun(self.top[owners])[:, None] - blocks.slots
                mine = self._made(blocks.steps, owners, self.top[owners], number)[1]
                blocks.keep_better(owners, number, value, known, there & (known > mine))


def ring_of(contract: Contract, ahead: int) -> Ring:
    """An empty ring for the windows of a contract.

    Args:
        contract: window, grid and coarse past.
        ahead: number of intervals that may lie between an origin and the first interval there is no cell for.
    """
    if contract.coarse:
        return CoarseRing(contract, ahead)
    return Ring(contract.window + ahead, contract.interval, contract.aggregation)

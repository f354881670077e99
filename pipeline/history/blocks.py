"""The values of coarse blocks of a table, made once for each length of a block and not for each window."""

from pathlib import Path
from tempfile import TemporaryFile

import numpy as np

from edge.contract.coarse import block_values
from edge.contract.columns import Float64
from pipeline.history.table import rows_of

PIECE = 1_000_000  # intervals of a series that are looked at together


class Blocks:
    """Block values of a table; those of a table that is a file are in a file beside it, which nobody else sees.

    Args:
        values: values of the table, float64 `[series, intervals]`, NaN for missing; never changed.
        first: number of its first interval.
        piece: number of intervals of a series that are looked at together, as a row may be long.
    """

    def __init__(self, values: Float64, first: int, piece: int = PIECE) -> None:
        self._values, self._first, self._piece = values, first, piece
        self._made: dict[int, Float64] = {}

    def first(self, steps: int) -> int:
        """Number of the first block, which may begin before the table."""
        return self._first // steps

    def of(self, steps: int) -> Float64:
        """Values of all blocks of that many intervals, float64 `[series, blocks]`, NaN for missing."""
        if steps not in self._made:
            self._made[steps] = self._make(steps)
        return self._made[steps]

    def _make(self, steps: int) -> Float64:
        early = self._first - self.first(steps) * steps  # intervals of the first block that lie before the table
        series, intervals = self._values.shape
        shape = (series, -(-(early + intervals) // steps))
        blocks: Float64 = np.empty(shape)
        if isinstance(self._values, np.memmap) and self._values.filename is not None:
            with TemporaryFile(dir=Path(self._values.filename).parent) as file:
                blocks = np.memmap(file, np.float64, "w+", shape=shape)
        size = max(1, self._piece // steps)
        for row, made in zip(rows_of(self._values), rows_of(blocks), strict=True):
            for begin in range(0, shape[1], size):
                end = min(begin + size, shape[1])
                cells = np.full((end - begin) * steps, np.nan)
                left = begin * steps - early
                there = row[max(left, 0) : left + len(cells)]
                offset = max(-left, 0)
                cells[offset : offset + len(there)] = there
                made[begin:end] = block_values(cells.reshape(-1, steps))[0]
        return blocks

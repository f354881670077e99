"""Which readings of a batch may be applied together: windows are cut after the cells of a whole pass are filled. No I/O."""

import numpy as np

from edge.contract.columns import Int64
from edge.contract.grid import group_starts
from edge.rings.ring import Rows


def in_passes(rows: Rows, longest: int) -> Int64:
    """Number of the pass of each row, int64 `[n]`; those of a series rise in order of arrival.

    A reading of a closed interval must not reach a window that closed before it arrived, and the ring must not
    run over the oldest cell a window needs; either begins a new pass for its series.

    Args:
        rows: accepted readings sorted by series, in order of arrival within a series.
        longest: number of intervals that one pass may fill.
    """
    passes = np.zeros(len(rows.series), np.int64)
    if not len(passes):
        return passes
    starts = group_starts(rows.series)
    repairs = rows.number < rows.before
    span = np.maximum.reduceat(rows.number, starts) - np.minimum.reduceat(rows.after, starts)
    if not repairs.any() and (span < longest).all():
        return passes
    current, origin, series = 0, None, -1
    columns = (rows.series, rows.number, rows.before, rows.after)
    for row, (owner, number, before, after) in enumerate(zip(*(column.tolist() for column in columns), strict=True)):
        if owner != series:
            series, current, origin = owner, 0, None
        if origin is not None and (number < before or number >= origin + longest):
            current, origin = current + 1, None
        if origin is None and after > before:
            origin = after
        passes[row] = current
    return passes

"""From cells to the values of intervals: one rule for the windows of the device and the table of the trainer.

The cell of an interval holds what `combine` makes of its readings, for a counter the last of them. A silent series keeps its
last cell as long as it may, and the value of a counter is what was added from one cell to the next.
"""

from typing import cast

import numpy as np

from edge.contract.columns import Bool, Float64, Int64
from edge.contract.meaning import Meaning

EARLIER = 2  # cells before the first value that the increase of a counter needs
PIECE = 1_000_000  # intervals of a series whose values are made together
STEP_BACK = 0.1  # share of a counter's reading; a smaller fall is a correction, and no new beginning


def reach(meaning: Meaning, interval: int) -> int:
    """Number of cells before those of a window that its values may depend on.

    Args:
        meaning: kind and hold of the readings.
        interval: length of an interval, ns.
    """
    return 0 if meaning.is_plain else EARLIER + meaning.hold // interval


def increases(readings: Float64) -> Float64:
    """What a counter added in each interval, float64 `[..., n]`; NaN where one of the two readings is missing.

    A reading that is lower than the one before is the reading of a counter that began again at 0, and is itself the increase:
    after an overflow what was counted up to it is lost, which is never more than the increase of that one interval. A fall of
    at most a tenth is no beginning but a correction, and nothing was added. Where the next reading has reached again what the
    counter had before it fell, it never began again, and the increase counts from there.

    Args:
        readings: last reading of every interval, float64 `[..., 2 + n]`, NaN for missing; the first two are those before.
    """
    earlier, before, now = readings[..., :-2], readings[..., 1:-1], readings[..., 2:]
    start = np.where((before < earlier) & (now >= earlier), earlier, before)
    begun = np.where(now >= (1 - STEP_BACK) * before, 0.0, np.maximum(now, 0.0))
    return np.where(now < start, begun, now - start)


def possible(forecasts: Float64, counter: Bool) -> Float64:
    """The forecasts, none of them below 0 where a counter is forecast: it takes nothing back.

    Args:
        forecasts: float64 `[n, ...]`, NaN where there is none.
        counter: rows that are of counters, bool `[n]`.
    """
    if not counter.any():
        return forecasts
    floor = np.where(counter, 0.0, -np.inf).reshape(-1, *[1] * (forecasts.ndim - 1))
    return cast("Float64", np.maximum(forecasts, floor))


def hold(cells: Float64, longest: Int64, before: Float64, position: Int64) -> Float64:
    """Missing cells filled with the last one before them, float64 `[n, columns]`.

    Args:
        cells: float64 `[n, columns]`, NaN for missing.
        longest: number of missing cells in a row that are filled, for each row, int64 `[n]`.
        before: last cell before these, float64 `[n]`; NaN where there is none.
        position: column of that cell, int64 `[n]`; the column before the first one is -1.
    """
    column = np.arange(cells.shape[1])
    never = np.iinfo(np.int64).min // 2
    newest = np.maximum.accumulate(np.where(np.isnan(cells), never, column), axis=1)
    position = np.where(np.isnan(before), never, position)[:, None]
    kept = np.where((position > newest) & (position <= column), position, newest)
    values = np.where(kept == newest, np.take_along_axis(cells, np.maximum(newest, 0), 1), before[:, None])
    return cast("Float64", np.where(column - kept <= longest[:, None], values, np.nan))


def interval_values(cells: Float64, counter: Bool, longest: Int64, before: Float64, position: Int64) -> Float64:
    """The values of intervals, float64 `[n, columns - 2]`.

    Args:
        cells: cells of the intervals, float64 `[n, columns]`, NaN for missing; the first two are those before.
        counter: rows that are counters, bool `[n]`.
        longest: number of missing cells in a row that are filled, for each row, int64 `[n]`.
        before: last cell before these, float64 `[n]`; NaN where there is none.
        position: column of that cell, int64 `[n]`; the column before the first one is -1.
    """
    if longest.any():
        cells = hold(cells, longest, before, position)
    values = cells[:, EARLIER:].copy()
    values[counter] = increases(cells[counter])
    return values


def fill_in(row: Float64, meaning: Meaning, interval: int, piece: int = PIECE) -> None:
    """Put the values of a series in the place of its cells, piece by piece, as a row may be long.

    Args:
        row: cells of all intervals of the series, `[intervals]`, NaN for missing; values afterwards.
        meaning: kind and hold of its readings.
        interval: length of an interval, ns.
        piece: number of intervals whose values are made together.
    """
    counter, longest = np.asarray([meaning.kind == "counter"]), np.asarray([meaning.hold // interval])
    earlier, before, position = np.full(EARLIER, np.nan), np.nan, -1
    for begin in range(0, len(row), piece):
        cells = np.append(earlier, row[begin : begin + piece])
        values = interval_values(cells[None], counter, longest, np.asarray([before]), np.asarray([position]))
        row[begin : begin + piece] = values[0]
        earlier, rest = cells[-EARLIER:], cells[:-EARLIER]
        known = np.flatnonzero(np.isfinite(rest))
        position -= len(rest)
        if len(known):
            before, position = float(rest[known[-1]]), int(known[-1]) - len(rest)

"""From cells to the values of intervals: one rule for the windows of the device and the table of the trainer.

The cell of an interval holds what `combine` makes of its readings, for a counter the last of them. A silent series keeps its
last cell as long as it may, and the value of a counter is what was added from one cell to the next.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import numpy as np

from edge.contract.columns import Bool, Float64, Int64
from edge.contract.increases import NOT_LEARNED, SEEN_BY, evidence, increases, largest, merged
from edge.contract.meaning import Meaning

EARLIER = 2  # cells before the first value that the increase of a counter needs
PIECE = 1_000_000  # intervals of a series whose values are made together
# A value beyond counts as missing: the sum of the squares of the longest window must stay within float32.
LARGEST_VALUE = 5e16


@dataclass(frozen=True, slots=True)
class Held:
    """How long series hold, and what they hold from before their first column.

    Args:
        longest: number of missing cells in a row that are filled, for each row, int64 `[n]`.
        before: last cell before the columns, float64 `[n]`; NaN where there is none.
        position: column of that cell, int64 `[n]`; the column before the first one is -1.
    """

    longest: Int64
    before: Float64
    position: Int64


def is_known(values: Float64) -> Bool:
    """Which values count: neither missing nor `LARGEST_VALUE` or more, bool `[...]`."""
    return (values > -LARGEST_VALUE) & (values < LARGEST_VALUE)  # NaN compares false; no copy of many windows is made


def reach(meaning: Meaning, interval: int) -> int:
    """Number of cells before those of a window that its values may depend on.

    Args:
        meaning: kind and hold of the readings.
        interval: length of an interval, ns.
    """
    return 0 if meaning.is_plain else EARLIER + meaning.hold // interval


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


def hold(cells: Float64, held: Held) -> Float64:
    """Missing cells filled with the last one before them, float64 `[n, columns]`.

    Args:
        cells: float64 `[n, columns]`, NaN for missing.
        held: time that each row holds, and its value from before.
    """
    column = np.arange(cells.shape[1])
    never = np.iinfo(np.int64).min // 2
    newest = np.maximum.accumulate(np.where(np.isnan(cells), never, column), axis=1)
    position = np.where(np.isnan(held.before), never, held.position)[:, None]
    kept = np.where((position > newest) & (position <= column), position, newest)
    values = np.where(kept == newest, np.take_along_axis(cells, np.maximum(newest, 0), 1), held.before[:, None])
    return cast("Float64", np.where(column - kept <= held.longest[:, None], values, np.nan))


def interval_values(cells: Float64, counter: Bool, held: Held, length: int, learned: Float64 = NOT_LEARNED) -> Float64:
    """The values of the last intervals, float64 `[n, length]`.

    What a counter usually adds is told from their cells, and from its history where somebody learned it.

    Args:
        cells: cells of the intervals, float64 `[n, columns]`, NaN for missing; at least two more than `length`.
        counter: rows that are counters, bool `[n]`.
        held: time that each row holds, and its value from before.
        length: number of intervals.
        learned: usual increase of each row, float64 `[n]`; 0 where nobody learned it.
    """
    if held.longest.any():
        cells = hold(cells, held)
    values = cells[:, cells.shape[1] - length :].copy()
    if counter.any():
        readings = cells[counter, cells.shape[1] - length - EARLIER :]
        values[counter] = increases(readings, largest(evidence(readings), learned[counter] if learned.ndim else learned))
    return values


def fill_in(row: Float64, meaning: Meaning, interval: int, piece: int = PIECE) -> int:
    """Put the values of a series in the place of its cells, piece by piece, as a row may be long.

    Args:
        row: cells of all intervals of the series, `[intervals]`, NaN for missing; values afterwards.
        meaning: kind and hold of its readings.
        interval: length of an interval, ns.
        piece: number of intervals whose values are made together.

    Returns:
        Number of intervals of which the increase is left out, as no such counter adds so much.
    """
    longest, counter, left_out = meaning.hold // interval, meaning.kind == "counter", 0
    if not counter:
        for begin, cells in _pieces(row, longest, piece):
            row[begin : begin + piece] = cells[SEEN_BY:]
        return left_out
    seen = evidence(np.full(SEEN_BY, np.nan))
    for _, cells in _pieces(row, longest, piece):
        seen = merged(seen, evidence(cells))
    for begin, cells in _pieces(row, longest, piece):
        readings = cells[SEEN_BY - EARLIER :]
        values = increases(readings, largest(seen))
        left_out += int((np.isnan(values) & np.isfinite(readings[1:-1]) & np.isfinite(readings[2:])).sum())
        row[begin : begin + piece] = values
    return left_out


def _pieces(row: Float64, longest: int, piece: int) -> Iterator[tuple[int, Float64]]:
    """Beginnings of the pieces and their cells, held where the series holds, with `SEEN_BY` cells before each piece."""
    earlier, before, position = np.full(SEEN_BY, np.nan), np.nan, -1
    for begin in range(0, len(row), piece):
        cells = np.append(earlier, row[begin : begin + piece])
        yield begin, _held(cells, Held(np.asarray([longest]), np.asarray([before]), np.asarray([position])))
        earlier, rest = cells[-SEEN_BY:], cells[:-SEEN_BY]
        known = np.flatnonzero(np.isfinite(rest))
        position -= len(rest)
        if len(known):
            before, position = float(rest[known[-1]]), int(known[-1]) - len(rest)


def _held(cells: Float64, held: Held) -> Float64:
    return hold(cells[None], held)[0] if held.longest.any() else cells

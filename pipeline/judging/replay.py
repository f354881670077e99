"""Replay a table through the device's own state, to get the windows that an agent would have forecast from.

Every value is a reading at the start of its interval. The clock closes an interval when it is over, as on a device whose
clock agrees with its sensors. So there is an origin after every interval, also where a sensor is silent.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import cast

import numpy as np

from edge.contract.columns import Bool, Float64, Int32, Int64, Readings
from edge.contract.contract import Contract
from edge.contract.values import EARLIER
from edge.forecaster.model import usable
from edge.series.closing import Closed
from edge.series.state import State
from pipeline.history.table import Table

BLOCK = 1 << 25  # bytes
INTERVALS = 16  # intervals in one step where each of them ends at an origin
MOST_INTERVALS = 256  # the same where few of them do


@dataclass(frozen=True, slots=True)
class Replayed:
    """Windows to forecast from.

    Args:
        series: row of the table, int32 `[n]`.
        origin: column of the first target, int64 `[n]`; lead h is column origin + h - 1.
        windows: float64 `[n, columns]`, newest last, NaN for missing.
    """

    series: Int32
    origin: Int64
    windows: Float64

    def __len__(self) -> int:
        """Number of windows."""
        return len(self.origin)


def replayed(
    table: Table, contract: Contract, part: range, stride: int = 1, wide: Contract | None = None, block: int = BLOCK
) -> Iterator[Replayed]:
    """Every usable window of a part, in order of time within a series; only some of them are in memory at once.

    Args:
        table: the grid.
        contract: the model's contract; its columns and `max_missing` decide which windows are usable.
        part: columns that the targets lie in; the first one is the first origin, unless the window needs more.
        stride: columns from one origin to the next.
        wide: contract of the windows, which sees all that the model's does (None: the model's); NaN where they begin before
            the table.
        block: bytes of windows that close in one step, and that are yielded together.
    """
    wide = contract if wide is None else wide
    origins = range(max(part.start, contract.reach), part.stop - contract.horizon + 1, stride)
    places = wide.places(contract)
    group = max(1, block // (8 * wide.columns * INTERVALS))
    length = min(INTERVALS * stride, MOST_INTERVALS)
    for first in range(0, len(table.values) if origins else 0, group):
        values = table.values[first : first + group]
        # Cutting windows is what takes the time, and a wide stride needs few of them.
        state = State(wide, wanted=lambda moment: _wanted(moment, table, origins), room=length + EARLIER)
        parts: list[Replayed] = []
        size = 0
        for begin, end in steps(values, max(0, origins[0] - wide.reach), origins, length):
            readings = _readings(table, values, begin, end)
            now = table.start + end * table.interval
            both = state.ingest(readings).closed, state.advance(now)
            chosen = [_chosen(closed, table, usable(closed.windows[:, places], contract), first) for closed in both]
            parts += [part for part in chosen if len(part)]  # most steps of a wide stride have none
            size += sum(part.windows.nbytes for part in chosen)
            if end == origins[-1] or size >= block:
                yield _joined(parts or chosen)
                parts, size = [], 0


def steps(values: Float64, start: int, origins: range, length: int) -> Iterator[tuple[int, int]]:
    """First and last column of each step of a replay.

    A gap at an origin begins a step, so that the clock closes what a silent series leaves open. Between origins nobody looks.

    Args:
        values: float64 `[series, intervals]`, NaN for missing.
        start: first column that is replayed.
        origins: columns whose windows are wanted, one at least.
        length: longest step, in columns.
    """
    stop = origins[-1]
    silent = np.asarray(origins)[np.isnan(values[:, origins.start : stop + 1 : origins.step]).any(axis=0)]
    edges = np.unique(np.concatenate([np.arange(start, stop, length), silent, [stop]])).tolist()
    return pairwise(edges)


def _readings(table: Table, values: Float64, begin: int, end: int) -> Readings:
    column, series = np.nonzero(np.isfinite(values[:, begin:end].T))  # in order of time
    column += begin
    time = table.start + column * table.interval
    return Readings(series.astype(np.int32), time, values[series, column])


def _wanted(moment: Int64, table: Table, origins: range) -> Bool:
    column = (moment - table.start) // table.interval - origins.start
    return cast("Bool", (column >= 0) & (column % origins.step == 0))


def _chosen(closed: Closed, table: Table, wanted: Bool, first: int) -> Replayed:
    origin = (closed.origin - table.start) // table.interval
    return Replayed(closed.series[wanted] + np.int32(first), origin[wanted], closed.windows[wanted])


def _joined(parts: list[Replayed]) -> Replayed:
    return Replayed(*(np.concatenate([getattr(part, name) for part in parts]) for name in Replayed.__slots__))

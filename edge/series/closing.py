"""What closes: windows of series whose intervals have ended, by readings or by the clock. No I/O."""

from dataclasses import dataclass

import numpy as np

from edge.contract.columns import Bool, Facts, Float64, Int32, Int64
from edge.rings.ring import UNSEEN

PIECE = 1024  # windows that are copied at once


@dataclass(frozen=True, slots=True)
class Closed:
    """One row per moment at which intervals of a series closed; rows of one series come in order of time.

    Args:
        series: index of the series, int32 `[n]`.
        origin: end of the newest closed interval, ns UTC, int64 `[n]`.
        windows: float64 `[n, columns]`, newest last, NaN for missing.
        advanced: number of intervals that closed at that moment, int64 `[n]`; their values are the last ones of the window.
        first: values of the first intervals that closed, of windows that no longer hold them, float64 `[n, k]`, oldest first;
            NaN for the other windows. None where there is no such window.
    """

    series: Int32
    origin: Int64
    windows: Float64
    advanced: Int64
    first: Float64 | None = None

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.series)

    @classmethod
    def nothing(cls, columns: int) -> "Closed":
        """No row, of windows of so many values."""
        empty = np.zeros(0, np.int64)
        return cls(empty.astype(np.int32), empty, np.zeros((0, columns)), empty)


@dataclass(frozen=True, slots=True)
class Ingested:
    """What became of a batch of readings.

    Args:
        closed: the windows that closed, in order of time per series.
        fresh: False for rows that repeat a known series, time and value, bool `[n]`.
        late: number of readings of closed intervals that repaired the window.
        too_late: True for fresh rows of intervals that no later window can hold, bool `[n]`; they changed nothing.
    """

    closed: Closed
    fresh: Bool
    late: int
    too_late: Bool


def join(parts: list[Closed]) -> Closed:
    """Rows of all parts, in their order."""
    filled = [part for part in parts if len(part)] or parts[:1]
    if len(filled) == 1:
        return filled[0]
    series, origin, windows, advanced = (
        np.concatenate([getattr(part, name) for part in filled]) for name in ("series", "origin", "windows", "advanced")
    )
    return Closed(series, origin, windows, advanced, _join_first(filled))


def _join_first(parts: list[Closed]) -> Float64 | None:
    length = max((part.first.shape[1] for part in parts if part.first is not None), default=0)
    if not length:
        return None
    first = np.full((sum(map(len, parts)), length), np.nan)
    row = 0
    for part in parts:
        if part.first is not None:
            first[row : row + len(part)] = part.first
        row += len(part)
    return first


def frontiers(known: Int64, reached: Int64, first: Bool) -> tuple[Int64, Int64]:
    """First open interval of each row's series just before and just after the row arrived, int64 `[n]` each.

    Args:
        known: first open interval of its series before the first row, of each row sorted by series; `UNSEEN` where it is new.
        reached: first interval that the row does not close.
        first: first row of each series, bool `[n]`.
    """
    # A new series starts with the interval of its first reading: nothing before it can close.
    opening = np.where(known == UNSEEN, reached[np.maximum.accumulate(np.where(first, np.arange(len(first)), 0))], known)
    lowest = min(int(reached.min()), int(opening.min()))
    span = max(int(reached.max()), int(opening.max())) - lowest + 1
    group = (np.cumsum(first) - 1) * span  # lifts each series above the one before, so one pass serves all
    after = np.maximum.accumulate(np.maximum(reached, opening) - lowest + group) - group + lowest
    before = np.where(first, opening, np.append(0, after[:-1]))
    return before, after


def facts_of(closed: Closed, rows: Bool) -> Facts:
    """What was measured in the intervals that closed; one row for each of some windows.

    Args:
        closed: the windows.
        rows: windows that are asked for, bool `[n]`.
    """
    owners = np.flatnonzero(rows)
    last = closed.windows[owners, -1]
    newest, lowest, highest, age = last, last.copy(), last.copy(), np.zeros(len(last), np.int64)
    others = np.flatnonzero((closed.advanced[owners] > 1) | np.isnan(last))  # where readings are rarer than intervals
    for start in range(0, len(others), PIECE):
        some = others[start : start + PIECE]
        values = closed.windows[owners[some]]
        known = np.isfinite(values)
        columns = values.shape[1]
        age[some] = np.argmax(known[:, ::-1], axis=1)
        newest[some] = values[np.arange(len(some)), columns - 1 - age[some]]
        fresh = known & (np.arange(columns) >= columns - closed.advanced[owners[some], None])
        has_some = fresh.any(axis=1)
        lowest[some] = np.where(has_some, np.where(fresh, values, np.inf).min(axis=1), np.nan)
        highest[some] = np.where(has_some, np.where(fresh, values, -np.inf).max(axis=1), np.nan)
    return Facts(newest, lowest, highest, age)

"""The regular table that a model is trained and judged on: readings on the grid of the contract."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from edge.contract import (
    DAY,
    SECOND,
    Aggregation,
    Float32,
    Int32,
    Int64,
    Readings,
    aggregate,
    format_duration,
    group_starts,
)
from edge.errors import HistoryError

# Spacings of real sensors jitter; a guess is rounded to one of these.
NICE = tuple(
    number * unit
    for unit, numbers in (
        (SECOND // 1000, (1, 2, 5, 10, 20, 50, 100, 200, 500)),
        (SECOND, (1, 2, 5, 10, 15, 20, 30)),
        (60 * SECOND, (1, 2, 5, 10, 15, 20, 30)),
        (3600 * SECOND, (1, 2, 3, 4, 6, 8, 12)),
        (DAY, (1, 7)),
    )
    for number in numbers
)
SPARSE = 1000
LARGEST_TABLE = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Table:
    """Every series on one grid.

    Args:
        names: of the series.
        start: first interval, ns UTC.
        interval: ns.
        values: in the sensor's own unit, float32 `[series, intervals]`, NaN for missing.
    """

    names: tuple[str, ...]
    start: int
    interval: int
    values: Float32

    @property
    def end(self) -> int:
        """End of the last interval, ns UTC."""
        return self.start + int(self.values.shape[1]) * self.interval

    @property
    def times(self) -> Int64:
        """Start of every interval, ns UTC, int64 `[intervals]`."""
        return self.start + self.interval * np.arange(self.values.shape[1], dtype=np.int64)

    @property
    def data_hash(self) -> str:
        """SHA-256 of everything in it: equal tables give equal hashes, on every machine."""
        head = f"{self.names!r} {self.start} {self.interval} {self.values.shape}\n".encode()
        digest = hashlib.sha256(head)
        for values in self.values:  # row by row: a copy of the whole may be large
            digest.update(np.where(np.isnan(values), np.float32(np.nan), values).astype("<f4").tobytes())
        return digest.hexdigest()


def iso(time: int) -> str:
    """A moment as people write it, in UTC, to the second."""
    return f"{datetime.fromtimestamp(time // SECOND, UTC):%Y-%m-%dT%H:%M:%SZ}"


def to_table(names: Sequence[str], readings: Readings, interval: int, aggregation: Aggregation = "mean") -> Table:
    """Readings on the grid, by the same `aggregate` that the device's windows are checked against.

    Args:
        names: of the series that the readings index.
        readings: in any order; values that are not finite (in float32) do not count.
        interval: ns.
        aggregation: how the readings of one interval become one value.

    Raises:
        HistoryError: no reading at all, a few readings far away from all others, or an interval far too short.
    """
    series, number, value = aggregate(readings, interval, aggregation)
    if not len(number):
        raise HistoryError("expected readings; got none with a finite value")
    first, last = int(number.min()), int(number.max())
    if last - first >= SPARSE:
        _refuse_outlier(names, series, number, interval)
    intervals = last - first + 1
    cells = intervals * len(names)
    if cells > LARGEST_TABLE or (cells > SPARSE**2 and cells > SPARSE * len(number)):
        raise HistoryError(
            f"{len(number)} filled intervals in a table of {len(names)} series x {intervals} intervals of "
            f"{format_duration(interval)}: choose a longer interval or a shorter range of time"
        )
    values = np.full((len(names), intervals), np.nan, np.float32)
    with np.errstate(over="ignore"):
        value32 = value.astype(np.float32)
    values[series, number - first] = np.where(np.isfinite(value32), value32, np.nan)
    return Table(tuple(names), first * interval, interval, values)


def _refuse_outlier(names: Sequence[str], series: Int32, number: Int64, interval: int) -> None:
    """Refuse a stray reading: less than 1 % of the data beyond a gap longer than all the rest of the time."""
    filled = np.unique(number)
    gaps = np.diff(filled)
    widest = int(np.argmax(gaps))
    if gaps[widest] <= (filled[-1] - filled[0]) // 2:
        return
    early, late = number <= filled[widest], number > filled[widest]
    stray = early if early.sum() <= late.sum() else late
    if stray.sum() * 100 >= len(number):
        return
    row = int(np.flatnonzero(stray)[0])
    raise HistoryError(
        f"series {names[series[row]]!r} has a reading at {iso(int(number[row]) * interval)}, "
        f"{gaps[widest] * interval / DAY:.0f} days away from all others ({int(stray.sum())} such in all): "
        "remove it or choose a range of time without it"
    )


def guess_interval(readings: Readings) -> int:
    """The most common spacing of the readings of one series, taken over all series, in ns.

    Where at least half of the spacings of a series are equal, it is that one to the nanosecond; else (times that
    jitter) their median, rounded to a length of time that people use. Of equally common spacings the longer one counts.

    Raises:
        HistoryError: no series has two readings at different times.
    """
    order = np.lexsort((readings.time, readings.series))
    series, time = readings.series[order], readings.time[order]
    del order
    starts = group_starts(series)
    guesses = []
    for moments in np.split(time, starts[1:]):
        spacing = np.diff(moments)
        spacing = spacing[spacing > 0]
        if len(spacing):
            lengths, count = np.unique(spacing, return_counts=True)
            common = len(lengths) - 1 - int(np.argmax(count[::-1]))
            exact = 2 * count[common] >= len(spacing)
            guesses.append(int(lengths[common]) if exact else _nice(float(np.median(spacing))))
    if not guesses:
        raise HistoryError("expected two readings of one series at different times; give the interval, such as 15min")
    lengths, count = np.unique(guesses, return_counts=True)
    return int(lengths[len(lengths) - 1 - int(np.argmax(count[::-1]))])


def _nice(spacing: float) -> int:
    return min(NICE, key=lambda one: max(one / spacing, spacing / one))

"""The readings of a file counted as they pass by: how many each series has, how often they come, and which collide."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from edge.contract.columns import Int32, Int64, Readings
from edge.contract.grid import group_starts
from edge.contract.times import iso

NEVER = np.iinfo(np.int64).min


STEPS = 1_000  # steps of a series that tell its interval


@dataclass(frozen=True, slots=True)
class Repeated:
    """Rows at a time that a later row of their series has too; they are overwritten.

    Args:
        rows: number of these rows.
        series: name of the first series that has one.
        time: time of its earliest such row, ns UTC.
        different: number of times that a row overwrites another value.
        example: words for the first of these; empty where there is none.
    """

    rows: int
    series: str
    time: int
    different: int = 0
    example: str = ""


class Tally:
    """The readings of a file as they pass by: some numbers per series, and no more where each series is in order of time."""

    def __init__(self) -> None:
        self.not_finite = 0
        self.rows: Int64 = np.zeros(0, np.int64)
        self._first: Int64 = np.zeros(0, np.int64)
        self._last: Int64 = np.zeros(0, np.int64)
        self._before: Int64 = np.zeros(0, np.int64)
        self._rises = np.zeros(0, bool)
        self._falls = np.zeros(0, bool)
        self._times: dict[int, list[Int64]] = {}
        self._steps: dict[int, int] = {}

    def count(self, batch: Readings) -> None:
        """Take some rows in the order of the file, the first time it is read."""
        kept = batch.take(batch.finite)
        self.not_finite += len(batch) - len(kept)
        self._grow(int(batch.series.max()) + 1 if len(batch) else 0)
        if not len(kept):
            return
        order = np.argsort(kept.series, kind="stable")
        series, time = kept.series[order], kept.time[order]
        starts = group_starts(series)
        owners, ends = series[starts], np.append(starts[1:], len(series)) - 1
        before = np.append(NEVER, time[:-1])
        before[starts] = self._before[owners]
        self._rises[series[time <= before]] = False
        self._falls[series[(time >= before) & (before != NEVER)]] = False
        self._before[owners] = time[ends]
        self._measure(owners, starts, ends, time)
        self.rows[owners] += ends - starts + 1
        self._first[owners] = np.minimum(self._first[owners], np.minimum.reduceat(time, starts))
        self._last[owners] = np.maximum(self._last[owners], np.maximum.reduceat(time, starts))

    def keep_disordered(self, batch: Readings) -> int:
        """Take the same rows again, the second time; the times of series that are in no order are kept, 8 bytes each.

        Returns:
            How many were kept.
        """
        mixed = ~(self._rises | self._falls)
        kept = batch.take(mixed[batch.series] & batch.finite)
        order = np.argsort(kept.series, kind="stable")
        starts = group_starts(kept.series[order])
        for owner, times in zip(kept.series[order][starts].tolist(), np.split(kept.time[order], starts[1:]), strict=False):
            self._times.setdefault(owner, []).append(times)
        return len(kept)

    @property
    def disordered(self) -> bool:
        """Whether a series is neither in rising nor in falling order of time, so that two of its rows may have one time."""
        return not bool((self._rises | self._falls).all())

    @property
    def span(self) -> tuple[int, int]:
        """Earliest and latest time, ns UTC; meaningless without any row."""
        return int(self._first.min()), int(self._last.max())

    def span_of(self, series: int) -> tuple[int, int]:
        """Earliest and latest time of a series, ns UTC."""
        return int(self._first[series]), int(self._last[series])

    def interval_of(self, series: int) -> int:
        """Usual step from one reading of a series to the next, ns; 0 where it has none."""
        return self._steps.get(series, 0)

    def repeated(self) -> dict[int, Int64]:
        """Times that come more than once in a series, in order, by its number; int64 `[times]` each."""
        times = {owner: np.sort(np.concatenate(parts)) for owner, parts in sorted(self._times.items())}
        twice = {owner: np.unique(column[1:][column[1:] == column[:-1]]) for owner, column in times.items()}
        return {owner: column for owner, column in twice.items() if len(column)}

    def distinct(self) -> Int64:
        """Number of times that each series has, int64 `[series]`."""
        counts = self.rows.copy()
        for owner, parts in self._times.items():
            counts[owner] = len(np.unique(np.concatenate(parts)))
        return counts

    def _measure(self, owners: Int32, starts: Int64, ends: Int64, time: Int64) -> None:
        """Remember the usual step of series that are met for the first time with more than one reading."""
        for owner, start, end in zip(owners.tolist(), starts.tolist(), ends.tolist(), strict=True):
            if end > start and owner not in self._steps:
                own = time[start : end + 1]
                own = own if self._rises[owner] or self._falls[owner] else np.sort(own)
                steps = np.abs(np.diff(own[:STEPS]))
                if (moved := steps[steps > 0]).size:
                    self._steps[owner] = int(np.median(moved))

    def _grow(self, series: int) -> None:
        more = series - len(self.rows)
        if more <= 0:
            return
        highest = np.iinfo(np.int64).max
        self.rows = np.append(self.rows, np.zeros(more, np.int64))
        self._first = np.append(self._first, np.full(more, highest))
        self._last, self._before = (np.append(times, np.full(more, NEVER)) for times in (self._last, self._before))
        self._rises, self._falls = (np.append(flags, np.ones(more, bool)) for flags in (self._rises, self._falls))


class Collisions:
    """Rows with the same series and time that have different values.

    Args:
        repeated: times that come more than once in a series, in order, by its number.
        names: names of the series.
    """

    def __init__(self, repeated: dict[int, Int64], names: Sequence[str]) -> None:
        self._repeated, self._names = repeated, names
        self._values = {owner: np.full(len(times), np.nan) for owner, times in repeated.items()}
        self.different = 0
        self.example = ""

    def take(self, readings: Readings, row: Int64, named: Callable[[int], str]) -> None:
        """Compare some rows, in the order of the file, with those before them.

        Args:
            readings: finite readings.
            row: number of the row of each, int64 `[n]`.
            named: function that gives the words for a row.
        """
        first: tuple[int, str] | None = None
        for owner in np.intersect1d(readings.series, np.fromiter(self._repeated, np.int64)).tolist():
            times, values = self._repeated[owner], self._values[owner]
            own = np.flatnonzero(readings.series == owner)
            position = np.minimum(np.searchsorted(times, readings.time[own]), len(times) - 1)
            chosen = np.flatnonzero(times[position] == readings.time[own])
            chosen = chosen[np.argsort(position[chosen], kind="stable")]
            if not len(chosen):
                continue
            position, value = position[chosen], readings.value[own[chosen]]
            starts = group_starts(position)
            before = np.append(np.nan, value[:-1])
            before[starts] = values[position[starts]]
            values[position] = value  # the last of several counts
            other = np.flatnonzero(~np.isnan(before) & (before != value))
            self.different += len(other)
            if len(other):
                earliest = other[np.argmin(row[own[chosen[other]]])]
                number = int(row[own[chosen[earliest]]])
                values_there = f"{value[earliest]:.12g} after {before[earliest]:.12g}"
                words = f"{self._names[owner]!r} at {iso(int(times[position[earliest]]))}: {values_there}"
                first = min(first or (number, words), (number, words))
        if first is not None and not self.example:
            self.example = f"{named(first[0])}, {first[1]}"

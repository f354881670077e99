"""How far apart the readings of each series are, told while they pass by; a few kilobytes for each series are kept."""

from dataclasses import dataclass

import numpy as np

from edge.contract.columns import Int64, Readings
from edge.contract.grid import group_starts

PER_OCTAVE = 8  # classes of spacings between one length and twice that
CLASSES = 63 * PER_OCTAVE
GAP = 3  # a spacing of more than so many usual ones is a gap


@dataclass(frozen=True, slots=True)
class Spacing:
    """What the times of one series tell.

    Args:
        readings: number of readings.
        first: time of the first one, ns UTC.
        last: time of the last one, ns UTC.
        usual: median of the times between two readings, ns; None with fewer than two.
        gaps: number of spacings that are more than three times as long.
        longest: longest spacing, ns; 0 with fewer than two readings.
    """

    readings: int
    first: int
    last: int
    usual: int | None
    gaps: int
    longest: int


class Spacings:
    """Times of all series as they pass by, each series in order of time."""

    def __init__(self) -> None:
        self._readings: Int64 = np.zeros(0, np.int64)
        self._first: Int64 = np.zeros(0, np.int64)
        self._last: Int64 = np.zeros(0, np.int64)
        self._longest: Int64 = np.zeros(0, np.int64)
        self._counts: Int64 = np.zeros((0, CLASSES), np.int64)
        self._examples: Int64 = np.zeros((0, CLASSES), np.int64)  # one length of each class that occurred

    def __len__(self) -> int:
        """Number of series."""
        return len(self._readings)

    def count(self, page: Readings) -> None:
        """Take the readings of a page."""
        if not len(page):
            return
        self._grow(int(page.series.max()) + 1)
        order = np.argsort(page.series, kind="stable")
        series, time = page.series[order], page.time[order]
        starts = group_starts(series)
        owners = series[starts]
        before = np.append(time[:1], time[:-1])
        fresh = self._readings[owners] == 0
        self._first[owners[fresh]] = time[starts[fresh]]
        before[starts] = np.where(fresh, time[starts], self._last[owners])
        step = time - before
        known = step > 0
        where, length = series[known], step[known]
        kind = np.minimum((np.log2(length.astype(np.float64)) * PER_OCTAVE).astype(np.int64), CLASSES - 1)
        np.add.at(self._counts, (where, kind), 1)
        self._examples[where, kind] = length
        np.maximum.at(self._longest, where, length)
        ends = np.append(starts[1:], len(series)) - 1
        self._last[owners] = time[ends]
        self._readings[owners] += ends - starts + 1

    def of(self, series: int) -> Spacing:
        """What the times of a series tell."""
        counts, examples = self._counts[series], self._examples[series]
        total = int(counts.sum())
        usual = int(examples[np.searchsorted(np.cumsum(counts), (total + 1) // 2)]) if total else None
        gaps = 0 if usual is None else int(counts[examples > GAP * usual].sum())
        first, last, longest = int(self._first[series]), int(self._last[series]), int(self._longest[series])
        return Spacing(int(self._readings[series]), first, last, usual, gaps, longest)

    def _grow(self, series: int) -> None:
        more = series - len(self)
        if more <= 0:
            return
        self._readings, self._first, self._last, self._longest = (
            np.append(column, np.zeros(more, np.int64)) for column in (self._readings, self._first, self._last, self._longest)
        )
        self._counts, self._examples = (
            np.concatenate([table, np.zeros((more, CLASSES), np.int64)]) for table in (self._counts, self._examples)
        )

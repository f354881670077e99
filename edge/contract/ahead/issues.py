"""What was known of coming values at each moment, on the grid: one function for training, backtest, replay and device. No I/O.

A weather service, a market or a planner issues values for coming times again and again. A forecast uses what had been issued by
its origin, and nothing newer: for each interval the newest issue that has a value for it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Self, TypeAlias

import numpy as np

from edge.contract.columns import Bool, Float64, Int64
from edge.contract.times import DAY
from edge.contract.values import Held, hold, is_known

ALWAYS = -(2**62)  # moment of issue where nobody knows it, ns: such values count as known from the beginning
LONGEST_HOLD = DAY


@dataclass(frozen=True, slots=True)
class Issues:
    """Values of one input for coming times, in any order.

    Args:
        issued: moment at which each value was told, ns UTC, int64 `[n]`; `ALWAYS` where nobody knows it.
        time: moment that each value is for, ns UTC, int64 `[n]`.
        value: value in the unit of the input, float64 `[n]`.
    """

    issued: Int64
    time: Int64
    value: Float64

    def __len__(self) -> int:
        """Number of values."""
        return len(self.time)

    @classmethod
    def of(cls, issued: Iterable[int] = (), time: Iterable[int] = (), value: Iterable[float] = ()) -> Self:
        """Values from lists of equal length."""
        return cls(np.array([*issued], np.int64), np.array([*time], np.int64), np.array([*value], np.float64))

    @classmethod
    def concatenate(cls, parts: Iterable["Issues"]) -> Self:
        """All values of several, in their order."""
        every: list[Issues] = [cls.of(), *parts]
        return cls(
            np.concatenate([part.issued for part in every]),
            np.concatenate([part.time for part in every]),
            np.concatenate([part.value for part in every]),
        )

    def take(self, rows: Int64 | Bool | slice) -> Self:
        """The chosen values."""
        return type(self)(self.issued[rows], self.time[rows], self.value[rows])

    def sorted(self) -> Self:
        """Values that count, by moment of issue and time; of those with the same moment and time the last one."""
        known = self.take(is_known(self.value))
        ordered = known.take(np.lexsort((known.time, known.issued)))
        same = (ordered.issued[1:] == ordered.issued[:-1]) & (ordered.time[1:] == ordered.time[:-1])
        return ordered.take(np.append(~same, np.ones(min(1, len(ordered)), bool)))

    def on_grid(self, interval: int, most: int | None = None, late: int = 0) -> "Ahead":
        """The values on the grid, each issue for itself: the mean of what lies in an interval.

        A value holds through the empty intervals after it until the next value of its issue, for a day at most; the last one as
        long as the one before it did. So a tariff by the hour has a value for each quarter of an hour.

        Args:
            interval: length of an interval, ns.
            most: number of runs of equal values from which on those that were told earlier are left out; None: all are there.
            late: longest time, ns, after the end of its interval at which a value that was told then is still of use.
        """
        rows = self.sorted()
        number = rows.time // interval
        changed = (np.diff(rows.issued) != 0, np.diff(number) != 0)
        starts = np.flatnonzero(np.append(np.ones(min(1, len(rows)), bool), changed[0] | changed[1]))
        if not len(starts):
            return Ahead(interval, number, rows.issued, rows.value)
        ends = np.append(starts[1:], len(rows)) - 1
        mean, newest = np.add.reduceat(rows.value, starts) / (ends - starts + 1), rows.value[ends]
        issued, number = rows.issued[starts], number[starts]
        until = (rows.time[ends] + np.minimum(_spacing(rows)[ends], LONGEST_HOLD) - 1) // interval
        following = np.append(issued[1:] == issued[:-1], False)
        until = np.where(following, np.minimum(until, np.append(number[1:], 0) - 1), until)
        until = np.maximum(until, number)
        other = (until > number) & (mean != newest)  # the intervals after the first one hold another value
        first, last = np.append(number, number[other] + 1), np.append(np.where(other, number, until), until[other])
        moment, value = np.append(issued, issued[other]), np.append(mean, newest[other])
        first = np.maximum(first, (moment - late) // interval)  # no origin after the issue asks for what lies before it
        useful = first <= last
        return _runs(interval, np.stack((first, last), axis=1)[useful], moment[useful], value[useful], most)


def _runs(interval: int, number: Int64, issued: Int64, value: Float64, most: int | None) -> "Ahead":
    """Values that hold for some intervals, as `Ahead` has them: cut so that two of them share both ends, or no interval.

    A value that holds for hours is one row, not thousands of seconds. Issues for the same hours cut nothing from each other.

    Args:
        interval: length of an interval, ns.
        number: numbers of the first and of the last interval of each value, int64 `[n, 2]`.
        issued: moment at which each was told, ns UTC, int64 `[n]`.
        value: value in the unit of the input, float64 `[n]`.
        most: number of rows from which on those that were told earlier are left out; None: all of them are there.
    """
    first, after = number[:, 0], number[:, 1] + 1
    if (after - first == 1).all():
        kept = np.lexsort((first, -issued))[:most]
        order = kept[np.lexsort((issued[kept], first[kept]))]
        return Ahead(interval, first[order], issued[order], value[order])
    cuts = np.unique(np.append(first, after))
    begin = np.searchsorted(cuts, first)
    count = np.searchsorted(cuts, after) - begin
    if most is not None and count.sum() > most:
        newest = np.lexsort((first, -issued))
        count[newest] = np.diff(np.minimum(np.cumsum(count[newest]), most), prepend=0)
    row = np.repeat(np.arange(len(first)), count)
    cut = begin[row] + np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    order = np.lexsort((issued[row], cut))
    row, cut = row[order], cut[order]
    first, last = cuts[cut], cuts[cut + 1] - 1
    runs = first if (first == last).all() else np.stack((first, last)).T  # each column in a row of memory: looked up faster
    return Ahead(interval, runs, issued[row], value[row])


def _spacing(rows: Issues) -> Int64:
    """Time from each value to the next one of its issue, ns, int64 `[n]`; the last has that of the one before it, or 0."""
    if len(rows) < 2:
        return np.zeros(len(rows), np.int64)
    spacing = np.diff(rows.time)
    same = np.diff(rows.issued) == 0
    after = np.append(np.where(same, spacing, 0), 0)
    before = np.append(0, np.where(same, spacing, 0))
    return np.where(np.append(same, False), after, before)


@dataclass(frozen=True, slots=True)
class Ahead:
    """Values of one input on the grid, by interval and then by moment of issue.

    Args:
        interval: length of an interval, ns.
        number: number of the interval of each value, int64 `[n]`, in order; or of the first and the last interval that it holds
            for, int64 `[n, 2]`. Two values then hold for the same intervals, or for no interval together.
        issued: moment at which each was told, ns UTC, int64 `[n]`, in order within an interval.
        value: value in the unit of the input, float64 `[n]`.
        filled: whether the values are those of look-ups, in which missing ones were filled already; NaN: one stayed missing.
    """

    interval: int
    number: Int64
    issued: Int64
    value: Float64
    filled: bool = False
    _moments: Int64 = field(init=False, repr=False, compare=False)
    _starts: Int64 | None = field(init=False, repr=False, compare=False)
    _keys: Int64 = field(init=False, repr=False, compare=False)
    _right: dict[tuple[float, float], "Ahead | None"] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Make one ascending key of interval and moment, for the search."""
        moments, rank = np.unique(self.issued, return_inverse=True)
        object.__setattr__(self, "_moments", moments)
        object.__setattr__(self, "_starts", None if self.number.ndim == 1 else np.unique(self.first))
        object.__setattr__(self, "_keys", self._key(self._position(self.first), rank.reshape(-1)))

    @property
    def first(self) -> Int64:
        """Number of the first interval of each value, int64 `[n]`."""
        return self.number if self.number.ndim == 1 else self.number[:, 0]

    @property
    def last(self) -> Int64:
        """Number of the last interval of each value, int64 `[n]`."""
        return self.number if self.number.ndim == 1 else self.number[:, 1]

    def __len__(self) -> int:
        """Number of values."""
        return len(self.number)

    def _position(self, number: Int64) -> Int64:
        """Where intervals stand: from the first one on, or which run begins there or is the last to begin before it."""
        if self._starts is None:
            return number - (self.number[0] if len(self.number) else 0)
        least, most = (int(number.min()), int(number.max())) if number.size else (0, 0)
        if most - least >= number.size:
            return np.searchsorted(self._starts, number, "right") - 1
        # Intervals close together: each is searched once.
        positions: Int64 = np.searchsorted(self._starts, np.arange(least, most + 1), "right") - 1
        return positions[number - least]

    def _row(self, number: Int64, rank: Int64) -> Int64:
        """Last row of an interval, or of one before it, of which the moment is among the first ones; -1 where there is none.

        Args:
            number: number of the interval, int64 `[n, ...]`.
            rank: number of moments that count, int64, as large or of a length of 1.
        """
        position = self._position(number)
        if self._starts is not None and len(self._moments) == 1:  # a row for each run
            return np.where(rank > 0, position, position - 1)
        return np.searchsorted(self._keys, self._key(position, rank), "left") - 1

    def _key(self, position: Int64, rank: Int64) -> Int64:
        return position * (len(self._moments) + 1) + rank

    def at(self, origin: Int64, horizon: int, back: int = 0, longest: int = 0) -> Float64:
        """What was known at some origins, float64 `[n, back + horizon]`, NaN where nothing was.

        Args:
            origin: end of each window, ns UTC, int64 `[n]`; a value that was issued at that moment is known.
            horizon: number of leads.
            back: number of intervals before the origin, which come first.
            longest: time for which a value counts where no later one is known, ns. What counts at the origin counts for all
                leads before the next value that is known, however far they are.
        """
        if longest and not self.filled and len(self):
            return self._held(origin, horizon, max(back, 1), longest)[:, max(back, 1) - back :]
        if not len(self):
            return np.full((len(origin), back + horizon), np.nan)
        asked = origin[:, None] // self.interval + np.arange(-back, horizon, dtype=np.int64)
        issued = np.searchsorted(self._moments, origin, "right")[:, None]  # number of moments by then
        asked = np.clip(asked, self.first[0] - 1, self.last[-1] + 1)
        row = self._row(asked, issued)
        some = np.maximum(row, 0)
        known = (row >= 0) & (self.first[some] <= asked) & (asked <= self.last[some])
        return np.where(known, self.value[some], np.nan)

    def _held(self, origin: Int64, horizon: int, back: int, longest: int) -> Float64:
        """As `at`, where missing values are those before them; `back` and `longest` are above 0."""
        values = self.at(origin, horizon, back)
        first, cells = origin // self.interval - back, longest // self.interval
        row = self._newest_before(origin, first, first - cells)
        before = np.where(row >= 0, self.value[np.maximum(row, 0)], np.nan)
        newest_before = np.minimum(self.last[np.maximum(row, 0)], first - 1)
        past = hold(values[:, :back], Held(np.full(len(origin), cells), before, newest_before - first))
        newest = Held(np.full(len(origin), horizon), past[:, -1], np.full(len(origin), -1))
        return np.concatenate([past, hold(values[:, back:], newest)], axis=1)

    def _newest_before(self, origin: Int64, number: Int64, earliest: Int64) -> Int64:
        """Row of the newest value of an interval before some, but not before others, that was known; -1 where there is none.

        Args:
            origin: end of each window, ns UTC, int64 `[n]`.
            number: number of the interval that it lies before, int64 `[n]`.
            earliest: number of the first interval that counts, int64 `[n]`.
        """
        asked = np.clip(number, self.first[0], self.last[-1] + 1)
        row = self._row(asked - 1, np.full_like(asked, len(self._moments)))
        while True:
            near = np.minimum(self.last[np.maximum(row, 0)], number - 1) >= earliest
            there = (row >= 0) & near
            late = there & (self.issued[np.maximum(row, 0)] > origin)
            if not late.any():
                return np.where(there, row, -1)
            row = row - late

    def told(self, first: int, count: int, horizon: int, longest: int = 0) -> Bool:
        """Of which origins in a row any lead was known, as `at` says it, bool `[count]`; nothing is looked up.

        Args:
            first: number of the interval that begins at the first origin.
            count: number of origins.
            horizon: number of leads.
            longest: time for which a value counts where no later one is known, ns.
        """
        begin = np.maximum(self.first - horizon + 1, -(-self.issued // self.interval))
        end = self.last + 1 + (1 + longest // self.interval if longest and not self.filled else 0)
        begin, end = (np.clip(edge - first, 0, count) for edge in (begin, np.maximum(begin, end)))
        changes = np.bincount(begin, minlength=count + 1) - np.bincount(end, minlength=count + 1)
        return np.cumsum(changes)[:count] > 0

    def take(self, rows: Bool | slice) -> Self:
        """The chosen values, in their order."""
        return replace(self, number=self.number[rows], issued=self.issued[rows], value=self.value[rows])

    def within(self, least: float, most: float) -> "Ahead":
        """The values between two numbers, as if the others had not been told; itself where there are no others.

        The last result is kept, as every batch of forecasts asks for the same.
        """
        asked, kept = (least, most), dict(self._right)  # a copy, as another thread may ask as well
        if asked not in kept:
            right = ~((self.value < least) | (self.value > most))  # a missing one was none before either
            kept = {asked: None if right.all() else self.take(right)}
            self._right.clear()
            self._right.update(kept)
        result = kept[asked]
        return self if result is None else result


KnownAhead: TypeAlias = Mapping[str, Ahead]  # by the name of the input
AheadOf: TypeAlias = Callable[[int], KnownAhead]  # what is known now, on the grid of an interval in ns


def nothing_known(_: int) -> KnownAhead:
    """What is known ahead where no input has a source."""
    return {}

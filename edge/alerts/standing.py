"""What is raised of one rule: an array per property, a row per series. No I/O, no clock."""

from dataclasses import dataclass, fields
from typing import TypeAlias

import numpy as np

from edge.contract.columns import Bool, Float64, Int32, Int64

Record: TypeAlias = tuple[int, int, float, int, int, int]
QUIET: Record = (0, 0, 0.0, 0, 0, 0)
UNKNOWN = -1.0  # on disk, in place of a probability that there is not
LEAST_CHANGE = 0.01  # of a probability, below which it is the same for people


@dataclass(frozen=True, slots=True)
class Said:
    """What forecasts say of some series, one row each.

    Args:
        series: index of each, none twice, int32 `[n]`.
        origin: origin of the forecast, ns UTC, int64 `[n]`.
        probability: float64 `[n]`, NaN where it is not known.
        crossing: moments of `crossings`, int64 `[n, 3]`.
        beyond: whether the newest value is already what the rule warns of, bool `[n]`.
        fact: the newest fact, negated where small values raise the alert, float64 `[n]`; NaN where it is missing.
        value: value that is beyond, as of `AlertChange`, float64 `[n]`; NaN where none is.
        measured: start of the interval of `value`, ns UTC, int64 `[n]`; `NEVER` where it is not the newest value.
    """

    series: Int32
    origin: Int64
    probability: Float64
    crossing: Int64
    beyond: Bool
    fact: Float64
    value: Float64
    measured: Int64

    def take(self, rows: Int64 | Bool) -> "Said":
        """Some of the rows."""
        return Said(*(getattr(self, column.name)[rows] for column in fields(self)))


@dataclass(frozen=True, slots=True)
class Limits:
    """When an alert is raised and when it is cleared.

    Args:
        probability: probability from which on it is raised.
        limit: probability below which it can be cleared.
        patience: time for which the probability must stay below that, ns.
    """

    probability: float
    limit: float
    patience: int


class Standing:
    """The alerts of one rule; they begin quiet."""

    def __init__(self) -> None:
        self.since = np.zeros(0, np.int64)  # origin at which it was raised; 0: it is quiet
        self.calm = np.zeros(0, np.int64)  # origin from which on the probability is low; 0: it is not
        self.last = np.zeros(0, np.int64)  # newest origin; 0: none since the start
        self.probability = np.zeros(0)
        self.crossing = np.zeros((0, 3), np.int64)
        self.changed: set[int] = set()  # series of which a restart must know more than before

    @property
    def raised(self) -> Bool:
        """Which series it is raised for, bool `[series]`."""
        is_raised: Bool = self.since > 0
        return is_raised

    def grow(self, series: int) -> None:
        """Make room for so many series."""
        more = series - len(self.since)
        if more > 0:
            self.since, self.calm, self.last = (
                np.append(column, np.zeros(more, np.int64)) for column in (self.since, self.calm, self.last)
            )
            self.probability = np.append(self.probability, np.full(more, np.nan))
            self.crossing = np.concatenate([self.crossing, np.zeros((more, 3), np.int64)])

    def step(self, said: Said, limits: Limits, was_beyond: Bool) -> tuple[Bool, Bool]:
        """Take what the next forecasts say.

        An origin that was seen before changes nothing. Without a probability an alert stays as it is. What two facts in a row
        say is raised, whatever the probability: a forecaster that takes it for a passing one is wrong by then.

        Args:
            said: content of the forecasts; there is room for all of the series.
            limits: limits of the rule.
            was_beyond: whether the fact before the newest one was beyond as well, bool `[n]`.

        Returns:
            Which rows have turned, and which have other numbers while they are raised, bool `[n]` each.
        """
        index, origin, chance = said.series, said.origin, said.probability
        is_new = origin != self.last[index]
        self.last[index] = origin
        was_raised = self.since[index] > 0
        raise_now = is_new & ~was_raised & ((chance >= limits.probability) | (said.beyond & was_beyond))
        is_low = was_raised & is_new & (chance < limits.limit) & ~said.beyond
        is_high = was_raised & is_new & (said.beyond | (chance >= limits.limit))
        before = self.calm[index]
        begins = (before == 0) | (before > origin)  # the second: the clock was set back, and what it had said counts no longer
        calm = np.where(is_high, 0, np.where(is_low & begins, origin, before))
        clear_now = is_low & (origin - calm >= limits.patience)
        self.calm[index] = np.where(clear_now | raise_now, 0, calm)
        self.since[index] = np.where(raise_now, origin, np.where(clear_now, 0, self.since[index]))
        turned = raise_now | clear_now
        self.changed.update(index[turned | (self.calm[index] != before)].tolist())
        with np.errstate(invalid="ignore"):
            is_other = ~(np.abs(chance - self.probability[index]) < LEAST_CHANGE) & ~np.isnan(chance)
        is_other |= (said.crossing != self.crossing[index]).any(axis=1)
        changed = turned | (is_new & was_raised & is_other)
        told = index[changed]
        self.changed.update(told.tolist())
        self.probability[told], self.crossing[told] = chance[changed], said.crossing[changed]
        return turned, changed & ~turned

    def clear(self, series: Int32) -> None:
        """End the alerts of some series, int32 `[n]`."""
        self.since[series], self.calm[series], self.probability[series] = 0, 0, np.nan
        self.crossing[series] = 0
        self.changed.update(series.tolist())

    def record(self, row: int) -> Record:
        """What a restart needs of a series; zeros where it is quiet."""
        if not self.since[row]:
            return QUIET
        chance, moments = float(self.probability[row]), self.crossing[row].tolist()
        return int(self.since[row]), int(self.calm[row]), UNKNOWN if np.isnan(chance) else chance, *moments

    def load(self, row: int, record: Record) -> None:
        """Take back what `record` gave."""
        self.grow(row + 1)
        self.since[row], self.calm[row], chance, *moments = record
        self.probability[row], self.crossing[row] = np.nan if chance == UNKNOWN else chance, moments

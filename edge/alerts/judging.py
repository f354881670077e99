"""Whether an alert was right, once the facts are in: hit, miss or false alarm, and the time that a hit has gained. No I/O.

It happens when a fact lies beyond the threshold after one that did not; it is over when facts have not for `clear_after`.
A warning begins where an alert is raised while it does not happen, and holds for `within`. What happens in that time is
a hit, and what happens without a warning a miss. A warning that nothing followed is a false alarm. An alert that still stands
then, or after it is over, is a new warning.
"""

from dataclasses import dataclass

import numpy as np

from edge.alerts.rule import AlertRule
from edge.alerts.standing import Said
from edge.contract.columns import Bool, Float64, Int32, Int64
from edge.contract.contract import Contract
from edge.contract.times import SECOND


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What turned out, one row for each.

    Args:
        series: index of the series, int32 `[n]`.
        origin: end of the interval that told, ns UTC, int64 `[n]`.
        hit: 1 where a warning was right, else 0, int64 `[n]`.
        miss: 1 where it happened without a warning, else 0, int64 `[n]`.
        false_alarm: 1 where nothing followed a warning, else 0, int64 `[n]`.
        gained: time from the warning to `origin`, seconds; NaN where there is no hit, float64 `[n]`.
    """

    series: Int32
    origin: Int64
    hit: Int64
    miss: Int64
    false_alarm: Int64
    gained: Float64

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.series)


class Course:
    """The lowest fact of the newest intervals of each series, since the start of the agent.

    Args:
        count: number of intervals.
    """

    def __init__(self, count: int) -> None:
        self._facts = np.zeros((0, count), np.float32)  # newest last

    def rise(self, series: Int32, passed: Int64, fact: Float64) -> Float64:
        """How far facts lie above the lowest fact before them; NaN where none is known.

        Args:
            series: index of each, int32 `[n]`.
            passed: number of intervals since the last call for each, int64 `[n]`.
            fact: facts of the newest intervals, float64 `[n]`.
        """
        more = int(series.max(initial=-1)) + 1 - len(self._facts)
        count = self._facts.shape[1]
        if more > 0:
            self._facts = np.concatenate([self._facts, np.full((more, count), np.nan, np.float32)])
        steps = np.clip(passed, 0, count + 1)
        for step in np.unique(steps[steps > 1]).tolist():  # intervals without a forecast
            some = series[steps == step]
            self._facts[some, : count - step + 1] = self._facts[some, step - 1 :]
            self._facts[some, count - step + 1 :] = np.nan
        before = self._facts[series]
        lowest = np.where(np.isnan(before), np.inf, before).min(axis=1)
        self._facts[series, :-1] = before[:, 1:]
        self._facts[series, -1] = fact
        return np.where(np.isfinite(lowest), fact - lowest, np.nan)


class Judging:
    """Judges the alerts of one rule.

    Args:
        rule: rule that tells what will be.
        known: number of series whose first fact can be a miss, as an earlier run has had an eye on them.
    """

    def __init__(self, rule: AlertRule, known: int = 0) -> None:
        self._rule, self.known = rule, known
        self._course: Course | None = None
        self._contract: Contract | None = None
        self.last = np.zeros(0, np.int64)  # newest origin; 0: none since the start
        self.happens = np.zeros(0, bool)
        self.calm = np.zeros(0, np.int64)  # origin from which on it happens no longer; 0: it does, or is over
        self.warned = np.zeros(0, np.int64)  # origin of a warning that holds; 0: there is none
        self.gap = np.zeros(0, bool)  # whether a fact was missing since
        self.changed: set[int] = set()

    def grow(self, series: int) -> None:
        """Make room for so many series."""
        more = series - len(self.last)
        if more > 0:
            self.last, self.calm, self.warned = (
                np.append(column, np.zeros(more, np.int64)) for column in (self.last, self.calm, self.warned)
            )
            self.happens, self.gap = (np.append(column, np.zeros(more, bool)) for column in (self.happens, self.gap))

    def lasts(self, series: Int32) -> Bool:
        """Whether the newest fact of each series that was judged is what the rule warns of, bool `[n]`.

        Args:
            series: index of each, int32 `[n]`.
        """
        newest_is: Bool = self.happens[series] & (self.calm[series] == 0)
        return newest_is

    def step(self, said: Said, before: Bool, after: Bool, contract: Contract) -> Verdicts:
        """Judge what stood before the newest facts, and note what the newest forecasts warn of.

        Args:
            said: content of the forecasts, with the newest facts; no series twice.
            before: True where the alert was raised before, bool `[n]`.
            after: True where it is raised now, bool `[n]`.
            contract: contract of the forecasts.
        """
        index, origin, interval = said.series, said.origin, contract.interval
        span, patience = self._rule.leads(contract) * interval, self._rule.patience(contract)
        is_new = origin != self.last[index]
        is_first = (self.last[index] == 0) & (index >= self.known)
        beyond, before_last = self._beyond(said, contract), self.last[index]
        self.last[index] = np.where(is_new, origin, self.last[index])
        known, is_so = is_new & ~np.isnan(beyond), is_new & (beyond > 0)
        old = self.happens[index], self.calm[index], self.warned[index], self.gap[index]
        happens, gap = old[0].copy(), old[3].copy()
        calm, warned = (np.minimum(column, origin) for column in old[1:3])  # later ones are of a clock that was set back since
        begins = is_so & ~happens & ~is_first
        hit = begins & (warned > 0) & ((origin - interval < warned + span) | before)
        miss = begins & ~hit
        gained = np.where(hit, (origin - warned) / SECOND, np.nan)
        happens |= is_so
        calm[is_so] = 0
        is_calm = known & ~is_so & happens
        calm = np.where(is_calm & (calm == 0), origin, calm)
        is_over = is_calm & (origin - calm >= patience)
        happens[is_over], calm[is_over] = False, 0
        is_late = (before_last > 0) & (origin - before_last > span)
        gap |= is_new & (~known | is_late) & (warned > 0)
        runs_out = is_new & ~hit & (warned > 0) & (origin >= warned + span)
        false_alarm = runs_out & ~gap & ~happens
        warned = np.where(hit | runs_out | miss, 0, warned)
        begins_anew = is_new & after & ~happens & (warned == 0)
        warned = np.where(begins_anew, origin, warned)
        gap &= warned > 0
        gap[begins_anew] = False
        self.happens[index], self.calm[index], self.warned[index], self.gap[index] = happens, calm, warned, gap
        others = (happens != old[0]) | (calm != old[1]) | (warned != old[2]) | (gap != old[3])
        self.changed.update(index[others].tolist())
        rows = hit | miss | false_alarm
        hits, misses, false_alarms = (column[rows].astype(np.int64) for column in (hit, miss, false_alarm))
        return Verdicts(index[rows], origin[rows], hits, misses, false_alarms, gained[rows])

    def record(self, row: int) -> tuple[int, int, int, int]:
        """What a restart needs of a series; zeros where nothing is to be judged."""
        return int(self.happens[row]), int(self.calm[row]), int(self.warned[row]), int(self.gap[row])

    def load(self, row: int, record: tuple[int, int, int, int]) -> None:
        """Take back what `record` gave."""
        self.grow(row + 1)
        happens, self.calm[row], self.warned[row], gap = record
        self.happens[row], self.gap[row] = bool(happens), bool(gap)

    def _beyond(self, said: Said, contract: Contract) -> Float64:
        """1 where the newest fact is what the rule warns of, 0 where it is not, NaN where it is not known."""
        rule = self._rule
        if not rule.is_relative:
            threshold = rule.threshold if rule.is_upward else -rule.threshold
            return np.where(np.isnan(said.fact), np.nan, (said.fact > threshold).astype(np.float64))
        if self._course is None or contract != self._contract:
            self._course, self._contract = Course(rule.leads(contract)), contract
        last = self.last[said.series]
        passed = np.where(last == 0, 1, (said.origin - last) // contract.interval)
        rise = np.full(len(said.series), np.nan)
        some = np.flatnonzero(passed > 0)
        rise[some] = self._course.rise(said.series[some], passed[some], said.fact[some])
        return np.where(np.isnan(rise), np.nan, (rise > rule.threshold).astype(np.float64))

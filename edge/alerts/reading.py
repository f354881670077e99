"""What the forecasts of a step say to one rule. No I/O.

`Ahead` reads the probability that something will be so, `Leaving` the share of the readings outside of their intervals.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Protocol

import numpy as np

from edge.alerts.crossing import NEVER, crossings
from edge.alerts.probability import mirrored, outside, within
from edge.alerts.rule import AlertRule
from edge.alerts.standing import Said
from edge.contract.columns import Bool, Float64, Forecasts, Int32, Int64
from edge.contract.contract import Contract

LEAST_KNOWN = 0.5  # share of the intervals that must have had a reading and a forecast


@dataclass(frozen=True, slots=True)
class Chosen:
    """Rows of forecasts that a rule is about.

    Args:
        forecasts: the forecasts of one forecaster.
        rows: numbers of those rows, one at least, int64 `[n]`.
    """

    forecasts: Forecasts
    rows: Int64

    def facts(self, name: str) -> Float64:
        """A column of the facts, NaN where nobody asked for them, float64 `[n]`."""
        facts = self.forecasts.facts
        if facts is None:
            return np.full(len(self.rows), np.nan)
        column: Float64 = getattr(facts, name)[self.rows]
        return column


class Reader(Protocol):
    """What makes of forecasts what they say."""

    def read(self, chosen: Sequence[Chosen], contract: Contract, raised: Bool) -> Said:
        """What they say, a row for each of the chosen ones in their order; of one series there may be several.

        Args:
            chosen: the rows that the rule is about, one element at least.
            contract: contract of the forecasts.
            raised: True for the series for which the alert is raised, bool `[series]`.
        """


def rounds(series: Int32, origin: Int64) -> Iterator[Int64]:
    """Rows in order of time, so that no series comes twice in one round; as a rule there is one round.

    Args:
        series: index of each row, int32 `[n]`.
        origin: its origin, ns UTC, int64 `[n]`.
    """
    order = np.lexsort((origin, series))
    number = np.arange(len(order))
    is_first = np.append(np.ones(min(1, len(order)), bool), series[order][1:] != series[order][:-1])
    rank = number - np.maximum.accumulate(np.where(is_first, number, 0))
    for turn in range(int(rank.max(initial=-1)) + 1):
        yield order[rank == turn]


class Ahead:
    """Reads the probability that the series will be beyond a threshold.

    Args:
        rule: rule of such a kind.
    """

    def __init__(self, rule: AlertRule) -> None:
        self._rule = rule

    def read(self, chosen: Sequence[Chosen], contract: Contract, raised: Bool) -> Said:
        """As `Reader.read`."""
        number = np.bincount(np.concatenate([each.forecasts.series[each.rows] for each in chosen]), minlength=len(raised))
        wanted = raised | (number > 1)  # what is raised by one forecast of a step has numbers by the next one
        parts = [self._read(each, contract, wanted) for each in chosen]
        return Said(*(np.concatenate([getattr(part, column.name) for part in parts]) for column in fields(Said)))

    def _read(self, chosen: Chosen, contract: Contract, wanted: Bool) -> Said:
        rule, rows, forecasts = self._rule, chosen.rows, chosen.forecasts
        upward, sign = rule.is_upward, 1.0 if rule.is_upward else -1.0
        start = chosen.facts("newest") if rule.is_relative else np.zeros(len(rows))
        threshold = sign * start + (rule.threshold if rule.is_relative else sign * rule.threshold)
        series, origin = forecasts.series[rows], forecasts.origin[rows]
        probability, crossing = np.zeros(len(rows)), np.full((len(rows), 3), NEVER, np.int64)
        fact = sign * chosen.facts("highest" if upward else "lowest")
        beyond = np.zeros(len(rows), bool) if rule.is_relative else fact > threshold
        leads, levels = rule.leads(contract), contract.quantiles
        column = forecasts.values[:, :leads, -1 if upward else 0][rows]
        outermost = column.max(axis=1) if upward else -column.min(axis=1)
        # Most are far from the threshold: beyond the outermost quantile there is too little probability to raise anything.
        rest = 1 - levels[-1] if upward else levels[0]
        needed = wanted[series] | beyond | ~(outermost <= threshold) | np.bool_(rest >= rule.probability)
        some = np.flatnonzero(needed)
        if len(some):
            values = forecasts.values if len(some) == len(forecasts) else forecasts.values[rows[some]]
            median = contract.median
            if not upward:
                values, levels = mirrored(values, levels)
                median = len(levels) - 1 - median
            probability[some] = within(values[:, :leads], levels, threshold[some])
            crossing[some] = crossings(values, median, threshold[some], origin[some], contract.interval)
            crossing[beyond] = NEVER
        value, measured = self._beyond(chosen, beyond, fact, contract.interval)
        return Said(series, origin, probability, crossing, beyond, fact, value, measured)

    def _beyond(self, chosen: Chosen, beyond: Bool, fact: Float64, interval: int) -> tuple[Float64, Int64]:
        """The value of each row that is beyond, and the start of its interval; of several it is the newest that is told."""
        rule, newest, rows = self._rule, chosen.facts("newest"), np.flatnonzero(beyond)
        value, measured = np.full(len(beyond), np.nan), np.full(len(beyond), NEVER, np.int64)
        value[rows] = fact[rows] if rule.is_upward else -fact[rows]
        with np.errstate(invalid="ignore"):
            last = rows[(newest[rows] > rule.threshold) if rule.is_upward else (newest[rows] < rule.threshold)]
        value[last] = newest[last]
        age = chosen.facts("age")[last].astype(np.int64)
        measured[last] = chosen.forecasts.origin[chosen.rows[last]] - (age + 1) * interval
        return value, measured


class Leaving:
    """Reads the share of the newest readings that were outside of the interval that was forecast for them.

    What was forecast is known since the start of the agent alone.

    Args:
        rule: rule of such a kind.
    """

    def __init__(self, rule: AlertRule) -> None:
        self._rule = rule
        self._contract: Contract | None = None
        self._forecast = np.zeros((0, 0))  # quantiles of the next interval
        self._target = np.zeros(0, np.int64)  # origin at which that interval is over
        self._outside = np.zeros((0, 0), np.float32)  # newest last

    def read(self, chosen: Sequence[Chosen], contract: Contract, raised: Bool) -> Said:
        """As `Reader.read`."""
        if contract != self._contract:
            self._begin(contract)
        self._grow(len(raised))
        series = np.concatenate([each.forecasts.series[each.rows] for each in chosen])
        origin = np.concatenate([each.forecasts.origin[each.rows] for each in chosen])
        values = np.concatenate([each.forecasts.values[each.rows, 0] for each in chosen])
        fact = np.concatenate([each.facts("highest") for each in chosen])
        share, is_outside = np.full(len(series), np.nan), np.zeros(len(series), bool)
        for rows in rounds(series, origin):
            share[rows], is_outside[rows] = self._step(contract, series[rows], origin[rows], values[rows], fact[rows])
        never = np.full((len(series), 3), NEVER, np.int64)
        return Said(series, origin, share, never, is_outside, fact, np.full(len(series), np.nan), never[:, 0])

    def _begin(self, contract: Contract) -> None:
        self._contract = contract
        self._forecast = np.zeros((0, len(contract.quantiles)))
        self._target = np.zeros(0, np.int64)
        self._outside = np.zeros((0, self._rule.leads(contract)), np.float32)

    def _grow(self, series: int) -> None:
        more = series - len(self._target)
        if more > 0:
            self._target = np.append(self._target, np.zeros(more, np.int64))
            width = self._forecast.shape[1]
            self._forecast = np.concatenate([self._forecast, np.full((more, width), np.nan)])
            count = self._outside.shape[1]
            self._outside = np.concatenate([self._outside, np.full((more, count), np.nan, np.float32)])

    def _step(self, contract: Contract, series: Int32, origin: Int64, values: Float64, fact: Float64) -> tuple[Float64, Bool]:
        """The share of each series, and whether its newest reading was outside."""
        interval, count = contract.interval, self._outside.shape[1]
        newest = outside(self._forecast[series], contract.quantiles, self._rule.threshold, fact)
        newest = np.where(self._target[series] == origin, newest, np.nan)
        passed = np.where(self._target[series] == 0, 1, (origin - self._target[series]) // interval + 1)
        for step in np.unique(np.clip(passed, 0, count)).tolist():
            some = series[np.clip(passed, 0, count) == step]
            if step:
                kept = self._outside[some, step:]
                self._outside[some] = np.nan
                self._outside[some, : count - step] = kept
        is_next = passed > 0
        self._outside[series[is_next], -1] = newest[is_next]
        self._target[series], self._forecast[series] = origin + interval, values
        known = ~np.isnan(self._outside[series])
        total = np.where(known, self._outside[series], 0).sum(axis=1, dtype=np.float64)
        enough = known.sum(axis=1) >= max(1, LEAST_KNOWN * count)
        share = np.where(enough, total / np.maximum(known.sum(axis=1), 1), np.nan)
        return share, newest == 1.0


def reader_of(rule: AlertRule) -> Reader:
    """What reads forecasts for a rule."""
    return Leaving(rule) if rule.condition == "leaves" else Ahead(rule)

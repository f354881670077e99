"""The newest forecast of one series beside its facts. No I/O."""

from dataclasses import dataclass

import numpy as np

from edge.contract.columns import Float64, Int64, Readings
from edge.contract.grid import Aggregation, aggregate
from edge.contract.meaning import Meaning
from edge.stores.asking.rows import Ahead, level
from flows.commands.looking.standing import Standing

PAST = 48  # intervals of facts that are shown, and as many as are forecast


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is forecast of a series.

    Args:
        standing: the series, and whether it is live.
        ahead: its newest forecast.
        interval: length of an interval, ns.
        facts: facts of the intervals before the first one forecast, float64 `[past]`; NaN where there is none.
        over: length of the time of which its scores count, ns.
    """

    standing: Standing
    ahead: Ahead
    interval: int
    facts: Float64
    over: int

    @property
    def levels(self) -> tuple[float, ...]:
        """Levels of the quantiles, in order."""
        return tuple(number for name in self.ahead.quantiles if (number := level(name)) is not None)

    @property
    def values(self) -> Float64:
        """Forecasts, float64 `[n, quantiles]`."""
        return np.stack(list(self.ahead.quantiles.values()), axis=1)

    @property
    def median(self) -> int:
        """Column of the level that is nearest to 0.5."""
        return int(np.argmin(np.abs(np.asarray(self.levels) - 0.5)))

    @property
    def label(self) -> str:
        """Name of the values: their unit, and of a counter the interval in which they are added."""
        series = self.standing.series
        return Meaning("counter" if series.counter else "gauge", 0, series.unit).label(self.interval)

    @property
    def past(self) -> Int64:
        """Starts of the intervals of the facts, ns UTC, int64 `[past]`."""
        first = int(self.ahead.time[0])
        return first - self.interval * np.arange(len(self.facts), 0, -1)


def past_of(ahead: Ahead, interval: int) -> tuple[int, int]:
    """The time whose facts are shown before a forecast, ns UTC."""
    first = int(ahead.time[0])
    return max(0, first - min(PAST, max(len(ahead.time), 6)) * interval), first


def on_the_grid(time: Int64, value: Float64, span: tuple[int, int], interval: int, aggregation: Aggregation) -> Float64:
    """Facts of every interval of a span, float64 `[intervals]`; NaN where there is no reading.

    Args:
        time: times of the readings, ns UTC, `[n]`.
        value: readings, `[n]`.
        span: first and last moment, the last one left out, ns UTC; whole intervals.
        interval: length of an interval, ns.
        aggregation: rule by which readings of an interval become one value.
    """
    start, stop = (end // interval for end in span)
    facts = np.full(stop - start, np.nan)
    _, number, values = aggregate(Readings(np.zeros(len(time), np.int32), time, value), interval, aggregation)
    inside = (number >= start) & (number < stop)
    facts[number[inside] - start] = values[inside]
    return facts


def interval_of(ahead: Ahead, told: int | None) -> int | None:
    """The interval of a forecast, ns; None where one row alone is there and nobody has told it."""
    if told is not None or len(ahead.time) < 2:
        return told
    return int(np.diff(ahead.time).min())

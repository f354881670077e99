"""The list of series: what stands in a row, what is searched, and in which order. No I/O."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from edge.series.silence import PATIENCE
from edge.stores.asking.rows import Scored

Order: TypeAlias = Literal["attention", "name", "error", "alert", "silence"]
ORDERS: tuple[Order, ...] = get_args(Order)
NAN = math.nan


@dataclass(frozen=True, slots=True)
class Row:
    """What is known of one series.

    Args:
        name: name of the series.
        value: newest reading, in the unit of the series.
        time: moment of it, ns UTC.
        unit: unit of the series; empty where nobody has named it.
        model: version of the bundle, or name of the baseline, that forecast last; empty where nothing did.
        origin: end of the last interval that the newest forecast knows, ns UTC; 0 where there is none.
        error: mean absolute error, in the unit of the series; NaN where nothing was scored.
        naive: the same of the seasonal-naive forecast.
        coverage: share of the facts within the outermost quantiles; NaN where nothing was scored.
        alerts: number of alerts that are on.
    """

    name: str
    value: float
    time: int
    unit: str = ""
    model: str = ""
    origin: int = 0
    error: float = NAN
    naive: float = NAN
    coverage: float = NAN
    alerts: int = 0

    @property
    def gain(self) -> float:
        """How far the error is below that of the seasonal-naive forecast, a share, as `Scored` has it; NaN for None."""
        gain = Scored(0, self.error, self.naive).gain
        return NAN if gain is None else gain


def is_silent(row: Row, now: int, interval: int) -> bool:
    """Whether the readings of a series have stopped: none for as many intervals as an agent waits at most."""
    return interval > 0 and now - row.time > PATIENCE * interval


def matching(rows: Sequence[Row], search: str) -> list[Row]:
    """The rows whose name has every word of the search, in any case and order."""
    words = search.casefold().split()
    return [row for row in rows if all(word in row.name.casefold() for word in words)]


def ordered(rows: Sequence[Row], order: Order, now: int, interval: int) -> list[Row]:
    """The rows in an order; those that are equal, by name.

    Args:
        rows: rows of the list.
        order: `attention`: alerts, then silence, then the largest error; `name`; `error`: the smallest gain first, as errors of
            different units cannot be compared; `alert`: alerts first; `silence`: the longest silence first.
        now: time that is now, ns UTC.
        interval: length of an interval, ns; 0 where it is not known.
    """

    def worst(row: Row) -> float:
        return math.inf if math.isnan(row.gain) else row.gain

    keys: dict[Order, Callable[[Row], tuple[float, ...]]] = {
        "attention": lambda row: (-row.alerts, -is_silent(row, now, interval), worst(row)),
        "name": lambda _: (),
        "error": lambda row: (worst(row),),
        "alert": lambda row: (-row.alerts,),
        "silence": lambda row: (row.time,),
    }
    key = keys[order]
    return sorted(rows, key=lambda row: (*key(row), row.name))


@dataclass(frozen=True, slots=True)
class Standing:
    """How the fleet stands.

    Args:
        series: number of series.
        scored: number of those whose forecasts were scored.
        ahead: number of those with a smaller error than the seasonal-naive forecast.
        gain: median of the gains, a share; NaN where nothing was scored.
        coverage: mean of the coverages, a share; NaN where nothing was scored.
        silent: number of series whose readings have stopped.
        alerts: number of alerts that are on.
    """

    series: int
    scored: int
    ahead: int
    gain: float
    coverage: float
    silent: int
    alerts: int


def standing(rows: Sequence[Row], now: int, interval: int) -> Standing:
    """How the fleet stands; arguments as of `ordered`."""
    gains = sorted(row.gain for row in rows if not math.isnan(row.gain))
    shares = [row.coverage for row in rows if not math.isnan(row.coverage)]
    middle = len(gains) // 2
    median = NAN if not gains else gains[middle] if len(gains) % 2 else (gains[middle - 1] + gains[middle]) / 2
    return Standing(
        len(rows),
        len(gains),
        sum(gain > 0 for gain in gains),
        median,
        sum(shares) / len(shares) if shares else NAN,
        sum(is_silent(row, now, interval) for row in rows),
        sum(row.alerts for row in rows),
    )

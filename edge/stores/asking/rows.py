"""What is told of a series, and over which time its errors count: on the page and in the commands the same. No I/O."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from edge.contract.columns import Float64, Int64
from edge.contract.times import DAY, UNITS

SCORED_INTERVALS = 24
LEAST_INTERVALS = 6
MOST_SCORES = 2_000_000  # rows of which means are made at once; of more series fewer intervals count
LEADS = 4  # as many leads as agents score without a setting
HEARD = 400 * DAY  # a series that is silent for longer does not make the time shorter
USUAL = UNITS["h"]  # an interval where no forecast tells one
QUANTILE = re.compile(r"q\d{1,2}(_\d{1,6})?", re.ASCII)  # name of the column of a quantile


@dataclass(frozen=True, slots=True)
class Newest:
    """A series with its newest reading and forecast.

    Args:
        name: name of the series.
        time: time of its newest reading, ns UTC.
        value: value of that reading; NaN where it is no number.
        unit: unit of its values; empty where nobody has told it.
        counter: whether its forecasts are what is added in an interval.
        origin: end of the last interval that its newest forecast knew, ns UTC; None where it has no forecast.
        model: version or baseline that made this forecast; empty where it has none.
        interval: length of its intervals, ns; None where its forecasts do not tell it.
    """

    name: str
    time: int
    value: float
    unit: str = ""
    counter: bool = False
    origin: int | None = None
    model: str = ""
    interval: int | None = None

    @classmethod
    def of_cells(cls, name: str, time: int, cells: Mapping[str, object]) -> Self:
        """A series as a store has it, whatever another program has written into its columns.

        Args:
            name: name of the series.
            time: time of its newest reading, ns UTC.
            cells: cells `value`, `unit`, `counter`, `target`, `origin`, `lead` and `model`, as far as there are some.
        """
        value, unit, model = cells.get("value"), cells.get("unit"), cells.get("model")
        target, origin, interval = cells.get("target"), cells.get("origin"), None
        if not isinstance(target, int) or not isinstance(origin, int):
            origin = model = None
        elif cells.get("lead") == 2 and target > origin:  # the interval behind the first one
            interval = target - origin
        return cls(
            name,
            time,
            float(value) if isinstance(value, int | float) else math.nan,
            unit if isinstance(unit, str) else "",
            cells.get("counter") == 1,
            origin if isinstance(origin, int) else None,
            model if isinstance(model, str) else "",
            interval,
        )


@dataclass(frozen=True, slots=True)
class Scored:
    """How good the forecasts of a series were over some time; only scores that have both errors count.

    Args:
        count: number of scores.
        error: mean absolute error, in the unit of the series.
        naive: the same of the seasonal-naive forecast, over the same moments.
        coverage: share of the facts within the outermost quantiles; NaN where that is not known.
    """

    count: int
    error: float
    naive: float
    coverage: float = math.nan

    @property
    def gain(self) -> float | None:
        """1 - error ÷ seasonal-naive error; minus infinity where only that is 0; None where both are 0, or one is unknown."""
        if not (math.isfinite(self.error) and math.isfinite(self.naive)):
            return None
        if self.naive > 0:
            return 1 - self.error / self.naive
        return -math.inf if self.error > 0 else None


def usual_interval(known: Iterable[Newest], fleet: int | None) -> int | None:
    """The interval that most series have, ns, else that of the fleet; None where nobody has told one."""
    counted = Counter(series.interval for series in known if series.interval is not None)
    return counted.most_common(1)[0][0] if counted else fleet


def scored_over(known: Iterable[Newest], interval: int | None, over: int | None = None) -> tuple[int, int]:
    """The time of which scores count, first moment and the first one after it, ns UTC; it ends with the newest reading.

    Args:
        known: all series of the store.
        interval: usual length of an interval, ns; None where nobody has told it.
        over: length that the user wants, ns; None: a day, or 24 intervals where that is longer; where that would be more than
            two million scores, fewer intervals, six at least.
    """
    times = [series.time for series in known]
    end, step = max(times, default=0), interval or USUAL
    heard = sum(time >= end - HEARD for time in times)
    affordable = max(LEAST_INTERVALS, MOST_SCORES // max(1, heard * LEADS)) * step
    length = over or min(max(DAY, SCORED_INTERVALS * step), affordable)
    return max(0, end + 1 - length), end + 1


@dataclass(frozen=True, slots=True)
class Ahead:
    """The newest forecasts of a series from a moment on.

    Args:
        time: starts of the intervals that are forecast, in order, ns UTC, `[n]`.
        origin: origin of the forecast of each interval, ns UTC, `[n]`: intervals far ahead may have an older one.
        lead: lead of each interval, from 1 on, `[n]`.
        quantiles: forecasts by the name of the column, such as `q50`, in order of the levels, `[n]` each.
        model: version or baseline that made the forecast of the first interval.
    """

    time: Int64
    origin: Int64
    lead: Int64
    quantiles: dict[str, Float64]
    model: str


def level(column: str) -> float | None:
    """Level of the quantile that a column holds, such as 0.025 of `q2_5`; None where it holds none."""
    return float(column[1:].replace("_", ".")) / 100 if QUANTILE.fullmatch(column) else None

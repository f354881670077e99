"""One series: fact, forecast with its quantiles, and how good earlier forecasts were. No I/O."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from edge.contract.columns import Float64, Int64
from edge.stores.asking.answer import Answer
from edge.stores.asking.rows import level

MEDIAN = 0.5


@dataclass(frozen=True, slots=True)
class Fan:
    """Forecasts of one series, the newest of each moment.

    Args:
        time: beginning of each interval, ns UTC, int64 `[n]`.
        levels: levels of the quantiles in rising order, shares.
        values: quantiles, float64 `[n, levels]`; NaN where one is not known.
        origin: end of the last interval that each forecast knows, ns UTC, int64 `[n]`.
    """

    time: Int64
    levels: tuple[float, ...]
    values: Float64
    origin: Int64

    def __len__(self) -> int:
        """Number of moments."""
        return len(self.time)

    @property
    def median(self) -> Float64:
        """The median, float64 `[n]`; NaN where it is not stored."""
        if MEDIAN not in self.levels:
            return np.full(len(self), np.nan)
        middle: Float64 = self.values[:, self.levels.index(MEDIAN)]
        return middle

    def ahead(self, now: int) -> "Fan":
        """The forecasts of the intervals that end after a moment, ns UTC, as far as one newest origin has made them."""
        coming = self.time >= now
        return Fan(self.time[coming], self.levels, self.values[coming], self.origin[coming])


def fan_of(answer: Answer, fields: Sequence[str]) -> Fan:
    """The forecasts of one series.

    Args:
        answer: rows of the measurement `forecast` in order of time, with `origin` and these fields.
        fields: quantiles in the order of their levels.
    """
    columns = [answer.numbers(field) for field in fields]
    values = np.stack(columns, axis=1) if columns else np.zeros((len(answer), 0))
    known = np.nan_to_num(answer.numbers("origin"), nan=0.0).astype(np.int64)
    return Fan(answer.time, tuple(number for field in fields if (number := level(field)) is not None), values, known)


@dataclass(frozen=True, slots=True)
class LeadRow:
    """How good the forecasts of one lead were.

    Args:
        lead: number of intervals ahead.
        error: mean absolute error, in the unit of the series.
        naive: the same of the seasonal-naive forecast.
        coverage: share of the facts within the outermost quantiles.
        count: number of forecasts that were scored.
    """

    lead: int
    error: float
    naive: float
    coverage: float
    count: int


def leads_of(answer: Answer) -> tuple[LeadRow, ...]:
    """The errors by lead.

    Args:
        answer: rows of the measurement `forecast_score` of one series.
    """
    lead = np.nan_to_num(answer.numbers("lead"), nan=0.0).astype(np.int64)
    columns = [answer.numbers(name) for name in ("absolute_error", "baseline_absolute_error", "covered")]
    counts = (lead > 0) & np.isfinite(columns[0]) & np.isfinite(columns[1])  # as in `rows.Scored`
    rows = []
    for number in np.unique(lead[counts]).tolist():
        own = counts & (lead == number)
        error, naive, coverage = (_mean(column[own]) for column in columns)
        rows.append(LeadRow(number, error, naive, coverage, int(own.sum())))
    return tuple(rows)


def _mean(values: Float64) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else math.nan


@dataclass(frozen=True, slots=True)
class Detail:
    """One series.

    Args:
        name: name of the series.
        span: first moment that is shown, and now, ns UTC.
        fact_time: moment of each fact, ns UTC, int64 `[n]`.
        facts: means of the readings in steps of time, float64 `[n]`.
        fan: forecasts of what is shown and of what is to come.
        leads: errors by lead.
        anomalies: moment, ns UTC, and value of each interval that the forecasts had not expected.
    """

    name: str
    span: tuple[int, int]
    fact_time: Int64
    facts: Float64
    fan: Fan
    leads: tuple[LeadRow, ...] = ()
    anomalies: tuple[tuple[int, float], ...] = ()

    def extreme(self, *, highest: bool) -> tuple[int, float] | None:
        """Time and value of the highest or the lowest median from now on; None where there is no forecast."""
        coming = self.fan.ahead(self.span[1])
        median = coming.median
        known = np.flatnonzero(np.isfinite(median))
        if not len(known):
            return None
        best = known[np.argmax(median[known]) if highest else np.argmin(median[known])]
        return int(coming.time[best]), float(median[best])


def spacing(time: Int64) -> int:
    """The usual distance of moments, ns; 0 where there are fewer than two."""
    steps = [later - earlier for earlier, later in pairwise(time.tolist())]
    return int(np.median(steps)) if steps else 0

"""What is told of a series: rows of one store or another. No I/O."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from edge.contract.columns import Float64, Int64

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
            float(value) if isinstance(value, int | float) else float("nan"),
            unit if isinstance(unit, str) else "",
            cells.get("counter") == 1,
            origin if isinstance(origin, int) else None,
            model if isinstance(model, str) else "",
            interval,
        )


@dataclass(frozen=True, slots=True)
class Scored:
    """How good the forecasts of a series were over some time.

    Args:
        count: number of scores.
        error: mean absolute error, in the unit of the series.
        naive: the same of the seasonal-naive forecast, over the same moments.
    """

    count: int
    error: float
    naive: float


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

"""Forecasts without training, which every model has to beat.

A baseline has the interface of a model, `Forecaster`. It gives the median only; the other quantiles are NaN, because it
does not know them.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from edge.contract.columns import Bool, Float64, Int32, Int64
from edge.contract.contract import Context, Contract
from edge.forecaster.level import is_known, level
from edge.forecaster.outliers import without_outliers


@dataclass(frozen=True, slots=True)
class Baseline:
    """Mean of the values one season, two seasons … before the target, or the last value.

    A value that has left the window's intervals is drawn between the middles of the spans that hold it. Where all values are
    missing, the last value of the window is taken; a window without any value gives NaN.

    Args:
        name: such as `seasonal_naive_day`.
        contract: shape and grid.
        season: length of a season in intervals; None for the last value.
        seasons: number of seasons to average.
    """

    name: str
    contract: Contract
    season: int | None = None
    seasons: int = 1
    intervals: ClassVar[bool] = False

    def predict(self, windows: Float64, series: Int32, context: Context | None = None) -> Float64:
        """As `Forecaster.predict`; neither the series nor its context is used."""
        del series, context
        horizon = self.contract.horizon
        forecasts = np.full((len(windows), horizon, len(self.contract.quantiles)), np.nan)
        windows = without_outliers(windows)
        counts = is_known(windows)
        last = np.where(counts.any(axis=1), level(windows), np.nan)[:, None]
        if self.season is None:
            forecasts[:, :, self.contract.median] = last
            return forecasts
        back = self.season * np.arange(1, self.seasons + 1) - (np.arange(horizon) % self.season)[:, None]
        values = drawn_values(windows, counts, self.contract, back)
        known = np.isfinite(values)
        count = known.sum(axis=2)
        mean = np.where(known, values, 0).sum(axis=2) / np.maximum(count, 1)
        forecasts[:, :, self.contract.median] = np.where(count > 0, mean, last)
        return forecasts

    def self_test(self) -> None:
        """As `Forecaster.self_test`; a baseline is code of this package, and no forecasts came with it."""


def drawn_values(windows: Float64, counts: Bool, contract: Contract, back: Int64) -> Float64:
    """What windows tell of some intervals, float64 `[n, ...]`; NaN where it is missing.

    Where one of the two columns that a value is drawn between is missing, the other one stands for it.

    Args:
        windows: float64 `[n, columns]`, newest last.
        counts: values that count, bool `[n, columns]`.
        contract: columns of the windows.
        back: distance of each interval from the origin, 1 for the newest one before it, int64 `[...]`.
    """
    newer, older, share = contract.drawn(back)
    values = np.where((newer >= 0) & counts[:, newer], windows[:, newer], np.nan)
    if not contract.coarse:
        return values
    before = np.where((older >= 0) & counts[:, older], windows[:, older], np.nan)
    both = values + share * (before - values)
    return np.where(np.isfinite(both), both, np.where(np.isfinite(values), values, before))


SEASONAL = (  # name, days of a season, number of seasons
    ("seasonal_naive_day", 1, 1),
    ("seasonal_naive_week", 7, 1),
    ("mean_of_3_days", 1, 3),
    ("mean_of_7_days", 1, 7),
)
BASELINES = ("last_value", *(name for name, _, _ in SEASONAL))


def baselines(contract: Contract) -> tuple[Baseline, ...]:
    """Every baseline that the window is long enough for; the last value always is."""
    fitting = [Baseline("last_value", contract)]
    for name, days, seasons in SEASONAL:
        season = contract.season(days)
        if season is not None and season * seasons <= contract.covered:
            fitting.append(Baseline(name, contract, season, seasons))
    return tuple(fitting)


def baseline(name: str, contract: Contract) -> Baseline | None:
    """The baseline of that name, or None where the contract has no room for it."""
    return next((fitting for fitting in baselines(contract) if fitting.name == name), None)


def seasonal_naive(contract: Contract) -> Baseline:
    """The baseline that scores are compared with: the same time yesterday, or the last value where a day does not fit."""
    return baseline("seasonal_naive_day", contract) or Baseline("last_value", contract)

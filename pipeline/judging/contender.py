"""Who is measured: a forecaster, how it knows the series of a table, and the series that a baseline forecasts in its place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from edge.contract.columns import Bool, Float64, Int32
from edge.contract.contract import Context, Contract
from edge.contract.meaning import Meaning
from edge.forecaster.baselines import Baseline
from edge.forecaster.bounds import bounded, limits_of
from edge.forecaster.bundle import Bundle
from edge.forecaster.forecaster import Forecaster
from edge.forecaster.learned import NO_BASELINES, NO_MEANINGS, Choice


@dataclass(frozen=True, slots=True)
class Contender:
    """A forecaster and how it knows the series of the table.

    Args:
        forecaster: a model or a baseline.
        series: its index of every series of the table, 0 = unknown, int32 `[series]`.
        baselines: baselines that forecast some series in its place.
        chosen: position in `baselines` of the one that forecasts each series, -1 where the forecaster does, int32 `[series]`.
        limits: lowest value, highest value and idle distance of every series, float64 `[series, 3]`.
    """

    forecaster: Forecaster
    series: Int32
    baselines: tuple[Baseline, ...]
    chosen: Int32
    limits: Float64

    def predict(self, windows: Float64, rows: Int32, context: Context | None = None) -> Float64:
        """Forecast every window as a device would, float64 `[n, horizon, quantiles]`; a baseline gives the median only.

        Args:
            windows: float64 `[n, window]`.
            rows: row of the table of each window, int32 `[n]`.
            context: facts known beside each window; a forecaster whose contract has inputs needs it.
        """
        forecasts = self.forecaster.predict(windows, self.series[rows], context)
        for number, simple in enumerate(self.baselines):
            own = self.chosen[rows] == number
            if own.any():
                forecasts[own] = simple.predict(windows[own], rows[own])
        return bounded(forecasts, windows[:, -self.forecaster.contract.window :], self.limits[rows])

    def gives_intervals(self, rows: Int32) -> Bool:
        """Whether a forecast of each of these series has all quantiles, bool `[n]`."""
        return (self.chosen[rows] < 0) & self.forecaster.intervals


def series_index(names: Sequence[str], known: Sequence[str]) -> Int32:
    """The index a model has for each name: 1 + its position in the manifest's list, or 0 where it is not listed.

    Args:
        names: names of the series of the table.
        known: the manifest's `series`.
    """
    index = {name: row + 1 for row, name in enumerate(known)}
    return np.array([index.get(name, 0) for name in names], np.int32)


def contender(
    forecaster: Forecaster,
    names: Sequence[str],
    known: Sequence[str] = (),
    baselines: Mapping[str, str] = NO_BASELINES,
    meanings: Mapping[str, Meaning] = NO_MEANINGS,
) -> Contender:
    """A forecaster with its own list of series, matched by name; a baseline needs none.

    Args:
        forecaster: a model or a baseline.
        names: names of the series of the table.
        known: the manifest's `series`.
        baselines: the manifest's `baselines`.
        meanings: the manifest's `meanings`, whose bounds the forecasts keep to.
    """
    choice = Choice(baselines, forecaster.contract)
    limits = limits_of(meanings, names)
    return Contender(forecaster, series_index(names, known), choice.baselines, choice.numbers(names), limits)


def on_device(forecaster: Forecaster, bundle: Bundle, names: Sequence[str]) -> Contender:
    """A forecaster as a device would run it with a bundle: with the bundle's series, baselines and bounds.

    Args:
        forecaster: the bundle's model or baseline.
        bundle: bundle that the forecaster comes from.
        names: names of the series of the table.
    """
    said = bundle.manifest
    return contender(forecaster, names, said.series, said.baselines, said.meanings)


def comparable(first: Contract, second: Contract) -> bool:
    """Whether forecasts of the two mean the same intervals; window and quantiles may differ."""
    return (first.interval, first.horizon, first.aggregation) == (second.interval, second.horizon, second.aggregation)

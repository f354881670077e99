"""Trained networks and simple forecasts, mixed and calibrated on the validation part."""

from typing import TYPE_CHECKING

import numpy as np

from edge.contract.columns import Float32, Float64
from edge.contract.contract import Contract
from edge.forecaster.level import level
from pipeline.history.windows import Samples, evenly
from pipeline.mixture.calibration import Calibration, factors, last_days
from pipeline.mixture.linear import Linear, centred, filled, fit_linear
from pipeline.mixture.weights import PARTS, choose_weights, independent, mixed
from pipeline.training.architecture import Architecture
from pipeline.training.build import assemble, forecast, restore
from pipeline.training.fit import series_scale
from pipeline.training.settings import Settings

if TYPE_CHECKING:
    from pipeline.training.members import Members


def mix(
    architecture: Architecture,
    contract: Contract,
    members: list[list[Float32]],
    training: Samples,
    validation: Samples,
    settings: Settings,
) -> "Members":
    """Trained networks as one, with what the validation part adds: weights of simple forecasts, and intervals that hold.

    Args:
        architecture: cell, design and sizes of the networks.
        contract: shapes and levels.
        members: weights, from `fit_members`.
        training: windows that the linear forecast is fitted to.
        validation: later windows, that nothing was fitted to.
        settings: number of validation windows.
    """
    networks = [restore(architecture, contract, len(validation.values), weights) for weights in members]
    held = evenly(len(validation), settings.validation_windows)
    windows, facts, origin = validation.windows(held, contract), validation.targets(held, contract), validation.origin[held]
    rows, context = validation.series[held], validation.context(held, contract)
    scale = np.nan_to_num(series_scale(training, contract))
    linear = fit_linear(training, validation, contract, scale)
    plain = assemble(networks, Calibration.of(contract, len(scale)))
    # Every window comes twice, first as one of an unknown series: a new sensor is forecast so until the next training.
    weights, widened = np.zeros((1 + len(scale), len(PARTS))), []
    count = independent(int(origin.max() - origin.min()), contract)
    for series in (np.zeros_like(rows), rows + np.int32(1)):
        quantiles = forecast(plain, windows, series, context)
        median = quantiles[:, :, contract.median]
        parts = np.stack([median, *simple(linear, contract, windows, median)])
        fleet, own = choose_weights(parts, facts, rows, scale, count)
        if series.any():
            weights[1:] = own
        else:
            weights[0] = fleet
        chosen = weights[series]
        widened.append(factors(quantiles + (mixed(parts, chosen) - median)[:, :, None], facts, origin, contract))
    return assemble(networks, Calibration(weights, linear.weights, np.stack(widened)))


def simple(linear: Linear, contract: Contract, windows: Float64, median: Float64) -> tuple[Float64, Float64, Float64]:
    """The simple forecasts that may have a weight, in the order of `weights.PARTS`, float64 `[n, horizon]` each.

    Args:
        linear: fitted linear forecast.
        contract: shape and grid.
        windows: float64 `[n, window]`.
        median: forecasts of the network, which stand where a simple one has none, float64 `[n, horizon]`.
    """
    inputs = centred(windows, np.zeros(len(windows), np.int32), np.zeros(0))
    moves = filled(inputs.values) @ linear.weights * inputs.unit
    last = level(windows)[:, None]
    days = last_days(contract)
    usual = median
    if days is not None:
        usual = days.predict(windows, np.zeros(len(windows), np.int32))[:, :, contract.median]
    return last + moves, np.where(np.isfinite(usual), usual, median), np.broadcast_to(last, median.shape)

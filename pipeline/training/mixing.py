"""Trained networks and simple forecasts, mixed and calibrated on the validation part."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edge.contract.columns import Float32, Float64, Int32
from edge.contract.contract import Context, Contract
from edge.forecaster.level import level
from pipeline.history.windows import Samples, evenly
from pipeline.mixture.calibration import Calibration, factors, last_days
from pipeline.mixture.linear import centred, filled, fit_linear, moved, thin
from pipeline.mixture.weights import PARTS, choose_weights, independent, mixed
from pipeline.training.architecture import Architecture
from pipeline.training.build import assemble, forecast, restore
from pipeline.training.fit import series_scale
from pipeline.training.settings import Fit, Settings

if TYPE_CHECKING:
    from pipeline.training.members import Members


MOST_FACTS = 1_000_000  # of the validation part, windows times leads: all forecasts of them are in memory at once


def mix(
    architecture: Architecture,
    contract: Contract,
    trained: Fit,
    training: Samples,
    validation: Samples,
    settings: Settings,
) -> "Members":
    """Trained networks as one, with what the validation part adds: weights of simple forecasts, and intervals that hold.

    Args:
        architecture: cell, design and sizes of the networks.
        contract: shapes and levels.
        trained: networks, from `fit_members`.
        training: windows that the linear forecast is fitted to.
        validation: later windows, that nothing was fitted to.
        settings: number of validation windows.
    """
    count = len(validation.values)
    networks = [restore(architecture, contract, count, weights) for weights in trained.members]
    others = [restore(architecture, contract.untold, count, weights) for weights in trained.untold]
    held = evenly(len(validation), min(settings.validation_windows, max(1, MOST_FACTS // contract.horizon)))
    windows, facts, origin = validation.windows(held, contract), validation.targets(held, contract), validation.origin[held]
    rows, context = validation.series[held], validation.context(held, contract)
    scale = np.nan_to_num(series_scale(training, contract))
    linear = thin(fit_linear(training, validation, contract, scale))
    plain, parts = assemble(networks, Calibration.of(contract, count), others), simple(linear, contract, windows)
    judged = _Judged(windows, facts, rows, scale, independent(int(origin.max() - origin.min()), contract))
    weights, widened = _chosen(plain, parts, judged, context)
    # A device without the coming values of inputs has forecasts of another quality, and so has the network there.
    untold = _chosen(plain, parts, judged, Context(context.origin)) if contract.known else None
    return assemble(networks, Calibration(weights, linear, widened, untold), others)


@dataclass(frozen=True, slots=True)
class _Judged:
    """What weights and factors are chosen on.

    Args:
        windows: windows of the validation part, float64 `[n, columns]`.
        facts: values that they are to forecast, float64 `[n, horizon]`, NaN for missing.
        rows: row of the series of each window, int32 `[n]`.
        scale: spread of every series in the training part, float64 `[series]`.
        count: number of independent forecasts among them.
    """

    windows: Float64
    facts: Float64
    rows: Int32
    scale: Float64
    count: float


def _chosen(plain: "Members", others: Float64, judged: _Judged, context: Context) -> tuple[Float64, Float32]:
    """Weights of the simple forecasts and factors of the steps, as `Calibration` has them.

    Args:
        plain: networks alone.
        others: simple forecasts, float64 `[parts, n, horizon]`.
        judged: windows and facts.
        context: facts known beside the windows.
    """
    contract, rows = plain.contract, judged.rows
    # Every window comes twice, first as one of an unknown series: a new sensor is forecast so until the next training.
    weights, widened = np.zeros((1 + len(judged.scale), len(PARTS))), []
    for known in (False, True):
        series = rows + np.int32(1) if known else np.zeros_like(rows)
        quantiles = forecast(plain, judged.windows, series, context)
        median = quantiles[:, :, contract.median]
        parts = np.stack([median, *(np.where(np.isfinite(other), other, median) for other in others)])
        fleet, own = choose_weights(parts, judged.facts, rows, judged.scale, judged.count)
        if known:
            weights[1:] = own
        else:
            weights[0] = fleet
        moved = mixed(parts, weights[series]) - median
        widened.append(factors(quantiles + moved[:, :, None], judged.facts, judged.count, contract))
    return weights, np.stack(widened)


def simple(linear: Sequence[Float64], contract: Contract, windows: Float64) -> Float64:
    """The simple forecasts that may have a weight, in the order of `weights.PARTS`, float64 `[parts, n, horizon]`.

    NaN where one has no forecast.

    Args:
        linear: factors of the linear forecast, from `linear.thin`.
        contract: shape and grid.
        windows: float64 `[n, columns]`.
    """
    unknown, days = np.zeros(len(windows), np.int32), last_days(contract)
    inputs = centred(windows, unknown, np.zeros(0))
    last = level(windows)[:, None]
    ahead = last + moved(filled(inputs.values), linear) * inputs.unit
    nothing = np.full(ahead.shape, np.nan)
    usual = nothing if days is None else days.predict(windows, unknown)[:, :, contract.median]
    return np.stack([ahead, usual, np.broadcast_to(last, ahead.shape)])

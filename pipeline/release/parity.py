"""The proof that a converted model forecasts as the network did."""

import hashlib
from dataclasses import dataclass

import numpy as np

from edge.contract.columns import Float64, Int32
from edge.contract.contract import Context
from edge.errors import BundleError
from edge.forecaster.forecaster import Forecaster
from edge.forecaster.golden import Golden
from edge.forecaster.level import level, relative
from edge.forecaster.manifest import ModelFile, Precision
from edge.forecaster.model import TOLERANCE, Model, relative_error, runtime_name
from edge.forecaster.outliers import without_outliers
from pipeline.history.windows import evenly
from pipeline.training.architecture import Architecture

MOST_GOLDEN = 16
FEW_STEPS = 4  # steps of float64 that two forecasts of one level may lie apart


@dataclass(frozen=True, slots=True)
class Pairs:
    """Windows, and the forecasts that the network made of them before conversion.

    Args:
        windows: real windows with their gaps, float64 `[n, window]`.
        series: index of the series of each window, 0 = unknown, int32 `[n]`.
        forecasts: the network's forecasts, float64 `[n, horizon, quantiles]`.
        units: spread of the series of each window, float64 `[n]`; None where it is not known.
        context: facts known beside each window; None for networks whose contract has no inputs.
    """

    windows: Float64
    series: Int32
    forecasts: Float64
    units: Float64 | None = None
    context: Context | None = None


def model_file(content: bytes, architecture: Architecture, parameters: int, precision: Precision = "float32") -> ModelFile:
    """Facts of a converted model for its manifest; it is verified on the runtime that is installed here."""
    return ModelFile(
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
        cell=architecture.cell,
        design=architecture.design,
        units=architecture.units,
        parameters=parameters,
        runtime=runtime_name(),
        precision=precision,
    )


def golden(
    forecaster: Forecaster,
    windows: Float64,
    series: Int32,
    units: Float64 | None = None,
    context: Context | None = None,
) -> Golden:
    """Inputs and outputs for the self-test on the device.

    Args:
        forecaster: the converted model.
        windows: float64 `[n, window]`; at most 16, evenly chosen, are kept.
        series: int32 `[n]`.
        units: spread of the series of each window, in which the device judges differences, float64 `[n]`; None: unknown.
        context: facts known beside each window; kept where the forecaster needs it.

    Raises:
        BundleError: a forecast is not finite.
    """
    chosen = evenly(len(windows), MOST_GOLDEN)
    # Without their levels, since differences within the rounding of float32 do not count on the device.
    windows = without_outliers(windows[chosen])
    windows = relative(windows, level(windows)).astype(np.float64)
    context = context.take(chosen) if context is not None and forecaster.contract.inputs else None
    forecasts = forecaster.predict(windows, series[chosen], context)
    if not np.isfinite(forecasts).all():
        raise BundleError(f"expected finite golden forecasts from {forecaster.name}; got NaN")
    origins, known = (None, None) if context is None else (context.origin, context.known(forecaster.contract))
    units = None if units is None else units[chosen]
    return Golden.of(windows, series[chosen], forecasts, units, origins, known)


def parity(pairs: Pairs, model: Model, leads: int | None = None) -> float:
    """Compare a model on the device runtime with the network it was made from, at batch 1 and batch 64.

    Args:
        pairs: windows and forecasts of the network; without units, the unit is the spread of all the forecasts.
        model: the converted model.
        leads: number of leads that are compared; None: all.

    Returns:
        Largest error as a share of the spread, as `edge.forecaster.model.relative_error` says it.

    Raises:
        BundleError: it is too large, or a forecast is NaN.
    """
    expected, windows, series, context = pairs.forecasts, pairs.windows, pairs.series, pairs.context
    levels = level(without_outliers(windows))[:, None, None]
    rounding = FEW_STEPS * np.spacing(np.abs(expected))  # of the float64 that holds level and distance together
    error = 0.0
    for batch in (1, 64):
        parts = [slice(start, start + batch) for start in range(0, len(windows), batch)]
        forecasts = np.concatenate(
            [model.predict(windows[part], series[part], context and context.take(part)) for part in parts]
        )
        forecasts = np.where(np.abs(forecasts - expected) <= rounding, expected, forecasts)
        error = float(np.maximum(error, relative_error(expected - levels, forecasts - levels, windows, leads, pairs.units)))
    if not error <= TOLERANCE[model.precision]:
        raise BundleError(
            f"{model.name} does not forecast as its network: expected an error of at most {TOLERANCE[model.precision]:g} "
            f"of the spread, got {error:.3g}"
        )
    return error

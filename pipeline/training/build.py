"""Recurrent forecasters: one builder makes all of them from the table of cells.

The `segment` design follows SegRNN (Lin et al. 2023): the window is cut into segments, a recurrent layer runs over
them, and every segment of the horizon is decoded in parallel from the last state. `plain` is the textbook form, one
recurrent step per interval. TensorFlow is imported when a network is built.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from edge.contract.columns import Float32, Float64, Int32
from edge.contract.contract import Context, Contract
from edge.forecaster.level import level, relative
from edge.forecaster.outliers import without_outliers
from pipeline.mixture.calibration import Calibration
from pipeline.training.architecture import Architecture, begins

if TYPE_CHECKING:
    from pipeline.training.members import Members
    from pipeline.training.network import Network


def build(architecture: Architecture, contract: Contract, series_scale: Float64) -> "Network":
    """A network with fresh weights.

    It takes `window` float32 `[batch, columns]`, NaN for missing, and `series` int32 `[batch]`, and gives
    float32 `[batch, horizon, quantiles]`, all in the sensor's unit.

    Args:
        architecture: cell, design and sizes.
        contract: shapes.
        series_scale: typical spread of every known series, float64 `[known]`; 0 or NaN where it has none.
    """
    from pipeline.training.network import Network  # noqa: PLC0415 - imports TensorFlow

    scale = np.where(np.isfinite(series_scale) & (series_scale > 0), series_scale, 0)
    return Network(architecture, contract, scale.astype(np.float32))


def restore(architecture: Architecture, contract: Contract, known: int, weights: list[Float32]) -> "Network":
    """A network with trained weights.

    Args:
        architecture: cell, design and sizes.
        contract: shapes.
        known: number of known series.
        weights: trained weights, in the order of `Network.get_weights`; the scale of the series is among them.
    """
    network = build(architecture, contract, np.zeros(known))
    network.set_weights(weights)
    return network


def begun(architecture: Architecture, contract: Contract, series_scale: Float64) -> "Network | None":
    """A network as its training begins where there is a starter for it, else None; arguments as of `build`."""
    start = begins(architecture, contract)
    if start is None:
        return None
    network = build(architecture, contract, series_scale)
    network.begin(start)
    return network


def assemble(networks: Sequence["Network"], calibration: Calibration, untold: Sequence["Network"] = ()) -> "Members":
    """One graph of trained networks.

    Args:
        networks: trained networks of one architecture.
        calibration: weights, matrix and factors that the validation part adds.
        untold: networks for windows without any coming value of an input; empty: those networks forecast all windows.
    """
    from pipeline.training.members import Members  # noqa: PLC0415 - imports TensorFlow

    return Members(networks, calibration, untold)


def forecast(network: "Network | Members", windows: Float64, series: Int32, context: Context | None = None) -> Float64:
    """Forecasts of a network before conversion, float64 `[n, horizon, quantiles]`.

    Args:
        network: trained network.
        windows: float64 `[n, columns]`.
        series: int32 `[n]`.
        context: facts known beside each window; None for a network whose contract has no inputs.
    """
    import tensorflow as tf  # noqa: PLC0415 - takes seconds, and the device never needs it

    def given(part: slice) -> list[Float32]:
        return [] if context is None else [context.take(part).future(network.contract)]

    run = tf.function(network.call, autograph=False)
    windows = without_outliers(windows)
    levels = level(windows)
    distances = relative(windows, levels)
    parts = [slice(start, start + 1024) for start in range(0, len(windows), 1024)]
    forecasts = [run(*map(tf.constant, (distances[part], series[part], *given(part)))).numpy() for part in parts]
    empty = np.empty((0, network.contract.horizon, len(network.contract.quantiles)))
    return cast("Float64", np.concatenate([empty, *forecasts]) + levels[:, None, None])


def parameters(network: Any) -> int:  # noqa: ANN401 - Keras has no types
    """Trained numbers of a network."""
    return int(sum(int(np.prod(variable.shape)) for variable in network.trainable_variables))

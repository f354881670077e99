"""Recurrent forecasters: GRU, LSTM and SimpleRNN are one builder and one table.

The `segment` design follows SegRNN (Lin et al. 2023): the window is cut into segments, a recurrent layer runs over
them, and every segment of the horizon is decoded in parallel from the last state. `plain` is the textbook form, one
recurrent step per interval. TensorFlow is imported when a network is built.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from edge.contract.contract import DAY, SECOND, Contract, Float32, Float64, Int32
from edge.errors import ConfigurationError
from edge.forecaster.bundle import Cell, Design
from pipeline.training.calibration import Calibration

if TYPE_CHECKING:
    from pipeline.training.network import Members, Network

# Keras cell and number of states.
CELLS = {"gru": ("GRUCell", 1), "lstm": ("LSTMCell", 2), "simplernn": ("SimpleRNNCell", 1)}
# A loop is quicker on the device where the steps are more or wider.
UNROLLED_STEPS, UNROLLED_UNITS = 8, 64
UNROLLED_IN_TRAINING = 32
HOUR, MINUTE = 3600 * SECOND, 60 * SECOND


@dataclass(frozen=True, slots=True)
class Architecture:
    """What a network is made of.

    Args:
        cell: recurrent cell.
        design: `segment`, or `plain` for one step per interval.
        units: size of the state and of the embeddings.
        segment: intervals per segment; None takes a day, see `segment_length`.
        dropout: share of the decoded state left out in training.

    Raises:
        ConfigurationError: a value out of range.
    """

    cell: Cell = "gru"
    design: Design = "segment"
    units: int = 64
    segment: int | None = None
    dropout: float = 0.1

    def __post_init__(self) -> None:
        """Refuse what cannot be built."""
        if self.cell not in CELLS:
            raise ConfigurationError(f"cell must be one of {', '.join(CELLS)}; got {self.cell!r}")
        if self.design not in ("segment", "plain"):
            raise ConfigurationError(f"design must be segment or plain; got {self.design!r}")
        if self.units < 1 or (self.segment is not None and self.segment < 1) or not 0 <= self.dropout < 1:
            raise ConfigurationError(
                "units and segment must be at least 1 and dropout within 0…1; "
                f"got units={self.units}, segment={self.segment}, dropout={self.dropout}"
            )


def segment_length(architecture: Architecture, contract: Contract) -> int:
    """Intervals per segment: as asked for, else a day, else an hour, else a minute, else a quarter of the window.

    With a day the network sees every day at the same phase in few steps. Each counts where it is a whole number of at
    least eight intervals and fits the window twice. A segment is never longer than the window.
    """
    if architecture.segment is not None:
        return min(architecture.segment, contract.window)
    for length in (DAY, HOUR, MINUTE):
        steps, rest = divmod(length, contract.interval)
        if not rest and 8 <= steps <= contract.window // 2:
            return steps
    return max(1, contract.window // 4)


def build(architecture: Architecture, contract: Contract, series_scale: Float64) -> "Network":
    """A network with fresh weights.

    It takes `window` float32 `[batch, window]`, NaN for missing, and `series` int32 `[batch]`, and gives
    float32 `[batch, horizon, quantiles]`, all in the sensor's unit.

    Args:
        architecture: what it is made of.
        contract: shapes.
        series_scale: typical spread of every known series, float64 `[known]`; 0 or NaN where it has none.
    """
    from pipeline.training.network import Network  # noqa: PLC0415 - imports TensorFlow

    scale = np.where(np.isfinite(series_scale) & (series_scale > 0), series_scale, 0)
    return Network(architecture, contract, scale.astype(np.float32))


def restore(architecture: Architecture, contract: Contract, known: int, weights: list[Float32]) -> "Network":
    """A network with trained weights.

    Args:
        architecture: what it is made of.
        contract: shapes.
        known: number of known series.
        weights: in the order of `Network.get_weights`; the scale of the series is among them.
    """
    network = build(architecture, contract, np.zeros(known))
    network.set_weights(weights)
    return network


def assemble(networks: Sequence["Network"], calibration: Calibration) -> "Members":
    """One graph of trained networks.

    Args:
        networks: of one architecture.
        calibration: what the validation part adds.
    """
    from pipeline.training.network import Members  # noqa: PLC0415 - imports TensorFlow

    return Members(networks, calibration)


def forecast(network: "Network | Members", windows: Float32, series: Int32) -> Float32:
    """Forecasts of a network before conversion, float32 `[n, horizon, quantiles]`.

    Args:
        network: trained.
        windows: float32 `[n, window]`.
        series: int32 `[n]`.
    """
    import tensorflow as tf  # noqa: PLC0415 - takes seconds, and the device never needs it

    run = tf.function(network.call)
    parts = [slice(start, start + 1024) for start in range(0, len(windows), 1024)]
    forecasts = [run(tf.constant(windows[part]), tf.constant(series[part])).numpy() for part in parts]
    empty = np.empty((0, network.contract.horizon, len(network.contract.quantiles)), np.float32)
    return np.concatenate([empty, *forecasts])


def parameters(network: Any) -> int:  # noqa: ANN401 - Keras has no types
    """Trained numbers of a network."""
    return int(sum(int(np.prod(variable.shape)) for variable in network.trainable_variables))

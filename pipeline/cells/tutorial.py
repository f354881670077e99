"""The network of the tutorials, to measure beside ours; importing this file imports TensorFlow.

One recurrent layer over the last ten values, standardised over the training part, and one number out: the next value,
fitted by squared error. Further leads come the way such tutorials make them: each forecast is fed back as if it had
been measured.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, cast

import keras
import numpy as np
import tensorflow as tf

from edge.contract.columns import Float64, Int32, Int64
from edge.contract.contract import Contract
from edge.forecaster.level import LARGEST_VALUE, is_known
from edge.forecaster.manifest import Cell
from edge.forecaster.outliers import without_outliers
from pipeline.history.windows import Samples, epoch_rows, spread
from pipeline.training.build import parameters
from pipeline.training.cells import CELLS
from pipeline.training.settings import Settings

Tensor: TypeAlias = Any  # TensorFlow has no types


class Tutorial:
    """`Sequential([SimpleRNN|LSTM|GRU(units), Dense(1)])` and the scaling around it.

    Args:
        cell: recurrent cell.
        units: size of its state.
        contract: window and horizon; one quantile.
        values: grid of the training part, float64 `[series, intervals]`, NaN for missing.
    """

    def __init__(self, cell: Cell, units: int, contract: Contract, values: Float64) -> None:
        kind = CELLS[cell]
        self.contract, self.units, self.states = contract, units, kind.states
        self.cell = kind.layer(units)
        self.dense = keras.layers.Dense(1)
        self.model = keras.Sequential([keras.Input((contract.window, 1)), keras.layers.RNN(self.cell), self.dense])
        known = [row[is_known(row)] for row in values]  # row by row: a copy of the whole may be large
        mean = np.array([row.mean() if len(row) else 0 for row in known])
        scale = np.array([spread(row) for row in known])
        scale = np.where(scale > 0, scale, 1)
        # An unknown series gets the average of the known ones.
        self.mean = tf.constant(np.append(mean.mean(), mean), tf.float32)
        self.scale = tf.constant(np.append(scale.mean(), scale), tf.float32)

    def fit(self, samples: Samples, settings: Settings, told: Callable[[int], None]) -> float:
        """Train, on as many random windows in as many steps as our own networks get; returns the seconds per epoch."""
        self.model.compile("adam", "mse")
        random = np.random.default_rng(settings.seed)
        started = time.perf_counter()
        for epoch in range(1, settings.epochs + 1):
            rows = epoch_rows(len(samples), settings.windows_of(len(samples)), random)
            inputs, targets = self._examples(samples, rows)
            self.model.fit(inputs, targets, batch_size=settings.batch, verbose=0)
            told(epoch)
        return (time.perf_counter() - started) / settings.epochs

    def _examples(self, samples: Samples, rows: Int64) -> tuple[Tensor, Tensor]:
        target = samples.targets(rows, self.contract)[:, 0].astype(np.float32)
        rows, target = rows[np.isfinite(target)], target[np.isfinite(target)]
        series = tf.constant(samples.series[rows] + 1)
        mean, scale = tf.gather(self.mean, series), tf.gather(self.scale, series)
        windows = tf.constant(without_outliers(samples.windows(rows, self.contract)).astype(np.float32))
        inputs = self.standardised(windows, mean[:, None], scale[:, None])
        return inputs[:, :, None], ((target - mean) / scale)[:, None]

    def standardised(self, window: Tensor, mean: Tensor, scale: Tensor) -> Tensor:
        """Window in standard deviations; a missing value takes the value before it, or the mean where there is none."""
        known = tf.abs(window) < LARGEST_VALUE  # NaN compares false
        scaled = tf.where(known, (tf.where(known, window, 0.0) - mean) / scale, 0.0)
        filled = [scaled[:, :1]]
        for interval in range(1, self.contract.window):
            here = slice(interval, interval + 1)
            filled.append(tf.where(known[:, here], scaled[:, here], filled[-1]))
        return tf.concat(filled, axis=1)

    def forecast(self, window: Tensor, series: Tensor) -> Tensor:
        """One forecast after the other, each fed back: float32 `[batch, horizon, 1]` in the sensor's unit."""
        mean, scale = tf.gather(self.mean, series)[:, None], tf.gather(self.scale, series)[:, None]
        start = self.standardised(window, mean, scale)
        zeros = start[:, :1] * tf.zeros([1, max(self.units, self.contract.horizon)])

        def lead(number: Tensor, recent: Tensor, said: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            states: Sequence[Tensor] = [zeros[:, : self.units]] * self.states
            for step in range(self.contract.window):
                states = self.cell(recent[:, step : step + 1], list(states))[1]
            value = self.dense(states[0])
            return number + 1, tf.concat([recent[:, 1:], value], axis=1), tf.concat([said[:, 1:], value], axis=1)

        shapes = (tf.TensorShape([None, self.contract.window]), tf.TensorShape([None, self.contract.horizon]))
        said = tf.while_loop(
            lambda number, *_: number < self.contract.horizon,
            lead,
            (tf.constant(0), start, zeros[:, : self.contract.horizon]),
            shape_invariants=(tf.TensorShape([]), *shapes),
            maximum_iterations=self.contract.horizon,
        )[2]
        return (mean + said * scale)[:, :, None]

    def module(self) -> tuple[Tensor, Tensor]:
        """What `pipeline.training.conversion.convert_module` takes: a module, and its concrete function."""
        module = tf.Module()
        module.variables_of_network = [variable.value for variable in self.model.variables]
        module.run = tf.function(
            lambda window, series: {"forecast": self.forecast(window, series)},
            input_signature=[
                tf.TensorSpec([None, self.contract.window], tf.float32, name="window"),
                tf.TensorSpec([None], tf.int32, name="series"),
            ],
            autograph=False,
        )
        return module, module.run.get_concrete_function()

    def predict(self, windows: Float64, series: Int32) -> Float64:
        """Forecasts before conversion, float64 `[n, horizon, 1]`."""
        forecasts = tf.function(self.forecast, autograph=False)(
            tf.constant(without_outliers(windows).astype(np.float32)), tf.constant(series)
        ).numpy()
        return cast("Float64", forecasts.astype(np.float64))

    @property
    def parameters(self) -> int:
        """Trained numbers."""
        return parameters(self.model)

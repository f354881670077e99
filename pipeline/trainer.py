"""The training steps, run inside TensorFlow's graph; importing this file imports TensorFlow."""

from typing import TYPE_CHECKING, Any, TypeAlias

import keras
import numpy as np
import tensorflow as tf

from edge.contract import Float32, Float64, Int64
from edge.model import LARGEST_VALUE
from pipeline.network import Network
from pipeline.windows import Samples

if TYPE_CHECKING:
    from pipeline.training import Settings

Tensor: TypeAlias = Any


class Trainer:
    """A network, its optimiser and the moving average of its weights.

    Args:
        network: trained in place.
        samples: windows are gathered from its grid while training, never laid out in memory.
        scale: spread of every row, the unit of the loss, float64 `[series]`; 0 where it has none.
        settings: how.
    """

    def __init__(self, network: Network, samples: Samples, scale: Float64, settings: "Settings") -> None:
        self.network, self.samples, self.settings = network, samples, settings
        self.batch = min(settings.batch, len(samples.origin))
        self.steps = min(settings.windows, settings.repeats * len(samples.origin)) // self.batch
        self.done = 0
        self.weights = network.trainable_variables
        schedule = keras.optimizers.schedules.CosineDecay(settings.learning_rate, self.steps * settings.epochs)
        self.optimizer = keras.optimizers.Adam(schedule)
        self.optimizer.build(self.weights)
        self.averages = [tf.Variable(weight.value) for weight in self.weights]
        self.scale = tf.constant(scale.astype(np.float32))
        self.training_grid = tf.constant(samples.values)
        offsets = np.arange(-network.contract.window, network.contract.horizon)
        self.offsets = tf.constant(offsets, tf.int64)
        self.levels = tf.constant(network.contract.quantiles, tf.float32)
        self.run_steps = tf.function(self._run_steps)
        self.run_loss = tf.function(self._loss)
        self.run_step = tf.function(self._step)

    def epoch(self, random: np.random.Generator) -> float:
        """Train on a random part of the windows; returns the mean loss."""
        count, size = self.steps * self.batch, len(self.samples.origin)
        order = np.concatenate([random.permutation(size) for _ in range(-(-count // size))])
        chosen = order[:count].reshape(self.steps, self.batch)
        rows, origins = self.samples.series[chosen], self.samples.origin[chosen].astype(np.int64)
        known = np.where(random.random(chosen.shape) < self.settings.unknown, 0, rows + 1)
        arguments = [tf.constant(one) for one in (rows.astype(np.int32), origins, known.astype(np.int32))]
        loss = self.run_steps(*arguments, tf.constant(self.done))
        self.done += self.steps
        return float(loss)

    def validate(self, samples: Samples, held: Int64) -> float:
        """Mean loss of the averaged weights over the samples held out for it."""
        trained = [weight.numpy() for weight in self.weights]
        self._assign(self.averages)
        grid, total, size = tf.constant(samples.values), 0.0, 0
        for start in range(0, len(held), 1024):
            part = held[start : start + 1024]
            rows = tf.constant(samples.series[part], tf.int32)
            loss = self.run_loss(grid, rows, tf.constant(samples.origin[part], tf.int64), rows + 1)
            total, size = total + float(loss) * len(part), size + len(part)
        self._assign(trained)
        return total / size

    def averaged_weights(self) -> list[Float32]:
        """All weights of the network, the trained ones averaged."""
        averages = {weight.path: average.numpy() for weight, average in zip(self.weights, self.averages, strict=True)}
        return [averages.get(weight.path, weight.numpy()) for weight in self.network.weights]

    def _assign(self, values: list[Any]) -> None:
        for weight, value in zip(self.weights, values, strict=True):
            weight.assign(value)

    def _run_steps(self, rows: Tensor, origins: Tensor, known: Tensor, done: Tensor) -> Tensor:
        total = tf.while_loop(
            lambda place, _: place < self.steps,
            lambda place, total: (
                place + 1,
                total + self.run_step(rows[place], origins[place], known[place], tf.stack([done + place, 0])),
            ),
            (tf.constant(0), tf.constant(0.0)),
        )[1]
        return total / self.steps

    def _step(self, rows: Tensor, origins: Tensor, known: Tensor, seed: Tensor) -> Tensor:
        with tf.GradientTape() as tape:
            loss = self._loss(self.training_grid, rows, origins, known, seed)
        self.optimizer.apply(tape.gradient(loss, self.weights), self.weights)
        steps = tf.cast(self.optimizer.iterations.value, tf.float32)
        keep = tf.minimum(self.settings.averaging, steps / (steps + 10.0))
        for average, weight in zip(self.averages, self.weights, strict=True):
            average.assign(keep * average + (1.0 - keep) * weight)
        return loss

    def _loss(self, grid: Tensor, rows: Tensor, origins: Tensor, known: Tensor, seed: Tensor | None = None) -> Tensor:
        """Mean quantile loss in units of the row's scale, over targets that are there.

        Args:
            grid: float32 `[series, intervals]`.
            rows: int32 `[batch]`.
            origins: column of the first target, int64 `[batch]`.
            known: series as the network sees it, 0 for unknown, int32 `[batch]`.
            seed: for dropout.
        """
        columns = origins[:, None] + self.offsets[None]
        cells = tf.gather(tf.reshape(grid, [-1]), tf.cast(rows[:, None], tf.int64) * grid.shape[1] + columns)
        window, target = cells[:, : self.network.contract.window], cells[:, self.network.contract.window :]
        scaled, last, scale = self.network.scaled(window, known, seed)
        present = tf.abs(target) < LARGEST_VALUE
        distance = tf.where(present, target, last) - last
        error = distance[:, :, None] / scale[:, :, None] - scaled
        pinball = tf.reduce_mean(tf.maximum(self.levels * error, (self.levels - 1.0) * error), axis=2)
        unit = tf.gather(self.scale, rows)[:, None]
        weight = tf.where(unit > 0.0, scale / tf.maximum(unit, 1e-12), 1.0) * tf.cast(present, tf.float32)
        return tf.reduce_sum(pinball * weight) / tf.maximum(tf.reduce_sum(tf.cast(present, tf.float32)), 1.0)

"""The training steps, run inside TensorFlow's graph; importing this file imports TensorFlow."""

import time
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

import keras
import numpy as np
import tensorflow as tf

from edge.contract.columns import Float32, Float64, Int64
from edge.forecaster.level import LARGEST_VALUE, level, relative
from edge.forecaster.outliers import like_history, without_outliers
from pipeline.history.masking import forget, mask
from pipeline.history.usual import usual_ranges
from pipeline.history.windows import Samples, epoch_rows
from pipeline.training.network import FARTHEST_INPUT, Network, divisor, is_untold

if TYPE_CHECKING:
    from pipeline.training.settings import Settings

Tensor: TypeAlias = Any

BLOCK = 32  # steps whose windows are in memory at once, at most
MOST_VALUES = 10_000_000  # of these windows, of their targets and of what is known ahead, at most
JUDGED = 1024  # validation windows at once
HEAVIEST = 10.0  # largest weight of a window: a window with a glitch in it must not outweigh all others


class Trainer:
    """A network, its optimiser and the moving average of its weights.

    Args:
        network: trained in place.
        samples: windows are gathered from its grid while training, never laid out in memory as a whole.
        scale: spread of every row, the unit of the loss, float64 `[series]`; 0 where it has none.
        settings: length, steps and random choices of the training.
    """

    def __init__(self, network: Network, samples: Samples, scale: Float64, settings: "Settings") -> None:
        self.network, self.samples, self.settings = network, samples, settings
        self.batch = min(settings.batch, len(samples))
        self.steps = settings.windows_of(len(samples)) // self.batch
        leads = network.contract.horizon * (1 + len(network.contract.future))
        self.block = max(1, min(BLOCK, MOST_VALUES // (self.batch * (network.contract.columns + leads))))  # steps
        self.taken = 0
        self.some_stay = settings.untold  # windows without any coming value are those of another network
        self.weights = network.trainable_variables
        self.optimizer = keras.optimizers.Adam(settings.learning_rate)
        self.optimizer.build(self.weights)
        self.averages = [tf.Variable(weight.value) for weight in self.weights]
        self.scale = scale.astype(np.float32)
        self.usual = usual_ranges(samples.values, int(samples.origin.max()) + network.contract.horizon)
        self.levels = tf.constant(network.contract.quantiles, tf.float32)
        contract = network.contract
        block: list[int | None] = [None, self.batch]
        ahead = [contract.horizon, len(contract.future)]
        shapes: tuple[list[int | None], ...] = (
            [*block, contract.columns],
            [*block, *ahead],
            [*block, contract.horizon],
            block,
            block,
            [None],
            [],
        )
        kinds = (tf.float32, tf.float32, tf.float32, tf.int32, tf.float32, tf.float32, tf.int32)
        signature = [tf.TensorSpec(shape, kind) for shape, kind in zip(shapes, kinds, strict=True)]
        # The loops are TensorFlow's own already; to look for Python's would take seconds of each training.
        self.run_steps = tf.function(self._run_steps, input_signature=signature, autograph=False)
        self.run_losses = tf.function(self._losses, reduce_retracing=True, autograph=False)
        self.run_step = tf.function(self._step, autograph=False)

    def epoch(self, epoch: int, random: np.random.Generator, parts: int = 1) -> Iterator[float]:
        """Train on a random choice of the windows; gives the mean loss of each part of it, when the part is over.

        Args:
            epoch: number of the epoch, from 0; with the settings' number of epochs it is the position on the schedule.
            random: source of every choice.
            parts: number of parts, of about as many steps each.
        """
        chosen = epoch_rows(len(self.samples), self.steps * self.batch, random).reshape(self.steps, self.batch)
        start, compiled, began = 0, 0, 0.0
        for part in range(1, parts + 1):
            first, total = start, 0.0
            while start < (stop := -(-self.steps * part // parts)):
                some = chosen[start : min(start + self.block, stop)]
                total += len(some) * self._block(some, epoch * self.steps + start, random)
                start += len(some)
                self.taken += len(some)
                if epoch == 0 and not compiled:
                    compiled, began = start, time.perf_counter()  # the graph was compiled in the first block
                elif epoch == 0 and start >= 2 * self.block > start - len(some):
                    each = (time.perf_counter() - began) / (start - compiled)
                    self.steps = min(self.steps, max(int(self.settings.budget / each) // self.settings.epochs, start))
            if start > first:
                yield total / (start - first)

    def _block(self, chosen: Int64, done: int, random: np.random.Generator) -> float:
        """Mean loss of some steps; `chosen` are their samples, int64 `[steps, batch]`, `done` the number of the first."""
        share = (done + np.arange(len(chosen))) / (self.steps * self.settings.epochs)
        rate = self.settings.learning_rate * 0.5 * (1 + np.cos(np.pi * share))  # falls to zero along a cosine
        windows, future, targets, rows, scale = self._gather(self.samples, chosen.ravel())
        mask(windows, self.settings.masked, self.network.contract.max_missing, random)
        forget(future, self.network.contract, self.settings.forgotten, random, some_stay=self.some_stay)
        known = np.where(random.random(len(rows)) < self.settings.unknown, 0, rows + 1).astype(np.int32)
        cut = [tf.constant(part.reshape(*chosen.shape, *part.shape[1:])) for part in (windows, future, targets, known, scale)]
        return float(self.run_steps(*cut, tf.constant(rate, tf.float32), tf.constant(done)))

    def validate(self, samples: Samples, held: Int64, hidden: Collection[str] = ()) -> Float64:
        """Loss of the averaged weights on every sample held out for it, with some inputs hidden from the network.

        Returns:
            Sum of the losses of a sample's facts, and the number of these facts, float64 `[2, n]`.
        """
        contract = self.network.contract
        names = np.array([source.name in hidden for source in contract.known for _ in source.features], bool)
        gone = np.flatnonzero(~is_untold(contract))[names]
        trained = [weight.numpy() for weight in self.weights]
        self._assign(self.averages)
        losses = np.empty((2, len(held)))
        for start in range(0, len(held), JUDGED):
            some = slice(start, start + JUDGED)
            windows, future, targets, rows, scale = self._gather(samples, held[some])
            future[:, :, gone] = 0
            losses[:, some] = self.run_losses(*map(tf.constant, (windows, future, targets, rows + np.int32(1), scale)))
        self._assign(trained)
        return losses

    def keep(self, weights: list[Float32]) -> None:
        """Take back averaged weights of before, from `averaged_weights`."""
        before = {weight.path: value for weight, value in zip(self.network.weights, weights, strict=True)}
        for weight, average in zip(self.weights, self.averages, strict=True):
            average.assign(before[weight.path])

    def averaged_weights(self) -> list[Float32]:
        """All weights of the network, the trained ones averaged."""
        averages = {weight.path: average.numpy() for weight, average in zip(self.weights, self.averages, strict=True)}
        return [averages.get(weight.path, weight.numpy()) for weight in self.network.weights]

    def _gather(self, samples: Samples, chosen: Int64) -> tuple[Float32, Float32, Float32, Any, Float32]:
        """Windows `[n, columns]`, what is known ahead, targets `[n, horizon]`, rows and their scale `[n]` of chosen samples.

        Windows have no outliers, and they and the targets are distances from the level of the window, as on the device.
        """
        contract, rows = self.network.contract, samples.series[chosen]
        windows, targets = samples.windows(chosen, contract), samples.targets(chosen, contract)
        windows = without_outliers(like_history(windows, self.usual[rows]))
        levels = level(windows)
        future = samples.context(chosen, contract).future(contract)
        return relative(windows, levels), future, relative(targets, levels), rows, self.scale[rows]

    def _assign(self, values: list[Any]) -> None:
        for weight, value in zip(self.weights, values, strict=True):
            weight.assign(value)

    def _run_steps(self, *told: Tensor) -> Tensor:
        """Mean loss of some steps.

        Args:
            told: arguments of `_losses` without the last one, with the steps as a further first dimension; the rate of each
                step, float32 `[steps]`; and the number of the first one.
        """
        *parts, rate, done = told
        steps = tf.shape(rate)[0]

        def step(number: Tensor, total: Tensor) -> tuple[Tensor, Tensor]:
            self.optimizer.learning_rate.assign(rate[number])
            seed = tf.stack([done + number, 0])
            loss = self.run_step(*(part[number] for part in parts), seed)
            return number + 1, total + loss

        total = tf.while_loop(lambda number, _: number < steps, step, (tf.constant(0), tf.constant(0.0)))[1]
        return total / tf.cast(steps, tf.float32)

    def _step(self, *told: Tensor) -> Tensor:
        with tf.GradientTape() as tape:
            loss = self._loss(*told)
        self.optimizer.apply(tape.gradient(loss, self.weights), self.weights)
        steps = tf.cast(self.optimizer.iterations.value, tf.float32)
        keep = tf.minimum(self.settings.averaging, steps / (steps + 10.0))
        for average, weight in zip(self.averages, self.weights, strict=True):
            average.assign(keep * average + (1.0 - keep) * weight)
        return loss

    def _loss(self, *told: Tensor) -> Tensor:
        """Mean of the losses of all facts; arguments as of `_losses`."""
        loss, count = self._losses(*told)
        return tf.reduce_sum(loss) / tf.maximum(tf.reduce_sum(count), 1.0)

    def _losses(
        self, window: Tensor, future: Tensor, target: Tensor, known: Tensor, unit: Tensor, seed: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Quantile losses in units of the row's scale, summed over the targets of a window without gaps and glitches.

        Args:
            window: float32 `[batch, columns]`.
            future: facts known of every lead, float32 `[batch, horizon, features]`.
            target: float32 `[batch, horizon]`.
            known: series as the network sees it, 0 for unknown, int32 `[batch]`.
            unit: scale of the row, float32 `[batch]`; 0 where it has none.
            seed: two int32 for dropout in training, None for none.

        Returns:
            The sums and the numbers of these targets, both float32 `[batch]`.
        """
        scaled, last, scale = self.network.scaled(window, known, future, seed)
        unit = unit[:, None]
        present = tf.abs(target) < LARGEST_VALUE
        distance = tf.where(present, target, last) - last
        present &= tf.abs(distance) < FARTHEST_INPUT * tf.maximum(scale, unit)  # else the fact or the last value is a glitch
        distance = tf.where(present, distance, 0.0)
        error = distance[:, :, None] / divisor(scale)[:, :, None] - scaled
        pinball = tf.reduce_mean(tf.maximum(self.levels * error, (self.levels - 1.0) * error), axis=2)
        counted = tf.cast(present, tf.float32)
        weight = tf.where(unit > 0.0, tf.minimum(scale / divisor(unit), HEAVIEST), 1.0) * counted
        return tf.reduce_sum(pinball * weight, axis=1), tf.reduce_sum(counted, axis=1)

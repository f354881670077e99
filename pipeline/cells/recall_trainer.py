"""Train a cell on the recall task and measure what it keeps; importing this file imports TensorFlow."""

import time
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import keras
import numpy as np
import tensorflow as tf

from edge.forecaster.manifest import Cell
from pipeline.cells.recall import INPUTS, LEAD_IN, Memory, RecallBudget, jacobian_norm, random_streams, recall, recall_task
from pipeline.training.cells import CELLS

Tensor: TypeAlias = Any  # TensorFlow has no types

GRADIENT_STREAMS = 8


class RecallTrainer:
    """A cell with a linear reader of its state.

    Args:
        cell: recurrent cell.
        budget: amount that the cell may learn.
    """

    def __init__(self, cell: Cell, budget: RecallBudget) -> None:
        self.kind, self.budget = CELLS[cell], budget
        self.cell, self.reader = self._layers()
        self.weights = self.cell.trainable_variables + self.reader.trainable_variables
        self.optimizer = keras.optimizers.Adam(budget.learning_rate, global_clipnorm=1.0)
        self.optimizer.build(self.weights)
        # Compiled once per length: one step is so small that starting it uncompiled costs more than the step.
        self.step = tf.function(self._step, jit_compile=True, autograph=False)
        self.run_said = tf.function(self._said, autograph=False)
        self.run_gradient = tf.function(self._gradient, autograph=False)
        self.random = np.random.default_rng(0)

    def restart(self, seed: int) -> None:
        """Fresh weights and another course of random numbers; what was compiled stays."""
        keras.utils.set_random_seed(seed)
        self.random = np.random.default_rng(seed)
        cell, reader = self._layers()
        for weight, fresh in zip(self.weights, cell.trainable_variables + reader.trainable_variables, strict=True):
            weight.assign(fresh)
        for variable in self.optimizer.variables:
            variable.assign(tf.zeros_like(variable))
        self.optimizer.learning_rate = self.budget.learning_rate

    def _layers(self) -> tuple[Any, Any]:
        cell, reader = self.kind.layer(self.budget.units), keras.layers.Dense(1)
        cell.build((None, INPUTS))
        reader.build((None, self.budget.units))
        return cell, reader

    def train(self, delay: int, steps: int) -> None:
        """Some steps at one delay."""
        streams = random_streams(self.random, (steps, self.budget.batch, LEAD_IN + 1 + delay))
        for stream in streams:
            inputs, target = recall_task(stream, delay)
            self.step(tf.constant(inputs), tf.constant(target))

    def recall(self, delay: int) -> float:
        """Recall on fresh streams."""
        inputs, target = recall_task(random_streams(self.random, (self.budget.test, LEAD_IN + 1 + delay)), delay)
        return recall(self.run_said(tf.constant(inputs)).numpy(), target)

    def gradient_norms(self) -> tuple[float, ...]:
        """Mean norm of d state / d marked number at every distance of the budget, over the same streams."""
        units, norms = self.budget.units, []
        time_steps = LEAD_IN + 1 + max(self.budget.distances)
        stream = random_streams(np.random.default_rng(0), (GRADIENT_STREAMS, time_steps))
        # One copy of a stream per unit, so that one pass back gives the whole Jacobian.
        copies = np.repeat(stream, units, axis=0)
        chosen = tf.constant(np.tile(np.eye(units, dtype=np.float32), (GRADIENT_STREAMS, 1)))
        for distance in self.budget.distances:
            inputs, _ = recall_task(copies, distance)
            gradient = self.run_gradient(tf.constant(inputs), chosen).numpy()
            norms.append(jacobian_norm(gradient[:, time_steps - 1 - distance, 0], units))
        return tuple(norms)

    def final(self, inputs: Tensor) -> Tensor:
        """State after the last step, `[batch, units]`, of inputs `[batch, time, 2]`."""
        steps = tf.transpose(inputs, [1, 0, 2])
        zeros = tf.zeros([inputs.shape[0], self.budget.units])
        return tf.while_loop(
            lambda step, *_: step < steps.shape[0],
            lambda step, *now: (step + 1, *self.cell(steps[step], list(now))[1]),
            (tf.constant(0), *[zeros] * self.kind.states),
            maximum_iterations=steps.shape[0],
        )[1]

    def _said(self, inputs: Tensor) -> Tensor:
        return self.reader(self.final(inputs))[:, 0]

    def _step(self, inputs: Tensor, target: Tensor) -> None:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(self._said(inputs) - target))
        self.optimizer.apply(tape.gradient(loss, self.weights), self.weights)

    def _gradient(self, inputs: Tensor, chosen: Tensor) -> Tensor:
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            state = tf.reduce_sum(self.final(inputs) * chosen)
        return tape.gradient(state, inputs)


def measure_recall(cell: Cell, budget: RecallBudget, seed: int, progress: Callable[[int, int], None]) -> Memory:
    """Train a cell through all delays, from short to long, as often as there are seeds.

    Args:
        cell: recurrent cell.
        budget: amount that the cell may learn.
        seed: first seed; the others follow.
        progress: function called after each delay with the number of delays that are done, and the number of all.
    """
    started = time.perf_counter()
    trainer = RecallTrainer(cell, budget)
    fresh: list[tuple[float, ...]] = []
    trained: list[tuple[float, ...]] = []
    recalls: list[list[float]] = []
    for run in range(budget.seeds):
        trainer.restart(seed + run)
        fresh.append(trainer.gradient_norms())
        recalls.append([])
        for done, (delay, steps) in enumerate(zip(budget.delays, budget.steps, strict=True), 1):
            trainer.train(delay, steps)
            recalls[-1].append(trainer.recall(delay))
            progress(run * len(budget.delays) + done, budget.seeds * len(budget.delays))
        trained.append(trainer.gradient_norms())
    return Memory(
        cell,
        budget.delays,
        _median(recalls),
        tuple(np.min(recalls, axis=0).tolist()),
        tuple(np.max(recalls, axis=0).tolist()),
        budget.distances,
        _median(fresh),
        _median(trained),
        time.perf_counter() - started,
    )


def _median(runs: Sequence[Sequence[float]]) -> tuple[float, ...]:
    return tuple(np.median(runs, axis=0).tolist())

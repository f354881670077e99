"""The network itself; importing this file imports TensorFlow.

Everything between the sensor's unit and back is inside, so nothing can differ between training and device: missing
values, last value, scale and identity of the series. Nothing in it depends on the batch size at run time (`tf.shape`,
`tf.zeros`, tensor arrays), so that it converts to plain TFLite operations with a free batch.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import keras
import numpy as np
import tensorflow as tf

from edge.contract.ahead.known import Known
from edge.contract.columns import Bool, Float32, Float64
from edge.contract.contract import Contract
from edge.forecaster.level import LARGEST_VALUE
from pipeline.training.architecture import Architecture, shape_of
from pipeline.training.cells import CELLS

Tensor: TypeAlias = Any  # TensorFlow has no types

# A loop is quicker on the device where the steps are more or wider.
UNROLLED_STEPS, UNROLLED_UNITS = 8, 64
UNROLLED_IN_TRAINING = 32  # steps

# Scales and the largest value are kept as whole numbers of this share of their logarithm: a converter that rounds weights
# leaves whole numbers alone. Other constants are those that float16 holds exactly: it ends at 65,504 and begins at 2^-24.
FINENESS = 2.0**20
NO_SCALE = -(2**30)  # its exponential is 0
SMALLEST_SHARE = 2.0**-20  # of the largest value, about the rounding of float32: a constant window has a scale, too
FARTHEST_INPUT = 100.0  # scales from the last value; a value that lies farther off is a glitch and counts as missing


class Network(keras.Model):  # type: ignore[misc]
    """Forecasts of quantiles from a window and the index of its series.

    Args:
        architecture: cell, design and sizes.
        contract: shapes and levels.
        scale: training scale of every known series, float32 `[known]`; 0 where the window's own spread serves.
    """

    def __init__(self, architecture: Architecture, contract: Contract, scale: Float32) -> None:
        super().__init__(name=architecture.cell)
        plain = architecture.design == "plain"
        self.contract, self.architecture = contract, architecture
        self.shape = shape_of(architecture, contract)
        self.steps = self.shape.steps
        self.out_steps = -(-contract.horizon // self.shape.ahead)
        kind = CELLS[architecture.cell]
        self.states = kind.states
        units, levels = architecture.units, len(contract.quantiles)
        self.cell = kind.layer(units)
        self.cell.build((None, 1 if plain else units))
        said = len(self.shape.leads)
        self.head = _dense(said, units)
        self.outer: list[Any] = []
        if levels > 1:
            self.outer = [_dense(units, units, "relu"), _dense(said * (levels - 1), units)]
        self.encoder = None
        # Encoders of finer resolutions; at first they say nothing, so that a starter forecasts as it has learned to.
        self.finer = [_dense(units, count, kernel="zeros") for count in self.shape.finer]
        if not plain:
            self.encoder = _dense(units, self.shape.segment, "relu")
            self.position = self.add_weight((self.out_steps, units), initializer="random_normal", name="position")
        self.ahead = None
        if contract.future:
            self.ahead = _dense(units, said * len(contract.future), kernel="zeros")
        self.identity = self.add_weight((max(1, len(scale)), units), initializer="zeros", name="identity")
        self.scale = self.add_weight((1 + len(scale),), initializer="zeros", dtype="int32", trainable=False, name="scale")
        self.tell(scale)
        self.built = True

    def tell(self, scale: Float32) -> None:
        """Take another training scale of every known series, float `[known]`; 0 where the window's own spread serves."""
        logarithm = np.log(scale, out=np.full(len(scale), NO_SCALE / FINENESS), where=scale > 0, dtype=np.float64)
        self.scale.assign(np.concatenate([[NO_SCALE], np.round(logarithm * FINENESS)]).astype(np.int32))

    def parts(self, weights: Sequence[Float32]) -> dict[str, Float32]:
        """The weights that do not depend on a series, by their names.

        Args:
            weights: all weights, in the order of `get_weights`.
        """
        places = {variable.path: weight for variable, weight in zip(self.weights, weights, strict=True)}
        return {name: places[variable.path] for name, variable in self._named().items()}

    def begin(self, start: Mapping[str, Float32]) -> None:
        """Take weights by their names; all others stay as they are."""
        named = self._named()
        for name, weight in start.items():
            named[name].assign(weight)

    def go_on(self, before: "Network") -> None:
        """Take the weights of a network with the same architecture that is not told of inputs, and forecast as it does.

        What that one knows of the leads keeps its weights, and inputs say nothing at first.
        """
        own, theirs = ([] if layer is None else layer.weights for layer in (self.ahead, before.ahead))
        for variable, known in zip(_without(self.weights, own), _without(before.weights, theirs), strict=True):
            variable.assign(known)
        if self.ahead is None or before.ahead is None:
            return
        shape = [len(self.shape.leads), -1, self.architecture.units]
        kernel, known = (layer.kernel.numpy().reshape(shape) for layer in (self.ahead, before.ahead))
        kernel = np.zeros_like(kernel)
        kernel[:, is_untold(self.contract)] = known
        self.ahead.kernel.assign(kernel.reshape(self.ahead.kernel.shape))
        self.ahead.bias.assign(before.ahead.bias)

    def _named(self) -> dict[str, Any]:
        """Variables that do not depend on a series, by the names of their places."""
        layers = {"head": self.head}
        if self.outer:
            layers |= {"outer": self.outer[0], "steps": self.outer[1]}
        if self.encoder is not None:
            layers["encoder"] = self.encoder
        named = {f"{name}/{kind}": getattr(layer, kind) for name, layer in layers.items() for kind in ("kernel", "bias")}
        named |= {f"cell/{number}": variable for number, variable in enumerate(self.cell.weights)}
        return named if self.encoder is None else {**named, "position": self.position}

    @property
    def series_scale(self) -> Float64:
        """Training scale of every known series, float64 `[known]`; 0 where it has none."""
        scale: Float64 = np.exp(self.scale.numpy()[1:] / FINENESS)
        return scale

    def call(self, window: Tensor, series: Tensor, future: Tensor | None = None) -> Tensor:
        """Quantiles float32 `[batch, horizon, quantiles]` in the sensor's unit."""
        scaled, last, scale = self.scaled(window, series, future)
        return last[:, :, None] + scaled * scale[:, :, None]

    def scaled(
        self, window: Tensor, series: Tensor, future: Tensor | None = None, seed: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Quantiles in units of scale, as distances from the last value.

        Args:
            window: float32 `[batch, columns]` in the sensor's unit, NaN for missing.
            series: int32 `[batch]`.
            future: facts known of every lead, float32 `[batch, horizon, features]`; None where the contract has nothing.
            seed: two int32 for dropout in training, None for none.

        Returns:
            Scaled quantiles `[batch, horizon, quantiles]`, last value `[batch, 1]`, scale `[batch, 1]`.
        """
        inputs, present, last, scale = self.normalise(window, series)
        identity = tf.concat([tf.reduce_mean(self.identity, axis=0, keepdims=True), self.identity], axis=0)
        identity = tf.gather(identity, series)
        states = self.encode(self.segments(inputs, present), identity, training=seed is not None)
        decoded = self.decode(states, identity, self.coming(future))
        if seed is not None and self.architecture.dropout:
            decoded = [
                tf.nn.experimental.stateless_dropout(state, self.architecture.dropout, seed + tf.constant([0, number]))
                for number, state in enumerate(decoded)
            ]
        return self.quantiles(decoded), last, scale

    def normalise(self, window: Tensor, series: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """The window in units of scale, as the network computes with it.

        Returns:
            Window as distance from its last value in units of scale, 0 where missing, and 1 where it is there, both
            `[batch, columns]`; last value and scale, both `[batch, 1]`. The scale of a window of zeros is 0.
        """
        first = tf.minimum(series, 0)  # always 0; a converter that knew it would round the bound to a constant
        largest = exponential(tf.constant([round(np.log(LARGEST_VALUE) * FINENESS)]), first)
        valid = tf.abs(window) < largest  # NaN compares false
        present = tf.cast(valid, tf.float32)
        clean = tf.where(valid, window, 0.0)
        places = tf.where(valid, tf.range(1, self.contract.columns + 1)[None], 0)
        newest = tf.cast(tf.equal(places, tf.reduce_max(places, axis=1, keepdims=True)), tf.float32)
        last = tf.reduce_sum(clean * newest, axis=1, keepdims=True)
        centred = (clean - last) * present
        count = tf.maximum(tf.reduce_sum(present, axis=1, keepdims=True), 1.0)
        mean = tf.reduce_sum(centred, axis=1, keepdims=True) / count
        own = tf.sqrt(tf.reduce_sum(tf.square((centred - mean) * present), axis=1, keepdims=True) / count)
        floor = SMALLEST_SHARE * tf.reduce_max(tf.abs(clean), axis=1, keepdims=True)
        known = exponential(self.scale, series)
        scale = tf.where(known > 0.0, known, tf.maximum(own, floor))
        inputs = centred / divisor(scale)
        near = tf.abs(inputs) < FARTHEST_INPUT
        return tf.where(near, inputs, 0.0), present * tf.cast(near, tf.float32), last, scale

    def segments(self, inputs: Tensor, present: Tensor) -> Tensor:
        """The window in segments, `[batch, steps, segment]`; a missing value is the mean of the same position in the others.

        A segment of the textbook design is one interval, and its missing values stand at the last value. With a coarse past the
        longest spans are cut, and the last step sees the finer resolutions as well: the result is what the encoders make of
        each step, `[batch, steps, units]`.
        """
        if self.encoder is None or not self.finer:
            return self._cut(inputs, present)
        end = self.contract.columns - sum(self.shape.finer)
        cut = tf.reshape(self._cut(inputs[:, :end], present[:, :end]), [-1, self.shape.segment])
        encoded = tf.reshape(self.encoder(cut), [-1, self.steps, self.architecture.units])
        newest = encoded[:, -1]
        for encoder, count in zip(self.finer, self.shape.finer, strict=True):
            newest += encoder(inputs[:, end : end + count])
            end += count
        return tf.concat([encoded[:, :-1], newest[:, None]], axis=1)

    def _cut(self, inputs: Tensor, present: Tensor) -> Tensor:
        """Values of one resolution in segments, the first one padded, `[batch, steps, segment]`."""
        padding = self.steps * self.shape.segment - inputs.shape[1]
        if padding:
            inputs, present = (tf.pad(part, [[0, 0], [padding, 0]]) for part in (inputs, present))
        shape = [-1, self.steps, self.shape.segment]
        inputs, present = tf.reshape(inputs, shape), tf.reshape(present, shape)
        if self.encoder is None:
            return inputs
        count = tf.maximum(tf.reduce_sum(present, axis=1, keepdims=True), 1.0)
        return inputs + (1.0 - present) * (tf.reduce_sum(inputs, axis=1, keepdims=True) / count)

    def encode(self, segments: Tensor, identity: Tensor, *, training: bool) -> list[Tensor]:
        """States after the last segment, each `[batch, units]`; they start from the identity of the series."""
        states = [identity] * self.states
        short = self.steps <= UNROLLED_STEPS and self.architecture.units <= UNROLLED_UNITS
        if short or (training and self.steps <= UNROLLED_IN_TRAINING):
            for number in range(self.steps):
                states = self.step(segments[:, number], identity, states)
            return states
        steps = tf.transpose(segments, [1, 0, 2])
        _, *after = tf.while_loop(
            lambda number, *_: number < self.steps,
            lambda number, *now: (number + 1, *self.step(tf.gather(steps, number), identity, now)),
            (tf.constant(0), *states),
            shape_invariants=(tf.TensorShape([]), *[tf.TensorShape([None, self.architecture.units])] * self.states),
            maximum_iterations=self.steps,
        )
        return list(after)

    def step(self, segment: Tensor, identity: Tensor, states: Sequence[Tensor]) -> list[Tensor]:
        """States after one more segment `[batch, segment]`; with a coarse past it is encoded, `[batch, units]`."""
        if self.encoder is None:
            return list(self.cell(segment, list(states))[1])
        encoded = segment if self.finer else self.encoder(segment)
        return list(self.cell(encoded + identity, list(states))[1])

    def coming(self, future: Tensor | None) -> list[Tensor]:
        """What is known of every segment of the horizon, `[batch, units]` each; 0 where the contract has nothing."""
        if self.ahead is None:
            return [0.0] * self.out_steps
        columns = len(self.contract.future)
        rest = self.out_steps * self.shape.ahead - self.contract.horizon
        padded = tf.pad(future, [[0, 0], [0, rest], [0, 0]]) if rest else future
        if self.drawn:
            padded = tf.gather(tf.reshape(padded, [-1, self.out_steps, self.shape.ahead, columns]), self.shape.leads, axis=2)
        flat = tf.reshape(padded, [-1, self.out_steps, len(self.shape.leads) * columns])
        return [self.ahead(flat[:, number]) for number in range(self.out_steps)]

    def decode(self, states: list[Tensor], identity: Tensor, coming: list[Tensor]) -> list[Tensor]:
        """One output `[batch, units]` per segment of the horizon; no segment depends on another one."""
        if self.encoder is None:
            return [states[0] + coming[0]]
        return [self.cell(self.position[number] + identity + known, states)[0] for number, known in enumerate(coming)]

    def quantiles(self, decoded: list[Tensor]) -> Tensor:
        """Ascending by construction, `[batch, horizon, quantiles]`: from the median outward by positive steps.

        The outer levels start from the median and its state, and their gradients stop there: they would cost the median two
        per cent of its accuracy.
        """
        median = self._joined([self.head(state) for state in decoded], 1)
        if not self.outer:
            return median
        hidden, steps = self.outer
        raw = self._joined([steps(hidden(tf.stop_gradient(state))) for state in decoded], len(self.contract.quantiles) - 1)
        softplus = tf.maximum(raw, 0.0) + tf.math.log(1.0 + tf.exp(-tf.abs(raw)))  # in plain operations
        return outward(median, tf.stop_gradient(median), softplus)

    @property
    def drawn(self) -> bool:
        """Whether there are leads that the network does not say, and draws between others."""
        return len(self.shape.leads) < self.shape.ahead

    def _joined(self, parts: list[Tensor], columns: int) -> Tensor:
        """`[batch, horizon, columns]` of one `[batch, leads · columns]` per segment."""
        parts = [tf.reshape(part, [-1, len(self.shape.leads), columns]) for part in parts]
        if self.drawn:
            places = np.interp(np.arange(self.shape.ahead), self.shape.leads, np.arange(len(self.shape.leads)))
            before = np.minimum(places.astype(np.int32), len(self.shape.leads) - 2)
            share = (places - before).astype(np.float32)[None, :, None]
            parts = [
                tf.gather(part, before, axis=1) * (1 - share) + tf.gather(part, before + 1, axis=1) * share for part in parts
            ]
        whole = tf.concat(parts, axis=1) if len(parts) > 1 else parts[0]
        return whole[:, : self.contract.horizon]


def is_untold(contract: Contract) -> Bool:
    """Columns of the input `future` that a model without inputs has as well, bool `[features]`."""
    return np.array([not isinstance(source, Known) for source in contract.inputs for _ in source.features], bool)


def exponential(logarithms: Tensor, chosen: Tensor) -> Tensor:
    """Numbers of which the logarithms are kept, float32 `[batch, 1]`.

    Args:
        logarithms: logarithms in units of 1 / `FINENESS`, int32 `[n]`.
        chosen: index of a logarithm for each of the batch, int32 `[batch]`.
    """
    return tf.exp(tf.cast(tf.gather(logarithms, chosen)[:, None], tf.float32) / FINENESS)


def divisor(scale: Tensor) -> Tensor:
    """The scale as a divisor: 1 where it is 0, since the dividend is 0 there as well."""
    return tf.where(scale > 0.0, scale, 1.0)


def outward(median: Tensor, start: Tensor, steps: Tensor) -> Tensor:
    """Quantiles that lie outward from a start by the sums of steps.

    Args:
        median: middle quantile, `[batch, horizon, 1]`.
        start: value from which the others are counted, `[batch, horizon, 1]`.
        steps: distances between neighbours, not negative, `[batch, horizon, quantiles - 1]`.
    """
    horizon, count = steps.shape[1:]
    middle = count // 2
    offsets = tf.reshape(tf.matmul(tf.reshape(steps, [-1, count]), tf.constant(_spreads(count))), [-1, horizon, count])
    outer = start + offsets
    return tf.concat([outer[:, :, :middle], median, outer[:, :, middle:]], axis=2)


def _dense(outputs: int, inputs: int, activation: str | None = None, kernel: str = "glorot_uniform") -> Any:  # noqa: ANN401 - Keras has no types
    layer = keras.layers.Dense(outputs, activation=activation, kernel_initializer=kernel)
    layer.build((None, inputs))
    return layer


def _without(variables: list[Any], others: list[Any]) -> list[Any]:
    """The variables that are none of the others."""
    return [variable for variable in variables if all(variable is not other for other in others)]


def _spreads(steps: int) -> Float32:
    """Matrix `[steps, steps]` that adds the steps outward from the median, down and up."""
    middle = steps // 2
    spreads = np.zeros((steps, steps), np.float32)
    for level in range(steps):
        if level < middle:
            spreads[level:middle, level] = -1
        else:
            spreads[middle : level + 1, level] = 1
    return spreads

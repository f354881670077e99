"""Trained networks in one graph, mixed with simple forecasts and calibrated; importing this file imports TensorFlow."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import tensorflow as tf

from edge.contract.columns import Float64
from edge.errors import ConfigurationError
from edge.forecaster.baselines import Baseline
from pipeline.mixture.calibration import FARTHEST, Calibration, last_days
from pipeline.training.network import Network, is_untold, outward

Tensor: TypeAlias = Any  # TensorFlow has no types

PRECISION = 1000  # weights are kept as whole numbers of this share: a converter that rounds numbers leaves those alone


class Members:
    """Networks of one architecture whose forecasts are averaged in one graph, mixed with simple ones, and calibrated.

    Args:
        networks: networks that were trained from different seeds.
        calibration: weights, matrix and factors that the validation part adds.
        others: networks for windows without any coming value of an input, whose contract has none; empty: those networks
            forecast all windows.
    """

    def __init__(self, networks: Sequence[Network], calibration: Calibration, others: Sequence[Network] = ()) -> None:
        self.networks, self.contract, self.calibration = list(networks), networks[0].contract, calibration
        self.untold = list(others)
        untold = () if calibration.untold is None else (calibration.untold[0],)
        every = np.concatenate([calibration.weights, *untold])
        linear, usual = (bool(every[:, part].any()) for part in (0, 1))
        self.is_mixed = bool(every.any())
        self.days = last_days(self.contract) if usual else None
        if usual and self.days is None:
            raise ConfigurationError(f"expected a window of at least 3 days where their mean has a weight; got {self.contract}")
        if linear and calibration.linear is None:
            raise ConfigurationError("expected the matrix of the linear forecast where it has a weight; got none")
        self.linear = calibration.linear if linear else None

    @property
    def variables(self) -> list[Any]:
        """All numbers of all members."""
        return [variable for network in (*self.networks, *self.untold) for variable in network.variables]

    @property
    def trainable_variables(self) -> list[Any]:
        """Trained numbers of all members."""
        return [variable for network in (*self.networks, *self.untold) for variable in network.trainable_variables]

    def call(self, window: Tensor, series: Tensor, future: Tensor | None = None) -> Tensor:
        """Quantiles float32 `[batch, horizon, quantiles]` in the sensor's unit."""
        mean, told = _mean(self.networks, window, series, future), self.told(future)
        if told is not None and self.untold:
            columns = np.flatnonzero(is_untold(self.contract))
            clock = tf.gather(future, columns, axis=2) if len(columns) else None
            mean = tf.where(told > 0.0, mean, _mean(self.untold, window, series, clock))
        middle = self.contract.median
        median = self.mixed(mean[:, :, middle : middle + 1], window, series, told)
        if mean.shape[-1] == 1:
            return median
        known = tf.cast(series > 0, tf.float32)[:, None, None]
        unknown, own = self.calibration.factors
        factors = known * tf.constant(own) + (1.0 - known) * tf.constant(unknown)
        if told is not None and self.calibration.untold is not None:
            unknown, own = self.calibration.untold[1]
            factors = told * factors + (1.0 - told) * (known * tf.constant(own) + (1.0 - known) * tf.constant(unknown))
        return outward(median, median, (mean[:, :, 1:] - mean[:, :, :-1]) * factors)

    def told(self, future: Tensor | None) -> Tensor | None:
        """1 for windows of which a coming value of an input is known, else 0, `[batch, 1, 1]`; None without inputs."""
        if future is None or not self.contract.known:
            return None
        ends = np.cumsum([len(source.features) for source in self.contract.inputs])
        flags = [
            future[:, :, end - len(source.features) + 1 : end - len(source.features) + 2]
            for source, end in zip(self.contract.inputs, ends.tolist(), strict=True)
            if source in self.contract.known
        ]
        return tf.reduce_max(tf.concat(flags, axis=2) if len(flags) > 1 else flags[0], axis=[1, 2], keepdims=True)

    def mixed(self, median: Tensor, window: Tensor, series: Tensor, told: Tensor | None = None) -> Tensor:
        """The mixture of the networks' median with the simple forecasts, `[batch, horizon, 1]` in the sensor's unit."""
        if not self.is_mixed:
            return median
        weights = _weights(self.calibration.weights, series)
        if told is not None and self.calibration.untold is not None:
            weights = told * weights + (1.0 - told) * _weights(self.calibration.untold[0], series)
        inputs, present, last, scale = self.networks[0].normalise(window, series)
        movement = weights[:, 2:3] * (last[:, :, None] - median)
        if self.linear is not None:
            moves = inputs
            for factor in self.linear:
                moves = tf.matmul(moves, tf.constant(factor.astype(np.float32)))
            movement += weights[:, 0:1] * ((last + scale * moves)[:, :, None] - median)
        if self.days is not None:
            usual, there = self.usual(self.days, inputs, present, last, scale)
            movement += weights[:, 1:2] * there * (usual - median)
        return median + movement

    def usual(self, baseline: Baseline, inputs: Tensor, present: Tensor, last: Tensor, scale: Tensor) -> tuple[Tensor, Tensor]:
        """Forecasts of that baseline, the mean of the last days at the time of day of every lead; 1 where a day has a value.

        Values that lie far from the last one do not count: one glitch would move the forecasts of three days. The arguments
        are those that `Network.normalise` returns.

        Returns:
            Both `[batch, horizon, 1]`, the mean in the sensor's unit.
        """
        horizon, season, seasons = self.contract.horizon, baseline.season or 1, baseline.seasons
        near = present * tf.cast(tf.abs(inputs) < FARTHEST, tf.float32)
        days, there = (tf.reshape(part[:, -seasons * season :], [-1, seasons, season]) for part in (inputs * near, near))
        count = tf.reduce_sum(there, axis=1)
        mean = last + scale * (tf.reduce_sum(days, axis=1) / tf.maximum(count, 1.0))
        repeats = -(-horizon // season)
        leads = [tf.concat([part] * repeats, axis=1)[:, :horizon, None] for part in (mean, tf.minimum(count, 1.0))]
        return leads[0], leads[1]


def _mean(networks: Sequence[Network], window: Tensor, series: Tensor, future: Tensor | None) -> Tensor:
    """Mean of the forecasts of networks, as `Network.call`."""
    forecasts = [network.call(window, series, future) for network in networks]
    return tf.add_n(forecasts) / float(len(forecasts)) if len(forecasts) > 1 else forecasts[0]


def _weights(weights: Float64, series: Tensor) -> Tensor:
    """Weights of the parts for the series of each window, `[batch, parts, 1]`."""
    table = tf.constant(np.round(weights * PRECISION).astype(np.int32))
    return tf.cast(tf.gather(table, series), tf.float32)[:, :, None] / PRECISION

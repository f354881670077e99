"""What the training steps get to see, and what an error weighs there."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edge.contract.columns import Float32, Int32
from pipeline.training.architecture import Architecture
from pipeline.training.settings import Settings
from tests.support import tiny

if TYPE_CHECKING:
    from pipeline.training.trainer import Trainer

NOTHING = np.zeros((1, tiny.CONTRACT.horizon, 0), np.float32)  # is known ahead
SETTINGS = Settings(epochs=1, windows=2_048, batch=64)


@dataclass
class Seen:
    """Stands for the training steps and keeps what they get.

    Args:
        windows: windows of each call.
        known: series as the network sees them, of each call.
        scale: scale of each window's own series, of each call.
    """

    windows: list[Float32] = field(default_factory=list)
    known: list[Int32] = field(default_factory=list)
    scale: list[Float32] = field(default_factory=list)

    def __call__(self, windows: Any, _ahead: Any, _targets: Any, known: Any, scale: Any, *_: Any) -> float:  # noqa: ANN401
        """Steps that change nothing; their loss is 0."""
        self.windows.append(windows.numpy().reshape(-1, tiny.CONTRACT.window))
        self.known.append(known.numpy().ravel())
        self.scale.append(scale.numpy().ravel())
        return 0.0


def trainer(settings: Settings = SETTINGS, scale: Sequence[float] = (1, 10, 100)) -> "Trainer":
    """A trainer of a tiny network on the sines; no value of them is missing."""
    from pipeline.training.trainer import Trainer  # noqa: PLC0415 - imports TensorFlow

    whole = tiny.samples(21, 150, np.nan_to_num(tiny.sines(), nan=50.0))
    return Trainer(tiny.network(Architecture(units=6)), whole, np.array(scale, np.float64), settings)


def seen_in(settings: Settings) -> Seen:
    """What the steps of an epoch get."""
    seen, training = Seen(), trainer(settings)
    training.run_steps = seen
    list(training.epoch(0, np.random.default_rng(1)))
    return seen


@pytest.mark.training
@pytest.mark.parametrize("masked", [0.0, 0.3])
def test_values_are_taken_out_of_training_windows(masked: float) -> None:
    """Out of the asked share of windows, in every block of steps."""
    seen = seen_in(replace(SETTINGS, masked=masked))
    lost = np.isnan(np.concatenate(seen.windows)).any(axis=1)
    assert lost.mean() == pytest.approx(masked, abs=0.05)


@pytest.mark.training
@pytest.mark.parametrize("unknown", [0.0, 0.3])
def test_some_training_windows_come_without_their_series(unknown: float) -> None:
    """So that a series nobody knows is forecast well; all others come with the index of their own series."""
    seen = seen_in(replace(SETTINGS, unknown=unknown))
    known = np.concatenate(seen.known)
    assert (known == 0).mean() == pytest.approx(unknown, abs=0.05)
    own = {1.0: 1, 10.0: 2, 100.0: 3}
    of_scale = np.array([own[scale] for scale in np.concatenate(seen.scale).tolist()])
    np.testing.assert_array_equal(known[known > 0], of_scale[known > 0])


def pinball(training: "Trainer", window: Float32, target: Float32, series: Int32) -> tuple[float, float]:
    """Mean quantile loss of one window in units of its own scale, and that scale."""
    scaled, last, scale = (values.numpy() for values in training.network.scaled(window, series))
    error = ((target - last) / scale)[:, :, None] - scaled
    levels = np.array(tiny.CONTRACT.quantiles)
    return float(np.maximum(levels * error, (levels - 1) * error).mean()), float(scale[0, 0])


@pytest.mark.training
@pytest.mark.parametrize(("glitch", "weight"), [(51.0, 1.0), (20_000.0, 10.0)])
def test_a_glitch_in_a_window_limits_what_the_window_weighs(glitch: float, weight: float) -> None:
    """The glitch makes the window's own spread hundreds of times that of its series; it weighs ten times as much, no more."""
    import tensorflow as tf  # noqa: PLC0415 - takes seconds

    values, series = tiny.sines()[1:2].astype(np.float32), np.zeros(1, np.int32)
    window, target = values[:, 10:31].copy(), values[:, 31:38]
    usual = pinball(trainer(), window, target, series)[1]
    window[0, 7] = glitch
    training = trainer()
    loss, own = pinball(training, window, target, series)
    assert (own > 100 * usual) == (weight > 1)
    unit = np.array([usual if weight > 1 else own], np.float32)
    (weighed,), (facts,) = training.run_losses(*(tf.constant(values) for values in (window, NOTHING, target, series, unit)))
    assert float(weighed / facts) == pytest.approx(weight * loss, rel=1e-4)


@pytest.mark.training
@pytest.mark.parametrize("glitch", [50 + 20 * 101.0, -1e6, 4_294_967.295, 1e17])
def test_a_glitch_among_the_targets_is_no_target(glitch: float) -> None:
    """A fact that lies more than a hundred scales from the last value counts as one that is missing."""
    import tensorflow as tf  # noqa: PLC0415

    values = tiny.sines()[1:2].astype(np.float32)
    window, target = values[:, 10:31], values[:, 31:38].copy()
    series, unit, training = np.array([2], np.int32), np.array([20.0], np.float32), trainer()
    losses = []
    for value in (glitch, np.nan):
        target[0, 3] = value
        told = (tf.constant(values) for values in (window, NOTHING, target, series, unit))
        losses.append([float(each[0]) for each in training.run_losses(*told)])
    assert losses[0] == losses[1]
    assert losses[0][1] == target.shape[1] - 1


@pytest.mark.training
def test_validation_judges_the_averaged_weights_and_leaves_the_trained_ones() -> None:
    """With averages of zero it judges a network of zeros; afterwards the network is as before."""
    training, held = trainer(), np.arange(10)
    before = [weight.numpy() for weight in training.network.weights]
    usual = training.validate(training.samples, held)
    for average in training.averages:
        average.assign(0.0 * average)
    assert (training.validate(training.samples, held)[0] != usual[0]).all()
    np.testing.assert_array_equal(usual[1], tiny.CONTRACT.horizon)
    for weight, value in zip(training.network.weights, before, strict=True):
        np.testing.assert_array_equal(weight.numpy(), value)


@pytest.mark.training
def test_weights_of_before_are_judged_as_before() -> None:
    """After further steps the kept weights are taken back, and give the same losses, each sample's own."""
    training, held, random = trainer(SETTINGS), np.arange(3, 300, 7), np.random.default_rng(1)
    list(training.epoch(0, random))
    kept, losses = training.averaged_weights(), training.validate(training.samples, held)
    list(training.epoch(1, random))
    assert (training.validate(training.samples, held)[0] != losses[0]).any()
    training.keep(kept)
    np.testing.assert_array_equal(training.validate(training.samples, held), losses)
    np.testing.assert_allclose(training.validate(training.samples, held[4:5]), losses[:, 4:5], rtol=1e-5)


@pytest.mark.training
@pytest.mark.parametrize("parts", [1, 3, 1000])
def test_an_epoch_in_parts_has_the_steps_of_one_in_one_go(parts: int) -> None:
    """No step is left out or made twice, each part has about as many, and no part is empty."""
    training = trainer(SETTINGS)
    seen = Seen()
    training.run_steps = seen
    epoch = training.epoch(0, np.random.default_rng(1), parts)
    before = [sum(len(known) for known in seen.known) // training.batch for _ in epoch]
    assert before[-1] == training.steps == training.taken
    assert len(before) == min(parts, training.steps)
    assert max(np.diff([0, *before])) - min(np.diff([0, *before])) <= 1

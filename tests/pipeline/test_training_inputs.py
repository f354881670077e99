"""What no window tells is learned from the clock; a network that never looked at it begins as one without."""

from dataclasses import replace

import numpy as np
import pytest

from edge.contract.ahead.issues import Ahead
from edge.contract.ahead.known import Known
from edge.contract.clock import Clock
from edge.contract.contract import Context, Contract
from edge.contract.times import DAY, SECOND
from pipeline.history.windows import Samples
from pipeline.training.architecture import Architecture
from pipeline.training.build import build, forecast, parameters
from pipeline.training.fit import fit, fit_members
from pipeline.training.mixing import mix
from pipeline.training.settings import Settings
from tests.support import tiny

HOUR = 3600 * SECOND
CONTRACT = Contract(HOUR, 4, 4, inputs=(Clock(),))
SETTINGS = Settings(epochs=4, windows=4096, batch=64, learning_rate=0.02, averaging=0.9)


def pulses(days: int = 40) -> Samples:
    """A series that is low but for six hours from noon on; the table begins at 07:00 of the third day of 1970."""
    first = 2 * 24 + 7
    hour = (first + np.arange(24 * days)) % 24
    values = np.where((hour >= 12) & (hour < 18), 5.0, 1.0) + np.random.default_rng(0).normal(0, 0.05, len(hour))
    origin = np.arange(CONTRACT.window, 24 * days - CONTRACT.horizon + 1)
    return Samples(values[None], np.zeros(len(origin), np.int32), origin, first)


@pytest.mark.training
@pytest.mark.slow
def test_what_only_the_clock_knows_is_learned() -> None:
    """Noon comes while the window still stands still: a network with a clock is ready for it, in its calibration as well."""
    some, architecture = pulses(), Architecture(units=8)
    windows, context = some.windows(slice(None), CONTRACT), some.context(slice(None), CONTRACT)
    facts, errors = some.targets(slice(None), CONTRACT), []
    for contract in (CONTRACT, CONTRACT.plain):
        trained = fit(architecture, contract, some, some, SETTINGS)
        whole = mix(architecture, contract, trained, some, some, SETTINGS)
        forecasts = forecast(whole, windows, some.series + np.int32(1), context)
        errors.append(np.abs(forecasts[:, :, 1] - facts).mean())
    assert errors[0] < 0.5 * errors[1]


@pytest.mark.training
def test_a_fresh_network_with_a_clock_forecasts_as_one_without() -> None:
    """So the same seed compares what the clock adds, and nothing else."""
    import keras  # noqa: PLC0415 - takes seconds

    forecasts = []
    for contract in (tiny.CLOCKED, tiny.CONTRACT):
        keras.utils.set_random_seed(5)
        network = build(Architecture(units=6), contract, tiny.SCALE)
        forecasts.append(forecast(network, *tiny.windows(), tiny.context()))
    np.testing.assert_array_equal(forecasts[0], forecasts[1])


def test_samples_know_when_their_windows_end() -> None:
    """The origin of a sample is the start of its first target, whatever part of the table it lies in."""
    some = pulses()
    rows = np.array([0, 30])
    assert some.context(rows, CONTRACT).origin.tolist() == [2 * DAY + (7 + 4) * HOUR, 2 * DAY + (7 + 4 + 30) * HOUR]


SUNNY = replace(tiny.CLOCKED, inputs=(*tiny.CLOCKED.inputs, Known("sun"), Known("noise")))


def told_samples(first: int, last: int) -> Samples:
    """The sines, each interval shifted by an input that is known before, and another input that tells nothing."""
    random, number = np.random.default_rng(4), np.arange(200)
    sun, noise = random.normal(size=(2, 200))
    ahead = {name: Ahead(SUNNY.interval, number, number * 0, values) for name, values in (("sun", sun), ("noise", noise))}
    return replace(tiny.samples(first, last, tiny.sines() + sun * np.array([[1], [10], [100]])), ahead=ahead)


@pytest.mark.training
@pytest.mark.slow
def test_where_no_coming_value_is_known_forecasts_are_those_of_a_training_without_inputs() -> None:
    """The same weights, mixture, intervals and forecasts to the bit, where the inputs are of much use as well."""
    settings, architecture = (
        Settings(epochs=4, windows=1024, batch=64, learning_rate=0.01, averaging=0.9),
        Architecture(units=8),
    )
    training, validation = told_samples(21, 150), told_samples(150, 194)
    windows, series = validation.windows(slice(None), SUNNY), validation.series + np.int32(1)
    context, facts = validation.context(slice(None), SUNNY), validation.targets(slice(None), SUNNY)
    forecasts, errors = {}, {}
    for contract in (SUNNY, SUNNY.untold):
        trained = fit_members(architecture, contract, training, validation, settings)
        whole = mix(architecture, contract, trained, training, validation, settings)
        assert trained.record.parameters == parameters(whole)
        for told in (context, Context(context.origin)):
            made = forecasts[len(contract.known), len(told.ahead)] = forecast(whole, windows, series, told)
            errors[len(contract.known), len(told.ahead)] = np.abs(made[:, :, 1] - facts)[validation.series == 0].mean()
    np.testing.assert_array_equal(forecasts[2, 0], forecasts[0, 0])
    assert errors[2, 2] < 0.9 * errors[2, 0]


@pytest.mark.training
@pytest.mark.slow
def test_the_input_that_is_missed_the_least_is_hidden_first() -> None:
    """Noise is not missed, where one network has learned to forecast with the inputs and without."""
    settings = Settings(epochs=4, windows=1024, batch=64, learning_rate=0.01, averaging=0.9, untold=False)
    trained = fit_members(Architecture(units=8), SUNNY, told_samples(21, 150), told_samples(150, 194), settings)
    whole, (noise, sun) = trained.record.validation_loss[-1], trained.record.hidden
    assert (noise.name, sun.name) == ("noise", "sun")
    assert noise.alone == noise.together < 1.05 * whole
    assert sun.alone > 1.1 * whole
    assert sun.together > 1.1 * whole
    assert not trained.untold

"""What a network learns from, and what it leaves alone."""

from dataclasses import replace

import numpy as np
import pytest

from edge.contract.ahead.issues import Ahead
from edge.contract.ahead.known import Known
from edge.forecaster.manifest import Design
from pipeline.training.architecture import Architecture
from pipeline.training.build import build, forecast
from tests.support import tiny

KNOWN = 2  # series of the tiny networks that has a scale of its own, 20


@pytest.mark.training
def test_outer_quantiles_teach_the_median_nothing() -> None:
    """Their gradient reaches their own layers and no other weight: it would cost the median two per cent."""
    import tensorflow as tf  # noqa: PLC0415 - takes seconds

    network = tiny.network(Architecture(units=6))
    windows, series = tiny.windows(8)
    middle = tiny.CONTRACT.median
    with tf.GradientTape() as tape:
        scaled = network.scaled(tf.constant(windows.astype(np.float32)), tf.constant(series))[0]
        outer = tf.reduce_sum(tf.square(tf.concat([scaled[:, :, :middle], scaled[:, :, middle + 1 :]], axis=2)))
    weights = network.trainable_variables
    gradients = tape.gradient(outer, [weight.value for weight in weights])
    taught = {
        weight.path
        for weight, gradient in zip(weights, gradients, strict=True)
        if gradient is not None and np.any(tf.convert_to_tensor(gradient))
    }
    own = {weight.path for layer in network.outer for weight in layer.trainable_variables}
    assert taught == own


@pytest.mark.training
@pytest.mark.parametrize("glitch", [2_050.0, -1e6, 4_294_967.295, 1e17])
def test_a_glitch_in_a_window_is_missing(glitch: float) -> None:
    """What lies more than a hundred scales from the last value is to a known series as if nothing had come."""
    network, values = tiny.network(Architecture(units=6)), tiny.sines()[1:2, 10:31].astype(np.float32)
    broken, missing = values.copy(), values.copy()
    broken[0, 7], missing[0, 7] = glitch, np.nan
    series = np.array([KNOWN], np.int32)
    np.testing.assert_array_equal(network(broken, series).numpy(), network(missing, series).numpy())


@pytest.mark.training
def test_a_value_within_a_hundred_scales_is_no_glitch() -> None:
    """It moves the forecast."""
    network, values = tiny.network(Architecture(units=6)), tiny.sines()[1:2, 10:31].astype(np.float32)
    high, missing = values.copy(), values.copy()
    high[0, 7], missing[0, 7] = values[0, -1] + 99 * 20, np.nan
    series = np.array([KNOWN], np.int32)
    assert (network(high, series).numpy() != network(missing, series).numpy()).any()


@pytest.mark.training
@pytest.mark.parametrize("design", ["segment", "plain"])
@pytest.mark.parametrize("clock", [True, False], ids=["with a clock", "without"])
def test_a_network_that_goes_on_with_inputs_forecasts_as_the_one_before(design: Design, clock: bool) -> None:
    """Whatever the inputs say, it says nothing until it has learned; the clock keeps its weights."""
    inputs, architecture = tiny.CLOCKED.inputs[:clock], Architecture(design=design, units=6)
    before = tiny.network(architecture, replace(tiny.CONTRACT, inputs=inputs))
    contract = replace(tiny.CONTRACT, inputs=(*inputs, Known("wind"), Known("sun")))
    network, context, (windows, series) = build(architecture, contract, tiny.SCALE), tiny.context(), tiny.windows()
    network.go_on(before)
    numbers = np.arange(context.origin.min() // contract.interval, 200)
    wind = {"wind": Ahead(contract.interval, numbers, np.zeros_like(numbers), np.sin(numbers))}
    told = replace(context, ahead=wind)
    assert np.abs(told.future(contract)).max() > 0.9
    given = (context,) if clock else ()
    np.testing.assert_array_equal(forecast(network, windows, series, told), forecast(before, windows, series, *given))

"""Networks and simple forecasts are one graph, which the device runs as it is."""

from dataclasses import replace

import numpy as np
import pytest

from edge.contract.ahead.issues import Ahead
from edge.contract.ahead.known import Known
from edge.contract.contract import Contract
from edge.contract.times import SECOND
from edge.errors import ConfigurationError
from edge.forecaster.baselines import baseline
from edge.forecaster.model import Model
from pipeline.mixture.calibration import Calibration
from pipeline.release.parity import Pairs, parity
from pipeline.training.architecture import Architecture
from pipeline.training.build import assemble, forecast, parameters
from pipeline.training.conversion import convert
from tests.support import tiny

ARCHITECTURE = Architecture(units=8)
pytestmark = pytest.mark.training


@pytest.mark.parametrize("quantiles", [(0.1, 0.5, 0.9), (0.5,)])
def test_the_simple_forecasts_are_in_the_graph(quantiles: tuple[float, ...]) -> None:
    """The median moves by their weights towards the linear forecast, the days and the last value, on the device too.

    Where no day is known, the days leave it where it is.
    """
    contract = Contract(interval=6 * 3600 * SECOND, window=14, horizon=6, quantiles=quantiles)
    architecture = Architecture(units=6)
    network = tiny.network(architecture, contract)
    windows = 1000 + np.random.default_rng(2).uniform(-0.3, 0.3, (65, 14))
    series = np.arange(65, dtype=np.int32) % 4
    windows[1::5, -2] = np.nan  # one day of three
    windows[2::5, [-2, -6, -10]] = np.nan  # one time of day in all three, at leads 3 and nowhere else
    windows[3::5, -3] = 1e20  # is missing
    windows[4::20, -6] = -9999  # a glitch of an unknown series, as far off as that is in fourteen values
    windows[9::20, -6] = -9999  # a glitch of a known one
    usual = baseline("mean_of_3_days", contract)
    assert usual is not None
    plain = Calibration.of(contract, 3)
    alone = forecast(assemble([network], plain), windows, series)
    middle = contract.median
    share = np.where(series > 0, 0.25, 0.5)[:, None] * np.ones(6)
    share[2::5, 2] = 0
    days = np.where((windows < 1e18) & ((windows > 0) | (series == 0)[:, None]), windows, np.nan)
    known = np.where(np.isfinite(days), days, np.nan)
    last = known[:, -1:]
    into, out = np.random.default_rng(3).normal(0, 0.2, (14, 2)), np.random.default_rng(4).normal(0, 1, (2, 6))
    matrix = into @ out
    factors = (into, out) if middle else (matrix,)  # a large matrix has two
    linear = last + np.nan_to_num(known - last) @ matrix
    median = alone[:, :, middle]
    wanted = median + share * (usual.predict(days, series)[:, :, middle] - median) + 0.3 * (linear - median)
    wanted += 0.1 * (last - median)
    weights = np.array([[0.3, 0.5, 0.1], *[[0.3, 0.25, 0.1]] * 3])
    mixed = assemble([network], Calibration(weights, factors, plain.factors))
    found = forecast(mixed, windows, series)
    np.testing.assert_allclose(found[:, :, middle], wanted, rtol=1e-5, atol=1e-3)
    np.testing.assert_allclose(np.diff(found, axis=2), np.diff(alone, axis=2), rtol=1e-3, atol=1e-3)
    assert parity(Pairs(windows, series, found), Model(tiny.bundle_of(convert(mixed), architecture, contract))) < 1e-5


def test_unknown_series_have_intervals_of_their_own() -> None:
    """Twice as wide as those of known ones where their factors are, about the same median."""
    network = tiny.network(ARCHITECTURE)
    horizon, steps = tiny.CONTRACT.horizon, len(tiny.CONTRACT.quantiles) - 1
    factors = (np.stack([np.full((horizon, steps), one), np.ones((horizon, steps))]).astype(np.float32) for one in (1, 2))
    plain, wide = (assemble([network], Calibration(np.zeros((4, 3)), None, one)) for one in factors)
    windows, series = tiny.windows(8)
    before, after = (forecast(one, windows, series) for one in (plain, wide))
    np.testing.assert_array_equal(after[series > 0], before[series > 0])
    np.testing.assert_allclose(
        np.diff(after[series == 0], axis=2), 2 * np.diff(before[series == 0], axis=2), rtol=1e-3, atol=1e-4
    )


def test_a_part_that_cannot_be_forecast_has_no_weight() -> None:
    """The mean of the days where no day fits the window, and the linear forecast without its matrix."""
    network, plain = tiny.network(ARCHITECTURE), Calibration.of(tiny.CONTRACT, 3)
    for part, words in ((0, "matrix of the linear forecast"), (1, "at least 3 days")):
        weights = np.zeros((4, 3))
        weights[2, part] = 0.1
        with pytest.raises(ConfigurationError, match=words):
            assemble([network], replace(plain, weights=weights))


def test_windows_without_coming_values_have_weights_and_intervals_of_their_own() -> None:
    """One known value of one input is enough for the others; the device does the same."""
    contract = replace(tiny.CLOCKED, inputs=(*tiny.CLOCKED.inputs, Known("wind"), Known("sun")))
    network, (windows, series), context = tiny.network(ARCHITECTURE, contract), tiny.windows(8), tiny.context(8)
    plain = Calibration.of(contract, 3)
    weights = np.zeros((4, 3))
    weights[:, 2] = 1.0  # of the last value
    whole = assemble([network], replace(plain, untold=(weights, 2 * plain.factors)))
    alone = assemble([network], plain)
    first = context.origin[:1] // contract.interval
    sun = Ahead(contract.interval, first + contract.horizon - 1, first * 0, np.ones(1))
    for told in (replace(context, ahead={"sun": sun}), context):
        before, after = (forecast(one, windows, series, told) for one in (alone, whole))
        known = told.known(contract)["sun"][:, contract.back :]
        there = np.isfinite(known).any(axis=1)
        assert there.any() == bool(told.ahead)
        np.testing.assert_array_equal(after[there], before[there])
        last = np.array([window[np.isfinite(window)][-1] for window in windows])[:, None]
        np.testing.assert_allclose(
            after[~there, :, 1], np.broadcast_to(last, after[:, :, 1].shape)[~there], rtol=1e-5, atol=1e-4
        )
        widths = [np.diff(each[~there], axis=2) for each in (before, after)]
        np.testing.assert_allclose(widths[1], 2 * widths[0], rtol=1e-3, atol=1e-4)
        model = Model(tiny.bundle_of(convert(whole), ARCHITECTURE, contract))
        assert parity(Pairs(windows, series, after, context=told), model) < 1e-5


def test_windows_without_coming_values_are_forecast_by_the_networks_without_inputs() -> None:
    """To the bit, and the others by the networks that are told; so does the device."""
    contract = replace(tiny.CLOCKED, inputs=(*tiny.CLOCKED.inputs, Known("wind"), Known("sun")))
    (windows, series), context = tiny.windows(8), tiny.context(8)
    networks, others = [tiny.network(ARCHITECTURE, contract)], [tiny.network(ARCHITECTURE, tiny.CLOCKED)]
    plain = Calibration.of(contract, 3)
    whole = assemble(networks, plain, others)
    assert parameters(whole) == parameters(networks[0]) + parameters(others[0])
    alone, without = assemble(networks, plain), assemble(others, Calibration.of(tiny.CLOCKED, 3))
    first = context.origin[:1] // contract.interval
    told = replace(context, ahead={"sun": Ahead(contract.interval, first + contract.horizon - 1, first * 0, np.ones(1))})
    there = np.isfinite(told.known(contract)["sun"][:, contract.back :]).any(axis=1)
    assert 0 < there.sum() < len(windows)
    forecasts = forecast(whole, windows, series, told)
    np.testing.assert_array_equal(forecasts[there], forecast(alone, windows, series, told)[there])
    np.testing.assert_array_equal(forecasts[~there], forecast(without, windows, series, context)[~there])
    model = Model(tiny.bundle_of(convert(whole), ARCHITECTURE, contract))
    assert parity(Pairs(windows, series, forecasts, context=told), model) < 1e-5

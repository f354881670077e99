"""The other methods: exact where they can be, blind to what they must not see, and as honest about gaps as the rest."""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pytest

from edge.contract.columns import Float64, Readings, SeriesTable
from edge.contract.contract import Contract
from edge.contract.times import SECOND
from edge.errors import ConfigurationError
from edge.forecaster.forecaster import Forecaster
from pipeline.backtest import peers
from pipeline.backtest.peers import features, lightgbm_direct, ridge, statsforecast
from pipeline.backtest.run import fit_peers
from pipeline.history.prepared import Prepared, prepare
from pipeline.history.windows import Samples, samples
from tests.support.forecasters import CHECKS, Subject, name_of

HOUR = 3600 * SECOND
CONTRACT = Contract(HOUR, 48, 6)
NAMES = ["hall", "yard"]


def cycles(intervals: int = 700, noise: float = 0.0) -> Float64:
    """Two sums of sines of different level and size: every value is a linear function of those before."""
    time = np.arange(intervals)
    shape = np.sin(time / 24 * 2 * np.pi) + 0.5 * np.sin(time / 7)
    values = np.stack([20 + shape, 1000 - 50 * shape])
    grid: Float64 = values + noise * np.random.default_rng(5).normal(size=values.shape) * [[1], [50]]
    return grid


def history(values: Float64) -> Prepared:
    """The values as a history that is split by time."""
    rows, columns = np.nonzero(np.isfinite(values))
    readings = Readings(rows.astype(np.int32), columns * HOUR, values[rows, columns].astype(np.float64))
    return prepare(SeriesTable(NAMES), readings, CONTRACT)


def learnable(prepared: Prepared) -> tuple[Samples, Samples]:
    """What a method is fitted on and chosen by."""
    training, validation = (
        samples(prepared.table, CONTRACT, part) for part in (prepared.split.training, prepared.split.validation)
    )
    return training, validation


def quiet(_what: str, _done: int, _total: int) -> None:
    """Nobody is told."""


def learned(prepared: Prepared) -> tuple[Float64, Forecaster]:
    """What the ridge makes of the held-out windows, and the ridge."""
    (model,) = fit_peers(prepared, peers=False, windows=0, told=quiet)
    held = samples(prepared.table, CONTRACT, prepared.split.held_out)
    return model.predict(held.windows(slice(None), CONTRACT), held.series + np.int32(1)), model


@pytest.fixture(scope="module")
def fitted() -> Mapping[str, Forecaster]:
    """Every peer by its name, fitted on the same short history."""
    peers = fit_peers(history(cycles(noise=0.3)), peers=True, windows=0, told=quiet)
    return {peer.name: peer for peer in peers}


@pytest.mark.training
@pytest.mark.parametrize("check", CHECKS, ids=name_of)
@pytest.mark.parametrize(
    ("name", "most"), [("ridge", 65), ("lightgbm", 65), ("auto_ets", 5)], ids=["ridge", "lightgbm", "auto_ets"]
)
def test_a_peer(fitted: Mapping[str, Forecaster], name: str, most: int, check: Callable[[Subject], None]) -> None:
    """Each peer passes the checks that all forecasters pass."""
    check(Subject(fitted[name], 1e-5, len(NAMES), most, moved=name != "auto_ets"))


def test_ridge_recovers_a_linear_process() -> None:
    """Every lead of both series is exact to what float32 holds, also of a series it does not know."""
    prepared = history(cycles())
    forecasts, model = learned(prepared)
    held = samples(prepared.table, CONTRACT, prepared.split.held_out)
    unit = prepared.scale[held.series][:, None]
    assert np.abs((forecasts[:, :, 1] - held.targets(slice(None), CONTRACT)) / unit).max() < 1e-3
    unknown = model.predict(held.windows(slice(None), CONTRACT), held.series * 0)
    np.testing.assert_allclose(unknown[:, :, 1], forecasts[:, :, 1], rtol=1e-5)


def test_a_method_says_how_sure_it_is() -> None:
    """Quantiles ascend about the median, and hold about as many facts as they say."""
    prepared = history(cycles(2000, noise=0.3))
    forecasts, _ = learned(prepared)
    facts = samples(prepared.table, CONTRACT, prepared.split.held_out).targets(slice(None), CONTRACT)
    assert (np.diff(forecasts, axis=2) >= 0).all()
    assert 0.7 < ((forecasts[:, :, 0] <= facts) & (facts <= forecasts[:, :, 2])).mean() < 0.9


def test_gaps_are_no_values() -> None:
    """A missing value counts as the last one, a window without any gives NaN, and a glitch is as good as missing."""
    model = learned(history(cycles(noise=0.1)))[1]
    window = cycles()[:1, :48].copy()
    filled, holey, glitch, empty = (window.copy() for _ in range(4))
    filled[0, 10], holey[0, 10], glitch[0, 10], empty[0] = window[0, -1], np.nan, 1e30, np.nan
    forecasts = model.predict(np.concatenate([filled, holey, glitch, empty]), np.ones(4, np.int32))
    np.testing.assert_array_equal(forecasts[1], forecasts[0])
    np.testing.assert_array_equal(forecasts[2], forecasts[0])
    assert np.isnan(forecasts[3]).all()


def test_missing_targets_and_few_windows_are_no_obstacle() -> None:
    """With a third of the values gone, in small blocks and on some of the windows only, the cycle is still found."""
    values = cycles(noise=0.02)
    values[np.random.default_rng(1).random(values.shape) < 0.3] = np.nan
    prepared = history(values)
    model = ridge(*learnable(prepared), CONTRACT, prepared.scale, most=500, block=64)
    held = samples(prepared.table, CONTRACT, prepared.split.held_out)
    forecasts = model.predict(held.windows(slice(None), CONTRACT), held.series + np.int32(1))
    error = np.abs(forecasts[:, :, 1] - held.targets(slice(None), CONTRACT)) / prepared.scale[held.series][:, None]
    assert np.nanmean(error) < 0.35


@pytest.mark.training
def test_a_spike_after_the_split_changes_nothing_that_was_learned() -> None:
    """Weights, trees and quantiles are the same to the last bit, whatever happens in the held-out part."""
    calm, spiked = history(cycles(noise=0.1)), cycles(noise=0.1)
    spiked[:, calm.split.held_out.start :] = 1e6
    made = []
    for prepared in (calm, history(spiked)):
        assert prepared.split == calm.split
        parts = learnable(prepared)
        made.append((ridge(*parts, CONTRACT, prepared.scale), lightgbm_direct(*parts, CONTRACT, prepared.scale)))
    (linear, trees), (linear_too, trees_too) = made
    np.testing.assert_array_equal(linear.weights, linear_too.weights)
    np.testing.assert_array_equal(linear.offsets, linear_too.offsets)
    assert trees.booster.model_to_string() == trees_too.booster.model_to_string()
    np.testing.assert_array_equal(trees.offsets, trees_too.offsets)


@pytest.mark.training
def test_trees_beat_the_last_value_on_a_cycle() -> None:
    """One model for both series and all leads is far better, and tells how far it has come."""
    prepared, told = history(cycles(1500, noise=0.05)), []
    parts = learnable(prepared)
    model = lightgbm_direct(*parts, CONTRACT, prepared.scale, lambda tree, trees: told.append((tree, trees)))
    held = samples(prepared.table, CONTRACT, prepared.split.held_out)
    windows, facts = held.windows(slice(None), CONTRACT), held.targets(slice(None), CONTRACT)
    forecasts = model.predict(windows, held.series + np.int32(1))
    assert forecasts.shape == (len(held), 6, 3)
    assert (np.diff(forecasts, axis=2) >= 0).all()
    unit = prepared.scale[held.series][:, None]
    error, naive = (np.abs(one - facts) / unit for one in (forecasts[:, :, 1], windows[:, -1:]))
    assert error.mean() < 0.4 * naive.mean()
    assert told[0] == (1, peers.TREES)
    assert model.predict(windows[:0], held.series[:0]).shape == (0, 6, 3)


def test_features_look_at_the_same_time_of_earlier_days() -> None:
    """On a counting window the value a day before lead h is 24 intervals before the target, and the change since then h."""
    values = np.arange(48.0)[None] - 47
    found = features(values, np.array([0, 0]), np.array([0, 5]), CONTRACT)
    lags = peers.lags_within(48)
    assert lags == [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48]
    first = 1 + len(lags) + len(lags) - 1  # the lead, values, means
    np.testing.assert_array_equal(found[:, 0], [0, 5])
    np.testing.assert_array_equal(found[:, first : first + 2], [[-23, -47], [-18, -42]])
    np.testing.assert_array_equal(found[1, first + 3], 6)


@pytest.mark.slow
@pytest.mark.training
def test_exponential_smoothing_finds_the_day_of_each_window() -> None:
    """Two days and a season: the forecast goes on with it; short, constant and empty windows are answered or left open."""
    told: list[int] = []
    contract = replace(CONTRACT, window=96, quantiles=(0.05, 0.1, 0.5, 0.9, 0.95))
    model = statsforecast(contract, lambda: told.append(1))
    time = np.arange(102)
    cycle = 20 + 5 * np.sin(time / 24 * 2 * np.pi) + np.random.default_rng(0).normal(0, 0.1, 102)
    windows = np.stack([cycle[:96]] * 4)
    windows[0, 40:43] = np.nan
    windows[1, :-1] = np.nan
    windows[2] = 7
    windows[3] = np.nan
    forecasts = model.predict(windows, np.zeros(4, np.int32))
    assert np.abs(forecasts[0, :, 2] - cycle[96:]).max() < 1
    assert (np.diff(forecasts[0], axis=1) > 0).all()
    np.testing.assert_array_equal(forecasts[1, :, 2], cycle[95])
    np.testing.assert_allclose(forecasts[2, :, 2], 7, atol=1e-3)
    assert np.isnan(forecasts[3]).all()
    assert len(told) == 4


@pytest.mark.parametrize("name", ["lightgbm", "statsforecast"])
def test_a_missing_library_is_one_line(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says what is missing and how to get it."""
    load = importlib.import_module

    def missing(wanted: str) -> object:
        if wanted.startswith(name):
            raise ModuleNotFoundError(wanted)
        return load(wanted)

    monkeypatch.setattr(importlib, "import_module", missing)
    prepared = history(cycles(400))
    parts = learnable(prepared)
    with pytest.raises(ConfigurationError, match=rf"{name} is not installed; .*: pip install '\.\[peers\]'"):
        lightgbm_direct(*parts, CONTRACT, prepared.scale) if name == "lightgbm" else statsforecast(CONTRACT)

"""A fleet whose networks look at the clock and are told of an input: from the history to the device; and its baselines."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from edge.config.training_sections import Fleet
from edge.contract.ahead.issues import Issues
from edge.contract.columns import Readings, SeriesTable
from edge.contract.contract import Contract
from edge.contract.times import SECOND, parse_time
from edge.forecaster.bundle import read_bundle, write_bundle
from edge.forecaster.manifest import FURTHER
from edge.forecaster.model import Model
from edge.inputs.rule import InputRule
from edge.release.ready import open_bundle
from edge.series.engine import Engine
from pipeline.history.defaults import with_clock
from pipeline.history.prepared import Prepared, prepare
from pipeline.inputs.known import with_known
from pipeline.judging.contender import contender, on_device
from pipeline.judging.evaluation import Facts, backtest
from pipeline.release.candidates import make_candidate
from pipeline.release.instead import Simple, baseline_bundle, makes_room
from pipeline.training.architecture import Architecture
from pipeline.training.settings import Settings
from tests.pipeline.test_release_instead import tried

HOUR = 3600 * SECOND
CONTRACT = Contract(HOUR, 48, 12)
FLEET = Fleet(time_zone="Europe/Berlin")
START = parse_time("2025-01-06T00:00Z")


@pytest.fixture(scope="module")
def prepared() -> Prepared:
    """Eight months of two sensors of a building that is used from Monday to Friday, and the sun as it was known before."""
    hours = np.arange(24 * 240)
    used = (hours % 24 >= 7) & (hours % 24 < 18) & (hours // 24 % 7 < 5)
    random = np.random.default_rng(3)
    sun = np.repeat(random.normal(0, 1, len(hours) // 6), 6)
    values = np.stack(
        [20 + 8 * used + 8 * sun + random.normal(0, 0.5, len(hours)), 300 * used + random.normal(0, 20, len(hours))]
    )
    series, time = np.repeat(np.arange(2, dtype=np.int32), len(hours)), np.tile(START + hours * HOUR, 2)
    whole = prepare(SeriesTable(["a", "b"]), Readings(series, time, values.ravel()), CONTRACT)
    issued = START + hours // 24 * 24 * HOUR - 12 * HOUR
    table = replace(whole.table, ahead={"sun": Issues(issued, START + hours * HOUR, sun).on_grid(HOUR)})
    contract = with_clock(CONTRACT, FLEET, len(whole.split.training))
    contract = with_known(
        contract, table.ahead, whole.table.start + len(whole.split.training) * HOUR, [InputRule(name="sun", unit="lx")]
    )
    return replace(whole, table=table, contract=contract)


@pytest.mark.training
@pytest.mark.slow
def test_a_candidate_that_looks_at_the_clock_goes_the_whole_way(prepared: Prepared, tmp_path: Path) -> None:
    """Trained, converted, verified, written, opened by a device, and forecast there as it was judged."""
    settings = Settings(epochs=2, windows=2048, batch=64, learning_rate=0.01)
    made = make_candidate(prepared, Architecture(units=8), settings, tmp_path / "work")
    bundle = read_bundle(write_bundle(tmp_path, made.bundle))
    manifest = bundle.manifest
    assert (manifest.schema, manifest.contract) == (FURTHER, prepared.contract)
    assert made.parity < 1e-4
    assert manifest.golden is not None
    assert manifest.golden.origins is not None
    assert [known.unit for known in manifest.contract.known] == ["lx"]
    assert np.isfinite(np.array(manifest.golden.known["sun"], float)[:8]).mean() > 0.9
    assert manifest.golden.known["sun"][8:] == [[None] * (24 + CONTRACT.horizon)] * 8  # the other network is tested as well
    assert all((origin - START) % HOUR == 0 for origin in manifest.golden.origins)
    model = open_bundle(bundle)
    table, part = prepared.table, prepared.split.held_out
    (judged,) = backtest([contender(model, table.names, manifest.series)], Facts(table, prepared.contract, part))
    assert judged.count.sum() > 1000
    facts = Facts(replace(table, ahead={}), prepared.contract, part)
    (untold,) = backtest([contender(model, table.names, manifest.series)], facts)
    assert judged.absolute_error[0].sum() < 0.95 * untold.absolute_error[0].sum()
    never = make_candidate(
        replace(prepared, contract=prepared.contract.untold), Architecture(units=8), settings, tmp_path / "b"
    )
    (plain,) = backtest([on_device(Model(never.bundle), never.bundle, table.names)], facts)
    np.testing.assert_allclose(untold.absolute_error, plain.absolute_error, rtol=1e-4)  # where nothing is known, it is the same
    engine = Engine(model, manifest.series, SeriesTable(table.names))
    engine.ahead = lambda _: table.ahead
    first = part.start - CONTRACT.window
    column = np.arange(first, part.stop)
    readings = Readings(
        np.repeat(np.arange(2, dtype=np.int32), len(column)),
        np.tile(table.start + column * HOUR, 2),
        table.values[:, first : part.stop].ravel(),
    )
    error = np.zeros(2)
    cut = sliding_window_view(table.values, CONTRACT.horizon, axis=1)
    for forecasts in engine.step(readings, table.end).forecasts:
        origin = (forecasts.origin - table.start) // HOUR
        inside = (origin >= part.start) & (origin + CONTRACT.horizon <= part.stop) & (forecasts.model == model.name)
        series = forecasts.series[inside]
        difference = np.abs(forecasts.values[inside][:, :, 1] - cut[series, origin[inside]]).sum(axis=1)
        error += np.bincount(series, difference, 2)
    np.testing.assert_allclose(error, judged.absolute_error.sum(axis=1), rtol=1e-5)


def test_a_baseline_of_such_a_fleet_has_the_contract_without_a_clock(prepared: Prepared) -> None:
    """So devices that are older take it, and the same baseline does not go out anew at each retraining."""
    best, trial = Simple("seasonal_naive_day", {}), tried([1.0, 1.0], [0.5, 0.5])
    manifest = baseline_bundle(prepared, best, []).manifest
    assert (manifest.schema, manifest.contract) == (1, prepared.contract.plain)
    assert not makes_room(manifest, best, trial, prepared, 0.01)
    assert makes_room(manifest, best, trial, replace(prepared, contract=replace(prepared.contract, window=72)), 0.01)

"""What a candidate says of itself; the way from history to candidate is walked by the retraining flow's own tests."""

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from edge.contract.ahead.issues import Ahead, Issues
from edge.contract.ahead.known import Known
from edge.contract.clock import Clock
from edge.contract.columns import Readings, SeriesTable
from edge.contract.contract import Context, Contract
from edge.contract.times import SECOND
from edge.forecaster.baselines import Baseline
from edge.forecaster.manifest import Conversion
from pipeline.history.prepared import Prepared, prepare
from pipeline.judging.contender import contender
from pipeline.judging.evaluation import Facts, backtest
from pipeline.release.candidates import Candidate, also_untold, probe_windows, training_of
from pipeline.release.decision import choose
from pipeline.release.instead import Simple, baseline_bundle
from pipeline.training.settings import Record, Settings

HOUR = 3600 * SECOND
CONTRACT = Contract(HOUR, 24, 6)
RECORD = Record(18.5, 7, 4, (), (), 1000, 9, weights={"linear": (0.05, 0.2)})


@pytest.fixture(scope="module")
def prepared() -> Prepared:
    """Three weeks of two noisy days' courses, of which 20 readings are missing at the start of the second."""
    hours = np.arange(504)
    value = 20 + 5 * np.sin(hours / 24 * 2 * np.pi) + np.random.default_rng(3).normal(0, 1, 504)
    series, time = np.repeat(np.arange(2, dtype=np.int32), [504, 484]), np.concatenate([hours, hours[20:]]) * HOUR
    return prepare(SeriesTable(["a", "b"]), Readings(series, time, np.concatenate([value, 3 * value[20:]])), CONTRACT)


def candidate(prepared: Prepared, name: str = "last_value") -> Candidate:
    """A baseline in the place of a network."""
    forecaster = Baseline(name, CONTRACT, None if name == "last_value" else 24)
    entrant = contender(forecaster, prepared.table.names)
    (validation,) = backtest([entrant], Facts(prepared.table, CONTRACT, prepared.split.validation))
    return Candidate(baseline_bundle(prepared, Simple(name, {}), []), RECORD, 0.0, validation)


def test_the_manifest_says_what_the_model_was_made_from(prepared: Prepared) -> None:
    """Times are edges of the parts, and only filled intervals of the training part are rows."""
    training = training_of(prepared, Settings(seed=5, members=2), RECORD, {"window": 24.0})
    parts = prepared.split
    assert (training.start, training.end) == (0, parts.training.stop * HOUR)
    assert training.validated == parts.validation.stop * HOUR
    assert training.rows == 2 * parts.training.stop - 20
    assert (training.seconds, training.epochs, training.weights) == (18.5, 7, {"linear": (0.05, 0.2)})
    assert (training.seed, training.members, training.settings) == (5, 2, {"window": 24.0})
    assert training.data_hash == prepared.table.data_hash


def test_latency_is_that_of_the_released_precision_at_batch_64(prepared: Prepared) -> None:
    """The first conversion is the released one; without a measurement there is no latency."""
    made = candidate(prepared)
    assert made.latency is None
    conversions = [Conversion("int8", 90, 0.1, 1.0, (30.0, 8.5)), Conversion("float32", 100, 0.0, 1.0, (31.0, 9.5))]
    manifest = msgspec.structs.replace(made.bundle.manifest, conversions=conversions)
    bundle = type(made.bundle)(manifest, made.bundle.model)
    assert Candidate(bundle, RECORD, 0.0, made.validation).latency == 8.5


def test_the_candidate_with_the_least_error_in_units_of_the_series_is_chosen(prepared: Prepared) -> None:
    """Of a daily course the value of a day ago is nearer than the last value."""
    last, day = candidate(prepared), candidate(prepared, "seasonal_naive_day")
    assert day.loss(prepared.scale) < last.loss(prepared.scale)
    assert choose([last, day], prepared.scale) is day
    by_hand = np.mean(last.validation.by_series / prepared.scale)
    assert last.loss(prepared.scale) == pytest.approx(by_hand, rel=1e-6)


def test_probes_are_what_no_history_has() -> None:
    """An unknown sensor that reads 0, and one past a million, known and unknown."""
    windows, series = probe_windows(CONTRACT)
    assert windows.shape == (3, CONTRACT.window)
    assert series.tolist() == [0, 0, 1]
    assert not windows[0].any()
    assert (np.abs(windows[1:] - 2e6) <= 1.1e5).all()
    assert windows[1].std() > 1e4


def test_networks_for_windows_without_coming_values_are_compared_as_well() -> None:
    """Each window comes again at the same moment of an earlier week, before anything of the inputs is known."""
    contract = replace(CONTRACT, inputs=(Clock(), Known("wind")))
    numbers = np.arange(1000, 1400)
    ahead = {"wind": Ahead(HOUR, numbers, numbers * HOUR - 24 * HOUR, np.ones(400)), "sun": Issues.of().on_grid(HOUR)}
    context = Context(np.array([1100, 1300]) * HOUR, ahead)
    windows, series = np.arange(48.0).reshape(2, 24), np.array([0, 2], np.int32)
    again, owner, beside = also_untold(contract, windows, series, context)
    np.testing.assert_array_equal(again, np.concatenate([windows, windows]))
    assert owner.tolist() == [0, 2, 0, 2]
    weeks = (context.origin - beside.origin[2:]) / (7 * 24 * HOUR)
    assert weeks.tolist() == [2, 2]  # 306 hours back at least
    known = beside.known(contract)["wind"]
    assert np.isfinite(known[:2]).all()
    assert np.isnan(known[2:]).all()
    nothing = replace(context, ahead={"wind": Issues.of().on_grid(HOUR)})  # so the windows are without coming values already
    assert also_untold(contract, windows, series, nothing) == (windows, series, nothing)
    assert also_untold(contract.untold, windows, series, context) == (windows, series, context)

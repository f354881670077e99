"""The converted model forecasts as the contract says on the device runtime, or is refused."""

import pickle
import subprocess
import sys
from pathlib import Path
from typing import get_args

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from edge.contract.columns import Float64
from edge.contract.contract import Contract
from edge.contract.times import SECOND
from edge.errors import BundleError, ConfigurationError
from edge.forecaster import model as edge_model
from edge.forecaster.bundle import Bundle
from edge.forecaster.golden import Golden
from edge.forecaster.level import LARGEST_VALUE
from edge.forecaster.manifest import Cell, Manifest
from edge.forecaster.model import GREETING, Model, open_forecaster, relative_error, runtime_name
from edge.forecaster.outliers import outlying
from pipeline.training.architecture import Architecture
from tests.support import tiny

SEGMENT = Architecture(units=6)
VALUES = st.one_of(
    st.floats(-1e6, 1e6, width=32), st.just(np.nan), st.sampled_from([np.inf, -np.inf, 1e18, 4.9e16, -3e38, 1e-30])
)


def with_golden(bundle: Bundle, golden: Golden) -> Bundle:
    """The same bundle with other golden forecasts."""
    return Bundle(msgspec.structs.replace(bundle.manifest, golden=golden), bundle.model)


@pytest.mark.training
def test_forecasts_do_not_depend_on_the_batch() -> None:
    """Any number of windows gives each window the forecast it has alone."""
    model = Model(tiny.bundle(SEGMENT))
    windows, series = tiny.windows(330)
    alone = np.concatenate([model.predict(windows[i : i + 1], series[i : i + 1]) for i in range(330)])
    for count in (0, 1, 2, 8, 9, 65, 257, 330):
        found = model.predict(windows[:count], series[:count])
        assert found.shape == (count, 7, 3)
        assert relative_error(alone[:count], found, windows[:count]) < 1e-5 if count else True


@pytest.mark.training
def test_many_windows_take_no_more_interpreters_than_the_self_test() -> None:
    """Each takes megabytes; larger batches than 64 would be no faster."""
    model = Model(tiny.bundle(Architecture()))
    model.self_test()
    tested = set(model._interpreters)
    windows, series = tiny.windows(64 * 5)
    model.predict(windows, series)
    assert set(model._interpreters) == tested == {1, 64}


@pytest.mark.training
def test_window_without_any_value_gives_no_forecast() -> None:
    """Nothing is guessed where nothing is known; the other windows of the batch keep theirs."""
    windows, series = tiny.windows(2)
    windows[0] = np.nan
    forecasts = Model(tiny.bundle(SEGMENT)).predict(windows, series)
    assert np.isnan(forecasts[0]).all()
    assert np.isfinite(forecasts[1]).all()


@pytest.mark.training
def test_series_the_bundle_does_not_list_counts_as_unknown() -> None:
    """An index out of range is forecast as series 0, never read beyond the table."""
    windows = np.repeat(tiny.windows(1)[0], 4, axis=0)
    forecasts = Model(tiny.bundle(SEGMENT)).predict(windows, np.array([0, 4, -1, 2_000_000_000], np.int32))
    np.testing.assert_array_equal(forecasts, forecasts[:1].repeat(4, axis=0))


@pytest.mark.training
@settings(deadline=None, max_examples=50)
@given(arrays(np.float64, (3, 21), elements=VALUES), arrays(np.int32, 3, elements=st.integers(-1, 4)))
def test_quantiles_never_cross(windows: Float64, series: "np.ndarray[tuple[int], np.dtype[np.int32]]") -> None:
    """Whatever the window holds, quantiles ascend, and every window with a value gets a finite forecast."""
    forecasts = Model(tiny.bundle(SEGMENT)).predict(windows, series)
    known = (np.abs(windows) < LARGEST_VALUE).any(axis=1)
    assert np.isfinite(forecasts[known]).all()
    assert (np.diff(forecasts[known], axis=2) >= 0).all()


@pytest.mark.training
@pytest.mark.parametrize("design", ["segment", "plain"])
@settings(deadline=None, max_examples=25)
@given(st.floats(0.01, 1000), st.floats(-1000, 1000))
def test_unknown_series_are_forecast_in_any_unit(design: str, factor: float, offset: float) -> None:
    """Where the sensor speaks Fahrenheit instead of Celsius, so does the forecast: y(a·x + b) = a·y(x) + b."""
    model = Model(tiny.bundle(Architecture(units=6, design="plain") if design == "plain" else SEGMENT))
    windows = np.random.default_rng(5).normal(0, 1, (8, 21))
    series = np.zeros(8, np.int32)
    expected = model.predict(windows, series) * factor + offset
    found = model.predict((windows * np.float64(factor) + np.float64(offset)), series)
    rounding = 1e-3 * factor + 1e-4 * abs(offset)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=rounding)


@pytest.mark.training
def test_known_series_are_scaled_as_in_training() -> None:
    """A window twice as wide is not merely forecast twice as wide, because the scale of its series is known."""
    model = Model(tiny.bundle(SEGMENT))
    windows = np.random.default_rng(5).normal(0, 1, (4, 21))
    known, without_scale = np.full(4, 1, np.int32), np.full(4, 3, np.int32)
    assert relative_error(2 * model.predict(windows, known), model.predict(2 * windows, known), windows) > 1e-2
    assert relative_error(2 * model.predict(windows, without_scale), model.predict(2 * windows, without_scale), windows) < 1e-4


@pytest.mark.training
def test_self_test_passes_what_was_verified() -> None:
    """A sound bundle repeats its golden forecasts well within the tolerance."""
    assert Model(tiny.bundle(SEGMENT)).self_test() <= 1e-5


@pytest.mark.training
def test_self_test_passes_golden_windows_from_before_there_was_a_rule_for_outliers() -> None:
    """Their forecasts were made from the outlier as well: the bundle stays live when the device is brought up to date."""
    bundle = tiny.bundle(SEGMENT)
    windows, series = tiny.windows(4)
    windows[:, -1] = 85 * np.abs(np.nan_to_num(windows)).max()
    assert outlying(windows)[:, -1].any()
    made = tiny.network(SEGMENT).call(windows.astype(np.float32), series).numpy().astype(np.float64)
    assert relative_error(made, Model(bundle).predict(windows, series), windows) > 0.1
    assert Model(with_golden(bundle, Golden.of(windows, series, made))).self_test() <= 1e-4


@pytest.mark.training
def test_self_test_refuses_other_forecasts() -> None:
    """Golden forecasts that the model does not repeat are refused with both figures."""
    bundle = tiny.bundle(SEGMENT)
    assert bundle.manifest.golden is not None
    windows, series, forecasts = bundle.manifest.golden.arrays()
    wrong = with_golden(bundle, Golden.of(windows, series, forecasts + 1))
    with pytest.raises(BundleError, match=r"at most 0\.0001 of their spread, got"):
        Model(wrong).self_test()


@pytest.mark.training
def test_self_test_refuses_a_model_that_gives_nan() -> None:
    """A model that runs and gives NaN does not go live."""
    with pytest.raises(BundleError, match="got nan"):
        Model(tiny.bundle_of(tiny.converted("nan"))).self_test()


@pytest.mark.training
def test_self_test_refuses_crossed_quantiles() -> None:
    """Quantiles that descend are refused, whatever the golden forecasts say."""
    with pytest.raises(BundleError, match="ascending"):
        Model(tiny.bundle_of(tiny.converted("crossed"))).self_test()


@pytest.mark.training
@pytest.mark.parametrize(("kind", "reason"), [("short", r"output .*7, 3.* got .*6, 3"), ("series_float", "inputs .*int32")])
def test_model_of_another_shape_is_refused(kind: str, reason: str) -> None:
    """Shapes and types are read from the model and compared with the contract."""
    with pytest.raises(BundleError, match=reason):
        Model(tiny.bundle_of(tiny.converted(kind)))


def test_file_that_is_no_model_is_refused() -> None:
    """Bytes that match their hash and are no TFLite file give a reason instead of a crash."""
    for content in (b"x", b"not a model at all" * 100):
        with pytest.raises(BundleError, match="cannot open the model"):
            Model(tiny.bundle_of(content))


@pytest.mark.training
def test_truncated_model_is_refused() -> None:
    """Half a model whose hash was made to match does not open."""
    content = tiny.bundle(SEGMENT).model or b""
    with pytest.raises(BundleError, match="cannot open the model"):
        Model(tiny.bundle_of(content[: len(content) // 2]))


def test_baseline_bundle_opens_as_its_baseline() -> None:
    """A bundle without a model forecasts with the baseline it names, and is no `Model`."""
    manifest = Manifest(
        "20261122T154500Z-last_value-00000000", tiny.CONTRACT, [], tiny.CREATED.isoformat(), "0.1.0", baseline="last_value"
    )
    forecaster = open_forecaster(Bundle(manifest))
    assert forecaster.name == "last_value"
    windows, series = tiny.windows(1)
    assert (forecaster.predict(windows, series)[:, :, 1] == windows[0, -1]).all()
    with pytest.raises(BundleError, match="is a baseline"):
        Model(Bundle(manifest))


@pytest.mark.training
def test_model_bundle_opens_as_its_version() -> None:
    """Every forecast of a model carries the bundle's version."""
    bundle = tiny.bundle(SEGMENT)
    assert open_forecaster(bundle).name == bundle.manifest.version
    assert open_forecaster(bundle).contract == tiny.CONTRACT


def test_second_runtime_serves_where_the_first_is_missing() -> None:
    """Without LiteRT the other runtime is taken; without both the message names the extras."""
    name, number = runtime_name().split()
    assert name in ("ai-edge-litert", "tflite-runtime")
    assert number[0].isdigit()
    missing = ("no_such_runtime", "none")
    assert runtime_name((missing, *edge_model.RUNTIMES)) == f"{name} {number}"
    with pytest.raises(ConfigurationError, match=r"pip install '\.\[edge\]', or '\.\[edge-tflite\]' on 32-bit ARM"):
        runtime_name([missing])
    assert "tensorflow" not in vars(edge_model)
    assert "edge.forecaster.model" in sys.modules


def next_float32(values: Float64) -> Float64:
    """The values, each one unit in the last place of float32 larger."""
    return np.nextafter(values.astype(np.float32), np.float32(np.inf)).astype(np.float64)


def test_relative_error_does_not_count_what_float32_rounds() -> None:
    """An error is a share of the spread about the level, and one unit in the last place is none."""
    expected = 1000 + np.arange(12.0).reshape(2, 3, 2)
    windows = np.array([[0, 4, np.nan, 8], [1, 1, 1, 1]], np.float64)
    assert relative_error(expected, next_float32(expected), windows) == 0
    assert relative_error(expected, expected + 0.1, windows) == pytest.approx(0.1 / np.std(np.arange(6)), rel=0.01)
    assert np.isnan(relative_error(expected, np.where(expected > 1005, np.nan, expected), windows))
    late = expected + np.array([0, 0, 0.1], np.float64)[:, None]
    assert relative_error(expected, late, windows, leads=2) == 0


def test_series_of_all_units_are_judged_alike() -> None:
    """Each difference is a share of the spread of its own series: a pressure in pascal neither hides nor refuses a humidity."""
    expected = np.array([[100_000, 100_500, 101_000], [40, 50, 60]], np.float64)[:, :, None]
    windows, units = np.zeros((2, 4)), np.array([700, 20], np.float64)
    pressure, humidity = (np.array(moved, np.float64)[:, None, None] for moved in ([70, 0], [0, 10]))
    assert relative_error(expected, expected + pressure, windows, units=units) == pytest.approx(0.1, rel=1e-3)
    assert relative_error(expected, expected + humidity, windows, units=units) == pytest.approx(0.5, rel=1e-3)
    assert relative_error(expected, expected + humidity, windows) < 0.05  # nonsense that the other unit hid
    assert relative_error(expected, next_float32(expected), windows, units=units) == 0
    assert np.isnan(relative_error(expected, expected * np.nan, windows, units=units))
    assert relative_error(expected, expected + np.array([0, 0, 5], np.float64)[:, None], windows, leads=2, units=units) == 0


@pytest.mark.training
def test_self_test_judges_in_the_units_of_the_golden_forecasts() -> None:
    """With the spread of each series beside them it is told how far off is much; bundles of before have none and stay valid."""
    bundle = tiny.bundle(SEGMENT)
    assert bundle.manifest.golden is not None
    windows, series, forecasts = bundle.manifest.golden.arrays()
    wrong, off = forecasts.copy(), 1e-3
    wrong[0] += off
    allowed, small = np.full(len(series), 20 * off / 1e-3), np.full(len(series), 5 * off / 1e-3)
    assert Model(with_golden(bundle, Golden.of(windows, series, wrong, allowed))).self_test() == pytest.approx(5e-5, rel=0.1)
    with pytest.raises(BundleError, match=r"at most 0\.0001 of their spread, got 0\.0002"):
        Model(with_golden(bundle, Golden.of(windows, series, wrong, small))).self_test()
    assert Model(with_golden(bundle, Golden.of(windows, series, forecasts))).self_test() <= 1e-5


def test_a_forecast_of_one_number_is_compared_by_the_spread_of_its_window() -> None:
    """It has no spread of its own: the windows' values lie about 0, 4 and 8, and 1, 1, 1 and 1."""
    windows = np.array([[0, 4, np.nan, 8], [1, 1, 1, 1]], np.float64)
    expected = np.array([5, 1], np.float64).reshape(2, 1, 1)
    assert relative_error(expected, expected + 0.5, windows) == pytest.approx(0.5 / np.sqrt(32 / 7), rel=1e-5)


@pytest.mark.training
@pytest.mark.parametrize("cell", get_args(Cell))
def test_values_at_the_bound_give_finite_forecasts_in_long_windows(cell: Cell) -> None:
    """Alternating ones, which have the largest variance there is; beyond the bound they count as missing."""
    contract = Contract(3600 * SECOND, 720, 7)
    model = Model(tiny.bundle(Architecture(cell=cell, units=6), contract))
    signs = np.where(np.arange(720) % 2, 1.0, -1.0)
    windows = np.stack([4.9e16 * signs, 9.9e17 * signs])
    windows[1, -1] = 20.0
    assert np.isfinite(model.predict(windows, np.zeros(2, np.int32))).all()


@pytest.mark.training
def test_the_first_use_of_the_runtime_says_nothing_and_errors_are_heard(tmp_path: Path) -> None:
    """Its greeting is left out; what else is written to the error output meanwhile and later gets there."""
    (tmp_path / "bundle").write_bytes(pickle.dumps(tiny.bundle(SEGMENT)))
    program = """
import os, pickle, sys
from pathlib import Path
from edge.forecaster.model import GREETING, Model, _without_greeting
model = Model(pickle.loads(Path(sys.argv[1]).read_bytes()))
print(model.self_test() < 1)
os.write(2, b"later\\n")
"""
    asked = [sys.executable, "-c", program, str(tmp_path / "bundle")]
    done = subprocess.run(asked, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("True\n", "later\n")


def test_only_the_greeting_of_the_runtime_is_left_out(tmp_path: Path) -> None:
    """What else is written to the error output while a model is opened for the first time gets there, though a bit later."""
    program = """
import os
from edge.forecaster.model import GREETING, _without_greeting
for _ in range(2):
    with _without_greeting():
        os.write(2, b"ERROR: something\\n" + GREETING + b" for CPU.\\nWARNING: more\\n")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path)
    told = ["ERROR: something", "WARNING: more", "ERROR: something", f"{GREETING.decode()} for CPU.", "WARNING: more"]
    assert done.stderr.splitlines() == told

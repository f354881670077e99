"""What is converted forecasts as the network did, with plain operations only."""

import itertools
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import pytest

from edge.contract.coarse import Coarse
from edge.contract.contract import Contract
from edge.contract.times import SECOND
from edge.errors import BundleError
from edge.forecaster.bundle import Bundle
from edge.forecaster.level import level, relative
from edge.forecaster.manifest import Design
from edge.forecaster.model import Model, relative_error
from pipeline.release.parity import Pairs, golden, model_file, parity
from pipeline.training.architecture import Architecture
from pipeline.training.build import build, forecast
from pipeline.training.cells import CELLS
from pipeline.training.conversion import convert, convert_each
from tests.support import tiny

pytestmark = pytest.mark.training

EVERY = [Architecture(cell=cell, design=design, units=6) for cell, design in itertools.product(CELLS, ("segment", "plain"))]  # type: ignore[arg-type]


@pytest.mark.parametrize("architecture", EVERY, ids=lambda one: f"{one.cell}-{one.design}")
def test_converted_model_forecasts_as_its_network(architecture: Architecture) -> None:
    """At batch 1 and 64, with gaps and unknown series, both give the same forecasts."""
    assert parity(Pairs(*tiny.windows(), tiny.network_forecasts(architecture)), Model(tiny.bundle(architecture))) < 1e-5


@pytest.mark.parametrize("architecture", EVERY, ids=lambda one: f"{one.cell}-{one.design}")
def test_converted_model_that_looks_at_the_clock_forecasts_as_its_network(architecture: Architecture) -> None:
    """What is known of the leads goes in by an input of its own."""
    wanted = forecast(tiny.network(architecture, tiny.CLOCKED), *tiny.windows(), tiny.context())
    model = Model(tiny.bundle(architecture, tiny.CLOCKED))
    assert parity(Pairs(*tiny.windows(), wanted, context=tiny.context()), model) < 1e-5


def test_loop_forecasts_as_the_network() -> None:
    """Many segments become a loop, whose size does not grow with the window."""
    sizes = []
    for window in (40, 80):
        architecture = Architecture(units=6, segment=4)
        contract = Contract(interval=3600 * SECOND, window=window, horizon=7)
        windows = np.random.default_rng(2).normal(0, 1, (65, window))
        series = np.arange(65, dtype=np.int32) % 4
        bundle = tiny.bundle(architecture, contract)
        wanted = forecast(tiny.network(architecture, contract), windows, series)
        assert parity(Pairs(windows, series, wanted), Model(bundle)) < 1e-5
        sizes.append(len(bundle.model or b""))
    assert sizes[1] < sizes[0] + 500


@pytest.mark.parametrize(("design", "coarse"), [("segment", (Coarse(20, 90), Coarse(5, 9))), ("plain", (Coarse(5, 90),))])
def test_a_coarse_past_is_in_the_graph(design: Design, coarse: tuple[Coarse, ...]) -> None:
    """The file forecasts as the network did, with gaps too, and every resolution moves the forecast.

    Of 230 leads the network of segments says a part.
    """
    contract = Contract(interval=3600 * SECOND, window=21, horizon=230, coarse=coarse)
    architecture = Architecture(units=6, design=design)
    network, bundle = tiny.network(architecture, contract), tiny.bundle(architecture, contract)
    random = np.random.default_rng(2)
    windows = random.normal(0, 1, (65, contract.columns))
    windows[random.random(windows.shape) < 0.2] = np.nan
    windows[1::5, : -contract.window] = np.nan  # a new sensor
    windows[:, -1] = 0.0
    series = np.arange(65, dtype=np.int32) % 4
    before = forecast(network, windows, series)
    assert parity(Pairs(windows, series, before), Model(bundle)) < 1e-5
    ends = np.cumsum([part.count for part in coarse])
    for part, end in zip(coarse, ends, strict=True):
        moved = windows.copy()
        moved[:, end - part.count : end] = 2.0
        assert (forecast(network, moved, series) != before).any()


def test_a_glitch_of_a_known_series_is_missing() -> None:
    """A value a hundred scales from the last one is no input; below that it is one, and of a window of zeros nothing moves.

    There are two of the latter in a row: a single one, far from all others, would be passed over as well.
    """
    architecture = Architecture(units=6)
    network, model = tiny.network(architecture), Model(tiny.bundle(architecture))
    window = (tiny.SCALE[1] * np.sin(np.arange(21)))[None]
    glitch, gap, large = window.copy(), window.copy(), window.copy()
    glitch[0, 7], gap[0, 7], large[0, 7:9] = 4294967.295, np.nan, window[0, -1] + 99 * tiny.SCALE[1]
    both, known = np.concatenate([glitch, gap, large]), np.full(3, 2, np.int32)
    for found in (forecast(network, both, known), model.predict(both, known)):
        np.testing.assert_array_equal(found[0], found[1])
        assert np.abs(found[2] - found[1]).max() > 1e-3
        assert np.isfinite(found).all()
    zeros, unknown = np.zeros((1, 21)), np.zeros(1, np.int32)
    for found in (forecast(network, zeros, unknown), model.predict(zeros, unknown)):
        assert not found.any()


def test_a_network_is_traced_once_for_all_files() -> None:
    """Tracing takes seconds; the saved model that all precisions are converted from holds one graph."""
    network, traces = tiny.network(EVERY[0]), itertools.count()
    counted: Any = SimpleNamespace(
        variables=network.variables,
        contract=network.contract,
        call=lambda *given: (next(traces), network.call(*given))[1],
    )
    files = convert_each(counted, ("float32", "int8"))
    assert next(traces) == 1
    assert files["int8"] != files["float32"]


def test_operation_beyond_plain_tflite_is_refused() -> None:
    """A model that would need TensorFlow on the device is an error of the conversion that names the operation."""
    with pytest.raises(BundleError, match="Cholesky"):
        tiny.converted("flex")


def test_parity_refuses_another_network() -> None:
    """Forecasts of another network are no match, and NaN never passes."""
    bundle, (windows, series) = tiny.bundle(EVERY[0]), tiny.windows()
    expected = tiny.network_forecasts(EVERY[0])
    with pytest.raises(BundleError, match="does not forecast as its network"):
        parity(Pairs(windows, series, tiny.network_forecasts(EVERY[2])), Model(bundle))
    expected[0, 0, 0] = np.nan
    with pytest.raises(BundleError, match="got nan"):
        parity(Pairs(windows, series, expected), Model(bundle))


def test_int8_is_not_refused_by_mixed_units() -> None:
    """The differences of a series that speaks in a large unit are large beside the spread of all, and not beside its own."""
    architecture, scale = Architecture(units=40), np.array([1.0] * 15 + [1e4])
    network = build(architecture, tiny.CONTRACT, scale)
    random = np.random.default_rng(3)
    for weight in network.trainable_variables:
        weight.assign(random.normal(0, 0.3, weight.shape))
    rows = np.arange(64) % 16
    windows, series = (scale[rows, None] * random.normal(size=(64, 21))), (rows + 1).astype(np.int32)
    made = tiny.bundle_of(convert(network, "int8"), architecture, precision="int8")
    bundle = Bundle(msgspec.structs.replace(made.manifest, series=[f"s{row}" for row in range(16)]), made.model)
    expected, units = forecast(network, windows, series), scale[rows]
    forecasts = Model(bundle).predict(windows, series)
    own = relative_error(expected, forecasts, windows, units=units)
    small = rows < 15
    assert 1e-3 < own < 0.1 * np.std(expected[small])
    assert own == max(relative_error(expected[row], forecasts[row], windows[row], units=units[row]) for row in (small, ~small))
    assert relative_error(expected, forecasts, windows) > 2 * relative_error(expected[small], forecasts[small], windows[small])


def test_golden_forecasts_are_finite_and_few() -> None:
    """Of many windows some are kept, the first and the last among them; NaN is refused."""
    windows, series = tiny.windows()
    model = Model(tiny.bundle(EVERY[0]))
    chosen, places, forecasts = golden(model, windows, series).arrays()
    np.testing.assert_array_equal(chosen[[0, -1]], relative(windows, level(windows))[[0, -1]])
    assert (len(chosen), len(places), forecasts.shape) == (16, 16, (16, 7, 3))
    units = np.arange(1, 71, dtype=np.float64)
    assert golden(model, windows, series, units).units == units[np.linspace(0, 69, 16).astype(int)].tolist()
    windows[0] = np.nan
    with pytest.raises(BundleError, match="got NaN"):
        golden(model, windows, series)


def test_manifest_entry_describes_the_file() -> None:
    """Size and hash are those of the file, so a bundle can be made of both."""
    bundle = tiny.bundle(EVERY[2])
    entry = model_file(bundle.model or b"", EVERY[2], 7)
    assert (entry.cell, entry.design, entry.units, entry.parameters, entry.precision) == ("lstm", "segment", 6, 7, "float32")
    assert entry.sha256 == (bundle.manifest.model or entry).sha256
    assert isinstance(bundle, Bundle)

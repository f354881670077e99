"""The quickest precision goes out that forecasts as well as float32."""

from functools import cache
from typing import cast, get_args

import msgspec
import numpy as np
import pytest

from edge.contract.columns import Float64, Int32
from edge.contract.contract import Context
from edge.errors import BundleError
from edge.forecaster.bundle import Bundle
from edge.forecaster.forecaster import AllQuantiles
from edge.forecaster.manifest import Cell, Precision
from edge.forecaster.model import Model
from pipeline.history.table import Table
from pipeline.judging.evaluation import Facts
from pipeline.release.candidates import probe_windows
from pipeline.release.parity import Pairs
from pipeline.release.precision import Choice, choose_precision, microseconds, preferred
from pipeline.training.architecture import Architecture
from pipeline.training.build import build, forecast
from pipeline.training.conversion import convert, convert_each
from tests.support import tiny

ARCHITECTURE = Architecture(units=40)


@cache
def models() -> dict[Precision, bytes]:
    """One network in each precision."""
    return convert_each(tiny.network(ARCHITECTURE), get_args(Precision))


def bundles(*precisions: Precision) -> dict[Precision, Bundle]:
    """Bundles of that network."""
    return {precision: tiny.bundle_of(models()[precision], ARCHITECTURE, precision=precision) for precision in precisions}


def choose(found: dict[Precision, Bundle], forecasts: Float64, largest: int | None = None) -> Choice:
    """The choice on the sines."""
    table = Table(tuple(tiny.SERIES), 0, tiny.CONTRACT.interval, tiny.sines())
    facts = Facts(table, tiny.CONTRACT, range(100, 190), np.array([1, 10, 100], np.float64))
    strange = probe_windows(tiny.CONTRACT)
    probes = Pairs(*strange, forecast(tiny.network(ARCHITECTURE), *strange))
    return choose_precision(found, Pairs(*tiny.windows(), forecasts), probes, facts, largest)


SIZES: dict[Precision, int] = {"float32": 100, "float16": 60, "int8": 40}


@pytest.mark.parametrize(
    ("times", "sizes", "largest", "chosen"),
    [
        ({"float32": (10, 4)}, SIZES, None, "float32"),
        ({"float32": (10, 4), "int8": (9.1, 4)}, SIZES, None, "int8"),  # as quick, and smaller
        ({"float32": (10, 4), "int8": (11, 4)}, SIZES, None, "int8"),  # a tenth slower counts as level
        ({"float32": (10, 4), "int8": (12, 4)}, SIZES, None, "float32"),  # slower
        ({"float32": (10, 4), "int8": (9.1, 4)}, {"float32": 100, "int8": 100}, None, "float32"),  # as quick, not smaller
        ({"float32": (10, 4), "int8": (5, 4)}, {"float32": 100, "int8": 200}, None, "int8"),  # quicker, though larger
        ({"float32": (10, 4), "float16": (10, 4), "int8": (10, 4)}, SIZES, None, "int8"),  # the smallest of three
        ({"float32": (10, 4), "float16": (5, 4), "int8": (50, 4)}, SIZES, 50, "int8"),  # the only one that is small enough
        ({"float32": (10, 4), "int8": (50, 4)}, SIZES, 100, "float32"),  # both are small enough
        ({"float32": (10, 4), "int8": (9, 4)}, {"float32": 40, "int8": 60}, 50, "float32"),
    ],
)
def test_the_quickest_goes_out_and_of_those_as_quick_the_smallest(
    times: dict[Precision, tuple[float, float]], sizes: dict[Precision, int], largest: int | None, chosen: Precision
) -> None:
    """A difference that a noisy clock could make is none; a limit of size goes before speed."""
    assert preferred(times, sizes, largest) == chosen


@pytest.mark.training
def test_every_precision_is_measured() -> None:
    """All three run at batch 1 and 64; half precision and int8 are smaller; the chosen one stands first."""
    found = bundles("float32", "float16", "int8")
    choice = choose(found, tiny.network_forecasts(ARCHITECTURE))
    by_name = {one.precision: one for one in choice.conversions}
    assert by_name["float32"].error == 1.0
    assert cast("float", by_name["float32"].parity) < 1e-5
    assert by_name["float16"].size < by_name["float32"].size
    assert by_name["int8"].size < by_name["float32"].size
    assert choice.bundle.manifest.model is not None
    assert choice.bundle.manifest.model.precision == choice.conversions[0].precision
    assert choice.conversions[0].refused is None
    sizes = {one: len(bundle.model or b"") for one, bundle in found.items()}
    within = choose({one: found[one] for one in ("float32", "int8")}, tiny.network_forecasts(ARCHITECTURE), sizes["int8"])
    assert within.conversions[0].precision == "int8"


@pytest.mark.training
def test_half_precision_goes_out_where_it_is_allowed_alone() -> None:
    """All gates pass it, on usual and extraordinary windows, though float16 ends at 65,504 and begins at 6e-8."""
    found = bundles("float32", "float16")
    sizes = {one: len(bundle.model or b"") for one, bundle in found.items()}
    choice = choose(found, tiny.network_forecasts(ARCHITECTURE), sizes["float16"])
    assert [one.refused for one in choice.conversions] == [None, None]
    assert choice.conversions[0].precision == "float16"
    assert choice.conversions[0].parity == pytest.approx(0, abs=2e-3)


@pytest.mark.training
@pytest.mark.parametrize("cell", get_args(Cell))
def test_no_constant_of_the_graph_is_rounded(cell: Cell) -> None:
    """Whatever a sensor counts, the half-precision file forecasts as its network, known or not, at batch 1 and 64."""
    architecture = Architecture(cell=cell, units=8)
    network, wave = tiny.network(architecture), np.sin(np.arange(tiny.CONTRACT.window) / 3)
    levels = [0, 1e-12, 1e-6, 1, 6e4, 65_504, 7e4, 1e5, 2e6, 1e10, 4e16, -7e4, -1e12]
    windows = np.array([level * (1 + 0.05 * wave) for level in levels], np.float64)
    flat = np.full((2, len(wave)), 5, np.float64)
    gone = np.where(np.arange(len(wave)) == 3, np.float64(2e18), windows[6:8])
    windows = np.concatenate([windows, flat, gone])
    for series in (np.zeros(len(windows), np.int32), np.ones(len(windows), np.int32)):
        expected = forecast(network, windows, series)
        assert np.isfinite(expected).all()
        model = Model(tiny.bundle_of(convert(network, "float16"), architecture, precision="float16"))
        many = model.predict(windows, series)
        np.testing.assert_array_equal(
            many, np.concatenate([model.predict(windows[[i]], series[[i]]) for i in range(len(windows))])
        )
        spread = expected.std(axis=(1, 2))
        assert (
            np.abs(many - expected).max(axis=(1, 2)) <= 0.02 * spread + 4 * np.spacing(np.abs(expected).max(axis=(1, 2)))
        ).all()


@pytest.mark.training
@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_a_large_fleet_keeps_the_scale_of_every_series(precision: Precision) -> None:
    """Of 1,100 series from hundredths to hundred thousands every one is forecast in its own unit, also with rounded weights."""
    scale = 10 ** np.linspace(-2, 5, 1100)
    network = build(Architecture(units=8), tiny.CONTRACT, scale)
    random = np.random.default_rng(3)
    for weight in network.trainable_variables:
        weight.assign(random.normal(0, 0.3, weight.shape))
    rows = np.arange(0, 1100, 9)
    windows = scale[rows, None] * random.normal(size=(len(rows), tiny.CONTRACT.window))
    series = (rows + 1).astype(np.int32)
    known = [f"s{row}" for row in range(1100)]
    found = tiny.bundle_of(convert(network, precision), Architecture(units=8), precision=precision)
    bundle = Bundle(msgspec.structs.replace(found.manifest, series=known), found.model)
    error = np.abs(Model(bundle).predict(windows, series) - forecast(network, windows, series)) / scale[rows, None, None]
    assert error.max() < (1e-3 if precision == "float32" else 0.3)


@pytest.mark.training
def test_a_precision_that_forecasts_otherwise_is_refused() -> None:
    """Another network's file is not taken as int8, however quick, and the reason is kept; as float32 it is an error."""
    found = bundles("float32")
    other = convert(tiny.network(Architecture(cell="simplernn", units=40)), "int8")
    found["int8"] = tiny.bundle_of(other, ARCHITECTURE, precision="int8")
    forecasts = tiny.network_forecasts(ARCHITECTURE)
    choice = choose(found, forecasts)
    assert [one.precision for one in choice.conversions] == ["float32", "int8"]
    assert "does not forecast as its network" in cast("str", choice.conversions[1].refused)
    with pytest.raises(BundleError, match="does not forecast as its network"):
        choose({"float32": found["int8"]}, forecasts)


class Timed(AllQuantiles):
    """A forecaster that takes its time on a clock of its own: each call so much, and more in its first and slow rounds."""

    contract = tiny.CONTRACT

    def __init__(self, clock: list[float], single: float, batch: float) -> None:
        self.name, self.clock, self.takes = "timed", clock, {1: single, 64: batch}
        self.asked: list[tuple[int, int]] = []

    def predict(self, windows: Float64, series: Int32, context: Context | None = None) -> Float64:
        """Nothing but the time it takes."""
        del context
        assert len(windows) == len(series)
        self.asked.append((len(windows), int(series[0])))
        once = len(self.asked) <= 65  # the interpreters are made in the first round
        slow = 65 < len(self.asked) <= 130 or len(self.asked) > 460
        self.clock[0] += self.takes[len(windows)] + 5 * once + slow
        return np.zeros((len(windows), 1, 1), np.float64)


def test_time_is_per_forecast_and_that_of_the_best_round() -> None:
    """Of 70 windows 64 are used, one by one and all at once; neither the first round nor a slow one counts."""
    clock, windows, series = [0.0], np.zeros((70, 2)), np.arange(70, dtype=np.int32)
    quick, heavy = Timed(clock, 16e-6, 128e-6), Timed(clock, 48e-6, 64e-6)
    times = microseconds([quick, heavy], windows, series, clock=lambda: clock[0])
    np.testing.assert_allclose(times, [(16, 2), (48, 1)], rtol=1e-4)
    for forecaster in (quick, heavy):
        assert forecaster.asked == [*((1, row) for row in range(64)), (64, 0)] * 8
    few = microseconds([Timed([0.0], 1, 1)], windows[:0], series[:0], clock=lambda: 7.0)
    assert few == [(0.0, 0.0)]


@pytest.mark.parametrize("largest", [100, 99])
def test_a_file_may_have_the_largest_size(largest: int) -> None:
    """One byte more is too large, however quick it is."""
    times: dict[Precision, tuple[float, float]] = {"float32": (10, 4), "int8": (1, 1)}
    assert preferred(times, {"float32": 90, "int8": 100}, largest) == ("int8" if largest == 100 else "float32")


@pytest.mark.parametrize(("single", "batch", "chosen"), [(9.0, 4.0, "int8"), (10.0, 3.6, "int8"), (9.3, 4.0, "float32")])
def test_quicker_is_what_a_noisy_clock_cannot_make(single: float, batch: float, chosen: Precision) -> None:
    """By a tenth in all, at either batch; a larger file that is quicker by less stays."""
    times: dict[Precision, tuple[float, float]] = {"float32": (10, 4), "int8": (single, batch)}
    assert preferred(times, {"float32": 90, "int8": 100}) == chosen

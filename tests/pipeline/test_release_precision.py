"""The quickest precision goes out that forecasts as well as float32."""

from itertools import count
from typing import cast, get_args

import msgspec
import numpy as np
import pytest

from edge.contract.columns import Float32
from edge.errors import BundleError
from edge.forecaster.bundle import Bundle
from edge.forecaster.manifest import Cell, Precision
from edge.forecaster.model import Model
from pipeline.history.table import Table
from pipeline.release.candidates import probe_windows
from pipeline.release.precision import Choice, Pairs, choose_precision, microseconds, preferred
from pipeline.training.architecture import Architecture
from pipeline.training.build import build, forecast
from pipeline.training.conversion import convert
from tests.support import tiny

ARCHITECTURE = Architecture(units=40)


def bundles(*precisions: Precision) -> dict[Precision, Bundle]:
    """Conversions of one network."""
    network = tiny.network(ARCHITECTURE)
    return {one: tiny.bundle_of(convert(network, one), ARCHITECTURE, precision=one) for one in precisions}


def choose(found: dict[Precision, Bundle], forecasts: Float32, largest: int | None = None) -> Choice:
    """The choice on the sines."""
    table = Table(tuple(tiny.SERIES), 0, tiny.CONTRACT.interval, tiny.sines())
    scale = np.array([1, 10, 100], np.float32)
    strange = probe_windows(tiny.CONTRACT)
    probes = Pairs(*strange, forecast(tiny.network(ARCHITECTURE), *strange))
    return choose_precision(found, Pairs(*tiny.windows(), forecasts), probes, table, range(100, 190), scale, largest)


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
    windows = np.array([level * (1 + 0.05 * wave) for level in levels], np.float32)
    flat = np.full((2, len(wave)), 5, np.float32)
    gone = np.where(np.arange(len(wave)) == 3, np.float32(2e18), windows[6:8])
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
    windows = (scale[rows, None] * random.normal(size=(len(rows), tiny.CONTRACT.window))).astype(np.float32)
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


@pytest.mark.training
def test_time_is_per_forecast_whatever_the_batch() -> None:
    """With a clock that ticks once per look at it, all windows take one second at either batch; the first round is left out."""
    ticks = count()
    windows, series = tiny.windows(20)
    model = Model(bundles("float32")["float32"])
    assert microseconds([model, model], windows, series, lambda: float(next(ticks))) == [(1e6 / 20, 1e6 / 20)] * 2
    assert next(ticks) == 7 * 2 * 2 * 2 + 4

"""The quickest precision goes out that forecasts as well as float32."""

from itertools import count
from typing import cast

import numpy as np
import pytest

from edge.bundle import Bundle, Precision
from edge.contract import Float32
from edge.errors import BundleError
from edge.model import Model
from pipeline.conversion import convert
from pipeline.models import Architecture
from pipeline.precision import Choice, Pairs, choose_precision, microseconds
from pipeline.table import Table
from tests import tiny

ARCHITECTURE = Architecture(units=40)


def bundles(*precisions: Precision) -> dict[Precision, Bundle]:
    """Conversions of one network."""
    network = tiny.network(ARCHITECTURE)
    return {one: tiny.bundle_of(convert(network, one), ARCHITECTURE, precision=one) for one in precisions}


def choose(found: dict[Precision, Bundle], forecasts: Float32) -> Choice:
    """The choice on the sines."""
    table = Table(tuple(tiny.SERIES), 0, tiny.CONTRACT.interval, tiny.sines())
    scale = np.array([1, 10, 100], np.float32)
    return choose_precision(found, Pairs(*tiny.windows(), forecasts), table, range(100, 190), scale)


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

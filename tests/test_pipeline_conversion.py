"""What is converted forecasts as the network did, with plain operations only."""

import itertools

import numpy as np
import pytest

from edge.bundle import Bundle
from edge.contract import SECOND, Contract
from edge.errors import BundleError
from edge.model import Model
from pipeline.conversion import golden, model_file, parity
from pipeline.models import CELLS, Architecture, forecast
from tests import tiny

pytestmark = pytest.mark.training

EVERY = [Architecture(cell=cell, design=design, units=6) for cell, design in itertools.product(CELLS, ("segment", "plain"))]  # type: ignore[arg-type]


@pytest.mark.parametrize("architecture", EVERY, ids=lambda one: f"{one.cell}-{one.design}")
def test_converted_model_forecasts_as_its_network(architecture: Architecture) -> None:
    """At batch 1 and 64, with gaps and unknown series, both give the same forecasts."""
    assert parity(tiny.network_forecasts(architecture), tiny.bundle(architecture), *tiny.windows()) < 1e-5


def test_loop_forecasts_as_the_network() -> None:
    """Many segments become a loop, whose size does not grow with the window."""
    sizes = []
    for window in (40, 80):
        architecture = Architecture(units=6, segment=4)
        contract = Contract(interval=3600 * SECOND, window=window, horizon=7)
        windows = np.random.default_rng(2).normal(0, 1, (65, window)).astype(np.float32)
        series = np.arange(65, dtype=np.int32) % 4
        bundle = tiny.bundle(architecture, contract)
        assert parity(forecast(tiny.network(architecture, contract), windows, series), bundle, windows, series) < 1e-5
        sizes.append(len(bundle.model or b""))
    assert sizes[1] < sizes[0] + 500


def test_operation_beyond_plain_tflite_is_refused() -> None:
    """A model that would need TensorFlow on the device is an error of the conversion that names the operation."""
    with pytest.raises(BundleError, match="Cholesky"):
        tiny.converted("flex")


def test_parity_refuses_another_network() -> None:
    """Forecasts of another network are no match, and NaN never passes."""
    bundle, (windows, series) = tiny.bundle(EVERY[0]), tiny.windows()
    expected = tiny.network_forecasts(EVERY[0])
    with pytest.raises(BundleError, match="does not forecast as its network"):
        parity(tiny.network_forecasts(EVERY[2]), bundle, windows, series)
    expected[0, 0, 0] = np.nan
    with pytest.raises(BundleError, match="got nan"):
        parity(expected, bundle, windows, series)


def test_golden_forecasts_are_finite_and_few() -> None:
    """Of many windows some are kept, the first and the last among them; NaN is refused."""
    windows, series = tiny.windows()
    model = Model(tiny.bundle(EVERY[0]))
    chosen, places, forecasts = golden(model, windows, series).arrays()
    np.testing.assert_array_equal(chosen[[0, -1]], windows[[0, -1]])
    assert (len(chosen), len(places), forecasts.shape) == (16, 16, (16, 7, 3))
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

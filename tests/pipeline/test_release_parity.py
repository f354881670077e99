"""A converted model forecasts as its network, and what the device repeats is made from it."""

import hashlib
from typing import cast

import numpy as np
import pytest

from edge.contract.columns import Float64, Int32
from edge.contract.contract import Context
from edge.errors import BundleError
from edge.forecaster.model import Model, runtime_name
from pipeline.release.parity import MOST_GOLDEN, Pairs, golden, model_file, parity
from pipeline.training.architecture import Architecture
from tests.pipeline.test_judging_evaluation import CONTRACT, Counter
from tests.support import tiny

ARCHITECTURE = Architecture()


def test_the_manifest_names_the_file_by_its_content() -> None:
    """Hash, size, and the runtime that parity was measured on."""
    file = model_file(b"model", Architecture("lstm", "plain", 8), 123, "int8")
    assert (file.sha256, file.size) == (hashlib.sha256(b"model").hexdigest(), 5)
    assert (file.cell, file.design, file.units, file.parameters, file.precision) == ("lstm", "plain", 8, 123, "int8")
    assert file.runtime == runtime_name()


def test_some_windows_go_along_with_their_forecasts() -> None:
    """At most 16, evenly chosen from first to last, without their levels, with the unit of each one's series."""
    windows = np.add.outer(np.arange(100), np.arange(CONTRACT.window))
    series, units = np.arange(100, dtype=np.int32), np.arange(1, 101, dtype=np.float64)
    kept = golden(Counter(), windows, series, units)
    assert len(kept.windows) == len(kept.forecasts) == MOST_GOLDEN
    assert (kept.series[0], kept.series[-1]) == (0, 99)
    assert kept.units == [number + 1.0 for number in kept.series]
    few, numbers, forecasts = golden(Counter(), windows[:3], series[:3]).arrays()
    assert numbers.tolist() == [0, 1, 2]
    np.testing.assert_array_equal(few, windows[:3] - windows[:3, -1:])
    np.testing.assert_array_equal(forecasts, Counter().predict(few, series[:3]))


def test_a_forecast_that_is_not_finite_does_not_go_along() -> None:
    """The device could never repeat it."""
    windows = np.zeros((2, CONTRACT.window))
    with pytest.raises(BundleError, match="expected finite golden forecasts from counter; got NaN"):
        golden(Counter(silent=0.0), windows, np.zeros(2, np.int32))


class Rounded:
    """A model whose forecasts are some steps of float64 away from those of its network."""

    name, precision = "rounded", "float32"

    def __init__(self, expected: Float64, steps: int) -> None:
        self._expected, self._steps = expected, steps

    def predict(self, windows: Float64, series: Int32, context: Context | None = None) -> Float64:
        """As of a model."""
        del context
        expected = self._expected[: min(len(windows), len(series))]
        return np.asarray(expected + self._steps * np.spacing(expected), np.float64)


def test_the_rounding_of_a_level_is_no_error_of_a_model() -> None:
    """A series that moves by 1e-13 at 0.1, or by a thousandth at 1e9, would end the training of its fleet."""
    for level, unit in ((0.1, 1e-13), (1e9, 1e-3)):
        windows, expected = np.full((3, 8), level), np.full((3, 2, 3), level)
        pairs = Pairs(windows, np.zeros(3, np.int32), expected, np.full(3, unit))
        assert parity(pairs, cast("Model", Rounded(expected, 1))) == 0
        with pytest.raises(BundleError, match="does not forecast as its network"):
            parity(pairs, cast("Model", Rounded(expected, 9)))


@pytest.mark.training
def test_parity_is_the_largest_error_in_units_of_the_series() -> None:
    """Next to nothing beside its own network; half a unit where one forecast of one window is moved by that."""
    windows, series = tiny.windows()
    expected, units = tiny.network_forecasts(ARCHITECTURE), np.full(len(windows), 1e4)
    bundle = tiny.bundle(ARCHITECTURE)
    assert parity(Pairs(windows, series, expected, units), Model(bundle)) < 1e-4
    moved = expected.copy()
    moved[40, -1, 0] += 0.5 * 1e4
    with pytest.raises(BundleError, match=r"expected an error of at most 0.0001 of the spread, got 0.5"):
        parity(Pairs(windows, series, moved, units), Model(bundle))
    assert parity(Pairs(windows, series, moved, units), Model(bundle), leads=3) < 1e-4

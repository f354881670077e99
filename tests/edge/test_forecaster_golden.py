"""Golden windows and forecasts travel with a bundle, gaps included, and are checked before they are repeated."""

import msgspec
import numpy as np
import pytest

from edge.errors import BundleError
from edge.forecaster.golden import check_golden
from edge.forecaster.manifest import (
    decode_manifest,
    encode_manifest,
)
from tests.edge.test_forecaster_manifest import CONTRACT, golden, model_manifest


def test_gaps_of_golden_windows_travel_as_null() -> None:
    """NaN is written as null and comes back as NaN."""
    content = encode_manifest(model_manifest())
    assert b"null,4.0" in content
    windows, series, forecasts = (decode_manifest(content).golden or golden()).arrays()
    np.testing.assert_array_equal(windows[0], np.array([1, 2, np.nan, 4], np.float32))
    assert (series.tolist(), forecasts.shape) == ([1, 0], (2, 2, 3))


@pytest.mark.parametrize("units", [[1.0], [1.0, 0.0], [1.0, -1.0], []])
def test_golden_units_that_cannot_be_divided_by_are_refused(units: list[float]) -> None:
    """One above 0 for every window, or none at all: a bundle of before has none."""
    good = golden()
    check_golden(good, CONTRACT, 1)
    check_golden(msgspec.structs.replace(good, units=[1.0, 2.0]), CONTRACT, 1)
    with pytest.raises(BundleError, match="expected 2 golden units above 0"):
        check_golden(msgspec.structs.replace(good, units=units), CONTRACT, 1)

"""What may go live."""

import pytest

from edge.errors import BundleError
from edge.forecaster.baselines import seasonal_naive
from edge.release.pointer import Refusal
from edge.release.ready import ReadyBundle, open_bundle
from tests.support.devices import ONE, model_bundle


def test_a_ready_bundle_says_what_forecasts() -> None:
    """The bundle, or what stands in for it and why."""
    version, contract = ONE.manifest.version, ONE.manifest.contract
    assert ReadyBundle(ONE, open_bundle(ONE)).words == f"bundle {version} is live"
    refusal = Refusal(version, "2026-11-22", "live", "NaN", "2026-11-23")
    expected = f"bundle {version} is refused since 2026-11-23: NaN; last_value forecasts in its place"
    assert ReadyBundle(ONE, seasonal_naive(contract), refusal=refusal).words == expected


def test_a_model_that_is_none_cannot_be_opened() -> None:
    """Whatever the runtime says, it is an error of the bundle."""
    with pytest.raises(BundleError):
        open_bundle(model_bundle())

"""The bundle before there is a history to train on."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from edge.contract.contract import Contract
from edge.contract.times import SECOND
from edge.errors import ConfigurationError
from edge.forecaster.bundle import read_bundle, write_bundle
from edge.release.first import first_bundle

NOW = datetime(2026, 11, 27, 4, 0, tzinfo=UTC)
HOURS = Contract(interval=3600 * SECOND, window=24, horizon=6)


def test_the_bundle_is_one_that_a_device_opens(tmp_path: Path) -> None:
    """Written and read it is the same; its name says when it was made, and of what."""
    bundle = first_bundle("seasonal_naive_day", HOURS, NOW)
    assert bundle.manifest.version.startswith("20261127T040000Z-seasonal_naive_day-")
    assert read_bundle(write_bundle(tmp_path, bundle)) == bundle


def test_a_window_that_is_too_short_is_said_with_the_baselines_that_fit() -> None:
    """A week does not fit into a day."""
    with pytest.raises(ConfigurationError, match=r"too short for seasonal_naive_week.*one of last_value, seasonal_naive_day$"):
        first_bundle("seasonal_naive_week", HOURS, NOW)

"""Before there is a history, a network that has seen generated series forecasts series that it does not know."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from edge.config.fleet import contract_at
from edge.config.training_sections import Fleet
from edge.contract.contract import Contract
from edge.contract.times import DAY
from edge.errors import ConfigurationError
from edge.forecaster.bundle import Bundle
from edge.forecaster.model import Model, usable
from pipeline.release.registry import Registry
from pipeline.release.starter import made_up, starter_bundle

HOUR = DAY // 24
CONTRACT = Contract(HOUR, 168, 24)
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    """The starter at intervals of an hour."""
    return starter_bundle(CONTRACT, NOW)


@pytest.mark.training
def test_it_forecasts_the_day_of_a_series_that_it_has_never_seen(bundle: Bundle) -> None:
    """From three days of a shape in a unit of its own, better than the last value by far, and with an interval about it."""
    model = Model(bundle)
    model.self_test()
    assert bundle.manifest.series == []
    hours = np.arange(192)
    values = 300 + 40 * (np.sin(hours / 12 * np.pi) + 0.5 * np.sin(hours / 6 * np.pi + 1))
    windows = np.stack([values[start : start + 168] for start in range(24)])
    facts = np.stack([np.resize(values[start + 144 : start + 168], 24) for start in range(24)])
    windows[:, : 4 * 24] = np.nan
    forecasts = model.predict(windows, np.zeros(24, np.int32))
    error, naive = np.abs(forecasts[:, :, 1] - facts).mean(), np.abs(windows[:, -1:] - facts).mean()
    assert error < 0.3 * naive
    assert (np.diff(forecasts, axis=2) >= 0).all()


@pytest.mark.training
def test_three_days_are_enough_and_less_are_not(bundle: Bundle) -> None:
    """Before the third day is over, the baseline forecasts."""
    windows = np.full((2, 168), 5.0)
    windows[0, :96], windows[1, :97] = np.nan, np.nan
    assert usable(windows, bundle.manifest.contract).tolist() == [True, False]


@pytest.mark.training
@pytest.mark.parametrize("minutes", [1, 5])
def test_fast_sensors_have_a_starter_that_can_be_released(minutes: int, tmp_path: Path) -> None:
    """Their windows see a week in spans, also where 720 intervals are less than three days; the bundle can be read back."""
    bundle = starter_bundle(contract_at(Fleet(), minutes * HOUR // 60), NOW)
    assert bundle.manifest.contract.covered * minutes == 7 * 24 * 60
    home = Registry(tmp_path)
    home.add(bundle)
    Model(home.get(bundle.manifest.version)).self_test()


@pytest.mark.parametrize(
    "contract",
    [
        Contract(7 * HOUR // 60, 168, 24),
        Contract(2 * HOUR, 84, 12),
        Contract(HOUR, 168, 97),
        Contract(HOUR, 71, 24),
        Contract(HOUR, 168, 24, (0.25, 0.5, 0.75)),
    ],
    ids=["7 minutes", "2 hours", "far ahead", "a short window", "other levels"],
)
def test_what_it_was_not_trained_for_is_refused(contract: Contract) -> None:
    """One line says what it does, and what to take instead."""
    with pytest.raises(ConfigurationError, match=r"intervals of an hour .*got interval .*gatecast promote last_value"):
        starter_bundle(contract, NOW)


def test_made_up_windows_hold_three_days_at_least() -> None:
    """So that each of them is forecast; some begin late, and all move."""
    contract = Contract(HOUR, 168, 24, max_missing=4 / 7)
    windows = made_up(contract)
    known = np.isfinite(windows).sum(axis=1)
    assert 72 <= known.min() < known.max() <= 168
    assert usable(windows, contract).all()
    assert (np.nanstd(windows, axis=1) > 0).all()


def test_made_up_windows_of_a_fast_sensor_hold_three_days_too() -> None:
    """In hours, of which 72 are there at least; the day in tens of minutes and the minutes are whole."""
    contract = contract_at(Fleet(), HOUR // 60)
    windows = made_up(contract)
    known = np.isfinite(windows[:, :168]).sum(axis=1)
    assert 72 <= known.min() < known.max() <= 168
    assert np.isfinite(windows[:, 168:]).all()

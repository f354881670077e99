"""Anomalies are said in plain words, in local time."""

from datetime import UTC, datetime

import pytest

from edge.anomalies.change import AnomalyChange
from edge.anomalies.words import words
from edge.contract.times import SECOND

TIME = 1_768_478_400 * SECOND  # 2026-01-15, 12:00 UTC


def said(change: AnomalyChange, unit: str = "") -> str:
    """The line of a change, in Greenwich."""
    return words(change, unit, lambda time: datetime.fromtimestamp(time / SECOND, UTC))


def test_raised_with_an_interval_and_a_unit() -> None:
    """Value, time, forecast, and how rare it is."""
    change = AnomalyChange("pump.heat", True, TIME, 71.2, 55.1, 52.0, 58.0, 340.2)
    text = "pump.heat was 71.2 °C at 2026-01-15 12:00, forecast 55.1 (52 to 58): expected once in 340 days"
    assert said(change, "°C") == text


def test_cleared_without_an_interval() -> None:
    """A baseline gives none."""
    change = AnomalyChange("pump.heat", False, TIME, 55.0, 55.1, None, None, 0.0)
    assert said(change) == "pump.heat was 55 at 2026-01-15 12:00, forecast 55.1: as usual for half a day"


@pytest.mark.parametrize(
    ("days", "text"), [(100.0, "100 days"), (729.0, "729 days"), (730.0, "2 years"), (36500.0, "100 years")]
)
def test_long_times_are_years(days: float, text: str) -> None:
    """From two of them on."""
    assert said(AnomalyChange("a", True, TIME, 1.0, 0.0, -0.1, 0.1, days)).endswith(f"once in {text}")

"""Alerts are said in plain words, in local time."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from edge.alerts.change import AlertChange
from edge.alerts.rule import AlertRule
from edge.alerts.words import local, words
from edge.contract.times import SECOND

HOUR = 3600 * SECOND
ORIGIN = 1_768_478_400 * SECOND  # 2026-01-15, 12:00 UTC
EAST = timezone(timedelta(hours=1))


def said(rule: AlertRule, **keys: object) -> str:
    """The line of a change, an hour east of Greenwich."""
    given = {"raised": True, "probability": 0.85, "crossing": ORIGIN + HOUR, "earliest": ORIGIN, "latest": ORIGIN + 2 * HOUR}
    change = AlertChange(
        rule.name,
        "freezer.kitchen",
        **{"origin": ORIGIN, "model": "m", "turned": True, "beyond": False, **given, **keys},  # type: ignore[arg-type]
    )
    return words(change, rule, "°C", lambda time: datetime.fromtimestamp(time / SECOND, EAST))


HOT = AlertRule(name="hot", above=-15)
NONE = {"crossing": None, "earliest": None, "latest": None}


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({}, "will be above -15 °C at 14:00 (between 13:00 and 15:00), probability 85 %"),
        ({"latest": None}, "will be above -15 °C at 14:00 (13:00 at the earliest), probability 85 %"),
        (
            {"latest": ORIGIN + 12 * HOUR},
            "will be above -15 °C at 14:00 (between 13:00 and 2026-01-16 01:00), probability 85 %",
        ),
        ({"crossing": None, "latest": None}, "will be above -15 °C (13:00 at the earliest), probability 85 %"),
        ({"earliest": ORIGIN + HOUR, "latest": ORIGIN + HOUR}, "will be above -15 °C at 14:00, probability 85 %"),
        ({**NONE, "beyond": True}, "is above -15 °C"),
        ({**NONE, "beyond": True, "value": -12.3, "measured": ORIGIN - HOUR}, "is above -15 °C: -12.3 °C at 12:00"),
        ({**NONE, "beyond": True, "value": -12.345678, "measured": ORIGIN - HOUR}, "is above -15 °C: -12.35 °C at 12:00"),
        ({**NONE, "beyond": True, "value": -14.9999, "measured": ORIGIN - HOUR}, "is above -15 °C: -14.9999 °C at 12:00"),
        (
            {**NONE, "beyond": True, "value": -12.3, "measured": ORIGIN - 24 * HOUR},
            "is above -15 °C: -12.3 °C at 2026-01-14 13:00",
        ),
        ({**NONE, "beyond": True, "value": -12.3}, "is above -15 °C: -12.3 °C"),
        ({**NONE, "beyond": True, "value": 101_325.0}, "is above -15 °C: 101325 °C"),
        ({**NONE, "beyond": True, "value": 99_999.96}, "is above -15 °C: 100000 °C"),
        ({**NONE, "beyond": True, "value": 1e300}, "is above -15 °C: 1e+300 °C"),
        (
            {"earliest": None, "latest": None, "probability": 1.0},
            "will be above -15 °C at 14:00, a forecast without intervals, which knows no probability",
        ),
    ],
)
def test_raised_alert_says_when_and_how_probable(keys: dict[str, object], expected: str) -> None:
    """As much of it as is known."""
    assert said(HOT, **keys) == f"freezer.kitchen {expected}"


def test_a_value_below_is_told_without_a_unit_where_none_is_known() -> None:
    """And with digits enough to see that it lies there."""
    frost = AlertRule(name="frost", below=1013)
    change = AlertChange("frost", "roof", True, 1.0, None, None, None, ORIGIN, "m", True, True, 1012.96, ORIGIN - HOUR)
    assert words(change, frost, "", lambda time: datetime.fromtimestamp(time / SECOND, EAST)) == (
        "roof is below 1013: 1012.96 at 12:00"
    )


def test_alert_that_is_over_says_what_the_probability_is_now() -> None:
    """Or that there is none."""
    expected = "freezer.kitchen: the probability that it will be above -15 °C is now 10 %"
    assert said(HOT, raised=False, probability=0.1) == expected
    over = "freezer.kitchen: there is no forecast of it any more"
    assert said(HOT, raised=False, probability=None) == over


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (AlertRule(name="a", below=0), "will be below 0 °C"),
        (AlertRule(name="a", rises_by=2.5), "will rise by more than 2.5 °C"),
        (AlertRule(name="a", falls_by=3), "will fall by more than 3 °C"),
    ],
)
def test_every_condition_has_its_words(rule: AlertRule, expected: str) -> None:
    """With the unit of the series."""
    assert expected in said(rule)


def test_readings_outside_of_their_interval_are_counted() -> None:
    """Nothing is expected of the future."""
    text = "85 % of the newest readings of freezer.kitchen lie outside of the 80 % interval forecast for them"
    assert said(AlertRule(name="a", leaves="80 %")) == text
    assert said(AlertRule(name="a", leaves="80 %"), raised=False) == text


def test_local_time_is_that_of_the_machine() -> None:
    """The same moment, whatever the zone."""
    assert local(ORIGIN).astimezone(UTC) == datetime(2026, 1, 15, 12, tzinfo=UTC)

"""Window and horizon that follow from an interval."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.config.fleet import contract_at, days_and_hours
from edge.config.training_sections import Fleet
from edge.contract.coarse import Coarse
from edge.contract.times import DAY, SECOND

MINUTE = 60 * SECOND


@pytest.mark.parametrize(
    ("fleet", "interval", "words"),
    [
        (Fleet(), 15 * MINUTE, "interval 15min, looks back 7d, ahead 1d"),
        (Fleet(), MINUTE, "interval 1min, looks back 7d, ahead 1d"),
        (Fleet(), DAY, "interval 1d, looks back 56d, ahead 24d"),
        (Fleet(horizon=24), MINUTE, "interval 1min, looks back 7d, ahead 24min"),
        (Fleet(window=720), MINUTE, "interval 1min, looks back 12h, ahead 12h"),
        (Fleet(), 10 * SECOND, "interval 10s, looks back 7d, ahead 4h"),
    ],
)
def test_a_week_back_and_a_day_ahead(fleet: Fleet, interval: int, words: str) -> None:
    """An interval of a day looks back eight weeks, one of ten seconds has 1440 leads; what is configured counts."""
    assert contract_at(fleet, interval).words == words


@pytest.mark.parametrize(
    ("interval", "window", "coarse"),
    [
        (15 * MINUTE, 672, ()),
        (5 * MINUTE, 720, ()),
        (4 * MINUTE, 720, ()),
        (3 * MINUTE, 360, (Coarse(20, 168), Coarse(3, 160))),
        (2 * MINUTE, 360, (Coarse(30, 168), Coarse(5, 144))),
        (MINUTE, 360, (Coarse(60, 168), Coarse(10, 144))),
        (10 * SECOND, 360, (Coarse(360, 168), Coarse(60, 144))),
        (SECOND, 360, (Coarse(360, 168), Coarse(60, 144))),
    ],
)
def test_a_fast_sensor_sees_a_week_in_hours(interval: int, window: int, coarse: tuple[Coarse, ...]) -> None:
    """Beside them 360 intervals and a day in tens of minutes; at a second all of it is shorter."""
    contract = contract_at(Fleet(), interval)
    assert (contract.window, contract.coarse) == (window, coarse)
    assert contract_at(Fleet(window=window), interval).coarse == ()


@given(st.integers(1_000_000, 20 * MINUTE))
def test_any_interval_has_a_past_of_720_values_at_most(interval: int) -> None:
    """At ten seconds or more it reaches back two days, and with spans a week, but for a part of the oldest one."""
    contract = contract_at(Fleet(), interval)
    assert contract.columns <= 720
    assert contract.covered * interval >= 2 * DAY or interval < 10 * SECOND
    if interval >= 10 * SECOND and contract.coarse:
        assert contract.covered * interval >= 7 * DAY - interval * 720


@pytest.mark.parametrize(
    ("minutes", "past"),
    [
        (10, (432, (Coarse(6, 168),))),
        (5, (288, (Coarse(12, 168),))),
        (4, (360, (Coarse(15, 168),))),
        (2, None),
        (14, None),
        (60, None),
    ],
)
def test_another_past_has_whole_days_and_the_hours_of_a_week(minutes: int, past: tuple[int, tuple[Coarse, ...]] | None) -> None:
    """Where a week does not fit and a day does; 720 values at most."""
    assert days_and_hours(minutes * MINUTE) == past

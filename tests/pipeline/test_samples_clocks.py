"""Times of a topic are compared with arrival (kind K5: local time without zone)."""

import pytest

from edge.contract.times import SECOND, iso
from pipeline.samples.clocks import Clock, Judged, judge, names_a_zone, zone_text

NOW = 1_789_999_200 * SECOND
HOUR = 3600 * SECOND


def wall(offset: int, late: int = SECOND) -> list[tuple[str, int]]:
    """Two messages of a clock that is so far ahead of UTC, and names no zone."""
    return [(iso(moment + offset)[:-1], moment + late) for moment in (NOW, NOW + 60 * SECOND)]


@pytest.mark.parametrize("offset", [2 * HOUR, -8 * HOUR, 5 * HOUR + HOUR // 2, 12 * HOUR + 3 * HOUR // 4])
def test_the_clock_on_a_wall_is_known_by_whole_quarter_hours(offset: int) -> None:
    """East and west of UTC."""
    assert judge([("a", wall(offset))]) == Judged(Clock.WALL, offset)


@pytest.mark.parametrize("late", [0, SECOND, 90 * SECOND, 10 * 60 * SECOND])
def test_a_moment_may_arrive_late(late: int) -> None:
    """By the pause between two messages, too."""
    assert judge([("a", wall(0, late))]).clock is Clock.MOMENT


def test_times_that_name_their_zone_and_are_hours_ahead_are_told_apart() -> None:
    """No zone mends them; a Unix time is from UTC as well."""
    for value in (iso(NOW + 2 * HOUR), (NOW + 2 * HOUR) // SECOND, "2026-09-21T16:00:00+00:00"):
        assert judge([("a", [(value, NOW)])]).clock is Clock.SHIFTED


def test_an_old_time_with_a_zone_is_a_moment() -> None:
    """The hour that a mean is of may have begun an hour ago."""
    assert judge([("a", [(iso(NOW - HOUR), NOW)])]).clock is Clock.MOMENT


def test_a_clock_that_is_ahead_is_named() -> None:
    """More than the agent takes."""
    assert judge([("a", [(iso(NOW + 1000 * SECOND), NOW)])]).clock is Clock.AHEAD


def test_topics_of_another_clock_are_named() -> None:
    """The majority decides for the shape."""
    topics = [(name, wall(2 * HOUR)) for name in "abc"] + [("d", wall(0))]
    assert judge(topics) == Judged(Clock.WALL, 2 * HOUR, ("d",))


def test_without_live_messages_nothing_is_said() -> None:
    """What the broker had kept may be of any age."""
    assert judge([("a", [])]).clock is Clock.UNKNOWN
    assert judge([("a", [("no time", NOW)])]).clock is Clock.UNKNOWN


@pytest.mark.parametrize(
    ("value", "zoned"),
    [
        ("2026-01-01T00:00:00", False),
        ("2026-01-01 00:00", False),
        ("2026-01-01T00:00:00Z", True),
        ("2026-01-01 00:00:00 UTC", True),
        ("2026-01-01T00:00:00+02:00", True),
        ("2026-01-01T00:00:00-0800", True),
        ("1780000000", True),
        (1780000000.5, True),
    ],
)
def test_a_zone_in_a_time_is_seen(value: str | float, *, zoned: bool) -> None:
    """Z, UTC or an offset."""
    assert names_a_zone(value) is zoned


def test_an_offset_is_written_as_a_zone() -> None:
    """As `timezone` takes it."""
    assert [zone_text(offset) for offset in (2 * HOUR, -210 * 60 * SECOND, 0)] == ["+02:00", "-03:30", "+00:00"]

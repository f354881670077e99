"""The clock tells the same of a moment as a person at that place reads from the wall and from the calendar.

Kind of fault: a forecast for summer time that looks at the hours of winter time, or a holiday that begins at midnight in UTC.
"""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.contract.clock import Clock
from edge.contract.times import DAY, SECOND, parse_time
from edge.contract.zones import Zone
from edge.errors import ConfigurationError

SPAN = parse_time("2019-01-01T00:00Z"), parse_time("2029-01-01T00:00Z")
NAMES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kathmandu", "UTC", "-03:30"]


def moments(*texts: str) -> np.ndarray:
    """Times as nanoseconds."""
    return np.array([parse_time(text) for text in texts], np.int64)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(NAMES[:6]), st.datetimes(datetime(2019, 1, 2), datetime(2028, 12, 30)))  # noqa: DTZ001
def test_the_clock_agrees_with_the_zone_database(name: str, moment: datetime) -> None:
    """Time of day and of the week are those on the wall, on both sides of every change."""
    wall = moment.replace(tzinfo=UTC).astimezone(ZoneInfo(name))
    seconds = wall.hour * 3600 + wall.minute * 60 + wall.second
    phases = np.array([seconds / 86_400, (wall.weekday() + seconds / 86_400) / 7]) * 2 * np.pi
    told = Clock.of(name, *SPAN).at(np.array([int(moment.replace(tzinfo=UTC).timestamp()) * SECOND]))[0]
    np.testing.assert_allclose(told, np.ravel([np.sin(phases), np.cos(phases)], order="F"), atol=1e-6)


def test_the_clock_is_put_forward_at_its_second() -> None:
    """In Berlin the second after 01:59:59 is 03:00:00, on the last Sunday of March."""
    before, after = Clock.of("Europe/Berlin", *SPAN).at(moments("2026-03-29T00:59:59Z", "2026-03-29T01:00:00Z"))
    hours = [np.arctan2(told[0], told[1]) * 12 / np.pi % 24 for told in (before, after)]
    assert hours == pytest.approx([2 - 1 / 3600, 3], abs=1e-5)


def test_a_holiday_is_a_local_date() -> None:
    """New Year begins in New York five hours after it does in UTC, and a clock without holidays has no column for them."""
    clock = Clock.of("America/New_York", *SPAN, [date(2026, 1, 1)])
    told = clock.at(moments("2026-01-01T04:59:59Z", "2026-01-01T05:00:00Z", "2026-01-02T04:59:59Z", "2026-01-02T05:00:00Z"))
    assert told[:, -1].tolist() == [0, 1, 1, 0]
    assert (
        told.shape[1]
        == len(clock.features)
        == len(Clock().features) + 1
        == Clock().at(moments("2026-01-01T00:00Z")).shape[1] + 1
    )


def test_any_shape_is_told_of_in_float32() -> None:
    """Moments of many windows and leads come as they are asked for."""
    told = Clock().at(np.arange(6, dtype=np.int64).reshape(2, 3) * DAY)
    assert told.shape == (2, 3, 4)
    assert told.dtype == np.float32
    np.testing.assert_allclose(told[0, 0], [0, 1, np.sin(6 * np.pi / 7), np.cos(6 * np.pi / 7)], atol=1e-6)  # a Thursday


def test_the_changes_of_a_span_are_those_of_the_zone() -> None:
    """Two a year, with the offsets around them; none in a zone without summer time."""
    changes, offsets = Zone("Europe/Berlin").between(*(parse_time(f"{year}-01-01T00:00Z") for year in (2025, 2026)))
    assert [datetime.fromtimestamp(each // SECOND, UTC).isoformat()[:13] for each in changes.tolist()] == [
        "2025-03-30T01",
        "2025-10-26T01",
    ]
    assert (offsets // (3600 * SECOND)).tolist() == [1, 2, 1]
    assert [part.tolist() for part in Zone("Asia/Kathmandu").between(*SPAN)] == [[], [20_700 * SECOND]]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"changes": (1, 2)}, "one offset more"),
        ({"offsets": (3 * DAY,)}, "below two days"),
        ({"changes": (2, 1), "offsets": (0, 1, 2)}, "changes of a clock must ascend"),
        ({"holidays": (5, 5)}, "holidays of a clock must ascend"),
        ({"holidays": tuple(range(20_001))}, "at most 20,000"),
    ],
)
def test_lists_that_say_nothing_are_refused(arguments: dict[str, tuple[int, ...]], said: str) -> None:
    """A bundle with such a clock is malformed."""
    with pytest.raises(ConfigurationError, match=said):
        Clock(**arguments)  # type: ignore[arg-type]

"""Local times become moments by the zone database; the hour that comes twice is told by what stands around it.

Kind of fault: a local time taken as UTC, so that history and live data lie hours apart and one hour overwrites itself.
"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.contract.times import DAY, SECOND, parse_time
from edge.contract.zones import RowOrder, Zone
from edge.errors import ConfigurationError, PayloadError

BERLIN = Zone("Europe/Berlin")
QUARTER = 900 * SECOND
NAMES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kathmandu", "UTC", "-03:30"]


def at(text: str) -> int:
    """The digits of a clock on the wall, or a moment in UTC, as nanoseconds."""
    return parse_time(text)


def autumn(step: int) -> tuple[np.ndarray, np.ndarray]:
    """Moments of a day in October 2025 around the repeated hour in Berlin, and what the clock there says."""
    moments = np.arange(at("2025-10-25T20:00"), at("2025-10-26T06:00"), step)
    local = [
        datetime.fromtimestamp(moment // SECOND, UTC).astimezone(ZoneInfo("Europe/Berlin")).replace(tzinfo=UTC).timestamp()
        for moment in moments.tolist()
    ]
    return moments, np.array(local, np.int64) * SECOND


@settings(max_examples=40)
@given(st.sampled_from(NAMES), st.lists(st.datetimes(datetime(2019, 1, 1), datetime(2024, 1, 1)), min_size=1, max_size=5))  # noqa: DTZ001
def test_columns_and_single_times_follow_the_same_rules(name: str, walls: list[datetime]) -> None:
    """The table of changes gives what the zone database gives, in summer, in winter and between."""
    zone, single = Zone(name), Zone(name)
    local = np.array([int(wall.replace(tzinfo=UTC).timestamp()) for wall in walls], np.int64) * SECOND
    early, late = zone.both(local)
    for time, first, second in zip(local.tolist(), early.tolist(), late.tolist(), strict=True):
        if first > second:
            with pytest.raises(PayloadError, match="does not exist"):
                single.moment(time, time)
        else:
            assert single.moment(time, first - DAY) == first
            assert single.moment(time, second + DAY) == second


def test_every_change_of_a_year_is_found_to_the_second() -> None:
    """An hour that comes twice, an hour that does not exist, and the seconds beside them."""
    local = np.array([at(f"2025-10-26T{clock}") for clock in ("01:59:59", "02:00:00", "02:59:59", "03:00:00")])
    early, late = BERLIN.both(local)
    assert (late - early).tolist() == [0, 3600 * SECOND, 3600 * SECOND, 0]
    local = np.array([at(f"2026-03-29T{clock}") for clock in ("01:59:59", "02:00:00", "02:59:59", "03:00:00")])
    early, late = BERLIN.both(local)
    assert (early > late).tolist() == [False, True, True, False]
    assert early[[0, 3]].tolist() == [at("2026-03-29T00:59:59"), at("2026-03-29T01:00:00")]


def test_a_message_of_the_repeated_hour_is_told_by_its_arrival() -> None:
    """The same digits are two moments; the one nearer to the arrival counts."""
    half_past = at("2025-10-26T02:30")
    assert BERLIN.moment(half_past, at("2025-10-26T00:31")) == at("2025-10-26T00:30")
    assert BERLIN.moment(half_past, at("2025-10-26T01:31")) == at("2025-10-26T01:30")


@pytest.mark.parametrize("step", [QUARTER, 7 * QUARTER // 5, 4 * QUARTER])
@pytest.mark.parametrize("batch", [1, 3, 1000])
@pytest.mark.parametrize("falling", [False, True])
def test_the_order_of_rows_tells_the_repeated_hour(step: int, batch: int, falling: bool) -> None:
    """From old to new and from new to old, several series side by side, however the rows are cut: no moment comes twice."""
    moments, local = (column[::-1] if falling else column for column in autumn(step))
    series = np.tile(np.array([0, 1], np.int32), len(moments))
    both = np.repeat(local, 2)
    order = RowOrder(BERLIN)
    parts = [order.moments(series[row : row + batch], both[row : row + batch]) for row in range(0, len(both), batch)]
    np.testing.assert_array_equal(np.concatenate([part[0] for part in parts]), np.repeat(moments, 2))
    assert not any(part[1].any() for part in parts)


def test_times_that_do_not_exist_are_marked() -> None:
    """The clock jumps over them, so nobody can say which moment they were."""
    local = np.array([at("2026-03-29T01:45"), at("2026-03-29T02:15"), at("2026-03-29T03:00")])
    moments, absent = RowOrder(BERLIN).moments(np.zeros(3, np.int32), local)
    assert absent.tolist() == [False, True, False]
    assert moments[[0, 2]].tolist() == [at("2026-03-29T00:45"), at("2026-03-29T01:00")]


def test_a_time_that_names_its_zone_keeps_it() -> None:
    """The zone of a rule or a file is for times that have none; a Unix number has one."""

    def local(time: int) -> int:
        return BERLIN.moment(time, time)

    noon = at("2026-07-01T12:00")
    assert parse_time("2026-07-01T12:00", local=local) == noon - 2 * 3600 * SECOND
    for text in ("2026-07-01T12:00Z", "2026-07-01 12:00 UTC", "2026-07-01T14:00+02:00", noon // SECOND, str(noon // SECOND)):
        assert parse_time(text, local=local) == noon


@pytest.mark.parametrize(
    ("name", "advice"),
    [("europe/berln", "mean Europe/Berlin"), ("Berlin", "mean Europe/Berlin"), ("CEST?", "Europe/Berlin"), ("../etc", "or an")],
)
def test_a_zone_that_does_not_exist_is_refused_with_one_that_does(name: str, advice: str) -> None:
    """A slip of the keyboard gets the right name, everything else gets examples."""
    with pytest.raises(ConfigurationError, match="is no time zone") as caught:
        Zone(name)
    assert advice in str(caught.value)

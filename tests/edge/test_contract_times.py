"""A time is read to the nanosecond or refused, however it is spelt."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.times import EARLIEST, LATEST, LONGEST_TIME, NANOSECONDS, SECOND, TimeUnit, parse_time, read_time
from edge.errors import PayloadError
from tests.support.spellings import NOON, SPELLINGS

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@given(st.text())
def test_any_text_as_time_is_a_time_or_a_payload_error(text: str) -> None:
    """Every unit is as robust as the others."""
    for unit in ("auto", "iso", *NANOSECONDS):
        try:
            moment = parse_time(text, unit)  # type: ignore[arg-type] # all of them are units
        except PayloadError:
            continue
        assert EARLIEST <= moment < LATEST


@given(
    st.datetimes(datetime(2000, 1, 2), datetime(2099, 12, 30)),  # noqa: DTZ001 - the zone comes with the offset
    st.integers(-24 * 60 + 1, 24 * 60 - 1),
    st.sampled_from(["T", " "]),
)
def test_iso_times_agree_with_datetime(moment: datetime, east: int, separator: str) -> None:
    """With an offset, with Z and without a zone, to the microsecond."""
    expected = (moment.replace(tzinfo=UTC) - EPOCH) // timedelta(microseconds=1) * 1000
    local = moment.replace(tzinfo=UTC).astimezone(timezone(timedelta(minutes=east)))
    assert parse_time(local.isoformat(separator)) == expected
    assert parse_time(moment.isoformat(separator)) == expected
    assert parse_time(moment.isoformat(separator) + "Z") == expected


def read(text: str) -> int | str:
    """The time, or why it is none."""
    try:
        return parse_time(text)
    except PayloadError as error:
        return error.kind


@given(
    st.sampled_from(
        ["2026-01-15T12:00:00Z", "2026-01-15T12:00:00.250Z", "2026-01-15T12:00:00.000001+23:59", "2026-W03-4T12:00:00Z"]
    ),
    st.lists(st.tuples(st.integers(0, 31), st.sampled_from("0123456789-+:.,TtWZz \u0663\ud800")), max_size=3),
)
def test_a_usual_spelling_is_read_as_any_other(text: str, changes: list[tuple[int, str]]) -> None:
    """A blank before it leads to the pattern, which gives the same time, and refuses the same."""
    for place, sign in changes:
        text = text[:place] + sign + text[place + 1 :]
    assert read(text) == read(" " + text)


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("2026-01-15T12:00:00.123456789Z", 123_456_789),
        ("2026-01-15T12:00:00.1234567891234Z", 123_456_789),
        ("2026-01-15T12:00:00,5Z", SECOND // 2),
        ("20260115T120000.25Z", SECOND // 4),
        ("20260115T120000Z", 0),
        ("2026-01-15T13:30:00.000000001+01:30", 1),
        (" 2026-01-15 12:00 ", 0),
    ],
)
def test_iso_fractions_count_to_the_nanosecond(text: str, rest: int) -> None:
    """Digits beyond nanoseconds are dropped."""
    assert parse_time(text) == NOON + rest


@given(st.integers(EARLIEST, LATEST - 1), st.sampled_from(["s", "ms", "us", "ns"]))
def test_unix_times_are_told_apart_by_their_size(time: int, unit: TimeUnit) -> None:
    """Whole numbers of any unit, named or not, as number or text, are exact."""
    number = time // NANOSECONDS[unit]
    for value in (number, str(number)):
        assert parse_time(value, unit) == number * NANOSECONDS[unit] or number * NANOSECONDS[unit] < EARLIEST
        assert parse_time(value) == number * NANOSECONDS[unit] or number * NANOSECONDS[unit] < EARLIEST


def test_fractions_of_unix_times_count() -> None:
    """Half a second is half a second, as number and as text."""
    assert parse_time(1_768_478_400.5) == parse_time("1768478400.5") == NOON + SECOND // 2
    assert parse_time(1_768_478_400_000.5) == NOON + 500_000


@pytest.mark.parametrize(("text", "moment"), SPELLINGS.items(), ids=repr)
def test_a_spelling_is_read_as_the_list_says(text: str, moment: int | None) -> None:
    """Files are held to the same list."""
    if moment is None:
        with pytest.raises(PayloadError, match=r"no time|between the years"):
            parse_time(text)
    else:
        assert parse_time(text) == moment


@pytest.mark.parametrize(("text", "moment"), SPELLINGS.items(), ids=repr)
def test_a_cell_of_a_file_may_come_from_a_clock_that_was_wrong(text: str, moment: int | None) -> None:
    """What a message may say is read alike; beyond that, only a time of another year between 1700 and 2250 is."""
    read: int | None = None
    with suppress(PayloadError):
        read, _ = read_time(text)
    assert read == moment or (moment is None and read is not None and not EARLIEST <= read < LATEST)


def test_a_file_of_1970_can_be_read() -> None:
    """It is the reader's part to leave it out, and to count it."""
    assert [read_time(text)[0] for text in ("0", "1970-01-01", "1900-01-01T00:00:00Z")] == [0, 0, -2_208_988_800 * SECOND]


def test_eight_digits_are_a_date_unless_the_unit_is_named() -> None:
    """As seconds they would lie in 1970."""
    assert parse_time("20260115") == parse_time("20260115", "iso") == NOON - 43_200 * SECOND
    with pytest.raises(PayloadError, match="between the years"):
        parse_time("20260115", "s")


@pytest.mark.parametrize(
    "value",
    [0, "1970-01-01T00:00:00Z", 946_684_799, 4_102_444_800, "2100-01-01", "1999-12-31T23:59:59Z", -1, 10**40, True, None, [],
     {}, "", "noon", "12:00", float("nan"), float("inf"), "2026-02-30", "9999-12-31T23:59:59-23:59", "1" * 5000],
)  # fmt: skip
def test_time_beyond_reason_is_refused(value: object) -> None:
    """1970 and 2100 are clocks that were never set, and booleans are no times."""
    with pytest.raises(PayloadError, match=r"no time|between the years"):
        parse_time(value)


def test_a_long_text_is_no_time_however_it_looks() -> None:
    """Two kilobytes like these would keep a search for a fraction busy for a second, and 64 for minutes."""
    for text in ("000000.1" + "1" * 2000 + "\nx", "12:00:00." * 7000 + "\n", " " * LONGEST_TIME + "1768478400"):
        with pytest.raises(PayloadError) as caught:
            parse_time(text)
        assert caught.value.kind == "bad_time"
    assert parse_time("1768478400".rjust(LONGEST_TIME)) == NOON


def test_number_is_refused_where_iso_is_expected() -> None:
    """A named unit is taken at its word."""
    with pytest.raises(PayloadError):
        parse_time(1_768_478_400, "iso")
    assert parse_time("2026-01-15T12:00:00Z", "iso") == NOON

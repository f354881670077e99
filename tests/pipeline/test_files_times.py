"""A column of times in a file means what each of them means in a message, to the nanosecond, or is refused as there.

Kind of fault: two readers with rules of their own for a time.
"""

from datetime import UTC, date, datetime

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from edge.contract.times import DAY, READABLE, SECOND, read_time
from edge.errors import PayloadError
from edge.tables.formats import pattern_of
from edge.tables.times import TimeRule, read_cell
from pipeline.files.times import parse_times
from tests.support.spellings import NOON, SPELLINGS, texts, unix_numbers


def one_by_one(text: str) -> int | None:
    """The moment that `read_time` gives, or None where it refuses."""
    try:
        return read_time(text)[0]
    except PayloadError:
        return None


@settings(max_examples=300)
@example(["-9223372036854775808", "9223372036854775807", "0"])
@given(st.lists(texts, min_size=1, max_size=30))
def test_any_text_means_the_same_in_a_file_as_in_a_message(column: list[str]) -> None:
    """Both give the same moment, or both refuse; the neighbours in the column do not matter."""
    assert parse_times(pl.Series(column)).time.to_list() == [one_by_one(text) for text in column]


@example([10_000_000, -10_000_000])
@given(st.lists(unix_numbers, min_size=1, max_size=20))
def test_any_unix_number_means_the_same_in_a_file_as_in_a_message(numbers: list[float]) -> None:
    """Whole numbers and fractions, of any size, in columns of that type; with a sign, as eight digits alone are a date."""
    for kind, column in ((int, pl.Int64), (float, pl.Float64)):
        values = [number for number in numbers if isinstance(number, kind) and (kind is float or abs(number) < 2**63)]
        assert parse_times(pl.Series(values, dtype=column)).time.to_list() == [one_by_one(f"{value:+} ") for value in values]


def test_the_list_of_spellings_is_read_as_it_says() -> None:
    """All of them as one column, as a category, and backwards."""
    column, expected = pl.Series([*SPELLINGS]), [one_by_one(text) for text in SPELLINGS]
    assert parse_times(column).time.to_list() == parse_times(column.cast(pl.Categorical)).time.to_list() == expected
    assert parse_times(column.reverse()).time.to_list() == expected[::-1]


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_columns_of_datetimes_and_dates_have_the_same_bounds(unit: str) -> None:
    """A Parquet file that keeps times as such is held to the years 1700 to 2250 as well."""
    moments = [datetime(1699, 1, 1, tzinfo=UTC), datetime(2026, 1, 15, 12, tzinfo=UTC), datetime(2250, 1, 1, tzinfo=UTC), None]
    column = pl.Series(moments, dtype=pl.Datetime(unit, "UTC"))  # type: ignore[arg-type] # all three are units of polars
    assert parse_times(column).time.to_list() == [None, NOON, None, None]
    assert parse_times(column.dt.convert_time_zone("Europe/Berlin")).time.to_list() == [None, NOON, None, None]
    days = pl.Series([date(1699, 12, 31), date(1700, 1, 1), date(2249, 12, 31), date(2250, 1, 1)])
    assert parse_times(days).time.to_list() == [None, READABLE[0], READABLE[1] - DAY, None]


def test_a_column_of_another_type_holds_no_times() -> None:
    """Nothing is guessed from truth values or lists."""
    for column in (pl.Series([True, False]), pl.Series([[NOON], [SECOND]])):
        assert parse_times(column).time.to_list() == [None, None]


RULES = [
    TimeRule("ms"),
    TimeRule("iso"),
    TimeRule(excel=True),
    *(TimeRule(pattern=pattern_of(text)) for text in ("%d.%m.%Y %H:%M", "%Y%m%d%H", "%m/%d/%y %I:%M:%S.%f %p", "%Y-%m-%d%z")),
]
SHORT = st.sampled_from(
    ["31.1.2026 9:05", "31.02.2026 10:00", "2026013112", "2026013124", "1/31/26 12:00:01.5 AM", "46023.5", "1e5"]
)
DIGITS = st.text("0123456789./: -+APMZ", max_size=16)


@given(st.sampled_from(RULES), st.lists(st.one_of(SHORT, DIGITS, texts), min_size=1, max_size=10))
@example(RULES[2], ["46023.000005786", "-0.5", "1e300", "3000000"])
@example(RULES[2], ["0\u2000"])
@example(RULES[-1], ["2026-01-31Z", "2026-01-31+0130", "2026-01-31+01", "2026-01-31"])
def test_a_rule_reads_a_column_as_it_reads_a_cell(rule: TimeRule, column: list[str]) -> None:
    """The unit of the column, the format that the user named, days of a spreadsheet; and which times are local."""
    expected: list[tuple[int | None, bool | None]] = []
    for text in column:
        try:
            expected.append(read_cell(text, rule))
        except PayloadError:
            expected.append((None, None))
    times = parse_times(pl.Series(column), rule)
    assert times.time.to_list() == [time for time, _ in expected]
    assert times.zoned.filter(times.time.is_not_null()).to_list() == [zoned for _, zoned in expected if zoned is not None]

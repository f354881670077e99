"""A number is a time only where its column is one.

Kinds of fault: 2026010100 read as the year 2034, a day number of Excel as the year 1970, a counter of rows as seconds.
"""

import pytest

from edge.contract.times import LATEST, SECOND, parse_time
from edge.errors import PayloadError
from edge.tables.times import AHEAD, TimeRule, expected_time, is_clock, judge, latest_of, meaning_of, read_cell

NOW = parse_time("2026-11-26")


@pytest.mark.parametrize(
    ("cells", "unit", "whole"),
    [
        (["2026-01-01", "", "2026-01-02T12:00Z"], "iso", True),
        (["1767225600", "1767225660"], "s", True),
        (["1767225600000"], "ms", True),
        (["1767225600000000"], "us", True),
        (["1767225600000000000"], "ns", True),
        (["0", "1767225600", "1767225660"], "s", False),
        (["2026-01-01", "1767225600"], "auto", True),
        (["20260101", "20260102"], "iso", True),
        (["", " "], "auto", True),
        (["2026-01-01", "soon"], "iso", False),
    ],
)
def test_a_column_of_times_is_known(cells: list[str], unit: str, whole: bool) -> None:
    """ISO 8601, or Unix times of one unit; a clock that stood in 1970 for a while does not make it another column."""
    judged = judge(cells, NOW)
    assert judged.rule is not None
    assert (judged.rule.unit, judged.whole) == (unit, whole)


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (["2026010100", "2026010101"], "it looks like YYYYMMDDHH: --time-format %Y%m%d%H"),
        (["202601010015"], "%Y%m%d%H%M"),
        (["20260101001530"], "%Y%m%d%H%M%S"),
        (["1701010000", "1701010015"], "it looks like YYMMDDHHMM"),
        (["46023.041667"], "the day number of a spreadsheet, 2026-01-01: --time-format excel"),
        (["2026", "2026"], "it looks like a year"),
        (["1", "2", "3"], "a Unix time lies between the year 2000 and now"),
        (["1796000000"], "a Unix time lies between the year 2000 and now"),
        (["31.01.2026 12:00"], "--time-format '%d.%m.%Y %H:%M' reads this one"),
        (["02/01/2026"], "or '%m/%d/%Y' if day, month and year stand in that order"),
        (["soon"], ""),
    ],
)
def test_a_column_of_other_numbers_is_no_time_and_its_meaning_is_named(cells: list[str], words: str) -> None:
    """What a message would refuse, a file refuses too."""
    assert judge(cells, NOW).rule is None
    assert words in meaning_of(cells[0])
    assert words in expected_time(cells[0], TimeRule(), named=True)


def test_a_cell_is_read_by_the_rule_of_its_column() -> None:
    """Unit, format and spreadsheet; a date that does not exist is refused."""
    noon = parse_time("2026-01-31T12:00")
    local = TimeRule(pattern=r"(?P<day>[0-9]{1,2})\.(?P<month>[0-9]{1,2})\.(?P<year>[0-9]{4}) (?P<hour>[0-9]{1,2})")
    assert read_cell(" 31.1.2026 12", local) == (noon, False)
    assert read_cell("46053.5", TimeRule(excel=True)) == (noon, False)
    assert read_cell("46310.708", TimeRule(excel=True))[0] == parse_time("2026-10-15T16:59:31")
    assert read_cell(str(noon // 10**6), TimeRule("ms")) == (noon, True)
    assert read_cell("2026-01-31 12:00", TimeRule("iso")) == (noon, False)
    assert read_cell(" 2026-01-31 12:00", TimeRule(excel=True)) == (noon, False)
    assert read_cell("2026-01-31T12:00Z", TimeRule(excel=True)) == (noon, True)
    for text, rule in (
        ("31.2.2026 12", local),
        ("31.1.2026 24", local),
        ("1769860800", TimeRule("iso")),
        ("x", TimeRule(excel=True)),
    ):
        with pytest.raises(PayloadError):
            read_cell(text, rule)


def test_a_twelve_hour_clock_is_read() -> None:
    """Midnight is 12 AM, noon is 12 PM, and 13 PM is no time."""
    rule = TimeRule(
        pattern=r"(?P<month>[0-9]{1,2})/(?P<day>[0-9]{1,2})/(?P<short_year>[0-9]{2}) (?P<half_hour>[0-9]{1,2}) (?P<half>[AP])M"
    )
    assert [read_cell(f"1/31/26 {clock}", rule)[0] for clock in ("12 AM", "1 AM", "12 PM", "11 PM")] == [
        parse_time(f"2026-01-31T{hour:02}") for hour in (0, 1, 12, 23)
    ]
    with pytest.raises(PayloadError):
        read_cell("1/31/26 13 PM", rule)


def test_times_of_day_are_known_from_dates() -> None:
    """A column of a date stands beside them."""
    assert is_clock(["12:00", "9:05:01.5", "", "07:00 PM", "07h05"])
    assert not is_clock(["2026-01-31 12:00"])
    assert not is_clock(["", ""])


def test_what_lies_ahead_of_the_clock_is_no_time_of_a_file() -> None:
    """Ten minutes are allowed; a clock that was never set bounds nothing."""
    assert latest_of(NOW) == NOW + AHEAD == NOW + 600 * SECOND
    assert latest_of(0) == LATEST


@pytest.mark.parametrize(
    ("cell", "rule", "words"),
    [
        ("2026-01-31 12:00", TimeRule(pattern="x"), "without --time-format this one is read"),
        ("31.01.2026", TimeRule(excel=True), "--time-format '%d.%m.%Y' reads this one)"),
        ("26-10-15", TimeRule(), "'%d-%m-%y' reads this one, or '%y-%m-%d' if day, month and year stand in that order"),
        ("2026-01-31 12:00 CEST", TimeRule(), "CEST is the name of a zone: leave it out, and give --timezone NAME"),
        ("2026-01-31T12:00+02:00[Europe/Berlin]", TimeRule(), "[Europe/Berlin] is the name of a zone"),
    ],
)
def test_a_time_that_is_not_read_comes_with_what_reads_it(cell: str, rule: TimeRule, words: str) -> None:
    """Every way that fits, or what to leave out."""
    assert words in expected_time(cell, rule, named=True)

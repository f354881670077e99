"""The columns of the times: one, a date and a time of day, or the parts of a time.

Kinds of fault: year, month and hour imported as sensors; `nr` or a value in the first column read as a time.
"""

from collections.abc import Sequence

import pytest

from edge.contract.times import LATEST
from edge.errors import HistoryError
from edge.tables.options import TableOptions
from edge.tables.sample import Sample
from edge.tables.timing import Timing, timing_of


def timing(names: Sequence[str], *rows: Sequence[str], time_format: str = "") -> Timing:
    """The times of a table."""
    sample = Sample("f.csv", names, rows, lambda row: f"line {row + 2}", LATEST)
    return timing_of(sample, names, range(len(names)), TableOptions(time_format=time_format))


def test_a_date_and_a_time_of_day_are_put_together() -> None:
    """In any order, with an hour of one digit; a column of whole times beside a date counts alone."""
    found = timing(["Uhrzeit", "Datum", "a"], ["9:00", "2026-01-31", "1"])
    assert found.columns == (1, 0)
    assert found.text(["2026-01-31", "9:00"]) == "2026-01-31 09:00"
    assert found.text(["2026-01-31", " "]) == ""
    assert timing(["date", "time", "a"], ["2026-01-31", "2026-01-31T12:00", "1"]).columns == (1,)
    assert (
        timing(["Datum", "Zeit"], ["31.01.2026", "9:00"], time_format="%d.%m.%Y %H:%M").text(["31.01.2026", "9:00"])
        == "31.01.2026 9:00"
    )


def test_the_parts_of_a_time_are_put_together() -> None:
    """As far as there are any; what another program made of whole numbers is read too."""
    found = timing(["No", "year", "month", "day", "hour", "temp"], ["1", "2026", "1", "1", "0", "21.5"])
    assert found.columns == (1, 2, 3, 4)
    assert found.text(["2026.0", "1", "31", "9"]) == "2026-01-31T09"
    assert timing(["Jahr", "Monat", "Tag", "a"], ["2026", "1", "1", "2"]).text(["2026", "1", "31"]) == "2026-01-31"


def test_a_column_without_a_name_for_it_is_the_time_if_all_of_it_is() -> None:
    """The first one, or the only other one with dates; never a first column of other numbers."""
    assert timing(["when", "a"], ["1767225600", "1"]).columns == (0,)
    found = timing(["device", "when", "a"], ["7", "2026-01-31", "1"])
    assert (found.columns, found.note) == ((1,), "the times are those of column 'when', the only one that holds some")
    assert timing(["x", "stamp"], ["1", "31.01.2026"], time_format="%d.%m.%Y").columns == (1,)
    for names, rows in (
        (["a", "b"], [["1", "2"]]),
        (["a", "b", "c"], [["1", "2026-01-01", "2026-01-02"]]),
        (["a", "b"], [["x", "1"]]),
    ):
        with pytest.raises(HistoryError, match=r"line 2, column 'a': expected a time.*as no column is named time"):
            timing(names, *rows)


def test_a_column_named_as_a_time_that_is_none_is_refused_with_its_meaning() -> None:
    """At its first cell that is no time."""
    with pytest.raises(HistoryError, match=r"line 2, column 'time': expected a time.*YYYYMMDDHH.*got '2026010100'"):
        timing(["time", "a"], ["2026010100", "1"], ["2026010101", "1"])


def test_without_rows_the_name_or_the_first_column_counts() -> None:
    """There is nothing to judge by."""
    assert timing(["a", "time"]).columns == (1,)
    assert timing(["a", "b"]).columns == (0,)

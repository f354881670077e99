"""Which column holds what, which words are missing values, and what is said about the rest."""

import math

import pytest

from edge.contract.tables import (
    MISSING,
    SERIES_NAMES,
    TIME_NAMES,
    VALUE_NAMES,
    Header,
    Layout,
    expected_number,
    header_of,
    layout_of,
    number_of,
    refused,
)
from edge.errors import HistoryError


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("time,a\n1,2\n", Header(0, ",", ("time", "a"))),
        ("\r\n\ntime;a\r\n", Header(2, ";", ("time", "a"))),
        ("time\ta b,c\n", Header(0, ",", ("time\ta b", "c"))),
        ('time;"a, inside"\n', Header(0, ";", ("time", "a, inside"))),
        ('time\t"a;b"\t"c"\n', Header(0, "\t", ("time", "a;b", "c"))),
        ('time,"two\nlines"\n1,2\n', Header(0, ",", ("time", "two\nlines"))),
        ('"say ""a""",b', Header(0, ",", ('say "a"', "b"))),
        ("alone\n", Header(0, ",", ("alone",))),
    ],
)
def test_the_header_is_cut_at_the_first_separator_outside_of_quotes(text: str, header: Header) -> None:
    """Empty lines above it do not count, and no line below it is taken."""
    lines = iter(text.splitlines(keepends=True))
    assert header_of("f.csv", lines) == header
    assert "".join(lines) == ("1,2\n" if text.endswith("1,2\n") else "")


@pytest.mark.parametrize("lines", [[], ["\n", "\r\n"]])
def test_a_file_without_a_header_is_empty(lines: list[str]) -> None:
    """Nothing, and nothing but empty lines."""
    with pytest.raises(HistoryError, match=r"f\.csv is empty; expected columns series,time,value"):
        header_of("f.csv", lines)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (['"time,a\n', "1,2\n"], "a quotation mark that is not closed"),
        (["time," + "a" * 200_000 + "\n"], "field larger than field limit"),
    ],
)
def test_a_header_that_is_no_csv_is_refused(lines: list[str], words: str) -> None:
    """A quotation mark that is never closed, and a name that is far too long."""
    with pytest.raises(HistoryError, match=rf"f\.csv: expected columns series,time,value .*; got a header .*{words}"):
        header_of("f.csv", lines)


def test_a_quotation_mark_that_is_not_closed_does_not_take_the_whole_file() -> None:
    """The header of a large file is given up after some of its lines."""
    lines = iter(['time,"a\n', *["x" * 2**20] * 40])
    with pytest.raises(HistoryError, match="not closed"):
        header_of("f.csv", lines)
    assert len(list(lines)) > 20


def test_a_long_cell_takes_no_longer_than_its_length() -> None:
    """The longest one that the reader lets through is refused at once; a pattern with two ways would take many minutes."""
    with pytest.raises(ValueError, match="no number"):
        number_of("1" * 131_000 + "x")


@pytest.mark.parametrize("time", TIME_NAMES)
@pytest.mark.parametrize("name", SERIES_NAMES)
def test_a_table_with_all_three_names_is_long(time: str, name: str) -> None:
    """In any case and order, with blanks around them, beside columns that are of no use."""
    for value in VALUE_NAMES:
        layout = layout_of("f", ["unit", f" {value.upper()}", f"{name.title()} ", time, ""])
        assert (layout.values, layout.series, layout.time, layout.named) == ((1,), 2, 3, True)


def test_any_other_table_is_wide() -> None:
    """The time is the column with its name, or else the first one; every other column is a series."""
    assert layout_of("f", ["a", "Time", "b "]) == Layout(("a", "Time", "b"), 1, True, None, (0, 2))
    assert layout_of("f", ["when", "a", "value"]) == Layout(("when", "a", "value"), 0, False, None, (1, 2))
    assert layout_of("f", ["date", "time", "a"]).time == 1
    assert "as no column is named time" in layout_of("f", ["when", "a"]).expected_time
    assert "as no column" not in layout_of("f", ["time", "a"]).expected_time


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ([], "got one column, ''"),
        (["time"], "got one column, 'time'"),
        (["time", "a", "a "], "got 'a' twice"),
        (["time", "", "a"], "column 2 has none"),
        (["", "time", "a"], "column 1 has none"),
        (["2026-01-15 12:00:00", "21.5"], "got the data '2026-01-15 12:00:00,21.5'"),
        (["time", "x" * 9999, "x" * 9999], "twice"),
    ],
)
def test_a_header_that_names_not_every_column_once_is_refused(names: list[str], words: str) -> None:
    """The message is short, however long the header is."""
    with pytest.raises(HistoryError) as caught:
        layout_of("f.csv", names)
    assert words in str(caught.value)
    assert len(str(caught.value)) < 250


def test_numbers_are_read_as_floats_are_written() -> None:
    """With any sign and exponent, infinite too; blanks around them do not count."""
    for text in ("21.5", "-3", "+.5", "1.", "1E-3", " 7\t", "\u00a08"):
        assert number_of(text) == float(text)
    assert number_of("1e400") == number_of("Infinity") == math.inf == -number_of("-inf")


@pytest.mark.parametrize("word", [*MISSING, *(word.upper() for word in MISSING), " N/A ", "-NaN"])
def test_missing_words_are_nan(word: str) -> None:
    """In any case."""
    assert math.isnan(number_of(word))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12,5", "a decimal point, 12.5"),
        ("-12.5 °C", "the number alone, -12.5"),
        ("5V", "the number alone, 5"),
        ("1_000", "a number or an empty cell"),
        ("1 2", "a number or an empty cell"),
        ("on", "a number or an empty cell"),
        ("\u0662", "a number or an empty cell"),
    ],
)
def test_what_is_no_number_is_refused_with_advice(text: str, expected: str) -> None:
    """What to write instead is said where it can be told."""
    with pytest.raises(ValueError, match="no number"):
        number_of(text)
    assert expected_number(text) == expected


def test_a_refusal_names_the_place_in_one_short_line() -> None:
    """Line breaks and long cells are cut; a cell of blanks holds nothing."""
    assert str(refused("f.csv", "line 7", "a", "a number", "on")) == "f.csv, line 7, column 'a': expected a number; got 'on'"
    assert str(refused("f", "row 1", "a", "x", " \t")).endswith("got nothing")
    assert str(refused("f", "row 1", "a", "x", None)).endswith("got nothing")
    assert len(str(refused("f", "row 1", "a", "x", "y\n" * 9999))) < 150

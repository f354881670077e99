"""Numbers of a table: points, commas where nothing else is possible, words for what is missing.

Kinds of fault: a decimal comma that no option reads, and advice that leads to wrong numbers where units differ.
"""

import math
from dataclasses import replace

import pytest

from edge.tables.numbers import NumberRule, expected_number, has_decimal_comma, number_of, units_of
from edge.tables.words import MISSING

COMMA = NumberRule(comma=True)


def test_numbers_are_read_as_floats_are_written() -> None:
    """With any sign and exponent, infinite too; blanks around them do not count."""
    for text in ("21.5", "-3", "+.5", "1.", "1E-3", " 7\t", "\u00a08"):
        assert number_of(text) == float(text)
    assert number_of("1e400") == number_of("Infinity") == math.inf == -number_of("-inf")


@pytest.mark.parametrize("word", [*MISSING, *(word.upper() for word in MISSING), " N/A ", "-NaN"])
def test_missing_words_are_nan(word: str) -> None:
    """In any case, with a point or a comma."""
    assert math.isnan(number_of(word))
    assert math.isnan(number_of(word, COMMA))


def test_further_missing_words_are_those_of_the_user() -> None:
    """`Bad`, `#N/A` and `err` of other programs."""
    assert math.isnan(number_of(" Bad", NumberRule(missing=frozenset(["bad"]))))
    with pytest.raises(ValueError, match="no number"):
        number_of("bad")


def test_a_decimal_comma_is_read_by_its_rule_alone() -> None:
    """A point is then no part of a number: it may stand between thousands."""
    assert number_of("-12,5", COMMA) == -12.5
    assert number_of("7", COMMA) == 7.0
    for text in ("1.234,5", "12.5", "1,2,3"):
        with pytest.raises(ValueError, match="no number"):
            number_of(text, COMMA)
    with pytest.raises(ValueError, match="no number"):
        number_of("12,5")


def test_what_is_no_number_with_a_decimal_comma_is_refused_with_advice() -> None:
    """A point is named; a word is one of those that no option has named yet."""
    assert expected_number("12.34", COMMA) == "a number with a decimal comma, and a point between thousands only"
    assert expected_number("on", COMMA) == "a number or an empty cell"
    both = "a decimal point, 1.234 (or the option --decimal-comma); or 1234 without a mark, if it stands between thousands"
    assert expected_number("1,234") == both


@pytest.mark.parametrize(
    ("cells", "comma"),
    [
        (["20", "20,5"], True),
        (["0,125"], True),
        (["1,234", "1,23"], True),
        (["1,234"], False),
        (["1,234", "12"], False),
        (["20,5", "20.5"], False),
        (["", "n/a", "20"], False),
        (["1,234,567"], False),
        (["1.234,5"], True),
        (["950,5", "1.234"], True),
        (["950,5", "1.2345"], False),
    ],
)
def test_a_decimal_comma_is_told_where_nothing_else_is_possible(cells: list[str], comma: bool) -> None:
    """Three digits behind a comma may be thousands, and a point speaks against it."""
    assert has_decimal_comma([cells]) is comma
    assert has_decimal_comma([["x"], ["20"], cells]) is comma


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12,5", "a decimal point, 12.5 (or the option --decimal-comma)"),
        ("-12.5 °C", "the number alone, -12.5, or the same unit in all rows"),
        ("5V", "the number alone, 5, or the same unit in all rows"),
        ("2026-01-31T00:00:00Z", "a number, as this is a time or a date (--ignore COLUMN leaves its column out)"),
        ("00:00:00", "as this is a time"),
        ("1_000", "--missing WORD"),
        ("1 2", "--missing WORD"),
        ("1 234.5", "a number without marks between thousands"),
        ("on", "--missing WORD"),
        ("\u0662", "--missing WORD"),
    ],
)
def test_what_is_no_number_is_refused_with_advice(text: str, expected: str) -> None:
    """What to write instead is said where it can be told."""
    with pytest.raises(ValueError, match="no number"):
        number_of(text)
    assert expected in expected_number(text)


def test_a_long_cell_takes_no_longer_than_its_length() -> None:
    """The longest one that the reader lets through is refused at once; a pattern with two ways would take many minutes."""
    with pytest.raises(ValueError, match="no number"):
        number_of("1" * 131_000 + "x")


def test_units_behind_numbers_are_told_apart() -> None:
    """Each once, in their order; a word is no unit."""
    assert units_of(["1.2 kW", "200 W", "-3,5kW", "on", "", "n/a", "1,234.5 W"]) == ["kW", "W"]
    assert units_of(["45 %", "7", "-"]) == ["%", ""]


@pytest.mark.parametrize(
    ("text", "comma", "number"),
    [
        ("1.234,5", True, 1234.5),
        ("-1.234.567", True, -1234567.0),
        ("1\u202f234,5", True, 1234.5),
        ("1'234,5", True, 1234.5),
        ("12.34", True, None),
        ("1.23,4", True, None),
        ("1,234.5", False, 1234.5),
        ("1,234,567", False, 1234567.0),
        ("1\u2019234\u2019567.5", False, 1234567.5),
        ("1,234", False, None),
        ("12,34.5", False, None),
        ("1 234", False, None),
    ],
)
def test_marks_between_thousands_are_read_where_they_can_be_nothing_else(text: str, comma: bool, number: float | None) -> None:
    """A comma alone may be a decimal sign; and nowhere but in files."""
    rule = NumberRule(comma=comma, groups=True)
    for unit in ("", " °C"):
        if number is None:
            with pytest.raises(ValueError, match="no number"):
                number_of(text + unit, replace(rule, unit=unit))
        else:
            assert number_of(text + unit, replace(rule, unit=unit)) == number
    with pytest.raises(ValueError, match="no number"):
        number_of(text, NumberRule(comma=comma))


def test_a_number_without_the_unit_of_its_column_is_refused() -> None:
    """It may have another one, as programs change the unit with the size of the number."""
    rule = NumberRule(unit="kW")
    assert [number_of(cell, rule) for cell in ("1.5 kW", "2kW", " 3 kW ")] == [1.5, 2.0, 3.0]
    assert math.isnan(number_of("-", rule))
    for cell in ("950 W", "950", "kW"):
        with pytest.raises(ValueError, match=r"no|unit"):
            number_of(cell, rule)
    assert expected_number("950", rule) == "a number in kW as in the rows before, or an empty cell: export the raw values"

"""Numbers of a table: points, commas where nothing else is possible, words for what is missing.

Kinds of fault: a decimal comma that no option reads, and advice that leads to wrong numbers where units differ.
"""

import math

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
    assert expected_number("1.234,5", COMMA) == "a number with a decimal comma, and without a point between thousands"
    assert expected_number("on", COMMA) == "a number or an empty cell"
    assert expected_number("1,234") == "a decimal point, 1.234 (or the option --decimal-comma)"


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
    ],
)
def test_a_decimal_comma_is_told_where_nothing_else_is_possible(cells: list[str], comma: bool) -> None:
    """Three digits behind a comma may be thousands, and a point speaks against it."""
    assert has_decimal_comma([["x", cell] for cell in cells], [1]) is comma
    assert has_decimal_comma([["x"], *(["x", cell] for cell in cells)], [1]) is comma


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12,5", "a decimal point, 12.5 (or the option --decimal-comma)"),
        ("-12.5 °C", "the number alone, -12.5, in one unit in all rows"),
        ("5V", "the number alone, 5, in one unit in all rows"),
        ("1_000", "--missing WORD"),
        ("1 2", "--missing WORD"),
        ("1,234.5", "a number without marks between thousands"),
        ("1.234,5", "a number without marks between thousands"),
        ("1'234'567", "a number without marks between thousands"),
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
    assert units_of(["1.2 kW", "200 W", "-3,5kW", "on", "", "7"]) == ["kW", "W"]

"""Numbers in the cells of a table: points, commas, missing values, and what is said about the rest."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edge.contract.times import BLANKS, FRACTIONAL
from edge.tables.words import MISSING

_NUMBER = re.compile(rf"{FRACTIONAL}|[+-]?(?:inf|infinity|nan)", re.IGNORECASE)
_COMMA = re.compile(r"[+-]?(?P<whole>[0-9]+),(?P<decimals>[0-9]+)(?:[eE][+-]?[0-9]+)?")
_WITH_UNIT = re.compile(r"([+-]?[0-9]+(?:\.[0-9]+)?)\s*[^0-9\s.,_]")
_WHOLE_WITH_UNIT = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?\s*([^0-9\s.,_][^0-9]{0,15})")
_THOUSANDS = re.compile(r"[+-]?[0-9]{1,3}(?:[.,'\u2019 \u00a0\u202f][0-9]{3})+(?:[.,][0-9]+)?")
GROUP = 3  # digits between the commas of a number such as 1,234,567


@dataclass(frozen=True, slots=True)
class NumberRule:
    """How the numbers of a table are written.

    Args:
        comma: whether they have a decimal comma, and no point.
        missing: words for a missing value, in lower case.
        states: whether a text that is no number is a state, which is counted and left out.
    """

    comma: bool = False
    missing: frozenset[str] = frozenset(MISSING)
    states: bool = False


POINTS = NumberRule()


def number_of(text: str, rule: NumberRule = POINTS) -> float:
    """The number in a cell; NaN for a missing value, infinite where the cell says so.

    Raises:
        ValueError: the cell holds anything else; `expected_number` has the words for it.
    """
    text = text.strip(BLANKS)
    number = text.replace(".", "x").replace(",", ".", 1) if rule.comma else text
    if _NUMBER.fullmatch(number):
        return float(number)
    if text.lower() in rule.missing:
        return float("nan")
    raise ValueError("no number")


def expected_number(text: str, rule: NumberRule = POINTS) -> str:
    """The words for a cell that should have been a number: what to write instead, where that can be told."""
    text = text.strip(BLANKS)
    if _THOUSANDS.fullmatch(text) and not (rule.comma or _COMMA.fullmatch(text)):
        return "a number without marks between thousands"
    if rule.comma:
        return (
            "a number with a decimal comma, and without a point between thousands"
            if "." in text
            else "a number or an empty cell"
        )
    if _COMMA.fullmatch(text):
        return f"a decimal point, {text.replace(',', '.')} (or the option --decimal-comma)"
    number = _WITH_UNIT.match(text)
    if number:
        return f"the number alone, {number[1]}, in one unit in all rows"
    return "a number or an empty cell (--missing WORD names a further word for a missing value)"


def units_of(cells: Iterable[str]) -> list[str]:
    """Different texts behind the numbers of a column, such as `W` and `kW`, in their order."""
    matches = (_WHOLE_WITH_UNIT.fullmatch(cell.strip(BLANKS)) for cell in cells)
    return list(dict.fromkeys(match[1] for match in matches if match))


def has_decimal_comma(rows: Iterable[Sequence[str]], columns: Sequence[int]) -> bool:
    """Whether the numbers of a table have a decimal comma for sure.

    A comma before three digits may stand between thousands. So one number must have another count of digits behind its comma,
    or a zero alone before it; and none may have a point.

    Args:
        rows: cells of some rows.
        columns: columns of the numbers.
    """
    proven = False
    for row in rows:
        for column in columns:
            cell = row[column].strip(BLANKS) if column < len(row) else ""
            if "." in cell and _NUMBER.fullmatch(cell):
                return False
            match = _COMMA.fullmatch(cell) if "," in cell else None
            proven |= match is not None and (len(match["decimals"]) != GROUP or match["whole"] == "0")
    return proven

"""Numbers in the cells of a table: points, commas, missing values, and what is said about the rest."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from edge.contract.times import BLANKS, FRACTIONAL
from edge.tables.words import MISSING

_NUMBER = re.compile(rf"{FRACTIONAL}|[+-]?(?:inf|infinity|nan)", re.IGNORECASE)
_COMMA = re.compile(r"[+-]?(?P<whole>[0-9]+),(?P<decimals>[0-9]+)(?:[eE][+-]?[0-9]+)?")
_WITH_UNIT = re.compile(r"([+-]?[0-9]+(?:\.[0-9]+)?)\s*[^0-9\s.,:/_-]")
_WHOLE_WITH_UNIT = re.compile(r"[+-]?[0-9][0-9.,'\u2019]*\s*([^0-9\s.,_][^0-9]{0,15})")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{1,2}:[0-9]{2}|[0-9]{1,2}[./][0-9]{1,2}[./][0-9]{2}")
_THOUSANDS = re.compile(r"[+-]?[0-9]{1,3}(?:[.,'\u2019 \u00a0\u202f][0-9]{3})+(?:[.,][0-9]+)?")
GROUP = 3  # digits between the commas of a number such as 1,234,567
POINT_AS_MARK = re.compile(r"[+-]?[1-9][0-9]{0,2}\.[0-9]{3}")  # what may be a number between thousands, too
# Numbers with marks between thousands that mean one thing only: with a decimal comma, and with a decimal point.
COMMA_GROUPS = r"[+-]?[0-9]{1,3}(?:\.[0-9]{3})+(?:,[0-9]+)?|[+-]?[0-9]{1,3}(?:['\u2019\u00a0\u202f][0-9]{3})+(?:,[0-9]+)?"
POINT_GROUPS = (
    r"[+-]?[0-9]{1,3}(?:,[0-9]{3})+\.[0-9]+|[+-]?[0-9]{1,3}(?:,[0-9]{3}){2,}"
    r"|[+-]?[0-9]{1,3}(?:['\u2019\u00a0\u202f][0-9]{3})+(?:\.[0-9]+)?"
)
_BOTH_SIGNS = re.compile(r"[+-]?[0-9]{1,3}(?:[.'\u2019\u00a0\u202f][0-9]{3})+,[0-9]+")
_GROUPS = {True: re.compile(COMMA_GROUPS), False: re.compile(POINT_GROUPS)}
MARKS = "'\u2019\u00a0\u202f"  # marks between thousands that are never a decimal sign


@dataclass(frozen=True, slots=True)
class NumberRule:
    """How the numbers of a table are written.

    Args:
        comma: whether they have a decimal comma, and no decimal point.
        missing: words for a missing value, in lower case.
        states: whether a text that is no number is a state, which is counted and left out.
        groups: whether marks between thousands are read where they can be nothing else.
        unit: text behind every number of the column; empty: none. A number without it may have another unit, and is refused.
    """

    comma: bool = False
    missing: frozenset[str] = frozenset(MISSING)
    states: bool = False
    groups: bool = False
    unit: str = ""


POINTS = NumberRule()


def number_of(text: str, rule: NumberRule = POINTS) -> float:
    """The number in a cell; NaN for a missing value, infinite where the cell says so.

    Raises:
        ValueError: the cell holds anything else; `expected_number` has the words for it.
    """
    text = text.strip(BLANKS)
    if text.lower() in rule.missing:
        return float("nan")
    if not text.endswith(rule.unit):
        raise ValueError("another unit, or none")
    number = text = text.removesuffix(rule.unit).rstrip(BLANKS)
    if rule.groups and _GROUPS[rule.comma].fullmatch(text):
        number = re.sub(rf"[{MARKS}{'.' if rule.comma else ','}]", "", text)
    elif rule.comma:
        number = text.replace(".", "x")
    number = number.replace(",", ".", 1) if rule.comma else number
    if _NUMBER.fullmatch(number):
        return float(number)
    raise ValueError("no number")


def expected_number(text: str, rule: NumberRule = POINTS) -> str:
    """The words for a cell that should have been a number: what to write instead, where that can be told."""
    text = text.strip(BLANKS)
    if rule.unit:
        return f"a number in {rule.unit} as in the rows before, or an empty cell: export the raw values"
    if _DATE.match(text):
        return "a number, as this is a time or a date (--ignore COLUMN leaves its column out)"
    if rule.comma:
        return (
            "a number with a decimal comma, and a point between thousands only" if "." in text else "a number or an empty cell"
        )
    return _with_point(text)


def _with_point(text: str) -> str:
    """As `expected_number`, where numbers have a decimal point."""
    if (comma := _COMMA.fullmatch(text)) is not None:
        decimals = f"a decimal point, {text.replace(',', '.')} (or the option --decimal-comma)"
        whole = f"; or {text.replace(',', '')} without a mark, if it stands between thousands"
        return decimals + (whole if len(comma["decimals"]) == GROUP else "")
    if _THOUSANDS.fullmatch(text):
        return "a number without marks between thousands"
    number = _WITH_UNIT.match(text)
    if number:
        return f"the number alone, {number[1]}, or the same unit in all rows"
    return "a number or an empty cell (--missing WORD names a further word for a missing value)"


def units_of(cells: Iterable[str], missing: frozenset[str] = frozenset(MISSING)) -> list[str]:
    """Different texts behind the numbers of a column, such as `W` and `kW`, in their order; empty for a number without one.

    Args:
        cells: texts of the column.
        missing: words for a missing value, which are passed over.
    """
    texts = (text for cell in cells if (text := cell.strip(BLANKS)).lower() not in missing)
    matches = ((text, _WHOLE_WITH_UNIT.fullmatch(text)) for text in texts)
    return list(dict.fromkeys(match[1] if match else "" for text, match in matches if match or text[-1:].isdigit()))


def has_decimal_comma(columns: Iterable[Iterable[str]]) -> bool:
    """Whether the numbers of a table have a decimal comma for sure.

    A comma before three digits may stand between thousands. So one number must have another count of digits behind its comma,
    a zero alone before it, or points between thousands; and none may have a decimal point.

    Args:
        columns: cells of some rows, for each column of numbers.
    """
    proven = False
    for cells in columns:
        for cell in cells:
            text = cell.strip(BLANKS)
            if "." in text and _NUMBER.fullmatch(text) and not POINT_AS_MARK.fullmatch(text):
                return False
            if "," in text:
                comma = _COMMA.fullmatch(text)
                proven |= comma is not None and (len(comma["decimals"]) != GROUP or comma["whole"] == "0")
                proven |= _BOTH_SIGNS.fullmatch(text) is not None
    return proven


def doubtful_point(columns: Iterable[Iterable[str]]) -> str:
    """A number of a column in which each point may stand between thousands; empty where no column is so.

    Args:
        columns: cells of some rows, for each column of numbers.
    """
    for cells in columns:
        pointed = [text for cell in cells if "." in (text := cell.strip(BLANKS))]
        if pointed and all(POINT_AS_MARK.fullmatch(text) for text in pointed):
            return pointed[0]
    return ""

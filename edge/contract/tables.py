"""The rules of a table of readings, which every reader of files follows: columns, missing words, numbers, refusals. No I/O.

A table is long (one row per reading: series, time, value) or wide (a time and one column per series). The device reads it
row by row, the trainer column by column; both give the same readings, or refuse with the same words.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edge.contract.times import BLANKS, FRACTIONAL, LATEST, parse_time
from edge.errors import HistoryError, PayloadError

# Names of columns, in any case. Of several in one table the first in these lists counts.
TIME_NAMES = ("time", "timestamp", "datetime", "date", "ts", "ds", "_time", "last_changed", "last_updated")
SERIES_NAMES = ("series", "sensor", "item_id", "unique_id", "entity_id")
VALUE_NAMES = ("value", "_value", "y", "state")
MISSING = ("", "-", "na", "n/a", "nan", "null", "none", "unavailable", "unknown")  # in any case; the last two: Home Assistant's
SEPARATORS = (",", ";", "\t")
CSV = (".csv", ".tsv", ".txt")
PACKED = (".gz", ".xz", ".zst")
PARQUET = (".parquet", ".pq")
SHAPES = "columns series,time,value or a time column and one column per series"
LONGEST_SHOWN = 80  # characters of a cell in a message
LONGEST_HEADER = 2**24  # characters of a header that goes on in further lines

MISDATED = "readings before the year 2000 or after 2099, of a clock that was wrong"
TIME = "a time, such as 2026-01-31T12:00:00Z or a Unix number"
TIME_BESIDE_VALUE = "a time beside a value"
NAME_BESIDE_VALUE = "the name of a series beside a value"
NO_VALUE = "expected readings below the header; got no value in any row"
TOO_MANY_CELLS = "a line has more cells than the header has names (a decimal comma splits a value in two)"

_NUMBER = re.compile(rf"{FRACTIONAL}|[+-]?(?:inf|infinity|nan)", re.IGNORECASE)
_QUOTED = re.compile(r'"[^"]*"')
_WITH_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+")
_WITH_UNIT = re.compile(r"([+-]?[0-9]+(?:\.[0-9]+)?)\s*[^0-9\s.,_]")


@dataclass(frozen=True, slots=True)
class Header:
    """The first line of a table.

    Args:
        above: number of empty lines above it.
        separator: character between the cells.
        cells: names of the columns as they stand there.
    """

    above: int
    separator: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """Which column of a table holds what; columns are numbered from 0.

    Args:
        names: names of all columns, without blanks around them.
        time: column of the times.
        named: whether that column was found by its name.
        series: column of the names of series in a long table, None in a wide one.
        values: columns of the values: one in a long table, one per series in a wide one.
    """

    names: tuple[str, ...]
    time: int
    named: bool
    series: int | None
    values: tuple[int, ...]

    @property
    def expected_time(self) -> str:
        """The words for a cell that should have been a time."""
        return TIME if self.named else f"{TIME}, as no column is named {', '.join(TIME_NAMES)}"


def layout_of(source: str, header: Sequence[str]) -> Layout:
    """The layout of a table with this header.

    Args:
        source: name of the file, for messages.
        header: names of the columns as they stand in the file.

    Raises:
        HistoryError: the header names no columns, or not each column once.
    """
    names = tuple(name.strip(BLANKS) for name in header)
    if len(names) < 2:
        raise HistoryError(f"{source}: expected {SHAPES}; got one column, {_shown(names[0] if names else '')}")
    if _is_time(names[0]):
        raise HistoryError(f"{source}: expected the names of the columns in line 1; got the data {_shown(','.join(names))}")
    twice = next((name for name, count in Counter(names).items() if name and count > 1), None)
    if twice is not None:
        raise HistoryError(f"{source}: expected every column once; got {_shown(twice)} twice, rename or remove one")
    time, series, value = (_column(names, known) for known in (TIME_NAMES, SERIES_NAMES, VALUE_NAMES))
    if time is not None and series is not None and value is not None:
        return Layout(names, time, True, series, (value,))
    values = tuple(column for column in range(len(names)) if column != (time or 0))
    nameless = next((column for column in values if not names[column]), None)
    if nameless is not None:
        raise HistoryError(f"{source}: expected a name for every column; column {nameless + 1} has none, name or remove it")
    return Layout(names, time or 0, time is not None, None, values)


def header_of(source: str, lines: Iterable[str]) -> Header:
    """The header of a table: the first line that is not empty, cut at the first separator that it has outside of quotes.

    Args:
        source: name of the file, for messages.
        lines: lines of the file from its beginning; no more of them are taken than the header has.

    Raises:
        HistoryError: there is no line that is not empty, a quotation mark is not closed, or a name is far too long.
    """
    above, length, in_quotes = 0, 0, False
    begun: list[str] = []
    for line in lines:
        text = line.rstrip("\r\n")
        if not begun and not text:
            above += 1
            continue
        begun.append(text)
        length += len(text)
        in_quotes ^= text.count('"') % 2 == 1
        if not in_quotes:
            return _cut(source, above, "\n".join([*begun, ""]))
        if length > LONGEST_HEADER:  # a name in quotes may go on in the next line, but not through the whole file
            break
    if begun:
        raise HistoryError(f"{source}: expected {SHAPES}; got a header with a quotation mark that is not closed")
    raise HistoryError(empty_file(source))


def _cut(source: str, above: int, text: str) -> Header:
    bare = _QUOTED.sub("", text)
    separator = next((separator for separator in SEPARATORS if separator in bare), SEPARATORS[0])
    try:
        cells = next(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    except csv.Error as error:
        raise HistoryError(f"{source}: expected {SHAPES}; got a header that cannot be read: {error}") from error
    return Header(above, separator, tuple(cells))


def empty_file(source: str) -> str:
    """The words for a file with nothing in it."""
    return f"{source} is empty; expected {SHAPES}"


def number_of(text: str) -> float:
    """The number in a cell; NaN for a missing value, infinite where the cell says so.

    Raises:
        ValueError: the cell holds anything else; `expected_number` has the words for it.
    """
    text = text.strip(BLANKS)
    if _NUMBER.fullmatch(text):
        return float(text)
    if text.lower() in MISSING:
        return float("nan")
    raise ValueError("no number")


def expected_number(text: str) -> str:
    """The words for a cell that should have been a number: what to write instead, where that can be told."""
    text = text.strip(BLANKS)
    if _WITH_COMMA.fullmatch(text):
        return f"a decimal point, {text.replace(',', '.')}"
    number = _WITH_UNIT.match(text)
    return f"the number alone, {number[1]}" if number else "a number or an empty cell"


def refused(source: str, row: str, column: str, expected: str, cell: object) -> HistoryError:
    """What is wrong with one cell: where it is, what was expected and what is there.

    Args:
        source: name of the file.
        row: the row as a person finds it, such as `line 7`.
        column: name of the column.
        expected: words for what was expected.
        cell: content of the cell; None or blanks: nothing.
    """
    empty = cell is None or (isinstance(cell, str) and not cell.strip(BLANKS))
    got = "nothing" if empty else " ".join(repr(cell).split())[:LONGEST_SHOWN]
    return HistoryError(f"{source}, {row}, column {column!r}: expected {expected}; got {got}")


def _column(names: Sequence[str], known: Sequence[str]) -> int | None:
    columns = {name.lower(): column for column, name in reversed([*enumerate(names)])}
    return next((columns[name] for name in known if name in columns), None)


def _is_time(text: str) -> bool:
    try:
        return parse_time(text) < LATEST
    except PayloadError:
        return False


def _shown(text: str) -> str:
    return repr(text[:LONGEST_SHOWN])

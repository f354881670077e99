"""`csv`: rows of cells, one object per row."""

import csv
import io
import re

from edge.errors import PayloadError
from edge.messages.formats.payload import decoded
from edge.quoting import quoted

SEPARATORS = ",;\t"
_QUOTED = re.compile(r'"[^"]*"')
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)(?:[eE][+-]?[0-9]+)?|[+-]?(?:nan|inf)", re.IGNORECASE)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}.*|[0-9]{1,2}[./][0-9]{1,2}[./][0-9]{2,4}.*", re.DOTALL)


def read_rows(payload: bytes, columns: tuple[str, ...] = (), separators: str = SEPARATORS) -> list[object]:
    """The rows of a table: an object each, or a list each where the table has no header.

    A first row without a number and without a date is a header. A row that ends early lacks its last cells, an empty cell is
    null, and a row with more cells than columns is an error in the place of that row.

    Args:
        payload: bytes of the table.
        columns: names of the columns of a table without a header; a first row that repeats them is left out.
        separators: characters of which one stands between the cells: the first that the first row has outside of quotes, a
            semicolon before a comma where a comma stands between digits.

    Raises:
        PayloadError: nothing that could be a table (`bad_payload`).
    """
    text = decoded(payload).strip("\0")  # a blank may be an empty cell before a tab
    first = next((line for line in text.splitlines() if line.strip()), "")
    try:
        lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator_of(first, separators), strict=True)
        table = [[cell.strip() for cell in cells] for cells in lines if any(cell.strip() for cell in cells)]
    except csv.Error as error:
        raise PayloadError("bad_payload", f"expected rows of cells, got {quoted(text)}: {error}") from error
    if not table:
        raise PayloadError("bad_payload", f"expected rows of cells, got {quoted(payload)}")
    names = columns
    if columns and table[0] == list(columns):
        table = table[1:]
    elif not columns and not any(map(_is_measured, table[0])):
        names, table = tuple(table[0]), table[1:]
        if len(set(names)) != len(names):
            raise PayloadError("bad_payload", f"expected every column once in the header {quoted(first)}")
    return [_row(cells, names) for cells in table]


def separator_of(line: str, separators: str = SEPARATORS) -> str:
    """The separator of a row: what it has outside of quotes."""
    bare = _QUOTED.sub("", line)
    if ";" in bare and re.search(r"[0-9],[0-9]", bare):
        return ";"
    return next((sign for sign in separators if sign in bare), separators[0])


def _is_measured(cell: str) -> bool:
    return _NUMBER.fullmatch(cell) is not None or _DATE.fullmatch(cell) is not None


def _row(cells: list[str], names: tuple[str, ...]) -> object:
    values = [cell or None for cell in cells]
    if not names:
        return values
    if len(values) > len(names):
        text = f"expected at most {len(names)} cells in a row, got {len(values)}: {quoted(','.join(cells))}"
        return PayloadError("bad_payload", f"{text}; is the comma a decimal comma?")
    return dict(zip(names, values, strict=False))

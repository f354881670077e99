"""Names of columns, words for missing values, and what is said about a table that cannot be read."""

from edge.contract.times import BLANKS
from edge.errors import HistoryError

# Names of columns, in any case. Of several in one table the first in these lists counts.
TIME_NAMES = (
    "time",
    "timestamp",
    "datetime",
    "date",
    "ts",
    "ds",
    "_time",
    "last_changed",
    "last_updated",
    "datum",
    "zeit",
    "zeitstempel",
    "heure",
    "horodatage",
    "date_time",
    "created_at",
)
DATE_NAMES = ("date", "datum", "day", "tag", "jour")  # of a date that stands beside its time of day
CLOCK_NAMES = ("time", "uhrzeit", "zeit", "heure", "clock")
# Names of the parts of a time that stand in columns of their own; the first three must be there.
PART_NAMES = (
    ("year", "jahr", "année", "yyyy"),
    ("month", "monat", "mois", "mm"),
    ("day", "tag", "jour", "dd"),
    ("hour", "stunde", "heure", "hh", "hr"),
    ("minute", "min"),
    ("second", "sekunde", "seconde", "sec"),
)
SERIES_NAMES = ("series", "sensor", "item_id", "unique_id", "entity_id")
BESIDE_VALUE = ("metric", "variable")  # the same, where a column of values stands beside it
VALUE_NAMES = ("value", "_value", "y", "state")
INDEX_NAMES = ("", "index", "no", "no.", "nr", "nr.", "row", "#", "id", "unnamed: 0", "level_0")  # of a column that counts rows
INFLUX = ("result", "table", "_start", "_stop", "_time", "_value", "_field", "_measurement")  # columns that are no tags

MISSING = ("", "-", "na", "n/a", "nan", "null", "none", "unavailable", "unknown")  # in any case; the last two: Home Assistant's
SEPARATORS = (",", ";", "\t")
CSV = (".csv", ".tsv", ".txt")
PACKED = (".gz", ".xz", ".zst")
PARQUET = (".parquet", ".pq")
EXCEL = (".xlsx", ".xlsm")
SHAPES = "columns series,time,value or a time column and one column per series"
LONGEST_SHOWN = 80  # characters of a cell in a message

MISDATED = "readings before the year 2000 or in the future, of a clock that was wrong"
STATES = "states that are no numbers"
NO_UTF8 = "the text is not UTF-8, and is read as that of Western Windows (cp1252)"
UNCLOSED = "cannot be read: a quotation mark is not closed, so that a cell goes on to the end of the file; remove or double it"
NO_VALUE = "expected readings below the header; got no value in any row"
TIME_BESIDE_VALUE = "a time beside a value"
NAME_BESIDE_VALUE = "the name of a series beside a value"


def empty_file(source: str) -> str:
    """The words for a file with nothing in it."""
    return f"{source} is empty; expected {SHAPES}"


def no_csv(source: str, error: Exception) -> HistoryError:
    """What is wrong with a file that is no text, or of which a cell never ends.

    Args:
        source: name of the file.
        error: reason in the words of the reader.
    """
    open_quote = "unexpected end of data" in str(error)
    what = UNCLOSED if open_quote else f"is no CSV in UTF-8: {error}; expected a table with {SHAPES}"
    return HistoryError(f"{source} {what}")


def too_many_cells(source: str, row: str, names: int, cells: int) -> HistoryError:
    """What is wrong with a row that is longer than the line with the names.

    Args:
        source: name of the file.
        row: the row as a person finds it, such as `line 7`.
        names: number of the columns.
        cells: number of the cells of the row.
    """
    return HistoryError(
        f"{source}, {row}: expected at most {names:,} cells; got {cells:,}, more cells than the header has names "
        "(a decimal comma splits a value in two)"
    )


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


def shown(text: str) -> str:
    """A text of the file as a message shows it."""
    return repr(text[:LONGEST_SHOWN])

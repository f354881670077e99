"""The beginning of a table, by which it is judged."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edge.contract.times import BLANKS
from edge.quoting import counted
from edge.tables.words import LONGEST_SHOWN, MISSING, TIME_NAMES

ROWS = 1_000  # rows that a table is judged by
MORE_ROWS = 100_000  # the same where these do not tell what its times are
MOST_CELLS = 200_000  # cells of such rows, so that a table of thousands of columns is judged in a moment
LEAST_ROWS = 50
TITLES = 50  # rows that may stand above the line with the names
MOST_WORDS = 3  # rows of words, such as units, that may stand below it
_WORDS = re.compile(r"[^0-9]+[0-9]?[^0-9]*")  # a unit such as m3/h has a digit, but does not begin with it


def rows_to_judge(most: int, columns: int) -> int:
    """Number of rows that a table is judged by.

    Args:
        most: largest number of rows.
        columns: number of columns of the table.
    """
    return min(most, max(LEAST_ROWS, MOST_CELLS // max(columns, 1)))


@dataclass(frozen=True, slots=True)
class Sample:
    """The beginning of a table.

    Args:
        source: name of the file, for messages.
        names: names of the columns as they stand in the file, or as the user gives them.
        rows: cells of the first rows.
        row: function that gives the words for a row that a person can find, such as `line 7`, by its number from 0.
        latest: time after which no reading can be, ns UTC.
        separator: character between the cells; empty: they are no text of a file.
    """

    source: str
    names: Sequence[str]
    rows: Sequence[Sequence[str]]
    row: Callable[[int], str]
    latest: int
    separator: str = ""

    def cells(self, column: int) -> list[str]:
        """The cells of a column, empty where a row ends early."""
        return [row[column] if column < len(row) else "" for row in self.rows]


def has_names(cells: Sequence[str]) -> bool:
    """Whether a row holds the names of columns, of which one is that of a time.

    Args:
        cells: cells of the row.
    """
    texts = [cell.strip(BLANKS).lower() for cell in cells]
    return sum(map(bool, texts)) > 1 and any(text in TIME_NAMES for text in texts)


def rows_of_words(names: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """Number of rows of words directly below the names, such as units; 0 where the row below holds no number.

    Args:
        names: names of the columns.
        rows: cells of the first rows.
    """
    count = next((number for number, row in enumerate(rows[: MOST_WORDS + 1]) if not _is_words(row)), 0)
    if not count:
        return 0
    if not has_names(names) and any(has_names(row) for row in rows[: count + 1]):
        return 0
    return count if any(character.isdigit() for cell in rows[count] for character in cell) else 0


def words_note(count: int, first: Sequence[str], row: str) -> str:
    """What is said about rows of words.

    Args:
        count: number of them.
        first: cells of the first.
        row: word for a row, such as `line`.
    """
    cells = ", ".join(text for cell in first if (text := cell.strip(BLANKS)))
    return f"{counted(count, row)} of words below the names, left out: {cells[:LONGEST_SHOWN]}"


def _is_words(row: Sequence[str]) -> bool:
    texts = [text for cell in row if (text := cell.strip(BLANKS))]
    return all(_WORDS.fullmatch(text) for text in texts) and any(text.lower() not in MISSING for text in texts)

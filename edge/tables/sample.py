"""The beginning of a table, by which it is judged."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

ROWS = 1_000  # rows that a table is judged by
MORE_ROWS = 100_000  # the same where these do not tell what its times are
MOST_CELLS = 200_000  # cells of such rows, so that a table of thousands of columns is judged in a moment
LEAST_ROWS = 50


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
    """

    source: str
    names: Sequence[str]
    rows: Sequence[Sequence[str]]
    row: Callable[[int], str]
    latest: int

    def cells(self, column: int) -> list[str]:
        """The cells of a column, empty where a row ends early."""
        return [row[column] if column < len(row) else "" for row in self.rows]

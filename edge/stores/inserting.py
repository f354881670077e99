"""Rows of one write to an SQLite store, in the order in which they lie in its tables, and the statements for them."""

import itertools
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edge.contract.columns import Int64

ROWS_PER_STATEMENT = (100, 10, 1)
CELLS_PER_STATEMENT = 30_000  # SQLite takes 32,766


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows that go into a table.

    Args:
        table: its name.
        key: columns of its primary key, in their order. A row replaces the one with its key.
        columns: name to a number for each row, or to a text that all rows have.
    """

    table: str
    key: tuple[str, ...]
    columns: dict[str, npt.NDArray[Any] | str]

    @property
    def form(self) -> list[object]:
        """What rows must have in common to go into one statement."""
        return [self.key, *((name, each if isinstance(each, str) else each.dtype) for name, each in self.columns.items())]


def gathered(sections: Iterable[Rows]) -> Iterator[tuple[Rows, Int64]]:
    """Rows of each table, and their order by its key: the rows of a series lie on one page, and each page is found once.

    Args:
        sections: rows of some tables, in order: of rows with one key the last counts.

    Yields:
        The same for each table, with the order in which the rows are inserted, the last one of a key behind the others. Rows
        with other columns or texts begin anew, so that their order stays.
    """
    waiting: dict[str, list[Rows]] = {}
    for rows in sections:
        before = waiting.setdefault(rows.table, [])
        if before and before[0].form != rows.form:
            yield _joined(before)
            before.clear()
        before.append(rows)
    for parts in waiting.values():
        yield _joined(parts)


def insert(connection: sqlite3.Connection, rows: Rows, order: Int64) -> None:
    """Insert rows, or replace those of the same key.

    Args:
        connection: connection in a transaction.
        rows: the rows.
        order: their numbers in the order in which they are inserted.
    """
    columns = rows.columns
    head = f"INSERT OR REPLACE INTO {rows.table} ({', '.join(columns)}) VALUES "
    row = f"({', '.join('?' * len(columns))})"
    for start, stop in _pieces(len(order), CELLS_PER_STATEMENT // len(columns)):
        # As objects the numbers take several times the memory of their columns.
        part = order[start:stop]
        parts = ([column] * len(part) if isinstance(column, str) else column[part].tolist() for column in columns.values())
        cells = list(itertools.chain.from_iterable(zip(*parts, strict=True)))
        connection.execute(head + ", ".join([row] * len(part)), cells)


def _joined(parts: list[Rows]) -> tuple[Rows, Int64]:
    first = parts[0]
    columns = {
        name: column if isinstance(column, str) else np.concatenate([part.columns[name] for part in parts])
        for name, column in first.columns.items()
    }
    keys = [key for name in reversed(first.key) if not isinstance(key := columns[name], str)]
    return Rows(first.table, first.key, columns), np.lexsort(keys)  # stable: rows with one key keep their order


def _pieces(rows: int, most: int) -> Iterator[tuple[int, int]]:
    """Begin and end of the rows of each statement.

    Many in one, because Python may switch to another thread between two statements. Of few different numbers, because the
    connection keeps each statement that it has prepared, with tens of kilobytes for a hundred rows.

    Args:
        rows: number of all rows.
        most: largest number of rows in a statement.
    """
    start = 0
    for size in ROWS_PER_STATEMENT:
        while rows - start >= size and size <= max(1, most):
            yield start, start + size
            start += size

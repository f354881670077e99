"""Rows of one write to an SQLite store, in the order in which they lie in its tables, and the statements for them."""

import itertools
import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from edge.contract.columns import Int64
from edge.contract.schema import LEAD, SERIES, TIME

ROWS_PER_STATEMENT = (100, 10, 1)
CELLS_PER_STATEMENT = 30_000  # SQLite takes 32,766
Columns: TypeAlias = dict[str, npt.NDArray[Any] | str]  # name to a number for each row, or to a text that all rows have


def gathered(sections: Iterable[tuple[str, Columns]]) -> Iterator[tuple[str, Columns, Int64]]:
    """Rows of each table, and their order by its key: the rows of a series lie on one page, and each page is found once.

    Args:
        sections: tables and the rows that go into them, in order: of rows with one key the last counts.

    Yields:
        The same for each table, with the order in which the rows are inserted, the last one of a key behind the others. Rows
        with other columns or texts begin anew, so that their order stays.
    """
    waiting: dict[str, list[Columns]] = {}
    for table, columns in sections:
        before = waiting.setdefault(table, [])
        if before and _form(before[0]) != _form(columns):
            yield table, *_joined(before)
            before.clear()
        before.append(columns)
    for table, parts in waiting.items():
        yield table, *_joined(parts)


def insert(connection: sqlite3.Connection, table: str, columns: Columns, order: Int64) -> None:
    """Insert rows, or replace those of the same key.

    Args:
        connection: connection in a transaction.
        table: name of the table.
        columns: columns of the rows.
        order: numbers of the rows in the order in which they are inserted.
    """
    head = f"INSERT OR REPLACE INTO {table} ({', '.join(columns)}) VALUES "
    row = f"({', '.join('?' * len(columns))})"
    for start, stop in _pieces(len(order), CELLS_PER_STATEMENT // len(columns)):
        # As objects the numbers take several times the memory of their columns.
        rows = order[start:stop]
        parts = ([column] * len(rows) if isinstance(column, str) else column[rows].tolist() for column in columns.values())
        cells = list(itertools.chain.from_iterable(zip(*parts, strict=True)))
        connection.execute(head + ", ".join([row] * len(rows)), cells)


def _form(columns: Columns) -> list[tuple[str, object]]:
    """What rows must have in common to go into one statement."""
    return [(name, column if isinstance(column, str) else column.dtype) for name, column in columns.items()]


def _joined(parts: list[Columns]) -> tuple[Columns, Int64]:
    joined: Columns = {
        name: column if isinstance(column, str) else np.concatenate([part[name] for part in parts])
        for name, column in parts[0].items()
    }
    keys = [column for name in (LEAD, TIME, SERIES) if not isinstance(column := joined.get(name, ""), str)]
    return joined, np.lexsort(keys)  # stable: rows with one key keep their order


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

"""Rows of one write: sorted by key, each table's at once, and of rows with one key the last."""

from collections.abc import Iterable, Iterator

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.schema import LEAD, SERIES, TIME
from edge.stores.inserting import Columns, gathered

KEYS = (SERIES, TIME, LEAD)
ROW = st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(1, 2), st.integers(0, 1_000_000))
SECTION = st.tuples(st.sampled_from(["reading", "forecast"]), st.sampled_from(["", "gru", "lstm"]), st.lists(ROW, min_size=1))


def columns_of(model: str, rows: list[tuple[int, ...]], *, by_lead: bool) -> Columns:
    """Columns of rows; the value of each row is the last of its four numbers."""
    series, time, lead, value = (np.asarray(column, np.int64) for column in zip(*rows, strict=True))
    keys: Columns = {SERIES: series, TIME: time, **({LEAD: lead} if by_lead else {})}
    return keys | {"value": value} | ({"model": model} if model else {})


def rows_of(columns: Columns) -> list[tuple[tuple[int, ...], dict[str, object]]]:
    """Key and other cells of each row, in order."""
    count = len(columns[TIME])
    cells = {name: [column] * count if isinstance(column, str) else column.tolist() for name, column in columns.items()}
    names = [name for name in cells if name not in KEYS]
    keys = zip(*(cells[name] for name in KEYS if name in cells), strict=True)
    return [(key, {name: cells[name][row] for name in names}) for row, key in enumerate(keys)]


def content(sections: Iterable[tuple[str, Columns]]) -> dict[str, dict[tuple[int, ...], dict[str, object]]]:
    """What the tables hold at the end, where a row replaces the one with its key."""
    tables: dict[str, dict[tuple[int, ...], dict[str, object]]] = {}
    for table, columns in sections:
        tables.setdefault(table, {}).update(rows_of(columns))
    return tables


def in_order(sections: Iterable[tuple[str, Columns]]) -> Iterator[tuple[str, Columns]]:
    """The result of `gathered` with the rows in the order in which they are inserted."""
    for table, columns, order in gathered(sections):
        yield table, {name: column if isinstance(column, str) else column[order] for name, column in columns.items()}


@given(st.lists(SECTION))
def test_the_last_row_of_a_key_counts_and_each_part_is_sorted(sections: list[tuple[str, str, list[tuple[int, ...]]]]) -> None:
    """The tables hold what the rows one by one, in the order in which they came, would leave in them."""
    given_sections = [(table, columns_of(model, rows, by_lead=table == "forecast")) for table, model, rows in sections]
    parts = list(in_order(given_sections))
    assert content(parts) == content(given_sections)
    for _, columns in parts:
        keys = [key for key, _ in rows_of(columns)]
        assert keys == sorted(keys)


def test_sections_of_a_table_become_one() -> None:
    """Between them may stand those of another table."""
    sections = [(table, columns_of("gru", [(number, 1, 1, number)], by_lead=False)) for number in (3, 1, 2) for table in "ab"]
    assert [(table, [key[0] for key, _ in rows_of(columns)]) for table, columns in in_order(sections)] == [
        ("a", [1, 2, 3]),
        ("b", [1, 2, 3]),
    ]

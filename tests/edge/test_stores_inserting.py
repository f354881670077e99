"""Rows of one write: sorted by key, each table's at once, and of rows with one key the last."""

from collections.abc import Iterable, Iterator

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.schema import LEAD, SERIES, TIME
from edge.stores.inserting import Rows, gathered

KEYS = {"reading": (SERIES, TIME), "forecast": (SERIES, TIME), "score": (SERIES, TIME, LEAD)}
ROW = st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(1, 2), st.integers(0, 1_000_000))
SECTION = st.tuples(st.sampled_from(list(KEYS)), st.sampled_from(["", "gru", "lstm"]), st.lists(ROW, min_size=1))


def rows_of(table: str, model: str, cells: list[tuple[int, ...]]) -> Rows:
    """Rows of series, time, lead and value; the lead is no key of a forecast, but one of its fields."""
    columns = dict(zip((SERIES, TIME, LEAD, "value"), np.asarray(cells, np.int64).T, strict=True))
    return Rows(table, KEYS[table], {**columns, **({"model": model} if model else {})})


def keys_and_cells(rows: Rows) -> list[tuple[tuple[object, ...], dict[str, object]]]:
    """Key and cells of each row, in order."""
    columns = {
        name: [column] * len(rows.columns[TIME]) if isinstance(column, str) else column.tolist()
        for name, column in rows.columns.items()
    }
    cells = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return [(tuple(row[name] for name in rows.key), row) for row in cells]


def content(sections: Iterable[Rows]) -> dict[str, dict[tuple[object, ...], dict[str, object]]]:
    """What the tables hold at the end, where a row replaces the one with its key."""
    tables: dict[str, dict[tuple[object, ...], dict[str, object]]] = {}
    for rows in sections:
        tables.setdefault(rows.table, {}).update(keys_and_cells(rows))
    return tables


def in_order(sections: Iterable[Rows]) -> Iterator[Rows]:
    """The result of `gathered` with the rows in the order in which they are inserted."""
    for rows, order in gathered(sections):
        columns = {name: column if isinstance(column, str) else column[order] for name, column in rows.columns.items()}
        yield Rows(rows.table, rows.key, columns)


@given(st.lists(SECTION))
def test_the_last_row_of_a_key_counts_and_each_part_is_sorted(sections: list[tuple[str, str, list[tuple[int, ...]]]]) -> None:
    """The tables hold what the rows one by one, in the order in which they came, would leave in them."""
    came = [rows_of(*section) for section in sections]
    parts = list(in_order(came))
    assert content(parts) == content(came)
    for rows in parts:
        numbers = np.asarray([rows.columns[name] for name in rows.key]).T.tolist()
        assert numbers == sorted(numbers)


def test_sections_of_a_table_become_one() -> None:
    """Between them may stand those of another table."""
    sections = [rows_of(table, "gru", [(number, 1, 1, number)]) for number in (3, 1, 2) for table in ("reading", "score")]
    assert [(rows.table, np.asarray(rows.columns[SERIES]).tolist()) for rows in in_order(sections)] == [
        ("reading", [1, 2, 3]),
        ("score", [1, 2, 3]),
    ]

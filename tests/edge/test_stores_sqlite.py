"""An SQLite file as a store: locks, a full disk, and files and names that are none of ours."""

import sqlite3
from pathlib import Path

import numpy as np
import pytest

from edge.contract.columns import Points, SeriesTable
from edge.contract.schema import FORECAST, FORECAST_LEAD, READING, Measurement
from edge.errors import BlockRefused, StoreBusy, StoreDenied
from edge.stores.sqlite import SqliteStore
from tests.edge.test_stores_store import NOW, leads, readings, rows, write


def begun(path: Path) -> sqlite3.Connection:
    """A connection of another process that has begun to write."""
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    return blocker


def test_two_that_write_a_new_file_wait_for_each_other(tmp_path: Path) -> None:
    """The first write also waits for one that is under way; for longer than our patience the file is busy."""
    path = tmp_path / "store.db"
    blocker = begun(path)
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        blocker.execute("ROLLBACK")

    hasty, patient = SqliteStore(path, patience=0.0), SqliteStore(path, sleep=wait)
    block = hasty.encode([readings([0], [NOW], [1])], SeriesTable(["a"]))
    with pytest.raises(StoreBusy, match="locked"):
        hasty.write(block)
    patient.write(block)
    blocker.close()
    assert (len(waits), len(rows(patient))) == (1, 1)
    hasty.close()
    patient.close()


def test_two_that_add_the_same_field_do_not_disturb_each_other(tmp_path: Path) -> None:
    """What one of them knows of the columns is out of date by then."""
    one, other = SqliteStore(tmp_path / "s.db"), SqliteStore(tmp_path / "s.db")
    table = SeriesTable(["a"])
    for store in (one, other):
        write(store, table, readings([0], [NOW], [1]))
    for store in (one, other):
        write(store, table, Points(READING, np.zeros(1, np.int32), np.array([NOW + 1]), {"more": np.ones(1)}))
    assert len(rows(one)) == 2
    one.close()
    other.close()


def test_row_with_more_columns_than_a_table_holds_is_refused(tmp_path: Path) -> None:
    """For good, so that it holds up nothing; nearly two thousand columns are stored."""
    store, table = SqliteStore(tmp_path / "s.db"), SeriesTable(["a"])
    series, time = np.zeros(20, np.int32), NOW + np.arange(20)
    columns = {f"q{number}": np.ones(20) for number in range(2101)}
    more = {f"more{number}": np.ones(20) for number in range(20)}
    write(store, table, Points(FORECAST, series, time, {name: columns[name] for name in list(columns)[:1990]}))
    for points in (Points(FORECAST_LEAD, series, time, {**columns}, series + 1), Points(FORECAST, series, time, {**more})):
        with pytest.raises(BlockRefused, match="too many columns") as caught:
            write(store, table, points)
        assert caught.value.proven
    store.close()


def test_locked_file_is_busy(tmp_path: Path) -> None:
    """Another process that writes for longer than our patience; afterwards the same block goes through."""
    store = SqliteStore(tmp_path / "store.db", patience=0.001)
    block = store.encode([readings([0], [NOW], [1])], SeriesTable(["a"]))
    store.write(block)
    blocker = begun(tmp_path / "store.db")
    with pytest.raises(StoreBusy, match="locked"):
        store.write(block)
    blocker.execute("ROLLBACK")
    blocker.close()
    store.write(block)
    store.close()


def test_full_disk_is_busy_and_nothing_is_half_written(tmp_path: Path) -> None:
    """The same block goes through when there is room, new names and columns included."""
    store = SqliteStore(tmp_path / "store.db")
    write(store, SeriesTable(["a"]), readings([0], [NOW], [1]))
    assert store._connection is not None
    pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
    store._connection.execute(f"PRAGMA max_page_count={pages + 3}")
    table = SeriesTable([f"series {number}" for number in range(2000)])
    block = store.encode([leads(FORECAST_LEAD), readings(list(range(2000)), [NOW] * 2000, [1] * 2000)], table)
    with pytest.raises(StoreBusy, match="full"):
        store.write(block)
    assert (len(rows(store)), rows(store, FORECAST_LEAD)) == (1, [])
    store._connection.execute("PRAGMA max_page_count=1000000")
    store.write(block)
    assert (len(rows(store)), len(rows(store, FORECAST_LEAD))) == (2001, 3)
    store.close()


@pytest.mark.parametrize("content", [b"not a database, and longer than a header " * 200, None])
def test_place_that_is_no_store_is_denied(content: bytes | None, tmp_path: Path) -> None:
    """A file of something else, or a folder; the message says what to check, and the file stays as it is."""
    path = tmp_path / "store.db"
    path.write_bytes(content) if content else path.mkdir()
    store = SqliteStore(path)
    block = store.encode([readings([0], [NOW], [1])], SeriesTable(["a"]))
    for use in (lambda: store.write(block), store.span, lambda: rows(store)):
        with pytest.raises(StoreDenied, match=r"check \[store\] url"):
            use()
    assert content is None or path.read_bytes() == content


@pytest.mark.parametrize("name", ["Reading", "a b", "x; DROP TABLE series", ""])
def test_names_that_are_no_columns_are_refused(name: str, tmp_path: Path) -> None:
    """Names reach the database only in a safe form."""
    store = SqliteStore(tmp_path / "store.db")
    for measurement, fields in ((Measurement(name, "", ()), {}), (READING, {name: np.zeros(1)})):
        points = Points(measurement, np.zeros(1, np.int32), np.array([1]), {**fields})
        with pytest.raises(BlockRefused, match="no names of tables"):
            store.write(store.encode([points], SeriesTable(["a"])))
    store.close()

"""A database says by its tables what it is, where no query does."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from edge.contract.columns import Points, Readings, SeriesTable
from edge.contract.times import SECOND
from edge.errors import StoreDenied
from edge.sources.databases import open_database
from edge.sources.settings import HistorySource
from edge.sources.sqlite import SqliteFile
from edge.stores.sqlite import SqliteStore
from tests.support.sources import START, read


def test_a_file_of_a_store_needs_no_query(tmp_path: Path) -> None:
    """It is the store's own schema."""
    store = SqliteStore(tmp_path / "store.db")
    rows = Points.of_readings(Readings.of([0, 1], [START * SECOND, (START + 1) * SECOND], [1.0, 2.0]))
    store.write(store.encode([rows], SeriesTable(["a", "b"])))
    store.close()
    settings = HistorySource(f"sqlite:///{tmp_path}/store.db")
    assert read(open_database(SqliteFile(store.path, settings), settings, ())) == {"a": [(0, 1.0)], "b": [(1, 2.0)]}


def test_tables_of_another_kind_are_named(tmp_path: Path) -> None:
    """With what to do."""
    with closing(sqlite3.connect(tmp_path / "a.db")) as connection, connection:
        connection.execute("CREATE TABLE readings (a)")
    settings = HistorySource(f"sqlite:///{tmp_path}/a.db")
    with pytest.raises(StoreDenied, match=r"has the tables 'readings', which are not those of Home Assistant; write a query"):
        open_database(SqliteFile(tmp_path / "a.db", settings), settings, ())

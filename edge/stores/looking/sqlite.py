"""A look at an SQLite store: a table of its own is made, read by another connection, and deleted."""

import sqlite3
import tempfile
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

from edge.contract.schema import CHECK
from edge.damage import check_whole
from edge.stores.looking.look import Look
from edge.stores.size import read_size
from edge.stores.sqlite import SqliteStore

PRODUCT = f"SQLite {sqlite3.sqlite_version}"
WHOLE = 1 << 30  # bytes of the largest file that is looked through; a larger one takes minutes


def look(store: SqliteStore, largest: int = WHOLE) -> Look:
    """Write, read and delete a row, and look through the file; a file that is not there yet is not made.

    Args:
        store: the store; it may be in use.
        largest: bytes of the largest file that is looked through.
    """
    path = store.path
    size = read_size(path)
    if size is None and path.exists():
        return Look(PRODUCT, trouble=f"cannot read {path}; check [store] url")
    if size is None or not size.file:
        return Look(PRODUCT, trouble=_no_folder(path))
    seen = Look(PRODUCT, size=size)
    try:
        with closing(store.connect()) as connection:
            _use(connection)
    except (OSError, sqlite3.Error) as error:
        seen = replace(seen, writes=str(store.meaning(error)))
    try:
        with closing(store.connect()) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            fault = _fault(connection) if size.file <= largest else None
    except (OSError, sqlite3.Error) as error:
        return replace(seen, reads=str(store.meaning(error)))
    return replace(seen, fault=fault)


def _fault(connection: sqlite3.Connection) -> str | None:
    """The first damage of the file; None where it is whole, or busy."""
    try:
        check_whole(connection)
    except sqlite3.OperationalError:
        return None
    except sqlite3.DatabaseError as error:
        return str(error)
    return None


def _use(connection: sqlite3.Connection) -> None:
    """Write a row, and delete it with its table, also where the row before was left by a kill."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute(f"CREATE TABLE IF NOT EXISTS {CHECK} (time INTEGER PRIMARY KEY)")
        connection.execute(f"INSERT OR REPLACE INTO {CHECK} VALUES (1)")
        connection.execute("COMMIT")
        connection.execute(f"DROP TABLE {CHECK}")
    except sqlite3.Error:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def _no_folder(path: Path) -> str | None:
    """Why the file could not be made at the first write, or None."""
    folder = next(folder for folder in path.resolve().parents if folder.exists())
    try:
        with tempfile.TemporaryFile(dir=folder):
            return None
    except OSError as error:
        return f"{path} cannot be made: {folder}: {error.strerror}; check [store] url"

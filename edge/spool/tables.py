"""The tables of the spool's file, and the seal of each row: what the disk has changed never becomes data."""

import sqlite3
import zlib
from collections.abc import Iterable, Mapping
from contextlib import closing
from typing import Any

from edge.stores.packing import unpack_damaged

DAMAGED = "damaged on the disk"  # reason of a block that goes aside
APPLICATION = 0x47617465  # says in the file's header that the tables in it are an agent's
SCHEMA = """
CREATE TABLE IF NOT EXISTS outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT, store TEXT NOT NULL, block BLOB NOT NULL, seal INTEGER);
CREATE TABLE IF NOT EXISTS journal (id INTEGER PRIMARY KEY AUTOINCREMENT, entry BLOB NOT NULL, seal INTEGER);
CREATE TABLE IF NOT EXISTS snapshot (id INTEGER PRIMARY KEY, part BLOB NOT NULL, seal INTEGER);
CREATE TABLE IF NOT EXISTS series (id INTEGER PRIMARY KEY, name TEXT NOT NULL, tags TEXT NOT NULL, seal INTEGER);
CREATE TABLE IF NOT EXISTS arrival (mid INTEGER PRIMARY KEY, digest BLOB NOT NULL, time INTEGER NOT NULL, seal INTEGER);
CREATE TABLE IF NOT EXISTS held (id INTEGER PRIMARY KEY, entry BLOB NOT NULL, seal INTEGER);
CREATE TABLE IF NOT EXISTS format (key TEXT PRIMARY KEY, data BLOB NOT NULL, seal INTEGER);
CREATE TABLE IF NOT EXISTS clock (id INTEGER PRIMARY KEY, time INTEGER NOT NULL, seal INTEGER);
CREATE TABLE IF NOT EXISTS refused (id INTEGER PRIMARY KEY AUTOINCREMENT, reason TEXT NOT NULL, block BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS unsealed (id INTEGER PRIMARY KEY, newest INTEGER NOT NULL);
"""
# What the seal of a row is made of; all as bytes, as a damaged row may hold anything.
SEALED = {
    "outbox": "CAST(store AS BLOB), CAST(block AS BLOB)",
    "journal": "CAST(entry AS BLOB)",
    "snapshot": "CAST(part AS BLOB)",
    "series": "CAST(id AS BLOB), CAST(name AS BLOB), CAST(tags AS BLOB)",
    "arrival": "CAST(mid AS BLOB), CAST(digest AS BLOB), CAST(time AS BLOB)",
    "held": "CAST(entry AS BLOB)",
    "format": "CAST(key AS BLOB), CAST(data AS BLOB)",
    "clock": "CAST(time AS BLOB)",
}
SMALL = ("arrival", "held", "format", "clock")  # looked through at once, when the file is opened


def seal(*parts: bytes | str | int | None) -> int:
    """Four bytes that are others where a byte of the parts is another one."""
    value = 0
    for part in parts:
        data = part if isinstance(part, bytes) else str(part).encode()
        value = zlib.crc32(data, (value + len(data) + 1) & 0xFFFFFFFF)
    return value


def sealed(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """A row with its seal."""
    return *row, seal(*row)


def size_up_to(connection: sqlite3.Connection, number: int) -> int:
    """Bytes of the blocks with numbers up to this one, packed."""
    query = "SELECT coalesce(sum(length(block)), 0) FROM outbox WHERE id <= ?"
    return int(connection.execute(query, (number,)).fetchone()[0])


def move_aside(connection: sqlite3.Connection, numbers: Iterable[int]) -> int:
    """Move damaged blocks to where people look, as far as they can be read; returns the bytes that they had, packed."""
    size = 0
    for number in numbers:
        for (block,) in connection.execute("SELECT CAST(block AS BLOB) FROM outbox WHERE id = ?", (number,)).fetchall():
            size += len(block)
            connection.execute("INSERT INTO refused (reason, block) VALUES (?, ?)", (DAMAGED, unpack_damaged(block)))
        connection.execute("DELETE FROM outbox WHERE id = ?", (number,))
    return size


def remember(connection: sqlite3.Connection, formats: Mapping[str, bytes]) -> None:
    """Keep what the payload formats remember, by keys; what is empty is deleted."""
    for key, data in formats.items():
        if data:
            connection.execute("INSERT OR REPLACE INTO format VALUES (?, ?, ?)", sealed((key, data)))
        else:
            connection.execute("DELETE FROM format WHERE key = ?", (key,))


def prepare(connection: sqlite3.Connection) -> list[str]:
    """Make the tables that are missing, seal the rows of an earlier version, and take out small rows that are damaged.

    Returns:
        What was taken out, in words; the windows come from the store then.

    Raises:
        sqlite3.DatabaseError: the tables themselves are damaged.
        sqlite3.OperationalError: the tables are not those of an agent.
    """
    connection.create_function("seal_of", -1, seal, deterministic=True)
    is_ours = connection.execute("PRAGMA application_id").fetchone()[0] == APPLICATION
    with closing(sqlite3.connect(":memory:")) as model:
        model.executescript(SCHEMA)
        expected = _layout(model)
    if not is_ours and {row[0] for row in _layout(connection)} - {row[0] for row in expected}:
        raise sqlite3.OperationalError("its tables are those of another program")
    connection.executescript(SCHEMA)
    if not is_ours:
        _seal_all(connection)
    if _layout(connection) != expected:
        if is_ours:
            raise sqlite3.DatabaseError("malformed tables")
        raise sqlite3.OperationalError("its tables are those of another program")
    if not is_ours:
        connection.execute(f"PRAGMA application_id={APPLICATION}")
    return _without_damage(connection)


def _layout(connection: sqlite3.Connection) -> list[tuple[object, ...]]:
    """Every column of every table: name, type, whether it may be empty, and its place in the key."""
    columns = 'SELECT m.name, c.name, c.type, c."notnull", c.pk FROM sqlite_master AS m, pragma_table_info(m.name) AS c'
    return connection.execute(f"{columns} WHERE m.type = 'table' ORDER BY m.name, c.cid").fetchall()


def _seal_all(connection: sqlite3.Connection) -> None:
    """Give the rows of an earlier version their seals; blocks, which may be many, are known by their numbers instead."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        for table, parts in SEALED.items():
            if "seal" not in [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]:
                connection.execute(f"ALTER TABLE {table} ADD COLUMN seal INTEGER")
                if table == "outbox":
                    connection.execute("INSERT OR REPLACE INTO unsealed SELECT 0, coalesce(max(id), 0) FROM outbox")
                else:
                    connection.execute(f"UPDATE {table} SET seal = seal_of({parts})")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _without_damage(connection: sqlite3.Connection) -> list[str]:
    losses = []
    for table in SMALL:
        rows = connection.execute(f"DELETE FROM {table} WHERE seal IS NOT seal_of({SEALED[table]})").rowcount
        if rows:
            losses.append(f"{rows} of table {table}")
    if connection.execute(f"SELECT 1 FROM series WHERE seal IS NOT seal_of({SEALED['series']})").fetchone():
        for table in ("series", "journal", "snapshot", "held"):  # they speak of series by number
            connection.execute(f"DELETE FROM {table}")
        losses.append("all of table series")
    return losses

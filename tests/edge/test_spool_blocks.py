"""The blocks that wait, read beside the writer."""

import sqlite3
from pathlib import Path

import pytest

from edge.spool.blocks import Blocks
from edge.spool.tables import SCHEMA, seal


def outbox(path: Path, *rows: tuple[str, bytes, int | None]) -> sqlite3.Connection:
    """A file with blocks."""
    connection = sqlite3.connect(path)
    connection.executescript(SCHEMA)
    connection.executemany("INSERT INTO outbox (store, block, seal) VALUES (?, ?, ?)", rows)
    connection.commit()
    return connection


def sealed(store: str, block: bytes) -> tuple[str, bytes, int]:
    """A sound row."""
    return store, block, seal(store, block)


def test_a_block_without_its_seal_is_passed_over_and_noted(tmp_path: Path) -> None:
    """Those of an earlier version have none; its kind of store belongs to the seal."""
    sound = [sealed("sqlite", b"two"), sealed("sqlite", b"four")]
    rows = [("sqlite", b"one", None), sound[0], ("sqlite", b"three", None), sound[1], ("other", b"five", sound[0][2])]
    connection = outbox(tmp_path / "spool.db", *rows)
    blocks = Blocks(connection, unsealed=1)
    assert blocks.oldest(0, 100) == (4, [b"one", b"two", b"four"])
    assert list(blocks.damaged) == [3, 5]
    assert blocks.newest(1, 4) == [b"four"]
    assert (blocks.other_kind("sqlite"), blocks.oldest(4, 100)) == (None, None)
    connection.close()


def test_a_sealed_block_that_nobody_has_packed_is_noted(tmp_path: Path) -> None:
    """A right seal over a block that cannot be unpacked: it costs itself."""
    rows = [sealed("sqlite", b"one"), sealed("sqlite", b"\x00\x00\x00\x00\x05nonsense"), sealed("sqlite", b"three")]
    connection = outbox(tmp_path / "spool.db", *rows)
    assert Blocks(connection, 0).newest(0, 100) == [b"one", b"three"]
    blocks = Blocks(connection, 0)
    assert blocks.oldest(0, 100) == (3, [b"one", b"three"])
    assert list(blocks.damaged) == [2]
    connection.close()


def test_another_kind_of_store_is_seen(tmp_path: Path) -> None:
    """The first of them."""
    connection = outbox(tmp_path / "spool.db", sealed("sqlite", b"1"), sealed("influxdb", b"2"))
    assert (Blocks(connection, 0).other_kind("sqlite"), Blocks(connection, 0).other_kind("influxdb")) == ("influxdb", "sqlite")
    connection.close()


def test_damage_of_the_file_is_kept_for_the_writer(tmp_path: Path) -> None:
    """A file that is locked is not damaged."""
    path = tmp_path / "spool.db"
    connection = outbox(path, *[sealed("sqlite", b"x" * 3000)] * 20)
    connection.execute("PRAGMA cache_size=0")
    blocks = Blocks(connection, 0)
    with sqlite3.connect(path) as other:
        other.execute("BEGIN EXCLUSIVE")
        connection.execute("PRAGMA busy_timeout=0")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            blocks.oldest(0, 1 << 20)
    other.close()
    assert blocks.damage is None
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    reader = sqlite3.connect(path)
    damaged = Blocks(reader, 0)
    with pytest.raises(sqlite3.DatabaseError, match="malformed"):
        damaged.oldest(0, 1 << 20)
    reader.close()
    assert damaged.damage is not None
    connection.close()

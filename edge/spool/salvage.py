"""What can still be read of a spool that was moved aside: the blocks that had not reached the store."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from edge.errors import ConfigurationError
from edge.spool.tables import APPLICATION, seal
from edge.stores.packing import unpack

# By the places of the columns: the disk may have changed their names.
BLOCKS = "WITH blocks (number, id, store, block{seal}) AS (SELECT rowid, * FROM outbox)"
NEXT = "SELECT number, CAST(store AS BLOB), CAST(block AS BLOB), {seal} FROM blocks WHERE number > ? ORDER BY number LIMIT 1"

FAR = 10_000_000  # number beyond those of blocks that wait, where the file does not tell
FARTHEST = 1 << 32  # no agent comes to a block of this number
STEPS = 1000  # numbers that are tried one by one where nothing can be read; beyond that in ever larger steps
UNSEALED_COLUMNS = 3  # of the outbox of an earlier version, whose blocks have no seals
FAULTS = (sqlite3.DatabaseError, UnicodeDecodeError)  # SQLite quotes what it cannot read, and that need not be text
UNREADABLE = (0, None, None, None)


@dataclass(frozen=True, slots=True)
class Salvaged:
    """A block of the file.

    Args:
        store: kind of the store that it waits for.
        block: its bytes; None where the disk has changed them, or where one block or several in a row cannot be read.
    """

    store: str
    block: bytes | None


def salvage(path: Path) -> Iterator[Salvaged]:
    """The blocks that wait in a file, oldest first; a part that cannot be read costs the blocks in it.

    Args:
        path: the file; nothing in it is changed. Its write-ahead log, if there is one, has the same name with `-wal` behind it.

    Raises:
        ConfigurationError: the file is missing, or nothing in it can be read as a spool.
    """
    if not path.is_file():
        raise ConfigurationError(f"{path} is no file; name a spool.db.damaged-… in the folder of [agent] state")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.text_factory = partial(str, encoding="utf-8", errors="replace")
        connection.execute("PRAGMA query_only=ON")
        connection.execute("PRAGMA writable_schema=ON")  # else one table that is described wrongly closes all
        try:
            columns = len(connection.execute("PRAGMA table_info(outbox)").fetchall())
            is_ours = connection.execute("PRAGMA application_id").fetchone()[0] == APPLICATION
        except FAULTS as error:
            raise ConfigurationError(f"nothing in {path} can be read ({error}); it is lost") from error
        if not columns:
            raise ConfigurationError(f"{path} is no spool of an agent: it has no blocks for a store")
        has_seals = columns > UNSEALED_COLUMNS
        query = BLOCKS.format(seal=", seal" if has_seals else "") + NEXT.format(seal="seal" if has_seals else "NULL")
        unsealed = _number(connection, "SELECT max(newest) FROM unsealed") if is_ours or has_seals else FARTHEST
        end = _newest(connection)
        after = failures = 0
        while after <= end:
            row = _row(connection, query, after)
            if row is None:
                return
            number, store, block, sealed = row
            if not after < number <= FARTHEST:  # the page of the next block, or one on the way to it, cannot be read
                if not failures:
                    yield Salvaged("", None)
                failures += 1
                after += 1 + failures // STEPS
                continue
            after, failures = number, 0
            is_sound = sealed == seal(store, block) or (sealed is None and number <= unsealed)
            yield Salvaged((store or b"").decode(errors="replace"), _unpacked(block) if is_sound else None)


def _row(connection: sqlite3.Connection, query: str, after: int) -> tuple[int, bytes | None, bytes | None, object] | None:
    """Number, store, block and seal of the next block; None behind the last one, and `UNREADABLE` where that cannot be read."""
    try:
        row: tuple[int, bytes | None, bytes | None, object] | None = connection.execute(query, (after,)).fetchone()
    except FAULTS:
        return UNREADABLE
    return row


def _unpacked(block: bytes | None) -> bytes | None:
    """The block; None where what it is packed with tells that the disk has changed it, or where it has none."""
    with suppress(ValueError):
        return None if block is None else unpack(block)
    return None


def _newest(connection: sqlite3.Connection) -> int:
    """A number from which on there is no block; also where a part of the file does not tell."""
    said = _number(connection, "SELECT max(seq) FROM sqlite_sequence WHERE name = 'outbox'")
    return max(said, _number(connection, "SELECT max(rowid) FROM outbox")) or FAR


def _number(connection: sqlite3.Connection, query: str) -> int:
    """The number that a query gives; 0 where it gives none, or one that no block has."""
    try:
        number = connection.execute(query).fetchone()[0]
    except FAULTS:
        return 0
    return number if isinstance(number, int) and 0 < number <= FARTHEST else 0

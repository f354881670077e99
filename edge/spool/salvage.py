"""What can still be read of a spool that was moved aside: the blocks that had not reached the store."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from edge.errors import ConfigurationError
from edge.spool.tables import seal
from edge.stores.packing import unpack

NEXT = "SELECT id, CAST(store AS BLOB), CAST(block AS BLOB), {seal} FROM outbox WHERE id > ? ORDER BY id LIMIT 1"

FAR = 10_000_000  # number beyond those of blocks that wait
STEPS = 1000  # numbers that are tried one by one where nothing can be read; beyond that in ever larger steps


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
        connection.execute("PRAGMA query_only=ON")
        try:
            columns = [row[1] for row in connection.execute("PRAGMA table_info(outbox)")]
        except sqlite3.DatabaseError as error:
            raise ConfigurationError(f"nothing in {path} can be read ({error}); it is lost") from error
        if not columns:
            raise ConfigurationError(f"{path} is no spool of an agent: it has no blocks for a store")
        end = _newest(connection)
        query = NEXT.format(seal="seal" if "seal" in columns else "NULL")
        after = failures = 0
        while after <= end:
            try:
                row = connection.execute(query, (after,)).fetchone()
            except sqlite3.DatabaseError:  # the page of the next block, or one on the way to it
                if not failures:
                    yield Salvaged("", None)
                failures += 1
                after += 1 + failures // STEPS
                continue
            if row is None:
                return
            failures = 0
            after, store, block, sealed = row
            yield Salvaged(store.decode(errors="replace"), _sound(store, block, sealed))


def _sound(store: bytes, block: bytes, sealed: int | None) -> bytes | None:
    """The block; None where its seal, or what it is packed with, tells that it is another one."""
    if sealed is None or sealed == seal(store, block):
        with suppress(ValueError):
            return unpack(block)
    return None


def _newest(connection: sqlite3.Connection) -> int:
    """Number of the newest block that there ever was; `FAR` where the file does not tell."""
    with suppress(sqlite3.DatabaseError):
        return int(connection.execute("SELECT max(seq) FROM sqlite_sequence WHERE name = 'outbox'").fetchone()[0] or 0)
    return FAR

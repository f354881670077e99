"""The blocks that wait for the store, as the sender's thread reads them beside the writer."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

from edge.damage import is_damage
from edge.spool.tables import seal
from edge.stores.packing import unpack, unpacked_size

ROWS = "SELECT id, CAST(store AS BLOB), CAST(block AS BLOB), seal FROM outbox WHERE "


class Blocks:
    """The outbox of an open file; read only.

    Args:
        connection: connection that only this object uses.
        unsealed: newest number of the blocks of an earlier version, which have no seal.
    """

    def __init__(self, connection: sqlite3.Connection, unsealed: int) -> None:
        self._connection, self._unsealed = connection, unsealed
        self.damaged: dict[int, None] = {}  # numbers of blocks that the disk has changed
        self.damage: Exception | None = None  # of the file itself

    def oldest(self, after: int, size: int) -> tuple[int, list[bytes]] | None:
        """As `Spool.next_blocks`."""
        newest, total = after, 0
        blocks: list[bytes] = []
        for number, _, block in self._sound("id > ? ORDER BY id", after):
            total += unpacked_size(block)
            if blocks and total > size:
                break
            if (rows := self._unpacked(number, block)) is not None:
                newest = number
                blocks.append(rows)
        return (newest, blocks) if blocks else None

    def newest(self, after: int, size: int) -> list[bytes]:
        """As `Spool.newest_blocks`."""
        blocks: list[bytes] = []
        total = 0
        for number, _, block in self._sound("id > ? ORDER BY id DESC", after):
            if blocks and total + unpacked_size(block) > size:
                break
            if (rows := self._unpacked(number, block)) is not None:
                total += len(rows)
                blocks.append(rows)
        return blocks[::-1]

    def other_kind(self, store: str) -> str | None:
        """The kind of store that a block waits for, where that is another one."""
        return next((kind for _, kind, _ in self._sound("store <> ? ORDER BY id", store)), None)

    def _unpacked(self, number: int, block: bytes) -> bytes | None:
        """The rows of a block; None where its seal is right, and still nothing can be unpacked: it is noted as damaged."""
        try:
            return unpack(block)
        except ValueError:
            self.damaged[number] = None
            return None

    def _sound(self, which: str, value: int | str) -> Iterator[tuple[int, str, bytes]]:
        """Number, kind of store, and packed block; those that the disk has changed are noted."""
        try:
            with closing(self._connection.execute(ROWS + which, (value,))) as rows:
                for number, store, block, sealed in rows:
                    if sealed == seal(store, block) or (sealed is None and number <= self._unsealed):
                        yield number, store.decode(errors="replace"), block
                    else:
                        self.damaged[number] = None
        except UnicodeDecodeError as error:
            self.damage = sqlite3.DatabaseError(str(error))
            raise self.damage from error
        except sqlite3.DatabaseError as error:
            if is_damage(error):
                self.damage = error
            raise

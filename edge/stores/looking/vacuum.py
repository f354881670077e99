"""An SQLite store written anew without its free pages, while others use it."""

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from edge.errors import ConfigurationError, StoreError
from edge.stores.size import Size, read_size
from edge.stores.sqlite import SqliteStore

SPARE = 16 << 20  # bytes that stay free for others


@dataclass(frozen=True, slots=True)
class Vacuumed:
    """A file that was written anew.

    Args:
        before: its size before.
        after: its size now.
    """

    before: Size
    after: Size


def vacuum(store: SqliteStore, free: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free) -> Vacuumed:
    """Write the file anew, so that it holds rows alone and gives free pages back from now on.

    Who writes meanwhile waits, as for any other writer; who reads goes on. Where it is ended, the file is as before.

    Args:
        store: the store.
        free: function that gives the free bytes of the disk that a folder lies on.

    Raises:
        ConfigurationError: there is no such file.
        StoreError: there is too little room, or the file cannot be used.
    """
    before = read_size(store.path)
    if before is None or not before.file:
        raise ConfigurationError(f"{store.path}: there is no such file; check [store] url")
    folder = store.path.resolve().parent
    # The rows are written to a file beside it, and from there into its log.
    needed = 2 * (before.file - before.free) + SPARE
    if (room := free(folder)) < needed:
        raise StoreError(
            f"{folder}: expected {needed:,} free bytes for the rows to be written anew, got {room:,}; make room first"
        )
    os.environ["SQLITE_TMPDIR"] = str(folder)  # else in a folder that may be small, or lie in memory
    try:
        with closing(store.connect()) as connection:
            connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except (OSError, sqlite3.Error) as error:
        raise store.meaning(error) from error
    return Vacuumed(before, read_size(store.path) or before)

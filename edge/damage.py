"""A database file that is damaged: how it is noticed, and how it is moved out of the way."""

import sqlite3
import time
from contextlib import suppress
from pathlib import Path


def check_whole(connection: sqlite3.Connection) -> None:
    """Look through every page of a database: damage that is found later comes at a worse time.

    Raises:
        sqlite3.DatabaseError: the file is damaged; the message is the first fault.
    """
    fault = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    if fault != "ok":
        raise sqlite3.DatabaseError(fault)


def move_aside(database: Path) -> Path:
    """Rename a database that is not open anywhere, so that its path is free for a new one.

    Returns:
        The new name of the file; its write-ahead log has the same name with `-wal` behind it.

    Raises:
        OSError: the folder cannot be written.
    """
    aside = database.with_name(f"{database.name}.damaged-{time.time_ns()}")
    for ending in ("", "-wal"):
        with suppress(FileNotFoundError):
            Path(f"{database}{ending}").replace(f"{aside}{ending}")
    Path(f"{database}-shm").unlink(missing_ok=True)
    return aside

"""A database file that is damaged, or no longer there: how it is noticed, and how it is moved out of the way."""

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


def move_aside(database: Path, reason: str = "damaged") -> Path:
    """Rename a database that is not open anywhere, so that its path is free for a new one.

    Args:
        database: path of the database.
        reason: word in its new name.

    Returns:
        The new name of the file; its write-ahead log has the same name with `-wal` behind it.

    Raises:
        OSError: the folder cannot be written.
    """
    aside = database.with_name(f"{database.name}.{reason}-{time.time_ns()}")
    for ending in ("", "-wal"):
        with suppress(FileNotFoundError):
            Path(f"{database}{ending}").replace(f"{aside}{ending}")
    Path(f"{database}-shm").unlink(missing_ok=True)
    return aside


def is_damage(error: Exception) -> bool:
    """Whether the file itself is spoilt, not the disk full, busy or gone; text that is none is in the library's words then."""
    return type(error) in (sqlite3.DatabaseError, UnicodeDecodeError)


class Names:
    """The names of a database in WAL mode that is open: whether they still lead to the files that are open.

    A file that is removed or moved stays open, and takes whatever is written to it; nobody finds that again.

    Args:
        database: path of the database, which has been read or written since it was opened, so that its log is there.
    """

    def __init__(self, database: Path) -> None:
        self._names = database, Path(f"{database}-wal")
        self._file, self._log = map(_identity, self._names)

    @property
    def lost_file(self) -> bool:
        """Whether the name of the database leads to another file, or to none."""
        return _identity(self._names[0]) != self._file

    @property
    def lost_log(self) -> bool:
        """The same of its write-ahead log."""
        return _identity(self._names[1]) != self._log


def _identity(name: Path) -> tuple[int, int] | None:
    try:
        status = name.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino

"""A database file that is damaged or no longer there, and a disk without room: how each is noticed, and what is done."""

import errno
import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from edge.errors import ConfigurationError, DiskFull, GatecastError

LEAST = 1 << 20  # bytes; with less than this free, a file that cannot be written has no room
NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


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


def no_state(folder: Path, error: Exception, statvfs: Callable[[Path], os.statvfs_result] = os.statvfs) -> GatecastError:
    """Why the agent cannot keep its state in a folder, as an error for whoever can change that.

    Args:
        folder: `[agent] state`.
        error: error of the system or of the database; it ends the message where the disk has room.
        statvfs: function that tells how much of a file system is free, as `os.statvfs`.
    """
    if _is_full(folder, error, statvfs):
        return DiskFull(
            f"disk full: the agent cannot keep its state in {folder}; make room there and start the agent again: until then "
            "the broker keeps the messages"
        )
    reason = (isinstance(error, OSError) and error.strerror) or error
    return ConfigurationError(f"cannot keep the agent's state in {folder}: {reason}; choose another folder in [agent] state")


def _is_full(folder: Path, error: Exception, statvfs: Callable[[Path], os.statvfs_result]) -> bool:
    if isinstance(error, OSError):
        return error.errno in NO_ROOM
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # what is behind it differs with the system
    if code == sqlite3.SQLITE_FULL:
        return True
    if code not in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN):
        return False
    try:
        disk = statvfs(folder)
    except OSError:
        return False
    return disk.f_bavail * disk.f_frsize < LEAST or (disk.f_files > 0 and disk.f_favail == 0)


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

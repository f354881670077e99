"""The spool's file: its connections, its name, and its size."""

import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from edge.damage import Names, check_whole, move_aside
from edge.files import sync_folder
from edge.spool.tables import prepare

CACHE = 256  # KiB of a connection's pages that stay in memory; what is written here is read once
LOG_KEPT = 4 << 20  # bytes of the write-ahead log that stay when more of it was needed once
SPARE_PAGES = 2000  # free pages that stay, or twice as many as are in use: the next snapshot needs them again
EVERY = 60.0  # seconds between two looks at the size


class File:
    """An SQLite file with a writer and a reader.

    Args:
        path: path of the file; its folder is made where it is missing.
        survive_power_loss: whether a commit waits for the disk.
        moment: function that gives seconds, monotonic.
        spare_pages: number of free pages that are not worth it.
    """

    def __init__(
        self,
        path: Path,
        *,
        survive_power_loss: bool,
        moment: Callable[[], float] = time.monotonic,
        spare_pages: int = SPARE_PAGES,
    ) -> None:
        self.path = path
        self._synchronous = "FULL" if survive_power_loss else "NORMAL"
        self._moment, self._spare_pages = moment, spare_pages
        self._connections: list[sqlite3.Connection] = []
        self._new = path.with_name(f".{path.name}.new")  # what takes the place of a file that is gone
        self._looked = float("-inf")

    def open(self) -> list[str]:
        """Connect, and look through the whole file: damage that is found later would block the sender or the next start.

        Returns:
            What was left out because it is damaged, in words.

        Raises:
            OSError: the folder cannot be made.
            sqlite3.DatabaseError: as `prepare`.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._new.unlink(missing_ok=True)
        self.writer = self._connect()
        check_whole(self.writer)
        losses = prepare(self.writer)
        self.writer.execute(f"PRAGMA synchronous={self._synchronous}")
        self.reader = self._connect()
        self.reader.execute("SELECT 1 FROM outbox").close()
        self._names = Names(self.path)
        return losses

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=30)
        self._connections.append(connection)
        connection.text_factory = partial(str, encoding="utf-8", errors="replace")  # damaged text is seen by its seal
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA journal_size_limit={LOG_KEPT}")
        connection.execute(f"PRAGMA cache_size=-{CACHE}")
        return connection

    def close(self) -> None:
        """Let go of the file."""
        while self._connections:
            self._connections.pop().close()

    def begin_again(self) -> Path:
        """Move the file aside and begin an empty one.

        Returns:
            The new name of the old file.

        Raises:
            OSError, sqlite3.Error: that cannot be done; the file is closed.
        """
        self.close()  # before: closing the last connection deletes the log by its name
        aside = move_aside(self.path)
        self.open()
        return aside

    @property
    def is_lost(self) -> bool:
        """Whether the name of the file, or of its log, no longer leads to what is open."""
        return self._names.lost_file or self._names.lost_log

    def put_back(self) -> str:
        """Bring a file that was removed, moved or replaced back under its name, with everything that is in it.

        What is open can still be read, and written, while it has no name.

        Returns:
            One line that says so.

        Raises:
            sqlite3.OperationalError: the disk is full or gone; nothing has changed, and the same may be tried again.
            sqlite3.DatabaseError: what is open cannot be read any more.
        """
        if not self._names.lost_file:
            if self.writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                raise sqlite3.OperationalError(f"{self.path}-wal was removed, and another program holds what was in it")
            self.close()
            self.open()
            return f"{self.path}-wal was removed while the agent was running; all that it held is in {self.path}"
        self._write_anew()
        log_is_ours = not self._names.lost_log
        self.close()
        if log_is_ours:
            Path(f"{self.path}-wal").unlink(missing_ok=True)
        other = move_aside(self.path, "replaced") if self.path.exists() else None
        for ending in ("-wal", "-shm"):
            Path(f"{self.path}{ending}").unlink(missing_ok=True)
        self._new.replace(self.path)
        sync_folder(self.path.parent)
        self.open()
        what = f"{self.path} was removed or moved" if other is None else f"another file took the place of {self.path}"
        aside = "" if other is None else f"; the other file is {other}"
        return f"{what} while the agent was running; it was written again, and nothing is lost{aside}"

    def _write_anew(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._new.unlink(missing_ok=True)
            self.writer.execute("VACUUM INTO ?", (str(self._new),))
            with self._new.open("rb") as file:
                os.fsync(file.fileno())
        except OSError as error:
            raise sqlite3.OperationalError(f"cannot make {self.path} again: {error.strerror}") from error
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_IOERR:
                raise sqlite3.DatabaseError(f"it has lost its name, and cannot be read any more: {error}") from error
            raise

    def shrink(self) -> None:
        """Give back the pages that a backlog has left: the rest is written anew; nothing where the last look was just now.

        Pages that can be given back one by one cost more at every commit than this costs after a backlog.
        """
        now = self._moment()
        if now - self._looked < EVERY:
            return
        self._looked = now
        with suppress(sqlite3.OperationalError):  # the disk is full: later
            free, pages = (self.writer.execute(f"PRAGMA {what}").fetchone()[0] for what in ("freelist_count", "page_count"))
            if free > max(self._spare_pages, 2 * (pages - free)):
                self.writer.execute("VACUUM")
                self.writer.execute("PRAGMA wal_checkpoint")  # only this makes the file shorter

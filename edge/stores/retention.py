"""Old rows of the SQLite store: which ones go, and when; a few at a time, between two writes.

What goes is older than `[store] keep` by a clock that has proved itself. A proved clock can still be wrong, so nothing goes
unless most of the time that is kept has readings: a clock that is a year ahead finds none there.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from edge.contract.schema import MEASUREMENTS, READING, SERIES, TIME
from edge.contract.times import DAY, SECOND, format_duration, iso
from edge.quoting import counted

LOOK = 10  # rows that a look at one series counts for
ROUNDS = 32  # one of so many parts of `keep` lies between two rounds
SPARE = 12  # one of so many pages stays free in the file: more than a round's rows, so that the file need not grow between two
AGAIN = 60.0  # seconds until a clock that has not proved itself is asked again
INCREMENTAL = 2  # as `PRAGMA auto_vacuum` says it
UNPROVED = 3600.0  # seconds after which it is said that it has not
PARTS = 8  # of the time that is kept
ENOUGH = 5  # of these that must have a reading


def table_of(measurement: str) -> str:
    """The table of a measurement; the names of the series stand in the table `series`."""
    return "series_meaning" if measurement == SERIES else measurement


@dataclass(frozen=True, slots=True)
class Amounts:
    """How much one step takes.

    Args:
        rows: number of rows in one transaction.
        pages: number of pages that are given back in one transaction.
        log_size: bytes of the `-wal` from which on nothing is deleted, as a reader keeps it from being emptied.
    """

    rows: int = 5_000
    pages: int = 256
    log_size: int = 32 << 20


FULL = Amounts(rows=1_000, pages=16)  # while the disk is full
FULL_STEPS = 5  # of these


CHECKPOINT = "PRAGMA wal_checkpoint(PASSIVE)"  # the `-wal` keeps its size, and is written from its beginning again


class Retention:
    """What is deleted from a file, and when.

    Args:
        keep: time for which rows are kept, ns.
        now: function that gives the time, ns UTC; None while the clock has not proved itself.
        needed: function that gives the time before now that the windows of the live bundle need, ns; 0 where none is live.
        log: function called with one line when rows were deleted, or when something keeps them from being deleted.
        moment: function that gives a time that is never set, seconds.
        amounts: amounts of one step.
    """

    def __init__(
        self,
        keep: int,
        now: Callable[[], int | None],
        needed: Callable[[], int],
        log: Callable[[str], None],
        *,
        moment: Callable[[], float] = time.monotonic,
        amounts: Amounts = Amounts(),
    ) -> None:
        self._keep, self._now, self._needed, self._log = keep, now, needed, log
        self._moment, self._amounts = moment, amounts
        self.pause = min(max(keep // ROUNDS, 3600 * SECOND), DAY) / SECOND
        self.problem: str | None = None
        self._started = self._due = moment()
        self._connection: sqlite3.Connection | None = None
        self._round: Iterator[tuple[str, int]] | None = None  # what of the file is still to be looked at
        self._next: tuple[str, int] | None = None
        self._deleted = self._bound = 0
        self._said: str | None = None

    def step(self, connection: sqlite3.Connection, path: Path, written: int) -> None:
        """Delete a few old rows where it is time, and give free pages back to the disk.

        It never waits for another program and never fails: what it cannot do now it does after a later write.

        Args:
            connection: connection that has just written, in no transaction.
            path: its file.
            written: number of rows that it wrote; as many may go, so that a busy agent deletes as fast as it writes.
        """
        self._end_what_counts_no_longer(connection)
        if self._round is None and self._moment() < self._due:
            return
        log = path.with_name(f"{path.name}-wal")
        with suppress(OSError):
            if log.stat().st_size >= self._amounts.log_size:
                return
        with self._hurry(connection):
            if self._round is None and not self._begin(connection):
                return
            if self._next is not None:
                self._delete(connection, max(self._amounts.rows, written))
            elif not self._shrink(connection, self._amounts.pages, SPARE):
                self._round = None

    def make_room(self, connection: sqlite3.Connection) -> None:
        """Delete old rows at once, as the disk is full: the pages that they leave take the rows that wait.

        What is deleted goes through the `-wal`, which cannot grow now: very few rows at a time, and only as long as the file
        takes them over, which it does where it becomes no larger.

        Args:
            connection: connection that could not write, in no transaction.
        """
        self._end_what_counts_no_longer(connection)
        with self._hurry(connection):
            connection.execute(CHECKPOINT)
        with self._hurry(connection):
            if self._round is None and not self._begin(connection):
                return
            for _ in range(FULL_STEPS):
                if self._next is None:
                    break
                self._delete(connection, FULL.rows)
                self._shrink(connection, FULL.pages)
                connection.execute(CHECKPOINT)

    @contextmanager
    def _hurry(self, connection: sqlite3.Connection) -> Iterator[None]:
        """Wait for no other program, and let what fails be tried again a minute later."""
        patience = connection.execute("PRAGMA busy_timeout").fetchone()[0]
        connection.execute("PRAGMA busy_timeout=0")
        try:
            yield
        except sqlite3.Error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            self._round = self._next = None
            self._due = self._moment() + AGAIN
        finally:
            connection.execute(f"PRAGMA busy_timeout={patience}")

    def _end_what_counts_no_longer(self, connection: sqlite3.Connection) -> None:
        """End a round that could not begin as it did: of another file, or by another clock or windows than those of now."""
        if connection is not self._connection:
            self._connection, self._round, self._next = connection, None, None
        if self._next is None:
            return
        now = self._now()
        if now is None or now - self._keep < self._bound or self._needed() > self._keep:
            self._round, self._next, self._due = None, None, self._moment()

    def _begin(self, connection: sqlite3.Connection) -> bool:
        """Begin to look at all series, where rows may go at all."""
        moment = self._moment()
        self._due = moment + AGAIN
        if (needed := self._needed()) > self._keep:
            kept, window = format_duration(self._keep), format_duration(needed)
            self._hold(f"[store] keep = {kept} is shorter than the windows of the live bundle: write at least {window}")
            return False
        if (now := self._now()) is None:
            if moment - self._started >= UNPROVED:
                self._hold("[store] keep: the device's clock is not confirmed; set it by a time service such as chrony")
            return False
        self._due, self.problem = moment + self.pause, None
        self._bound = now - self._keep
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if READING.name not in tables or not self._readings(connection, None, self._bound):
            return False
        bounds = [self._bound + self._keep * part // PARTS for part in range(PARTS + 1)]
        if sum(self._readings(connection, start, stop) for start, stop in pairwise(bounds)) < ENOUGH:
            since = f"most of the time since {iso(self._bound)} has no reading in the store"
            self._say(f"store: {since}, so nothing from before is deleted; if that is wrong, check this device's clock")
            return False
        self._said = None
        series = [row[0] for row in connection.execute("SELECT id FROM series")]
        wanted = [table for table in map(table_of, (each.name for each in MEASUREMENTS)) if table in tables]
        self._round = iter([(table, identity) for table in wanted for identity in series])
        self._next = next(self._round, None)
        return True

    def _hold(self, reason: str) -> None:
        self.problem = f"{reason}; until then nothing is deleted"
        self._say(self.problem)

    def _say(self, line: str) -> None:
        if line != self._said:
            self._said = line
            self._log(line)

    def _readings(self, connection: sqlite3.Connection, start: int | None, stop: int) -> bool:
        """Whether there is any reading of a time."""
        times = f"{TIME} < ?" if start is None else f"{TIME} >= ? AND {TIME} < ?"
        source = f"series CROSS JOIN {READING.name} ON {SERIES} = series.id AND {times}"
        values = (stop,) if start is None else (start, stop)
        return connection.execute(f"SELECT 1 FROM {source} LIMIT 1", values).fetchone() is not None

    def _delete(self, connection: sqlite3.Connection, most: int) -> None:
        """Delete at most about so many rows, in one transaction."""
        connection.execute("BEGIN IMMEDIATE")
        deleted, left, table_and_series = 0, most, self._next
        while table_and_series is not None and left > 0 and self._round is not None:
            table, identity = table_and_series
            # In the order of the primary key, so that only pages with old rows are read.
            cut = connection.execute(
                f"SELECT {TIME} FROM {table} WHERE {SERIES} = ? AND {TIME} < ? ORDER BY {TIME} LIMIT 1 OFFSET ?",
                (identity, self._bound, left),
            ).fetchone()
            stop = self._bound if cut is None else cut[0] + 1
            gone = connection.execute(f"DELETE FROM {table} WHERE {SERIES} = ? AND {TIME} < ?", (identity, stop)).rowcount
            deleted, left = deleted + gone, left - gone - LOOK
            if cut is None:
                table_and_series = next(self._round, None)
        connection.execute("COMMIT")
        self._next, self._deleted = table_and_series, self._deleted + deleted
        if table_and_series is None and self._deleted:
            rows = counted(self._deleted, "row")
            self._log(f"store: {rows} from before {iso(self._bound)} deleted, as [store] keep says")
            self._deleted = 0

    def _shrink(self, connection: sqlite3.Connection, most: int, spare: int | None = None) -> bool:
        """Give free pages back, at most so many; returns whether there are more.

        Args:
            connection: the connection.
            most: largest number of pages.
            spare: one of so many pages stays free for the rows that come next; None: none does.
        """
        free, pages = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("freelist_count", "page_count"))
        beyond = free if spare is None else free - pages // spare
        if beyond <= 0 or connection.execute("PRAGMA auto_vacuum").fetchone()[0] != INCREMENTAL:
            return False
        # `execute` would stop after the first page.
        connection.executescript(f"PRAGMA incremental_vacuum({min(most, beyond)})")
        return True

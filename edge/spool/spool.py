"""The agent's durable memory: what must still reach the store, and what brings the series state back.

One SQLite transaction per batch holds its effect: blocks for the store, the readings themselves, and the forecasts that wait
for their facts. What is committed survives `kill -9` and, at the default, loss of power. The state of the series is the last
snapshot plus the journal since, replayed through the same code.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from edge.contract.columns import Readings
from edge.contract.times import SECOND
from edge.damage import is_damage
from edge.errors import ConfigurationError
from edge.messages.message import Arrival
from edge.series.entry import NO_FORECASTS, Entry
from edge.spool.arrivals import arrival_of, note
from edge.spool.blocks import Blocks
from edge.spool.file import File
from edge.spool.tables import move_aside, remember, seal, size_up_to
from edge.stores.packing import pack

INSERT_BLOCK = "INSERT INTO outbox (store, block, seal) VALUES (?, ?, ?)"
KEPT_REFUSED = 1000  # rows that the store refused, the newest
KEPT_REFUSED_BYTES = 10_000_000
NEWER = 60 * SECOND  # the clock of the newest commit is written again when it differs by so much


@dataclass(frozen=True, slots=True)
class Refusal:
    """Rows the store will never take.

    Args:
        reason: the store's own words.
        block: the rows, as far as they are known.
        rows: number of these rows.
    """

    reason: str
    block: bytes
    rows: int


@dataclass(frozen=True, slots=True)
class Commit:
    """Everything one transaction changes.

    Args:
        blocks: blocks for the store, oldest first.
        entries: batches, oldest first.
        series: (index, name, tags) of the series seen for the first time.
        sent: the newest block the store has taken.
        refused: rows that the store will never take.
        snapshot: function that gives the parts of a state that makes the journal up to this batch unnecessary.
        arrivals: arrivals of the messages that carry no time.
        newest: identifier of the newest message that did not come before; 0: none.
        held: the readings that wait for a clock that has proved itself; None: the same as before.
        now: our clock, ns UTC.
        formats: memory of the payload formats, by keys; one that is empty is deleted, and other keys stay as they are.
        anew: whether the series are all that there are, as those of before had other indices.
    """

    blocks: Sequence[bytes] = ()
    entries: Sequence[Entry] = ()
    series: Sequence[tuple[int, str, dict[str, str]]] = ()
    sent: int | None = None
    refused: Sequence[Refusal] = ()
    snapshot: Callable[[], Iterable[bytes]] | None = None
    arrivals: Iterable[Arrival] = ()
    newest: int = 0
    held: Readings | None = None
    now: int | None = None
    formats: Mapping[str, bytes] = field(default_factory=dict)
    anew: bool = False


def merged(earlier: Commit, later: Commit) -> Commit:
    """One transaction for two."""
    return Commit(
        [*earlier.blocks, *later.blocks],
        [*earlier.entries, *later.entries],
        [*earlier.series, *later.series],
        earlier.sent if later.sent is None else later.sent,
        [*earlier.refused, *later.refused],
        later.snapshot or earlier.snapshot,
        [*earlier.arrivals, *later.arrivals],
        later.newest or earlier.newest,
        earlier.held if later.held is None else later.held,
        earlier.now if later.now is None else later.now,
        {**earlier.formats, **later.formats},
        earlier.anew or later.anew,
    )


class Spool:
    """The only writer is the thread that calls `commit`; `next_blocks` may be called from one other thread.

    A damaged file is moved aside and an empty one takes its place: `loss` says so in one line, or is None. A damaged row costs
    only what it held: `loss` says so of what is needed at the start, and a block goes to the table `refused`.

    Args:
        path: the SQLite file; its folder is made where it is missing.
        store: kind of the store the blocks are encoded for.
        limit: size of the outbox in bytes, packed; past it the oldest blocks are dropped and counted.
        survive_power_loss: wait for the disk at every commit; without it only loss of the process is survived.
        kept_refused: number of refused rows that are kept to be looked at, the newest.
        kept_refused_bytes: largest size of them together, bytes.

    Raises:
        ConfigurationError: the folder cannot be written, or blocks for another kind of store still wait.
    """

    def __init__(
        self,
        path: Path,
        store: str,
        *,
        limit: int = 1 << 30,
        survive_power_loss: bool = True,
        kept_refused: int = KEPT_REFUSED,
        kept_refused_bytes: int = KEPT_REFUSED_BYTES,
    ) -> None:
        self._kept_refused = kept_refused, kept_refused_bytes
        self._path, self._store, self.limit = path, store, limit
        self._file = File(path, survive_power_loss=survive_power_loss)
        self._reading = threading.Lock()
        self.newest = 0  # number of the newest block
        self._aside = 0  # damaged blocks that were moved
        self.loss: str | None = None
        self.committed = 0  # our clock at the newest commit, ns UTC
        try:
            other = self._open()
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            if not is_damage(error):
                raise self._unusable(error) from error
            self.loss, other = self.renew(error), None
        except OSError as error:
            raise self._unusable(error) from error
        if other is not None:
            self.close()
            message = (
                f"{path} still holds data for a {other} store, but [store] url names a {store} one; "
                "run once with the old url until the backlog is 0, or choose another folder in [agent] state"
            )
            raise ConfigurationError(message)

    def _open(self) -> str | None:
        """Open the file, and read what is needed at once.

        Returns:
            Another kind of store that blocks wait for, or None.
        """
        if losses := self._file.open():
            self.loss = f"damaged rows of {self._path} are left out: {', '.join(losses)}; the store has all readings of them"
        return self._use()

    def _use(self) -> str | None:
        self._writer = self._file.writer
        query = self._writer.execute
        self._blocks = Blocks(self._file.reader, query("SELECT coalesce(max(newest), 0) FROM unsealed").fetchone()[0])
        try:
            self.series(), self.formats(), self.held()
        except msgspec.MsgspecError as error:
            raise sqlite3.DatabaseError(f"malformed tags of a series: {error}") from error
        self._bytes = query("SELECT coalesce(sum(length(block)), 0) FROM outbox").fetchone()[0]
        newest = query("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'outbox'").fetchone()[0]
        self.newest = max(self.newest, newest)
        self.committed = query("SELECT coalesce(max(time), 0) FROM clock").fetchone()[0]
        return self._blocks.other_kind(self._store)

    def _unusable(self, error: Exception) -> ConfigurationError:
        self.close()
        return ConfigurationError(
            f"cannot keep the agent's state in {self._path}: {error}; choose another folder in [agent] state"
        )

    def renew(self, error: Exception) -> str:
        """Move the damaged file aside and begin an empty one; numbers of blocks go on, for the sender may hold one.

        Returns:
            One line that says so.

        Raises:
            ConfigurationError: that cannot be done.
        """
        with self._reading:
            try:
                aside = self._file.begin_again()
                self._use()
                self._writer.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('outbox', ?)", (self.newest,))
            except (OSError, sqlite3.Error) as reason:
                raise self._unusable(reason) from reason
        return f"{self._path} is damaged ({error}) and was moved to {aside}; what had not reached the store is in there only"

    @property
    def needs_care(self) -> bool:
        """Whether there is something to mend, which the next commit and `look` do."""
        return self._file.is_lost or bool(self._blocks.damaged) or self._blocks.damage is not None

    def look(self) -> str | None:
        """See to the file after a commit, before anybody is told of it: it may have lost its name meanwhile.

        Returns:
            One line that says what happened to it; None where it is as it was.

        Raises:
            sqlite3.OperationalError: it cannot be brought back now; nothing has changed, and this may be tried again.
            sqlite3.DatabaseError: what is open cannot be read any more.
        """
        if not self._file.is_lost:
            return None
        with self._reading:
            try:
                line = self._file.put_back()
                self._use()
            except OSError as reason:
                raise self._unusable(reason) from reason
        return line

    def shrink(self) -> None:
        """Give the room back that a backlog has left, once the store has all of it."""
        try:
            if not self._bytes:
                self._file.shrink()
        except sqlite3.DatabaseError as error:
            self._blocks.damage = error

    @property
    def backlog(self) -> int:
        """Bytes that wait for the store, packed."""
        return int(self._bytes)

    def waiting(self, after: int) -> int:
        """Bytes of the blocks with numbers above `after`, packed; of all blocks where the file cannot be read."""
        with suppress(sqlite3.Error):  # the next commit will say so
            return int(self._bytes) - size_up_to(self._writer, after)
        return int(self._bytes)

    def commit(self, commit: Commit) -> int:
        """Make a batch durable, whole or not at all.

        Returns:
            How many of the oldest blocks were dropped because the outbox was full.

        Raises:
            sqlite3.OperationalError: the disk is full or gone; nothing has changed and the same commit may be tried again.
        """
        if self._blocks.damage is not None:
            raise self._blocks.damage
        damaged = list(self._blocks.damaged)
        write = self._writer.execute
        write("BEGIN IMMEDIATE")
        try:
            size = self._bytes - move_aside(self._writer, damaged)
            dropped, size = self._change(commit, size)
            write("COMMIT")
        except BaseException:
            if self._writer.in_transaction:
                write("ROLLBACK")
            raise
        self._bytes = size
        for number in damaged:
            del self._blocks.damaged[number]
        self._aside += len(damaged)
        self.committed = commit.now if commit.now is not None and self._newer(commit.now) else self.committed
        return dropped

    def _change(self, commit: Commit, size: int) -> tuple[int, int]:
        write = self._writer.execute
        if commit.sent is not None:
            size -= size_up_to(self._writer, commit.sent)
            write("DELETE FROM outbox WHERE id <= ?", (commit.sent,))
        for block in map(pack, commit.blocks):
            self.newest = write(INSERT_BLOCK, (self._store, block, seal(self._store, block))).lastrowid or 0
            size += len(block)
        dropped = 0
        while size > self.limit:
            oldest = write("SELECT id, length(block) FROM outbox ORDER BY id LIMIT 1").fetchone()
            write("DELETE FROM outbox WHERE id = ?", (oldest[0],))
            size -= oldest[1]
            dropped += 1
        entries = [(data, seal(data)) for data in (entry.encode() for entry in commit.entries)]
        self._writer.executemany("INSERT INTO journal (entry, seal) VALUES (?, ?)", entries)
        if commit.anew:
            write("DELETE FROM series")
        for index, name, labels in commit.series:
            tags = msgspec.json.encode(labels).decode()
            write("INSERT OR IGNORE INTO series VALUES (?, ?, ?, ?)", (index, name, tags, seal(index, name, tags)))
        note(self._writer, commit.arrivals, commit.newest)
        remember(self._writer, commit.formats)
        if commit.refused:
            rows = ((refusal.reason, refusal.block) for refusal in commit.refused)
            self._writer.executemany("INSERT INTO refused (reason, block) VALUES (?, ?)", rows)
            kept = "SELECT id, row_number() OVER newer AS number, sum(length(block)) OVER newer AS size FROM refused"
            write(
                f"DELETE FROM refused WHERE id IN (SELECT id FROM ({kept} WINDOW newer AS (ORDER BY id DESC)) "
                "WHERE number > ? OR size > ?)",
                self._kept_refused,
            )
        self._change_clock(commit)
        if commit.snapshot is not None:
            write("DELETE FROM snapshot")
            parts = ((part, seal(part)) for part in commit.snapshot())
            self._writer.executemany("INSERT INTO snapshot (part, seal) VALUES (?, ?)", parts)
            write("DELETE FROM journal")
        return dropped, size

    def _change_clock(self, commit: Commit) -> None:
        write = self._writer.execute
        if commit.held is not None:
            write("DELETE FROM held")
            if len(commit.held):
                held = Entry(commit.held, None, NO_FORECASTS).encode()
                write("INSERT INTO held (entry, seal) VALUES (?, ?)", (held, seal(held)))
        if commit.now is not None and self._newer(commit.now):
            write("INSERT OR REPLACE INTO clock VALUES (0, ?, ?)", (commit.now, seal(commit.now)))

    def _newer(self, now: int) -> bool:
        return abs(now - self.committed) >= NEWER

    def next_blocks(self, after: int, size: int) -> tuple[int, list[bytes]] | None:
        """The oldest blocks with numbers above `after`, together at most `size` bytes when unpacked but at least one.

        Returns:
            Number of the newest of them, and the blocks in order; None where nothing waits.
        """
        with self._reading:
            return self._blocks.oldest(after, size)

    def newest_blocks(self, after: int, size: int) -> list[bytes]:
        """The newest blocks with numbers above `after` in order, of `size` bytes at most when unpacked but at least one."""
        with self._reading:
            return self._blocks.newest(after, size)

    def series(self) -> list[tuple[str, dict[str, str]]]:
        """Name and tags of every series, in order of index."""
        rows = self._writer.execute("SELECT CAST(name AS TEXT), CAST(tags AS TEXT) FROM series ORDER BY id")
        return [(name, msgspec.json.decode(tags, type=dict[str, str])) for name, tags in rows]

    def arrival(self, mid: int) -> Arrival | None:
        """As `arrival_of`."""
        return arrival_of(self._writer, mid)

    def snapshot(self) -> Iterator[bytes]:
        """The parts of the last snapshot; none where there is none.

        Raises:
            sqlite3.DatabaseError: one of them is damaged.
        """
        return self._sound_parts("SELECT CAST(part AS BLOB), seal FROM snapshot ORDER BY id", "snapshot")

    def held(self) -> Readings:
        """The readings that wait for a clock that has proved itself."""
        row = self._writer.execute("SELECT CAST(entry AS BLOB) FROM held").fetchone()
        try:
            return Readings.empty() if row is None else Entry.decode(row[0]).readings
        except (msgspec.MsgspecError, ValueError):  # the store has them all
            return Readings.empty()

    def formats(self) -> dict[str, bytes]:
        """What the payload formats have to remember, by key."""
        # By the table alone: an index has keys of its own, without a seal.
        rows = self._writer.execute("SELECT CAST(key AS TEXT), CAST(data AS BLOB) FROM format ORDER BY rowid")
        return dict(sorted(rows))

    def journal(self) -> Iterator[Entry]:
        """The batches since the last snapshot, oldest first.

        Raises:
            sqlite3.DatabaseError: one of them is damaged.
        """
        rows = self._sound_parts("SELECT CAST(entry AS BLOB), seal FROM journal ORDER BY id", "journal")
        return (Entry.decode(entry) for entry in rows)

    def _sound_parts(self, query: str, table: str) -> Iterator[bytes]:
        for part, written in self._writer.execute(query):
            if written != seal(part):
                raise sqlite3.DatabaseError(f"a row of table {table} is damaged in {self._path}")
            yield part

    def set_aside(self) -> int:
        """How many damaged blocks went to the table `refused` since the last call."""
        count, self._aside = self._aside, 0
        return count

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

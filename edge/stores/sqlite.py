"""The embedded store: the same measurements in one SQLite file, for demos and gateways without a database."""

import re
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec
import numpy as np
import numpy.typing as npt

from edge.contract.columns import Float64, Points, SeriesTable
from edge.contract.schema import LEAD, READING, SERIES, TIME, Measurement
from edge.damage import Names
from edge.errors import BlockRefused, ConfigurationError, StoreBusy, StoreDenied, StoreError
from edge.quoting import without_account
from edge.stores.address import Address
from edge.stores.inserting import Rows, gathered, insert
from edge.stores.retention import Retention, table_of
from edge.stores.size import Size, read_size
from edge.stores.store import leads, numbers

PAGE = 50_000
KEPT_IDS = 200_000  # numbers of series that stay in memory
CACHE = 1000  # KiB of pages that stay in memory; the rows of many series lie on more pages than any cache holds
LAST = (1 << 63) - 1  # ns UTC; SQLite holds no later time, and a row of that one is of no sensor
PATIENCE = 30.0  # seconds that a lock of another process is waited for
TYPES = {"i": np.int64, "f": np.float64}
Part = TypeVar("Part")


class _Section(msgspec.Struct, array_like=True):
    """The points of one measurement in a block; columns are bytes of int64 or float64, in place in a block that is read."""

    measurement: str
    names: list[str]
    series: memoryview
    time: memoryview
    lead: memoryview | None
    fields: dict[str, tuple[str, memoryview] | str]
    labels: dict[str, str] = {}


def open_address(address: Address) -> "SqliteStore":
    """The file that a URL names; it is not made yet.

    Raises:
        ConfigurationError: the URL names no file, or more than a file.
    """
    if address.options is not None:
        raise ConfigurationError("[store] url: an SQLite file has no options; write a ? in its name as %3F")
    beside = address.host or address.account is not None or address.port is not None
    if beside or address.path in ("", "/"):
        shown = without_account(address.url)
        raise ConfigurationError(
            f"[store] url {shown!r} names no file; write sqlite:///relative/path or sqlite:////absolute/path"
        )
    return SqliteStore(Path(address.path[1:]))


def sqlite_url(path: Path) -> str:
    """The URL of an SQLite file, whatever characters its name has."""
    return f"sqlite:///{quote(str(path))}"


class SqliteStore:
    """Tables named as the measurements; rows are replaced by series (and lead, or labels) and time.

    The names of the series stand in a table of their own, `series`; the rows of that measurement are in `series_meaning`.

    Several processes may write and read at once, and `kill -9` loses nothing that was written. A file that is removed, moved
    or replaced is noticed at the next write, which goes to the file that has the name then.

    Args:
        path: the file; it is made at the first write.
        page: rows of one page that is read.
        patience: seconds to wait for a lock of another process.
        sleep: function that waits for so many seconds.
        kept_ids: number of series whose numbers stay in memory; of made-up names there may be any number.
    """

    kind = "sqlite"
    advice = ""

    def __init__(
        self,
        path: Path,
        *,
        page: int = PAGE,
        patience: float = PATIENCE,
        sleep: Callable[[float], None] = time.sleep,
        kept_ids: int = KEPT_IDS,
    ) -> None:
        self.path, self._kept_ids = path, kept_ids
        self._page, self._patience, self._sleep = page, patience, sleep
        self._connection: sqlite3.Connection | None = None
        self._names = Names(path)
        self._ids: dict[str, int] = {}
        self._columns: dict[str, list[str]] = {}
        self._retention: Retention | None = None

    def forget(self, retention: Retention, /) -> None:
        """As `Store.forget`; a little after each write."""
        self._retention = retention

    def encode(self, points: Sequence[Points], series: SeriesTable) -> bytes:
        """As `Store.encode`."""
        sections = []
        for part in points:
            used, local = np.unique(part.series, return_inverse=True)
            fields: dict[str, tuple[str, memoryview] | str] = {}
            for name, column in part.fields.items():
                if isinstance(column, str):
                    fields[name] = column
                else:
                    kind = "i" if column.dtype.kind == "i" else "f"
                    fields[name] = (kind, _bytes(column, TYPES[kind]))
            lead = None if part.lead is None else _bytes(part.lead, np.int64)
            names = [series.names[index] for index in used.tolist()]
            owners, time = _bytes(local, np.int64), _bytes(part.time, np.int64)
            sections.append(_Section(part.measurement.name, names, owners, time, lead, fields, part.labels))
        return msgspec.msgpack.encode(sections)

    def write(self, *blocks: bytes) -> None:
        """As `Store.write`."""
        sections = [section for block in blocks for section in _decode(block, _Section)]  # in place: joined they lie here twice
        try:
            connection = self._open()
            connection.execute("BEGIN IMMEDIATE")
            try:
                for rows, order in gathered(self._rows_of(connection, section) for section in sections):
                    insert(connection, rows, order)
                connection.execute("COMMIT")
            except BaseException:
                self._ids.clear()
                self._columns.clear()
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            self._check_names(connection)  # what went to a file without a name is written again
            if self._retention is not None and connection is self._connection:  # else it was closed, as its log was removed
                self._retention.step(connection, self.path, sum(len(section.time) // 8 for section in sections))
        except (ValueError, IndexError, KeyError) as error:
            raise BlockRefused(f"not a block of this store: {error!r}", proven=True) from error
        except sqlite3.IntegrityError as error:  # a trigger or a check that the user has put there
            raise BlockRefused(f"{self.path} refuses rows: {error}") from error
        except (OSError, sqlite3.Error) as error:
            is_full = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
            if is_full and self._retention is not None and self._connection is not None:
                self._retention.make_room(self._connection)
            raise self.meaning(error) from error

    def join(self, blocks: Sequence[bytes]) -> bytes:
        """As `Store.join`."""
        return msgspec.msgpack.encode([section for block in blocks for section in _decode(block, msgspec.Raw)])

    def split(self, block: bytes) -> tuple[bytes, bytes] | None:
        """As `Store.split`; a section is the smallest part."""
        try:
            sections = _decode(block, _Section)
        except BlockRefused:
            return None
        half = len(sections) // 2
        if not half:
            return None
        return msgspec.msgpack.encode(sections[:half]), msgspec.msgpack.encode(sections[half:])

    def count(self, block: bytes) -> dict[str, int]:
        """As `Store.count`."""
        rows: Counter[str] = Counter()
        try:
            for section in _decode(block, _Section):
                rows[section.measurement] += len(section.time) // 8
        except BlockRefused:
            return {}
        return rows

    def name_of(self, series: str) -> str:
        """As `Store.name_of`."""
        return series

    def read(
        self, measurement: Measurement, fields: Sequence[str], start: int, stop: int, series: SeriesTable
    ) -> Iterator[Points]:
        """As `Store.read`; a field that was never written is NaN, and so is what is no number."""
        if not self.path.exists():
            return
        try:
            with closing(self.connect()) as connection:
                connection.execute("BEGIN")  # names and rows of one moment, whoever writes meanwhile
                known = self._known_columns(connection, table_of(measurement.name))
                if not known:
                    return
                names = dict(connection.execute("SELECT id, name FROM series"))
                cells = (name if name in known else "NULL" for name in fields)
                # Series by series, in the order of the primary key; otherwise SQLite reads the whole table.
                wanted = ", ".join([SERIES, TIME, *[LEAD] * measurement.by_lead, *cells])
                source = f"series CROSS JOIN {table_of(measurement.name)} ON series = series.id AND time >= ? AND time < ?"
                cursor = connection.execute(f"SELECT {wanted} FROM {source} ORDER BY time", (start, min(stop, LAST)))
                while rows := cursor.fetchmany(self._page):
                    columns = list(zip(*rows, strict=True))
                    lead = leads(columns[2]) if measurement.by_lead else None
                    values: dict[str, Float64] = {
                        name: numbers(column) for name, column in zip(fields, columns[2 + measurement.by_lead :], strict=True)
                    }
                    index = {identity: series.add(names[identity]) for identity in dict.fromkeys(columns[0])}
                    owners = np.asarray([index[identity] for identity in columns[0]], np.int32)
                    yield Points(measurement, owners, np.asarray(columns[1], np.int64), {**values}, lead)
        except (OSError, sqlite3.Error) as error:
            raise self.meaning(error) from error

    def count_readings(self, start: int, stop: int) -> dict[str, int]:
        """As `Store.count_readings`."""
        if not self.path.exists():
            return {}
        try:
            with closing(self.connect()) as connection:
                if not self._known_columns(connection, READING.name):
                    return {}
                source = f"series CROSS JOIN {READING.name} ON series = series.id AND time >= ? AND time < ?"
                return dict(
                    connection.execute(f"SELECT name, count(*) FROM {source} GROUP BY series.id", (start, min(stop, LAST)))
                )
        except (OSError, sqlite3.Error) as error:
            raise self.meaning(error) from error

    def span(self) -> tuple[int, int] | None:
        """As `Store.span`."""
        if not self.path.exists():
            return None
        try:
            with closing(self.connect()) as connection:
                if not self._known_columns(connection, READING.name):
                    return None
                ends = ", ".join(
                    f"{pick}((SELECT {pick}(time) FROM {READING.name} WHERE series = series.id))" for pick in ("min", "max")
                )
                first, last = connection.execute(f"SELECT {ends} FROM series").fetchone()
        except (OSError, sqlite3.Error) as error:
            raise self.meaning(error) from error
        return None if first is None else (int(first), int(last))

    def size(self) -> Size | None:
        """As `Store.size`."""
        return read_size(self.path)

    def close(self) -> None:
        """As `Store.close`."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
            self._ids.clear()
            self._columns.clear()

    def connect(self) -> sqlite3.Connection:
        """A new connection. Every reader has its own, because the sender's thread may be writing."""
        return sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=self._patience)

    def _open(self) -> sqlite3.Connection:
        """The connection that writes."""
        if self._connection is not None:
            self._check_names(self._connection)
        if self._connection is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            connection = self.connect()
            try:
                self._go_together(connection)
                connection.execute("PRAGMA synchronous=FULL")
                connection.execute(f"PRAGMA cache_size=-{CACHE}")
                connection.execute("CREATE TABLE IF NOT EXISTS series (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)")
            except sqlite3.Error:
                connection.close()
                raise
            self._connection, self._names = connection, Names(self.path)
        return self._connection

    def _check_names(self, connection: sqlite3.Connection) -> None:
        """Let go of a file that has lost its name; of one that has lost its log only, after all is out of the log.

        Raises:
            StoreBusy: the file is gone; the same block goes to the one that takes its place.
        """
        if self._names.lost_file:
            self.close()
            what = f"{self.path} was removed, moved or replaced while it was open"
            raise StoreBusy(f"{what}; rows that it held are in the old file only, and all that come now go to the new one")
        if self._names.lost_log:
            if connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                raise StoreBusy(f"{self.path}-wal was removed, and another program holds what was in it")
            self.close()

    def _go_together(self, connection: sqlite3.Connection) -> None:
        """Let readers and a writer go on at the same time.

        SQLite does not wait by itself where another connection is about to write a file that is new: it takes that for a
        deadlock, and says at once that the database is locked.
        """
        connection.execute("PRAGMA busy_timeout=0")
        end = time.monotonic() + self._patience
        while True:
            try:
                connection.execute("PRAGMA auto_vacuum=INCREMENTAL")  # of a file that is new
                connection.execute("PRAGMA journal_mode=WAL")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() >= end:
                    raise
                self._sleep(0.01)
            else:
                connection.execute(f"PRAGMA busy_timeout={round(self._patience * 1000)}")
                return

    def meaning(self, error: Exception) -> StoreError:
        """What a failure means for the block: wait where the file is locked or the disk is full, else tell the user."""
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CANTOPEN) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
            return StoreBusy(f"{self.path}: {error}")
        if "too many columns" in str(error):  # a bundle with thousands of quantiles
            return BlockRefused(f"{self.path} cannot hold such rows: {error}", proven=True)
        return StoreDenied(f"cannot use the store {self.path}: {error}; check [store] url")

    def _known_columns(self, connection: sqlite3.Connection, measurement: str) -> list[str]:
        return [row[1] for row in connection.execute(f"PRAGMA table_info({measurement})")]

    def _identity(self, connection: sqlite3.Connection, name: str) -> int:
        if name not in self._ids:
            if len(self._ids) >= self._kept_ids:
                self._ids.clear()
            connection.execute("INSERT OR IGNORE INTO series (name) VALUES (?)", (name,))
            self._ids[name] = int(connection.execute("SELECT id FROM series WHERE name = ?", (name,)).fetchone()[0])
        return self._ids[name]

    def _prepare(self, connection: sqlite3.Connection, section: _Section) -> None:
        """Make the table, and the columns that are new."""
        table = table_of(section.measurement)
        names = [table, *section.labels, *section.fields]
        if not all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in names):
            raise BlockRefused(f"{names} are no names of tables and columns", proven=True)
        known = self._columns.get(table)
        if known is None:
            keys = _key(section)
            columns = ", ".join(
                [*(f"{key} {'TEXT' if key in section.labels else 'INTEGER'} NOT NULL" for key in keys), *section.fields]
            )
            connection.execute(f"CREATE TABLE IF NOT EXISTS {table} ({columns}, PRIMARY KEY ({', '.join(keys)})) WITHOUT ROWID")
            known = self._columns[table] = self._known_columns(connection, table)
        if any(name not in known for name in section.fields):  # another process may have added some
            known = self._columns[table] = self._known_columns(connection, table)
        for name in section.fields:
            if name not in known:
                connection.execute(f"ALTER TABLE {table} ADD COLUMN {name}")
                known.append(name)

    def _rows_of(self, connection: sqlite3.Connection, section: _Section) -> Rows:
        """The rows of a section; its table and columns are made where they are missing."""
        self._prepare(connection, section)
        owners = np.asarray([self._identity(connection, name) for name in section.names], np.int64)
        columns: dict[str, npt.NDArray[Any] | str] = {
            SERIES: owners[np.frombuffer(section.series, np.int64)],
            TIME: np.frombuffer(section.time, np.int64),
        }
        if section.lead is not None:
            columns[LEAD] = np.frombuffer(section.lead, np.int64)
        columns |= section.labels
        for name, column in section.fields.items():
            columns[name] = column if isinstance(column, str) else np.frombuffer(column[1], TYPES[column[0]])
        if any(len(column) != len(columns[TIME]) for column in columns.values() if not isinstance(column, str)):
            raise ValueError("columns of different lengths")
        return Rows(table_of(section.measurement), _key(section), columns)


def _key(section: _Section) -> tuple[str, ...]:
    """Columns of the primary key: neighbours in time lie on one page."""
    return (SERIES, TIME, *section.labels) if section.lead is None else (SERIES, TIME, *section.labels, LEAD)


def _bytes(column: npt.NDArray[Any], kind: npt.DTypeLike) -> memoryview:
    """The numbers of a column as bytes of another kind, in place where they are of that kind."""
    return np.ascontiguousarray(column, kind).data


def _decode(block: bytes, kind: type[Part]) -> list[Part]:
    try:
        return msgspec.msgpack.decode(block, type=list[kind])  # type: ignore[valid-type]
    except msgspec.MsgspecError as error:
        raise BlockRefused(f"not a block of this store: {error}", proven=True) from error

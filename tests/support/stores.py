"""Every kind of store, for the checks that all of them have to pass; and rows for these checks.

Where GATECAST_TEST_INFLUX_URL names a server, the checks run on that server alone.
"""

import contextlib
import itertools
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest

from edge.contract.columns import Points, SeriesTable
from edge.contract.schema import AGENT, FORECAST, FORECAST_LEAD, FORECAST_SCORE, READING, Measurement
from edge.contract.times import SECOND
from edge.stores.influx import ROWS, InfluxStore
from edge.stores.retention import Retention
from edge.stores.sqlite import SqliteStore
from edge.stores.store import Store
from tests.support.named_influx import PREFIX, UNSET, NamedInflux, named_influx
from tests.support.servers import Influx

NOW = 1_768_478_400 * SECOND
FIELDS = {READING: ["value"], FORECAST: ["q50"], FORECAST_LEAD: ["q10", "q50"], FORECAST_SCORE: ["error"], AGENT: ["backlog"]}
UNREADABLE, OTHER_TYPE = (b"reading,series=gatecast_test_bad value=%s %d" % (value, NOW) for value in (b"", b"1i"))


class Tenant:
    """A store in a bucket with the rows of others: its series get names of their own, and it sees only these.

    Args:
        store: the store.
        mark: beginning of its names.
    """

    def __init__(self, store: Store, mark: str) -> None:
        self._store, self._mark = store, mark
        self.names: set[str] = set()
        self.kind, self.advice = store.kind, store.advice
        self.write, self.join, self.split, self.count = store.write, store.join, store.split, store.count
        self.name_of, self.forget, self.close, self.size = store.name_of, store.forget, store.close, store.size

    def encode(self, points: Sequence[Points], series: SeriesTable) -> bytes:
        """As `Store.encode`, under other names."""
        table = SeriesTable()
        for name, tags in zip(series.names, series.tags, strict=True):
            table.add(self._mark + name, tags)
        self.names.update(map(self.name_of, table.names))
        return self._store.encode(points, table)

    def read(
        self, measurement: Measurement, fields: Sequence[str], start: int, stop: int, series: SeriesTable
    ) -> Iterator[Points]:
        """As `Store.read`, of its own series."""
        table = SeriesTable()
        for page in self._store.read(measurement, fields, start, stop, table):
            ours = np.flatnonzero([table.names[index].startswith(self._mark) for index in page.series])
            names = [table.names[index].removeprefix(self._mark) for index in page.series[ours]]
            owners = np.asarray([series.add(name) for name in names], np.int32)
            lead = None if page.lead is None else page.lead[ours]
            columns = {name: np.asarray(page.fields[name], np.float64)[ours] for name in fields}
            yield Points(measurement, owners, page.time[ours], {**columns}, lead)

    def count_readings(self, start: int, stop: int) -> dict[str, int]:
        """As `Store.count_readings`, of its own series."""
        counts = self._store.count_readings(start, stop).items()
        return {name.removeprefix(self._mark): number for name, number in counts if name.startswith(self._mark)}

    def span(self) -> NoReturn:
        """The test that asks is skipped."""
        pytest.skip("the bucket holds rows of others, and the token makes no bucket: the time of all rows says nothing")


class Entry:
    """A kind of store on the list of checks; what a kind cannot do skips the test by name.

    Args:
        request: request of the test, which knows the servers.
    """

    atomic = False  # whether readers see whole blocks only

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self._request = request

    def open(self, page: int | None = None) -> Store:
        """The store of this test, empty at first; opened again it is the same one."""
        raise NotImplementedError

    def bad_rows(self) -> dict[str, bytes]:
        """Blocks of one row that the store never takes, by what is wrong with it."""
        raise NotImplementedError

    def strangers(self) -> dict[str, Store]:
        """The same store for accounts that may not write, by what is wrong with them."""
        raise NotImplementedError

    def missing(self) -> Store:
        """A store whose place is not there."""
        raise NotImplementedError

    def elsewhere(self) -> Store:
        """A store that takes rows, and gives those of another place of the same name."""
        pytest.skip("it has no two places of one name")

    def forgetful(self, hours: int) -> Store:
        """An empty store that keeps rows for some hours."""
        raise NotImplementedError

    def outages(self) -> contextlib.AbstractContextManager[tuple[Store, Callable[[], None], Callable[[], None]]]:
        """A store, a function that takes it away, and one that brings it back."""
        raise NotImplementedError


class SqliteEntry(Entry):
    """A file."""

    atomic = True

    @property
    def _path(self) -> Path:
        return Path(self._request.getfixturevalue("tmp_path")) / "folder" / "store.db"

    def open(self, page: int | None = None) -> Store:
        """As `Entry.open`."""
        return SqliteStore(self._path) if page is None else SqliteStore(self._path, page=page)

    def bad_rows(self) -> dict[str, bytes]:
        """As `Entry.bad_rows`: any number and any text is taken."""
        no_table = Measurement("no table", "", ())
        point = Points(no_table, np.zeros(1, np.int32), np.array([NOW]), {"value": np.ones(1)})
        return {"no name of a table": self.open().encode([point], SeriesTable(["bad"]))}

    def strangers(self) -> NoReturn:
        """As `Entry.strangers`."""
        pytest.skip("a file has no accounts")

    def missing(self) -> Store:
        """As `Entry.missing`: a folder that is a file."""
        self._path.parent.write_text("no folder")
        return SqliteStore(self._path)

    def forgetful(self, hours: int) -> Store:
        """As `Entry.forgetful`: after each write some rows go."""
        store = self.open()
        moments = itertools.count(0.0, 86_400.0)
        store.forget(Retention(hours * 3600 * SECOND, time.time_ns, lambda: 0, lambda _: None, moment=lambda: next(moments)))
        return store

    @contextlib.contextmanager
    def outages(self) -> Iterator[tuple[Store, Callable[[], None], Callable[[], None]]]:
        """As `Entry.outages`: another program keeps the file for itself."""
        store = SqliteStore(self._path, patience=0.01)
        store.write(store.encode([], SeriesTable()))
        with contextlib.closing(sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)) as other:
            yield store, lambda: _ignore(other.execute("BEGIN IMMEDIATE")), lambda: _ignore(other.execute("ROLLBACK"))


class InfluxEntry(Entry):
    """A bucket of the session's InfluxDB, written to by `/api/v2/write`."""

    @property
    def _server(self) -> Influx:
        server = self._request.getfixturevalue("influx")
        assert isinstance(server, Influx)
        return server

    @property
    def _bucket(self) -> str:
        return str(self._request.getfixturevalue("bucket"))

    def _store(self, bucket: str, token: str | None = None, page: int | None = None) -> Store:
        return self._on(self._server, bucket, self._server.token if token is None else token, page)

    def _on(self, server: Influx, bucket: str, token: str, page: int | None = None) -> Store:
        return InfluxStore(server.url, bucket, server.organisation, token, page=page or ROWS)

    def open(self, page: int | None = None) -> Store:
        """As `Entry.open`."""
        return self._store(self._bucket, page=page)

    def bad_rows(self) -> dict[str, bytes]:
        """As `Entry.bad_rows`."""
        return {"no line": UNREADABLE, "another type": OTHER_TYPE}

    def strangers(self) -> dict[str, Store]:
        """As `Entry.strangers`."""
        self._server.query(
            "", f'CREATE USER "{self._bucket}" WITH PASSWORD \'secret\'; GRANT READ ON "{self._bucket}" TO "{self._bucket}"'
        )
        tokens = {"wrong": "gatecast:wrong", "may only read": f"{self._bucket}:secret"}
        return {name: self._store(self._bucket, token) for name, token in tokens.items()}

    def missing(self) -> Store:
        """As `Entry.missing`."""
        return self._store("no-such")

    def forgetful(self, hours: int) -> Store:
        """As `Entry.forgetful`."""
        name = self._bucket
        self._server.query("", f'ALTER RETENTION POLICY "autogen" ON "{name}" DURATION {hours}h SHARD DURATION 1h')
        return self._store(name)

    @contextlib.contextmanager
    def outages(self) -> Iterator[tuple[Store, Callable[[], None], Callable[[], None]]]:
        """As `Entry.outages`: the server is killed, and started again."""
        with Influx(self._request.getfixturevalue("tmp_path")) as server:
            server.create("b")
            yield self._on(server, "b", ""), server.kill, server.start


class OldInfluxEntry(InfluxEntry):
    """The same as InfluxDB 1.6 is without anything in front of it: written to by `/write`."""

    def strangers(self) -> dict[str, Store]:
        """As `Entry.strangers`."""
        return {**super().strangers(), "none": self._store(self._bucket, "")}

    def _on(self, server: Influx, bucket: str, token: str, page: int | None = None) -> Store:
        return InfluxStore(f"http://127.0.0.1:{server.engine.port}", bucket, "", token, page=page or ROWS)


class NamedEntry(Entry):
    """The server that the environment names; in a bucket of its own where the token makes some, else in the one named."""

    def __init__(self, request: pytest.FixtureRequest) -> None:
        super().__init__(request)
        self._mark = f"{PREFIX}{secrets.token_hex(6)}_"

    @property
    def _server(self) -> NamedInflux:
        if named_influx() is None:
            pytest.skip(UNSET)
        server = self._request.getfixturevalue("influx")
        assert isinstance(server, NamedInflux)
        return server

    def _store(self, bucket: str, token: str | None = None, page: int | None = None) -> InfluxStore:
        server = self._server
        return InfluxStore(server.url, bucket, server.organisation, server.token if token is None else token, page=page or ROWS)

    def open(self, page: int | None = None) -> Store:
        """As `Entry.open`."""
        if self._server.cannot_create:
            bucket = self._server.named_bucket
            tenant = Tenant(self._store(bucket, page=page), self._mark)
            self._request.addfinalizer(lambda: self._server.clear(bucket, PREFIX, tenant.names))
            return tenant
        return self._store(self._request.getfixturevalue("bucket"), page=page)

    def bad_rows(self) -> dict[str, bytes]:
        """As `Entry.bad_rows`."""
        return {"no line": UNREADABLE, "another type": OTHER_TYPE}

    def strangers(self) -> dict[str, Store]:
        """As `Entry.strangers`."""
        if not self._server.token:
            pytest.skip(f"{self._server!r} was given no token: it lets everybody in")
        bucket = self._request.getfixturevalue("bucket")
        reader = {"may only read": self._server.reader(bucket)} if self._server.major < 3 else {}
        tokens = {"wrong": "gatecast:wrong", "none": "", **reader}
        if self._server.major == 2:
            with contextlib.suppress(RuntimeError):  # a token that makes no organisations
                tokens["of another organisation"] = self._server.foreigner(bucket)[1]
        return {name: self._store(bucket, token) for name, token in tokens.items()}

    def elsewhere(self) -> Store:
        """As `Entry.elsewhere`: the server's token in the place that another organisation has under this name."""
        if self._server.major != 2:
            return super().elsewhere()
        bucket = self._request.getfixturevalue("bucket")
        try:
            organisation, _ = self._server.foreigner(bucket)
        except RuntimeError as error:
            pytest.skip(f"the token makes no organisation: {error}")
        return InfluxStore(self._server.url, bucket, organisation, self._server.token)

    def missing(self) -> Store:
        """As `Entry.missing`."""
        if self._server.major >= 3:
            pytest.skip("InfluxDB 3 makes a database when it is written to")
        return self._store(f"{PREFIX}no_such")

    def forgetful(self, hours: int) -> Store:
        """As `Entry.forgetful`."""
        if self._server.cannot_create:
            pytest.skip(f"the token makes no bucket with a retention: {self._server.cannot_create}")
        name = f"{PREFIX}{secrets.token_hex(6)}"
        self._server.create(name, keep=f"{hours}h")
        self._request.addfinalizer(lambda: self._server.drop(name))
        return self._store(name)

    def outages(self) -> NoReturn:
        """As `Entry.outages`."""
        pytest.skip(f"{self._server!r} is not ours to stop")


# Every store: a new one is added here, and has to pass all checks.
CHECKED: dict[str, type[Entry]] = (
    {"named": NamedEntry}
    if named_influx() is not None
    else {"sqlite": SqliteEntry, "influxdb": InfluxEntry, "influxdb-1.6": OldInfluxEntry, "named": NamedEntry}
)
PARAMETERS = [pytest.param(name, marks=[pytest.mark.servers] * (name != "sqlite")) for name in CHECKED]


def readings(series: Sequence[int], time: Sequence[int], value: Sequence[float]) -> Points:
    """Rows of the measurement `reading`."""
    return Points(READING, np.asarray(series, np.int32), np.asarray(time), {"value": np.asarray(value, np.float64)})


def leads(measurement: Measurement, count: int = 3) -> Points:
    """Rows with a lead, an int and a text field."""
    number = np.arange(count)
    fields: dict[str, Any] = {
        "q10": np.full(count, np.nan),
        "q50": (number / 3),
        "origin": NOW + number,
        "model": 'gru "x" \\ % = , 1%d',
    }
    return Points(measurement, np.zeros(count, np.int32), np.full(count, NOW), {**fields}, (number + 1).astype(np.int32))


def write(store: Store, table: SeriesTable, *points: Points) -> None:
    """Points through a block into the store."""
    store.write(store.encode(points, table))


def rows(store: Store, measurement: Measurement = READING, start: int = 0, stop: int = 2 * NOW) -> list[tuple[object, ...]]:
    """(series, time, lead, fields …) of everything read back, NaN as None."""
    table = SeriesTable()
    content: list[tuple[object, ...]] = []
    fields = FIELDS[measurement]
    for page in store.read(measurement, fields, start, stop, table):
        columns = [np.asarray(page.fields[name], np.float64).tolist() for name in fields]
        lead = [None] * len(page) if page.lead is None else page.lead.tolist()
        for index, moment, step, *cells in zip(page.series.tolist(), page.time.tolist(), lead, *columns, strict=True):
            content.append((table.names[index], moment, step, *(None if cell != cell else cell for cell in cells)))  # noqa: PLR0124
    return content


def _ignore(_: object) -> None:
    """Nothing: what a statement gives is not wanted."""

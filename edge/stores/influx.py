"""InfluxDB: ready line protocol in, InfluxQL out. The same code serves 1.6 and later, 2.x and 3.x."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import compress
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from edge.contract.columns import Int32, Points, SeriesTable
from edge.contract.schema import LEAD, READING, SERIES, TIME, VALUE, Measurement
from edge.contract.times import DAY, SECOND
from edge.errors import ConfigurationError, StoreBusy, StoreDenied
from edge.quoting import without_account
from edge.stores.address import TOKEN_VARIABLE, Address
from edge.stores.influx_answers import Answer, Rows, count_rows, fault_of_write, no_influxdb, rows_of
from edge.stores.influx_http import Connection
from edge.stores.influx_organisation import OwnOrganisation
from edge.stores.influx_proof import Proof
from edge.stores.retention import Retention
from edge.stores.store import leads, numbers
from edge.tls import TlsFiles

PAGE = 7 * DAY
ROWS = 50_000  # in one answer: about 15 MB while it is read
# The answer comes in parts, one JSON document a line. An answer in one part is cut at max-row-limit and may not say so.
OPTIONS = (("epoch", "ns"), ("chunked", "true"), ("chunk_size", "10000"))
Request = tuple[str, list[tuple[str, str]]]  # path and query
ESCAPE_TAG = str.maketrans({",": r"\,", "=": r"\=", " ": r"\ ", "\n": r"\ ", "\r": r"\ ", "\\": "/"})
AS_READ = str.maketrans({"\n": " ", "\r": " ", "\\": "/"})  # what comes back of such a tag
ESCAPE_TEXT = str.maketrans({'"': r"\"", "\\": r"\\", "\n": " ", "\r": " "})


def open_address(address: Address) -> "InfluxStore":
    """The bucket that a URL names; nothing is contacted yet.

    Raises:
        ConfigurationError: the URL names no bucket, or holds what it should not; the token must not go there unencrypted.
    """
    bucket, options = address.path.strip("/"), address.options or {}
    if not address.host or not bucket:
        shown, start = without_account(address.url), f"{address.scheme}://{address.host or 'host'}:{address.port or 8086}"
        raise ConfigurationError(
            f"[store] url {shown!r} names no database (InfluxDB 1 and 3) or bucket (InfluxDB 2); write its name behind the "
            f"server: {start}/my-database, or {start}/my-bucket?org=my-org for InfluxDB 2"
        )
    unknown = options.keys() - {"org", "checked"}
    if unknown:
        raise ConfigurationError(f"[store] url has the unknown option {min(unknown)!r}; only org=… and checked=no are known")
    if options.get("checked", "no") != "no":
        raise ConfigurationError(
            f"[store] url: expected checked=no, got {options['checked']!r}; leave it out to have it checked"
        )
    if address.account is not None:
        raise ConfigurationError(f"[store] url: keep the account out of it; set {TOKEN_VARIABLE} or token_file instead")
    address.in_the_open()
    scheme = "https" if address.scheme == "influxdbs" else "http"
    url = f"{scheme}://{address.host}:{address.port or 8086}"
    store = InfluxStore(url, bucket, options.get("org", ""), address.token(), tls=address.tls)
    if "checked" in options:
        store.vouch()
    return store


class InfluxStore:
    """A bucket (2.x, 3.x) or database (1.x).

    Nothing is contacted before the first `write`, `read` or `span`.

    Args:
        url: `http://host:8086`.
        bucket: name of the bucket; 1.x: database, or `database/retention`.
        organisation: 2.x only; where it is empty and the token can see exactly one, that one.
        token: 1.x: `user:password`; may be empty where the server asks for none.
        page: rows of one answer that is read.
        tls: files for an encrypted connection.
    """

    kind = "influxdb"

    def __init__(
        self,
        url: str,
        bucket: str,
        organisation: str = "",
        token: str = "",
        *,
        page: int = ROWS,
        tls: TlsFiles = TlsFiles("store"),
    ) -> None:
        self.url, self.bucket, self._page = url, bucket, page
        self._proof, self._own = Proof(url), OwnOrganisation(url, bucket, token)
        self.account = [("org", organisation)] if organisation else []
        self.connection = Connection(url, token, tls=tls)
        self._table: SeriesTable | None = None  # the series whose tags are kept, ready for a line
        self._tags: list[str] = []
        self._reading_tags: list[str] = []

    def vouch(self) -> None:
        """The user says that the server stores what it answers 204 to, and gives rows of the organisation in the URL."""
        self._proof.vouch()
        self._own.vouch()

    @property
    def advice(self) -> str:
        """As `Store.advice`."""
        if self.account:
            return ""
        return "it names no ?org=my-org, which InfluxDB 2 needs unless the token can see exactly one organisation"

    def __repr__(self) -> str:
        return f"InfluxStore({self.url}, {self.bucket})"

    def encode(self, points: Sequence[Points], series: SeriesTable) -> bytes:
        """As `Store.encode`; NaN and infinite fields are left out, and rows without any field too.

        Line protocol has no way to write a line break or a backslash in a tag: a space and a slash stand for them.
        """
        return "\n".join(lines for part in points if len(part) and (lines := self._lines(part, series))).encode()

    def write(self, *blocks: bytes) -> None:
        """As `Store.write`; only an answer that says so counts as stored, and only of a server that has proved itself."""
        block = blocks[0] if len(blocks) == 1 else self.join(blocks)
        if not block:
            return
        try:
            self._write(block)
        except (StoreBusy, StoreDenied):
            self._proof.forget()
            self.connection.begin_anew()  # a proxy whose server is away may have answered as an old server does
            raise

    def _write(self, block: bytes) -> None:
        answer = self.ask("POST", self._write_request, block)
        if answer.lacks_organisation and not self.account and self._find_organisation():
            answer = self.ask("POST", self._write_request, block)
        if (fault := fault_of_write(answer, block, self.url, self.bucket)) is not None:
            raise fault
        database, retention = self.database
        if self._proof.demand(answer, block, [("db", database), *retention], partial(self.connection.ask, "GET")):
            self._write(block)

    def join(self, blocks: Sequence[bytes]) -> bytes:
        """As `Store.join`."""
        return b"\n".join(block for block in blocks if block)

    def split(self, block: bytes) -> tuple[bytes, bytes] | None:
        """As `Store.split`."""
        lines = block.split(b"\n")
        half = len(lines) // 2
        return (b"\n".join(lines[:half]), b"\n".join(lines[half:])) if half else None

    def count(self, block: bytes) -> dict[str, int]:
        """As `Store.count`."""
        return count_rows(block)

    def name_of(self, series: str) -> str:
        """As `Store.name_of`."""
        return series.translate(AS_READ)

    def read(
        self, measurement: Measurement, fields: Sequence[str], start: int, stop: int, series: SeriesTable
    ) -> Iterator[Points]:
        """As `Store.read`; a page ends with the last moment that is whole, and grows where there is nothing."""
        wanted = ", ".join([*(f'"{name}"' for name in fields), *(f'"{tag}"::tag' for tag in measurement.tags)])
        begin, length, most = start, PAGE, self._page
        while begin < stop:
            end = min(begin + length, stop)
            query = f'SELECT {wanted} FROM "{measurement.name}" WHERE time >= {begin} AND time < {end} LIMIT {most}'
            columns = self._query(query, (TIME, *measurement.tags, *fields), most)
            time = np.asarray(columns.get(TIME, ()), np.int64)
            if len(time) > most or (len(time) and (time[0] < begin or time[-1] >= end or (np.diff(time) < 0).any())):
                raise no_influxdb(self.url, f"expected at most {most} rows of the time asked for, oldest first, from /query")
            if len(time) == most:
                end = int(time[-1])
                if end == begin:  # more series at one moment than a page holds
                    most *= 2
                    continue
            begin = end
            length = PAGE if len(time) else 2 * length
            whole = slice(int(np.searchsorted(time, end)))
            if not len(time[whole]):
                continue
            if None in columns[measurement.owner][whole]:  # rows of another program, in a measurement of the same name
                ours = [name is not None for name in columns[measurement.owner]]
                columns = {name: tuple(compress(cells, ours)) for name, cells in columns.items()}
                time = np.asarray(columns[TIME], np.int64)
                whole = slice(int(np.searchsorted(time, end)))
            owners: Int32 = np.asarray([series.add(str(name)) for name in columns[measurement.owner][whole]], np.int32)
            lead = leads(columns[LEAD][whole]) if measurement.by_lead else None
            values = {name: numbers(columns[name][whole]) for name in fields}
            yield Points(measurement, owners, time[whole], {**values}, lead)

    def count_readings(self, start: int, stop: int) -> dict[str, int]:
        """As `Store.count_readings`; a question covers about 20 pages, so that no answer takes long."""
        counts: Counter[str] = Counter()
        begin, length = start, DAY
        while begin < stop:
            end, before = min(begin + length, stop), counts.total()
            where = f"time >= {begin} AND time < {end}"
            for part in self.query(f'SELECT count("{VALUE.name}") FROM "{READING.name}" WHERE {where} GROUP BY "{SERIES}"'):
                number = part.values[0][-1] if part.values[0] else None
                if not isinstance(number, int):
                    raise no_influxdb(self.url, "expected a number of readings from /query")
                if part.tags.get(SERIES):  # else rows of another program, in a measurement of the same name
                    counts[part.tags[SERIES]] += number
            begin, length = end, 2 * length if counts.total() - before < 20 * self._page else max(length // 2, SECOND)
        return {name: number for name, number in counts.items() if number}

    def span(self) -> tuple[int, int] | None:
        """As `Store.span`."""
        times = []
        for function in ("first", "last"):
            # A row without a series is one of another program.
            columns = self._query(f'SELECT {function}("{VALUE.name}") FROM "{READING.name}" WHERE "{SERIES}" != \'\'')
            if not columns:
                return None
            times.append(int(columns[TIME][0]))
        return times[0], times[1]

    def forget(self, _: Retention, /) -> None:
        """As `Store.forget`: the server does that."""
        raise ConfigurationError(f"[store] keep is for SQLite; set the retention of {self.bucket} in InfluxDB")

    def size(self) -> None:
        """As `Store.size`: it takes room on the server."""

    def close(self) -> None:
        """As `Store.close`."""
        self.connection.close()
        self._proof.forget()
        self._own.forget()

    def ask(self, method: str, request: Callable[[], Request], body: bytes = b"", *, pages: bool = False) -> Answer:
        """The answer to a request; where InfluxDB is 1.7 or older, the request is sent again in its own way."""
        old_way = self.connection.old_way  # read first: another thread may set it meanwhile
        answer = self.connection.ask(method, *request(), body, pages=pages)
        if answer.wants_old_way and not (old_way and self.connection.old_way):
            self.connection.go_the_old_way()
            answer = self.connection.ask(method, *request(), body, pages=pages)
        return answer

    def _write_request(self) -> Request:
        database, retention = self.database
        if self.connection.old_way:
            return "/write", [("db", database), *retention, ("precision", "ns")]
        return "/api/v2/write", [*self.account, ("bucket", self.bucket), ("precision", "ns")]

    @property
    def database(self) -> tuple[str, list[tuple[str, str]]]:
        """Names of the bucket in the 1.x API."""
        database, _, retention = self.bucket.partition("/")
        return database, [("rp", retention)] if retention else []

    def _find_organisation(self) -> bool:
        """Ask InfluxDB 2 for the organisation where the URL names none; returns whether exactly one was found."""
        organisation = self.connection.organisation(self.bucket)
        self.account = [] if organisation is None else [("orgID", organisation)]
        return organisation is not None

    def _query(self, query: str, wanted: Sequence[str] = (TIME,), most: int = 1) -> dict[str, Any]:
        """Columns of an InfluxQL query by name; none where there are no rows.

        The answer is asked for in JSON, which is a little larger than CSV: a CSV answer does not tell a query that failed
        half-way from a query without rows.

        Args:
            query: text of the query in InfluxQL.
            wanted: names of the columns that an answer with rows has.
            most: largest number of rows.
        """
        tables = self.query(query, most)
        if not tables:
            return {}
        names, rows = tables[0].columns, [row for table in tables for row in table.values]
        if not set(wanted) <= set(names) or any(len(row) != len(names) for row in rows):
            raise no_influxdb(self.url, f"expected the columns {', '.join(wanted)} from /query in every row")
        columns = dict(zip(names, zip(*rows, strict=True), strict=True))
        if not all(isinstance(time, int) and abs(time) < 1 << 63 for time in columns[TIME]):
            raise no_influxdb(self.url, "expected times in whole nanoseconds from /query")
        return columns

    def query(self, query: str, most: int | None = None) -> list[Rows]:
        """The rows of an InfluxQL query that only reads, one entry for each part of the answer; no part is empty.

        Args:
            query: text of the query in InfluxQL.
            most: largest number of rows; None: nobody knows.

        Raises:
            StoreBusy: as `Store.read`.
            StoreDenied: as `Store.read`.
        """
        try:
            return self._answered(query, most)
        except (StoreBusy, StoreDenied):
            self._own.forget()
            raise

    def _answered(self, query: str, most: int | None) -> list[Rows]:
        database, retention = self.database
        answer = self.ask("GET", lambda: ("/query", [("db", database), *retention, *OPTIONS, ("q", query)]), pages=most != 1)
        rows = rows_of(answer, query, most, self.url, self.bucket)
        self._own.demand(answer, self.account, partial(self.connection.ask, "GET"))
        return rows

    def _tags_of(self, measurement: Measurement, series: SeriesTable) -> list[str]:
        """The tags of every series, with a comma before each tag; all measurements share two texts per series."""
        if measurement.owner != SERIES:
            return [_tags({measurement.owner: name}) for name in series.names]
        if self._table is not series and len(series) < len(self._tags):  # a small table beside the one that is kept
            every = series.tags if measurement.described else [{}] * len(series)
            return [_tags({SERIES: name} | tags) for name, tags in zip(series.names, every, strict=True)]
        if self._table is not series:
            self._table, self._tags, self._reading_tags = series, [], []
        for index in range(len(self._tags), len(series)):
            name, more = {SERIES: series.names[index]}, series.tags[index]
            self._tags.append(_tags(name))
            self._reading_tags.append(_tags(name | more) if more else self._tags[index])
        return self._reading_tags if measurement.described else self._tags

    def _lines(self, points: Points, series: SeriesTable) -> str:
        """The lines of rows; empty where no field of any is finite."""
        tags = self._tags_of(points.measurement, series)
        heads = [tags[index] for index in points.series.tolist()]
        if points.labels:
            heads = [head + _tags(points.labels) for head in heads]
        if points.lead is not None:
            heads = [f"{head},{LEAD}={lead}" for head, lead in zip(heads, _texts(points.lead), strict=True)]
        between, columns, finite = [points.measurement.name, " "], [heads], np.ones(len(points), bool)
        for name, column in points.fields.items():
            if isinstance(column, str):
                between[-1] += f'{name}="{column.translate(ESCAPE_TEXT)}",'
                continue
            known = np.isfinite(column)
            if not known.any():
                continue
            finite &= known
            whole = points.measurement.is_whole(name)
            between[-1] += f"{name}="
            columns.append(_texts(column.astype(np.int64)) if whole and known.all() else _texts(column))
            between.append("i," if whole else ",")
        if between == [points.measurement.name, " "]:
            return ""
        between[-1] = between[-1][:-1] + " "
        columns.append(_texts(points.time))
        if not finite.all():
            return self._sparse_lines(points, heads)
        return _woven([*between, "\n"], columns)[:-1]

    def _sparse_lines(self, points: Points, heads: Sequence[str]) -> str:
        """Lines of rows of which some lack a field."""
        texts: list[list[str]] = []
        for name, column in points.fields.items():
            if isinstance(column, str):
                texts.append([f',{name}="{column.translate(ESCAPE_TEXT)}"'] * len(points))
                continue
            known, end = np.isfinite(column).tolist(), "i" if points.measurement.is_whole(name) else ""
            numbers = _texts(np.where(np.isfinite(column), column, 0).astype(np.int64)) if end else _texts(column)
            texts.append([f",{name}={number}{end}" if there else "" for number, there in zip(numbers, known, strict=True)])
        rows = zip(heads, map("".join, zip(*texts, strict=True)), points.time.tolist(), strict=True)
        return "\n".join(f"{points.measurement.name}{head} {fields[1:]} {time}" for head, fields, time in rows if fields)


def _texts(numbers: npt.NDArray[Any]) -> list[str]:
    """Numbers in as few digits as give each of them back; `null` where one is not finite."""
    return msgspec.json.encode(numbers.tolist())[1:-1].decode().split(",")


def _woven(between: Sequence[str], columns: Sequence[Sequence[str]]) -> str:
    """Rows of texts, each cell after the text that stands before its column, and the last text at the end of each row."""
    width, rows = 2 * len(columns) + 1, len(columns[0])
    pieces = [""] * (width * rows)
    for number, text in enumerate(between):
        pieces[2 * number :: width] = [text] * rows
    for number, column in enumerate(columns):
        pieces[2 * number + 1 :: width] = column
    return "".join(pieces)


def _tags(tags: dict[str, str]) -> str:
    return "".join(
        f",{key.translate(ESCAPE_TAG)}={value.translate(ESCAPE_TAG)}" for key, value in sorted(tags.items()) if value
    )

"""InfluxDB: ready line protocol in, InfluxQL out. The same code serves 1.8, 2.x and 3.x."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import numpy as np

from edge.contract import DAY, Int32, Points, SeriesTable
from edge.errors import BlockRefused, StoreBusy, StoreDenied, StoreError

PAGE = 7 * DAY
ROWS = 50_000  # in one answer: about 15 MB while it is read
# In parts, one JSON document a line: whole answers are cut at max-row-limit, and nothing in them says so for sure.
OPTIONS = (("epoch", "ns"), ("chunked", "true"), ("chunk_size", "10000"))
TIMEOUT = 30.0  # seconds
ESCAPE_TAG = str.maketrans({",": r"\,", "=": r"\=", " ": r"\ ", "\n": r"\ ", "\r": r"\ ", "\\": "/"})
ESCAPE_TEXT = str.maketrans({'"': r"\"", "\\": r"\\", "\n": " ", "\r": " "})


class _Rows(msgspec.Struct):
    """Rows of one part of an answer."""

    columns: list[str]
    values: list[list[int | float | str | None]] = []


class _Result(msgspec.Struct):
    series: list[_Rows] = []
    error: str | None = None


class _Answer(msgspec.Struct):
    results: list[_Result]


class InfluxStore:
    """A bucket (2.x, 3.x) or database (1.x).

    Nothing is contacted before the first `write`, `read` or `span`, and no client library is loaded before that.

    Args:
        url: `http://host:8086`.
        bucket: name of the bucket; 1.x: database, or `database/retention`.
        organisation: 2.x only.
        token: 1.x: `user:password`; may be empty where the server asks for none.
    """

    kind = "influxdb"

    def __init__(self, url: str, bucket: str, organisation: str = "", token: str = "") -> None:
        self.url, self.bucket = url, bucket
        self._organisation, self._token = organisation, token
        self._table: SeriesTable | None = None  # whose tags these are, ready for a line
        self._tags: list[str] = []
        self._reading_tags: list[str] = []
        self._client: Any = None

    def __repr__(self) -> str:
        return f"InfluxStore({self.url}, {self.bucket})"

    def encode(self, points: Sequence[Points], series: SeriesTable) -> bytes:
        """As `Store.encode`; NaN and infinite fields are left out, and rows without any field too.

        Line protocol has no way to write a line break or a backslash in a tag: a space and a slash stand for them.
        """
        return "\n".join(line for part in points if len(part) for line in self._lines(part, series)).encode()

    def write(self, block: bytes) -> None:
        """As `Store.write`."""
        if not block:
            return
        from influxdb_client.client.write_api import SYNCHRONOUS  # noqa: PLC0415 - a second and 50 MB

        try:
            api = self._open().write_api(write_options=SYNCHRONOUS)
            api.write(self.bucket, self._organisation, block)
        except Exception as error:
            raise self._meaning(error) from error

    def join(self, blocks: Sequence[bytes]) -> bytes:
        """As `Store.join`."""
        return b"\n".join(block for block in blocks if block)

    def split(self, block: bytes) -> tuple[bytes, bytes] | None:
        """As `Store.split`."""
        lines = block.split(b"\n")
        half = len(lines) // 2
        return (b"\n".join(lines[:half]), b"\n".join(lines[half:])) if half else None

    def read(self, measurement: str, fields: Sequence[str], start: int, stop: int, series: SeriesTable) -> Iterator[Points]:
        """As `Store.read`; a page ends with the last moment that is whole, and grows where there is nothing."""
        has_lead = measurement in ("forecast_lead", "forecast_score")
        wanted = ", ".join([*(f'"{name}"' for name in fields), '"series"::tag', *(['"lead"::tag'] if has_lead else [])])
        begin, length, most = start, PAGE, ROWS
        while begin < stop:
            end = min(begin + length, stop)
            query = f'SELECT {wanted} FROM "{measurement}" WHERE time >= {begin} AND time < {end} LIMIT {most}'
            columns = self._query(query)
            time = np.asarray(columns.get("time", ()), np.int64)
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
            owners: Int32 = np.asarray([series.add(str(name)) for name in columns["series"][whole]], np.int32)
            lead = np.asarray(columns["lead"][whole], np.int32) if has_lead else None
            values = {name: np.asarray(columns[name][whole], np.float64) for name in fields}
            yield Points(measurement, owners, time[whole], {**values}, lead)

    def span(self) -> tuple[int, int] | None:
        """As `Store.span`."""
        times = []
        for function in ("first", "last"):
            found = self._query(f'SELECT {function}("value") FROM "reading"')
            if not found:
                return None
            times.append(int(found["time"][0]))
        return times[0], times[1]

    def close(self) -> None:
        """As `Store.close`."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _open(self) -> Any:  # noqa: ANN401 - the client library has no types
        if self._client is None:
            from influxdb_client import InfluxDBClient  # noqa: PLC0415

            self._client = InfluxDBClient(
                url=self.url,
                token=self._token,
                org=self._organisation,
                timeout=int(TIMEOUT * 1000),
                retries=False,
                enable_gzip=not self.url.startswith(("http://127.", "http://localhost")),
            )
        return self._client

    def _query(self, query: str) -> dict[str, Any]:
        """Columns of an InfluxQL query by name; none where nothing was found.

        JSON, though CSV is a little smaller: in CSV a query that failed half-way looks like one that found nothing.
        """
        database, _, retention = self.bucket.partition("/")
        try:
            response = self._open().api_client.call_api(
                "/query",
                "GET",
                query_params=[("db", database), *([("rp", retention)] if retention else []), *OPTIONS, ("q", query)],
                header_params={"Accept": "application/json"},
                _preload_content=False,
                _return_http_data_only=True,
                urlopen_kw={},
            )
            content = response.data
        except Exception as error:
            raise self._meaning(error) from error
        try:
            answers = [msgspec.json.decode(line, type=_Answer) for line in content.splitlines() if line.strip()]
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise StoreDenied(f"{self.url} is no InfluxDB: expected JSON from /query ({error}); check [store] url") from error
        results = [result for answer in answers for result in answer.results]
        failure = next((result.error for result in results if result.error), None)
        if failure is not None and "not found" in failure:
            raise StoreDenied(f"{self.url} has no bucket {self.bucket!r} ({failure}): create it, or check [store] url")
        if failure is not None:
            raise StoreBusy(f"{self.url} cannot answer {query!r}: {failure[:200]}")
        parts = [rows for result in results for rows in result.series if rows.values]
        if not parts:
            return {}
        return dict(zip(parts[0].columns, zip(*(row for part in parts for row in part.values), strict=True), strict=True))

    def _meaning(self, error: Exception) -> StoreError:
        """What a failure of the client means for the block."""
        status = getattr(error, "status", None)
        if status is None:
            return StoreBusy(f"{self.url} does not answer ({_brief(error)}); is InfluxDB running there? check [store] url")
        reason = _brief(error)
        if status in (400, 413, 422):
            return BlockRefused(f"{self.url} refuses the data: {reason}")
        if status in (401, 403):
            return StoreDenied(f"{self.url} refuses the account ({status}): check GATECAST_INFLUX_TOKEN or [store] token_file")
        if status == 404:
            return StoreDenied(f"{self.url} has no bucket {self.bucket!r} (404): create it, or check [store] url")
        return StoreBusy(f"{self.url} answers {status}: {reason}")

    def _tags_of(self, measurement: str, series: SeriesTable) -> list[str]:
        """Of every series its tags with a comma before each; two texts serve all measurements."""
        if measurement == "agent":
            return [_tags({"agent": name}) for name in series.names]
        if self._table is not series:
            self._table, self._tags, self._reading_tags = series, [], []
        for index in range(len(self._tags), len(series)):
            name, more = {"series": series.names[index]}, series.tags[index]
            self._tags.append(_tags(name))
            self._reading_tags.append(_tags(name | more) if more else self._tags[index])
        return self._reading_tags if measurement == "reading" else self._tags

    def _lines(self, points: Points, series: SeriesTable) -> Iterator[str]:
        tags = self._tags_of(points.measurement, series)
        heads = [tags[index] for index in points.series.tolist()]
        if points.lead is not None:
            heads = [f"{head},lead={lead}" for head, lead in zip(heads, points.lead.tolist(), strict=True)]
        formats, columns, finite = [], [], np.ones(len(points), bool)
        for name, column in points.fields.items():
            if isinstance(column, str):
                text = column.translate(ESCAPE_TEXT).replace("%", "%%")
                formats.append(f'{name}="{text}"')
            elif column.dtype.kind == "i":
                formats.append(f"{name}=%di")
                columns.append(column.tolist())
            else:
                known = np.isfinite(column)
                if not known.any():
                    continue
                finite &= known
                # Nine digits bring every float32 back; a float64 is written as Python repeats it.
                formats.append(f"{name}=%.9g" if column.dtype == np.float32 else f"{name}=%r")
                columns.append(column.tolist())
        if not formats:
            return iter(())
        template = points.measurement + "%s " + ",".join(formats) + " %d"
        rows = zip(heads, *columns, points.time.tolist(), strict=True)
        if finite.all():
            return (template % row for row in rows)
        return (line for row in rows if (line := _sparse_line(points.measurement, formats, row)))


def _tags(tags: dict[str, str]) -> str:
    return "".join(
        f",{key.translate(ESCAPE_TAG)}={value.translate(ESCAPE_TAG)}" for key, value in sorted(tags.items()) if value
    )


def _sparse_line(measurement: str, formats: list[str], row: tuple[Any, ...]) -> str | None:
    """A line without the fields that are not finite, or None where none is left."""
    values = iter(row[1:-1])
    kept = []
    for one in formats:
        if one.endswith('"'):
            kept.append(one.replace("%%", "%"))
            continue
        value = next(values)
        if math.isfinite(value):
            kept.append(one % value)
    return f"{measurement}{row[0]} {','.join(kept)} {row[-1]}" if kept else None


def _brief(error: Exception) -> str:
    text = getattr(error, "message", None) or getattr(error, "body", None) or str(error) or type(error).__name__
    return " ".join(str(text).split())[:200]

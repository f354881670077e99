"""An InfluxDB that others fill, read by InfluxQL of 1.6 and later, 2.x and 3.x, whatever its schema is."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from edge.contract.columns import Int32, Readings, SeriesTable
from edge.errors import ConfigurationError, StoreDenied, StoreError
from edge.messages.ingest import Ingest
from edge.sources.influx.measurements import Measurement, Origin, Tags, chosen_measurements
from edge.sources.influx.naming import Naming, Owners
from edge.sources.joining import merge
from edge.sources.names import Live, as_live
from edge.sources.notes import Notes
from edge.sources.settings import HistorySource
from edge.sources.source import add_series, in_our_words, meaning_of, usable
from edge.stores.address import Address
from edge.stores.influx import PAGE, ROWS, InfluxStore, open_address
from edge.stores.influx_answers import Rows

SHARE = 50  # of a page, the least that a measurement has where many share the memory


def open_settings(settings: HistorySource, ingests: Sequence[Ingest]) -> "InfluxSource":
    """The database that a section names; nothing is contacted yet.

    Raises:
        ConfigurationError: the URL names no database.
    """
    try:
        store = open_address(Address.parse(settings.url, settings.token_file, settings.tls))
    except ConfigurationError as error:
        raise in_our_words(error) from error
    return InfluxSource(store, settings, ingests)


class InfluxSource:
    """Rows of an InfluxDB as readings.

    Args:
        store: client of the database; only its queries are used.
        settings: section of the configuration.
        ingests: rules that name the live series.
        page: number of rows of one answer.
    """

    def __init__(self, store: InfluxStore, settings: HistorySource, ingests: Sequence[Ingest], *, page: int = ROWS) -> None:
        self.settings, self.notes = settings, Notes()
        self._store, self._page = store, page
        self._naming = Naming(settings, ingests, self.notes)
        self._known: list[Measurement] | None = None

    def span(self) -> tuple[int, int] | None:
        """As `Source.span`."""
        times = [
            int(row[0] or 0)
            for measurement in self._measurements()
            for direction in ("ASC", "DESC")
            for rows in self._query(f"{self._select(measurement, range(0))} ORDER BY time {direction} LIMIT 1")
            for row in rows.values
        ]
        return (min(times), max(times)) if times else None

    def readings(self, start: int, stop: int, series: SeriesTable) -> Iterator[Readings]:
        """As `Source.readings`."""
        asked = [(measurement, self._origins(measurement, range(start, stop))) for measurement in self._measurements()]
        wanted = [(measurement, own) for measurement, own in asked if own]
        owners = self._naming.owners([origin for _, own in wanted for origin in own])
        page = max(self._page // max(len(wanted), 1), self._page // SHARE, 1)
        streams = []
        for measurement, own in wanted:
            span = range(max(start, min(origin.first for origin in own)), min(stop, max(origin.last for origin in own) + 1))
            streams.append(self._rows(measurement, owners, span, page, series))
        return merge(streams)

    def close(self) -> None:
        """As `Source.close`."""
        self._store.close()
        self._known = None

    def _query(self, query: str, width: int = 1, *, timed: bool = True) -> list[Rows]:
        """The rows of a query, all with as many cells and no fewer than `width`; where `timed`, the first cell is a time."""
        try:
            answer = self._store.query(query)
        except StoreError as error:
            raise in_our_words(error) from error
        rows = [row for table in answer for row in table.values]
        sizes = set(map(len, rows))
        moments = [row[0] for row in rows if timed and row]
        is_timed = all(isinstance(moment, int) and abs(moment) < 1 << 63 for moment in moments)
        if len(sizes) > 1 or min(sizes, default=width) < width or not is_timed:
            expected = f"{width} columns or more in every row, and times in whole nanoseconds"
            raise StoreDenied(f"{self.settings.label} is no InfluxDB: expected {expected} from /query; check url")
        return answer

    def _keys(self, what: str, width: int) -> dict[str, list[tuple[str, ...]]]:
        """The rows of a SHOW query, by measurement."""
        keys: dict[str, list[tuple[str, ...]]] = defaultdict(list)
        for rows in self._query(what, width, timed=False):
            keys[rows.name] += [tuple(map(str, row[:width])) for row in rows.values]
        return keys

    def _measurements(self) -> list[Measurement]:
        """What is read, found once.

        Raises:
            StoreDenied: nothing in the database is meant.
        """
        if self._known is None:
            fields, tags = self._keys("SHOW FIELD KEYS", 2), self._keys("SHOW TAG KEYS", 1)
            self._known = chosen_measurements(fields, tags, self.settings, self.notes)
        return self._known

    def _select(self, measurement: Measurement, span: range, *, newest: bool = False) -> str:
        """The query for the rows of a measurement.

        Args:
            measurement: measurement to read.
            span: time to read, ns; empty: all of it.
            newest: whether only the newest value of each field is wanted.
        """
        fields = [_identifier(field) for field in measurement.fields]
        tags = [f"{_identifier(tag)}::tag" for tag in measurement.tags]
        wanted = ", ".join([f"last({field})" for field in fields] if newest else [*fields, *tags])
        chosen = [f"{_identifier(tag)} {_condition(value)}" for tag, value in (self.settings.where or {}).items()]
        times = [f"time >= {span.start}", f"time < {span.stop}"] if span else []
        conditions = " AND ".join([*times, *chosen])
        return f"SELECT {wanted} FROM {_identifier(measurement.name)}" + (f" WHERE {conditions}" if conditions else "")

    def _origins(self, measurement: Measurement, span: range) -> list[Origin]:
        """The series of a measurement that have rows in a span of time."""
        ends: list[dict[Tags, int]] = []
        for direction in ("ASC", "DESC"):
            answer = self._query(f"{self._select(measurement, span)} GROUP BY * ORDER BY time {direction} LIMIT 1")
            ends.append(
                {tuple(rows.tags.get(tag, "") for tag in measurement.tags): int(rows.values[0][0] or 0) for rows in answer}
            )
        first, last = ends
        return [
            Origin(measurement, field, tags, first[tags], last[tags])
            for rows in self._query(
                f"{self._select(measurement, span, newest=True)} GROUP BY *", 1 + len(measurement.fields), timed=False
            )
            if (tags := tuple(rows.tags.get(tag, "") for tag in measurement.tags)) in first.keys() & last.keys()
            for field, value in zip(measurement.fields, rows.values[0][1:], strict=False)
            if value is not None
        ]

    def _rows(
        self, measurement: Measurement, owners: Owners, span: range, page: int, series: SeriesTable
    ) -> Iterator[Readings]:
        """The rows of one measurement as readings.

        Args:
            measurement: measurement to read.
            owners: names of the series.
            span: time to read, ns.
            page: number of rows of an answer.
            series: table that the series are added to.
        """
        begin, length = span.start, PAGE
        width, meaning = 1 + len(measurement.fields) + len(measurement.tags), meaning_of(self.settings, measurement.unit)
        known: dict[Tags, list[int]] = {}
        live: dict[int, Live] = {}

        def index(tags: Tags) -> list[int]:
            if tags not in known:
                names = [owners.get((measurement.name, field, tags)) for field in measurement.fields]
                known[tags] = [-1 if name is None else add_series(series, name, meaning) for name in names]
                live.update(
                    {owner: self._naming.live[name] for owner, name in zip(known[tags], names, strict=True) if name is not None}
                )
            return known[tags]

        while begin < span.stop:
            end = min(begin + length, span.stop)
            answer = self._query(f"{self._select(measurement, range(begin, end))} LIMIT {page}", width)
            rows = [row for part in answer for row in part.values]
            if len(rows) == page:
                end = int(rows[-1][0] or 0)
                if end == begin:  # more series at one moment than a page holds
                    page *= 2
                    continue
                rows = [row for row in rows if int(row[0] or 0) < end]
            begin = end
            length = PAGE if rows else 2 * length
            if rows:
                readings = as_live(_readings(measurement, rows, index), live, self.notes)
                yield usable(readings, self.settings, self.notes)


def _readings(measurement: Measurement, rows: Sequence[Sequence[object]], index: Callable[[Tags], list[int]]) -> Readings:
    """Rows as readings, in order of time: one of every field that has a number.

    Args:
        measurement: measurement of the rows.
        rows: time, fields and tags of each.
        index: function that gives the indices of the series of all fields of a row with these tags; -1 where a field is left
            out.
    """
    columns = list(zip(*rows, strict=True))
    time = np.asarray(columns[0], np.int64)
    width = 1 + len(measurement.fields)
    tags = zip(*([str(tag or "") for tag in column] for column in columns[width:]), strict=True) if columns[width:] else None
    owners = np.asarray([index(row) for row in tags] if tags is not None else [index(())] * len(rows), np.int32)
    parts = []
    for position, column in enumerate(columns[1:width]):
        value = np.asarray([cell if isinstance(cell, int | float) else np.nan for cell in column], np.float64)
        owner: Int32 = owners[:, position]
        kept = (owner >= 0) & ~np.isnan(value)
        parts.append(Readings(owner[kept], time[kept], value[kept]))
    joined = Readings.concatenate(parts)
    return joined.take(np.argsort(joined.time, kind="stable"))


def _identifier(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _condition(value: str) -> str:
    """The condition for a tag; `*` stands for any characters."""
    if "*" in value:
        pattern = ".*".join(map(re.escape, value.split("*"))).replace("/", r"\/")
        return f"=~ /^{pattern}$/"
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"= '{escaped}'"

"""An InfluxDB that others fill: measurements, fields and tags of any schema, read by InfluxQL of 1.6 and later, 2.x and 3.x.

Three schemas are known by their tags: Telegraf's (`topic`), Home Assistant's (`entity_id`; the measurement is the unit) and
Gatecast's own (`series`). In any other the name of a series is measurement, tags and field, joined with dots.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from edge.contract.columns import Int32, Readings, SeriesTable
from edge.contract.schema import CHECK, MEASUREMENTS, READING, SERIES
from edge.contract.times import iso
from edge.errors import ConfigurationError, StoreDenied, StoreError
from edge.messages.ingest import Ingest
from edge.quoting import quoted
from edge.sources.joining import merge
from edge.sources.names import VALUE, Live, as_live, filled, final_name, matches, named_line, named_live, topic_of
from edge.sources.notes import Notes
from edge.sources.settings import HistorySource
from edge.sources.source import add_series, in_our_words, meaning_of, usable
from edge.stores.address import Address
from edge.stores.influx import PAGE, ROWS, InfluxStore, open_address
from edge.stores.influx_answers import Rows

FIELDS = 50  # of one query
NUMBERS = ("float", "integer", "unsigned")
TOPIC, ENTITY, DOMAIN = "topic", "entity_id", "domain"
JOINED = "_"  # what Telegraf joins the levels of a path with
MAY_BE_PATHS = f'names with {JOINED} that may be paths of Telegraf (separator = "{JOINED}" makes them the names of live values)'
SHARE = 50  # of a page, the least that a measurement has where many share the memory
Tags = tuple[str, ...]  # values of the tags of a measurement, in their order


@dataclass(frozen=True, slots=True)
class _Measurement:
    """A measurement that is read, or some of its fields.

    Args:
        name: its name.
        fields: fields with numbers.
        tags: names of its tags.
        unit: unit of its values, where the schema says it.
    """

    name: str
    fields: tuple[str, ...]
    tags: tuple[str, ...]
    unit: str | None


@dataclass(frozen=True, slots=True)
class _Origin:
    """One series of the database, as far as rows tell them apart.

    Args:
        measurement: measurement of its rows.
        field: field of its values.
        tags: values of all tags.
        first: time of the first row with these tags, ns.
        last: time of the last one, ns.
    """

    measurement: _Measurement
    field: str
    tags: Tags
    first: int
    last: int

    @property
    def words(self) -> dict[str, str]:
        """The words for a template."""
        tags = dict(zip(self.measurement.tags, self.tags, strict=True))
        return {"measurement": self.measurement.name, "field": self.field, **tags}

    @property
    def shown(self) -> str:
        """The series as a person finds it in the database."""
        tags = "".join(f",{name}={value}" for name, value in zip(self.measurement.tags, self.tags, strict=True) if value)
        return quoted(f"{self.measurement.name}{tags} {self.field}", 120)


Owners = dict[tuple[str, str, Tags], str]  # measurement, field, tags → name of the series


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
        self._store, self._ingests, self._page = store, ingests, page
        self._where = settings.where or {}
        self._live: dict[str, Live] = {}
        self._known: list[_Measurement] | None = None

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
        owners = self._owners([origin for _, own in wanted for origin in own])
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

    def _measurements(self) -> list[_Measurement]:
        """What is read, found once.

        Raises:
            StoreDenied: nothing in the database is meant.
        """
        if self._known is None:
            fields, tags = self._keys("SHOW FIELD KEYS", 2), self._keys("SHOW TAG KEYS", 1)
            self._known = [
                measurement
                for name in sorted(fields)
                if matches(name, self.settings.measurement)
                for measurement in self._parts_of(name, fields[name], tuple(key for (key,) in tags.get(name, [])))
            ]
            if not self._known:
                raise StoreDenied(f"{self.settings.label} {self._lack(fields, tags)}")
        return self._known

    def _parts_of(self, name: str, fields: Sequence[tuple[str, ...]], tags: tuple[str, ...]) -> Iterator[_Measurement]:
        """How a measurement is read, if it is: some fields at a time, as the address of a query has a limit."""
        if not set(self._where) <= set(tags):
            return
        if name == CHECK or any(name == ours.name != READING.name and ours.owner in tags for ours in MEASUREMENTS):
            return  # forecasts of Gatecast are no history
        home_assistant = ENTITY in tags and any(field == VALUE for field, _ in fields)
        pattern = self.settings.field or (VALUE if home_assistant else "*")
        meant = {field: kind for field, kind in fields if matches(field, pattern)}
        numbers = tuple(sorted({field for field, kind in fields if field in meant and kind in NUMBERS}))
        texts = sorted(meant.keys() - set(numbers))
        if texts:
            self.notes.add(
                "fields with texts or with true and false, left out", quoted(f"{name} {texts[0]}", 120), count=len(texts)
            )
        is_unit = home_assistant and "." not in name and name not in ("units", "state")
        for start in range(0, len(numbers), FIELDS):
            yield _Measurement(name, numbers[start : start + FIELDS], tags, name if is_unit else None)

    def _lack(self, fields: Mapping[str, Sequence[tuple[str, ...]]], tags: Mapping[str, Sequence[tuple[str, ...]]]) -> str:
        """What is wrong where nothing in the database is meant."""
        settings = self.settings
        if not fields:
            return "holds no measurement; check the database in url, and whether the account may read it"
        meant = [name for name in fields if matches(name, settings.measurement)]
        if not meant:
            return f"has no measurement {settings.measurement!r}; it has {_some(fields)}"
        missing = sorted(tag for tag in self._where if all(tag not in {key for (key,) in tags.get(name, [])} for name in meant))
        if missing:
            known = {key for name in meant for (key,) in tags.get(name, [])}
            return f"has no tag {missing[0]!r}, which where names; it has {_some(known)}"
        known = {f"{field} ({kind})" for name in meant for field, kind in fields[name]}
        return f"has no field {settings.field or '*'!r} with numbers in {_some(meant)}; it has {_some(known)}"

    def _select(self, measurement: _Measurement, span: range, *, newest: bool = False) -> str:
        """The query for the rows of a measurement.

        Args:
            measurement: measurement to read.
            span: time to read, ns; empty: all of it.
            newest: whether only the newest value of each field is wanted.
        """
        fields = [_identifier(field) for field in measurement.fields]
        tags = [f"{_identifier(tag)}::tag" for tag in measurement.tags]
        wanted = ", ".join([f"last({field})" for field in fields] if newest else [*fields, *tags])
        chosen = [f"{_identifier(tag)} {_condition(value)}" for tag, value in self._where.items()]
        times = [f"time >= {span.start}", f"time < {span.stop}"] if span else []
        conditions = " AND ".join([*times, *chosen])
        return f"SELECT {wanted} FROM {_identifier(measurement.name)}" + (f" WHERE {conditions}" if conditions else "")

    def _origins(self, measurement: _Measurement, span: range) -> list[_Origin]:
        """The series of a measurement that have rows in a span of time."""
        ends: list[dict[Tags, int]] = []
        for direction in ("ASC", "DESC"):
            answer = self._query(f"{self._select(measurement, span)} GROUP BY * ORDER BY time {direction} LIMIT 1")
            ends.append(
                {tuple(rows.tags.get(tag, "") for tag in measurement.tags): int(rows.values[0][0] or 0) for rows in answer}
            )
        first, last = ends
        return [
            _Origin(measurement, field, tags, first[tags], last[tags])
            for rows in self._query(
                f"{self._select(measurement, span, newest=True)} GROUP BY *", 1 + len(measurement.fields), timed=False
            )
            if (tags := tuple(rows.tags.get(tag, "") for tag in measurement.tags)) in first.keys() & last.keys()
            for field, value in zip(measurement.fields, rows.values[0][1:], strict=False)
            if value is not None
        ]

    def _owners(self, origins: Sequence[_Origin]) -> Owners:
        """The name of every series; what cannot be told apart has none."""
        by_name: dict[str, list[_Origin]] = defaultdict(list)
        for origin in origins:
            live = self._name(origin)
            if live is not None and (chosen := final_name(self.settings, live.name)) is not None:
                by_name[chosen].append(origin)
                self._live[chosen] = live
        owners: Owners = {}
        for name, parts in by_name.items():
            parts.sort(key=lambda origin: origin.last, reverse=True)
            for origin in self._told_apart(name, parts):
                owners[origin.measurement.name, origin.field, origin.tags] = name
        return owners

    def _told_apart(self, name: str, parts: Sequence[_Origin]) -> Sequence[_Origin]:
        """Those series of the database that may share a name: one after the other, and in one unit."""
        for newer, older in pairwise(parts):
            if older.last >= newer.first:
                reason = "names that several series of the database have at the same time, left out"
                self.notes.add(
                    f"{reason} (choose with measurement, field and where, or put a tag into series)",
                    f"{quoted(name)}: {older.shown} and {newer.shown}, both at {iso(older.last)}",
                )
                return ()
        kept = [origin for origin in parts if origin.measurement.unit == parts[0].measurement.unit]
        for origin in parts:
            if origin not in kept:
                reason = "series with an earlier part in another unit, which is left out"
                self.notes.add(reason, f"{quoted(name)}: {origin.shown}, now in {parts[0].measurement.unit}")
        return kept

    def _name(self, origin: _Origin) -> Live | None:
        """The name of a series, and what a rule makes of its values; None where it has no name."""
        words, tags = origin.words, origin.measurement.tags
        if self.settings.series is not None:
            name = filled(self.settings.series, words)
            if name is None:
                self.notes.add(f"series that lack a word of {self.settings.series}, left out", origin.shown)
            return None if name is None else Live(name)
        if SERIES in tags and words[SERIES]:
            return Live(words[SERIES])
        if TOPIC in tags and words[TOPIC]:
            live = named_live(self._ingests, words[TOPIC], origin.field, self.settings.separator)
            path = named_live(self._ingests, words[TOPIC], origin.field, JOINED) if self.settings.separator is None else live
            if live is not None and path is not None and live.name != path.name:
                self.notes.add(MAY_BE_PATHS, f"{quoted(live.name)}, then {quoted(path.name)}")
            return live or Live(_joined(words[TOPIC].split("/"), origin.field))
        if ENTITY in tags and words[ENTITY]:
            live = named_live(self._ingests, topic_of(words.get(DOMAIN, ""), words[ENTITY]), VALUE)
            return live or Live(_joined([words.get(DOMAIN, ""), words[ENTITY]], origin.field))
        filled_tags = {name: value for name, value in zip(tags, origin.tags, strict=True) if value}
        live = named_line(self._ingests, origin.measurement.name, filled_tags, origin.field)
        return live or Live(_joined([origin.measurement.name, *origin.tags], origin.field))

    def _rows(
        self, measurement: _Measurement, owners: Owners, span: range, page: int, series: SeriesTable
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
                    {owner: self._live[name] for owner, name in zip(known[tags], names, strict=True) if name is not None}
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


def _readings(measurement: _Measurement, rows: Sequence[Sequence[object]], index: Callable[[Tags], list[int]]) -> Readings:
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


def _joined(words: Sequence[str], field: str) -> str:
    return ".".join([*filter(None, words), *([field] if field != VALUE else [])])


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


def _some(names: "Sequence[str] | set[str] | Mapping[str, object]", most: int = 8) -> str:
    """The first of some names."""
    known = sorted(names)
    return ", ".join(quoted(name) for name in known[:most]) + (f" and {len(known) - most} more" if len(known) > most else "")

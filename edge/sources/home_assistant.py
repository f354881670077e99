"""Home Assistant's own database: hourly statistics of years, and the states of the last days.

Of an hour that has states the states count, as live readings do; the statistics fill what is before and between. The tables are
those of Home Assistant 2023.4 and later.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from edge.contract.columns import Readings, SeriesTable
from edge.contract.times import SECOND
from edge.errors import PayloadError, StoreDenied
from edge.messages.ingest import Ingest
from edge.quoting import quoted
from edge.sources.joining import HOUR, join
from edge.sources.names import VALUE, Live, as_live, final_name, named_live, topic_of
from edge.sources.notes import Notes
from edge.sources.rows import Database, Row
from edge.sources.settings import HistorySource
from edge.sources.source import add_series, meaning_of, usable
from edge.tables.numbers import number_of
from edge.tables.words import MISSING

MILLISECOND = SECOND // 1000
LEFT_OUT = Live("")
OURS = "gatecast_"  # beginning of the names of entities that [publish] makes: forecasts are no history
STATES = (
    "SELECT states_meta.entity_id, states.last_updated_ts, states.state FROM states "
    "JOIN states_meta ON states_meta.metadata_id = states.metadata_id "
    "WHERE states.last_updated_ts >= {start} AND states.last_updated_ts < {stop} ORDER BY states.last_updated_ts"
)
STATISTICS = (
    "SELECT metadata_id, start_ts, mean, state, sum FROM statistics "
    "WHERE start_ts >= {start} AND start_ts < {stop} ORDER BY start_ts"
)
# The sum of a meter grows from the day when the meter was added; its state is what the meter itself says, as it does live.
DESCRIBED = (
    "SELECT id, statistic_id, unit_of_measurement, has_sum, "
    "EXISTS (SELECT 1 FROM statistics WHERE statistics.metadata_id = statistics_meta.id AND state IS NOT NULL) "
    "FROM statistics_meta"
)
ATTRIBUTES = (
    "SELECT states_meta.entity_id, state_attributes.shared_attrs FROM states_meta "
    "JOIN states ON states.state_id = (SELECT max(newest.state_id) FROM states newest "
    "WHERE newest.metadata_id = states_meta.metadata_id AND newest.attributes_id IS NOT NULL) "
    "JOIN state_attributes ON state_attributes.attributes_id = states.attributes_id"
)
NEEDED = {
    "states": {"metadata_id", "last_updated_ts", "state", "attributes_id", "state_id"},
    "states_meta": {"metadata_id", "entity_id"},
    "state_attributes": {"attributes_id", "shared_attrs"},
    "statistics": {"metadata_id", "start_ts", "mean", "state", "sum"},
    "statistics_meta": {"id", "statistic_id", "unit_of_measurement", "has_sum"},
}


class _Attributes(msgspec.Struct):
    """What a state says beside its value."""

    unit_of_measurement: str | None = None


@dataclass(frozen=True, slots=True)
class _Statistic:
    """Hourly statistics of one entity.

    Args:
        live: series of the entity; None where it is left out.
        column: column of the row that has the value: 2 mean, 3 state of a meter, 4 sum of a meter.
    """

    live: Live | None
    column: int

    @property
    def moment(self) -> int:
        """When the value holds, ns after the start of the hour: that of a meter at its end."""
        return 0 if self.column == 2 else HOUR - MILLISECOND


class HomeAssistant:
    """The recorder's tables as readings.

    Args:
        database: database that has them.
        settings: section of the configuration.
        ingests: rules that name the live series.
    """

    def __init__(self, database: Database, settings: HistorySource, ingests: Sequence[Ingest]) -> None:
        self.settings, self.notes = settings, Notes()
        self._database, self._ingests = database, ingests
        self._statistics: dict[int, _Statistic] | None = None
        self._said: dict[str, tuple[str | None, bool]] = {}  # unit, and whether it is a meter

    def span(self) -> tuple[int, int] | None:
        """As `Source.span`."""
        self._describe()
        ends = [
            float(str(end))
            for table, column in (("states", "last_updated_ts"), ("statistics", "start_ts"))
            for rows in self._database.pages(f"SELECT min({column}), max({column}) FROM {table}")
            for end in rows[0]
            if end is not None
        ]
        return (int(min(ends) * SECOND), int((max(ends) + 3600) * SECOND)) if ends else None

    def readings(self, start: int, stop: int, series: SeriesTable) -> Iterator[Readings]:
        """As `Source.readings`."""
        statistics = self._describe()
        for page in join([self._of_states(start, stop, series), self._of_statistics(statistics, start, stop, series)]):
            yield page.take((page.time >= start) & (page.time < stop))

    def close(self) -> None:
        """As `Source.close`."""
        self._database.close()
        self._statistics = None

    def _live_of(self, entity: str) -> Live | None:
        """The series of an entity: the one that its topic of MQTT Statestream has, or else the entity's own; None: left out."""
        domain, _, rest = entity.partition(".")
        if rest.startswith(OURS):
            return None
        live = named_live(self._ingests, topic_of(domain, rest), VALUE) or Live(entity)
        name = final_name(self.settings, live.name)
        return None if name is None else Live(name, live.number)

    def _describe(self) -> dict[int, _Statistic]:
        """What the statistics are of, read once.

        Raises:
            StoreDenied: the tables are those of an older Home Assistant.
        """
        if self._statistics is None:
            for table, columns in NEEDED.items():
                missing = sorted(columns - set(self._database.columns(table)))
                if missing:
                    raise StoreDenied(
                        f"{self.settings.label} is a database of Home Assistant without the column {table}.{missing[0]}; "
                        "start Home Assistant 2023.4 or newer once on it, which brings it up to date"
                    )
            units = dict(self._live_units())
            self._statistics = {}
            for rows in self._database.pages(DESCRIBED):
                for row in rows:
                    self._statistics[int(str(row[0]))] = self._statistic(row, units)
            for entity, unit in units.items():
                self._describe_one(self._live_of(entity), unit)
        return self._statistics

    def _live_units(self) -> Iterator[tuple[str, str | None]]:
        """The entities that have states, with the unit of the newest."""
        for rows in self._database.pages(ATTRIBUTES):
            for entity, attributes in rows:
                try:
                    yield str(entity), msgspec.json.decode(str(attributes), type=_Attributes).unit_of_measurement
                except (msgspec.MsgspecError, RecursionError):
                    continue

    def _statistic(self, row: Row, units: Mapping[str, str | None]) -> _Statistic:
        entity, unit = str(row[1]), None if row[2] is None else str(row[2])
        live = self._live_of(entity)
        column = (3 if row[4] else 4) if row[3] else 2
        now = units.get(entity, unit)
        if live is not None and now != unit:
            reason = "statistics in another unit than the states, left out (mend it in Home Assistant's developer tools)"
            self.notes.add(reason, f"{quoted(entity)}: {unit}, now in {now}")
            return _Statistic(None, column)
        self._describe_one(live, unit, counter=bool(row[3]))
        return _Statistic(live, column)

    def _describe_one(self, live: Live | None, unit: str | None, *, counter: bool = False) -> None:
        if live is not None:
            before = self._said.get(live.name, (None, False))
            self._said[live.name] = (unit or before[0], counter or before[1])

    def _add(self, series: SeriesTable, live: Live) -> int:
        unit, counter = self._said.get(live.name, (None, False))
        return add_series(series, live.name, meaning_of(self.settings, unit, counter=counter))

    def _of_statistics(
        self, statistics: Mapping[int, _Statistic], start: int, stop: int, series: SeriesTable
    ) -> Iterator[Readings]:
        query = STATISTICS.format(start=(start - HOUR) // SECOND, stop=-(-stop // SECOND))
        waiting = Readings.empty()  # of the hour that may go on in the next rows: means stand at its start, meters at its end
        for rows in self._database.pages(query):
            owners, times, values, hour = [], [], [], 0
            known: dict[int, Live] = {}
            for row in rows:
                hour = round(float(str(row[1]))) * SECOND
                statistic = statistics.get(int(str(row[0])))
                if statistic is None or statistic.live is None or (value := row[statistic.column]) is None:
                    continue
                owners.append(self._add(series, statistic.live))
                known[owners[-1]] = statistic.live
                times.append(hour + statistic.moment)
                values.append(float(str(value)))
            page = Readings.concatenate([waiting, as_live(Readings.of(owners, times, values), known, self.notes)])
            complete = page.time < hour
            waiting = page.take(~complete)
            yield usable(_in_order(page.take(complete)), self.settings, self.notes)
        yield usable(_in_order(waiting), self.settings, self.notes)

    def _of_states(self, start: int, stop: int, series: SeriesTable) -> Iterator[Readings]:
        known: dict[str, tuple[int, Live]] = {}
        numbers: set[str] = set()
        texts: Counter[str] = Counter()
        examples: dict[str, str] = {}
        for rows in self._database.pages(STATES.format(start=start // SECOND, stop=-(-stop // SECOND))):
            owners, times, values = [], [], []
            for name_there, moment, state in rows:
                entity = str(name_there)
                if entity not in known:
                    known[entity] = -1, self._live_of(entity) or LEFT_OUT
                index, live = known[entity]
                if live is LEFT_OUT:
                    continue
                try:
                    value = _number(state, live)
                except (ValueError, PayloadError):
                    texts[entity] += 1
                    examples.setdefault(entity, quoted(state))
                    continue
                if np.isnan(value):  # unavailable, unknown
                    continue
                if index < 0:
                    index = self._add(series, live)
                    known[entity] = index, live
                    numbers.add(entity)
                owners.append(index)
                times.append(int(float(str(moment)) * 1e6) * 1000)
                values.append(value)
            yield usable(Readings.of(owners, times, values), self.settings, self.notes)
        for entity, count in texts.items():
            if entity in numbers:
                self.notes.add("states that are no numbers, left out", f"{examples[entity]} of {entity}", count)
            else:
                self.notes.add("entities whose states are no numbers, left out", f"{entity} with {examples[entity]}")


def _number(state: object, live: Live) -> float:
    """The number of a state; NaN where there was none.

    Raises:
        ValueError: it is something else.
        PayloadError: the rule of its topic does not take it.
    """
    text = "" if state is None else str(state)
    if live.number is None or text.lower() in MISSING:
        return number_of(text)
    return live.number(text)


def _in_order(readings: Readings) -> Readings:
    return readings.take(np.argsort(readings.time, kind="stable"))

"""A database as Home Assistant's recorder makes it: the tables of its public schema that hold history."""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

SCHEMA = """
CREATE TABLE states_meta (metadata_id INTEGER PRIMARY KEY, entity_id VARCHAR(255));
CREATE TABLE state_attributes (attributes_id INTEGER PRIMARY KEY, hash BIGINT, shared_attrs TEXT);
CREATE TABLE states (state_id INTEGER PRIMARY KEY, entity_id CHAR(0), state VARCHAR(255), attributes CHAR(0), event_id SMALLINT,
  last_changed CHAR(0), last_changed_ts FLOAT, last_reported_ts FLOAT, last_updated CHAR(0), last_updated_ts FLOAT,
  old_state_id INTEGER, attributes_id INTEGER, context_id CHAR(0), context_user_id CHAR(0), context_parent_id CHAR(0),
  origin_idx SMALLINT, context_id_bin BLOB, context_user_id_bin BLOB, context_parent_id_bin BLOB, metadata_id INTEGER);
CREATE INDEX ix_states_metadata_id_last_updated_ts ON states (metadata_id, last_updated_ts);
CREATE INDEX ix_states_last_updated_ts ON states (last_updated_ts);
CREATE TABLE statistics_meta (id INTEGER PRIMARY KEY, statistic_id VARCHAR(255), source VARCHAR(32),
  unit_of_measurement VARCHAR(255), has_mean BOOLEAN, has_sum BOOLEAN, name VARCHAR(255));
CREATE TABLE statistics (id INTEGER PRIMARY KEY, created CHAR(0), created_ts FLOAT, metadata_id INTEGER, start CHAR(0),
  start_ts FLOAT, mean FLOAT, min FLOAT, max FLOAT, last_reset CHAR(0), last_reset_ts FLOAT, state FLOAT, sum FLOAT);
CREATE UNIQUE INDEX ix_statistics_statistic_id_start_ts ON statistics (metadata_id, start_ts);
CREATE INDEX ix_statistics_start_ts ON statistics (start_ts);
"""


class Recorder:
    """A file that a test fills with states and statistics.

    Args:
        path: the file; it is made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._connected() as connection:
            connection.executescript(SCHEMA)

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.path)) as connection, connection:
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute("PRAGMA journal_mode = MEMORY")
            yield connection

    def states(self, entity: str, states: Iterable[tuple[float, str]], unit: str | None = None) -> None:
        """Add states of an entity.

        Args:
            entity: such as `sensor.living_room_temperature`.
            states: moments, Unix seconds, and states as text.
            unit: unit of measurement.
        """
        attributes = json.dumps({"friendly_name": entity} | ({"unit_of_measurement": unit} if unit else {}))
        with self._connected() as connection:
            meta = connection.execute("INSERT INTO states_meta (entity_id) VALUES (?)", (entity,)).lastrowid
            shared = connection.execute("INSERT INTO state_attributes (shared_attrs) VALUES (?)", (attributes,)).lastrowid
            connection.executemany(
                "INSERT INTO states (metadata_id, attributes_id, last_updated_ts, state) VALUES (?, ?, ?, ?)",
                ((meta, shared, moment, state) for moment, state in states),
            )

    def means(self, statistic: str, rows: Iterable[tuple[float, float]], unit: str | None = None) -> None:
        """Add hourly means.

        Args:
            statistic: such as `sensor.living_room_temperature`.
            rows: starts of hours, Unix seconds, and means.
            unit: unit of measurement.
        """
        self._statistics(statistic, ((start, mean, None, None) for start, mean in rows), unit, has_sum=False)

    def sums(self, statistic: str, rows: Iterable[tuple[float, float | None, float]], unit: str | None = None) -> None:
        """Add hourly sums of a meter.

        Args:
            statistic: such as `sensor.energy`.
            rows: starts of hours, Unix seconds; what the meter showed at their end, and the sum since it was added.
            unit: unit of measurement.
        """
        self._statistics(statistic, ((start, None, state, total) for start, state, total in rows), unit, has_sum=True)

    def _statistics(
        self,
        statistic: str,
        rows: Iterable[tuple[float, float | None, float | None, float | None]],
        unit: str | None,
        *,
        has_sum: bool,
    ) -> None:
        with self._connected() as connection:
            meta = connection.execute(
                "INSERT INTO statistics_meta (statistic_id, source, unit_of_measurement, has_mean, has_sum) "
                "VALUES (?, 'recorder', ?, ?, ?)",
                (statistic, unit, not has_sum, has_sum),
            ).lastrowid
            connection.executemany(
                "INSERT INTO statistics (metadata_id, start_ts, mean, state, sum) VALUES (?, ?, ?, ?, ?)",
                ((meta, *row) for row in rows),
            )

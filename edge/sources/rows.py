"""Rows of a database as readings: names, times and numbers as people store them. No I/O."""

import contextlib
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, Protocol, TypeAlias

import numpy as np

from edge.contract.columns import Float64, Int64, Readings, SeriesTable
from edge.contract.times import NANOSECONDS, SECOND, TimeUnit, iso, parse_time, unit_of
from edge.contract.zones import Zone
from edge.errors import PayloadError, StoreDenied
from edge.quoting import quoted
from edge.sources.names import final_name
from edge.sources.notes import Notes
from edge.sources.settings import HistorySource
from edge.sources.source import add_series, meaning_of, usable
from edge.tables.numbers import number_of

Row: TypeAlias = Sequence[object]
NO_TIME = np.iinfo(np.int64).min
ROWS = 50_000  # rows in memory at once
LARGEST = 2.0**62
PLAIN = len("2026-01-31T12:00:00")  # the usual text, which numpy reads a column at once


class Database(Protocol):
    """A database that answers one SELECT at a time and cannot be written through."""

    def pages(self, query: str) -> Iterator[Sequence[Row]]:
        """The rows of a query, some at a time.

        Raises:
            StoreBusy: the database does not answer now.
            StoreDenied: it refuses the account or the query.
        """

    def tables(self) -> list[str]:
        """Names of the tables.

        Raises:
            StoreBusy: as `pages`.
            StoreDenied: as `pages`.
        """

    def columns(self, table: str) -> list[str]:
        """Names of the columns of a table; empty where there is no such table.

        Raises:
            StoreBusy: as `pages`.
            StoreDenied: as `pages`.
        """

    def close(self) -> None:
        """Close the connection; the next use opens another one."""


class RowReader:
    """Turns rows into readings.

    Args:
        settings: section of the configuration.
        notes: counts of what is left out.
    """

    def __init__(self, settings: HistorySource, notes: Notes) -> None:
        self._settings, self._notes = settings, notes
        self._meaning = meaning_of(settings)
        self._zone = Zone(settings.timezone)
        self._indices: dict[object, int] = {}
        self._last = NO_TIME

    def begin(self) -> None:
        """Note that other rows follow, with another table of series."""
        self._indices, self._last = {}, NO_TIME

    def readings(self, rows: Sequence[Row], unit: TimeUnit, series: SeriesTable) -> Readings:
        """Some rows, in order of time.

        Args:
            rows: name, time and value of each.
            unit: unit of times that are numbers.
            series: table that the series are added to.

        Raises:
            StoreDenied: the rows before these are later, so that the order of the database is not that of time.
        """
        names, moments, cells = zip(*rows, strict=True)
        owners = np.asarray([self._index(name, series) for name in names], np.int32)
        time = self.times(moments, unit)
        value = self._values(cells)
        kept = (owners >= 0) & (time != NO_TIME) & ~np.isnan(value)
        part = Readings(owners[kept], time[kept], value[kept])
        part = part.take(np.argsort(part.time, kind="stable"))
        if len(part):
            if part.time[0] < self._last:
                raise StoreDenied(
                    f"{self._settings.label}: the times of the query do not sort as they are written (one of "
                    f"{iso(int(part.time[0]))} follows one of {iso(self._last)}); give all of them with the same zone, or as a "
                    "timestamp or Unix number"
                )
            self._last = int(part.time[-1])
        return usable(part, self._settings, self._notes)

    def times(self, cells: Sequence[object], unit: TimeUnit) -> Int64:
        """Moments, ns UTC, int64 `[n]`; `NO_TIME` where a cell holds none."""
        kinds = set(map(type, cells))
        if kinds == {datetime}:
            return self._of_datetimes(cells)
        if kinds == {int} and unit in NANOSECONDS:
            numbers = np.asarray(cells, np.float64)
            if np.abs(numbers).max() * NANOSECONDS[unit] < LARGEST:
                return np.asarray(cells, np.int64) * NANOSECONDS[unit]
        if kinds == {str} and unit == "auto" and set(map(len, cells)) == {PLAIN}:  # type: ignore[arg-type]
            with contextlib.suppress(ValueError):  # digits in other places
                return self._moments(np.asarray(cells, "datetime64[s]").astype(np.int64) * SECOND)
        return np.asarray([self._time(cell, unit) for cell in cells], np.int64)

    def _of_datetimes(self, cells: Sequence[Any]) -> Int64:
        naive = np.asarray([cell.tzinfo is None for cell in cells], bool)
        seconds = [(cell.replace(tzinfo=UTC) if cell.tzinfo is None else cell).timestamp() for cell in cells]
        moments: Int64 = np.rint(np.asarray(seconds) * 1e6).astype(np.int64) * 1_000
        if naive.any():
            moments[naive] = self._moments(moments[naive])
        return moments

    def _moments(self, local: Int64) -> Int64:
        """The moments of local times; of one that comes twice the first."""
        if self._zone.name == "UTC":
            return local
        early, late = self._zone.both(local)
        missing = int((early > late).sum())
        self._notes.add("rows with a local time that does not exist, left out", self._zone.name, missing)
        return np.where(early > late, NO_TIME, early)

    def _time(self, cell: object, unit: TimeUnit) -> int:
        try:
            if isinstance(cell, datetime):
                return int(self._of_datetimes([cell])[0])
            if isinstance(cell, date):
                return int(self._of_datetimes([datetime.combine(cell, time())])[0])
            if isinstance(cell, Decimal):
                cell = float(cell)
            return parse_time(cell, unit, lambda local: int(self._moments(np.asarray([local]))[0]))
        except (PayloadError, OverflowError, ValueError) as error:
            self._notes.add("rows without a time that can be read, left out", str(error))
            return NO_TIME

    def _values(self, cells: Sequence[object]) -> Float64:
        """Values, float64 `[n]`; NaN where there is none."""
        if set(map(type, cells)) <= {int, float}:
            value = np.asarray(cells, np.float64)
            self._notes.add("values that are NaN, left out", "NaN", int(np.isnan(value).sum()))
            return value
        return np.asarray([self._value(cell) for cell in cells], np.float64)

    def _value(self, cell: object) -> float:
        if cell is None:
            return np.nan
        if isinstance(cell, str):
            try:
                return number_of(cell)
            except ValueError:
                self._notes.add("texts instead of numbers, left out", quoted(cell))
                return np.nan
        if isinstance(cell, int | float | Decimal):
            return float(cell)
        self._notes.add("values that are no numbers, left out", quoted(cell))
        return np.nan

    def _index(self, cell: object, series: SeriesTable) -> int:
        """Index of the series with this name in the database; -1 where it is left out."""
        index = self._indices.get(cell)
        if index is None:
            name = "" if cell is None else str(cell)
            if not name:
                self._notes.add("rows without a series, left out", "an empty name")
                return -1
            chosen = final_name(self._settings, name)
            index = self._indices[cell] = -1 if chosen is None else add_series(series, chosen, self._meaning)
        return index


def time_unit(settings: HistorySource, newest: object) -> TimeUnit:
    """The unit of all times of a query, where they are numbers: as configured, or told by the size of the newest."""
    if settings.time_unit != "auto" or not isinstance(newest, int | float | Decimal):
        return settings.time_unit
    return unit_of(float(newest))

"""The newest of every series of an SQLite store: the primary key leads to it, so no table is read as a whole."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from typing import Any

import numpy as np

from edge.contract.columns import Float64, Int64
from edge.contract.schema import FORECAST, FORECAST_SCORE, MEANING, READING
from edge.stores.newest.rows import Ahead, Newest, Scored, level
from edge.stores.retention import table_of
from edge.stores.sqlite import LAST, SqliteStore
from edge.stores.store import numbers

ERRORS = ("absolute_error", "baseline_absolute_error")


def newest(store: SqliteStore) -> list[Newest]:
    """As `edge.stores.newest.newest.newest`."""
    meaning = table_of(MEANING.name)
    forecast, told = _columns(store, FORECAST.name), _columns(store, meaning)
    if "value" not in _columns(store, READING.name):
        return []
    # The row of the second lead is written with each forecast, and the rows behind it may be older ones.
    pick = f"(SELECT time FROM {FORECAST.name} WHERE series = id AND lead <= 2 ORDER BY time DESC LIMIT 1)"
    day = f"(SELECT max(time) FROM {meaning} WHERE series = id)"
    ends = f"SELECT id, name, (SELECT max(time) FROM {READING.name} WHERE series = id) AS newest"
    ends += f", {pick if 'lead' in forecast else 'NULL'} AS target, {day if told else 'NULL'} AS day FROM series"
    columns = ["name", "newest", "r.value"]
    columns += [f"m.{field}" if field in told else "NULL" for field in ("unit", "counter")]
    columns += ["target", *(f"f.{field}" if field in forecast else "NULL" for field in ("origin", "lead", "model"))]
    joins = f"LEFT JOIN {READING.name} r ON r.series = id AND r.time = newest"
    joins += f" LEFT JOIN {FORECAST.name} f ON f.series = id AND f.time = target" if forecast else ""
    joins += f" LEFT JOIN {meaning} m ON m.series = id AND m.time = day" if told else ""
    rows = _rows(store, f"WITH ends AS ({ends}) SELECT {', '.join(columns)} FROM ends {joins} WHERE newest IS NOT NULL")
    names = ("value", "unit", "counter", "target", "origin", "lead", "model")
    return [Newest.of_cells(row[0], row[1], dict(zip(names, row[2:], strict=True))) for row in rows]


def scored(store: SqliteStore, start: int, stop: int) -> dict[str, Scored]:
    """As `edge.stores.newest.newest.scored`."""
    if not set(ERRORS) <= _columns(store, FORECAST_SCORE.name):
        return {}
    table, (error, naive) = FORECAST_SCORE.name, ERRORS
    source = f"series CROSS JOIN {table} ON series = series.id AND time >= ? AND time < ?"
    where = f"{error} IS NOT NULL AND {naive} IS NOT NULL"
    query = f"SELECT name, count(*), avg({error}), avg({naive}) FROM {source} WHERE {where} GROUP BY series.id"
    return {row[0]: Scored(*row[1:]) for row in _rows(store, query, (start, min(stop, LAST)))}


def ahead(store: SqliteStore, name: str, start: int) -> Ahead | None:
    """As `edge.stores.newest.newest.ahead`."""
    known = _columns(store, FORECAST.name)
    levels = sorted((number, column) for column in known if (number := level(column)) is not None)
    if not {"lead", "origin", "model"} <= known or not levels:
        return None
    columns = ", ".join(["time", "origin", "lead", "model", *(column for _, column in levels)])
    where = "series = (SELECT id FROM series WHERE name = ?) AND time >= ? AND lead >= 1 AND origin IS NOT NULL"
    rows = _rows(store, f"SELECT {columns} FROM {FORECAST.name} WHERE {where} ORDER BY time", (name, start))
    if not rows:
        return None
    time, origin, lead, model, *cells = zip(*rows, strict=True)
    quantiles = {column: numbers(part) for (_, column), part in zip(levels, cells, strict=True)}
    times, origins, steps = (np.asarray(part, np.int64) for part in (time, origin, lead))
    return Ahead(times, origins, steps, quantiles, str(model[0] or ""))


def readings(store: SqliteStore, name: str, start: int, stop: int) -> tuple[Int64, Float64]:
    """As `edge.stores.newest.newest.readings`."""
    if "value" not in _columns(store, READING.name):
        return np.zeros(0, np.int64), np.zeros(0)
    where = "series = (SELECT id FROM series WHERE name = ?) AND time >= ? AND time < ?"
    rows = _rows(store, f"SELECT time, value FROM {READING.name} WHERE {where} ORDER BY time", (name, start, min(stop, LAST)))
    return np.asarray([row[0] for row in rows], np.int64), numbers([row[1] for row in rows])


def _columns(store: SqliteStore, table: str) -> set[str]:
    """Names of the columns of a table; none where there is no such table, or no file."""
    return {row[1] for row in _rows(store, f"PRAGMA table_info({table})")}


def _rows(store: SqliteStore, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
    """The rows of a query; none where there is no file yet.

    Raises:
        StoreBusy: the file is locked.
        StoreDenied: it cannot be read.
    """
    if not store.path.exists():
        return []
    try:
        with closing(store.connect()) as connection:
            return connection.execute(query, values).fetchall()
    except (OSError, sqlite3.Error) as error:
        raise store.meaning(error) from error

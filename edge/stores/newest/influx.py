"""The newest of every series of an InfluxDB, in InfluxQL as 1.6 and later, 2.x and 3.x take it."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from edge.contract.columns import Float64, Int64
from edge.contract.schema import FORECAST, FORECAST_SCORE, LEAD, MEANING, READING, SERIES, TIME, VALUE
from edge.stores.influx import InfluxStore
from edge.stores.influx_answers import Rows, no_influxdb
from edge.stores.newest.rows import Ahead, Newest, Scored, level
from edge.stores.store import numbers

ERROR, NAIVE = "absolute_error", "baseline_absolute_error"


def newest(store: InfluxStore) -> list[Newest]:
    """As `edge.stores.newest.newest.newest`."""
    told = dict(_by_series(store, f'SELECT last("counter") AS counter, "unit" FROM "{MEANING.name}" GROUP BY "{SERIES}"'))
    # The row of the second lead is written with each forecast, and the rows behind it may be older ones.
    columns = f'last("origin") AS origin, "{LEAD}", "model"'
    made = dict(_by_series(store, f'SELECT {columns} FROM "{FORECAST.name}" WHERE "{LEAD}" <= 2 GROUP BY "{SERIES}"'))
    series = []
    for name, row in _by_series(store, f'SELECT last("{VALUE.name}") AS value FROM "{READING.name}" GROUP BY "{SERIES}"'):
        forecast = made.get(name, {})
        cells = {**told.get(name, {}), **forecast, "value": row.get("value"), "target": forecast.get(TIME)}
        series.append(Newest.of_cells(name, row[TIME], cells))
    return series


def scored(store: InfluxStore, start: int, stop: int) -> dict[str, Scored]:
    """As `edge.stores.newest.newest.scored`."""
    columns = f'count("{ERROR}") AS n, mean("{ERROR}") AS error, mean("{NAIVE}") AS naive'
    where = f'time >= {start} AND time < {stop} AND "{ERROR}" >= 0 AND "{NAIVE}" >= 0'
    rows = _by_series(store, f'SELECT {columns} FROM "{FORECAST_SCORE.name}" WHERE {where} GROUP BY "{SERIES}"')
    scores = {}
    for name, row in rows:
        count, error, naive = (row.get(column) for column in ("n", "error", "naive"))
        if isinstance(count, int) and isinstance(error, int | float) and isinstance(naive, int | float) and count:
            scores[name] = Scored(count, float(error), float(naive))
    return scores


def ahead(store: InfluxStore, name: str, start: int) -> Ahead | None:
    """As `edge.stores.newest.newest.ahead`."""
    rows = _of_series(store, f'SELECT * FROM "{FORECAST.name}"', name, f"time >= {start}")
    rows = [row for row in rows if isinstance(row.get("origin"), int) and isinstance(row.get(LEAD), int)]
    if not rows:
        return None
    levels = sorted((number, column) for column in rows[0] if (number := level(column)) is not None)
    quantiles = {column: numbers([row.get(column) for row in rows]) for _, column in levels}
    time, origin, lead = (np.asarray([row[part] for row in rows], np.int64) for part in (TIME, "origin", LEAD))
    return Ahead(time, origin, lead, quantiles, str(rows[0].get("model") or ""))


def readings(store: InfluxStore, name: str, start: int, stop: int) -> tuple[Int64, Float64]:
    """As `edge.stores.newest.newest.readings`."""
    query = f'SELECT "{VALUE.name}" FROM "{READING.name}"'
    rows = _of_series(store, query, name, f"time >= {start} AND time < {stop}")
    return np.asarray([row[TIME] for row in rows], np.int64), numbers([row.get(VALUE.name) for row in rows])


def _by_series(store: InfluxStore, query: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The row of each series, as its query groups them; rows of other programs have no series."""
    for part in store.query(query):
        if (name := part.tags.get(SERIES)) and part.values:
            yield name, _row(store, part, part.values[0])


def _of_series(store: InfluxStore, query: str, name: str, where: str) -> list[dict[str, Any]]:
    """The rows of one series, in order of time."""
    escaped = store.name_of(name).replace("'", r"\'")
    parts = store.query(f"{query} WHERE \"{SERIES}\" = '{escaped}' AND {where}")
    return [_row(store, part, cells) for part in parts for cells in part.values]


def _row(store: InfluxStore, part: Rows, cells: Sequence[object]) -> dict[str, Any]:
    row = dict(zip(part.columns, cells, strict=False))
    time = row.get(TIME)
    if len(cells) != len(part.columns) or not isinstance(time, int) or abs(time) >= 1 << 63:
        raise no_influxdb(store.url, "expected rows with a time in whole nanoseconds from /query")
    return row

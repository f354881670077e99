"""Units and kinds of series in the store."""

import sqlite3
from contextlib import closing
from pathlib import Path

from edge.contract.columns import Points, Readings, SeriesTable
from edge.contract.meaning import Meaning
from edge.contract.times import DAY
from edge.series.description import Descriptions
from edge.stores.address import Address
from edge.stores.influx import open_address
from edge.stores.sqlite import SqliteStore

MEANINGS = {
    "meter": Meaning("counter", unit="kWh"),
    "total": Meaning("counter", unit="kWh"),
    "hall": Meaning(unit="°C"),
}


def table() -> SeriesTable:
    """Two meters, a gauge with a unit, and two that nobody knows."""
    return SeriesTable(["meter", "hall", "lamp", "attic", "total"], MEANINGS.get)


def test_what_is_known_of_a_series_is_said_once_a_day() -> None:
    """Beside its first reading of that day, also where series become known later."""
    series = table()
    descriptions = Descriptions(series)
    (meters, hall) = descriptions.rows(Readings.of([0, 1, 2, 3, 4, 0], [5, 6, 7, 8, DAY + 1, 9], [1.0] * 6))
    assert (meters.series.tolist(), meters.time.tolist()) == ([0, 4], [0, DAY])
    assert {name: column if isinstance(column, str) else column.tolist() for name, column in meters.fields.items()} == {
        "unit": "kWh",
        "kind": "counter",
        "counter": [1, 1],
        "hold": [0.0, 0.0],
    }
    assert (hall.series.tolist(), hall.time.tolist(), hall.fields["unit"], hall.fields["kind"]) == ([1], [0], "°C", "gauge")
    assert descriptions.rows(Readings.of([0, 4, 2], [DAY - 1, DAY + 2, DAY], [1.0] * 3)) == []
    series.add("new", meaning=Meaning(unit="V"))
    rows = descriptions.rows(Readings.of([0, 5], [DAY, DAY], [1.0, 2.0]))
    assert [(part.series.tolist(), part.time.tolist()) for part in rows] == [([0], [DAY]), ([5], [DAY])]


def _all(path: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def test_both_stores_take_the_rows(tmp_path: Path) -> None:
    """Again and again, beside the table of names that SQLite has."""
    series, store = table(), SqliteStore(tmp_path / "store.db")
    readings = Readings.of([0, 1], [5, 6], [1.0, 2.0])
    for _ in range(2):
        store.write(store.encode([*Descriptions(series).rows(readings), Points.of_readings(readings)], series))
    store.close()
    rows = "SELECT name, time, unit, kind FROM series_meaning JOIN series ON series = id ORDER BY name"
    assert _all(tmp_path / "store.db", rows) == [
        ("hall", 0, "°C", "gauge"),
        ("meter", 0, "kWh", "counter"),
    ]
    influx = open_address(Address.parse("influxdb://127.0.0.1:1/b"))
    assert influx.encode(Descriptions(series).rows(readings), series).decode().splitlines() == [
        'series,series=meter unit="kWh",kind="counter",counter=1i,hold=0.0 0',
        'series,series=hall unit="°C",kind="gauge",counter=0i,hold=0.0 0',
    ]

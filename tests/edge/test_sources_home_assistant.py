"""Home Assistant's database: years of hourly statistics and days of states, without counting twice (kind: usual inputs)."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from edge.contract.columns import SeriesTable
from edge.contract.meaning import Meaning
from edge.contract.times import SECOND
from edge.errors import StoreDenied
from edge.sources.settings import HistorySource
from edge.sources.source import open_source
from tests.support.home_assistant import Recorder
from tests.support.ingests import ingest
from tests.support.sources import ALL, START, read


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    """Four hours of an entity, a meter, and entities that are no numbers."""
    recorder = Recorder(tmp_path / "home-assistant_v2.db")
    recorder.means("sensor.living", [(START + 3600 * hour, 20.0 + hour) for hour in range(4)], "°C")
    recorder.sums("sensor.meter", [(START + 3600 * hour, 100.0 + hour, hour) for hour in range(3)], "kWh")
    recorder.sums("tibber:use", [(START, None, 5.0)], "kWh")
    states = [(START + 3600 * 2 + 600.5, "22.5"), (START + 3600 * 2 + 1200, "unavailable"), (START + 3600 * 4, "25")]
    recorder.states("sensor.living", states, "°C")
    recorder.states("light.hall", [(START, "on"), (START + 7200, "off")])
    recorder.means("sensor.gatecast_living_next", [(START, 20.0)], "°C")  # a forecast of ours
    recorder.states("binary_sensor.gatecast_living_warm", [(START, "1")])
    recorder.states("sensor.odd", [(START, "7"), (START + 1, "error")])
    return recorder


def section(recorder: Recorder) -> HistorySource:
    """The file without a query."""
    return HistorySource(f"sqlite:///{recorder.path}")


def test_statistics_and_states_join(recorder: Recorder) -> None:
    """An hour with states has the states alone; a meter's row holds at the end of its hour; a sum stands in for a state."""
    source = open_source(section(recorder), ())
    rows = read(source)
    assert rows["sensor.living"] == [(0, 20.0), (3600, 21.0), (7800.5, 22.5), (10_800, 23.0), (14_400, 25.0)]
    assert rows["sensor.meter"] == [(3599.999, 100.0), (7199.999, 101.0), (10_799.999, 102.0)]
    assert (rows["tibber:use"], rows["sensor.odd"]) == ([(3599.999, 5.0)], [(0, 7.0)])
    assert set(rows) == {"sensor.living", "sensor.meter", "tibber:use", "sensor.odd"}
    assert source.notes.lines() == [
        "entities whose states are no numbers, left out: 1, such as light.hall with 'on'",
        "states that are no numbers, left out: 1, such as 'error' of sensor.odd",
    ]


def test_units_and_meters_are_known(recorder: Recorder) -> None:
    """A table that knows a meaning of the name keeps it."""
    said = Meaning(unit="K")
    series = SeriesTable(meaning=lambda name: said if name == "sensor.living" else None)
    list(open_source(section(recorder), ()).readings(*ALL, series))
    meanings = dict(zip(series.names, series.meanings, strict=True))
    assert meanings["sensor.meter"] == Meaning("counter", unit="kWh")
    assert (meanings["sensor.living"], meanings["sensor.odd"]) == (said, None)


def test_a_span_of_time_is_half_open(recorder: Recorder) -> None:
    """Also inside of an hour."""
    source = open_source(section(recorder), ())
    assert source.span() == (START * SECOND, (START + 5 * 3600) * SECOND)
    rows = read(source, (START + 3600) * SECOND, (START + 14_400) * SECOND)
    assert [time for time, _ in rows["sensor.living"]] == [3600, 7800.5, 10_800]


def test_statistics_in_another_unit_are_left_out(recorder: Recorder) -> None:
    """They would be a jump in the series."""
    with closing(sqlite3.connect(recorder.path)) as connection, connection:
        connection.execute("UPDATE statistics_meta SET unit_of_measurement = '°F' WHERE statistic_id = 'sensor.living'")
    source = open_source(section(recorder), ())
    assert len(read(source)["sensor.living"]) == 2
    assert any("sensor.living': °F, now in °C" in line for line in source.notes.lines())


def test_an_entity_is_named_as_its_live_topic(recorder: Recorder) -> None:
    """Where a rule takes the topics of MQTT Statestream; states are the numbers that this rule makes of them."""
    rule = ingest("homeassistant/{domain}/{entity}/state", "{entity}", format="plain", scale=2.0, map={"on": 1.0})
    rows = read(open_source(section(recorder), [rule]))
    assert [value for _, value in rows["living"]] == [40, 42, 45, 46, 50]
    assert rows["hall"] == [(0, 2.0)]


def test_an_older_home_assistant_is_named(recorder: Recorder) -> None:
    """Its tables have other columns."""
    with closing(sqlite3.connect(recorder.path)) as connection, connection:
        connection.execute("ALTER TABLE states_meta RENAME TO old")
    with pytest.raises(StoreDenied, match=r"without the column states_meta\.entity_id; start Home Assistant 2023\.4"):
        open_source(section(recorder), ()).span()

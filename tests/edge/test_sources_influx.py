"""An InfluxDB as Telegraf, Home Assistant and others fill it, read and primed from without import (kind: usual inputs)."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.contract.columns import SeriesTable
from edge.contract.contract import Contract
from edge.contract.meaning import Meaning
from edge.contract.schema import CHECK
from edge.contract.times import SECOND
from edge.errors import ConfigurationError, StoreDenied
from edge.forecaster.baselines import seasonal_naive
from edge.messages.reading import Naming
from edge.series.engine import Engine
from edge.sources.influx.source import InfluxSource, open_settings
from edge.sources.settings import HistorySource
from edge.stores.influx import InfluxStore
from edge.stores.sqlite import SqliteStore
from tests.support.fake_influx import FakeInflux2, Reply
from tests.support.filling import prime
from tests.support.ingests import ingest
from tests.support.servers import Influx
from tests.support.sources import ALL, START, read

RULES = [ingest("sensors/{site}/{device}/{metric}")]
MINUTES = 300


def telegraf(minute: int) -> Iterator[str]:
    """Rows of mqtt_consumer: one measurement, the topic as a tag, a field per metric."""
    time = (START + 60 * minute) * SECOND
    for device in ("p1", "p2"):
        yield f'mqtt_consumer,host=pi,topic=sensors/hall/{device}/temp value={20 + minute % 7},state="on" {time}'
    yield f"mqtt_consumer,host=pi,topic=tele/plug ENERGY_Power={minute}i,ENERGY_Total={minute}.5 {time}"
    yield f"cpu,host=pi,cpu=cpu0 usage_idle={minute} {time}"


def home_assistant(minute: int) -> Iterator[str]:
    """Rows of Home Assistant: the unit is the measurement, and attributes are fields beside the value."""
    time = (START + 60 * minute) * SECOND
    yield f'°C,domain=sensor,entity_id=living value={minute % 9},friendly_name_str="Living room",battery_level=90 {time}'
    unit = "Wh" if minute < 100 else "kWh"
    yield f"{unit},domain=sensor,entity_id=meter value={minute} {time}"


@pytest.fixture
def filled(influx: Influx, bucket: str) -> Iterator[InfluxStore]:
    """A database with both schemas."""
    lines = [line for minute in range(MINUTES) for rows in (telegraf, home_assistant) for line in rows(minute)]
    influx.write(bucket, "\n".join(lines))
    store = InfluxStore(influx.url, bucket, "gatecast", influx.token)
    yield store
    store.close()


def source(store: InfluxStore, *, page: int = 1000, **keys: Any) -> InfluxSource:  # noqa: ANN401 - keys of the section
    """A source that reads the database in small pages."""
    return InfluxSource(store, HistorySource("influxdb://host/db", **keys), RULES, page=page)


def test_the_usual_schemas_are_read_and_primed_from_as_they_are(filled: InfluxStore, tmp_path: Path) -> None:
    """With the names of the live series where a rule takes the topic; what cannot be meant is left out by name."""
    rows = read(source(filled))
    assert {name: len(values) for name, values in rows.items()} == {
        "hall.p1.temp": MINUTES,
        "hall.p2.temp": MINUTES,
        "tele.plug.ENERGY_Power": MINUTES,
        "tele.plug.ENERGY_Total": MINUTES,
        "cpu.cpu0.pi.usage_idle": MINUTES,
        "sensor.living": MINUTES,
        "sensor.meter": MINUTES - 100,
    }
    assert rows["hall.p1.temp"] == [(60 * minute, 20 + minute % 7) for minute in range(MINUTES)]
    opened = source(filled)
    series = SeriesTable()
    list(opened.readings(*ALL, series))
    assert series.meanings[series.add("sensor.living")] == Meaning(unit="°C")
    assert [line.partition(",")[0] for line in opened.notes.lines()] == [
        "fields with texts or with true and false",
        "series with an earlier part in another unit",
    ]
    contract = Contract(interval=60 * SECOND, window=100, horizon=1, quantiles=(0.5,))
    engine = Engine(seasonal_naive(contract), (), SeriesTable())
    store = SqliteStore(tmp_path / "empty.db")
    latest = (START + 60 * MINUTES) * SECOND
    log = prime(engine, store, Naming(engine.series, RULES, 10), latest, [source(filled)])
    assert any("windows filled" in line for line in log)
    assert sorted(engine.series.names) == sorted(name for name in rows if not name.startswith("sensor."))  # as no rule does
    closed = engine.state.advance(latest)
    window = closed.windows[closed.series.tolist().index(engine.series.names.index("hall.p1.temp"))]
    np.testing.assert_array_equal(window, [20 + minute % 7 for minute in range(200, 300)])


def test_a_field_that_may_be_a_path_is_named_with_the_setting_that_makes_it_one(filled: InfluxStore) -> None:
    """The live value at ENERGY.Power has another name than the field ENERGY_Power; a separator ends the doubt."""
    rules = [ingest("tele/{device}", value="*")]
    open_question = InfluxSource(filled, HistorySource("influxdb://host/db", measurement="mqtt_*", field="*Power"), rules)
    assert list(read(open_question)) == ["plug.ENERGY_Power"]
    (line,) = open_question.notes.lines()
    assert line.endswith("such as 'plug.ENERGY_Power', then 'plug.ENERGY.Power'")
    assert 'separator = "_"' in line
    keys = {"measurement": "mqtt_*", "field": "*Power", "separator": "_"}
    settled = InfluxSource(filled, HistorySource("influxdb://host/db", **keys), rules)  # type: ignore[arg-type]
    assert list(read(settled)) == ["plug.ENERGY.Power"]
    assert settled.notes.lines() == []


@pytest.mark.parametrize("page", [2, 7])
def test_any_page_gives_the_same_rows(filled: InfluxStore, page: int) -> None:
    """Also one that ends within the rows of a moment."""
    start, stop = (START + 600) * SECOND, (START + 1200) * SECOND
    rows = read(source(filled, page=page, measurement="mqtt_*"), start, stop)
    assert rows == read(source(filled, measurement="mqtt_*"), start, stop)


def test_what_is_meant_is_chosen(filled: InfluxStore) -> None:
    """By patterns, tags and a template; a name that stands for several series at once is left out, not mixed."""
    chosen = source(filled, measurement="mqtt*", field="*Power", where={"topic": "tele/p*"}, series="{host}/{topic}", scale=2.0)
    assert {name: values[3] for name, values in read(chosen).items()} == {"pi/tele/plug": (180, 6.0)}
    mixed = source(filled, measurement="mqtt*", series="{host}")
    assert read(mixed) == {}
    assert "names that several series of the database have at the same time, left out" in mixed.notes.lines()[1]


def test_a_measurement_may_have_more_fields_than_a_query_can_name(influx: Influx, bucket: str) -> None:
    """They are read some at a time."""
    fields = ",".join(f"a_rather_long_name_of_a_field_{number}={number}" for number in range(400))
    influx.write(bucket, "\n".join(f"wide {fields} {(START + minute) * SECOND}" for minute in range(3)))
    influx.write(bucket, f"{CHECK} value=1 {START * SECOND}")  # what a look at the store could not delete is no history
    store = InfluxStore(influx.url, bucket, "gatecast", influx.token)
    rows = read(source(store))
    store.close()
    assert (len(rows), rows["wide.a_rather_long_name_of_a_field_399"]) == (400, [(0, 399.0), (1, 399.0), (2, 399.0)])


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"measurement": "nope"}, r"has no measurement 'nope'; it has 'Wh', 'cpu', 'kWh', 'mqtt_consumer'"),
        ({"field": "nope", "measurement": "cpu"}, r"has no field 'nope' with numbers in 'cpu'; it has 'usage_idle \(float\)'"),
        ({"where": {"hots": "pi"}}, r"has no tag 'hots', which where names; it has 'cpu', 'domain'"),
    ],
)
def test_what_is_not_there_is_named_beside_what_is(filled: InfluxStore, keys: dict[str, Any], words: str) -> None:
    """One line."""
    with pytest.raises(StoreDenied, match=words):
        source(filled, **keys).span()


def test_times_at_both_ends_of_what_influxdb_can_hold_are_read(influx: Influx, bucket: str) -> None:
    """By another program, or by a mistake; the span between them is more than a number of 64 bits."""
    ends = (-(2**63) + 2, 2**63 - 2)
    influx.write(bucket, "\n".join(f"m,t=a v={number} {time}" for number, time in enumerate([*ends, START * SECOND])))
    opened = source(InfluxStore(influx.url, bucket, "gatecast", influx.token))
    assert opened.span() == ends
    table = SeriesTable()
    assert [page.value.tolist() for page in opened.readings(ends[0], ends[1] + 1, table) if len(page)] == [[2.0]]
    opened.close()


def _answer(columns: list[str], row: list[object]) -> Reply:
    """An answer to a query, with one row."""
    series = [{"name": "m", "columns": columns, "values": [row]}]
    return 200, "application/json", json.dumps({"results": [{"statement_id": 0, "series": series}]})


@pytest.mark.parametrize(
    ("first", "keys"),
    [
        (["2026-01-01T00:00:00Z", 1.5, "a"], ["v", "float"]),
        ([None, 1.5, "a"], ["v", "float"]),
        ([2**70, 1.5, "a"], ["v", "float"]),
        ([], ["v", "float"]),
        ([START * SECOND, 1.5, "a"], ["v"]),
    ],
)
def test_an_answer_that_makes_no_sense_is_denied_in_a_line(first: list[object], keys: list[object]) -> None:
    """Such as times as text, from a server that does not know how to give them as numbers."""
    with FakeInflux2() as fake:
        replies = [_answer(["fieldKey", "fieldType"], keys), _answer(["tagKey"], ["t"]), _answer(["time", "v", "t"], first)]
        fake.instead = lambda *_: replies[min(len(fake.requests), len(replies)) - 1]
        opened = source(InfluxStore(fake.url, "b", "", "all"))
        with pytest.raises(StoreDenied, match=r"is no InfluxDB: expected .* from /query; check url"):
            opened.span()
        opened.close()


def test_a_wrong_address_names_the_section(influx: Influx) -> None:
    """And not the one of the store."""
    with pytest.raises(StoreDenied, match=r"database not found: nope\): name another one in \[\[history\]\] url, as in"):
        InfluxSource(InfluxStore(influx.url, "nope", "", influx.token), HistorySource("influxdb://host/nope"), ()).span()
    with pytest.raises(ConfigurationError, match=r"\[\[history\]\] url: keep the account out of it"):
        open_settings(HistorySource("influxdb://user:word@host/db"), ())

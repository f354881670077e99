"""Devices for Home Assistant, held against its documentation."""

import json

import pytest

from edge.contract.times import SECOND
from edge.publish.discovery import agent_document, alert_document, anomaly_document, series_document
from edge.publish.newest import Shape
from edge.publish.settings import Publish
from edge.publish.topics import ANOMALY_OF, Plan
from tests.support.discovered import House, Refused, parsed

TOPICS = Plan.of(Publish(), "agent").topics
SHAPE = Shape(900 * SECOND, 96, (0.1, 0.5, 0.9))


def house(unit: str = "°C", shape: Shape = SHAPE, series: str = "freezer.temperature") -> House:
    """A house that knows the agent and a series with an alert and an anomaly."""
    made = House()
    made.hear(TOPICS.device(), agent_document(TOPICS))
    made.hear(TOPICS.device(series), series_document(TOPICS, series, unit, shape))
    made.hear(TOPICS.device("warm", series), alert_document(TOPICS, "warm", series))
    made.hear(TOPICS.device(*ANOMALY_OF, series), anomaly_document(TOPICS, series))
    return made


@pytest.mark.parametrize("unit", ["", "°C", "Cel", "%", "ppm", "kWh", "W", "hPa", "apples"])
@pytest.mark.parametrize("series", ["freezer.temperature", "Küche/Ofen", "温度", "a+b #"])
def test_every_document_is_taken(unit: str, series: str) -> None:
    """Whatever unit and name: keys, kinds, classes with their units, identifiers."""
    assert len(house(unit, series=series).entities) == 8


def test_entities_have_units_and_values() -> None:
    """Those of the readings, and times where times are told; none of them is a measurement."""
    made = house()
    entities = {name.removeprefix("Gatecast freezer.temperature "): entity for name, entity in made.entities.items()}
    highest, moment = entities["Highest forecast within 1d"], entities["Time of the highest forecast"]
    assert (highest["device_class"], highest["unit_of_measurement"]) == ("temperature", "°C")
    assert (moment["device_class"], "unit_of_measurement" in moment) == ("timestamp", False)
    assert not any("state_class" in entity for entity in entities.values())
    assert highest["expire_after"] == 2700
    made.hear(f"{TOPICS.prefix}/status", b"online")
    made.hear(TOPICS.forecast("freezer.temperature"), b'{"next": -18.5, "maximum": -17, "maximum_at": "2026-09-21T14:15:00Z"}')
    assert made.value("Gatecast freezer.temperature Next forecast") == -18.5
    assert made.value("Gatecast freezer.temperature Time of the highest forecast") == "2026-09-21T14:15:00Z"
    made.hear(f"{TOPICS.prefix}/status", b"offline")
    assert made.value("Gatecast freezer.temperature Next forecast") is None


def test_each_name_says_what_it_is_of() -> None:
    """A device page shows it without the name of the device. The identifiers stay, so entities keep their history."""
    names = [
        (name.removeprefix("Gatecast freezer.temperature "), entity["unique_id"].removeprefix("gatecast_freezer_temperature_"))
        for name, entity in house().entities.items()
        if not name.startswith("Gatecast agent ")
    ]
    assert names == [
        ("Next forecast", "94a402683569_next"),
        ("Highest forecast within 1d", "94a402683569_maximum"),
        ("Time of the highest forecast", "94a402683569_maximum_at"),
        ("Lowest forecast within 1d", "94a402683569_minimum"),
        ("Time of the lowest forecast", "94a402683569_minimum_at"),
        ("warm", "gatecast_warm_freezer_temperature_37ccf38dc266_alert"),
        ("Anomaly", "gatecast_anomaly_of_freezer_temperature_185082f1ad98_anomaly"),
    ]


def test_a_number_without_a_unit_is_a_number() -> None:
    """Home Assistant takes a state without a unit for a text, unless it has a precision."""
    entity = house("").entities["Gatecast freezer.temperature Next forecast"]
    assert (entity["suggested_display_precision"], "unit_of_measurement" in entity) == (2, False)


def test_all_entities_of_a_series_are_one_device() -> None:
    """Below that of the agent; its alert and its anomaly as well."""
    documents = list(house().devices.values())
    agent, series, *others = (document["device"] for document in documents)
    assert others == [series, series]
    assert series["via_device"] == agent["identifiers"][0]


def test_a_long_forecast_is_no_attribute() -> None:
    """Home Assistant stores 16 kB of attributes: `q50` of a day of minutes does not fit."""
    key = "Gatecast freezer.temperature Next forecast"
    assert "q50" in house().entities[key]["json_attributes_template"]
    long = Shape(60 * SECOND, 1440, (0.5,))
    template = house(shape=long).entities[key]["json_attributes_template"]
    assert (
        template == "{{ {'origin': value_json.origin, 'interval': value_json.interval, 'model': value_json.model} | tojson }}"
    )
    assert house(shape=Shape(SECOND, 60, (0.5,))).entities[key]["expire_after"] == 300


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"o": None}, "origin"),
        ({"dev": {}}, "identifiers"),
        ({"cmps": {"a": {"p": "sensor", "name": "a", "stat_t": "t"}}}, "unique_id"),
        ({"cmps": {"a": {"p": "toaster"}}}, "toaster"),
        ({"cmps": {"a": {"p": "sensor", "uniq_id": "a", "name": "a", "dev_cla": "power", "unit_of_meas": "V"}}}, "unit"),
        ({"cmps": {"a": {"p": "sensor", "uniq_id": "a", "name": "a", "flavour": "b"}}}, "flavour"),
    ],
)
def test_the_house_refuses_what_home_assistant_refuses(change: dict[str, object], words: str) -> None:
    """Else it would prove nothing."""
    document = json.loads(series_document(TOPICS, "t", "°C", SHAPE))
    with pytest.raises(Refused, match=words):
        parsed(document | change)

"""Devices as Home Assistant discovers them: a device for each series, with its sensors, and one for the agent. No I/O.

The documents are those of device discovery (Home Assistant 2024.12 and later), one for each device: its description `dev`, the
origin of the message `o`, and its entities `cmps`, each with its platform `p` and an identifier that never changes. An empty
document in its stead removes all of them. A forecast is no measurement, so no entity has a `state_class`: Home Assistant would
make statistics of it. Its device pages show the name of an entity without that of its device, so each name says what it is of.
"""

import importlib
from functools import cache
from typing import Any

import msgspec

from edge.contract.contract import quantile_name
from edge.contract.times import SECOND, format_duration
from edge.publish.newest import Shape
from edge.publish.topics import ANOMALY_OF, Topics, identifier
from edge.publish.units import class_of, unit_there

NAME = "Gatecast"  # the beginning of each name: entities are called by it, and so are known when they come back as readings
ONLINE, OFFLINE = "online", "offline"
INTERVALS = 3  # without a new forecast, after which a sensor has no value any more
SHORTEST_EXPIRY = 300  # seconds
# Home Assistant stores up to 16,384 bytes of attributes with each state; a number of a forecast takes up to 11.
MOST_NUMBERS = 1_200

Document = dict[str, Any]


def agent_document(topics: Topics) -> bytes:
    """The device of the agent, with its state."""
    name = identifier(topics.client_id)
    status = {
        "p": "binary_sensor",
        "uniq_id": f"{name}_status",
        "name": "Status",
        "dev_cla": "connectivity",
        "ent_cat": "diagnostic",
        "stat_t": topics.status,
        "pl_on": ONLINE,
        "pl_off": OFFLINE,
    }
    device = {"ids": [name], "name": f"{NAME} {topics.client_id}", "mf": NAME, "mdl": "Agent", "sw": our_version()}
    return msgspec.json.encode({"dev": device, "o": _origin(), "cmps": {"status": status}})


def series_device(topics: Topics, series: str) -> Document:
    """The device of a series, as each document about it describes it."""
    return {
        "ids": [identifier(topics.client_id, series)],
        "name": f"{NAME} {series}",
        "mf": NAME,
        "mdl": "Forecast",
        "via_device": identifier(topics.client_id),
    }


def series_document(topics: Topics, series: str, unit: str, shape: Shape) -> bytes:
    """The device of a series: what comes next, and the highest and the lowest value of the horizon with their times.

    Args:
        topics: topics of the agent.
        series: name of the series.
        unit: unit of its values, empty where nobody knows.
        shape: interval, horizon and quantiles of its forecasts.
    """
    topic, name = topics.forecast(series), identifier(topics.client_id, series)
    common = {"p": "sensor", "exp_aft": max(INTERVALS * shape.interval // SECOND, SHORTEST_EXPIRY)}
    number = {**common, **_meaning(unit)}
    ahead = format_duration(shape.horizon * shape.interval)
    told = ["origin", "interval", "model"]
    if shape.horizon * len(shape.quantiles) <= MOST_NUMBERS:
        told += [quantile_name(level) for level in shape.quantiles]
    entities = {"next": {**number, "name": "Next forecast", "val_tpl": "{{ value_json.next }}", **_attributes(topic, told)}}
    for key, words in (("maximum", "Highest"), ("minimum", "Lowest")):
        entities[key] = {
            **number,
            "name": f"{words} forecast within {ahead}",
            "val_tpl": f"{{{{ value_json.{key} }}}}",
            "json_attr_t": topic,
            "json_attr_tpl": f"{{{{ {{'time': value_json.{key}_at}} | tojson }}}}",
        }
        entities[f"{key}_at"] = {
            **common,
            "name": f"Time of the {words.lower()} forecast",
            "dev_cla": "timestamp",
            "val_tpl": f"{{{{ value_json.{key}_at }}}}",
        }
    for key, entity in entities.items():
        entity["uniq_id"] = f"{name}_{key}"
    document = {
        "dev": series_device(topics, series),
        "o": _origin(),
        "avty_t": topics.status,
        "stat_t": topic,
        "cmps": entities,
    }
    return msgspec.json.encode(document)


def alert_document(topics: Topics, rule: str, series: str) -> bytes:
    """The alert of a rule, which is one more entity of the device of its series."""
    name = identifier(topics.client_id, rule, series)
    return _problem(topics, series, "alert", {"uniq_id": f"{name}_alert", "name": rule, "stat_t": topics.alert(rule, series)})


def anomaly_document(topics: Topics, series: str) -> bytes:
    """The anomaly of a series, which is one more entity of its device."""
    name = identifier(topics.client_id, *ANOMALY_OF, series)
    entity = {"uniq_id": f"{name}_anomaly", "name": "Anomaly", "stat_t": topics.anomaly(series)}
    return _problem(topics, series, "anomaly", entity)


def _problem(topics: Topics, series: str, key: str, entity: Document) -> bytes:
    """An entity that is on while something is raised, with the whole document as attributes."""
    raised = "{{ 'ON' if value_json.raised else 'OFF' }}"
    whole = {"p": "binary_sensor", **entity, "dev_cla": "problem", "val_tpl": raised, "json_attr_t": entity["stat_t"]}
    document = {"dev": series_device(topics, series), "o": _origin(), "avty_t": topics.status, "cmps": {key: whole}}
    return msgspec.json.encode(document)


def _attributes(topic: str, keys: list[str]) -> Document:
    """Attributes of an entity: some keys of the document of a forecast."""
    pairs = ", ".join(f"'{key}': value_json.{key}" for key in keys)
    return {"json_attr_t": topic, "json_attr_tpl": f"{{{{ {{{pairs}}} | tojson }}}}"}


def _meaning(unit: str) -> Document:
    """Unit and device class of a number; without a unit Home Assistant takes it for a text, unless it has a precision."""
    there = unit_there(unit)
    if not there:
        return {"sug_dsp_prc": 2}
    kind = class_of(there)
    return {"unit_of_meas": there} if kind is None else {"unit_of_meas": there, "dev_cla": kind}


def _origin() -> Document:
    return {"name": "gatecast", "sw": our_version()}


@cache
def our_version() -> str:
    """The version of this program."""
    metadata = importlib.import_module("importlib.metadata")  # half a megabyte that most agents do not need
    return str(metadata.version("gatecast"))

"""Home Assistant as its documentation has it: what it makes of discovery messages, and what it refuses.

Written from the pages of `mqtt` (device discovery, availability), `sensor`, `binary_sensor` and `sensor.mqtt`, 2024.12.
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any

SHORT = {
    "dev": "device",
    "o": "origin",
    "cmps": "components",
    "p": "platform",
    "avty_t": "availability_topic",
    "stat_t": "state_topic",
    "val_tpl": "value_template",
    "uniq_id": "unique_id",
    "unit_of_meas": "unit_of_measurement",
    "dev_cla": "device_class",
    "ent_cat": "entity_category",
    "exp_aft": "expire_after",
    "sug_dsp_prc": "suggested_display_precision",
    "json_attr_t": "json_attributes_topic",
    "json_attr_tpl": "json_attributes_template",
    "pl_on": "payload_on",
    "pl_off": "payload_off",
}
SHORT_OF_DEVICE = {"ids": "identifiers", "mf": "manufacturer", "mdl": "model", "sw": "sw_version"}
SHORT_OF_ORIGIN = {"sw": "sw_version", "url": "support_url"}
DEVICE = {"identifiers", "name", "manufacturer", "model", "sw_version", "via_device"}
SENSOR = {
    "unique_id": str,
    "name": str,
    "state_topic": str,
    "value_template": str,
    "unit_of_measurement": str,
    "device_class": str,
    "expire_after": int,
    "suggested_display_precision": int,
    "json_attributes_topic": str,
    "json_attributes_template": str,
    "availability_topic": str,
}
BINARY_SENSOR = {
    key: kind for key, kind in SENSOR.items() if key not in ("unit_of_measurement", "suggested_display_precision")
} | {"payload_on": str, "payload_off": str, "entity_category": str}
PLATFORMS = {"sensor": SENSOR, "binary_sensor": BINARY_SENSOR}
UNITS: dict[str, set[str | None]] = {
    "temperature": {"°C", "°F", "K"},
    "power": {"mW", "W", "kW", "MW", "GW", "TW", "BTU/h"},
    "energy": {"J", "kJ", "MJ", "GJ", "mWh", "Wh", "kWh", "MWh", "GWh", "TWh", "cal", "kcal", "Mcal", "Gcal"},
    "pressure": {"Pa", "hPa", "kPa", "bar", "cbar", "mbar", "mmHg", "inHg", "psi"},
    "timestamp": {None},
}
BINARY_CLASSES = {"connectivity", "problem"}
CONFIG = re.compile(r"homeassistant/device/([a-zA-Z0-9_-]+)/config")


class Refused(Exception):
    """A message that Home Assistant would not take; the text says why."""


@dataclass
class House:
    """Devices and entities, after some retained or live messages."""

    devices: dict[str, dict[str, Any]] = field(default_factory=dict)  # by topic
    states: dict[str, bytes] = field(default_factory=dict)  # last payload by topic

    def hear(self, topic: str, payload: bytes) -> None:
        """Take a message.

        Raises:
            Refused: it is a device that cannot be used.
        """
        if not topic.endswith("/config"):
            self.states[topic] = payload
            return
        if CONFIG.fullmatch(topic) is None:
            raise Refused(f"no topic of a device: {topic}")
        if not payload:
            self.devices.pop(topic, None)
            return
        self.devices[topic] = parsed(json.loads(payload))
        identifiers = [entity["unique_id"] for entity in self.entities.values()]
        if len(set(identifiers)) < len(identifiers):
            raise Refused("two entities have the same unique_id")

    @property
    def entities(self) -> dict[str, dict[str, Any]]:
        """All entities by the name that they get: device and entity."""
        return {
            f"{document['device']['name']} {entity['name']}": {**shared(document), **entity}
            for document in self.devices.values()
            for entity in document["components"].values()
        }

    def value(self, name: str) -> Any:  # noqa: ANN401 - a number, a text or nothing
        """State of an entity; None where it is unavailable or unknown."""
        entity = self.entities[name]
        if (topic := entity.get("availability_topic")) is not None and self.states.get(topic) != b"online":
            return None
        payload = self.states.get(entity["state_topic"])
        if payload is None:
            return None
        template = entity.get("value_template", "")
        if (simple := re.fullmatch(r"\{\{ value_json\.(\w+) \}\}", template)) is not None:
            return json.loads(payload)[simple[1]]
        if template == "{{ 'ON' if value_json.raised else 'OFF' }}":
            return "ON" if json.loads(payload)["raised"] else "OFF"
        if template:
            raise Refused(f"a template that this house does not know: {template}")
        return payload.decode()


def parsed(document: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """A device with whole words as keys.

    Raises:
        Refused: Home Assistant would not take it.
    """
    whole = _long(document, SHORT)
    for key in ("device", "origin", "components"):
        if not isinstance(whole.get(key), dict):
            raise Refused(f"{key} is required")
    whole["device"] = _long(whole["device"], SHORT_OF_DEVICE)
    whole["origin"] = _long(whole["origin"], SHORT_OF_ORIGIN)
    if not whole["device"].get("identifiers") or set(whole["device"]) - DEVICE:
        raise Refused(f"a device needs identifiers, and has these keys only: {sorted(DEVICE)}")
    if not isinstance(whole["origin"].get("name"), str):
        raise Refused("origin needs a name")
    whole["components"] = {key: _long(entity, SHORT) for key, entity in whole["components"].items()}
    for entity in whole["components"].values():
        _check({**shared(whole), **entity})
    return whole


def shared(document: dict[str, Any]) -> dict[str, Any]:
    """What the entities of a device inherit."""
    return {key: document[key] for key in ("availability_topic", "state_topic") if key in document}


def _long(document: dict[str, Any], words: dict[str, str]) -> dict[str, Any]:
    return {words.get(key, key): value for key, value in document.items()}


def _check(entity: dict[str, Any]) -> None:
    platform = entity.get("platform")
    if platform not in PLATFORMS:
        raise Refused(f"platform {platform} is not known here")
    keys = PLATFORMS[platform]
    for key, value in entity.items():
        if key != "platform" and (key not in keys or not isinstance(value, keys[key])):
            raise Refused(f"{platform}: {key} is unknown or of another kind: {value!r}")
    for key in ("unique_id", "name", "state_topic"):
        if not entity.get(key):
            raise Refused(f"{key} is required")
    kind, unit = entity.get("device_class"), entity.get("unit_of_measurement")
    if platform == "binary_sensor" and kind not in BINARY_CLASSES | {None}:
        raise Refused(f"no class of a binary sensor: {kind}")
    if platform == "sensor" and kind is not None and unit not in UNITS[kind]:
        raise Refused(f"{kind} has no unit {unit!r}")

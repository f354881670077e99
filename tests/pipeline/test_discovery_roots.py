"""Presets are found below other roots, where messages or topics say so (kind K9: what is taken for something else)."""

from edge.messages.presets.table import PRESETS
from pipeline.discovery.finder import discover
from pipeline.discovery.roots import Rooted, with_roots
from tests.support.heard_topics import heard

CLIMATE = {"temperature": 21.5, "humidity": 40, "battery": 90, "linkquality": 88}
STATE = {"Time": "2026-09-21T14:00:00", "UptimeSec": 5, "Heap": 25, "POWER": "ON"}
SENSOR = {"Time": "2026-09-21T14:00:00", "AM2301": {"Temperature": 21.5}}


def test_names_in_messages_tell_the_preset() -> None:
    """Also for the other topics of its root, and with a name before all topics."""
    live: dict[str, list[object]] = {
        "zigbee-attic/room": [CLIMATE],
        "zigbee-attic/hall/plug": [CLIMATE | {"power": 5}],
        "site9/tele/x/STATE": [STATE],
        "site9/tele/x/SENSOR": [SENSOR],
    }
    assert with_roots(heard(live), PRESETS) == {
        "zigbee-attic/room": Rooted("zigbee2mqtt", "zigbee-attic"),
        "zigbee-attic/hall/plug": Rooted("zigbee2mqtt", "zigbee-attic"),
        "site9/tele/x/STATE": Rooted("tasmota", "site9/tele"),
        "site9/tele/x/SENSOR": Rooted("tasmota", "site9/tele"),
    }


def test_topics_with_several_fixed_levels_tell_the_preset() -> None:
    """Its own root counts before another preset's."""
    live = {
        "site9/homeassistant/sensor/x/state": ["1"],
        "site9/node/sensor/y/state": ["1"],
        "site9/node2/sensor/y/state": ["1"],
    }
    rooted = with_roots(heard(live), PRESETS)
    assert rooted["site9/homeassistant/sensor/x/state"] == Rooted("home_assistant", "site9/homeassistant")
    assert rooted["site9/node/sensor/y/state"] == Rooted("esphome", "site9")


def test_a_sensor_of_ones_own_is_no_preset() -> None:
    """Temperature and humidity are everybody's, and so is a voltage."""
    own = {name: value for name, value in CLIMATE.items() if name != "linkquality"}
    live: dict[str, list[object]] = {
        "house/room": [own],
        "house/meter/voltage": ["230"],
        "house/meter/temp": ["21"],
        "x/y/power": ["5"],
    }
    assert with_roots(heard(live), PRESETS) == {}


def test_the_rule_names_preset_and_root() -> None:
    """And reads the messages."""
    discovery = discover(
        heard({"zigbee-attic/room": [CLIMATE], "zigbee-attic/hall/room": [CLIMATE]}), 60, lambda _: None, PRESETS
    )
    (finding,) = discovery.findings
    assert (finding.proposal.rule.preset, finding.proposal.rule.topic) == ("zigbee2mqtt", "zigbee-attic/#")
    assert finding.series == 6

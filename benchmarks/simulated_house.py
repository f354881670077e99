"""A house full of mixed devices: 500 topics of 15 kinds, and what else lies in its broker."""

import json

from device_signals import phase
from simulated_devices import (
    chirpstack,
    esphome,
    evcc,
    kepserver,
    openevse,
    own_sensor,
    rtl_433,
    shelly_events,
    shelly_first,
    shelly_status,
    statestream,
    tasmota,
    telegraf,
    things_stack,
    zigbee,
)
from simulated_messages import Device, Published, words


def fleet() -> list[Device]:
    """All devices; together they publish to 500 topics."""
    rooms = ("hall", "kitchen", "cellar", "attic", "office")
    zigbees = [
        f"{room + '/' if number == 3 else ''}{kind}_{room}{number}"
        for kind in ("climate", "plug", "contact", "motion")
        for room in rooms
        for number in range(4)
    ]
    entities = [f"{room}{number}_{shape}" for room in rooms for number in (1, 2) for shape in ("temperature", "humidity")]
    own = [f"home/{room}/{shape}" for room in rooms for shape in ("temperature", "power")]
    return [
        *(Device("tasmota", f"tasmota_{number:06X}", 300, tasmota) for number in range(0xA0, 0xA0 + 50)),
        *(Device("zigbee2mqtt", name, 60 if "plug" in name else 400, zigbee) for name in zigbees),
        *(Device("shelly", f"shellyplus1pm-{number:012x}", 60, shelly_status) for number in range(12)),
        *(Device("shelly_events", f"shellyplugs3-{number:012x}", 60, shelly_events) for number in range(9)),
        *(Device("shelly_gen1", f"shelly1pm-{number:06X}", 30, shelly_first) for number in range(8)),
        *(Device("esphome", f"{room}-node{number}", 60, esphome, on_change=True) for room in rooms for number in range(4)),
        *(Device("chirpstack", f"24e124{number:010x}", 600, chirpstack) for number in range(15)),
        *(Device("the_things_stack", f"soil-{number}", 600, things_stack) for number in range(15)),
        *(Device("rtl_433", f"receiver{number}", 40, rtl_433) for number in range(3)),
        *(Device("statestream", name, 90, statestream, on_change=True) for name in entities),
        Device("evcc", "evcc", 30, evcc, on_change=True),
        *(Device("openevse", f"openevse-{number:04x}", 30, openevse, on_change=True) for number in range(2)),
        *(Device("kepserver", f"Line{number}", 10, kepserver) for number in range(2)),
        *(Device("telegraf", f"host{number}", 10, telegraf) for number in range(4)),
        *(Device("own", name, 60, own_sensor) for name in own),
    ]


def retained() -> list[Published]:
    """What else lies in such a broker: wills, descriptions, pictures, a password, a message that nobody took away."""
    found = []
    for device in fleet():
        if device.kind == "tasmota":
            found.append(words(f"tele/{device.name}/LWT", "Online", retained=True))
            described = {"ip": "192.168.1.20", "dn": device.name, "ty": 0, "rl": [1, 0], "ver": 1}
            found.append(Published(f"tasmota/discovery/{device.name}/config", json.dumps(described).encode(), retained=True))
        elif device.kind == "zigbee2mqtt":
            found.append(words(f"zigbee2mqtt/{device.name}/availability", '{"state":"online"}', retained=True))
            described = {"state_topic": f"zigbee2mqtt/{device.name}", "value_template": "{{ value_json.battery }}", "qos": 0}
            topic = f"homeassistant/sensor/0x{int(phase(device.name) * 16**12):012x}/battery/config"
            found.append(Published(topic, json.dumps(described).encode(), retained=True))
        elif device.kind == "esphome":
            found.append(words(f"{device.name}/status", "online", retained=True))
        elif device.kind.startswith("shelly"):
            prefix = "shellies/" if device.kind == "shelly_gen1" else ""
            found.append(words(f"{prefix}{device.name}/online", "true", retained=True))
    devices = [{"ieee_address": f"0x{number:016x}", "definition": {"exposes": [{"name": "battery"}]}} for number in range(80)]
    found.append(Published("zigbee2mqtt/bridge/devices", json.dumps(devices).encode(), retained=True))
    found.append(words("zigbee2mqtt/bridge/state", '{"state":"online"}', retained=True))
    found.append(words("evcc/status", "online", retained=True))
    found.append(words("home/router/config", '{"ssid":"home","password":"not-a-real-one","channel":6}', retained=True))
    found.append(Published("camera/door/snapshot", b"\xff\xd8\xff\xe0" + bytes(range(256)) * 40, retained=True))
    found.append(Published("old/binary/counter", (4711).to_bytes(4, "big"), retained=True))
    found.append(words("meter/display", "1.234,5 kWh", retained=True))
    return found

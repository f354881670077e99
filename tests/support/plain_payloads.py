"""Payloads that are one number or one word, with the readings in them."""

from tests.support.payload_sample import Sample

ESPHOME = (
    Sample("esphome", "sensor", "attic-node/sensor/attic_co2/state", "641", {"attic-node.attic_co2": 641.0}),
    Sample("esphome", "sensor without a value", "attic-node/sensor/attic_co2/state", "nan", {}),
    Sample("esphome", "contact", "attic-node/binary_sensor/window/state", "ON", {"attic-node.window": 1.0}),
    Sample("esphome", "an entity of Home Assistant", "homeassistant/sensor/outdoor_temp/state", "-3.4", {}),
    Sample("esphome", "switch", "attic-node/switch/fan/state", "OFF", {"attic-node.fan": 0.0}),
)

HOME_ASSISTANT = (
    Sample(
        "home_assistant", "sensor", "homeassistant/sensor/outdoor_temp/state", "-3.4", {"sensor.outdoor_temp": -3.4}, held=True
    ),
    Sample("home_assistant", "sensor that is away", "homeassistant/sensor/outdoor_temp/state", "unavailable", {}),
    Sample("home_assistant", "number", "homeassistant/input_number/setpoint/state", "21.0", {"input_number.setpoint": 21.0}),
    Sample("home_assistant", "window", "homeassistant/binary_sensor/window/state", "off", {"binary_sensor.window": 0.0}),
    Sample("home_assistant", "switch", "homeassistant/switch/pump/state", "on", {"switch.pump": 1.0}),
)

EVCC = (
    Sample("evcc", "house", "evcc/site/homePower", "612", {"evcc.site.homePower": 612}, units={"evcc.site.homePower": "W"}),
    Sample("evcc", "grid", "evcc/site/grid/power", "-1203.5", {"evcc.site.grid.power": -1203.5}),
    Sample(
        "evcc",
        "meter",
        "evcc/site/grid/energy",
        "8123.44",
        {"evcc.site.grid.energy": 8123.44},
        counters={"evcc.site.grid.energy"},
        units={"evcc.site.grid.energy": "kWh"},
    ),
    Sample("evcc", "one of several roofs", "evcc/site/pv/2/power", "310", {"evcc.site.pv.2.power": 310}),
    Sample("evcc", "charging point", "evcc/loadpoints/1/chargePower", "7360", {"evcc.loadpoints.1.chargePower": 7360}),
    Sample("evcc", "phase", "evcc/loadpoints/1/chargeCurrents/2", "15.9", {"evcc.loadpoints.1.chargeCurrents.2": 15.9}),
    Sample("evcc", "whether it charges", "evcc/loadpoints/2/charging", "true", {"evcc.loadpoints.2.charging": 1.0}),
)

OPENEVSE = (
    Sample("openevse", "current", "openevse-55ad/amp", "15870", {"openevse-55ad.amp": 15.87}, units={"openevse-55ad.amp": "A"}),
    Sample("openevse", "temperature in tenths", "openevse-55ad/temp1", "284", {"openevse-55ad.temp1": 28.4}),
    Sample("openevse", "a sensor that is not fitted", "openevse-55ad/temp3", "false", {}),
    Sample(
        "openevse",
        "meter",
        "openevse-55ad/total_energy",
        "2871.5",
        {"openevse-55ad.total_energy": 2871.5},
        counters={"openevse-55ad.total_energy"},
        units={"openevse-55ad.total_energy": "kWh"},
    ),
    Sample(
        "openevse",
        "session",
        "openevse-55ad/session_energy",
        "1200",
        {"openevse-55ad.session_energy": 1200},
        counters={"openevse-55ad.session_energy"},
    ),
)

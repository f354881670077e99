"""Presets of what measures in a house: Tasmota, Zigbee2MQTT, Shelly, ESPHome and Home Assistant.

A time of these payloads is not used, but for that of Shelly's notifications: Tasmota writes its wall clock without a zone,
Zigbee2MQTT writes none unless it is told to, and the others have none. They publish as they measure, so the time of arrival is
right to the second.
"""

from edge.messages.presets.known import by_key, counters, ignoring, units
from edge.messages.rule import IngestRule

STATES = {"ON": 1.0, "OFF": 0.0, "on": 1.0, "off": 0.0, "true": 1.0, "false": 0.0}

# `ENERGY.Today` begins again every night, which a counter may. The names of a reading head (`SML`, `MT175`, …) are the user's.
# A DS18B20 says 85 °C when it has just got power, and -127 °C when it is gone.
TASMOTA = (
    IngestRule(
        topic="tele/{device}/SENSOR",
        time="",
        value="*",
        values=by_key(
            counters("kWh", "ENERGY.Total", "ENERGY.Total.*", "ENERGY.Today", "ENERGY.Today.*"),
            counters("kWh", "ENERGY.TotalTariff.*", "ENERGY.ExportTariff.*", "ENERGY.ImportActive*", "ENERGY.ExportActive*"),
            counters("kvarh", "ENERGY.ImportReactive*", "ENERGY.ExportReactive*"),
            counters("kWh", "*.Total_in", "*.Total_out", "*.E_in", "*.E_out"),
            counters("", "COUNTER.*"),
            units("kWh", "ENERGY.Yesterday", "ENERGY.Yesterday.*"),
            units("Wh", "ENERGY.Period", "ENERGY.Period.*"),
            units("W", "ENERGY.Power", "ENERGY.Power.*"),
            units("VA", "ENERGY.ApparentPower", "ENERGY.ApparentPower.*"),
            units("var", "ENERGY.ReactivePower", "ENERGY.ReactivePower.*"),
            units("V", "ENERGY.Voltage", "ENERGY.Voltage.*"),
            units("A", "ENERGY.Current", "ENERGY.Current.*"),
            units("Hz", "ENERGY.Frequency", "ENERGY.Frequency.*"),
            units("%", "*.Humidity", "*.Moisture"),
            ignoring((85.0, -127.0), "DS18B20.Temperature", "DS18B20-*.Temperature"),
            units("lx", "*.Illuminance"),
            units("ppm", "*.CarbonDioxide", "*.eCO2"),
            units("ppb", "*.TVOC"),
            units("µg/m³", "*.PM1", "*.PM2.5", "*.PM10"),
        ),
        map=STATES,
        drop=("*.Id",),
    ),
    IngestRule(
        topic="tele/{device}/STATE",
        time="",
        value="*",
        map=STATES,
        drop=("UptimeSec", "Heap", "Sleep", "LoadAvg", "MqttCount", "Wifi.*", "Berry.*", "Ethernet.*", "Channel.*"),
    ),
)

# Topics have one level, or several where a name has a slash. Sensors report when something changes, and every hour or so.
ZIGBEE2MQTT = (
    IngestRule(
        topic="zigbee2mqtt/{device...}",
        skip=(
            "zigbee2mqtt/bridge/#",
            *(
                f"zigbee2mqtt/{'+/' * levels}{last}"
                for levels in (1, 2, 3)
                for last in ("availability", "set", "get", "action")
            ),
        ),
        time="",
        value="*",
        values=by_key(
            counters("kWh", "energy", "produced_energy"),
            units("°C", "temperature", "local_temperature", "device_temperature", "soil_temperature"),
            units("%", "humidity", "soil_moisture", "battery"),
            units("hPa", "pressure"),
            units("W", "power"),
            units("A", "current"),
            units("lx", "illuminance_lux"),
            units("ppm", "co2"),
        ),
        map=STATES,
        drop=("linkquality", "last_seen", "elapsed", "update.*", "update_available", "device.*"),
        fill="hold",
    ),
)

_SHELLY_COUNTERS = (
    *("aenergy.total", "ret_aenergy.total", "total_act", "total_act_ret", "total_act_energy", "total_act_ret_energy"),
    *(f"{phase}_total_act{returned}_energy" for phase in "abc" for returned in ("", "_ret")),
)
_SHELLY_UNITS = (
    ("W", ("apower", "act_power", "total_act_power", *(f"{phase}_act_power" for phase in "abc"))),
    ("V", ("voltage", *(f"{phase}_voltage" for phase in "abc"), "battery.V")),
    ("A", ("current", "total_current", *(f"{phase}_current" for phase in "abcn"))),
    ("Hz", ("freq", *(f"{phase}_freq" for phase in "abc"))),
    ("°C", ("tC", "temperature.tC")),
    ("%", ("rh", "battery.percent")),
    ("lx", ("lux",)),
)
_SHELLY_SYSTEM = ("sys", "wifi", "ble", "cloud", "mqtt", "ws", "eth", "ht_ui", "knx", "matter", "bthome")
# The temperature stands there twice, the energy of the last minutes is in its total.
_SHELLY_DROP = ("*tF", "*by_minute.*", "*minute_ts", "timer_*", "*.timer_*", "*external.*")

SHELLY = (
    IngestRule(
        topic="{device}/status/{component}",
        skip=tuple(f"+/status/{component}" for component in _SHELLY_SYSTEM),
        series="{device}.{component}.{key}",
        time="",
        value="*",
        values=by_key(
            counters("", "counts.total"),
            counters("Wh", *_SHELLY_COUNTERS),
            *(units(unit, *keys) for unit, keys in _SHELLY_UNITS),
        ),
        map=STATES,
        drop=("id", *_SHELLY_DROP),
        fill="hold",
    ),
)

SHELLY_EVENTS = (
    IngestRule(
        topic="{device}/events/rpc",
        series="{device}.{key}",
        time="params.ts",
        time_unit="s",
        value="params.*",
        values=by_key(
            counters("", "*.counts.total"),
            counters("Wh", *(f"*.{key}" for key in _SHELLY_COUNTERS)),
            *(units(unit, *(f"*.{key}" for key in keys)) for unit, keys in _SHELLY_UNITS),
        ),
        map=STATES,
        drop=("*.id", "events.*", *(f"{component}.*" for component in _SHELLY_SYSTEM), *_SHELLY_DROP),
        fill="hold",
    ),
)

# The energy of a relay is counted in watt minutes there, that of a meter in watt hours.
SHELLY_GEN1 = (
    IngestRule("shellies/{device}/relay/{channel}/power", "{device}.relay.{channel}.power", "plain", unit="W"),
    IngestRule(
        "shellies/{device}/relay/{channel}/energy", "{device}.relay.{channel}.energy", "plain", unit="Wmin", kind="counter"
    ),
    IngestRule(
        "shellies/{device}/relay/{channel}", "{device}.relay.{channel}", "plain", map={**STATES, "overpower": 0.0}, fill="hold"
    ),
    IngestRule("shellies/{device}/light/{channel}/power", "{device}.light.{channel}.power", "plain", unit="W"),
    IngestRule("shellies/{device}/roller/{channel}/pos", "{device}.roller.{channel}.pos", "plain", unit="%", fill="hold"),
    *(
        IngestRule(f"shellies/{{device}}/emeter/{{channel}}/{key}", f"{{device}}.emeter.{{channel}}.{key}", "plain", unit=unit)
        for key, unit in (("power", "W"), ("voltage", "V"), ("current", "A"), ("pf", None))
    ),
    *(
        IngestRule(
            f"shellies/{{device}}/emeter/{{channel}}/{key}",
            f"{{device}}.emeter.{{channel}}.{key}",
            "plain",
            unit="Wh",
            kind="counter",
        )
        for key in ("total", "total_returned")
    ),
    IngestRule("shellies/{device}/sensor/{quantity}", "{device}.sensor.{quantity}", "plain", map=STATES, fill="hold"),
    IngestRule("shellies/{device}/ext_temperature/{channel}", "{device}.ext_temperature.{channel}", "plain", unit="°C"),
    IngestRule("shellies/{device}/ext_humidity/{channel}", "{device}.ext_humidity.{channel}", "plain", unit="%"),
    IngestRule("shellies/{device}/temperature", "{device}.temperature", "plain", unit="°C"),
    IngestRule("shellies/{device}/voltage/{channel}", "{device}.voltage.{channel}", "plain", unit="V"),
)

# Home Assistant's statestream has topics of the same form.
ESPHOME = (
    IngestRule("{device}/sensor/{sensor}/state", "{device}.{sensor}", "plain", skip=("homeassistant/#",)),
    *(
        IngestRule(
            f"{{device}}/{component}/{{sensor}}/state",
            "{device}.{sensor}",
            "plain",
            skip=("homeassistant/#",),
            map=STATES,
            fill="hold",
        )
        for component in ("binary_sensor", "switch")
    ),
)

# Home Assistant publishes a state when it changes. Series are called as in its exported history.
HOME_ASSISTANT = (
    *(
        IngestRule(f"homeassistant/{domain}/{{name}}/state", f"{domain}.{{name}}", "plain", fill="hold")
        for domain in ("sensor", "number", "input_number", "counter")
    ),
    *(
        IngestRule(f"homeassistant/{domain}/{{name}}/state", f"{domain}.{{name}}", "plain", map=STATES, fill="hold")
        for domain in ("binary_sensor", "input_boolean", "switch")
    ),
)

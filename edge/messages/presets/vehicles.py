"""Presets of what charges cars: evcc and OpenEVSE, which publish every value in a topic of its own, without a time."""

from collections.abc import Iterator
from typing import TypeAlias

from edge.contract.meaning import Kind
from edge.messages.presets.house import STATES
from edge.messages.rule import IngestRule

_Topics: TypeAlias = tuple[tuple[str, Kind, tuple[str, ...]], ...]

_SITE: _Topics = (
    ("W", "gauge", ("gridPower", "pvPower", "batteryPower", "homePower", "auxPower")),
    ("W", "gauge", ("grid/power", "battery/power", "pv/{n}/power", "battery/{n}/power", "aux/{n}/power", "ext/{n}/power")),
    ("kWh", "counter", ("gridEnergy", "pvEnergy", "batteryEnergy", "grid/energy", "pv/{n}/energy", "battery/{n}/energy")),
    ("A", "gauge", ("grid/currents/{n}",)),
    ("%", "gauge", ("batterySoc", "battery/soc", "battery/{n}/soc")),
    ("", "gauge", ("greenShareHome", "greenShareLoadpoints", "tariffGrid", "tariffFeedIn", "tariffCo2")),
)
_LOADPOINT: _Topics = (
    ("W", "gauge", ("chargePower",)),
    ("A", "gauge", ("chargeCurrent", "offeredCurrent", "chargeCurrents/{n}")),
    ("V", "gauge", ("chargeVoltages/{n}",)),
    ("kWh", "counter", ("chargeTotalImport",)),
    ("Wh", "counter", ("chargedEnergy",)),
    ("kWh", "counter", ("sessionEnergy",)),
    ("%", "gauge", ("vehicleSoc", "sessionSolarPercentage")),
    ("km", "gauge", ("vehicleRange",)),
    ("km", "counter", ("vehicleOdometer",)),
)
_LOADPOINT_STATES = ("charging", "connected", "enabled")


def _evcc() -> Iterator[IngestRule]:
    rows: list[tuple[str, Kind, str]] = [
        *((unit, kind, f"site/{key}") for unit, kind, keys in _SITE for key in keys),
        *((unit, kind, f"loadpoints/{{loadpoint}}/{key}") for unit, kind, keys in _LOADPOINT for key in keys),
    ]
    for unit, kind, topic in rows:
        series = f"evcc.{topic.replace('/', '.')}"
        yield IngestRule(f"evcc/{topic}", series, "plain", unit=unit or None, kind=kind, fill="hold")
    for key in _LOADPOINT_STATES:
        topic, series = f"evcc/loadpoints/{{loadpoint}}/{key}", f"evcc.loadpoints.{{loadpoint}}.{key}"
        yield IngestRule(topic, series, "plain", map=STATES, fill="hold")


EVCC = tuple(_evcc())

# The current comes in milliamperes, temperatures come in tenths of a degree, or as `false` where there is no sensor.
OPENEVSE = (
    IngestRule("{device}/amp", "{device}.amp", "plain", unit="A", scale=0.001, fill="hold"),
    IngestRule("{device}/voltage", "{device}.voltage", "plain", unit="V", fill="hold"),
    IngestRule("{device}/pilot", "{device}.pilot", "plain", unit="A", fill="hold"),
    *(
        IngestRule(f"{{device}}/{key}", f"{{device}}.{key}", "plain", unit="°C", scale=0.1, fill="hold")
        for key in ("temp", "temp1", "temp2", "temp3", "temp4")
    ),
    *(
        IngestRule(f"{{device}}/{key}", f"{{device}}.{key}", "plain", unit="Wh", kind="counter", fill="hold")
        for key in ("wh", "session_energy")
    ),
    *(
        IngestRule(f"{{device}}/{key}", f"{{device}}.{key}", "plain", unit="kWh", kind="counter", fill="hold")
        for key in ("total_energy", "total_day", "total_week", "total_month", "total_year")
    ),
)

"""Units of readings as Home Assistant has them, and the device class that each of them is of alone.

Home Assistant refuses a device class with a unit that is not its own. A unit that several classes have, such as % or ppm, says
nothing of what is measured, so there is no class then. The lists are those of its documentation, of `sensor` (2024.12).
"""

from collections.abc import Mapping

CLASSES: Mapping[str, tuple[str, ...]] = {
    "temperature": ("°C", "°F", "K"),
    "power": ("mW", "W", "kW", "MW", "GW", "TW"),
    "energy": ("Wh", "kWh", "MWh", "GWh", "TWh", "kJ", "MJ", "GJ"),
    "apparent_power": ("VA",),
    "reactive_power": ("var",),
    "voltage": ("mV", "V"),
    "current": ("mA", "A"),
    "frequency": ("Hz", "kHz", "MHz", "GHz"),
    "pressure": ("Pa", "hPa", "kPa", "bar", "cbar", "mbar", "mmHg", "inHg", "psi"),
    "illuminance": ("lx",),
    "irradiance": ("W/m²", "BTU/(h⋅ft²)"),
    "signal_strength": ("dBm",),
    "speed": ("m/s", "km/h", "mph", "kn", "ft/s"),
    "precipitation_intensity": ("mm/h", "in/h"),
    "volume_flow_rate": ("m³/h", "ft³/min", "L/min", "gal/min"),
    "weight": ("mg", "g", "kg", "oz", "lb", "st"),
    "data_rate": ("bit/s", "kbit/s", "Mbit/s", "B/s", "kB/s", "MB/s"),
    "data_size": ("B", "kB", "MB", "GB", "TB", "KiB", "MiB", "GiB"),
    "duration": ("ms", "s", "min", "h", "d"),
}
# Other ways to write some of them; `Cel` is that of SenML.
SAME: Mapping[str, str] = {
    "C": "°C",
    "Cel": "°C",
    "degC": "°C",
    "celsius": "°C",
    "F": "°F",
    "degF": "°F",
    "fahrenheit": "°F",
    "W/m2": "W/m²",
    "m3/h": "m³/h",
    "m3": "m³",
    "l": "L",
    "l/min": "L/min",
    "lux": "lx",
    "percent": "%",
    "%RH": "%",
}
_CLASS_OF = {unit: name for name, units in CLASSES.items() for unit in units}


def unit_there(unit: str) -> str:
    """A unit as Home Assistant writes it; one that it does not know stays as it is."""
    return SAME.get(unit, unit)


def class_of(unit: str) -> str | None:
    """The device class of a unit that Home Assistant knows; None where there is none, or where several have it."""
    return _CLASS_OF.get(unit)

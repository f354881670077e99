"""What simulated devices measure: values that follow from device, name and time alone, so that every run publishes the same."""

import math
from dataclasses import dataclass
from zlib import crc32

DAY = 86_400.0
HOUR = 3_600.0


@dataclass(frozen=True, slots=True)
class Shape:
    """How a quantity behaves.

    Args:
        middle: mean of the quantity, in its own unit.
        swing: amplitude of its day, in its own unit.
        noise: largest deviation of one value, in its own unit.
        digits: number of decimal places that devices send.
    """

    middle: float
    swing: float
    noise: float
    digits: int


SHAPES = {
    "temperature": Shape(21.0, 4.0, 0.2, 2),
    "outdoor": Shape(8.0, 6.0, 0.3, 1),
    "humidity": Shape(52.0, 9.0, 0.8, 1),
    "pressure": Shape(1013.0, 4.0, 0.4, 1),
    "co2": Shape(640.0, 180.0, 20.0, 0),
    "power": Shape(180.0, 120.0, 25.0, 1),
    "voltage": Shape(231.0, 2.0, 0.7, 1),
    "current": Shape(0.8, 0.5, 0.1, 3),
    "battery": Shape(84.0, 6.0, 1.0, 0),
    "cell": Shape(3.05, 0.1, 0.02, 3),
    "light": Shape(400.0, 350.0, 30.0, 0),
    "percent": Shape(38.0, 20.0, 6.0, 2),
    "signal": Shape(-67.0, 4.0, 3.0, 0),
    "quality": Shape(120.0, 30.0, 10.0, 0),
}


def noise(name: str, moment: float) -> float:
    """A number between -1 and 1 that follows from name and second alone."""
    return crc32(f"{name} {math.floor(moment)}".encode()) / 2**31 - 1


def phase(name: str) -> float:
    """A number between 0 and 1 that follows from the name alone."""
    return crc32(name.encode()) / 2**32


def level(shape: str, name: str, moment: float) -> float:
    """A quantity with a day in it.

    Args:
        shape: name in `SHAPES`.
        name: name of device and value, which decides where the day begins and how high it goes.
        moment: simulated time in seconds.
    """
    form, own = SHAPES[shape], phase(name)
    day = math.sin(2 * math.pi * (moment / DAY + own))
    value = form.middle + (own - 0.5) * form.swing + day * form.swing / 2 + noise(name, moment) * form.noise
    return round(value, form.digits) if form.digits else int(value)


def counter(name: str, moment: float, *, per_hour: float = 0.2, digits: int = 3) -> float:
    """A meter that never goes back.

    Args:
        name: name of device and value.
        moment: simulated time in seconds.
        per_hour: mean increase in an hour.
        digits: number of decimal places.
    """
    hours = moment / HOUR % 100_000  # as if it had been installed some years ago
    wave = 0.9 * math.sin(2 * math.pi * hours / 24) * 24 / (2 * math.pi)  # rises slower than `hours`, so their sum never falls
    return round(phase(name) * 1000 + per_hour * (hours + wave), digits)


def state(name: str, moment: float, *, every: float = 900.0) -> bool:
    """Whether something is on; it may change every so many seconds."""
    return noise(name, moment // every * every) > 0

"""Values that a sensor sends in place of a value, told from the other values of the same name."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# What devices are known to send, and why.
KNOWN = {
    85.0: "a DS18B20 sends it when it has just got its power",
    -127.0: "a DS18B20 that does not answer sends it",
    -999.0: "it is a usual sign for no value",
    -9999.0: "it is a usual sign for no value",
    32767.0: "it is the end of what 16 bits can hold",
    -32768.0: "it is the end of what 16 bits can hold",
    65535.0: "it is the end of what 16 bits can hold",
}
DOUBTFUL = frozenset({85.0})  # what can be measured as well
SIGNAL = re.compile(r"rssi|signal|snr|dbm|lqi", re.IGNORECASE)  # of a radio that hears nothing
FEWEST = 3  # other values
APART = 3.0  # times the range of the others, between an error value and the nearest of them
LEAST = 20.0  # distance between them at least


@dataclass(frozen=True, slots=True)
class Sentinel:
    """A value that stands for none.

    Args:
        value: the value.
        count: number of times that it came.
        low: smallest one of the other values.
        high: largest one of them.
    """

    value: float
    count: int
    low: float
    high: float

    @property
    def certain(self) -> bool:
        """Whether it can be nothing else."""
        return self.value not in DOUBTFUL

    @property
    def words(self) -> str:
        """What was seen, and what speaks for it."""
        times = "once" if self.count == 1 else f"{self.count} times"
        seen = f"{self.value:g} came {times}, the others lie between {self.low:g} and {self.high:g}"
        return f"{seen}; {KNOWN[self.value]}"


def sentinels(name: str, rows: Iterable[Sequence[float]]) -> tuple[Sentinel, ...]:
    """The values of several series of one name that stand for none.

    Args:
        name: name of the value, such as `temp`.
        rows: values of each series.
    """
    values = [value for row in rows for value in row]
    others = [value for value in values if value not in KNOWN]
    if len(others) < FEWEST or SIGNAL.search(name):
        return ()
    low, high = min(others), max(others)
    reach = max(APART * (high - low), max(abs(low), abs(high)) / 2, LEAST)
    far = sorted({value for value in values if value in KNOWN and not low - reach <= value <= high + reach})
    return tuple(Sentinel(value, values.count(value), low, high) for value in far)

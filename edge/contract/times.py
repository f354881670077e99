"""Times and durations: nanoseconds since 1970 in UTC, and how people write them."""

import re
from datetime import UTC, datetime, timedelta
from typing import Literal

from edge.errors import ConfigurationError, PayloadError
from edge.quoting import quoted

SECOND = 1_000_000_000
DAY = 86_400 * SECOND
LONGEST = 36_525 * DAY  # a hundred years: anything beyond is a slip, and would leave int64 before long
UNITS = {
    "ns": 1, "us": 1_000, "ms": 1_000_000, "s": SECOND, "min": 60 * SECOND, "h": 3600 * SECOND, "d": DAY,
}  # fmt: skip


def parse_duration(text: str, *, shortest: int = 1) -> int:
    """Nanoseconds of `15min`, `1h`, `30s`, `7d`, `500ms`.

    Raises:
        ConfigurationError: not a whole number and a unit, below `shortest` ns, or above a hundred years.
    """
    match = re.fullmatch(r"\s*(\d{1,19})\s*([a-z]+)\s*", text)
    if not match or match[2] not in UNITS or not shortest <= int(match[1]) * UNITS[match[2]] <= LONGEST:
        message = f"{text!r} is no duration; write a whole number and one of {', '.join(UNITS)}, such as 15min"
        raise ConfigurationError(message)
    return int(match[1]) * UNITS[match[2]]


def format_duration(nanoseconds: int) -> str:
    """The shortest text `parse_duration` reads back as the same length of time."""
    for unit, size in reversed(UNITS.items()):
        if nanoseconds % size == 0:
            return f"{nanoseconds // size}{unit}"
    raise AssertionError


def iso(time: int) -> str:
    """A moment as people write it, in UTC, to the second."""
    return f"{datetime.fromtimestamp(time // SECOND, UTC):%Y-%m-%dT%H:%M:%SZ}"


TimeUnit = Literal["auto", "iso", "s", "ms", "us", "ns"]
EARLIEST = 946_684_800 * SECOND  # 2000: a clock that was never set stands in 1970
LATEST = 4_102_444_800 * SECOND  # 2100
LONGEST_TIME = 64  # characters; looking for a time in more of them could take minutes
NANOSECONDS = {"s": SECOND, "ms": 1_000_000, "us": 1_000, "ns": 1}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ISO = re.compile(r"(.*?\d{2}:?\d{2}:?\d{2})[.,](\d{1,9})\d*(.*)")


def unit_of(number: float) -> str:
    """Unit of a Unix time, told by its size: seconds stay below 1e11 until the year 5138."""
    size = abs(number)
    if size < 1e11:
        return "s"
    if size < 1e14:
        return "ms"
    return "us" if size < 1e17 else "ns"


def parse_time(value: object, unit: TimeUnit = "auto") -> int:
    """Nanoseconds since 1970 in UTC.

    Args:
        value: ISO 8601 text (without a zone it is UTC), or a Unix time as number or text.
        unit: of a number; `auto` tells seconds, milli-, micro- and nanoseconds apart by their size.

    Raises:
        PayloadError: no time, or none between 2000 and 2100 (`bad_time`).
    """
    try:
        time = _nanoseconds(value, unit)
    except (ValueError, OverflowError, TypeError) as error:
        raise PayloadError("bad_time", f"{quoted(value)} is no time; expected ISO 8601 or a Unix time") from error
    if not EARLIEST <= time < LATEST:
        raise PayloadError("bad_time", f"{quoted(value)} is not between the years 2000 and 2100; check the sensor's clock")
    return time


def _nanoseconds(value: object, unit: TimeUnit) -> int:
    if isinstance(value, str):
        if len(value) > LONGEST_TIME:
            raise ValueError
        text = value.strip()
        try:
            value = int(text) if unit != "iso" else text
        except ValueError:
            try:
                value = float(text) if unit != "iso" else text
            except ValueError:
                value = text
    if isinstance(value, str):
        nanoseconds = 0
        if match := ISO.fullmatch(value):
            value, nanoseconds = match[1] + match[3], int(match[2].ljust(9, "0"))
        moment = datetime.fromisoformat(value)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
        return (moment - EPOCH) // timedelta(microseconds=1) * 1000 + nanoseconds
    if isinstance(value, bool) or not isinstance(value, int | float) or unit == "iso":
        raise TypeError
    scale = NANOSECONDS[unit_of(value) if unit == "auto" else unit]
    return value * scale if isinstance(value, int) else int(value) * scale + round((value - int(value)) * scale)

"""Times and durations: nanoseconds since 1970 in UTC, and how people write them.

The rules for a time stand here and nowhere else: messages and files take the same spellings, with the same bounds. The
patterns are written in the syntax that Python shares with the regular expressions of polars, which reads whole columns.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Literal

from edge.errors import ConfigurationError, PayloadError
from edge.quoting import quoted

SECOND = 1_000_000_000
DAY = 86_400 * SECOND
LONGEST = 36_525 * DAY  # a hundred years: anything beyond is a slip, and would leave int64 before long
UNITS = {
    "ns": 1,
    "us": 1_000,
    "ms": 1_000_000,
    "s": SECOND,
    "min": 60 * SECOND,
    "h": 3600 * SECOND,
    "d": DAY,
}


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
READABLE = (-8_520_336_000 * SECOND, 8_835_955_200 * SECOND)  # 1700 to 2250, which int64 holds in ns with room to spare
LONGEST_TIME = 64  # characters
BLANKS = " \t\r\n\u00a0"  # characters around a time, a number or a name that do not count
NANOSECONDS = {"s": SECOND, "ms": 1_000_000, "us": 1_000, "ns": 1}
# A Unix number below a bound is in that unit, a larger one is in ns: seconds stay below 1e11 until the year 5138.
UNIX_UNITS: tuple[tuple[int, TimeUnit], ...] = ((10**11, "s"), (10**14, "ms"), (10**17, "us"))
ISO = (
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{8})"
    r"(?:[Tt ](?P<hour>[01][0-9]|2[0-3])"
    r"(?::?(?P<minute>[0-5][0-9])(?::?(?P<second>[0-5][0-9])(?:[.,](?P<fraction>[0-9]+))?)?)?"
    r"(?: ?(?P<zone>[Zz]|UTC|utc|(?P<sign>[+-])(?P<east_hour>[01][0-9]|2[0-3])(?::?(?P<east_minute>[0-5][0-9]))?))?)?"
)
DIGITS_OF_A_DATE = 8
USUAL_IN_UTC = frozenset({20, 24, 27})  # characters of a date and a time with no, three or six digits, and Z
USUAL = USUAL_IN_UTC | {25, 29, 32}  # the same, or +01:00
WHOLE = r"[+-]?[0-9]+"
# No text is matched in two ways: with two, a long cell would be tried in as many ways as it has digits, each as long as it.
FRACTIONAL = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_ISO, _WHOLE, _FRACTIONAL = re.compile(ISO), re.compile(WHOLE), re.compile(FRACTIONAL)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_DAY = date(1970, 1, 1).toordinal()


def unit_of(number: float) -> TimeUnit:
    """Unit of a Unix time, told by its size."""
    size = abs(number)
    for bound, unit in UNIX_UNITS:
        if size < bound:
            return unit
    return "ns"


def parse_time(value: object, unit: TimeUnit = "auto", local: Callable[[int], int] | None = None) -> int:
    """Nanoseconds since 1970 in UTC.

    A text is ISO 8601 (a date alone, or with a time after `T` or a blank; with `Z`, `UTC`, an offset, or no zone, which is
    UTC; digits beyond nanoseconds are dropped), or a Unix time. Eight digits are a date, unless the unit is named.

    Args:
        value: text or number.
        unit: unit of a number; `auto` tells seconds, milli-, micro- and nanoseconds apart by their size.
        local: function that turns a time without a zone into its moment, ns to ns UTC, such as one that calls `Zone.moment`;
            None: such a time is UTC.

    Raises:
        PayloadError: no time, none between 2000 and 2100, or none that exists in the zone (`bad_time`).
    """
    time, zoned = _nanoseconds(value, unit)
    if local is not None and not zoned:
        time = local(time)
    if not EARLIEST <= time < LATEST:
        raise PayloadError("bad_time", f"{quoted(value)} is not between the years 2000 and 2100; check the sensor's clock")
    return time


def read_time(text: str, unit: TimeUnit = "auto") -> tuple[int, bool]:
    """As `parse_time`, for a cell of a file: also a time of a clock that was wrong, between the years 1700 and 2250.

    Returns:
        Nanoseconds since 1970, and whether they are UTC for sure: a text without a zone is read as if it were.

    Raises:
        PayloadError: no time (`bad_time`).
    """
    time, zoned = _nanoseconds(text, unit)
    return readable(time, text), zoned


def readable(time: int, text: str) -> int:
    """The time itself.

    Raises:
        PayloadError: it lies outside of the years 1700 to 2250 (`bad_time`).
    """
    if not READABLE[0] <= time < READABLE[1]:
        raise PayloadError("bad_time", f"{quoted(text)} is not between the years 1700 and 2250")
    return time


def _nanoseconds(value: object, unit: TimeUnit) -> tuple[int, bool]:
    """The time, and whether it says of itself which moment it is: a text without a zone does not."""
    try:
        return _of_text(value, unit) if isinstance(value, str) else (_of_number(value, unit), True)
    except (ValueError, OverflowError, TypeError) as error:
        raise PayloadError("bad_time", f"{quoted(value)} is no time; expected ISO 8601 or a Unix time") from error


def _of_text(text: str, unit: TimeUnit) -> tuple[int, bool]:
    if len(text) > LONGEST_TIME:
        raise ValueError
    if len(text) in USUAL and unit in ("auto", "iso") and (time := _of_usual(text)) is not None:
        return time, True
    if text.isdigit() and text.isascii() and len(text) != DIGITS_OF_A_DATE:  # the usual whole number, without a pattern
        return _of_number(int(text), unit), True
    text = text.strip(BLANKS)
    match = _ISO.fullmatch(text)
    if match is not None and (unit in ("auto", "iso") or not text.isdigit()):
        return _of_iso(*match.groups()), match["zone"] is not None
    if _WHOLE.fullmatch(text):
        return _of_number(int(text), unit), True
    if _FRACTIONAL.fullmatch(text):
        return _of_number(float(text), unit), True
    raise ValueError


def _of_usual(text: str) -> int | None:
    """A time as most programs write it, which the library reads several times as fast; None where it is written otherwise.

    The library also takes weeks, the hour 24, a colon before a fraction and offsets of 60 minutes; the pattern does not.
    """
    signs = text[4] + text[7] + text[10] + text[13] + text[16]
    if signs != "--T::" or text[11:13] > "23" or text[19] not in ".Z+-":
        return None
    if text[-1] == "Z":
        if len(text) not in USUAL_IN_UTC:
            return None
    elif text[-6] not in "+-" or text[-3] != ":" or text[-2] > "5":
        return None
    try:
        passed = datetime.fromisoformat(text) - _EPOCH
    except (ValueError, TypeError, OverflowError):
        return None
    return (passed.days * 86_400 + passed.seconds) * SECOND + passed.microseconds * 1_000


def _of_iso(day: str, *clock: str | None) -> int:
    hour, minute, second, fraction, _, sign, east_hour, east_minute = clock
    digits = day.replace("-", "")
    seconds = 86_400 * (date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).toordinal() - _FIRST_DAY)
    seconds += 3600 * int(hour or 0) + 60 * int(minute or 0) + int(second or 0)
    if sign is not None:
        east = 3600 * int(east_hour or 0) + 60 * int(east_minute or 0)
        seconds += east if sign == "-" else -east
    return seconds * SECOND + (int(fraction[:9].ljust(9, "0")) if fraction is not None else 0)


def _of_number(value: object, unit: TimeUnit) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or unit == "iso":
        raise TypeError
    scale = NANOSECONDS[unit_of(value) if unit == "auto" else unit]
    return value * scale if isinstance(value, int) else int(value) * scale + round((value - int(value)) * scale)

"""Numbers, times and sentences of the page."""

import math
from datetime import UTC, datetime
from html import escape

from edge.contract.times import DAY, SECOND, UNITS, format_duration

DASH = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
THIN = "\N{NARROW NO-BREAK SPACE}"
HOUR, MINUTE = UNITS["h"], UNITS["min"]


def number(value: float, digits: int = 3) -> str:
    """A number with so many significant digits, whole ones in full; a dash where there is none."""
    if not math.isfinite(value):
        return DASH
    if value == 0:
        return "0"
    places = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{value:,.{min(places, 9)}f}".replace("-", MINUS)


def reading(value: float) -> str:
    """A reading or a forecast: one digit behind the point from 10 on, and none from 10,000 on."""
    return number(value, 3 if abs(value) < 100 else 4 if abs(value) < 1000 else 5)


def with_unit(value: float, unit: str) -> str:
    """A reading with its unit, escaped."""
    shown = reading(value)
    return f"{shown}<small>{THIN}{escape(unit)}</small>" if unit and shown != DASH else shown


def percent(value: float, *, sign: bool = False, digits: int = 0) -> str:
    """A share in percent; a dash where there is none."""
    if not math.isfinite(value):
        return DASH
    shown = f"{100 * value:+.{digits}f}" if sign else f"{100 * value:.{digits}f}"
    return f"{shown}{THIN}%".replace("-", MINUS)


def count(value: float) -> str:
    """A whole number with its thousands; a dash where there is none."""
    return f"{value:,.0f}" if math.isfinite(value) else DASH


def amount(value: float) -> str:
    """So many bytes; a dash where there is none."""
    if not math.isfinite(value):
        return DASH
    for size, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if value >= size:
            return f"{number(value / size)}{THIN}{unit}"
    return f"{value:.0f}{THIN}B"


def length(span: int) -> str:
    """A length of time in one or two whole words: `45 s`, `24 h`, `2 days`."""
    if span < 0:
        return f"0{THIN}s"
    for unit, word in ((DAY, "day"), (HOUR, "h"), (MINUTE, "min")):
        if span >= 2 * unit or (word != "day" and span >= unit and span % unit < unit // 10):
            return f"{round(span / unit)}{THIN}{word}{'s' if word == 'day' else ''}"
    return f"{span // SECOND}{THIN}s"


def ago(time: int, now: int) -> str:
    """How long ago something was."""
    return "just now" if now - time < 5 * SECOND else f"{length(now - time)} ago"


def clock(time: int, now: int) -> str:
    """A moment in UTC: the time of a day near now, else with the day; machines read it from an attribute."""
    moment, today = (datetime.fromtimestamp(each / SECOND, UTC) for each in (time, now))
    text = f"{moment:%H:%M}" if moment.date() == today.date() else f"{moment:%a %H:%M}"
    if abs(time - now) > 6 * DAY:
        text = f"{moment:%d %b %Y}"
    return f'<time datetime="{moment:%Y-%m-%dT%H:%M:%SZ}">{text}</time>'


def day(time: int) -> str:
    """A day and a time in UTC, in full."""
    moment = datetime.fromtimestamp(time / SECOND, UTC)
    return f'<time datetime="{moment:%Y-%m-%dT%H:%M:%SZ}">{moment:%d %b %Y, %H:%M}</time>'


def model(version: str) -> str:
    """A version for people: `gru, 8 Jan 2026` for `20260108T000000Z-gru-bbbbbbbb`; any other name as it is; escaped."""
    moment, _, rest = version.partition("-")
    try:
        made = datetime.strptime(moment, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return escape(version)
    kind = rest.rpartition("-")[0] or rest
    return f"{escape(kind.upper() if len(kind) <= 4 else kind)}, {made.day} {made:%b %Y %H:%M}"


def spelled(span: int) -> str:
    """A length of time as the configuration writes it: `1h`, `15min`."""
    return format_duration(span)

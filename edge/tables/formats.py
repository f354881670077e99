"""Times in a format that the user names, such as `%d.%m.%Y %H:%M`: a pattern that Python and polars share."""

import re

from edge.errors import ConfigurationError
from edge.quoting import did_you_mean, quoted

EXCEL = "excel"  # days since 1899-12-30
FIRST_SERIAL = -25_569  # 1899-12-30 in days since 1970
LAST_MONTH, LAST_DAY = 12, 31
EXAMPLE = "%d.%m.%Y %H:%M"
_GROUPS = {
    "Y": r"(?P<year>[0-9]{4})",
    "f": r"(?P<fraction>[0-9]{1,9})",
    "p": r"(?P<half>[AaPp])\.?[Mm]\.?",
    "z": r"(?P<zone>[Zz]|UTC|utc|(?P<sign>[+-])(?P<east_hour>[01][0-9]|2[0-3]):?(?P<east_minute>[0-5][0-9])?)",
}
_NAMES = {"y": "short_year", "m": "month", "d": "day", "H": "hour", "I": "half_hour", "M": "minute", "S": "second"}
LETTERS = (*_NAMES, *_GROUPS)
# How others write the parts of a time: letters without a sign, and short forms of strftime.
_PARTS = {"yyyy": "%Y", "jjjj": "%Y", "aaaa": "%Y", "yy": "%y", "jj": "%y", "dd": "%d", "tt": "%d", "hh": "%H", "ss": "%S"}
_SHORT = {"%T": "%H:%M:%S", "%R": "%H:%M", "%F": "%Y-%m-%d", "%e": "%d", "%h": "%H", "%Z": "%z", "%i": "%M", "%s": "%S"}
_PART = re.compile("yyyy|jjjj|aaaa|yy|jj|dd|tt|hh|mm|ss", re.IGNORECASE)


def pattern_of(time_format: str) -> str:
    """The pattern of a format as `_pattern_of`, with the nearest one that can be used in the refusal of another."""
    try:
        return _pattern_of(time_format)
    except ConfigurationError as error:
        raise ConfigurationError(f"{error}{_nearest(time_format)}") from error


def _nearest(time_format: str) -> str:
    """The format that was meant, as the end of a line: "; did you mean '%d.%m.%Y'?"; "" where none can be told."""
    meant = re.sub("%.", lambda match: _SHORT.get(match[0], match[0]), time_format)
    if "%" not in time_format:
        meant = _PART.sub(lambda match: _part(match[0].lower(), time_format[: match.start()].lower()), time_format)
    try:
        _pattern_of(meant)
    except ConfigurationError:
        return did_you_mean(time_format, [EXCEL])
    return f"; did you mean {meant!r}?"


def _part(letters: str, before: str) -> str:
    """A part of a time as strftime has it; behind hours mm are minutes."""
    return _PARTS.get(letters) or ("%M" if "h" in before else "%m")


def _pattern_of(time_format: str) -> str:
    """The pattern of a format, with a named group for each part of the time.

    `%d`, `%m`, `%H`, `%I`, `%M`, `%S` take one or two digits, or two where the next part follows at once.

    Raises:
        ConfigurationError: a letter that is not known, a part that comes twice, or no date.
    """
    pattern, used, position = "", set[str](), 0
    while position < len(time_format):
        sign, letter = time_format[position], time_format[position + 1 : position + 2]
        if sign != "%":
            pattern += re.escape(sign)
            position += 1
            continue
        position += 2
        if letter == "%":
            pattern += "%"
            continue
        if letter not in LETTERS or letter in used:
            problem = "comes twice" if letter in used else "is not known"
            raise ConfigurationError(
                f"--time-format {quoted(time_format)}: %{letter} {problem}; write such as '{EXAMPLE}' with "
                f"{', '.join(f'%{known}' for known in LETTERS)}, or {EXCEL}"
            )
        used.add(letter)
        least = 2 if letter == "y" or time_format[position : position + 1] == "%" else 1
        pattern += _GROUPS.get(letter) or f"(?P<{_NAMES[letter]}>[0-9]{{{least},2}})"
    if not ({"Y", "y"} & used and {"m", "d"} <= used):
        raise ConfigurationError(f"--time-format {quoted(time_format)}: expected year, month and day, such as '{EXAMPLE}'")
    return pattern


def formats_of(text: str) -> list[str]:
    """The formats that a date or time may be written in, for advice, the likeliest first; empty where none can be told."""
    date = re.match(r"([0-9]{1,4})([./-])([0-9]{1,2})\2([0-9]{4}|[0-9]{1,2})(?![0-9])", text)
    clock = _clock_of(text[date.end() :]) if date else None
    if date is None or clock is None:
        return []
    first, sign, second, third = date.groups()
    if len(first) == 4:
        return [f"%Y{sign}%m{sign}%d{clock}"]
    if len(first) == 3 or len(third) == 1:
        return []
    year = "%Y" if len(third) == 4 else "%y"
    orders = {
        "%d %m": int(first) <= LAST_DAY and int(second) <= LAST_MONTH,
        "%m %d": int(first) <= LAST_MONTH and int(second) <= LAST_DAY and sign != ".",
    }
    if sign == "/" and "%p" in clock:
        orders = dict(reversed(orders.items()))
    formats = [f"{order.replace(' ', sign)}{sign}{year}{clock}" for order, fits in orders.items() if fits]
    if year == "%y" and sign != "." and int(second) <= LAST_MONTH and int(third) <= LAST_DAY:
        formats.append(f"%y{sign}%m{sign}%d{clock}")
    return formats


def _clock_of(text: str) -> str | None:
    """The format of what stands behind a date; None where it is no time of day."""
    if not text:
        return ""
    clock = re.fullmatch(r"([ T]+)[0-9]{1,2}([:h])[0-9]{2}(:[0-9]{2})?([.,][0-9]+)?( ?[AaPp]\.?[Mm]\.?)?", text)
    if clock is None:
        return None
    gap, sign, second, fraction, half = clock.groups()
    noon = "" if not half else " %p" if half.startswith(" ") else "%p"
    return f"{gap}{'%I' if half else '%H'}{sign}%M{':%S' if second else ''}{fraction[0] + '%f' if fraction else ''}{noon}"

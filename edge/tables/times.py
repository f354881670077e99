"""Which columns hold times, and what a cell of theirs means: told from the column as a whole, never from one cell.

A number is a time only where the numbers of its column are Unix times between 2000 and now; their unit is that of the column.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from edge.contract.times import (
    BLANKS,
    DAY,
    EARLIEST,
    FRACTIONAL,
    ISO,
    LATEST,
    LONGEST_TIME,
    NANOSECONDS,
    SECOND,
    TimeUnit,
    read_time,
    readable,
)
from edge.errors import PayloadError
from edge.tables.formats import EXCEL, FIRST_SERIAL, formats_of
from edge.tables.words import TIME_NAMES

TIME = "a time, such as 2026-01-31T12:00:00Z or a Unix number"
AHEAD = 600 * SECOND  # a clock may be ahead of ours by so much
SET = 1_767_225_600 * SECOND  # 2026: a clock that shows less was never set, and bounds nothing
_NUMBER, _ISO = re.compile(FRACTIONAL), re.compile(ISO)
_ZONE_NAME = re.compile(r"(?P<time>.*[0-9]) ?(?P<zone>[A-Z]{3,5}|\[[A-Za-z_]+/[A-Za-z_/]+\])")
_CLOCK = re.compile(r"[0-9]{1,2}[:h][0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?(?: ?[AaPp]\.?[Mm]\.?)?")
_DAY_AND_HOUR = r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])(?:[01][0-9]|2[0-3])"  # month, day, hour
_DIGITS = (  # dates without signs between their parts, that pass for numbers
    (re.compile(r"(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:[0-2][0-9]|3[01])(?:[01][0-9]|2[0-3])"), "%Y%m%d%H"),
    (re.compile(r"(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:[0-2][0-9]|3[01])(?:[01][0-9]|2[0-3])[0-5][0-9]"), "%Y%m%d%H%M"),
    (
        re.compile(r"(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:[0-2][0-9]|3[01])(?:[01][0-9]|2[0-3])(?:[0-5][0-9]){2}"),
        "%Y%m%d%H%M%S",
    ),
    (re.compile(r"[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])(?:[01][0-9]|2[0-3])[0-5][0-9]"), "%y%m%d%H%M"),
)
_LETTERS = {"%Y": "YYYY", "%y": "YY", "%m": "MM", "%d": "DD", "%H": "HH", "%M": "MM", "%S": "SS"}


@dataclass(frozen=True, slots=True)
class TimeRule:
    """How the times of a column are written.

    Args:
        unit: unit of its numbers; `iso`: it has none; `auto`: they are told apart by their size.
        pattern: pattern of the format that the user named; empty: ISO 8601 or a number.
        excel: whether its numbers are days since 1899-12-30, in local time; a text beside them is ISO 8601.
    """

    unit: TimeUnit = "auto"
    pattern: str = ""
    excel: bool = False


@dataclass(frozen=True, slots=True)
class Judged:
    """What the cells of a column say about it.

    Args:
        rule: form in which its times are written; None where it is no column of times.
        whole: whether every cell is a time of that rule in the years from 2000 until now.
        bad: number of the first cell that is not; None where all are.
    """

    rule: TimeRule | None
    whole: bool
    bad: int | None


def latest_of(now: int) -> int:
    """The latest time that a file can have been written at, ns UTC; the year 2100 where this clock was never set.

    Args:
        now: time of this machine, ns UTC.
    """
    return min(now + AHEAD, LATEST) if now >= SET else LATEST


def judge(cells: Sequence[str], latest: int) -> Judged:
    """Whether a column holds times, and of which kind.

    Args:
        cells: texts of some rows; those without content count for nothing.
        latest: time after which none of them can be, ns UTC.
    """
    numbers: list[tuple[int, float]] = []
    texts, wrong = 0, None
    for row, cell in enumerate(cells):
        text = cell.strip(BLANKS)
        if not text:
            continue
        if _is_iso(text):
            texts += 1
        elif len(text) <= LONGEST_TIME and _NUMBER.fullmatch(text):
            numbers.append((row, float(text)))
        elif wrong is None:
            wrong = row
    if not numbers:
        rule = TimeRule("iso" if texts else "auto") if texts or wrong is None else None
        return Judged(rule, wrong is None, wrong)
    unit, fitting = _unit([number for _, number in numbers], latest)
    unfit = next((row for row, number in numbers if not _fits(number, unit, latest)), None)
    bad = min((row for row in (wrong, unfit) if row is not None), default=None)
    if 2 * fitting < len(numbers) or (wrong is None and _looks_like([cells[row] for row, _ in numbers])):
        return Judged(TimeRule("iso") if texts > len(numbers) else None, False, numbers[0][0] if bad is None else bad)
    return Judged(TimeRule("auto" if texts else unit), bad is None, bad)


def is_clock(cells: Sequence[str]) -> bool:
    """Whether every cell with content is a time of day without a date, and there is one."""
    filled = [text for cell in cells if (text := cell.strip(BLANKS))]
    return bool(filled) and all(_CLOCK.fullmatch(text) for text in filled)


def read_cell(text: str, rule: TimeRule) -> tuple[int, bool]:
    """Nanoseconds since 1970, and whether they are UTC for sure: a time without a zone is read as if it were.

    Raises:
        PayloadError: the cell is no time of this rule, or of no year from 1700 to 2250 (`bad_time`).
    """
    if not rule.excel and not rule.pattern:
        return read_time(text, rule.unit)
    text = text.strip(BLANKS)
    try:
        if rule.excel:
            if _NUMBER.fullmatch(text) is None:
                return read_time(text, "iso")
            return readable(_of_serial(text), text), False
        match = re.fullmatch(rule.pattern, text)
        if match is None:
            raise PayloadError("bad_time", "another format")
        groups = match.groupdict()
        return readable(_of_groups(groups), text), groups.get("zone") is not None
    except (ValueError, OverflowError) as error:
        raise PayloadError("bad_time", "no such date or time of day") from error


def expected_time(cell: str, rule: TimeRule, *, named: bool) -> str:
    """The words for a cell that should have been a time, with what it may be instead.

    Args:
        cell: text of the cell.
        rule: form in which the times of its column are written.
        named: whether the column was found by its name.
    """
    if rule.pattern or rule.excel:
        meaning = "without --time-format this one is read" if _is_iso(cell.strip(BLANKS)) else meaning_of(cell)
        return f"a time as --time-format says, and a date that exists{f' ({meaning})' if meaning else ''}"
    meaning = meaning_of(cell)
    nameless = "" if named else f", as no column is named {', '.join(TIME_NAMES[:4])} or such: name that of the times so"
    return f"{TIME}{nameless}{f' ({meaning})' if meaning else ''}"


def meaning_of(cell: str) -> str:
    """What a cell that is no time probably means, with the option that reads it; empty where nothing can be told."""
    text = cell.strip(BLANKS)
    first, *others = formats_of(text) or [""]
    if first:
        doubt = f", or {' or '.join(map(repr, others))} if day, month and year stand in that order" if others else ""
        return f"--time-format '{first}' reads this one{doubt}"
    zone = _ZONE_NAME.fullmatch(text[:LONGEST_TIME])
    if zone is not None and (_is_iso(zone["time"]) or formats_of(zone["time"])):
        return f"{zone['zone']} is the name of a zone: leave it out, and give --timezone NAME, such as Europe/Berlin"
    return _meaning_of_digits(text)


def _meaning_of_digits(text: str) -> str:
    for pattern, digits in _DIGITS:
        if pattern.fullmatch(text):
            letters = "".join(_LETTERS[digits[position : position + 2]] for position in range(0, len(digits), 2))
            return f"it looks like {letters}: --time-format {digits} reads it"
    if not _NUMBER.fullmatch(text):
        return ""
    number = float(text)
    if 1990 <= number <= 2100 and number.is_integer():
        return "it looks like a year: name the columns year, month, day and hour"
    if 20_000 <= number <= 80_000:
        day = date.fromordinal(date(1899, 12, 30).toordinal() + int(number))
        return f"it looks like the day number of a spreadsheet, {day}: --time-format {EXCEL} reads it"
    return "a Unix time lies between the year 2000 and now"


def _is_iso(text: str) -> bool:
    return len(text) <= LONGEST_TIME and _ISO.fullmatch(text) is not None and (not text.isdigit() or _is_date(text))


def _is_date(digits: str) -> bool:
    try:
        return bool(date(int(digits[:4]), int(digits[4:6]), int(digits[6:])))
    except ValueError:
        return False


def _unit(numbers: Sequence[float], latest: int) -> tuple[TimeUnit, int]:
    """The unit in which most numbers are times, and how many these are."""
    units: tuple[TimeUnit, ...] = ("s", "ms", "us", "ns")
    counts = {unit: sum(_fits(number, unit, latest) for number in numbers) for unit in units}
    unit = max(units, key=lambda known: counts[known])
    return unit, counts[unit]


def _fits(number: float, unit: TimeUnit, latest: int) -> bool:
    return EARLIEST <= number * NANOSECONDS[unit] <= latest


def _looks_like(cells: Sequence[str]) -> bool:
    """Whether all of several numbers are dates of one of the kinds `_DIGITS`, which Unix times hardly are by chance."""
    texts = [cell.strip(BLANKS) for cell in cells]
    return len(texts) > 1 and any(all(pattern.fullmatch(text) for text in texts) for pattern, _ in _DIGITS)


def _of_serial(text: str) -> int:
    """To the second: what is beyond is the rounding of a day's fraction."""
    return FIRST_SERIAL * DAY + round(float(text) * 86_400) * SECOND


def _of_groups(groups: dict[str, str | None]) -> int:
    def part(name: str) -> int:
        return int(groups.get(name) or 0)

    short = part("short_year")
    year = part("year") if groups.get("year") else short + (2000 if short < 69 else 1900)
    half = (groups.get("half") or "").lower()
    hour, half_hour = part("hour"), part("half_hour")
    if groups.get("half_hour") is not None:
        if not 1 <= half_hour <= 12:
            raise ValueError
        hour = half_hour % 12 + (12 if half == "p" else 0)
    if hour > 23 or part("minute") > 59 or part("second") > 59:
        raise ValueError
    east = (3600 * part("east_hour") + 60 * part("east_minute")) * (-1 if groups.get("sign") == "-" else 1)
    days = date(year, part("month"), part("day")).toordinal() - date(1970, 1, 1).toordinal()
    seconds = 86_400 * days + 3600 * hour + 60 * part("minute") + part("second") - east
    return seconds * SECOND + int((groups.get("fraction") or "")[:9].ljust(9, "0"))

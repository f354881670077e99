"""The five fields of a cron line, as far as a device can check them; Prefect, on the trainer, has the last word."""

import re

from edge.errors import ConfigurationError
from edge.quoting import quoted

LONGEST = 1000  # characters; a list of every minute, hour, day and month has half as many
MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
DAYS = "sun|mon|tue|wed|thu|fri|sat"
# Lowest and highest number, words that stand for a number, and forms that are a whole part of this field alone.
FIELDS = (
    (0, 59, None, None),  # minute
    (0, 23, None, None),  # hour
    (1, 31, "l", None),  # day of the month; l: the last one
    (1, 12, MONTHS, None),  # month
    (0, 7, DAYS, "l0*[0-7]"),  # day of the week; l5: the last Friday of the month
)


def check_cron(text: str) -> None:
    """Refuse what is no cron line of five fields.

    Raises:
        ConfigurationError: another number of fields, a number out of range, or an unknown word.
    """
    fields = text.lower().split() if len(text) <= LONGEST else []
    if len(fields) != len(FIELDS) or not all(map(_fits, fields, FIELDS)):
        raise ConfigurationError(f"{quoted(text)} is no cron line; write five fields in UTC, such as '0 3 * * *'")


def _fits(field: str, kind: tuple[int, int, str | None, str | None]) -> bool:
    """Whether every part of a field, between its commas, is a value, a range, a step, or a form of this field alone."""
    lowest, highest, words, own = kind
    value = f"[0-9]+|{words}" if words else "[0-9]+"
    nth = "(?:#[1-5l])?" if own else ""  # mon#2: the second Monday of the month
    form = re.compile(rf"(?:[*?]|({value})(?:-({value}))?){nth}(?:/[0-9]*[1-9][0-9]*)?")
    for part in field.split(","):
        if own and re.fullmatch(own, part):
            continue
        match = form.fullmatch(part)
        if match is None:
            return False
        first, last = match.groups("")
        least = 0 if last else lowest  # Prefect takes a 0 in any range
        if any(bound.isdecimal() and not least <= int(bound) <= highest for bound in (first, last)):
            return False
    return True

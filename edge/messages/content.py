"""What a document says beside its values: the names of series and tags, the times, and whether a value can be trusted."""

from collections.abc import Callable
from typing import TypeAlias

from edge.contract.times import EARLIEST, LATEST, SECOND, parse_time
from edge.contract.zones import Zone
from edge.errors import Advice, PayloadError
from edge.messages.formats.payload import Format
from edge.messages.paths import MISSING, Get, getter, parse_path
from edge.messages.rule import IngestRule
from edge.quoting import quoted

Told: TypeAlias = str | dict[str, str] | None  # what a placeholder of the payload stands for
Moment: TypeAlias = Callable[[object, object, bytes, int], int]  # element, message, payload, time of arrival
FIRST_SECOND, LAST_SECOND = EARLIEST // SECOND, LATEST // SECOND
MOST_TAGS = 128  # of a series
BAD = frozenset({"false", "0", "bad"})  # what devices write for a value that is none


def told_by(get: Get, element: object, document: object, known: dict[Get, Told]) -> Told:
    """What a placeholder of the payload stands for: a text, the texts of an object, or None.

    Raises:
        PayloadError: the object has more texts than a series may have tags (`no_name`).

    Args:
        get: function that looks the placeholder up.
        element: part of the message, which counts first.
        document: the message.
        known: texts of the message for all of its elements, which are kept, as there may be thousands of these.
    """
    value = get(element)
    if value is not MISSING or element is document:
        return _told(value)
    if get not in known:
        known[get] = _told(get(document))
    return known[get]


def _told(value: object) -> Told:
    if isinstance(value, dict):
        if len(value) > MOST_TAGS:  # before they are copied for each value of the message
            raise PayloadError("no_name", f"expected at most {MOST_TAGS} tags, got {quoted(value)}")
        texts = {str(name): text for name, inner in sorted(value.items()) if (text := text_of(inner))}
        return texts or None
    return text_of(value)


def text_of(value: object) -> str | None:
    """A text, a number or a truth value as a part of a name; None for what is none."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return str(value) if isinstance(value, int) and value.bit_length() < 128 else None


def check_of(path: str) -> Callable[[object], None]:
    """The function that refuses an element whose quality is bad; one that has none is taken."""
    get = getter(parse_path(path))

    def check(element: object) -> None:
        quality = get(element)
        if quality is False or quality == 0 or (isinstance(quality, str) and quality.lower() in BAD):
            raise PayloadError("implausible", f"the quality at {quoted(path)} is {quoted(quality)}")

    return check


def is_text(text: str) -> bool:
    """Whether a name can be stored: no zero character, and no half of a pair."""
    try:
        return "\0" not in text and bool(text.encode())
    except UnicodeEncodeError:
        return False


def _later(arrival: int, duration: int) -> int:
    """The moment so many ns after the arrival, or before it.

    Raises:
        PayloadError: it lies out of bounds (`bad_time`).
    """
    if not EARLIEST <= arrival + duration < LATEST and arrival >= EARLIEST:
        raise PayloadError("bad_time", f"{duration / SECOND:g} s from now is not between the years 2000 and 2100")
    return arrival + duration


def moment_of(path: str, rule: IngestRule, form: Format) -> Moment:
    """The function that gives the time of an element, ns UTC: from the element or else the message."""
    get, unit = getter(parse_path(path)), rule.time_unit or form.time_unit
    dated, relative = form.dated, form.relative
    zone = Zone(rule.timezone) if rule.timezone is not None else None
    seconds = unit in ("auto", "s")

    def moment(element: object, document: object, payload: bytes, arrival: int) -> int:
        value = get(element)
        if seconds and type(value) is int and FIRST_SECOND <= value < LAST_SECOND:  # the usual Unix time
            return value * SECOND
        if seconds and type(value) is float and FIRST_SECOND <= value < LAST_SECOND:  # the same with digits behind a point
            return int(value) * SECOND + round((value - int(value)) * SECOND)
        if value is MISSING and element is not document:
            value = get(document)
        if value is MISSING:
            if not dated:
                return arrival
            advice = Advice("for payloads without a time", "time", '""')
            raise PayloadError("no_time", f"expected a time at {path!r} in {quoted(payload)}", advice)
        if relative and type(value) is int and value < relative:
            return _later(arrival, value)
        if zone is None:
            return parse_time(value, unit)
        return parse_time(value, unit, lambda local: zone.moment(local, arrival))

    return moment

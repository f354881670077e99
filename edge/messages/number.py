"""What a value in a payload means: the number behind words, texts and scales, and what is no measurement at all."""

import math
import re
from collections.abc import Callable
from typing import TypeAlias

import msgspec

from edge.contract.meaning import Meaning
from edge.contract.plausible import Plausible
from edge.contract.times import DAY, parse_duration
from edge.errors import Advice, ConfigurationError, PayloadError
from edge.messages.advice import for_text
from edge.messages.formats.units import LONGEST_NUMBER, SUFFIX
from edge.messages.rule import IngestRule, NumberRule, ValueRule
from edge.quoting import quoted

Number: TypeAlias = Callable[[object], float]

_COMMA = re.compile(r"[+-]?(?:[0-9]{1,3}(?:\.[0-9]{3})+|[0-9]+)?,[0-9]+(?:[eE][+-]?[0-9]+)?|[+-]?[0-9]+")
_WORDS = {True: "true", False: "false"}


def merged(rule: IngestRule, value: ValueRule) -> ValueRule:
    """The entry of a value with what the rule says where the entry says nothing; both say what is no value."""
    said = {key: getattr(rule, key) for key in NumberRule.__struct_fields__ if getattr(value, key) is None}
    said |= {"map": {**(rule.map or {}), **(value.map or {})}, "ignore": (*rule.ignore, *value.ignore)}
    return msgspec.structs.replace(value, **said)


def meaning_of(value: ValueRule) -> Meaning | None:
    """What a merged entry says of its series; None where it says nothing.

    Raises:
        ConfigurationError: the longest hold is no duration, or is given without `fill = "hold"`.
    """
    fill, longest = value.fill, value.hold
    if longest is not None and fill != "hold":
        raise ConfigurationError('hold counts with fill = "hold" only; add that line, or take this one out')
    try:
        hold = DAY if longest is None else parse_duration(longest)
    except ConfigurationError as error:
        raise ConfigurationError(f"hold: {error}") from error
    if value.kind is None and fill is None and value.unit is None:
        return None
    return Meaning(value.kind or "gauge", hold if fill == "hold" else 0, value.unit or "")


def plausible_of(value: ValueRule) -> Plausible | None:
    """The readings that a merged entry can give, after `scale` and `offset`; None where all can be."""
    if value.min is None and value.max is None and not value.ignore:
        return None
    scale, offset = value.scale or 1.0, value.offset or 0.0
    lowest, highest = sorted(end * scale + offset for end in _ends(value))
    return Plausible(lowest, highest, frozenset(number * scale + offset for number in value.ignore))


def _ends(value: ValueRule) -> tuple[float, float]:
    """The smallest and the largest number that a device can send."""
    return -math.inf if value.min is None else value.min, math.inf if value.max is None else value.max


def parse_value(value: object) -> float:
    """A finite number, or text that is one; true and false are states, not measurements.

    Raises:
        PayloadError: anything else (`bad_value`).
    """
    if type(value) is float and value - value == 0:  # the usual case: a finite number
        return value
    if isinstance(value, str):
        if "_" in value or not value.isascii():  # float() would take both
            raise _refusal(value)
    elif isinstance(value, bool):
        raise _refusal(value)
    try:
        number = float(value)  # type: ignore[arg-type] # whatever float refuses is a bad value
    except (TypeError, ValueError, OverflowError) as error:
        raise _refusal(value) from error
    if not math.isfinite(number):
        raise PayloadError("bad_value", f"expected a finite number, got {number}")
    return number


def number_of(rule: IngestRule, value: ValueRule) -> Number:
    """The function that gives the number of a value as it stands in a payload.

    Args:
        rule: the rule, which says how numbers are written.
        value: merged entry of the value.

    Raises:
        ConfigurationError: `min` lies above `max`, or `scale` is 0 or not finite.
    """
    words, least, most = value.map or {}, value.min, value.max
    scale, offset = value.scale, value.offset
    for name, setting in (
        ("min", least),
        ("max", most),
        ("scale", scale),
        ("offset", offset),
        *(("map", n) for n in words.values()),
    ):
        if setting is not None and not math.isfinite(setting):
            raise ConfigurationError(f"{name}: expected a finite number; got {setting}")
    if scale == 0:
        raise ConfigurationError("scale is 0, which would make every value the same; leave it out")
    if least is not None and most is not None and least > most:
        raise ConfigurationError(f"min {least:g} lies above max {most:g}")
    parse = _parser(rule, value.unit)
    if words:
        parse = _with_words(parse, words)
    if value.ignore or least is not None or most is not None:
        parse = _within(parse, frozenset(value.ignore), *_ends(value))
    if scale is not None or offset is not None:
        parse = _scaled(parse, 1.0 if scale is None else scale, offset or 0.0)
    return parse


def _parser(rule: IngestRule, unit: str | None) -> Number:
    comma, suffix = rule.decimal == ",", bool(rule.suffix)
    if not comma and not suffix:
        return parse_value

    def parse(value: object) -> float:
        if isinstance(value, str):
            text = value.strip()
            if suffix and len(text) <= LONGEST_NUMBER and (match := SUFFIX.fullmatch(text)) is not None:
                if unit is not None and match[2].strip() != unit:
                    expected = f"expected {quoted(unit)} behind the number, as [[ingest]] unit says"
                    raise PayloadError("bad_value", f"{expected}; got {quoted(value)}")
                text = match[1]
            if comma:
                if not _COMMA.fullmatch(text):
                    raise PayloadError("bad_value", f"expected a number with a decimal comma, got {quoted(value)}")
                text = text.replace(".", "").replace(",", ".")
            return parse_value(text)
        return parse_value(value)

    return parse


def _with_words(parse: Number, words: dict[str, float]) -> Number:
    def parse_word(value: object) -> float:
        if isinstance(value, str):
            word = words.get(value.strip())
        else:
            word = words.get(_WORDS[value]) if isinstance(value, bool) else None
        return parse(value) if word is None else word

    return parse_word


def _within(parse: Number, ignored: frozenset[float], least: float, most: float) -> Number:
    def parse_plausible(value: object) -> float:
        number = parse(value)
        if number in ignored:
            raise PayloadError("implausible", f"{number:g} stands in [[ingest]] ignore")
        if not least <= number <= most:
            raise PayloadError("implausible", f"expected {least:g} to {most:g} by [[ingest]] min and max, got {number:g}")
        return number

    return parse_plausible


def _scaled(parse: Number, scale: float, offset: float) -> Number:
    def parse_scaled(value: object) -> float:
        number = parse(value) * scale + offset
        if not math.isfinite(number):
            raise PayloadError("bad_value", f"expected a finite number, got {number} after [[ingest]] scale")
        return number

    return parse_scaled


def _refusal(value: object) -> PayloadError:
    advice = None
    if isinstance(value, bool):
        advice = Advice("for states", "map", "{ true = 1, false = 0 }")
    elif isinstance(value, str):
        advice = for_text(value)
    return PayloadError("bad_value", f"expected a number, got {quoted(value)}", advice)

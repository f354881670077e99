"""How `[[ingest]]` is written in the configuration; `edge/messages/ingest.py` makes of it what reads messages."""

from collections.abc import Callable, Iterable
from typing import Annotated, Literal, TypeAlias

import msgspec

from edge.contract.meaning import Kind
from edge.contract.schema import RESERVED
from edge.contract.times import TimeUnit
from edge.contract.zones import Zone
from edge.errors import ConfigurationError
from edge.messages.paths import parse_path
from edge.quoting import quoted

Fill: TypeAlias = Literal["none", "hold"]
Decimal: TypeAlias = Literal[".", ","]
Text: TypeAlias = Annotated[str, msgspec.Meta(min_length=1)]

OF_INFLUX = frozenset({"_measurement", "_field", "_value", "_time", "_start", "_stop"})  # columns of its answers
FIRST_SIGN, DELETE = 32, 127  # numbers of the signs around those that can be printed


class NumberRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a number means: of all values of a rule, or of one of them.

    Args:
        map: numbers for words, and for `true` and `false`, such as `{ON = 1, OFF = 0}`.
        ignore: numbers that stand for no value, as the device sends them, such as `[85, -127]`.
        min: smallest value that can be, as the device sends it.
        max: largest value that can be, as the device sends it.
        scale: factor of the value.
        offset: number that is added to the value after `scale`.
        unit: unit of the value, for people.
        kind: `gauge`, or `counter` for a value that only grows, of which the increase per interval is forecast; left out:
            `gauge`.
        fill: `none`, or `hold` where the device reports changes only, so that the last value counts until the next one; left
            out: `none`.
        hold: longest time for which a value counts; left out: a day.
    """

    map: dict[str, float] | None = None
    ignore: tuple[float, ...] = ()
    min: float | None = None
    max: float | None = None
    scale: float | None = None
    offset: float | None = None
    unit: str | None = None
    kind: Kind | None = None
    fill: Fill | None = None
    hold: str | None = None


class ValueRule(NumberRule, frozen=True, forbid_unknown_fields=True):
    """One entry of `values`: where the value stands and what it means; a key that is left out is that of the rule.

    Args:
        path: path to the value; `*` in it stands for any level. Left out beside a `value` with `*`: the entry says what numbers
            mean whose `{key}` is its name, in which `*` stands for any characters.
    """

    path: str | None = None


class IngestRule(NumberRule, frozen=True, forbid_unknown_fields=True):
    """Which topics carry readings, and how their payloads are read.

    Args:
        topic: levels with placeholders, such as `sensors/{site}/{device}/{metric}`; `{name...}` at the end stands for one or
            more levels, `+` and `#` as in MQTT. Left out: that of the preset; `root/#` beside a preset is the root of its
            topics.
        series: name of the series, made of placeholders: those of the topic, `{key}`, `{each}` and `{$.path}` of the payload;
            left out: those of the topic, joined with dots, and `{key}` where a message has several values. A name that other
            values would give as well has them joined with `/`.
        format: name of the payload's format; left out: `json`, a JSON document.
        value: path to the value in the payload; `*`: every number in it, `a.*`: every number below `a`. Left out: that of the
            format, which is `value` for `json`.
        time: path to the time in the payload; `""`: the time of arrival counts. Left out: that of the format, which is `time`
            for `json`.
        time_unit: unit of a numeric time: `auto`, `iso`, `s`, `ms`, `us` or `ns`; left out: that of the format, which is
            `auto` for `json`.
        preset: name of a kind of device, which gives values to the keys that are left out.
        skip: topic filters of messages that the rule leaves alone, such as `zigbee2mqtt/bridge/#`.
        valid: path to the quality of a value; where it is `false`, `0` or `bad`, the value is left out as implausible.
        each: path to a list or an object of which every element is read; `*`: the elements of the message itself.
        values: several values of a message, by names: paths, or tables with a `path` and any of the keys from `map` on.
        rename: other names for `{key}`.
        drop: names of `{key}` that are left out; `*` in them stands for any characters.
        tags: tags of the series, made as `series` is; the placeholders of the topic are tags already.
        columns: names of the columns of a table without a header.
        timezone: zone of times without one, such as `Europe/Berlin`; left out: UTC.
        decimal: decimal sign of numbers that are texts, `.` or `,`; left out: `.`, a point.
        suffix: whether a text behind a number, such as a unit, is left out; left out: such a text is no number.
    """

    topic: str | None = None
    series: str | None = None
    format: str | None = None
    value: str | None = None
    time: str | None = None
    time_unit: TimeUnit | None = None
    preset: str | None = None
    skip: tuple[str, ...] = ()
    valid: str | None = None
    each: str | None = None
    values: dict[Text, str | ValueRule] | None = None
    rename: dict[str, Text] | None = None
    drop: tuple[str, ...] = ()
    tags: dict[Text, Text] | None = None
    columns: tuple[str, ...] = ()
    timezone: str | None = None
    decimal: Decimal | None = None
    suffix: bool | None = None


def check_rule(rule: IngestRule) -> None:
    """Refuse names, paths and zones that nothing can have, or that no store takes.

    Raises:
        ConfigurationError: the key, the name, and what to write.
    """
    for key in ("values", "rename", "map", "tags"):
        _check_filled(key, getattr(rule, key) or {})
    for key in ("drop", "columns", "skip"):
        _check_filled(key, getattr(rule, key))
    _check_words("map", rule.map or {})
    _check_stored("values", rule.values or {})
    _check_stored("rename", (rule.rename or {}).values())
    _check_stored("tags", rule.tags or {})
    for tag, text in (rule.tags or {}).items():
        _check_tag(tag, text)
    for key in ("value", "time", "each", "valid"):
        _check(key, parse_path, getattr(rule, key) or "")
    if rule.timezone is not None:
        _check("timezone", Zone, rule.timezone)
    for name, value in (rule.values or {}).items():
        _check(f"values.{name}", parse_path, value if isinstance(value, str) else value.path or "")
        if isinstance(value, ValueRule):
            _check_words(f"values.{name}.map", value.map or {})


def _check_filled(key: str, names: Iterable[str]) -> None:
    if any(not name.strip() for name in names):
        raise ConfigurationError(f"{key}: a name is empty; write it, or take the entry out")


def _check_words(key: str, words: Iterable[str]) -> None:
    """Words stand without the blanks around them when they are looked up."""
    _check_filled(key, words)
    apart = next((word for word in words if word != word.strip()), None)
    if apart is not None:
        raise ConfigurationError(f"{key}: blanks around {quoted(apart)} do not count; write {quoted(apart.strip())}")


def _check_stored(key: str, names: Iterable[str]) -> None:
    strange = next((name for name in names if any(ord(sign) < FIRST_SIGN or ord(sign) == DELETE for sign in name)), None)
    if strange is not None:
        raise ConfigurationError(f"{key}: {quoted(strange)} holds a sign that cannot be printed; write a name without it")


def _check_tag(tag: str, text: str) -> None:
    if tag in RESERVED or tag in OF_INFLUX:
        raise ConfigurationError(f"tags: {tag} is a name of {'ours' if tag in RESERVED else 'InfluxDB'}; choose another name")
    if "\\" in tag:
        raise ConfigurationError(f"tags: {quoted(tag)} holds a backslash, which InfluxDB does not take; choose another name")
    if tag == "*" and not (text.startswith("{$.") and text.endswith("}")):
        raise ConfigurationError(f'tags: * stands for all texts of an object, such as "*" = "{{$.tags}}"; got {quoted(text)}')


def _check(key: str, read: Callable[[str], object], text: str) -> None:
    try:
        read(text)
    except ConfigurationError as error:
        raise ConfigurationError(f"{key}: {error}") from error


def which_rule(number: int, count: int, topic: object, preset: object) -> str:
    """The beginning of a line about one rule: `[[ingest]] number 6, topic 'a/{b}':`.

    Args:
        number: number of its section, from 1.
        count: number of sections.
        topic: its topic as it is written, or whatever stands in its place.
        preset: its preset, likewise.
    """
    name = f"topic {quoted(topic)}" if isinstance(topic, str) else f"preset {quoted(preset)}" if isinstance(preset, str) else ""
    return which_section("ingest", number, count, name)


def which_section(section: str, number: int, count: int, name: str) -> str:
    """The beginning of a line about one of several sections.

    Args:
        section: key of the section.
        number: number of the section, from 1.
        count: number of sections.
        name: words that tell it from others, or "".
    """
    words = ", ".join([*([f"number {number}"] if count > 1 else []), *([name] if name else [])])
    return f"[[{section}]] {words}:" if words else f"[[{section}]]"

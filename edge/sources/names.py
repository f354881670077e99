"""Names of the series of a database, which have to be those of the live series: a model knows a series by its name."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from edge.contract.columns import Readings
from edge.contract.times import EARLIEST
from edge.errors import PayloadError
from edge.messages.ingest import Ingest
from edge.messages.names import star_pattern
from edge.messages.number import Number, parse_value
from edge.messages.reading import read_message
from edge.sources.notes import Notes
from edge.sources.settings import HistorySource

ESCAPED = str.maketrans({sign: f"\\{sign}" for sign in ", ="})
VALUE = "value"  # a field or column of this name says nothing about the series


def matches(name: str, pattern: str) -> bool:
    """Whether a name is that of a pattern, in which `*` stands for any characters and all others for themselves."""
    return re.fullmatch(star_pattern(pattern), name, re.DOTALL) is not None


def final_name(settings: HistorySource, name: str) -> str | None:
    """The name of a series after `rename` and `drop`; None where it is left out.

    Args:
        settings: section of the configuration.
        name: name in the database.
    """
    if any(matches(name, pattern) for pattern in settings.drop):
        return None
    return (settings.rename or {}).get(name, name)


def filled(template: str, words: Mapping[str, str]) -> str | None:
    """A template with `{name}` replaced; None where a word is missing or empty.

    Args:
        template: text with names in braces.
        words: word of each name.
    """
    names = re.findall(r"\{([^{}]+)\}", template)
    if not all(words.get(name) for name in names):
        return None
    return re.sub(r"\{([^{}]+)\}", lambda match: words[match[1]], template)


@dataclass(frozen=True, slots=True)
class Live:
    """What a rule of `[[ingest]]` makes of a value.

    Args:
        name: name of the series.
        number: function that gives the number of the value as it stands in the database; None: it is that number.
    """

    name: str
    number: Number | None = None


def as_live(readings: Readings, live: Mapping[int, Live], notes: Notes) -> Readings:
    """Readings with the numbers that live readings would have; those that the rule does not take are left out.

    Args:
        readings: rows with numbers as they stand in the database.
        live: names and numbers by the rules, by the index of the series.
        notes: counts of what is left out.
    """
    changed = [index for index in np.unique(readings.series).tolist() if index in live and live[index].number is not None]
    if not changed:
        return readings
    value = readings.value.copy()
    for index in changed:
        rows = np.flatnonzero(readings.series == index)
        value[rows] = [_number(live[index], cell, notes) for cell in value[rows].tolist()]
    return Readings(readings.series, readings.time, value).take(~np.isnan(value))


def _number(live: Live, cell: float, notes: Notes) -> float:
    try:
        return cell if live.number is None else live.number(cell)
    except PayloadError as error:
        notes.add("values that [[ingest]] does not take, left out", f"{live.name}: {error}")
        return np.nan


def named_live(ingests: Sequence[Ingest], topic: str, field: str, separator: str | None = None) -> Live | None:
    """What the first rule that takes a value makes of it; None where none does.

    Args:
        ingests: rules that name the live series.
        topic: topic that the value came from.
        field: name of the value in the database, such as `AM2301_Temperature`; Telegraf joins the levels of a path with `_`.
        separator: text between the levels of a path in such a name.
    """
    for ingest in ingests:
        named = ingest.name_at(topic, field, separator)
        if named is not None:
            name, number = named
            return Live(name, None if number is parse_value else number)
    return None


def named_line(ingests: Sequence[Ingest], measurement: str, tags: Mapping[str, str], field: str) -> Live | None:
    """What the first rule for line protocol makes of a row, as if its line were published; None where there is no such rule.

    Args:
        ingests: rules that name the live series.
        measurement: measurement of the row.
        tags: tags of the row, without empty ones.
        field: field of the value.
    """
    head = ",".join([measurement.translate(ESCAPED), *(f"{key}={tags[key].translate(ESCAPED)}" for key in sorted(tags))])
    line = f"{head} {field.translate(ESCAPED)}=1 {EARLIEST}".encode()
    for ingest in ingests:
        if ingest.rule.format == "line_protocol" and not set(ingest.names) & set(ingest.series.used):
            topic = ingest.filter.replace("+", "any").replace("#", "any")
            for source, _, _ in read_message([ingest], topic, line, EARLIEST).rows:
                number = ingest.selection.entry_of(field).number
                return Live(source.name, None if number is parse_value else number)
    return None


def topic_of(domain: str, entity: str) -> str:
    """The topic under which Home Assistant's MQTT Statestream publishes an entity's state."""
    return f"homeassistant/{domain}/{entity}/state"


def comes_live(ingests: Sequence[Ingest], name: str) -> bool:
    """Whether a rule gives such a name, as far as can be told."""
    return any(ingest.names_series(name) for ingest in ingests)

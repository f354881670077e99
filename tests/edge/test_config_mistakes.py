"""Every mistake in a configuration is one line: section and which one, key, what was expected, what is there, the nearest word.

The kind of fault: a message speaks of the schema, and does not tell the person what to do.
"""

from datetime import date
from typing import get_origin

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.config.mistakes import mistake, section_of
from edge.config.sections import Config
from edge.messages.rule import ValueRule

SECTIONS = {field.name: field.type for field in msgspec.structs.fields(Config)}
CLASSES = {name: section_of(kind) for name, kind in SECTIONS.items()}
KEYS = [(name, field.name) for name, kind in CLASSES.items() for field in msgspec.structs.fields(kind)]
ENTRY_KEYS = [field.name for field in msgspec.structs.fields(ValueRule)]
WRONG = [True, 7, -7, 2.5, "word", "", [], ["word"], [-1], [[]], {}, {"a": 1}, {"a": []}, {"": "b"}, date(2026, 1, 1)]
ANY = st.recursive(
    st.booleans() | st.integers(-9, 70_000) | st.floats(-1, 1) | st.text("ab", max_size=2) | st.dates(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text("ab", max_size=1), inner, max_size=2),
    max_leaves=4,
)


def document_of(section: str, key: str, value: object) -> dict[str, object]:
    """A configuration with one key."""
    needed = {"history": {"url": "sqlite:///a.db"}, "input": {"name": "wind"}, "alert": {"name": "hot"}}.get(section, {})
    keys = {**needed, key: value}
    return {section: [keys] if get_origin(SECTIONS[section]) is tuple else keys}


def check(section: str, key: str, value: object, name: str) -> None:
    """Compare what is said of a key with what msgspec takes; the line names the section and the key."""
    document = document_of(section, key, value)
    line = mistake(document, Config)
    try:
        msgspec.convert(document, Config)
    except msgspec.ValidationError:
        assert line is not None
        assert line.startswith((f"[{section}] ", f"[[{section}]]"))
        assert name in line
        assert "\n" not in line
        assert not any(word in line for word in ("Expected", "`", "object", "null", "$."))
    else:
        assert line is None


@pytest.mark.parametrize(("section", "key"), KEYS, ids=[".".join(key) for key in KEYS])
def test_a_value_of_another_kind_is_named_with_its_section_and_key(section: str, key: str) -> None:
    """For every key of every section; and what can be read is no mistake."""
    for value in WRONG:
        check(section, key, value, key)


@pytest.mark.parametrize("key", ENTRY_KEYS)
def test_a_value_of_another_kind_inside_an_entry_of_values(key: str) -> None:
    """The way to it is named, too."""
    for value in WRONG:
        check("ingest", "values", {"t": {key: value}}, f"values.t.{key}")


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(KEYS), ANY)
def test_any_value_is_taken_or_named(section_and_key: tuple[str, str], value: object) -> None:
    """As msgspec would do it, whatever is nested in it."""
    section, key = section_and_key
    check(section, key, value, key)


@pytest.mark.parametrize(
    ("document", "line"),
    [
        (
            {"mqtt": {"topic": "a"}},
            "[mqtt] topic is unknown here; it is a key of [[ingest]] or [[input]] or [publish]: write it below that line",
        ),
        (
            {"fleet": {"ca_file": "a"}},
            "[fleet] ca_file is unknown here; it is a key of [mqtt] or [store] or [[history]]",
        ),
        (
            {"topic": "a"},
            "topic stands above all sections; it is a key of [[ingest]] or [[input]] or [publish]: write it below that line",
        ),
        ({"Ingest": [{"topic": "a"}]}, "[Ingest] is unknown; did you mean 'ingest'?"),
        ({"agent": {"max_seris": 5}}, "[agent] max_seris is unknown; did you mean 'max_series'?"),
        ({"agent": {"linge_time": "5s"}}, "[agent] linge_time is unknown; did you mean 'linger'?"),
        ({"mqtt": {"keepalive": 0}}, "[mqtt] keepalive: expected a whole number from 1 to 65535; got 0"),
        ({"agent": {"stall": 5}}, '[agent] stall: expected a text in quotation marks, such as "2min"; got 5'),
        ({"release": {"channel": 5}}, "[release] channel: expected a text in quotation marks; got 5"),
        ({"train": {"Epochs": 5}}, "[train] Epochs is unknown; did you mean 'epochs'?"),
        ({"ingest": [{"topic": "a"}, 5]}, "[[ingest]] is a section: write it in a line, and its keys below; got 5"),
        ({"ingest": {"topic": "a"}}, "the section is written [[ingest]], in double brackets"),
        (
            {"ingest": [{"topic": "a"}, {"topic": "b/{c}", "suffix": "yes"}]},
            "[[ingest]] number 2, topic 'b/{c}': suffix: expected true or false; got 'yes'",
        ),
        (
            {"ingest": [{"topic": "a"}, {"preset": "tasmota", "kind": "Counters"}]},
            "[[ingest]] number 2, preset 'tasmota': kind: expected one of gauge, counter; got 'Counters'; did you mean",
        ),
        ({"ingest": [{"kind": 5}]}, "[[ingest]] kind: expected one of gauge, counter; got 5"),
        ({"ingest": [{"topic": 5}]}, "[[ingest]] topic: expected a text in quotation marks; got 5"),
        (
            {"ingest": [{"topic": "a", "skip": "b/#"}]},
            "[[ingest]] topic 'a': skip: expected a list in brackets; got 'b/#'; write brackets around it",
        ),
        (
            {"ingest": [{"topic": "a", "map": {"ON": "1"}}]},
            "[[ingest]] topic 'a': map.ON: expected a number; got '1'; write it without quotation marks",
        ),
        (
            {"ingest": [{"topic": "a", "values": {"t": {"pth": "T"}}}]},
            "[[ingest]] topic 'a': values.t.pth is unknown; did you mean 'path'?",
        ),
        (
            {"ingest": [{"topic": "a", "tags": {"": "b"}}]},
            "[[ingest]] topic 'a': tags, name before =: expected a text that is not empty; got ''",
        ),
        (
            {"ingest": [{"topic": ["a"]}]},
            "[[ingest]] topic: expected a text in quotation marks; got a list of 1; write",
        ),
        (
            {"agent": {"survive_power_loss": "true"}},
            "[agent] survive_power_loss: expected true or false; got 'true'; write it without quotation marks",
        ),
        (
            {"history": [{"url": "sqlite:///a"}, {"url": "postgresql://me:secret@db/x", "scale": "2"}]},
            "[[history]] number 2, url 'postgresql://*@db/x': scale: expected a number; got '2'; write it",
        ),
        ({"input": [{"name": "a"}, {"name": "b", "topic": 5}]}, "[[input]] number 2, name 'b': topic: expected a text"),
        ({"history": [{"unit": "K"}]}, "[[history]] url is missing; write it as docs/configuration.md says"),
        ({"mqtt": {"password_file": 123456}}, "[mqtt] password_file: expected a text in quotation marks; got a number"),
        (
            {"train": {"precisions": ["float16", "int16"]}},
            "[train] precisions, entry 2: expected one of float32, float16, int8",
        ),
    ],
)
def test_a_line_says_where_and_what_instead(document: dict[str, object], line: str) -> None:
    """A key in the wrong section is shown the right one, and no line shows a password."""
    said = mistake(document, Config)
    assert said is not None
    assert said.startswith(line)
    assert "secret" not in said
    assert "123456" not in said

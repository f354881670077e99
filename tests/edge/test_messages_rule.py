"""The keys of `[[ingest]]` and of the entries of `values`."""

import pytest
from msgspec.structs import fields

from edge.errors import ConfigurationError
from edge.messages.reading import make_ingests
from edge.messages.rule import IngestRule, ValueRule
from tests.support.ingests import ingest


def test_an_entry_of_values_has_no_key_that_a_rule_has_not() -> None:
    """Beside its path; and each says the same of its value as for the whole rule."""
    of_rule = {field.name: field.type for field in fields(IngestRule)}
    assert {field.name for field in fields(ValueRule)} - set(of_rule) == {"path"}
    assert all(of_rule[field.name] == field.type for field in fields(ValueRule) if field.name != "path")


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        ({"tags": {" ": "a"}}, "tags: a name is empty"),
        ({"rename": {"": "a"}}, "rename: a name is empty; write it, or take the entry out"),
        ({"map": {"": 1.0}}, "map: a name is empty"),
        ({"drop": ("",)}, "drop: a name is empty"),
        ({"values": {"t": ValueRule("a", map={" ": 1.0})}}, "values.t.map: a name is empty"),
        ({"map": {"ON ": 1.0}}, "map: blanks around 'ON ' do not count; write 'ON'"),
        ({"values": {"a\nb": "a"}}, "values: 'a\\nb' holds a sign that cannot be printed"),
        ({"rename": {"a": "b\0"}}, "rename: 'b\\x00' holds a sign that cannot be printed"),
        ({"tags": {"a\t": "b"}}, "tags: 'a\\t' holds a sign that cannot be printed"),
        ({"tags": {"series": "a"}}, "tags: series is a name of ours; choose another name"),
        ({"tags": {"value": "a"}}, "tags: value is a name of ours"),
        ({"tags": {"_field": "a"}}, "tags: _field is a name of InfluxDB; choose another name"),
        ({"tags": {"a\\b": "c"}}, "tags: 'a\\\\b' holds a backslash, which InfluxDB does not take"),
        ({"tags": {"*": "a"}}, 'tags: * stands for all texts of an object, such as "*" = "{$.tags}"; got \'a\''),
        ({"value": "a..b"}, "value: 'a..b': write levels with dots between"),
        ({"each": "a."}, "each: 'a.': write levels"),
        ({"values": {"t": "a..b"}}, "values.t: 'a..b': write levels"),
        ({"skip": ("a/{b}",)}, "skip: write + and #, not placeholders"),
        ({"skip": ("a/#/b",)}, "skip 'a/#/b': # and {name...} stand for the rest"),
        (
            {"format": "JSN"},
            "format: expected one of json, plain, csv, line_protocol, senml, sparkplug; got 'JSN'; did you mean",
        ),
        ({"preset": "tasmotta"}, "; got 'tasmotta'; did you mean 'tasmota'?"),
        ({"timezone": "Europe/Berln", "time": ""}, "timezone: 'Europe/Berln' is no time zone; did you mean Europe/Berlin?"),
        ({"hold": "6h"}, 'hold counts with fill = "hold" only'),
    ],
)
def test_a_name_that_nothing_has_or_no_store_takes_is_refused(keys: dict[str, object], line: str) -> None:
    """The line says which section it is, which key, and what to write."""
    good = IngestRule("a/{b}")
    rule = IngestRule("x/{y}", **keys)  # type: ignore[arg-type] # tests write what a file may hold
    with pytest.raises(ConfigurationError, match=r"^\[\[ingest\]\] topic 'x/\{y\}': "):
        make_ingests([rule])
    with pytest.raises(ConfigurationError) as caught:
        make_ingests([good, rule])
    assert str(caught.value).startswith("[[ingest]] number 2, topic 'x/{y}': ")
    assert line in str(caught.value)


def test_names_that_a_device_gives_may_be_of_any_signs() -> None:
    """They are renamed or dropped, and so they are not what is stored; all texts of an object may be tags."""
    assert ingest("a/{b}", value="*", rename={"t\n": "t"}, drop=("x\t",), tags={"*": "{$.tags}", "Ort 1": "Küche"})

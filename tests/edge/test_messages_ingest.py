"""A topic and a payload name, tag and date the readings of a message; a rule that cannot be used is refused."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.config.reading import read_config
from edge.errors import ConfigurationError
from edge.messages import reading
from tests.support.documented import ROOT, blocks
from tests.support.ingests import NOON, ingest, left_out, tags, taken

JSON = ingest("sensors/{site}/{metric}")
PAGE = ROOT / "docs" / "readings.md"


def test_topic_names_and_tags_its_series() -> None:
    """Placeholders become tags; the name is theirs joined with dots, or what the template says."""
    assert tags(JSON, "sensors/dach süd/температура") == {"dach süd.температура": {"site": "dach süd", "metric": "температура"}}
    assert JSON.filter == "sensors/+/+"
    assert list(tags(ingest("a/{x}/b/{y}", "{y} of {x}"), "a/1/b/2")) == ["2 of 1"]
    assert tags(ingest("plant/boiler"), "plant/boiler") == {"plant.boiler": {}}


def test_live_states_of_home_assistant_continue_its_exported_history(tmp_path: Path) -> None:
    """The section that the page of readings gives makes the names that an export has as `entity_id`."""
    path = tmp_path / "gatecast.toml"
    block = next(block for block in blocks(PAGE.read_text("utf-8"), "toml") if "homeassistant" in block)
    path.write_text(block, "utf-8")
    assert taken(read_config(path).ingests(), "homeassistant/sensor/outdoor_temp/state", "21.5") == {
        "sensor.outdoor_temp": 21.5
    }


@pytest.mark.parametrize(
    "topic", ["", "sensors", "sensors/a", "sensors/a/b/c", "sensors//b", "Sensors/a/b", "sensors/a/b/", "\0"]
)
def test_other_topics_do_not_match(topic: str) -> None:
    """A placeholder is exactly one level that is not empty."""
    assert JSON.bind(topic) is None


LEVEL = st.text(st.sampled_from("a0.-/ü\n").filter(lambda one: one != "/"), min_size=1, max_size=6)
NAMED = [
    ingest("x/{site}/{ip}/{metric}", series)
    for series in (None, "{site}.{ip}.{metric}", "{metric}{ip}{site}", "{site}/{ip}.{metric}//", "{ip}-{site}-{ip}.{metric}")
]


@given(LEVEL, LEVEL, LEVEL)
def test_tags_of_a_name_are_those_of_its_topic(site: str, ip: str, metric: str) -> None:
    """So no two topics share a name, and history that was imported by name gets the tags live readings get."""
    for rule in NAMED:
        ((name, given_tags),) = tags(rule, f"x/{site}/{ip}/{metric}").items()
        assert rule.tags_of(name) == given_tags == {"site": site, "ip": ip, "metric": metric}


def test_topics_that_differ_only_in_dots_are_two_series() -> None:
    """Read back, a name gives the last levels as short as can be; one that would give other levels has its own apart."""
    rule = ingest("sensors/{site}/{ip}/{metric}")
    names = [name for levels in ("10.0/0.1", "10/0.0.1", "roof/a") for name in tags(rule, f"sensors/{levels}/temp")]
    assert names == ["10.0/0.1/temp", "10/0.0.1/temp", "roof.a.temp"]
    assert list(tags(ingest("{x}/{y}", "{x}"), "a/b")) == list(tags(ingest("{x}/{y}", "{x}"), "a/c")) == ["a"]


def test_name_of_another_form_has_no_tags() -> None:
    """Too few parts, or a template that leaves a placeholder out."""
    assert JSON.tags_of("roof") is None
    assert ingest("a/{x}/{y}", "{x}").tags_of("roof") is None


@pytest.mark.parametrize(
    ("topic", "series", "words"),
    [
        ("", None, "whole level"),
        ("a/{x}/{x}", None, "whole level"),
        ("a/pre{x}", None, "whole level"),
        ("a/+", None, "give no name"),
        ("a/#", None, "give no name"),
        ("a/#/b", "x", "at the end"),
        ("a/{b...}/c", None, "at the end"),
        ("a/{key}", None, "name of ours"),
        ("a/{x}", "{x", "may use"),
        ("a/{x}", "{each}", "may use"),
        ("a/{}", None, "letters, digits"),
        ("a/{b c}", None, "letters, digits"),
        ("a/{1x}", None, "letters, digits"),
        ("a/{series}", None, "name of ours"),
        ("a/{value}", None, "name of ours"),
        ("a/{x}", "{y}", r"may use the topic's placeholders \(\{x\}, \{key\}\)"),
        ("a/{x}", "{", r"may use the topic's placeholders \(\{x\}, \{key\}\)"),
        ("a/{x}", "{}", r"may use the topic's placeholders \(\{x\}, \{key\}\)"),
        ("a", "{y}", r"placeholders \(\{key\}\)"),
        ("a/{x}", "", "is empty"),
    ],
)
def test_template_that_cannot_be_used_is_refused(topic: str, series: str | None, words: str) -> None:
    """The message names the topic and what to write instead."""
    with pytest.raises(ConfigurationError, match=words):
        ingest(topic, series)


def test_a_placeholder_of_the_payload_has_a_text_for_what_is_not_there() -> None:
    """A sensor without a channel keeps the name that it has otherwise."""
    rule = ingest("t", "{$.model}.{$.channel|0}.{key}", value="*", time="")
    assert taken(rule, "t", '{"model":"a","channel":2,"v":1}') == {"a.2.v": 1.0}
    assert taken(rule, "t", '{"model":"a","v":1}') == {"a.0.v": 1.0}


@pytest.mark.parametrize(("text", "other"), [('"None"', None), ("\"{'a': 'b'}\"", '{"a":"b"}')])
def test_a_text_that_looks_like_something_else_is_a_text(text: str, other: str | None) -> None:
    """In whichever order they come: a name that is not there or an object is not a text that reads like it."""
    said = {text: f'{{"v":1,"told":{text}}}', other: '{"v":1}' if other is None else f'{{"v":1,"told":{other}}}'}
    name = json.loads(text)
    for order in ((text, other), (other, text)):
        named, tagged = (
            reading.bind([rule], "t")
            for rule in (ingest("t", "{$.told}", value="v", time=""), ingest("t", value="v", tags={"x": "{$.told}"}, time=""))
        )
        for each in order:
            rows, reasons = reading.take(named, "t", said[each].encode(), NOON)
            expected = [name] if each == text else [] if each is None else ["b"]
            assert [source.name for source, _, _ in rows] == expected
            assert [reason.kind for reason in reasons] == ([] if expected else ["no_name"])
            ((source, _, _),), _ = reading.take(tagged, "t", said[each].encode(), NOON)
            assert source.tags == ({"x": expected[0]} if expected else {})


@pytest.mark.parametrize("quality", ["false", "0", '"Bad"'])
def test_a_value_of_bad_quality_is_left_out(quality: str) -> None:
    """It is counted as implausible; a value without a quality is taken."""
    rule = ingest("t", "{$.id}", each="v", value="v", valid="q", time="")
    payload = f'{{"v":[{{"id":"a","v":1,"q":{quality}}},{{"id":"b","v":2,"q":true}},{{"id":"c","v":3}}]}}'
    assert taken(rule, "t", payload) == {"b": 2.0, "c": 3.0}
    assert left_out(rule, "t", payload) == ["implausible"]
    assert left_out(ingest("t", value="v", valid="q", time=""), "t", f'{{"v":1,"q":{quality}}}') == ["implausible"]


@pytest.mark.parametrize(
    "told",
    [
        '{"\\ud800":"x"}',
        '{"a":"\\ud800"}',
        '{"a\\u0000":"x"}',
        '{"":"x"}',
        '{"a":"%s"}' % ("x" * 8_200),
        '{"%s":"x"}' % ("k" * 8_200),
    ],
)
def test_tags_that_no_store_takes_cost_their_own_value_only(told: str) -> None:
    """A key with half of a pair of characters would end the agent at the commit, and again after each restart."""
    rule = ingest("t", "{$.id}", each="v", value="v", tags={"*": "{$.tags}"}, time="")
    payload = f'{{"v":[{{"id":"a","v":1,"tags":{told}}},{{"id":"b","v":2,"tags":{{"x":"y"}}}}]}}'
    assert (taken(rule, "t", payload), left_out(rule, "t", payload)) == ({"b": 2.0}, ["no_name"])

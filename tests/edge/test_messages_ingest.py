"""A topic names and tags its series; a template that cannot be used is refused."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.config.reading import read_config
from edge.errors import ConfigurationError
from edge.messages.ingest import Ingest
from tests.support.documented import ROOT, blocks

JSON = Ingest("sensors/{site}/{metric}")
PAGE = ROOT / "docs" / "readings.md"


def test_topic_names_and_tags_its_series() -> None:
    """Placeholders become tags; the name is theirs joined with dots, or what the template says."""
    source = JSON.source("sensors/dach süd/температура")
    assert source is not None
    assert (source.name, source.tags) == ("dach süd.температура", {"site": "dach süd", "metric": "температура"})
    assert JSON.filter == "sensors/+/+"
    named = Ingest("a/{x}/b/{y}", series="{y} of {x}").source("a/1/b/2")
    assert named is not None
    assert named.name == "2 of 1"
    fixed = Ingest("plant/boiler").source("plant/boiler")
    assert fixed is not None
    assert (fixed.name, fixed.tags) == ("plant.boiler", {})


def test_live_states_of_home_assistant_continue_its_exported_history(tmp_path: Path) -> None:
    """The section that the page of readings gives makes the names that an export has as `entity_id`."""
    path = tmp_path / "gatecast.toml"
    (block,) = blocks(PAGE.read_text("utf-8"), "toml")
    path.write_text(block, "utf-8")
    (rule,) = read_config(path).ingest
    source = Ingest(rule.topic, rule.series).source("homeassistant/sensor/outdoor_temp/state")
    assert source is not None
    assert (source.name, rule.format) == ("sensor.outdoor_temp", "plain")


@pytest.mark.parametrize(
    "topic", ["", "sensors", "sensors/a", "sensors/a/b/c", "sensors//b", "Sensors/a/b", "sensors/a/b/", "\0"]
)
def test_other_topics_do_not_match(topic: str) -> None:
    """A placeholder is exactly one level that is not empty."""
    assert JSON.source(topic) is None


LEVEL = st.text(st.sampled_from("a0.-/ü\n").filter(lambda one: one != "/"), min_size=1, max_size=6)
NAMED = [
    Ingest("x/{site}/{ip}/{metric}", series)
    for series in (None, "{site}.{ip}.{metric}", "{metric}{ip}{site}", "{site}/{ip}.{metric}//", "{ip}-{site}-{ip}.{metric}")
]


@given(LEVEL, LEVEL, LEVEL)
def test_tags_of_a_name_are_those_of_its_topic(site: str, ip: str, metric: str) -> None:
    """So no two topics share a name, and history that was imported by name gets the tags live readings get."""
    for ingest in NAMED:
        source = ingest.source(f"x/{site}/{ip}/{metric}")
        assert source is not None
        assert ingest.tags_of(source.name) == source.tags == {"site": site, "ip": ip, "metric": metric}


def test_topics_that_differ_only_in_dots_are_two_series() -> None:
    """Read back, a name gives the last levels as short as can be; one that would give other levels has its own apart."""
    rule = Ingest("sensors/{site}/{ip}/{metric}")
    names = [rule.source(f"sensors/{levels}/temp").name for levels in ("10.0/0.1", "10/0.0.1", "roof/a")]  # type: ignore[union-attr]
    assert names == ["10.0/0.1/temp", "10/0.0.1/temp", "roof.a.temp"]
    assert Ingest("{x}/{y}", "{x}").source("a/b").name == Ingest("{x}/{y}", "{x}").source("a/c").name == "a"  # type: ignore[union-attr]


def test_name_of_another_form_has_no_tags() -> None:
    """Too few parts, or a template that leaves a placeholder out."""
    assert JSON.tags_of("roof") is None
    assert Ingest("a/{x}/{y}", series="{x}").tags_of("roof") is None


@pytest.mark.parametrize(
    ("topic", "series", "words"),
    [
        ("", None, "whole level"),
        ("a/{x}/{x}", None, "whole level"),
        ("a/pre{x}", None, "whole level"),
        ("a/+", None, "whole level"),
        ("a/#", None, "whole level"),
        ("a/{}", None, "letters, digits"),
        ("a/{b c}", None, "letters, digits"),
        ("a/{1x}", None, "letters, digits"),
        ("a/{series}", None, "name of ours"),
        ("a/{value}", None, "name of ours"),
        ("a/{x}", "{y}", r"\(\{x\}\) only"),
        ("a/{x}", "{", r"\(\{x\}\) only"),
        ("a/{x}", "{}", r"\(\{x\}\) only"),
        ("a", "{y}", r"\(none\) only"),
        ("a/{x}", "", "is empty"),
    ],
)
def test_template_that_cannot_be_used_is_refused(topic: str, series: str | None, words: str) -> None:
    """The message names the topic and what to write instead."""
    with pytest.raises(ConfigurationError, match=words):
        Ingest(topic, series)

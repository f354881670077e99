"""Placeholders have names that say something, and everything is written as a rule takes it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.messages.names import TopicTemplate
from edge.messages.paths import getter, parse_path
from pipeline.discovery.naming import filter_text, path_text, placeholders, topic_text, writable
from pipeline.discovery.shapes import Shape, shapes_of


@pytest.mark.parametrize(
    ("topics", "text"),
    [
        (("s/a/temperature", "s/a/humidity", "s/b/temperature"), "s/{device}/{metric}"),
        (("tele/a/SENSOR", "tele/b/SENSOR"), "tele/{device}/SENSOR"),
        (("p/h1/m1/data", "p/h1/m2/data", "p/h2/m3/data"), "p/{site}/{device}/data"),
        (("v3/soil-1/up", "v3/soil-2/up"), "v3/{device}/up"),
        (("d1/x/v", "d2/x/v", "d3/y/v"), "{device}/{part}/v"),
        (("a/{b}/c",), "a/{device}/c"),
    ],
)
def test_varying_levels_get_names(topics: tuple[str, ...], text: str) -> None:
    """The last one may be a metric, the one with most names is the device; a level that no template can hold varies."""
    (shape,) = shapes_of(dict.fromkeys(topics, "json"))
    assert topic_text(shape.levels, placeholders(shape)) == text


@given(st.lists(st.text("ab{}#+/é\0", min_size=1, max_size=9), min_size=1, max_size=6, unique=True))
def test_the_template_and_the_filter_of_a_shape_take_its_topics(topics: list[str]) -> None:
    """Also of topics with signs of our own, but for empty levels in place of a name."""
    for shape in shapes_of(dict.fromkeys(topics, "json")):
        template, skip = TopicTemplate(topic_text(shape.levels, placeholders(shape))), TopicTemplate(filter_text(shape.levels))
        for topic in shape.topics:
            assert template.match(topic) is not None
            assert skip.match(topic) is not None


@given(st.lists(st.text(max_size=6), min_size=1, max_size=4))
def test_a_path_that_is_written_leads_to_its_leaf(levels: list[str]) -> None:
    """Whatever its names are made of."""
    document: object = 7
    for level in reversed(levels):
        document = {level: document}
    assert getter(parse_path(path_text(tuple(levels))))(document) == 7


def test_keys_and_levels_are_written() -> None:
    """A number is the index of a list."""
    assert path_text(("a", 0, "b.c", "*", 'd"e')) == 'a.0."b.c"."*"."d""e"'
    assert [writable(level) for level in ("a", "", "a{", "#")] == [True, True, False, False]


def test_every_placeholder_has_a_name_of_its_own() -> None:
    """Also of many levels, and none is reserved."""
    topics = tuple("/".join(f"l{level}{number * level % 5}" for level in range(9)) for number in range(9))
    names = list(placeholders(Shape((None,) * 9, "json", topics)).values())
    assert len(set(names)) == 9
    TopicTemplate("/".join(f"{{{name}}}" for name in names))

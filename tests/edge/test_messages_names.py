"""Names of topics and series: placeholders, the rest of a topic, and names that no two sources share.

The kinds of fault: topics of unknown depth are not taken; two topics become one series in silence.
"""

import re
from fnmatch import fnmatchcase
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.messages.names import KEY, SeriesName, Template, TopicTemplate, covers, least_filters, overlap, star_pattern


@pytest.mark.parametrize(
    ("template", "asked", "topic", "values"),
    [
        ("zigbee2mqtt/{device...}", "zigbee2mqtt/#", "zigbee2mqtt/kitchen/sensor", {"device": "kitchen/sensor"}),
        ("zigbee2mqtt/{device...}", "zigbee2mqtt/#", "zigbee2mqtt/hall", {"device": "hall"}),
        ("zigbee2mqtt/{device...}", "zigbee2mqtt/#", "zigbee2mqtt", None),
        ("a/{x}/{rest...}", "a/+/#", "a/1/2/3", {"x": "1", "rest": "2/3"}),
        ("a/+/{x}", "a/+/+", "a/b/c", {"x": "c"}),
        ("a/{x}/#", "a/+/#", "a/b", {"x": "b"}),
        ("a/{x}/#", "a/+/#", "a/b/c/d", {"x": "b"}),
        ("#", "#", "a/b", {}),
        ("#", "#", "$SYS/uptime", None),
        ("{a}/{b}", "+/+", "$SYS/uptime", None),
        ("$SYS/{name...}", "$SYS/#", "$SYS/broker/uptime", {"name": "broker/uptime"}),
    ],
)
def test_a_topic_is_taken_as_the_broker_takes_its_filter(
    template: str,
    asked: str,
    topic: str,
    values: dict[str, str] | None,
) -> None:
    """`{name...}` is one or more levels; `+` and `#` name nothing; wildcards in front leave the broker's own topics alone."""
    made = TopicTemplate(template)
    assert (made.filter, made.match(topic)) == (asked, values)


@pytest.mark.parametrize(
    ("wide", "narrow", "expected"),
    [
        ("a/#", "a/+/x", True),
        ("a/#", "a", True),
        ("a/#", "a/#", True),
        ("a/+", "a/b", True),
        ("a/+", "a/#", False),
        ("a/b", "a/+", False),
        ("a/+/x", "a/+", False),
        ("#", "$SYS/#", False),
    ],
)
def test_a_filter_covers_another_where_all_its_topics_are_its_own(wide: str, narrow: str, expected: bool) -> None:
    """Only then the narrow one need not be asked for."""
    assert covers(wide, narrow) is expected


def test_filters_that_others_cover_are_not_subscribed_to() -> None:
    """A broker may send a message once for each of two subscriptions that overlap."""
    assert least_filters(["a/+/x", "a/#", "b", "a/#", "b"]) == ["a/#", "b"]


TEXT = st.text(st.sampled_from("ab./%2F5"), min_size=1, max_size=7)
NAMES = [
    SeriesName(Template(text, ["site", "path", "key"], "series"), ["site"], keys)
    for text, keys in (
        ("{site}.{path}.{key}", None),
        ("{path}{key}", None),
        ("{key}/{$.id}//{site}", None),
        ("{site}.{key}", ["a", "a.b", "b"]),
        ("{$.id}", None),
        ("{path}.{key}.{path}", None),
    )
]


@given(st.fixed_dictionaries({"site": TEXT.filter(lambda text: "/" not in text), "path": TEXT, "$.id": TEXT, "key": TEXT}))
def test_no_two_sources_share_a_name_whatever_their_values_hold(values: dict[str, str]) -> None:
    """Values of the payload and rests of topics may hold dots, slashes and escapes: the name still tells them."""
    for name in NAMES:
        known = {**values, KEY: "a.b"} if name is NAMES[3] else values
        assert name.values(name.of(known)) == {used: known[used] for used in name.used}


@pytest.mark.parametrize(
    ("levels", "values", "expected"),
    [
        (["device"], {"device": "plug", "key": "ENERGY.Total"}, "plug.ENERGY.Total"),
        ([], {"device": "kitchen/sensor", "key": "temperature"}, "kitchen/sensor.temperature"),
        (["device"], {"device": "10.0.0.1", "key": "load"}, "10.0.0.1//load"),
    ],
)
def test_usual_names_stay_as_people_expect_them(levels: list[str], values: dict[str, str], expected: str) -> None:
    """Only a name that would be that of other values has them apart."""
    assert SeriesName(Template("{device}.{key}", ["device", "key"], "series"), levels).of(values) == expected


def test_overlapping_is_having_a_topic_in_common() -> None:
    """Compared with all topics of three levels of three words."""
    words = ("a", "b", "$c")
    topics = ["/".join(levels) for count in (1, 2, 3) for levels in product(words, repeat=count)]
    filters = ["a", "a/b", "+/b", "a/+", "+/+", "+/+/a", "a/#", "+/b/#", "#", "$c/#", "$c/+", "$c/+/a", "+/#", "b/+/+"]
    taken = {text: {topic for topic in topics if TopicTemplate(text).match(topic) is not None} for text in filters}
    for first, second in product(filters, repeat=2):
        assert overlap(first, second) == bool(taken[first] & taken[second]), (first, second)


@given(st.text("ab.*", max_size=8), st.text("ab.\n", max_size=10))
def test_a_star_stands_for_any_characters(pattern: str, text: str) -> None:
    """All other characters stand for themselves, as in the names of files."""
    assert (re.fullmatch(star_pattern(pattern), text, re.DOTALL) is not None) == fnmatchcase(text, pattern)


def test_a_name_of_any_length_is_compared_with_many_stars_at_once() -> None:
    """A sender chooses the name: work that grew with a power of its length would hold the whole agent for hours."""
    assert re.fullmatch(star_pattern("*a*a*a*a*b"), "a" * 20_000, re.DOTALL) is None

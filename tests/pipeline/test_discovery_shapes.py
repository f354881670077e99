"""Topics are grouped by what varies in them, few or ten thousand."""

from collections.abc import Hashable, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.discovery.shapes import Shape, shapes_of


def templates(plans: Mapping[str, Hashable]) -> dict[str, int]:
    """Number of topics of each shape that can be read, with {} for what varies."""
    return {
        "/".join("{}" if level is None else level for level in shape.levels): len(shape.topics)
        for shape in shapes_of(plans)
        if shape.plan is not None
    }


def same(*topics: str) -> dict[str, Hashable]:
    """Topics that are read in the same way."""
    return dict.fromkeys(topics, "json")


@pytest.mark.parametrize(
    ("plans", "expected"),
    [
        (same("sensors/a/x/temperature", "sensors/a/x/humidity", "sensors/a/y/temperature"), {"sensors/a/{}/{}": 3}),
        (same("lonely/topic"), {"lonely/topic": 1}),
        (same("tele/a/SENSOR", "tele/b/SENSOR", "stat/a/X/Y"), {"tele/{}/SENSOR": 2, "stat/a/X/Y": 1}),
        (same("node1/sensor/t/state", "node2/sensor/h/state"), {"{}/sensor/{}/state": 2}),
        (same("temp1", "temp2", "other"), {"{}": 3}),
        (same("/a/x", "/b/x"), {"/{}/x": 2}),
        (same("a//x", "a//y"), {"a//{}": 2}),
        ({"d/a": "json", "d/b": "plain"}, {"d/a": 1, "d/b": 1}),
        (same("s/hall/t", "s/attic/p"), {"s/{}/{}": 2}),
        (same("p/tele/a/X", "p/tele/b/X", "p/z/a", "p/z/b"), {"p/tele/{}/X": 2, "p/z/{}": 2}),
        (same("a", "a/b", "a/b/c"), {"a": 1, "a/b": 1, "a/b/c": 1}),
        ({}, {}),
    ],
)
def test_varying_levels_are_found(plans: Mapping[str, Hashable], expected: dict[str, int]) -> None:
    """Names that have the same below them stand for each other."""
    assert templates(plans) == expected


def test_topics_that_are_read_otherwise_stand_apart() -> None:
    """Names are written out where a placeholder would take them in; words that nobody reads have their own shape."""
    plans: dict[str, Hashable] = {}
    for device in range(50):
        plans |= {f"tele/d{device}/SENSOR": "a", f"tele/d{device}/STATE": "b", f"tele/d{device}/LWT": None}
    assert templates(plans) == {"tele/{}/SENSOR": 50, "tele/{}/STATE": 50}


def test_ten_thousand_devices_have_few_shapes() -> None:
    """Whichever metrics each of them has."""
    plans: dict[str, Hashable] = {}
    for device in range(2000):
        for metric in ("temperature", "humidity", "power", "co2", "light")[: 1 + device % 5]:
            plans[f"site{device % 7}/dev-{device:04}/{metric}"] = "plain"
        plans[f"site{device % 7}/dev-{device:04}/status/all"] = "json"
    assert templates(plans) == {"{}/{}/{}": 6000, "{}/{}/status/all": 2000}


def test_a_shape_of_one_plan_takes_in_those_that_it_matches() -> None:
    """A device that nothing was like is like the others after all."""
    plans = same(*(f"dev{number}/{'abc'[number % 3]}/value" for number in range(30)), "dev31/z/value")
    assert templates(plans) == {"{}/{}/value": 31}


def test_a_shape_matches_topics_and_lists_names() -> None:
    """An empty level is no name."""
    shape = Shape(("a", None), "json", ("a/x", "a/y"))
    assert shape.values(1) == ["x", "y"]
    assert [shape.matches(topic.split("/")) for topic in ("a/z", "a/", "b/x", "a/x/y")] == [True, False, False, False]


@settings(max_examples=50)
@given(st.dictionaries(st.text("ab/#{}+é ", max_size=12), st.sampled_from([None, "p", "q"]), max_size=40))
def test_every_topic_is_in_exactly_one_shape_that_matches_it(plans: dict[str, str | None]) -> None:
    """Of its own plan, for any topics."""
    shapes = shapes_of(plans)
    assert sorted(topic for shape in shapes for topic in shape.topics) == sorted(plans)
    for shape in shapes:
        assert all(plans[topic] == shape.plan and shape.matches(topic.split("/")) for topic in shape.topics)

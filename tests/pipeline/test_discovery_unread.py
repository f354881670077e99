"""What no rule reads is listed with its reason and a sample (kind K9: silence where something is not understood)."""

import pytest

from pipeline.discovery.shapes import shapes_of
from pipeline.discovery.unread import absent, describes, unread_of
from pipeline.samples.plans import examine
from tests.support.heard_topics import Payload, heard


@pytest.mark.parametrize(
    ("topic", "payload", "reason", "sample"),
    [
        ("a/relay/set", "on", "a state; `map` makes numbers of words", "on"),
        ("a/mode", "eco", "a word", "eco"),
        ("a/info", {"state": "x"}, "no number in it", '{"state":"x"}'),
        ("a/config", {"qos": 0}, "it describes a device", '{"qos":0}'),
        (
            "a/picture",
            b"\xff\xd8\xff\xe0\x00\x01",
            "no text; a program must decode it",
            "6 bytes that are no text, beginning with ff d8 ff e0",
        ),
        ("a/log", "door 3 opened", "in no format that is known", "door 3 opened"),
        ("a/wifi/password", "hunter2", "in no format that is known", "***"),
        ("a/large", b"1" * 70_000, "more than 65,536 bytes", ""),
    ],
)
def test_the_reason_is_told(topic: str, payload: Payload, reason: str, sample: str) -> None:
    """One line for a shape."""
    seen = {one.name: examine(one, 24) for one in heard({topic: [payload, payload]})}
    shapes = shapes_of({topic: None})
    (entry,) = unread_of(shapes, seen, [], alone={}, again={})
    assert (entry.shape, entry.topics, entry.live, entry.reason, entry.sample) == (topic, 1, 2, reason, sample)


def test_what_a_rule_reads_is_not_listed() -> None:
    """The rest of its shape is."""
    seen = {one.name: examine(one, 24) for one in heard({"a/x": ["1"], "a/y": ["1"], "a/z": ["1"]})}
    shapes = shapes_of({name: topic.plan for name, topic in seen.items()})
    (entry,) = unread_of(shapes, seen, ["a/x", "a/z"], alone={}, again={})
    assert (entry.topics, entry.reason) == (1, "its rule gave no reading, or there would be more than 200 rules")


def test_topics_of_one_shape_have_a_reason_each() -> None:
    """A sample of bytes says nothing of the word beside it, and what a preset leaves out is said to be that."""
    seen = {
        one.name: examine(one, 24)
        for one in heard({"a/x": [b"\xff\xd8\xff\xe0\x00\x01"], "a/y": ["eco"], "a/z": ["1"], "a/w": ["1"]})
    }
    unread = unread_of(shapes_of(dict.fromkeys(seen)), seen, [], alone={"a/z": "rtl_433"}, again={"a/w": "shelly"})
    assert {(entry.topics, entry.reason) for entry in unread} == {
        (1, "no text; a program must decode it"),
        (1, "a word"),
        (1, "preset rtl_433 leaves it out"),
        (1, "preset shelly gives the same series"),
    }


def test_sensors_without_a_value_now_are_told_of() -> None:
    """They stand in no shape."""
    (topic,) = heard({"a/x": ["unavailable", ""]})
    assert absent(topic)
    (entry,) = unread_of([], {"a/x": examine(topic, 24)}, [], alone={}, again={})
    assert entry.reason == "they say that there is no value now"
    (present,) = heard({"a/x": ["unavailable", "5"]})
    assert not absent(present)


def test_descriptions_are_known_by_their_topic() -> None:
    """Home Assistant and Tasmota keep them at the broker."""
    names = (
        "homeassistant/sensor/x/config",
        "tasmota/discovery/AB/sensors",
        "bridge/devices",
        "m/last_seen",
        "house/config/temp",
    )
    assert [describes(topic) for topic in heard({key: ["1"] for key in names})] == [True, True, True, True, False]

"""How one topic can be read is told from its samples (kind K3: several values, lists, and the sensor's name inside)."""

import json
from collections.abc import Sequence

import pytest

from edge.contract.times import SECOND, iso
from pipeline.samples.heard import HeardTopic, Sample
from pipeline.samples.plans import Plan, elements_of, examine, numbers_in, time_of

NOW = 1_789_999_200 * SECOND


def topic(payloads: Sequence[object], name: str = "t", *, retained: bool = False) -> HeardTopic:
    """A topic with these payloads, one a second."""
    heard = HeardTopic(name, live=0 if retained else len(payloads), retained=len(payloads) if retained else 0)
    for number, payload in enumerate(payloads):
        data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        heard.beginning.append(Sample(data, NOW + number * SECOND, retained))
    return heard


def plan(*payloads: object, name: str = "t", retained: bool = False) -> Plan | None:
    """The plan for a topic with these payloads."""
    return examine(topic(payloads, name, retained=retained), 24).plan


def now(seconds: int = 0) -> str:
    """A time near the arrival."""
    return iso(NOW + seconds * SECOND)


@pytest.mark.parametrize(
    ("document", "time"),
    [
        ({"v": 1, "time": now()}, ("time",)),
        ({"v": 1, "Time": now()[:-1]}, ("Time",)),
        ({"v": 1, "ts": NOW // SECOND}, ("ts",)),
        ({"v": 1, "head": {"timestamp": NOW // 10**6}}, ("head", "timestamp")),
        ({"v": 1, "measured": now()}, ("measured",)),
        ({"v": 1, "started": "2024-01-01T00:00:00Z"}, None),
        ({"v": 1, "time": 12345}, None),
        ({"v": 1, "uptime": NOW // SECOND}, None),
        ({"v": 1, "time": "31.01.2026 12:00"}, None),
        ({"v": 1, "received_at": now(), "time": now()}, ("time",)),
    ],
)
def test_the_time_of_a_message_is_found(document: object, time: tuple[str, ...] | None) -> None:
    """By its name or as a text, near the arrival of live messages."""
    found_plan = plan(document)
    assert found_plan is not None
    assert found_plan.time == time


def test_a_time_that_not_every_message_has_is_none() -> None:
    """A message without it would be skipped."""
    assert plan({"v": 1, "time": now()}, {"v": 1}) == Plan("json")


def test_the_time_of_a_kept_message_may_be_old() -> None:
    """It was kept since then."""
    assert plan({"v": 1, "time": "2020-01-01T00:00:00Z"}, retained=True) == Plan("json", time=("time",))


def test_a_list_of_named_values_is_walked() -> None:
    """As a controller's gateway publishes it."""
    document = {
        "timestamp": NOW // 10**6,
        "values": [{"id": "T1", "v": 1.5, "t": NOW // 10**6}, {"id": "T2", "v": 7, "t": NOW // 10**6}],
    }
    assert plan(document) == Plan("json", each=("values",), names=(("id",),), time=("t",))


def test_a_list_at_the_root_is_walked() -> None:
    """With the names of its elements."""
    assert plan([{"sensor": "a", "x": 1}, {"sensor": "b", "x": 2}]) == Plan("json", each=(), names=(("sensor",),))


def test_a_list_beside_the_values_is_not_walked() -> None:
    """The receivers of a radio message are not what it measures."""
    document = {
        "object": {"a": 1.5, "b": 2, "c": 3, "d": 4},
        "rx": [{"gatewayId": "x", "rssi": -60}, {"gatewayId": "y", "rssi": -70}],
    }
    assert plan(document) == Plan("json")


def test_sensors_that_share_a_topic_are_told_by_their_names() -> None:
    """By what differs between them, and what may."""
    air = [{"model": "N", "id": 91, "channel": 1, "t": 15.1}, {"model": "N", "id": 172, "channel": 2, "t": -2.1}]
    assert plan(*air, *air) == Plan("json", names=(("model",), ("channel",), ("id",)))


@pytest.mark.parametrize("values", [["a", "a", "a"], [1, 2, 3], ["m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "m9"]])
def test_a_name_that_tells_no_sensors_is_none(values: list[object]) -> None:
    """One sensor's own, the number of a message, or a name that never comes again."""
    assert plan(*({"id": value, "v": 1} for value in values)) == Plan("json")


@pytest.mark.parametrize(
    ("payloads", "expected"),
    [
        ([b"21,5", b"22"], Plan("plain", decimal=",")),
        ([b"21.5 W", b"22 W"], Plan("plain", suffix=True)),
        ([b"21.5", b"unavailable"], Plan("plain")),
        ([b"ON"], Plan("plain")),
        ([b"online"], None),
        ([{"state": "on"}], Plan("json")),
        ([{"mode": "on"}, {"linked": True}], None),
        ([b"unavailable", b"unavailable", b"3"], Plan("plain")),
    ],
)
def test_what_most_samples_are_decides(payloads: list[object], expected: Plan | None) -> None:
    """A word among numbers is a state of the device."""
    assert plan(*payloads) == expected


def test_a_meter_is_told_from_topic_and_payload() -> None:
    """A single number that rises, with such a name."""
    assert plan(b"1.0", b"1.5", name="shelly/relay/energy") == Plan("plain", meter=True)
    assert plan(b"1.0", b"1.5", name="shelly/relay/power") == Plan("plain")
    assert plan({"value": 1.0}, {"value": 1.5}, name="house/meter/energy") == Plan("json", meter=True)
    assert plan({"total_kwh": 1.0}, name="house/meter") == Plan("json", meter=True)


def test_elements_numbers_and_times_are_looked_up_by_path() -> None:
    """In an element first, then in the whole message."""
    document = {"at": "x", "list": [{"a": 1, "t": 5}, {"a": True}]}
    first, second = elements_of(document, ("list",))
    assert list(elements_of(document, ("none",))) == []
    assert time_of(document, first, ("t",)) == 5
    assert time_of(document, second, ("at",)) == "x"
    assert time_of(document, second, ("list", 0, "t")) == 5
    assert numbers_in({("a",): 1, ("t",): 5, ("b",): True, ("c",): "3"}, ("t",)) == {("a",): 1.0, ("c",): 3.0}

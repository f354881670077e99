"""A shape becomes a rule that says what its payloads hold.

Kinds: K3 (several values), K5 (local time), K7 (counters, report on change).
"""

from collections.abc import Mapping, Sequence

import pytest

from edge.contract.times import SECOND, iso
from edge.messages.rule import IngestRule, ValueRule
from pipeline.discovery.proposals import Proposal, propose
from pipeline.discovery.shapes import shapes_of
from pipeline.samples.plans import Plan, examine
from tests.support.heard_topics import NOW, Payload, heard

HOUR = 3600 * SECOND


def proposal(live: Mapping[str, Sequence[Payload]], zone: str | None = None) -> Proposal:
    """The proposal for topics of one shape, on a machine of that zone."""
    seen = {topic.name: examine(topic, 24) for topic in heard(live)}
    (shape,) = shapes_of({name: topic.plan for name, topic in seen.items()})
    assert isinstance(shape.plan, Plan)
    return propose(shape, [seen[name] for name in shape.topics], shape.plan, lambda _: zone)


@pytest.mark.parametrize(
    ("payloads", "rule"),
    [
        ([{"value": 1, "time": iso(NOW)}], IngestRule("s/{device}/t")),
        ([{"v": 1}], IngestRule("s/{device}/t", value="v", time="")),
        ([{"a": {"b.c": 1}}], IngestRule("s/{device}/t", value='a."b.c"', time="")),
        ([{"a": 1, "b": 2}], IngestRule("s/{device}/t", value="*", time="")),
        ([{"a": 1, "b": 2, "id": 3}], IngestRule("s/{device}/t", value="*", drop=("id",), time="")),
        (["21.5"], IngestRule("s/{device}/t", format="plain")),
        ([f"m v=1 {NOW}"], IngestRule("s/{device}/t", format="line_protocol")),
        ([f"m v=1 {NOW // SECOND}"], IngestRule("s/{device}/t", format="line_protocol", time_unit="s")),
        ([f"time;a\n{iso(NOW)};1"], IngestRule("s/{device}/t", format="csv")),
        ([f"Time;a\n{iso(NOW)};1"], IngestRule("s/{device}/t", format="csv", time="Time")),
        (["a;b\n1,5;2"], IngestRule("s/{device}/t", format="csv", decimal=",", time="")),
        (["1.5;2"], IngestRule("s/{device}/t", format="csv", columns=("column1", "column2"), time="")),
        ([f"{iso(NOW)};2"], IngestRule("s/{device}/t", format="csv", columns=("time", "column2"))),
        (["ON", "21.5"], IngestRule("s/{device}/t", format="plain", map={"ON": 1.0, "OFF": 0.0})),
        (
            [{"t": 1, "contact": True, "update_available": True}],
            IngestRule("s/{device}/t", value="*", values={"contact": ValueRule(map={"true": 1.0, "false": 0.0})}, time=""),
        ),
        (
            [{"state": "on"}],
            IngestRule("s/{device}/t", value="*", values={"state": ValueRule(map={"on": 1, "off": 0})}, time=""),
        ),
        ([{"t": 1, "door": "open"}, {"t": 1, "door": "jammed"}], IngestRule("s/{device}/t", value="t", time="")),
        (["21,5 W"], IngestRule("s/{device}/t", format="plain", decimal=",", suffix=True)),
        (
            [[{"n": "x", "w": 1}, {"n": "y", "w": 2}]],
            IngestRule("s/{device}/t", each="*", value="w", series="{device}.{$.n}", time=""),
        ),
        (
            [{"a": 1, "ENERGY": {"Total": 1}}, {"a": 1, "ENERGY": {"Total": 2}}],
            IngestRule("s/{device}/t", value="*", values={"ENERGY.Total": ValueRule("ENERGY.Total", kind="counter")}, time=""),
        ),
        (
            [{"id": "p", "v": 1}, {"id": "q", "v": 2}, {"id": "p", "v": 3}],
            IngestRule("s/{device}/t", value="v", series="{device}.{$.id}", time=""),
        ),
    ],
)
def test_the_rule_says_what_the_payload_holds(payloads: list[Payload], rule: IngestRule) -> None:
    """And leaves out what is usual."""
    assert proposal({"s/a1/t": payloads, "s/a2/t": payloads}).rule == rule


def test_local_time_is_read_in_the_zone_of_the_machine_or_by_its_offset() -> None:
    """With a sentence that says so."""
    payload = {"Time": iso(NOW + 2 * HOUR)[:-1], "t": 1, "h": 2}
    live = {"s/a1/t": [payload], "s/a2/t": [payload]}
    assert proposal(live, "Europe/Berlin").rule.timezone == "Europe/Berlin"
    without = proposal(live)
    assert (without.rule.timezone, without.rule.time) == ("+02:00", "Time")
    assert any("summer time" in note for note in without.notes)


def test_a_time_that_cannot_be_mended_is_not_used() -> None:
    """A zone that it names itself cannot be set."""
    made = proposal({"s/a/t": [{"time": iso(NOW + 2 * HOUR), "value": 1}]})
    assert made.rule.time == ""
    assert any("time of arrival" in note for note in made.notes)


def test_a_meter_in_a_topic_of_its_own_is_a_counter() -> None:
    """Its name and its rise tell."""
    made = proposal({"m/a1/energy": ["1.0", "1.5"], "m/a2/energy": ["3.0", "3.0"]})
    assert made.rule == IngestRule("m/{device}/energy", format="plain", kind="counter")


def test_sensors_that_speak_on_change_hold_their_value() -> None:
    """Told by uneven gaps only: even ones of a busy topic say nothing."""
    collector = heard({})
    for moment, value in ((0, 1), (1, 2), (30, 3), (31, 4), (90, 5)):
        collector.hear("d/a/t", str(value).encode(), NOW + moment * SECOND, retained=False)
    seen = examine(collector.topics["d/a/t"], 24)
    assert seen.plan is not None
    (shape,) = shapes_of({"d/a/t": seen.plan})
    assert propose(shape, [seen], seen.plan, lambda _: None).rule.fill == "hold"
    assert proposal({"d/a/t": ["1", "2", "3", "4", "5"]}).rule.fill is None


def test_names_can_have_all_levels() -> None:
    """To tell them from those of another rule."""
    live = {"p/a1/x": [{"a": 1, "b": 2}], "p/a2/x": [{"a": 1, "b": 2}]}
    made = proposal(live)
    assert made.form == "{}.{}"
    assert made.in_full().rule.series == "p.{device}.x.{key}"
    assert made.in_full().in_full() == made.in_full()


def test_a_topic_without_a_placeholder_gives_all_its_levels() -> None:
    """Series of one message need them."""
    assert proposal({"house/roof": [{"a": 1, "b": 2}]}).rule.series == "house.roof.{key}"
    assert proposal({"house/roof": ["5"]}).rule.series is None

"""No two rules claim one series, and each keeps to its own topics (kind K3: two rules for one topic)."""

from edge.messages.rule import IngestRule
from pipeline.discovery.apart import keep_apart
from pipeline.discovery.proposals import Proposal, propose
from pipeline.discovery.shapes import shapes_of
from pipeline.samples.heard import Heard
from pipeline.samples.plans import Plan, examine
from tests.support.heard_topics import heard

PRESETS = {
    "nodes": (IngestRule("{device}/sensor/{part}/state", format="plain", series="{device}.{part}", skip=("own/#",)),),
    "rooms": (
        IngestRule("rooms/{device}/t", format="plain", series="{device}.t"),
        IngestRule("rooms/{device}/h", format="plain", series="{device}.h"),
    ),
    "whole": (IngestRule("{device}/now", value="*", time=""),),
    "again": (IngestRule("{device}/now", value="*", time=""),),
}


def apart(collected: Heard, *presets: Proposal, copies: tuple[str, ...] = ()) -> list[IngestRule]:
    """The rules for what was heard, some of it by presets, of which some copy others."""
    taken = {topic.heard.name: Plan("", preset=preset.rule.preset or "") for preset in presets for topic in preset.topics}
    seen = {topic.name: examine(topic, 24) for topic in collected}
    shapes = shapes_of({name: taken.get(name, topic.plan) for name, topic in seen.items()})
    own = [
        propose(shape, [seen[name] for name in shape.topics], shape.plan, lambda _: None)
        for shape in shapes
        if isinstance(shape.plan, Plan) and not shape.plan.preset
    ]
    kept, _, again = keep_apart([*presets, *own], shapes, collected.topics, PRESETS, 24)
    assert tuple(again) == copies
    return [proposal.rule for proposal in kept]


def of_preset(name: str, collected: Heard, *topics: str) -> Proposal:
    """The proposal of a preset for these topics."""
    return Proposal(
        IngestRule(preset=name), tuple(examine(collected.topics[topic], 24) for topic in topics), Plan("", preset=name)
    )


def test_rules_with_names_of_the_same_form_get_longer_names() -> None:
    """Devices of two applications may be called the same."""
    collected = heard(
        {
            f"{app}/{device}/{last}": [payload]
            for app, last, payload in (
                ("a", "x", {"t": 1, "u": 2}),
                ("b", "y", {"t": 1, "u": 2, "time": "2026-09-21T14:00:00Z"}),
            )
            for device in ("d1", "d2")
        }
    )
    assert {rule.series for rule in apart(collected)} == {"a.{device}.x.{key}", "b.{device}.y.{key}"}


def test_topics_of_others_are_skipped() -> None:
    """Beside those that a preset skips itself."""
    collected = heard(
        {"n1/sensor/t/state": ["1"], "n2/sensor/t/state": ["1"], "homeassistant/sensor/x/state": [{"a": 1, "b": 2}]}
    )
    rules = apart(collected, of_preset("nodes", collected, "n1/sensor/t/state", "n2/sensor/t/state"))
    assert rules[0] == IngestRule(preset="nodes", skip=("own/#",)) or rules[0].skip == ("own/#", "homeassistant/sensor/x/state")


def test_a_preset_whose_series_another_rule_gives_is_written_out() -> None:
    """With its name in front."""
    collected = heard({"k/sensor/t/state": ["1"], "rooms/k/t": ["2"], "rooms/k/h": ["3"]})
    rules = apart(
        collected, of_preset("nodes", collected, "k/sensor/t/state"), of_preset("rooms", collected, "rooms/k/t", "rooms/k/h")
    )
    assert [(rule.preset, rule.topic, rule.series, rule.format) for rule in rules] == [
        ("nodes", None, None, None),
        ("rooms", "rooms/{device}/t", "rooms.{device}.t", None),
        ("rooms", "rooms/{device}/h", "rooms.{device}.h", None),
    ]


def test_a_device_that_publishes_in_two_ways_is_read_once() -> None:
    """By the preset that gives more series; one of another device with the same name would be read."""
    collected = heard({"k/sensor/t/state": ["1"], "k/now": [{"t": 1, "h": 2}]})
    both = of_preset("nodes", collected, "k/sensor/t/state"), of_preset("whole", collected, "k/now")
    assert [rule.preset for rule in apart(collected, *both, copies=("k/sensor/t/state",))] == ["whole"]


def test_a_preset_that_takes_the_topics_of_another_copies_nothing() -> None:
    """Each skips what the other was made from."""
    collected = heard({"k/now": [{"t": 1}], "m/now": [{"t": 2, "h": 3}]})
    rules = apart(collected, of_preset("whole", collected, "k/now"), of_preset("again", collected, "m/now"))
    assert [(rule.preset, rule.skip) for rule in rules] == [("whole", ("m/now",)), ("again", ("k/now",))]


def test_a_rule_that_reads_nothing_is_left_out() -> None:
    """A preset that was believed too early."""
    collected = heard({"rooms/k/t": ["on"], "s/a/v": ["1"], "s/b/v": ["2"]})
    assert [rule.topic for rule in apart(collected, of_preset("rooms", collected, "rooms/k/t"))] == ["s/{device}/v"]

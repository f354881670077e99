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
}


def apart(collected: Heard, *presets: Proposal) -> list[IngestRule]:
    """The rules for what was heard, some of it by presets."""
    taken = {topic.heard.name: Plan("", preset=preset.rule.preset or "") for preset in presets for topic in preset.topics}
    seen = {topic.name: examine(topic, 24) for topic in collected}
    shapes = shapes_of({name: taken.get(name, topic.plan) for name, topic in seen.items()})
    own = [
        propose(shape, [seen[name] for name in shape.topics], shape.plan, lambda _: None)
        for shape in shapes
        if isinstance(shape.plan, Plan) and not shape.plan.preset
    ]
    kept, _ = keep_apart([*presets, *own], shapes, collected.topics, PRESETS, 24)
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
    assert [rule.series for rule in rules] == [None, "rooms.{device}.t", "rooms.{device}.h"]


def test_a_rule_that_reads_nothing_is_left_out() -> None:
    """A preset that was believed too early."""
    collected = heard({"rooms/k/t": ["on"], "s/a/v": ["1"], "s/b/v": ["2"]})
    assert [rule.topic for rule in apart(collected, of_preset("rooms", collected, "rooms/k/t"))] == ["s/{device}/v"]

"""Rules are tried on samples."""

from edge.messages.rule import IngestRule
from pipeline.discovery.trial import try_rules
from tests.support.heard_topics import heard

RULE = IngestRule("s/{device}", value="*", time="")


def test_a_rule_tells_what_it_read_and_what_it_should_not_touch() -> None:
    """Readings of its own topics, their series and reasons, and readings of others."""
    topics = heard({"s/a": [{"x": 1, "y": 2}, {"x": 3}], "s/b": ["nothing"], "s/c": [{"x": 1}], "other": [{"x": 1}]}).topics
    (tried,) = try_rules([(RULE, frozenset({"s/a", "s/b"}))], topics, {}, 24)
    assert tried.readings == {"s/a": 3, "s/b": 0}
    assert tried.messages == {"s/a": 2, "s/b": 1}
    assert tried.series == {"a.x": "s/a", "a.y": "s/a", "c.x": "s/c"}
    assert tried.foreign == {"s/c": 1}
    assert tried.reasons == {"bad_json": 1}


def test_a_preset_is_tried_with_all_its_rules() -> None:
    """Each takes its part."""
    presets = {
        "p": (
            IngestRule("s/{device}", value="x", time="", series="{device}.x"),
            IngestRule("s/{device}", value="y", time="", series="{device}.y"),
        )
    }
    (tried,) = try_rules([(IngestRule(preset="p"), frozenset({"s/a"}))], heard({"s/a": [{"x": 1, "y": 2}]}).topics, presets, 24)
    assert tried.readings == {"s/a": 2}

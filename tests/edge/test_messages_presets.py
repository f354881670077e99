"""A preset is nothing but rules."""

import pytest

from edge.messages.presets import PRESETS, expand
from edge.messages.reading import make_ingests
from edge.messages.rule import IngestRule


def test_a_rule_without_a_preset_stands_for_itself() -> None:
    """Nothing is changed in it."""
    rule = IngestRule("a/{b}", value="v")
    assert expand(rule, PRESETS) == (rule,)


def test_an_own_topic_makes_one_rule_of_those_that_differ_by_theirs() -> None:
    """Else every reading would be there twice."""
    presets = {"x": (IngestRule("a/{b}", value="v"), IngestRule("c/{b}", value="v"))}
    assert expand(IngestRule("d/{b}", preset="x"), presets) == (IngestRule("d/{b}", value="v"),)


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_can_be_used_as_it_is(name: str) -> None:
    """Without any other key."""
    assert make_ingests([IngestRule(preset=name)])

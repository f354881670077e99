"""The unit of a pattern is that of all series that it names, or none."""

import pytest

from edge.checks.units import unit_of
from edge.messages.ingest import Ingest
from edge.messages.reading import make_ingests
from edge.messages.rule import IngestRule, ValueRule

ONE = [IngestRule(topic="sensors/{device}/{metric}", unit="°C")]
FIXED = [
    IngestRule(topic="a", series="freezer.temperature", unit="°C"),
    IngestRule(topic="b", series="room.humidity", unit="%"),
]
VALUES = [
    IngestRule(
        topic="home/{device}",
        values={"temperature": ValueRule(path="t", unit="°C"), "humidity": ValueRule(path="h", unit="%"), "state": "s"},
    )
]
STAR = [IngestRule(topic="home/{device}", value="*", values={"temp*": ValueRule(unit="°C")})]
BOTH = [*ONE, IngestRule(topic="heat/{device}", series="heat.{device}", unit="W")]


def ingests(rules: list[IngestRule]) -> list[Ingest]:
    """The rules, ready to use."""
    return make_ingests(rules)


@pytest.mark.parametrize(
    ("rules", "pattern", "unit"),
    [
        (ONE, "*", "°C"),
        (ONE, "freezer.*", "°C"),
        (ONE, "freezer.kitchen", "°C"),
        (ONE, "fr??zer.[a-c]*", "°C"),
        (ONE, "freezer", ""),  # it has no dot, so the rule gives no such name
        (FIXED, "freezer.*", "°C"),
        (FIXED, "*humidity", "%"),
        (FIXED, "*", ""),
        (FIXED, "garage.*", ""),
        (VALUES, "*.temperature", "°C"),
        (VALUES, "freezer.humidity", "%"),
        (VALUES, "freezer.*", ""),
        (VALUES, "*.state", ""),
        (STAR, "*.temperature", "°C"),
        (STAR, "*.humidity", ""),
        (STAR, "*", ""),
        (BOTH, "freezer.*", "°C"),
        (BOTH, "heat.a", "W"),
        (BOTH, "*", ""),
        ([IngestRule(topic="a/{b}")], "*", ""),
    ],
)
def test_rules_alone_tell_the_unit_before_any_series_is_known(rules: list[IngestRule], pattern: str, unit: str) -> None:
    """Where all names that the pattern may take have the same."""
    assert unit_of((pattern,), (), ingests(rules)) == unit


def test_series_that_are_known_decide() -> None:
    """Of those that the pattern takes."""
    known = ("freezer.temperature", "room.humidity")
    assert unit_of(("*.temperature",), known, ingests(VALUES)) == "°C"
    assert unit_of(("freezer.*",), known, ingests(VALUES)) == "°C"
    assert unit_of(("*",), known, ingests(VALUES)) == ""


def test_a_unit_counts_for_all_patterns_of_a_rule_or_not_at_all() -> None:
    """One number cannot be in two units."""
    assert unit_of(("freezer.temperature", "attic.temperature"), (), ingests(VALUES)) == "°C"
    assert unit_of(("freezer.temperature", "room.humidity"), (), ingests(VALUES)) == ""
    assert unit_of((), (), ingests(VALUES)) == ""

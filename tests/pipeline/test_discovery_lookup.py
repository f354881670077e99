"""The rules that take a topic are found without asking each."""

from edge.messages.reading import make_ingests
from edge.messages.rule import IngestRule
from pipeline.discovery.lookup import Lookup

TEMPLATES = ("a/{x}", "{x}/b", "a/{x...}", "{x...}", "a/b", "{x}/{y}/c", "a/b/#")


def test_the_same_rules_take_a_topic_as_if_each_were_asked() -> None:
    """In their order."""
    rules = [IngestRule(topic=template, series=f"s{number}", format="plain") for number, template in enumerate(TEMPLATES)]
    ingests = make_ingests(rules, {})
    lookup = Lookup([*zip(TEMPLATES, ingests, strict=True)])
    for topic in ("a/b", "a/c", "c/b", "a/b/c", "x", "x/y/c", "a"):
        asked = [template for template, ingest in zip(TEMPLATES, ingests, strict=True) if ingest.bind(topic) is not None]
        assert [template for template, _ in lookup.taking(topic)] == asked

"""Rules are tried on the samples that they were made from: what they read, what they leave, and what they should not touch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from edge.messages.ingest import Ingest
from edge.messages.reading import make_ingests, read_message
from edge.messages.rule import IngestRule
from pipeline.discovery.lookup import Lookup
from pipeline.samples.heard import HeardTopic


@dataclass(slots=True)
class Tried:
    """What one rule gave.

    Args:
        readings: number of readings of each of its topics.
        messages: number of samples of each of its topics that were tried.
        series: names of the series, each with the topic that gave it first.
        foreign: topics that it takes and was not made from, with the number of readings there.
        reasons: why values or messages were left out, with their number.
    """

    readings: dict[str, int] = field(default_factory=dict)
    messages: dict[str, int] = field(default_factory=dict)
    series: dict[str, str] = field(default_factory=dict)
    foreign: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)


def try_rules(
    rules: Sequence[tuple[IngestRule, frozenset[str]]],
    topics: Mapping[str, HeardTopic],
    presets: Mapping[str, tuple[IngestRule, ...]],
    most: int,
) -> list[Tried]:
    """What each rule gives on the samples of all topics that it takes.

    Args:
        rules: rules, each with the topics that it was made from.
        topics: topics with samples, by name.
        presets: table of presets by name.
        most: largest number of samples of a topic that are tried.
    """
    made = ((number, ingest) for number, (rule, _) in enumerate(rules) for ingest in make_ingests([rule], dict(presets)))
    lookup = Lookup(list(made))
    tried = [Tried() for _ in rules]
    for name, heard in topics.items():
        taking: dict[int, list[Ingest]] = {}
        for number, ingest in lookup.taking(name):
            taking.setdefault(number, []).append(ingest)
        for number, ingests in taking.items():
            _try(ingests, heard, tried[number], own=name in rules[number][1], most=most)
    return tried


def _try(ingests: Sequence[Ingest], heard: HeardTopic, tried: Tried, *, own: bool, most: int) -> None:
    samples = heard.samples[-most:]
    count = 0
    for sample in samples:
        reading = read_message(ingests, heard.name, sample.payload, sample.arrival)
        count += len(reading.rows)
        for source, _, _ in reading.rows:
            tried.series.setdefault(source.name, heard.name)
        if own:
            for reason in reading.reasons:
                tried.reasons[reason.kind] = tried.reasons.get(reason.kind, 0) + 1
    if own:
        tried.readings[heard.name], tried.messages[heard.name] = count, len(samples)
    else:
        tried.foreign[heard.name] = count

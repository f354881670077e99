"""Rules are tried on the samples that they were made from: what they read, what they leave, and what they should not touch."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from edge.contract.meaning import Meaning
from edge.messages.ingest import Ingest, Row
from edge.messages.names import KEY
from edge.messages.reading import make_ingests, read_message
from edge.messages.rule import IngestRule
from pipeline.discovery.lookup import Lookup
from pipeline.samples.heard import HeardTopic, Sample
from pipeline.samples.payloads import SPARKPLUG


@dataclass(slots=True)
class Tried:
    """What one rule gave.

    Args:
        readings: number of readings of each of its topics.
        messages: number of samples of each of its topics that were tried.
        series: names of the series, each with the topic that gave it first.
        foreign: topics that it takes and was not made from, with the number of readings there.
        reasons: reasons for which values or messages were left out, with their number.
        shared: number of readings of series that another topic gave first.
        values: values of each of its series, by what `{key}` is in their names; "" where a name has none.
        meanings: meanings of its series by the same, as far as the rule says them.
    """

    readings: dict[str, int] = field(default_factory=dict)
    messages: dict[str, int] = field(default_factory=dict)
    series: dict[str, str] = field(default_factory=dict)
    foreign: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    shared: int = 0
    values: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    meanings: dict[str, Meaning] = field(default_factory=dict)

    def take(self, row: Row, key: str) -> None:
        """Keep the value of a reading.

        Args:
            row: the reading.
            key: text that `{key}` stands for in the name of its series, or "".
        """
        source, _, value = row
        self.values.setdefault(key, {}).setdefault(source.name, []).append(value)
        if source.meaning is not None:
            self.meanings[key] = source.meaning


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
    for heard, samples in _in_order(topics.values(), most):
        taking: dict[int, list[Ingest]] = {}
        for number, ingest in lookup.taking(heard.name):
            taking.setdefault(number, []).append(ingest)
        for number, ingests in taking.items():
            _try(ingests, heard.name, samples, tried[number], own=heard.name in rules[number][1])
    return tried


def _in_order(topics: Iterable[HeardTopic], most: int) -> Iterator[tuple[HeardTopic, Sequence[Sample]]]:
    """Each topic with its samples; the messages of Sparkplug one by one in order of arrival, as births explain what follows."""
    one_by_one = []
    for heard in topics:
        if heard.name.startswith(SPARKPLUG):
            one_by_one += [(sample.arrival, heard, sample) for sample in heard.samples]
        else:
            yield heard, heard.samples[-most:]
    for _, heard, sample in sorted(one_by_one, key=lambda entry: entry[0]):
        yield heard, [sample]


def _key(ingest: Ingest, name: str) -> str:
    """What `{key}` is in the name of a series, or ""."""
    return (ingest.series.values(name) or {}).get(KEY, "") if KEY in ingest.series.used else ""


def _try(ingests: Sequence[Ingest], name: str, samples: Sequence[Sample], tried: Tried, *, own: bool) -> None:
    count = 0
    keys: dict[str, str] = {}  # by the name of the series
    for sample in samples:
        reading = read_message(ingests, name, sample.payload, sample.arrival)
        count += len(reading.rows)
        for source, _, _ in reading.rows:
            tried.shared += tried.series.setdefault(source.name, name) != name
        if own:
            for row in reading.rows:
                source = row[0]
                if source.name not in keys:
                    keys[source.name] = _key(source.ingest, source.name)
                tried.take(row, keys[source.name])
            for reason in reading.reasons:
                tried.reasons[reason.kind] = tried.reasons.get(reason.kind, 0) + 1
    if own:
        tried.readings[name] = tried.readings.get(name, 0) + count
        tried.messages[name] = tried.messages.get(name, 0) + len(samples)
    else:
        tried.foreign[name] = tried.foreign.get(name, 0) + count

"""Which presets fit what was heard: by topic, by what they read, and where a topic says little by several of its kind.

And which topics of the same devices they leave alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from edge.messages.names import TopicTemplate
from edge.messages.presets.table import expand
from edge.messages.reading import make_ingests, read_message
from edge.messages.rule import IngestRule
from pipeline.discovery.lookup import Lookup
from pipeline.samples.heard import HeardTopic
from pipeline.samples.plans import Plan

SIGNS = 5  # topics of a device that a preset of general topics must know: a meter of one's own has voltage and temp as well
TRIED = 3  # samples of a topic that are tried


@dataclass(frozen=True, slots=True)
class _Try:
    """A preset that reads a topic.

    Args:
        preset: its name.
        template: template of the rule that takes the topic.
        readings: number of readings in the samples.
        timed: whether the payload's own time is used.
        known: whether a value was read that the preset names, or the topic itself is telling.
    """

    preset: str
    template: str
    readings: int
    timed: bool
    known: bool


def recognise(topics: Iterable[HeardTopic], presets: Mapping[str, Sequence[IngestRule]]) -> dict[str, str]:
    """The preset of each topic that one reads.

    Args:
        topics: topics with samples.
        presets: table of presets by name.
    """
    rules = Lookup([(name, ingest) for name, table in presets.items() for ingest in make_ingests(table, {})])
    tries = {topic.name: _tries(topic, rules) for topic in topics}
    signs: dict[tuple[str, str], set[str]] = {}
    for name, fitting in tries.items():
        for fit in fitting:
            signs.setdefault((fit.preset, name.partition("/")[0]), set()).add(fit.template)
    recognised = {}
    for name, fitting in tries.items():
        root = name.partition("/")[0]
        believed = [fit for fit in fitting if fit.known or len(signs[fit.preset, root]) >= SIGNS]
        if believed:
            recognised[name] = max(believed, key=lambda fit: (_fixed(fit.template), fit.readings, fit.timed)).preset
    return recognised


def rule_of(plan: Plan) -> IngestRule:
    """The rule that reads topics by a preset."""
    return IngestRule(preset=plan.preset, topic=f"{plan.root}/#" if plan.root else None)


def left_alone(
    topics: Iterable[str], recognised: Mapping[str, Plan], presets: Mapping[str, tuple[IngestRule, ...]]
) -> dict[str, str]:
    """Topics that the preset of their devices skips, each with the name of the preset.

    Args:
        topics: names of all topics.
        recognised: topics that a preset reads, each with the preset and its root.
        presets: table of presets by name.
    """
    skips = {
        plan: [TopicTemplate(text) for text in {text for base in expand(rule_of(plan), presets) for text in base.skip}]
        for plan in set(recognised.values())
    }
    devices: dict[str, set[Plan]] = {}  # presets by the first level of their topics
    for name, plan in recognised.items():
        devices.setdefault(name.partition("/")[0], set()).add(plan)
    return {
        name: plan.preset
        for name in topics
        if name not in recognised
        for plan in devices.get(name.partition("/")[0], ())
        if any(skip.match(name) is not None for skip in skips[plan])
    }


def _tries(topic: HeardTopic, rules: Lookup[str]) -> list[_Try]:
    fitting = []
    samples = topic.samples[:TRIED]
    for preset, ingest in rules.taking(topic.name):
        rows = [row for s in samples for row in read_message([ingest], topic.name, s.payload, s.arrival).rows]
        if rows:
            telling = not ingest.topic.startswith(("{", "+", "#")) or _fixed(ingest.topic) > 1
            told = [source.meaning for source, _, _ in rows if source.meaning is not None]
            named = any(meaning.unit or meaning.kind == "counter" for meaning in told)
            known = telling or (named and bool(ingest.rule.values))
            fitting.append(_Try(preset, ingest.topic, len(rows), ingest.timed, known))
    return fitting


def _fixed(template: str) -> int:
    """Number of levels that a template fixes."""
    return sum(level not in ("+", "#") and not level.startswith("{") for level in template.split("/"))

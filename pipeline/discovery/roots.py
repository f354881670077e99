"""Presets below another root: `home/zigbee` in place of `zigbee2mqtt`, or a name before all topics of a kind of device.

A root says nothing of what publishes there, so the messages have to: by names that only this kind of device uses, or by several
topics that only it has.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from edge.messages.ingest import Ingest
from edge.messages.reading import make_ingests, read_message
from edge.messages.rule import IngestRule
from pipeline.discovery.recognise import SIGNS
from pipeline.samples.heard import HeardTopic
from pipeline.samples.leaves import key_of, leaves
from pipeline.samples.payloads import content_of

DEEPEST_ROOT = 2  # levels
MOST = 0.8  # share of the topics of a root whose messages must have known names, where the topics say nothing
TELLING = 2  # fixed levels below the root, or known names in a message, that tell a preset


@dataclass(frozen=True, slots=True)
class Rooted:
    """A preset below a root.

    Args:
        preset: name of the preset.
        root: levels before its topics, in place of the first one where that is fixed.
    """

    preset: str
    root: str


@dataclass(frozen=True, slots=True)
class _Rule:
    """A rule of a preset, whose topics may begin with another root.

    Args:
        preset: name of the preset.
        ingest: the rule.
        first: fixed first level, which a root replaces; "" where the topics begin with any name, and a root stands before it.
        levels: levels below the root, None for each that varies.
        rest: whether the last of them stands for one or more.
    """

    preset: str
    ingest: Ingest
    first: str
    levels: tuple[str | None, ...]
    rest: bool

    def fits(self, below: Sequence[str]) -> bool:
        """Whether levels below a root are those of the rule."""
        return len(below) >= len(self.levels) and all(
            own is None or own == level for own, level in zip(self.levels, below, strict=False)
        )


@dataclass(slots=True)
class _Signs:
    """What speaks for a preset below a root.

    Args:
        topics: number of topics that it reads there.
        known: number of those whose messages have its names.
        templates: templates that have topics, by root or device.
    """

    topics: int = 0
    known: int = 0
    templates: dict[str, set[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Try:
    """A topic that a preset reads below a root.

    Args:
        rooted: the preset and its root.
        group: root, or device below it where the preset begins with any name.
        template: template of the rule.
        fixed: number of levels that the template fixes below the root.
        known: whether names in the message are those of the preset.
        own: whether the root ends with the preset's own.
    """

    rooted: Rooted
    group: str
    template: str
    fixed: int
    known: bool
    own: bool


def with_roots(topics: Iterable[HeardTopic], presets: Mapping[str, Sequence[IngestRule]]) -> dict[str, Rooted]:
    """The preset and its root for each topic that one reads below another root than its own.

    Args:
        topics: topics with samples that no preset reads as it stands.
        presets: table of presets by name.
    """
    made = [(name, ingest) for name, table in presets.items() for ingest in make_ingests(table, {})]
    rules: dict[int | None, list[_Rule]] = {}
    for preset, ingest in made:
        rule = _rule(preset, ingest)
        rules.setdefault(None if rule.rest else len(rule.levels), []).append(rule)
    tries = {topic.name: [*_tries(topic, rules)] for topic in topics}
    signs = _signs(fit for fitting in tries.values() for fit in fitting)
    rooted = {}
    for name, fitting in tries.items():
        believed = [fit for fit in fitting if _believed(fit, signs[fit.rooted])]
        if believed:
            rooted[name] = max(
                believed, key=lambda fit: (fit.fixed, fit.own, signs[fit.rooted].topics, -len(fit.rooted.root))
            ).rooted
    return rooted


def _signs(tries: Iterable[_Try]) -> dict[Rooted, _Signs]:
    signs: dict[Rooted, _Signs] = {}
    for fit in tries:
        own = signs.setdefault(fit.rooted, _Signs())
        own.topics += 1
        own.known += fit.known
        own.templates.setdefault(fit.group, set()).add(fit.template)
    return signs


def _believed(fit: _Try, signs: _Signs) -> bool:
    """Whether a preset reads a topic below a root by more than chance."""
    if fit.own or fit.fixed >= TELLING or len(signs.templates[fit.group]) >= SIGNS:
        return True
    return signs.known > 0 if fit.fixed else signs.known >= MOST * signs.topics


def _rule(preset: str, ingest: Ingest) -> _Rule:
    first, *others = ingest.filter.split("/")
    free = first in ("+", "#")
    levels = tuple(None if level in ("+", "#") else level for level in ([first, *others] if free else others))
    return _Rule(preset, ingest, "" if free else first, levels, rest=ingest.filter.endswith("#"))


def _tries(topic: HeardTopic, rules: Mapping[int | None, Sequence[_Rule]]) -> Iterator[_Try]:
    levels, samples = topic.name.split("/"), topic.samples[-1:]
    if not samples:
        return
    payload, arrival = samples[0].payload, samples[0].arrival
    keys = _keys(topic.name, payload)
    for depth in range(1, min(DEEPEST_ROOT, len(levels) - 1) + 1):
        root, below = "/".join(levels[:depth]), levels[depth:]
        for rule in (*rules.get(len(below), ()), *rules.get(None, ())):
            name = "/".join([rule.first, *below] if rule.first else below) if rule.fits(below) else None
            if name is None or rule.ingest.leaves_alone(name):
                continue
            fixed = sum(level is not None for level in rule.levels)
            known = _known(rule.ingest, keys)
            # Where nothing of the topic is fixed the names decide, and what has none of them is counted only.
            if known or (read_message([rule.ingest], name, payload, arrival).rows if fixed else payload[:1] == b"{"):
                group = root if rule.first else f"{root}/{below[0]}"
                own = levels[depth - 1] == rule.first
                yield _Try(Rooted(rule.preset, root), group, rule.ingest.topic, fixed, known, own)


def _keys(name: str, payload: bytes) -> frozenset[str]:
    """The names in a JSON message."""
    content = content_of(name, payload)
    return (
        frozenset(key_of(path) for path, _ in leaves(content.document)) if content and content.format == "json" else frozenset()
    )


def _known(ingest: Ingest, keys: frozenset[str]) -> bool:
    """Whether a message has several names of a preset, and at least one of those that it drops."""
    dropped = ingest.rule.drop
    return not keys.isdisjoint(dropped) and len(keys.intersection([*dropped, *(ingest.rule.values or {})])) >= TELLING

"""From what was heard to rules that were tried: the whole of discovery, without a broker."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from edge.errors import ConfigurationError
from edge.messages.rule import IngestRule
from pipeline.discovery.apart import keep_apart
from pipeline.discovery.harmony import harmonise
from pipeline.discovery.proposals import Proposal, Zone, doubting, ignoring, of_sparkplug, propose
from pipeline.discovery.recognise import left_alone, recognise, rule_of
from pipeline.discovery.roots import with_roots
from pipeline.discovery.shapes import Shape, shapes_of
from pipeline.discovery.trial import Tried, try_rules
from pipeline.discovery.unread import Unread, absent, describes, unread_of
from pipeline.samples.content import count_numbers
from pipeline.samples.heard import Heard
from pipeline.samples.plans import Plan, Seen, examine
from pipeline.samples.sentinels import Sentinel, sentinels

MOST_SAMPLES = 60_000  # samples that are looked at, of all topics together
FEWEST, MOST = 4, 24  # samples of one topic
MOST_RULES = 200  # rules beside those of presets
MINUTE = 60.0  # seconds
EXAMPLES = 3  # names of series that are shown


@dataclass(frozen=True, slots=True)
class Count:
    """Numbers in samples.

    Args:
        read: number of those that a rule reads.
        left_out: number of those that a rule leaves out on purpose, as they measure nothing.
        unread: number of all others.
    """

    read: int = 0
    left_out: int = 0
    unread: int = 0

    @property
    def share(self) -> float:
        """Share that is read of what is not left out on purpose; 1 where there is nothing."""
        return self.read / (self.read + self.unread) if self.read else 1.0 if not self.unread else 0.0

    def __add__(self, other: "Count") -> "Count":
        """Both together."""
        return Count(self.read + other.read, self.left_out + other.left_out, self.unread + other.unread)


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that reads what it was made from.

    Args:
        proposal: the rule and its topics.
        messages: number of messages that its topics had in a minute.
        readings: number of readings in a minute.
        series: number of series.
        examples: names of some of them.
        count: numbers in the samples.
    """

    proposal: Proposal
    messages: float
    readings: float
    series: int
    examples: tuple[str, ...]
    count: Count


@dataclass(frozen=True, slots=True)
class Discovery:
    """What a broker carries.

    Args:
        topics: number of topics that were heard.
        messages: number of messages.
        seconds: time that was listened.
        findings: rules, those with most readings first.
        unread: shapes that no rule reads.
        count: numbers in all samples.
        further: number of messages of topics beyond those that are kept.
        system: number of topics of the broker itself.
    """

    topics: int
    messages: int
    seconds: float
    findings: tuple[Finding, ...]
    unread: tuple[Unread, ...]
    count: Count
    further: int
    system: int


def discover(heard: Heard, seconds: float, zone: Zone, presets: Mapping[str, tuple[IngestRule, ...]]) -> Discovery:
    """Rules for what was heard, each tried on its own samples.

    Args:
        heard: topics with samples.
        seconds: time that was listened.
        zone: function that gives the name of a zone for an offset from UTC (ns), or None.
        presets: table of presets by name.
    """
    most = min(MOST, max(FEWEST, MOST_SAMPLES // max(len(heard.topics), 1)))
    seen = {topic.name: examine(topic, most) for topic in heard}
    known = {name: Plan("", preset=preset) for name, preset in recognise(heard, presets).items()}
    moved = with_roots((topic for topic in heard if topic.name not in known and not describes(topic)), presets)
    known |= {name: Plan("", preset=rooted.preset, root=rooted.root) for name, rooted in moved.items()}
    alone = left_alone(seen, known, presets)
    plans = {
        name: None if name in alone else _plan(topic, known.get(name))
        for name, topic in seen.items()
        if not absent(topic.heard)
    }
    shapes = shapes_of(harmonise(plans))
    kept, tried, again = keep_apart(_proposals(shapes, seen, zone), shapes, heard.topics, presets, most)
    kept = [_cleaned(proposal, result, heard, presets, most) for proposal, result in zip(kept, tried, strict=True)]
    findings = [_finding(proposal, result, seconds) for proposal, result in zip(kept, tried, strict=True)]
    read = {name for result in tried for name, readings in result.readings.items() if readings}
    read |= {topic.heard.name for proposal in kept if proposal.plan.format == "sparkplug" for topic in proposal.topics}
    owned = {topic.heard.name for proposal in kept for topic in proposal.topics}
    lost = [seen[name] for name, plan in plans.items() if plan is not None and name not in owned and name not in again]
    count = sum((finding.count for finding in findings), Count())
    count += Count(left_out=_numbers(seen[name] for name in (*alone, *again)), unread=_numbers(lost))
    findings.sort(key=lambda finding: (-finding.readings, -finding.series, finding.proposal.rule.topic or ""))
    return Discovery(
        len(heard.topics),
        heard.messages,
        seconds,
        tuple(findings),
        unread_of(shapes, seen, read, alone=alone, again=again),
        count,
        heard.further,
        len(heard.system),
    )


def _plan(seen: Seen, preset: Plan | None) -> Plan | None:
    if preset is not None:
        return preset
    return None if describes(seen.heard) else seen.plan


def _proposals(shapes: Sequence[Shape], seen: Mapping[str, Seen], zone: Zone) -> list[Proposal]:
    """One proposal for each preset, and one for each shape that can be read without."""
    by_preset: dict[Plan, list[Seen]] = {}
    nodes: list[Seen] = []
    proposals = []
    for shape in shapes:
        plan = shape.plan
        if not isinstance(plan, Plan):
            continue
        topics = [seen[name] for name in shape.topics]
        if plan.preset:
            by_preset.setdefault(plan, []).extend(topics)
        elif plan.format == "sparkplug":
            nodes += topics
        else:
            proposals.append(propose(shape, topics, plan, zone))
    presets = [_of_preset(plan, topics) for plan, topics in by_preset.items()]
    return [*presets, *([of_sparkplug(nodes)] if nodes else []), *proposals[:MOST_RULES]]


def _of_preset(plan: Plan, topics: Sequence[Seen]) -> Proposal:
    silent = sum(topic.heard.live == 0 for topic in topics)
    return Proposal(rule_of(plan), tuple(topics), plan, retained_only=silent)


def _cleaned(
    proposal: Proposal, tried: Tried, heard: Heard, presets: Mapping[str, tuple[IngestRule, ...]], most: int
) -> Proposal:
    """The proposal without values that stand for none, where a trial gives all others as before."""
    seen = {key: sentinels(key or proposal.rule.topic or "", rows.values()) for key, rows in tried.values.items()}
    certain = {key: errors for key, every in seen.items() if (errors := [error for error in every if error.certain])}
    doubtful = {key: errors for key, every in seen.items() if (errors := [error for error in every if not error.certain])}
    if not certain:
        return doubting(proposal, doubtful)
    cleaned = ignoring(proposal, certain, tried.meanings)
    own = {topic.heard.name: heard.topics[topic.heard.name] for topic in proposal.topics}
    try:
        (again,) = try_rules([(cleaned.rule, frozenset(own))], own, presets, most)
    except ConfigurationError:  # the rules of a preset that take no `*` have no room for such an entry
        return doubting(proposal, {**certain, **doubtful})
    same = again.series.keys() <= tried.series.keys() and again.values == _without(tried.values, certain)
    return doubting(cleaned, doubtful) if same else doubting(proposal, {**certain, **doubtful})


def _without(
    values: Mapping[str, Mapping[str, Sequence[float]]], errors: Mapping[str, Sequence[Sentinel]]
) -> dict[str, dict[str, list[float]]]:
    """Values by key and series, without those that stand for none."""
    left: dict[str, dict[str, list[float]]] = {}
    for key, rows in values.items():
        ignored = {error.value for error in errors.get(key, ())}
        for series, row in rows.items():
            if kept := [value for value in row if value not in ignored]:
                left.setdefault(key, {})[series] = kept
    return left


def _finding(proposal: Proposal, tried: Tried, seconds: float) -> Finding:
    minutes = max(seconds, 1e-9) / MINUTE
    messages = readings = 0.0
    count = Count()
    for topic in proposal.topics:
        name, live = topic.heard.name, topic.heard.live
        messages += live
        readings += live * tried.readings.get(name, 0) / max(tried.messages.get(name, 0), 1)
        count += _count(topic, proposal, tried.readings.get(name, 0))
    return Finding(proposal, messages / minutes, readings / minutes, len(tried.series), tuple(tried.series)[:EXAMPLES], count)


def _numbers(topics: Iterable[Seen]) -> int:
    """How many numbers stand in the samples of topics."""
    return sum(count_numbers(topic, topic.plan, ()) for topic in topics if topic.plan is not None)


def _count(topic: Seen, proposal: Proposal, readings: int) -> Count:
    """The numbers in a topic's samples; what a preset leaves out it leaves out on purpose."""
    if topic.plan is None or topic.plan.format == "sparkplug":
        return Count(read=readings)
    everything = count_numbers(topic, topic.plan, ())
    measured = readings if proposal.plan.preset else count_numbers(topic, topic.plan, proposal.left_out)
    return Count(readings, max(everything - max(measured, readings), 0), max(measured - readings, 0))

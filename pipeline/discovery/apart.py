"""Rules that keep out of each other's way: each takes its own topics, and no two give the same series."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import msgspec

from edge.errors import ConfigurationError
from edge.messages.ingest import Ingest
from edge.messages.names import TopicTemplate
from edge.messages.presets.table import expand
from edge.messages.reading import make_ingests
from edge.messages.rule import IngestRule
from pipeline.discovery.naming import filter_text
from pipeline.discovery.proposals import Proposal
from pipeline.discovery.shapes import Shape
from pipeline.discovery.trial import Tried, try_rules
from pipeline.samples.heard import HeardTopic

MOST_SKIPS = 8  # filters of one rule
ROUNDS = 3

Presets = Mapping[str, tuple[IngestRule, ...]]


def keep_apart(
    proposals: Sequence[Proposal],
    shapes: Sequence[Shape],
    topics: Mapping[str, HeardTopic],
    presets: Presets,
    most: int,
) -> tuple[list[Proposal], list[Tried], dict[str, str]]:
    """The proposals that read something and claim nothing that another one reads, what they gave, and what is said twice.

    A preset whose series another preset of the same devices gives as well is left out: some devices publish in two ways.

    Args:
        proposals: rules, each with its topics.
        shapes: shapes of all topics.
        topics: topics with samples, by name.
        presets: table of presets by name.
        most: largest number of samples of a topic that are tried.

    Returns:
        Proposals, what each of them gave, and topics that are left out, each with the preset that gives their series.
    """
    kept = _different_names(list(proposals))
    filters = {name: filter_text(shape.levels) for shape in shapes for name in shape.topics}
    again: dict[str, str] = {}
    for _ in range(ROUNDS):
        kept, tried = _without_copies(*_that_read(kept, _try(kept, topics, presets, most)), again)
        skipping = [_skipping(proposal, result, topics, filters, presets) for proposal, result in zip(kept, tried, strict=True)]
        named = _named_apart(skipping, tried, presets)
        if named == kept:
            return *_without_clashes(kept, tried, presets), again
        kept = named
    return *_without_clashes(*_that_read(kept, _try(kept, topics, presets, most)), presets), again


def _try(proposals: Sequence[Proposal], topics: Mapping[str, HeardTopic], presets: Presets, most: int) -> list[Tried]:
    rules = [(proposal.rule, frozenset(seen.heard.name for seen in proposal.topics)) for proposal in proposals]
    return try_rules(rules, topics, presets, most)


def _that_read(proposals: list[Proposal], tried: list[Tried]) -> tuple[list[Proposal], list[Tried]]:
    pairs = [
        (proposal, result)
        for proposal, result in zip(proposals, tried, strict=True)
        if any(result.readings.values()) or proposal.plan.format == "sparkplug"  # what it holds is known after a birth
    ]
    return [proposal for proposal, _ in pairs], [result for _, result in pairs]


def _without_copies(proposals: list[Proposal], tried: list[Tried], again: dict[str, str]) -> tuple[list[Proposal], list[Tried]]:
    """Without the presets whose series another one gives of the same devices.

    Args:
        proposals: all proposals.
        tried: results of the trial, one of each proposal.
        again: function that takes the topics of those that are left out, each with the name of the other preset.
    """
    given = {number: _given(proposal, tried[number]) for number, proposal in enumerate(proposals) if proposal.rule.preset}
    left: set[int] = set()
    for number in sorted(given, key=lambda number: len(given[number])):
        others = (other for other in given if other != number and other not in left)
        copied = next((other for other in others if given[number] <= given[other]), None)
        if copied is not None:
            left.add(number)
            again |= {seen.heard.name: proposals[copied].rule.preset or "" for seen in proposals[number].topics}
    numbers = [number for number in range(len(proposals)) if number not in left]
    return [proposals[number] for number in numbers], [tried[number] for number in numbers]


def _given(proposal: Proposal, tried: Tried) -> set[tuple[str, str]]:
    """The series that a rule gives of its own topics, with the first level of the topic."""
    own = {seen.heard.name for seen in proposal.topics}
    return {(series, topic.partition("/")[0]) for series, topic in tried.series.items() if topic in own}


def _skipping(
    proposal: Proposal, tried: Tried, topics: Mapping[str, HeardTopic], filters: Mapping[str, str], presets: Presets
) -> Proposal:
    """The proposal with filters for the topics of others that it would take."""
    if not tried.foreign:
        return proposal
    own = {seen.heard.name for seen in proposal.topics}
    wanted: dict[str, int] = {}
    for name, readings in tried.foreign.items():
        if readings or topics[name].live:
            text = filters.get(name)
            if text is not None:
                wanted[text] = wanted.get(text, 0) + readings + 1
    before = proposal.rule.skip or _preset_skips(proposal.rule, presets)
    more = [
        text
        for text in sorted(wanted, key=lambda text: -wanted[text])
        if not any(TopicTemplate(text).match(name) is not None for name in own)
    ]
    return _with_skip(proposal, (*before, *(text for text in more[:MOST_SKIPS] if text not in before)), before)


def _with_skip(proposal: Proposal, skip: tuple[str, ...], before: tuple[str, ...]) -> Proposal:
    if skip == before:
        return proposal
    return replace(proposal, rule=msgspec.structs.replace(proposal.rule, skip=skip))


def _preset_skips(rule: IngestRule, presets: Presets) -> tuple[str, ...]:
    """What the rules of a preset leave alone: own filters would replace theirs."""
    return tuple(dict.fromkeys(text for base in expand(rule, presets) for text in base.skip)) if rule.preset else ()


def _different_names(proposals: list[Proposal]) -> list[Proposal]:
    """Rules whose series are named in the same way get the fixed levels of their topic into the name."""
    forms: dict[str, int] = {}
    for proposal in proposals:
        forms[proposal.form] = forms.get(proposal.form, 0) + 1
    return [proposal.in_full() if forms[proposal.form] > 1 else proposal for proposal in proposals]


def _clashes(tried: Sequence[Tried]) -> set[int]:
    """Positions of the rules that give a series that an earlier one gives from another topic, or from the same."""
    owners: dict[str, int] = {}
    late: set[int] = set()
    for number, result in enumerate(tried):
        for series in result.series:
            if owners.setdefault(series, number) != number:
                late.add(number)
    return late


def _named_apart(proposals: list[Proposal], tried: list[Tried], presets: Presets) -> list[Proposal]:
    late = _clashes(tried)
    named: list[Proposal] = []
    for number, proposal in enumerate(proposals):
        if tried[number].shared and proposal.tail is None and not proposal.rule.preset:
            named.append(proposal.with_topic())
        elif number in late and proposal.rule.preset and proposal.rule.series is None:
            named += _written_out(proposal, presets)
        else:
            named.append(proposal.in_full() if number in late else proposal)
    return named


def _written_out(proposal: Proposal, presets: Presets) -> list[Proposal]:
    """The rules of a preset, each with the preset's name before that of its series."""
    name = proposal.rule.preset or ""
    rules = []
    for base in expand(proposal.rule, presets):
        template = TopicTemplate(base.topic or "")
        topics = tuple(seen for seen in proposal.topics if template.match(seen.heard.name) is not None)
        if topics:
            rule = msgspec.structs.replace(base, series=f"{name}.{Ingest(base).series.template.text}")
            rules.append(replace(proposal, rule=_shortest(name, rule, presets), topics=topics))
    return rules


def _shortest(preset: str, rule: IngestRule, presets: Presets) -> IngestRule:
    """A rule that a preset stands for, written with the preset where that says the same: a preset may have fifty values."""
    for skip in ((), rule.skip):
        short = IngestRule(topic=rule.topic, series=rule.series, preset=preset, skip=skip)
        if expand(short, presets) == (rule,):
            return short
    return rule


def _without_clashes(proposals: list[Proposal], tried: list[Tried], presets: Presets) -> tuple[list[Proposal], list[Tried]]:
    """Without the rules that still give a series of an earlier one; their topics count as not read."""
    while late := _clashes(tried):
        last = max(late)
        proposals, tried = proposals[:last] + proposals[last + 1 :], tried[:last] + tried[last + 1 :]
    if _accepted(proposals, presets):
        return proposals, tried
    kept: list[Proposal] = []
    results: list[Tried] = []
    for proposal, result in zip(proposals, tried, strict=True):
        if _accepted([*kept, proposal], presets):
            kept.append(proposal)
            results.append(result)
    return kept, results


def _accepted(proposals: Sequence[Proposal], presets: Presets) -> bool:
    """Whether a configuration may have these rules together."""
    try:
        make_ingests([proposal.rule for proposal in proposals], presets)
    except ConfigurationError:
        return False
    return True

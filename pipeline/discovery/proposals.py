"""Shapes become `[[ingest]]` rules, each with the topics that it was made from and what a reader should know of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec

from edge.contract.meaning import Meaning
from edge.contract.times import SECOND, format_duration
from edge.messages.formats.table import FORMATS
from edge.messages.rule import IngestRule, ValueRule
from pipeline.discovery.naming import path_text, placeholders, topic_text
from pipeline.discovery.shapes import Shape
from pipeline.samples.clocks import Clock, Judged, judge, zone_text
from pipeline.samples.content import Numbers, counts, live_times, numbers_of, reports_on_change, states_of
from pipeline.samples.leaves import Path, key_of
from pipeline.samples.payloads import SPARKPLUG
from pipeline.samples.plans import Plan, Seen
from pipeline.samples.sentinels import Sentinel
from pipeline.samples.states import is_state, numbers_for
from pipeline.samples.tables import line_unit, time_column

MOST_DROPS = 8  # keys that are written out; more are written with a *
STATES = "words such as ON and OFF are states: numbers stand for them"

Zone = Callable[[int], str | None]  # a zone that is this far (ns) ahead of UTC today


@dataclass(frozen=True, slots=True)
class Proposal:
    """A rule, and what it was made from.

    Args:
        rule: the rule.
        topics: topics that it was made from.
        plan: plan by which their payloads are read.
        left_out: paths that the rule leaves out on purpose.
        notes: sentences for a comment above the rule.
        retained_only: number of topics of which only messages were heard that the broker had kept.
        called: placeholders of the topic.
        tail: pieces of a series' name that come from the payload; None where the format or the preset names the series.
    """

    rule: IngestRule
    topics: tuple[Seen, ...]
    plan: Plan
    left_out: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()
    retained_only: int = 0
    called: tuple[str, ...] = ()
    tail: tuple[str, ...] | None = None

    @property
    def form(self) -> str:
        """How the series are named, whatever the placeholders are called; "" where the format or the preset names them."""
        return "" if self.tail is None else ".".join([*("{}" for _ in self.called), *("{}" for _ in self.tail)])

    def in_full(self) -> "Proposal":
        """The proposal with all levels of its topic in the name of its series."""
        if self.tail is None or (not self.called and not self.tail):
            return self
        series = ".".join([*(level for level in (self.rule.topic or "").split("/") if level), *self.tail])
        return replace(self, rule=msgspec.structs.replace(self.rule, series=series))

    def with_topic(self) -> "Proposal":
        """The proposal with the placeholders of its topic before the name that its format gives."""
        template = FORMATS[self.plan.format].series
        if template is None or self.rule.series is not None or not self.called:
            return self
        series = ".".join([*(f"{{{name}}}" for name in self.called), template])
        return replace(self, rule=msgspec.structs.replace(self.rule, series=series))


def propose(shape: Shape, topics: Sequence[Seen], plan: Plan, zone: Zone) -> Proposal:
    """The rule for a shape.

    Args:
        shape: the shape.
        topics: its topics.
        plan: plan by which their payloads are read.
        zone: function that gives a zone for an offset from UTC.
    """
    called = placeholders(shape)
    rule = IngestRule(topic=topic_text(shape.levels, called))
    silent = sum(seen.heard.live == 0 for seen in topics)
    proposal = Proposal(rule, tuple(topics), plan, retained_only=silent, called=tuple(called.values()))
    proposal = _json(proposal, zone) if plan.format == "json" else _other(proposal)
    if plan.meter and counts(plan, topics):
        proposal = _with(proposal, "it only rises, as the reading of a meter does: the consumption is forecast", kind="counter")
    if plan.each is None and not plan.names and reports_on_change(topics):
        proposal = _with(proposal, "it speaks when its value changes: the last value holds until then", fill="hold")
    return proposal


def ignoring(proposal: Proposal, errors: Mapping[str, Sequence[Sentinel]], meanings: Mapping[str, Meaning]) -> Proposal:
    """The proposal without values that stand for none.

    Args:
        proposal: the proposal.
        errors: these values, by what `{key}` is in the name of their series; "" where a name has none.
        meanings: meanings of the series, likewise.
    """
    rule = proposal.rule
    for key, values_of_key in errors.items():
        numbers = tuple(error.value for error in values_of_key)
        if not key:
            rule = msgspec.structs.replace(rule, ignore=numbers)
            continue
        entry = (rule.values or {}).get(key, _entry_of(meanings.get(key)))
        entry = ValueRule(entry) if isinstance(entry, str) else entry
        values = {**(rule.values or {}), key: msgspec.structs.replace(entry, ignore=numbers)}
        value = rule.value if rule.preset or rule.value is not None else FORMATS[proposal.plan.format].value
        rule = msgspec.structs.replace(rule, value=value, values=values)
    notes = [f"{error.words}: it is left out" for values_of_key in errors.values() for error in values_of_key]
    return replace(proposal, rule=rule, notes=(*proposal.notes, *notes))


def doubting(proposal: Proposal, errors: Mapping[str, Sequence[Sentinel]]) -> Proposal:
    """The proposal with what a reader should do about values that may stand for none; arguments as of `ignoring`."""
    notes = []
    for key, values_of_key in errors.items():
        for error in values_of_key:
            add = f"ignore = [{error.value:g}]"
            where = f"to the entry of {key} in values" if key else "to the rule"
            notes.append(f"{error.words}; if that is so here, add {add} {where}")
    return replace(proposal, notes=(*proposal.notes, *notes))


def _entry_of(meaning: Meaning | None) -> ValueRule:
    """An entry of `values` that says what a series is."""
    if meaning is None:
        return ValueRule()
    entry = ValueRule(unit=meaning.unit or None, kind=None if meaning.kind == "gauge" else meaning.kind)
    return msgspec.structs.replace(entry, fill="hold", hold=format_duration(meaning.hold)) if meaning.hold else entry


def _with(proposal: Proposal, note: str = "", **changes: object) -> Proposal:
    """The proposal with other keys in its rule, and one more note."""
    rule = msgspec.structs.replace(proposal.rule, **changes)
    return replace(proposal, rule=rule, notes=(*proposal.notes, note) if note else proposal.notes)


def _other(proposal: Proposal) -> Proposal:
    plan = proposal.plan
    proposal = _with(proposal, format=plan.format)
    if FORMATS[plan.format].series is None:
        proposal = replace(proposal, tail=("{key}",) if plan.format == "csv" else ())
    if plan.decimal:
        proposal = _with(proposal, decimal=plan.decimal)
    if plan.suffix:
        proposal = _with(proposal, "a unit stands behind the number; devices of one topic must not change it", suffix=True)
    texts = [str(content.document) for seen in proposal.topics for _, content in seen.contents]
    if plan.format == "plain" and (numbers := numbers_for(text for text in texts if is_state("", text))):
        proposal = _with(proposal, STATES, map=numbers)
    if plan.format == "csv":
        return _table(proposal)
    unit = line_unit(proposal.topics) if plan.format == "line_protocol" else None
    return proposal if unit is None else _with(proposal, time_unit=unit)


def _table(proposal: Proposal) -> Proposal:
    """Columns and time of rows; the time is by its name, or without a header by what it looks like."""
    columns = proposal.plan.columns
    time = time_column(proposal.topics)
    if not columns:
        return proposal if time == "time" else _with(proposal, time=time or "")
    names = tuple("time" if str(number) == time else f"column{number + 1}" for number in range(columns))
    proposal = _with(proposal, "the rows have no header: name the columns", columns=names)
    return proposal if time is not None else _with(proposal, time="")


def of_sparkplug(topics: Sequence[Seen]) -> Proposal:
    """The one rule for all nodes of Sparkplug: each message needs the births before it."""
    note = "the agent asks nodes for their births, so its account must be able to publish to spBv1.0/+/NCMD/+"
    rule = IngestRule(topic=f"{SPARKPLUG}#", format="sparkplug")
    silent = sum(seen.heard.live == 0 for seen in topics)
    return Proposal(rule, tuple(topics), Plan("sparkplug"), notes=(note,), retained_only=silent)


def _json(proposal: Proposal, zone: Zone) -> Proposal:
    plan, topics = proposal.plan, proposal.topics
    numbers = numbers_of(plan, topics)
    proposal = replace(proposal, left_out=numbers.left_out)
    if plan.each is not None:
        proposal = _with(proposal, each=path_text(plan.each) or "*")
    states = {key_of(path): ValueRule(map=numbers_for(words)) for path, words in states_of(plan, topics).items()}
    several = len(numbers.measured) != 1 or bool(states)
    proposal = _several(proposal, numbers) if several else _single(proposal, numbers.measured[0])
    if numbers.texts:
        proposal = _with(proposal, decimal=numbers.decimal or None, suffix=numbers.suffix or None)
    if states:
        proposal = _with(proposal, STATES, values={**(proposal.rule.values or {}), **states})
    names = [f"{{$.{path_text(path)}}}" for path in plan.names]
    walked = ["{each}"] if plan.each is not None and not names else []
    tail = (*names, *walked, *(["{key}"] if several else []))
    proposal = replace(proposal, tail=tail)
    if names:
        series = ".".join([*(f"{{{name}}}" for name in proposal.called), *tail])
        proposal = _with(proposal, "the payload names the sensor", series=series)
    elif not proposal.called:
        proposal = proposal.in_full()
    proposal = _timed(proposal, zone)
    if plan.time is None and numbers.wrong:
        clock = path_text(numbers.wrong[0])
        note = f"its own time ({clock}) is not that of today: the time of arrival counts; set the clock of the device"
        proposal = _with(proposal, note)
    return proposal


def _single(proposal: Proposal, path: Path) -> Proposal:
    return _with(proposal, value=path_text(path)) if path != ("value",) else proposal


def _several(proposal: Proposal, numbers: Numbers) -> Proposal:
    proposal = _with(proposal, value="*")
    drops = [key_of(path) for path in numbers.left_out]
    if len(drops) > MOST_DROPS:
        drops = list(dict.fromkeys(f"*{drop.rpartition('.')[2]}" for drop in drops))[: 4 * MOST_DROPS]
    if drops:
        proposal = _with(
            proposal, "what is dropped is a time, a place or a number of something, and measures nothing", drop=tuple(drops)
        )
    values: dict[str, str | ValueRule] = {key_of(path): path_text(path) for path in numbers.texts}
    if numbers.texts:
        proposal = _with(proposal, "numbers that are texts stand in `values`: a * takes none", values=values)
    if numbers.meters:
        values |= {key_of(path): ValueRule(path_text(path), kind="counter") for path in numbers.meters}
        note = "meters only rise: their consumption is forecast; take out of `values` what is none"
        proposal = _with(proposal, note, values=values)
    return proposal


def _timed(proposal: Proposal, zone: Zone) -> Proposal:
    plan = proposal.plan
    if plan.time is None:
        return _with(proposal, time="")
    judged = judge([(seen.heard.name, live_times(seen, plan)) for seen in proposal.topics])
    path = path_text(plan.time)
    proposal = _with(proposal, time=path) if path != "time" else proposal
    if judged.clock is Clock.WALL:
        zone_name = zone(judged.offset) or zone_text(judged.offset)
        proposal = _with(proposal, _wall_note(judged.offset, zone_name), timezone=zone_name)
    elif judged.clock in (Clock.SHIFTED, Clock.AHEAD):
        how = _hours(judged.offset) if judged.clock is Clock.SHIFTED else "by minutes or more"
        note = f"its own time ({path}) lies ahead of arrival {how}, and cannot be mended here: the time of arrival counts"
        proposal = _with(proposal, note, time="")
    return _with(proposal, _others_note(judged)) if judged.others else proposal


def _wall_note(offset: int, zone_name: str) -> str:
    if zone_name[0] in "+-":
        advice = "write your zone, such as Europe/Berlin, or summer time is missed"
        return f"its time names no zone and is {_hours(offset)} from UTC today; {advice}"
    return f"its time names no zone and is {_hours(offset)} from UTC today, as in {zone_name}"


def _hours(offset: int) -> str:
    minutes = offset // (60 * SECOND)
    return f"{minutes / 60:+g} h"


def _others_note(judged: Judged) -> str:
    count = len(judged.others)
    return (
        f"the clocks of {count} of its topics differ from that, such as {judged.others[0]}: what they send may be skipped; "
        'set their clocks, or name them in `skip` and in a rule of their own with time = ""'
    )

"""A message in, readings out: every rule that matches a topic takes its part of the message."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TypeAlias

from edge.contract.columns import SeriesTable
from edge.contract.meaning import Meaning
from edge.contract.plausible import Plausible
from edge.contract.times import EARLIEST
from edge.errors import ConfigurationError, PayloadError
from edge.messages.formats.memory import FormatMemory
from edge.messages.formats.payload import LARGEST_PAYLOAD, Stateful, takes_more
from edge.messages.formats.units import Units
from edge.messages.ingest import Bound, Ingest, Row, Source
from edge.messages.message import LONGEST_TOPIC
from edge.messages.names import KEY
from edge.messages.presets.table import PRESETS, PresetRule, expand
from edge.messages.rule import IngestRule, which_rule
from edge.quoting import quoted
from edge.slots.beyond import Beyond
from edge.slots.returning import scarce

LACKING = 600.0  # seconds for which health tells of a series without room
FEW_SERIES = 1000  # series that any topic may bring while there is room
ROOM = "no room for it; raise max_series if it is real, else leave it out with [[ingest]] skip or drop"
Bounds: TypeAlias = tuple[Bound, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a message gave.

    Args:
        rows: source, time (ns UTC) and value of each reading, in the order of the rules and of the document.
        reasons: reasons for which values were left out; the first one is the message's where it gave no reading.
    """

    rows: tuple[Row, ...]
    reasons: tuple[PayloadError, ...]


def make_ingests(rules: Iterable[IngestRule], presets: Mapping[str, tuple[PresetRule, ...]] | None = None) -> list[Ingest]:
    """The rules of a configuration, ready to use; presets are replaced by the rules that they stand for.

    Raises:
        ConfigurationError: a rule that cannot be used, or two that give the same series.
    """
    ingests: list[Ingest] = []
    rules = list(rules)
    for number, rule in enumerate(rules, 1):
        try:
            ingests += [Ingest(plain) for plain in expand(rule, PRESETS if presets is None else presets)]
        except ConfigurationError as error:
            raise ConfigurationError(f"{which_rule(number, len(rules), rule.topic, rule.preset)} {error}") from error
    for first, second in combinations(ingests, 2):
        if first.claim == second.claim and (KEY not in first.series.used or first.selection.shares_a_key(second.selection)):
            raise ConfigurationError(
                f"two [[ingest]] rules, of topics {first.topic!r} and {second.topic!r}, give the same series "
                f"{first.series.template.text!r}; write another series in one of them, or take all values by one rule"
            )
    shared: dict[object, Stateful] = {}
    for ingest in ingests:
        if ingest.stateful is not None:
            ingest.stateful = shared.setdefault(ingest.reader, ingest.stateful)
    return ingests


def read_message(ingests: Iterable[Ingest], topic: str, payload: bytes, arrival: int) -> Reading:
    """All readings of a message, and why the others of its values are none.

    Args:
        ingests: rules, in their order.
        topic: topic of the message.
        payload: its bytes.
        arrival: time of arrival in ns UTC.
    """
    try:
        return Reading(*map(tuple, take(bind(ingests, topic), topic, payload, arrival)))  # type: ignore[arg-type]
    except PayloadError as error:
        return Reading((), (error.kept(),))


def bind(ingests: Iterable[Ingest], topic: str) -> Bounds:
    """The rules that take a topic.

    Raises:
        PayloadError: none does, or the topic is too long.
    """
    if takes_more(topic, LONGEST_TOPIC):
        expected = f"at most {LONGEST_TOPIC} characters, or {LONGEST_TOPIC // 4} where an emoji is one of them"
        raise PayloadError("long_topic", f"expected {expected}, got {len(topic)}")
    ingests = tuple(ingests)
    bounds = tuple(bound for ingest in ingests if (bound := ingest.bind(topic)) is not None)
    if bounds:
        return bounds
    if any(ingest.leaves_alone(topic) for ingest in ingests):
        raise PayloadError("unwanted", "[[ingest]] skip names the topic")
    raise PayloadError("unknown_topic", "no [[ingest]] topic matches")


def take(bounds: Bounds, topic: str, payload: bytes, arrival: int) -> tuple[list[Row], list[PayloadError]]:
    """Readings of a message, and why values were left out.

    A rule that finds nothing in a message of which others take something has nothing to say.

    Args:
        bounds: rules that take the topic.
        topic: topic of the message.
        payload: its bytes.
        arrival: time of arrival in ns UTC.
    """
    if len(bounds) == 1 and (quick := bounds[0].ingest.quick) is not None and len(payload) <= LARGEST_PAYLOAD:
        try:
            moment, value = quick(payload, arrival)
            return [(bounds[0].own_source(), moment, value)], []
        except PayloadError as error:
            return [], [error.kept()]
    rows: list[Row] = []
    reasons: list[PayloadError] = []
    documents: dict[object, object] = {}
    for bound in bounds:
        ingest = bound.ingest
        try:
            if len(bounds) == 1:
                document = ingest.document(topic, payload, arrival)
            else:
                document = _shared_document(ingest, documents, topic, payload, arrival)
            bound.take(document, payload, arrival, rows, reasons)
        except PayloadError as error:
            reasons.append(error.kept())
    if rows and reasons:
        reasons = [reason for reason in reasons if reason.kind not in ("no_value", "unwanted")]
    return rows, reasons


def _shared_document(ingest: Ingest, documents: dict[object, object], topic: str, payload: bytes, arrival: int) -> object:
    """The document of a message that several rules take: read once for all rules that read it in the same way."""
    if ingest.reader not in documents:
        try:
            documents[ingest.reader] = ingest.document(topic, payload, arrival)
        except PayloadError as error:
            documents[ingest.reader] = error.kept()
    document = documents[ingest.reader]
    if isinstance(document, PayloadError):
        raise document
    return document


def meaning_of(ingests: Iterable[Ingest], name: str, told: Meaning | None = None) -> Meaning | None:
    """What the rules say of a series by its name: those of them that leave the least of it open.

    Args:
        ingests: rules, in their order.
        name: name of the series.
        told: kind and hold by which an agent took its messages, which say which rule it is; None where nobody told them.

    Returns:
        None where none gives such a name, where they do not say what its values mean, or where several say different things:
        then only a message tells which of them takes the series.
    """
    freedom = [(left_open, ingest.meaning_of(name)) for ingest in ingests if (left_open := ingest.freedom(name)) is not None]
    if told is not None:
        freedom = [entry for entry in freedom if entry[1] is not None and entry[1].agrees(told)] or freedom
    least = min((left_open for left_open, _ in freedom), default=None)
    said = [meaning for left_open, meaning in freedom if left_open == least]
    first = said[0] if said else None
    if first is None or not all(other is not None and other.agrees(first) for other in said):
        return None
    return first if all(other == first for other in said) else replace(first, unit="")


def plausible_of(ingests: Iterable[Ingest], name: str) -> Plausible | None:
    """The readings that a series of this name can have; None where no rule names it, or where all can be."""
    chosen = _rule_of(ingests, name)
    return None if chosen is None else chosen.plausible_of(name)


def _rule_of(ingests: Iterable[Ingest], name: str) -> Ingest | None:
    """The first rule that names such a value, or else the first that gives such names."""
    by_name = [ingest for ingest in ingests if ingest.names_series(name)]
    return next((ingest for ingest in by_name if ingest.selection.keys is not None), next(iter(by_name), None))


class Naming:
    """Which series are known or may be added, and which are only stored.

    One topic does not take the room of all others: beyond a few series it may bring only as many as leave at least as much room
    as it took. The last tenth of the slots is for series that come again, as names that were made up for one message do not. A
    message whose new series do not all find room brings none of them; `beyond` says whether they are stored.

    Args:
        series: table of the engine, to which new series are added.
        ingests: rules that topics follow.
        most: largest number of series that have a slot, which is a window and forecasts.
        few: number of series that any topic may bring while there is room.
        moment: function that gives seconds, monotonic.
    """

    def __init__(
        self,
        series: SeriesTable,
        ingests: Sequence[Ingest],
        most: int,
        few: int = FEW_SERIES,
        moment: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self.series, self.ingests, self.most, self._few, self._moment = series, ingests, most, few, moment
        self.beyond = Beyond(most, few, moment)
        self._left_out: tuple[float, str] | None = None  # when, and which series, for the last time
        self._stored: tuple[float, str] | None = None  # the same of those that are stored without a forecast
        self._brought: dict[str, int] = {}  # series by topic
        units = Units()
        for ingest in ingests:
            ingest.units = units
        stateful = {ingest.reader[0]: ingest.stateful for ingest in ingests if ingest.stateful is not None}
        self.memory = FormatMemory(stateful, units)

    def within_room(self, topic: str, rows: Sequence[Row], reasons: list[PayloadError]) -> tuple[Sequence[Row], Sequence[Row]]:
        """The readings of a message whose series have a slot or get one, and those that are only stored.

        Args:
            topic: topic of the message.
            rows: all of its readings.
            reasons: list that takes why the others are left out (`too_many_series`).
        """
        free, brought = self.most - len(self.series), self._brought.get(topic, 0)
        room = max(min(free, max(self._few - brought, (free - brought) // 2)), 0)
        if len(rows) <= room and not scarce(len(self.series) + len(rows) - 1, self.most):
            return rows, ()
        new = {source.name for source, _, _ in rows if self.series.get(source.name) is None}
        if not new:
            return rows, ()
        known, others = ([row for row in rows if (row[0].name in new) == is_new] for is_new in (False, True))
        names = [(source.name, source.tags) for source, _, _ in others]
        fits = len(new) <= room
        if fits and (not scarce(len(self.series) + len(new) - 1, self.most) or self.beyond.knows(names)):
            return rows, ()
        # A series that finds a free slot and has none yet gets it with its next reading: nothing is lacking.
        if self.beyond.admit(topic, names, quietly=fits):
            self._stored = self._stored if fits else (self._moment(), min(new))
            self._left_out = None if self._left_out is not None and self._left_out[1] in new else self._left_out
            return known, others
        self._left_out = self._moment(), min(new)
        text = f"more than {self.most} series; raise [agent] max_series if they are real"
        if fits:
            text = f"{len(self.series)} of {self.most} slots ([agent] max_series) are taken, and too many new names come; "
            text += "leave those out that are made up, with [[ingest]] skip or drop; slots of series that stay silent come back"
        elif free > 0:
            share = brought + len(new) if brought + len(new) > self._few else 0
            needed = len(self.series) + len(new) + share
            text = f"{len(new)} new series, such as {quoted(min(new))}: one topic may not take the room of all others; "
            text += f"raise [agent] max_series to {needed} if they are real, else leave them out with [[ingest]] drop"
        reasons += [PayloadError("too_many_series", text)] * len(others)
        return known, ()

    def news(self) -> str | None:
        """A line that names a series which was stored without a forecast for the first time since the last call, or None."""
        name, self.beyond.newest = self.beyond.newest, None
        return None if name is None else self._without_slot(name)

    @property
    def problem(self) -> str | None:
        """A line that names a series for which there was no room of late; None where there was room for all."""
        for last, line in ((self._left_out, self._without_room), (self._stored, self._without_slot)):
            if last is not None and self._moment() - last[0] <= LACKING:
                return line(last[1])
        return None

    def _without_room(self, name: str) -> str:
        return f"readings of series {quoted(name)} are left out, as [agent] max_series = {self.most} gives {ROOM}"

    def _without_slot(self, name: str) -> str:
        return f"series {quoted(name)} is stored without a forecast, as [agent] max_series = {self.most} gives {ROOM}"

    def add(self, source: Source, topic: str) -> int:
        """Index of a new series, which a topic brings."""
        self._brought[topic] = self._brought.get(topic, 0) + 1
        return self.series.add(source.name, source.tags, source.meaning)

    def index(self, name: str) -> int:
        """Index of a series of the store, with the tags its topic would give it, or -1 where there is no room for it."""
        known = self.series.get(name)
        if known is not None:
            return known
        if len(self.series) >= self.most:
            return -1
        tags = (ingest.tags_of(name) for ingest in self.ingests)
        return self.series.add(name, next((given for given in tags if given is not None), None), meaning_of(self.ingests, name))


def check_moment(moment: int, arrival: int) -> None:
    """Refuse a reading without a time that can be right.

    Args:
        moment: its time, ns UTC.
        arrival: time of arrival of its message, ns UTC; 0 where that says nothing.

    Raises:
        PayloadError: there is none.
    """
    if moment < EARLIEST and not arrival:
        raise PayloadError("retained", "a retained message without a time may be of any age")
    if moment < EARLIEST:  # only a time of arrival can be: a gateway that has no clock of its own has just started
        raise PayloadError("no_clock", "our own clock stands before 2000; set it, or let the payload carry the time")

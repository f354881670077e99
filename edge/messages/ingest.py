"""One `[[ingest]]` rule, ready to use: a topic and a document in, readings with the names of their series out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from edge.contract.meaning import Meaning
from edge.contract.plausible import Plausible
from edge.contract.schema import RESERVED
from edge.errors import ConfigurationError, PayloadError
from edge.messages.content import Told, check_of, is_text, moment_of, told_by
from edge.messages.formats.payload import LONGEST_NAME, Options, Read, Stateful, takes_more
from edge.messages.formats.table import format_of
from edge.messages.formats.units import Units
from edge.messages.names import EACH, KEY, SeriesName, Template, TopicTemplate
from edge.messages.number import Number
from edge.messages.paths import MISSING, Get, getter, parse_path
from edge.messages.rule import IngestRule, check_rule
from edge.messages.selection import Selection, Taken
from edge.quoting import quoted

LONGEST_TAGS = 8192  # bytes in memory of all tags of a series; stores keep them for every series, and lines carry them
MOST_SOURCES = 4096  # sources of one topic that are remembered
FEW_SOURCES = 64  # sources that are remembered before any of them came again: a tag may have another value in each message
ALL_TAGS = "*"  # in place of a tag's name: everything in an object becomes tags


@dataclass(frozen=True, slots=True)
class Source:
    """Where readings belong.

    Args:
        name: name of the series.
        tags: tags of the series.
        meaning: kind, hold and unit of the series; None where the rule does not say them.
        ingest: the rule.
    """

    name: str
    tags: dict[str, str]
    meaning: Meaning | None
    ingest: "Ingest"

    def continues(self, other: "Source", *, same_topic: bool) -> bool:
        """Whether readings belong behind those of another source of the same rule, whose series has the same name.

        Args:
            other: source of the earlier readings.
            same_topic: whether they came on the same topic.
        """
        if self.ingest.stateful is not None:  # a format that knows the topic says itself what belongs together
            return True
        return same_topic and (ALL_TAGS not in self.ingest.tags or self.tags == other.tags)


Row: TypeAlias = tuple[Source, int, float]  # source, time in ns UTC, value
Quick: TypeAlias = Callable[[bytes, int], tuple[int, float]]  # payload and arrival in, time and value of its one reading out


class Ingest:
    """One way in: which topics, and how their payloads are read.

    Args:
        rule: the rule as it is written, without a preset.

    Raises:
        ConfigurationError: it cannot be used.
    """

    def __init__(self, rule: IngestRule) -> None:
        check_rule(rule)
        self.rule = rule
        if rule.topic is None:
            raise ConfigurationError("needs a topic, such as sensors/{site}/{metric}, or a preset that has one")
        self._topic = TopicTemplate(rule.topic)
        self.topic, self.filter, self.names = rule.topic, self._topic.filter, self._topic.names
        self._skip = tuple(TopicTemplate(topic, f"skip {topic!r}: ") for topic in rule.skip)
        if any(skipped.names for skipped in self._skip):
            raise ConfigurationError("skip: write + and #, not placeholders")
        name = rule.format or "json"
        form = format_of(name)
        options = Options(rule.columns, rule.decimal or ".")
        reader = form.make(options)
        self.stateful = reader if isinstance(reader, Stateful) else None
        self.read: Read | None = None if isinstance(reader, Stateful) else reader
        self.reader = (name, options)  # rules with the same one share a document
        path = form.time if rule.time is None else rule.time or None
        self.timed = path is not None
        self.dated = self.timed and form.dated  # whether every value has a time of its own
        self.largest = form.largest  # bytes of a payload
        self.relative = form.relative > 0  # whether a time may count from the arrival
        self.moment = moment_of(path, rule, form) if path is not None else None
        placeholders = (*self.names, *((EACH,) if rule.each is not None or form.each is not None else ()), KEY)
        written = rule.series if rule.series is not None else form.series
        if written == "":
            raise ConfigurationError("series is empty; write a name, or leave the line out")
        tags = {**dict(form.tags), **(rule.tags or {})}
        self.tags = {tag: Template(text, placeholders, f"tag {tag} =") for tag, text in tags.items()}
        series = Template(written, placeholders, "series") if written is not None else None
        templates = [template for template in (series, *self.tags.values()) if template is not None]
        # What names a series or says its time is no value of it.
        used = [levels for template in templates for levels in template.paths.values()]
        used += [parse_path(other) for other in (path, rule.valid) if other is not None]
        self.selection = Selection(rule, form, used)
        self.units = Units()
        self.check = check_of(rule.valid) if rule.valid is not None else None
        template = series if series is not None else Template(self._default_series(), placeholders, "series")
        if self.selection.several and KEY not in template.used:  # a name that several values of a message would have
            raise ConfigurationError(
                f"series {template.text!r} is the same for all values of a message; add {{key}}, the value's name"
            )
        levels = [name for name in self.names if name != self._topic.rest]
        self.series = SeriesName(template, levels, self.selection.keys, form.dotted)
        self.paths = {name: getter(path) for template in templates for name, path in template.paths.items()}
        self.otherwise = {name: text for template in templates for name, text in template.otherwise.items()}
        self.quick = self._quick()

    def _default_series(self) -> str:
        several, walked = self.selection.several, self.selection.numbered
        names = [*self.names, *([EACH] if walked and several else []), *([KEY] if several or walked else [])]
        if self.names:
            return ".".join(f"{{{name}}}" for name in names)
        if self.filter != self.topic or any(level in ("+", "#") for level in self.topic.split("/")):
            raise ConfigurationError(
                "+ and # give no name to a series; write {name} or {name...} in their place, or set series"
            )
        return ".".join([self.topic.replace("/", "."), *(f"{{{name}}}" for name in names)])

    @property
    def claim(self) -> tuple[object, ...]:
        """Equal for two rules whose names of series cannot differ, except by what `{key}` stands for."""
        levels = {name: str(number) for number, name in enumerate(self.names)}
        pieces = tuple(levels.get(piece, piece) for piece in self.series.template.pieces)
        return (pieces, self.filter, self.rule.each) if self.series.used else (pieces,)

    @property
    def unnamed(self) -> tuple[str, ...]:
        """Placeholders and wildcards of the topic that are not in the name: topics that differ only there are one series."""
        if self.stateful is not None:  # a format that knows the topic has it in the names that it gives
            return ()
        wild = [level for level in self.topic.split("/") if level in ("+", "#")]
        return (*(f"{{{name}}}" for name in self.names if name not in self.series.used), *wild)

    def document(self, topic: str, payload: bytes, arrival: int) -> object:
        """The document in a payload.

        Raises:
            PayloadError: the payload is too large, or cannot be read.
        """
        if len(payload) > self.largest:
            raise PayloadError("too_large", f"expected at most {self.largest} bytes; got more")
        if self.read is not None:
            return self.read(payload)
        assert self.stateful is not None  # noqa: S101 - one of the two is there
        return self.stateful.read(topic, payload, arrival)

    def _quick(self) -> Quick | None:
        """The short way for the usual rule: one value, whose series is the topic's; None for others."""
        selection, moment = self.selection, self.moment
        usual = not (self.paths or selection.walked or selection.several or self.rule.rename or self.rule.drop)
        if not usual or selection.suffixed or self.check is not None or self.read is None:
            return None
        (entry,) = selection.entries
        if (get := entry.get) is None:
            return None
        number = entry.number

        def take(payload: bytes, arrival: int) -> tuple[int, float]:
            assert self.read is not None  # noqa: S101 - as above
            document = self.read(payload)
            value = get(document)
            if value is MISSING:
                raise selection.nothing(document, payload)
            try:
                result = number(value)
            except PayloadError as error:
                raise entry.refusal(value, error) from None
            return arrival if moment is None else moment(document, document, payload, arrival), result

        return take

    def bind(self, topic: str) -> "Bound | None":
        """The rule for one topic; None where it does not take it."""
        values = self._topic.match(topic)
        return None if values is None or self.leaves_alone(topic) else Bound(self, values)

    def takes(self, topic: str) -> bool:
        """Whether a topic is the rule's."""
        return self._topic.match(topic) is not None and not self.leaves_alone(topic)

    def leaves_alone(self, topic: str) -> bool:
        """Whether `skip` names the topic."""
        return any(skipped.match(topic) is not None for skipped in self._skip)

    def source(self, values: Mapping[str, str], taken: Taken, tags: dict[str, str]) -> Source:
        """The source of a value.

        Args:
            values: values of all placeholders of the series' name.
            taken: the value.
            tags: tags of the series; they are kept as they are.

        Raises:
            PayloadError: its name or its tags cannot be stored (`no_name`).
        """
        name = self.series.of(values)
        if takes_more(name, LONGEST_NAME) or not is_text(name):
            raise PayloadError("no_name", f"expected a name of at most {LONGEST_NAME} characters, got {quoted(name)}")
        texts = [*tags, *tags.values()]
        together = "".join(texts)
        if takes_more(together, LONGEST_TAGS) or not all(texts) or (texts and not is_text(together)):
            expected = f"expected tags of at most {LONGEST_TAGS} characters that can be stored"
            raise PayloadError("no_name", f"{expected}, got {quoted(dict(tags))}")
        return Source(name, tags, taken.entry.meaning, self)

    def tags_of(self, name: str) -> dict[str, str] | None:
        """The tags a series of this name would get from its topic, or None where the name does not tell."""
        values = self.series.values(name)
        if values is None or not set(self.names) <= set(values) or ALL_TAGS in self.tags:
            return None
        if not all(set(template.used) <= set(values) for template in self.tags.values()):
            return None
        return {name: values[name] for name in self.names} | {tag: text.fill(values) for tag, text in self.tags.items()}

    def names_series(self, name: str) -> bool:
        """Whether the rule can give a series this name."""
        return self.series.values(name) is not None

    def name_at(self, topic: str, field: str, separator: str | None = None) -> tuple[str, Number] | None:
        """Name of the series of a value that a database keeps beside its topic, and what gives its number.

        Args:
            topic: topic of the message.
            field: name of the value, as of `Selection.entry_at`.
            separator: text between the levels of a path, as of `Selection.entry_at`.

        Returns:
            None where the rule does not take it, or where the name stands in the document.
        """
        values = self._topic.match(topic)
        taken = self.selection.entry_at(field, separator)
        if values is None or taken is None or self.leaves_alone(topic):
            return None
        key, entry = taken
        words = {**values, KEY: key}
        if not all(words.get(used) for used in self.series.used):
            return None
        return self.series.of(words), entry.number

    def freedom(self, name: str) -> int | None:
        """Number of characters of a name that the rule leaves open; None where it gives no such name.

        The name of a value that has an entry is not open: of two rules that can give a name the one that leaves less open is
        meant. The sign between two placeholders counts as open: more placeholders in a row say no more of a name.
        """
        values = self.series.values(name)
        if values is None:
            return None
        return sum(len(text) + 1 for used, text in values.items() if used != KEY or not self.selection.names(text))

    def meaning_of(self, name: str) -> Meaning | None:
        """What the rule says of a series of this name; None where it says nothing, or the name is of another form."""
        values = self.series.values(name)
        return None if values is None else self.selection.entry_of(values.get(KEY, "")).meaning

    def plausible_of(self, name: str) -> Plausible | None:
        """The readings that a series of this name can have; None where all can be, or the name is of another form."""
        values = self.series.values(name)
        return None if values is None else self.selection.entry_of(values.get(KEY, "")).plausible


class Bound:
    """A rule for one topic.

    Args:
        ingest: the rule.
        values: values of the topic's placeholders.
    """

    __slots__ = ("_again", "_own", "_sources", "_values", "ingest")  # there may be as many as series

    def __init__(self, ingest: Ingest, values: dict[str, str]) -> None:
        self.ingest, self._values = ingest, values
        self._own: Source | None = None
        self._sources: dict[tuple[object, ...], Source] | None = None
        self._again = 0  # readings whose source was remembered

    def own_source(self) -> Source:
        """The source of the one value that the short way of the rule gives; errors as of `Ingest.source`."""
        if self._own is None:
            (entry,) = self.ingest.selection.entries
            named = {**self._values, KEY: entry.key}
            self._own = self.ingest.source(named, Taken(entry.key, 0.0, entry), self._tags(named, {}))
        return self._own

    def take(self, document: object, payload: bytes, arrival: int, rows: list[Row], reasons: list[PayloadError]) -> None:
        """Take the readings in a document.

        Args:
            document: content of the payload.
            payload: the payload, for messages.
            arrival: time in ns UTC that counts where the payload carries none.
            rows: list that takes the readings.
            reasons: list that takes the reasons for which values were left out.

        Raises:
            PayloadError: the document has no reading for this rule.
        """
        ingest = self.ingest
        before, otherwise = len(rows) + len(reasons), ingest.otherwise
        known: dict[Get, Told] = {}
        for each, element in ingest.selection.elements(document):
            if isinstance(element, PayloadError):
                reasons.append(element)
                continue
            taken = ingest.selection.take(element, each, reasons)
            if not taken:
                continue
            try:
                if ingest.check is not None:
                    ingest.check(element)
                moment = arrival if ingest.moment is None else ingest.moment(element, document, payload, arrival)
                told = {
                    name: told_by(get, element, document, known) or otherwise.get(name) for name, get in ingest.paths.items()
                }
            except PayloadError as error:
                reasons.append(error.kept())
                continue
            for value in taken:
                try:
                    source = self._source(each, value, told, payload)
                except PayloadError as error:
                    reasons.append(error.kept())
                    continue
                if value.suffix and (refusal := ingest.units.refusal(source.name, value.suffix)) is not None:
                    reasons.append(refusal)
                else:
                    rows.append((source, moment, value.number))
        if len(rows) + len(reasons) == before:
            raise ingest.selection.nothing(document, payload)

    def _source(self, each: str, value: Taken, told: dict[str, Told], payload: bytes) -> Source:
        """The source of a value, made once for all that is told of it."""
        # A text, an object and what is not there are never equal, whatever the text says.
        key = (value.key, each, *(tuple(text.items()) if isinstance(text, dict) else text for text in told.values()))
        if self._sources is None:
            self._sources = {}
        source = self._sources.get(key)
        if source is None or source.meaning is not value.entry.meaning:
            source = self._make(each, value, told, payload)
            if len(self._sources) < min(MOST_SOURCES, max(FEW_SOURCES, self._again)):
                self._sources[key] = source
        else:
            self._again += 1
        return source

    def _make(self, each: str, value: Taken, told: dict[str, Told], payload: bytes) -> Source:
        named = {**self._values, EACH: each, KEY: value.key}
        for name in self.ingest.series.used:
            if name in told:
                text = told[name]
                if not text:
                    raise PayloadError("no_name", f"expected a name at {name[2:]!r} in {quoted(payload)}")
                named[name] = text if isinstance(text, str) else ".".join(text.values())
        return self.ingest.source(named, value, self._tags(named, told))

    def _tags(self, named: Mapping[str, str], told: Mapping[str, Told]) -> dict[str, str]:
        """Tags of a series; those whose value the payload does not tell are left out."""
        if not self.ingest.tags:
            return self._values
        tags = dict(self._values)
        for tag, template in self.ingest.tags.items():
            if any(name in told and not told[name] for name in template.used):
                continue
            first = told.get(template.used[0]) if len(template.used) == 1 else None
            if tag == ALL_TAGS:
                every = first if isinstance(first, dict) else {}
                tags |= {f"{name}_" if name in RESERVED else name: text for name, text in every.items()}
                continue
            texts = {name: text if isinstance(text, str) else ".".join(text.values()) for name, text in told.items() if text}
            tags[tag] = template.fill({**self._values, **named, **texts})
        return tags

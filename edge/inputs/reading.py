"""A message in, coming values of an input out, by the same rules for paths, times and numbers as those of readings. No I/O."""

from collections.abc import Sequence

from edge.contract.ahead.issues import Issues
from edge.contract.times import EARLIEST, LATEST, SECOND
from edge.contract.values import LARGEST_VALUE
from edge.errors import ConfigurationError, PayloadError
from edge.inputs.advice import advice_for
from edge.inputs.rule import InputRule, which_input
from edge.messages.content import moment_of
from edge.messages.formats.table import format_of
from edge.messages.ingest import Ingest, Row
from edge.messages.paths import MISSING, getter, parse_path
from edge.messages.rule import IngestRule
from edge.quoting import quoted

SERIES = "input"  # each rule gives one series, whose name nobody sees
MOST_VALUES = 4096  # of a message


class Reader:
    """One `[[input]]` that has a topic.

    Args:
        rule: the section.

    Raises:
        ConfigurationError: its topic, a path or its zone cannot be used.
    """

    def __init__(self, rule: InputRule) -> None:
        self.name, self._rule = rule.name, rule
        self._listed = tuple(_ingest(rule, path, rule.value, rule.time) for path in rule.lists or ("*",))
        self._single = _ingest(rule, None, rule.value, rule.time)
        self._paired = _ingest(rule, "*", "value", "time")
        self._value, self._time = getter(parse_path(rule.value)), getter(parse_path(rule.time))
        self._issued = None
        if rule.issued is not None:
            self._issued = moment_of(rule.issued, IngestRule(timezone=rule.timezone), format_of("json"))

    @property
    def filter(self) -> str:
        """Topic filter of its messages, for a broker."""
        return self._single.filter

    @property
    def is_dated(self) -> bool:
        """Whether its values have times of their own; else they count from the arrival of their message."""
        return bool(self._rule.time)

    def takes(self, topic: str) -> bool:
        """Whether a topic is the rule's."""
        return self._single.takes(topic)

    def read(self, topic: str, payload: bytes, arrival: int) -> tuple[Issues, list[PayloadError]]:
        """The values of a message, and why others of it are none.

        The moment of issue is that of the rule, but never after the arrival. It is rounded up to a second, as it is stored.

        Args:
            topic: topic of the message.
            payload: its bytes, a JSON document.
            arrival: time of arrival, ns UTC.

        Raises:
            PayloadError: there is no value in it; it names the section, as the reasons do.
        """
        document: object = None
        try:
            document = self._single.document(topic, payload, arrival)
            issues, reasons = self._values(document, topic, payload, arrival)
        except PayloadError as error:
            raise self._named(error, document) from error
        return issues, [self._named(reason, document) for reason in reasons]

    def _named(self, error: PayloadError, document: object) -> PayloadError:
        """The error as it is said of the section."""
        return PayloadError(error.kind, f"[[input]] {self.name}: {error.plain}{advice_for(error, self._rule, document)}")

    def _values(self, document: object, topic: str, payload: bytes, arrival: int) -> tuple[Issues, list[PayloadError]]:
        issued = arrival if self._issued is None else min(self._issued(document, document, payload, arrival), arrival)
        rows, reasons = self._rows(document, topic, payload, arrival)
        timely = [(time, value) for _, time, value in rows if EARLIEST <= time < LATEST]
        if len(timely) < len(rows):
            reasons.append(PayloadError("bad_time", "expected values of the years 2000 to 2100"))
        good = [(time, value) for time, value in timely if abs(value) < LARGEST_VALUE]
        if len(good) < len(timely):
            reasons.append(PayloadError("bad_value", f"expected values between -{LARGEST_VALUE:g} and {LARGEST_VALUE:g}"))
        if not good:
            raise reasons[0]
        if len(good) > MOST_VALUES:
            raise PayloadError("too_large", f"expected at most {MOST_VALUES} values of an input; got {len(good)}")
        moment = -(-issued // SECOND) * SECOND
        return Issues.of([moment] * len(good), *zip(*good, strict=True)), reasons

    def _rows(self, document: object, topic: str, payload: bytes, arrival: int) -> tuple[list[Row], list[PayloadError]]:
        """The values of a document, of all its lists, and why others are none; one of both is there."""
        rows: list[Row] = []
        reasons: list[PayloadError] = []
        failures: list[PayloadError] = []
        ingests, document = self._which(document, payload)
        for ingest in ingests:
            bound = ingest.bind(topic)
            if bound is None:
                raise PayloadError("unknown_topic", "the topic is not that of the rule")
            try:
                bound.take(document, payload, arrival, rows, reasons)
            except PayloadError as error:  # such as the list of tomorrow, which is empty until noon
                failures.append(error.kept())
        if rows or reasons:
            return rows, reasons
        if self._rule.lists:
            where = " or ".join(map(quoted, self._rule.lists))
            expected = f"expected a value at {quoted(self._rule.value)} of an element of the list at {where}"
            raise PayloadError("no_value", f"{expected} in {quoted(payload)}")
        raise failures[0]

    def _which(self, document: object, payload: bytes) -> tuple[tuple[Ingest, ...], object]:
        """The rules that read a document, which may be two lists, and the document as they read it."""
        if self._rule.lists or isinstance(document, list):
            return self._listed, document
        time, value = self._time(document), self._value(document)
        if not isinstance(time, list) or value is MISSING or not isinstance(value, list):
            return (self._single,), document
        if len(time) != len(value):
            got = f"got {len(time)} and {len(value)} in {quoted(payload)}"
            raise PayloadError("bad_value", f"expected as many times as values; {got}")
        return (self._paired,), [{"time": moment, "value": number} for moment, number in zip(time, value, strict=True)]


def _ingest(rule: InputRule, each: str | None, value: str, time: str) -> Ingest:
    return Ingest(
        IngestRule(
            topic=rule.topic,
            series=SERIES,
            each=each,
            value=value,
            time=time,
            time_unit=rule.time_unit,
            timezone=rule.timezone,
        )
    )


def make_readers(rules: Sequence[InputRule]) -> list[Reader]:
    """The sections that have a topic, ready to use.

    Raises:
        ConfigurationError: one of them cannot be used.
    """
    readers = []
    for number, rule in enumerate(rules, 1):
        if rule.topic is None:
            continue
        try:
            readers.append(Reader(rule))
        except ConfigurationError as error:
            raise ConfigurationError(f"{which_input(rules, number)} {error}") from error
    return readers

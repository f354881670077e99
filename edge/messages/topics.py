"""What came of every topic and every rule of late: kept for people who ask why a sensor is missing. No I/O."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from edge.errors import PayloadFault
from edge.quoting import quoted, shortened, without_secrets

USELESS = 10  # messages in a row of which none can be used; fewer may be one sensor's
UNHEARD = frozenset({"retained", "unwanted"})  # skipped on purpose: they say nothing of the device
MOST_FAILING = 1000  # topics without any reading that are remembered
LONGEST_TOPIC = 120  # characters of a topic in a line
LONGEST_PAYLOAD = 200  # characters of a payload that is shown
Rules: TypeAlias = Callable[[str], Iterable[str]]


@dataclass(slots=True)
class TopicRecord:
    """What came of the messages of a topic since the agent started.

    Args:
        seen: time of arrival of the last message, ns UTC.
        messages: messages that came.
        readings: readings in them.
        too_late: readings that no window could hold any more.
        skipped: messages, and values of messages that gave others, by the reason why they were skipped; None: there are none.
        reason: the newest of these reasons, in words.
        payload: payload of the message that it was said of, shortened.
        rules: topics of the rules that take the topic, in their order.
    """

    seen: int = 0
    messages: int = 0
    readings: int = 0
    too_late: int = 0
    skipped: dict[PayloadFault, int] | None = None
    reason: str = ""
    payload: str = ""
    rules: tuple[str, ...] = ()

    def document(self, topic: str) -> dict[str, object]:
        """The same as JSON types."""
        return {
            "topic": topic,
            "rules": list(self.rules),
            "seen": self.seen,
            "messages": self.messages,
            "readings": self.readings,
            "too_late": self.too_late,
            "skipped": dict(self.skipped or {}),
            "reason": without_secrets(self.reason),
            "payload": without_secrets(self.payload),
        }


class Topics:
    """Records of topics, as many as series may be, and of the newest topics that give nothing or are only stored.

    Args:
        most: largest number of topics that gave readings of series with a slot.
        most_failing: largest number of topics that gave none of those; a flood of made-up ones pushes the oldest of these out.
    """

    def __init__(self, most: int, most_failing: int = MOST_FAILING) -> None:
        self._most, self._most_failing = most, most_failing
        self._good: dict[str, TopicRecord] = {}
        self._failing: dict[str, TopicRecord] = {}
        self._useless: dict[str, int] = {}  # messages since the last reading, by the topic of the rule; "": of all rules
        self._why: dict[str, str] = {}
        self._rules: dict[tuple[str, ...], tuple[str, ...]] = {}  # one object for all topics of the same rules

    def used(self, topic: str, arrival: int, readings: int, rules: Rules) -> TopicRecord | None:
        """A message gave readings.

        Args:
            topic: topic of the message.
            arrival: time of its arrival, ns UTC.
            readings: number of readings in it.
            rules: function that gives the topics of the rules that take a topic.

        Returns:
            The record of the topic, which stays the same as long as the agent runs; None where there is no room for it.
        """
        record = kept = self._good.get(topic)
        if record is None:
            record = self._failing.pop(topic, None) or self._new(topic, rules)
            if len(self._good) < self._most:
                self._good[topic] = kept = record
        record.seen = arrival
        record.messages += 1
        record.readings += readings
        if self._useless:
            for rule in (*record.rules, ""):
                self._useless.pop(rule, None)
        return kept

    def used_again(self, record: TopicRecord, arrival: int) -> None:
        """A message of a topic that is known gave one reading, as `used`."""
        record.seen = arrival
        record.messages += 1
        record.readings += 1
        if self._useless:
            for rule in (*record.rules, ""):
                self._useless.pop(rule, None)

    def stored(self, topic: str, arrival: int, readings: int, rules: Rules) -> None:
        """A message gave readings that are only stored, as there is no room for their series; arguments as of `used`."""
        record = self._newest(topic, rules)
        self.used_again(record, arrival)
        record.readings += readings - 1

    def left_out(self, topic: str, kind: PayloadFault, text: str, payload: bytes) -> None:
        """A value of a message that gives others was skipped."""
        record = self._good.get(topic) or self._failing.get(topic)
        if record is not None:
            self._note(record, kind, text, payload)

    def came_too_late(self, topic: str) -> None:
        """A reading of the topic was too late for any window."""
        if (record := self._good.get(topic)) is not None:
            record.too_late += 1

    def skipped(self, topic: str, arrival: int, kind: PayloadFault, text: str, payload: bytes, rules: Rules) -> None:
        """A message gave no reading.

        Args:
            topic: topic of the message.
            arrival: time of its arrival, ns UTC.
            kind: reason why it was skipped.
            text: the same in words.
            payload: its bytes.
            rules: function that gives the topics of the rules that take a topic.
        """
        record = self._newest(topic, rules)
        record.seen = arrival
        record.messages += 1
        self._note(record, kind, text, payload)
        if kind in UNHEARD:  # those come by the dozen at every start, and live ones after them
            return
        for rule in (*record.rules, ""):
            self._useless[rule] = self._useless.get(rule, 0) + 1
            self._why[rule] = f"{kind}: {text} on topic {quoted(topic, LONGEST_TOPIC)}"

    @property
    def problem(self) -> str | None:
        """Why none of the messages of late could be used, of all or of a rule; None where there is no such rule."""
        failing = [(count, rule) for rule, count in list(self._useless.items()) if rule and count >= USELESS]
        if (count := self._useless.get("", 0)) >= USELESS:
            why = without_secrets(self._why[""])
            return f"none of the last {count} messages could be used, the last one: {why}; see gatecast-agent topics"
        if not failing:
            return None
        count, rule = max(failing)
        others = f", and {len(failing) - 1} more [[ingest]] rules are like that" if len(failing) > 1 else ""
        return (
            f"none of the last {count} messages of [[ingest]] topic {quoted(rule, LONGEST_TOPIC)} could be used, "
            f"the last one: {without_secrets(self._why[rule])}{others}; see gatecast-agent topics"
        )

    def documents(self) -> list[dict[str, object]]:
        """All records as JSON types, in order of the topics."""
        records = {**dict(self._failing), **dict(self._good)}
        return [records[topic].document(topic) for topic in sorted(records)]

    def _newest(self, topic: str, rules: Rules) -> TopicRecord:
        """The record of a topic, which is made to be the newest one without a series of its own."""
        record = self._good.get(topic) or self._failing.pop(topic, None) or self._new(topic, rules)
        if topic not in self._good:
            self._failing[topic] = record  # at the end: the newest
            while len(self._failing) > self._most_failing:
                del self._failing[next(iter(self._failing))]
        return record

    def _new(self, topic: str, rules: Rules) -> TopicRecord:
        names = tuple(rules(topic))
        return TopicRecord(rules=self._rules.setdefault(names, names))

    def _note(self, record: TopicRecord, kind: PayloadFault, text: str, payload: bytes) -> None:
        record.skipped = record.skipped or {}
        record.skipped[kind] = record.skipped.get(kind, 0) + 1
        record.reason, record.payload = f"{kind}: {text}", shortened(payload, LONGEST_PAYLOAD)

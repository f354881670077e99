"""Copies: with MQTT 5 a broker may send a message once for each subscription that matches it, and one of them counts.

Each of our filters that overlaps with another one gets a subscription identifier (chapter 3.8.2.1.2 of the standard), which the
broker writes on its copies. The copy that comes first counts, and its twins are left out.

In a group of agents that share messages the copies go to several agents, so none can know its twins. There an identifier is
made of the filter and of those before it that the broker had granted by then: for these the broker has sent a copy as well, and
keeps it until it is acknowledged. A copy is left out only if one of them matches. So an identifier of another configuration, or
none at all, leaves nothing out: of two evils, a message that counts twice is the smaller one.
"""

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from itertools import combinations

from edge.broker.twins import Twins
from edge.messages.message import Message
from edge.messages.names import TopicTemplate, overlap

LARGEST = 268_435_455  # the largest identifier
REMEMBERED = 10_000  # topics and identifiers of which it is known whether they are left out


class Copies:
    """Which copies are left out.

    The filters have the order of their texts: agents that share messages agree on it, so that one of them keeps a copy.

    Args:
        filters: topic filters of the session, as messages have them.
        grouped: whether the session shares its messages with others.
    """

    def __init__(self, filters: Iterable[str], *, grouped: bool = False) -> None:
        pairs = [pair for pair in combinations(sorted(set(filters)), 2) if overlap(*pair)]
        self._before: dict[str, list[str]] = {}
        for first, second in pairs:
            self._before.setdefault(first, [])
            self._before.setdefault(second, []).extend([first] if grouped else [])
        # The filters that overlap with another one, in the order in which they are asked for, each after the last answer.
        self.overlapping = sorted(self._before)
        self._templates = {topic_filter: TopicTemplate(topic_filter) for topic_filter in self._before}
        self._unkept: set[str] = set()
        self._known: dict[tuple[str, tuple[int, ...]], bool] = {}
        self._twins = None if grouped else Twins()
        self._copies: dict[str, int] = {}  # number of filters that match a topic
        # What the broker kept while we were away comes before we ask again: the identifiers are known from the beginning.
        self._asked: dict[int, Sequence[str]] = {}
        for topic_filter in self._before:
            self.identifier(topic_filter)

    def after(self, topic_filter: str) -> list[str]:
        """The filters whose identifiers change with the answer for a filter."""
        return [other for other in self.overlapping if topic_filter in self._before[other]]

    def identifier(self, topic_filter: str) -> int:
        """The identifier to ask for; the same while every filter before is granted, also after a restart."""
        before = [other for other in self._before[topic_filter] if other not in self._unkept]
        digest = blake2b("\0".join([topic_filter, *before]).encode(), digest_size=8).digest()
        number = 1 + int.from_bytes(digest, "big") % LARGEST
        self._asked[number] = before
        self._known.clear()
        return number

    def note(self, topic_filter: str, *, kept: bool) -> None:
        """Note what the broker answered for a filter.

        Args:
            topic_filter: filter that it was asked for.
            kept: whether it keeps the copies until they are acknowledged: not where it refused, or granted QoS 0 only.
        """
        (self._unkept.discard if kept else self._unkept.add)(topic_filter)
        self._known.clear()

    def leaves_out(self, message: Message, now: float) -> bool:
        """Whether another copy of the message counts.

        Args:
            message: message that may be a copy; each is asked for once, in the order in which they come.
            now: seconds, monotonic.
        """
        if not message.subscriptions:
            return False
        if self._twins is None:
            return self._counts_elsewhere(message)
        copies = self._copies.get(message.topic)
        if copies is None:
            if len(self._copies) >= REMEMBERED:
                self._copies.clear()
            copies = sum(template.match(message.topic) is not None for template in self._templates.values())
            self._copies[message.topic] = copies
        return copies > 1 and self._twins.leaves_out(message, copies, now)

    def _counts_elsewhere(self, message: Message) -> bool:
        """Whether the broker has sent the message for a filter before those of this copy as well."""
        key = message.topic, message.subscriptions
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            known = self._known[key] = all(self._came_before(message.topic, number) for number in message.subscriptions)
        return known

    def _came_before(self, topic: str, number: int) -> bool:
        before = (other for other in self._asked.get(number, ()) if other not in self._unkept)
        return any(self._templates[other].match(topic) is not None for other in before)

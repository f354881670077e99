"""What was heard from a broker: how often each topic spoke, and some of its payloads; the memory it takes has a limit."""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from edge.messages.formats.payload import LARGEST_PAYLOAD

SYSTEM = "$SYS/"  # the broker's numbers of itself


@dataclass(frozen=True, slots=True)
class Sample:
    """A message that was kept.

    Args:
        payload: its bytes.
        arrival: time of arrival, ns UTC.
        retained: whether the broker had kept it; its age is unknown.
    """

    payload: bytes
    arrival: int
    retained: bool


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is kept, whatever is published.

    Args:
        topics: largest number of topics.
        samples: largest number of samples of a topic: half of them the first ones, half of them the last ones.
        topic_bytes: bytes that the samples of a topic may have together; the first one may have more.
        all_bytes: bytes that all samples may have together.
    """

    topics: int = 20_000
    samples: int = 24
    topic_bytes: int = 32_768
    all_bytes: int = 128 << 20


@dataclass(slots=True)
class HeardTopic:
    """What one topic carried.

    Args:
        name: the topic.
        live: number of messages that were published while we listened.
        retained: number of messages that the broker had kept.
        too_large: number of messages with more bytes than a payload may have.
        beginning: samples from the beginning.
        end: the newest samples after those.
    """

    name: str
    live: int = 0
    retained: int = 0
    too_large: int = 0
    beginning: list[Sample] = field(default_factory=list)
    end: deque[Sample] = field(default_factory=deque)
    size: int = 0

    @property
    def samples(self) -> list[Sample]:
        """All samples in order of arrival."""
        return [*self.beginning, *self.end]

    @property
    def live_samples(self) -> list[Sample]:
        """The samples that were published while we listened."""
        return [sample for sample in self.samples if not sample.retained]


class Heard:
    """Takes messages and keeps what is needed to understand them.

    Args:
        limits: largest numbers and sizes of what is kept.
    """

    def __init__(self, limits: Limits = Limits()) -> None:
        self._limits = limits
        self._topics: dict[str, HeardTopic] = {}
        self._size = 0
        self.system: dict[str, bytes] = {}
        self.further = 0  # messages of topics beyond the limit
        self.messages = 0

    @property
    def topics(self) -> Mapping[str, HeardTopic]:
        """The topics by their names, in the order in which they were heard first."""
        return self._topics

    @property
    def full(self) -> bool:
        """Whether the samples have reached their limit, so that some topics have fewer than they could have."""
        return self._size >= self._limits.all_bytes

    def __iter__(self) -> Iterator[HeardTopic]:
        """The topics in the order in which they were heard first."""
        return iter(self._topics.values())

    def hear(self, topic: str, payload: bytes, arrival: int, *, retained: bool) -> None:
        """Take a message.

        Args:
            topic: its topic.
            payload: its bytes, or so many of the first ones that it is seen to be too large.
            arrival: time of arrival, ns UTC.
            retained: whether the broker had kept it.
        """
        if topic.startswith("$"):
            if len(self.system) < self._limits.topics:
                self.system[topic] = payload[:LARGEST_PAYLOAD]
            return
        self.messages += 1
        heard = self._topics.get(topic)
        if heard is None:
            if len(self._topics) >= self._limits.topics:
                self.further += 1
                return
            heard = self._topics[topic] = HeardTopic(topic)
        if retained:
            heard.retained += 1
        else:
            heard.live += 1
        if len(payload) > LARGEST_PAYLOAD:
            heard.too_large += 1
        else:
            self._keep(heard, Sample(payload, arrival, retained))

    def _keep(self, heard: HeardTopic, sample: Sample) -> None:
        size, half = len(sample.payload), self._limits.samples // 2
        if len(heard.beginning) < max(half, 1):
            target: list[Sample] | deque[Sample] = heard.beginning
        else:
            target = heard.end
            while target and (len(target) >= self._limits.samples - half or heard.size + size > self._limits.topic_bytes):
                self._count(heard, -len(target.popleft().payload))
        fits = not heard.size or heard.size + size <= self._limits.topic_bytes
        if fits and self._size + size <= self._limits.all_bytes:
            target.append(sample)
            self._count(heard, size)

    def _count(self, heard: HeardTopic, size: int) -> None:
        heard.size += size
        self._size += size

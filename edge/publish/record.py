"""What the broker keeps of us, on disk: it is noted before it is published, so that nothing stays there that nobody removes."""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import msgspec

from edge.files import read_json, replace_file


class Kept(msgspec.Struct):
    """The file.

    Args:
        broker: session and broker.
        topics: topics with a retained message.
    """

    broker: str
    topics: list[str]


class Record:
    """Topics with a retained message of this agent.

    Args:
        path: JSON file; None: nothing outlives the process.
        broker: session and broker; what was kept by another broker is forgotten, as nobody can reach it.
    """

    def __init__(self, path: Path | None, broker: str) -> None:
        self._path, self._broker = path, broker
        kept = read_json(path, Kept) if path is not None else None
        self._topics = (
            {topic for topic in kept.topics if _is_topic(topic)} if kept is not None and kept.broker == broker else set()
        )

    @property
    def topics(self) -> frozenset[str]:
        """The topics that were noted."""
        return frozenset(self._topics)

    def add(self, topics: Iterable[str]) -> None:
        """Note topics, before anything is published there."""
        new = set(topics) - self._topics
        if new:
            self._topics |= new
            self._write()

    def remove(self, topics: Iterable[str]) -> None:
        """Forget topics whose messages were removed."""
        gone = self._topics.intersection(topics)
        if gone:
            self._topics -= gone
            self._write()

    def _write(self) -> None:
        if self._path is not None:
            with suppress(OSError):  # readings are worth more than the end of a message that nobody needs
                replace_file(self._path, msgspec.json.encode(Kept(self._broker, sorted(self._topics))))


def _is_topic(text: str) -> bool:
    """Whether a broker takes a message on a topic: one that is damaged would end the connection."""
    return bool(text) and text.isprintable() and not {"+", "#"} & set(text)

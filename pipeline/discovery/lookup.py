"""Which of many rules take a topic, without asking each of them."""

from collections.abc import Iterator, Sequence
from typing import Generic, TypeVar

from edge.messages.ingest import Ingest

Owner = TypeVar("Owner")


class Lookup(Generic[Owner]):
    """Rules by the first level of their topics and by the number of levels.

    Args:
        rules: rules, each with whose it is.
    """

    def __init__(self, rules: Sequence[tuple[Owner, Ingest]]) -> None:
        self._rules: dict[tuple[str | None, int | None], list[tuple[int, Owner, Ingest]]] = {}
        for number, (owner, ingest) in enumerate(rules):
            levels = ingest.filter.split("/")
            first = None if levels[0] in ("+", "#") else levels[0]
            length = None if levels[-1] == "#" else len(levels)
            self._rules.setdefault((first, length), []).append((number, owner, ingest))

    def taking(self, topic: str) -> Iterator[tuple[Owner, Ingest]]:
        """The rules that take a topic, in their order."""
        levels = topic.split("/")
        keys = ((first, length) for first in (levels[0], None) for length in (len(levels), None))
        candidates = [entry for key in keys for entry in self._rules.get(key, ())]
        for _, owner, ingest in sorted(candidates, key=lambda entry: entry[0]):
            if ingest.bind(topic) is not None:
                yield owner, ingest

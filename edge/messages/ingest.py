"""The `[[ingest]]` rules: topic and payload in, one reading of one series out.

A topic template such as `sensors/{site}/{device}/{metric}` says which levels name and tag the series; a format reads the
payload.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from edge.contract.columns import SeriesTable
from edge.contract.schema import RESERVED
from edge.contract.times import TimeUnit
from edge.errors import ConfigurationError, PayloadError
from edge.messages.formats.payload import LARGEST_PAYLOAD, Fields
from edge.messages.formats.table import open_format


@dataclass(frozen=True, slots=True)
class Source:
    """Where a topic's readings belong.

    Args:
        name: name of the series.
        tags: values of the topic's placeholders, by their names.
        ingest: the rule that reads the payload.
    """

    name: str
    tags: dict[str, str]
    ingest: "Ingest"


def _patterns(pieces: list[str]) -> Iterator[str]:
    """Patterns for the pieces of a template, which are text and the name of a placeholder in turn."""
    known: set[str] = set()
    for position, piece in enumerate(pieces):
        if position % 2 == 0:
            yield re.escape(piece)
        else:
            yield f"(?P={piece})" if piece in known else f"(?P<{piece}>.+)"
            known.add(piece)


class Ingest:
    """One way in: which topics, and how their payloads are read.

    Args:
        topic: levels with placeholders; `{name}` stands for exactly one level.
        series: name of the series made of the placeholders; without it they are joined with dots.
        payload: name of the payload's format, one of `FORMATS`.
        value: path to the value, levels separated by dots.
        time: path to the time; without it the time of arrival counts.
        time_unit: unit of a time that is a number.

    Raises:
        ConfigurationError: the template cannot be used, or there is no such format.
    """

    def __init__(
        self,
        topic: str,
        series: str | None = None,
        payload: str = "json",
        value: str = "value",
        time: str | None = "time",
        time_unit: TimeUnit = "auto",
    ) -> None:
        levels = topic.split("/")
        self.names = [level[1:-1] for level in levels if level.startswith("{") and level.endswith("}")]
        plain = [level for level in levels if not (level.startswith("{") and level.endswith("}"))]
        if not topic or any(c in level for level in plain for c in "{}#+\0") or len(set(self.names)) != len(self.names):
            message = (
                f"[[ingest]] topic {topic!r}: write each placeholder as a whole level, such as sensors/{{site}}/{{metric}}"
            )
            raise ConfigurationError(message)
        if not all(name.isidentifier() for name in self.names):
            raise ConfigurationError(f"[[ingest]] topic {topic!r}: placeholders are letters, digits and _, such as {{site}}")
        if series == "":
            raise ConfigurationError(f"[[ingest]] series of topic {topic!r} is empty; write a name, or leave the line out")
        reserved = RESERVED & set(self.names)
        if reserved:
            raise ConfigurationError(f"[[ingest]] topic {topic!r}: {{{min(reserved)}}} is a name of ours; choose another name")
        self.topic = topic
        self.filter = "/".join("+" if level.startswith("{") else level for level in levels)
        pattern = "/".join(f"(?P<{level[1:-1]}>[^/]+)" if level.startswith("{") else re.escape(level) for level in levels)
        self._pattern = re.compile(pattern)
        self._series = (
            series if series is not None else ".".join(f"{{{name}}}" for name in self.names) or topic.replace("/", ".")
        )
        try:
            self._series.format(**dict.fromkeys(self.names, ""))
        except (KeyError, IndexError, ValueError) as error:
            known = ", ".join(f"{{{name}}}" for name in self.names) or "none"
            raise ConfigurationError(f"[[ingest]] series {series!r} may use the topic's placeholders ({known}) only") from error
        pieces = re.split(r"\{(\w+)\}", self._series)
        self._used = list(dict.fromkeys(pieces[1::2]))
        self._name = re.compile("".join(_patterns(pieces)), re.DOTALL)
        # No level holds a slash, so a longer run of them than the template has stands in no name that is made by it.
        self._apart = "/" * (1 + max(map(len, re.findall("/+", self._series)), default=0))
        self._format = open_format(payload, Fields(value, time or None, time_unit))

    @property
    def timed(self) -> bool:
        """Whether the payload carries the time of the measurement."""
        return self._format.timed

    def source(self, topic: str) -> Source | None:
        """Series and tags of a topic, or None where the template does not match."""
        match = self._pattern.fullmatch(topic)
        if match is None:
            return None
        tags = match.groupdict()
        return Source(self._name_of(tags), tags, self)

    def _name_of(self, tags: dict[str, str]) -> str:
        """The template's name, unless other tags would read the same; then their values apart, so that no two share a name."""
        name = self._series.format(**tags)
        match = self._name.fullmatch(name)
        if match is not None and all(match[used] == tags[used] for used in self._used):
            return name
        return self._apart.join(tags[used] for used in self._used)

    def tags_of(self, name: str) -> dict[str, str] | None:
        """The tags a series of this name would get from its topic, or None where the name is of another form."""
        if set(self._used) != set(self.names):
            return None
        parts = name.split(self._apart)
        match = self._name.fullmatch(name)
        tags = dict(zip(self._used, parts, strict=True)) if len(parts) == len(self._used) > 1 else match and match.groupdict()
        return tags if tags and self._name_of(tags) == name else None

    def decode(self, payload: bytes, arrival: int) -> tuple[int, float]:
        """Time (ns UTC) and value of a payload.

        Args:
            payload: bytes of the message.
            arrival: time of arrival in ns UTC, used where the payload carries no time.

        Raises:
            PayloadError: too large, not of this format, no finite value, no time within reason.
        """
        if len(payload) > LARGEST_PAYLOAD:
            raise PayloadError("too_large", f"expected at most {LARGEST_PAYLOAD} bytes, got {len(payload)}")
        return self._format.decode(payload, arrival)


@dataclass(frozen=True, slots=True)
class Naming:
    """Which series are known or may be added.

    Args:
        series: table of the engine, to which new series are added.
        ingests: rules that topics follow, tried in order.
        most: largest number of series; readings of further ones are left out.
    """

    series: SeriesTable
    ingests: Sequence[Ingest]
    most: int

    def index(self, name: str) -> int:
        """Index of a series of the store, with the tags its topic would give it, or -1 where there is no room for it."""
        known = self.series.get(name)
        if known is not None:
            return known
        if len(self.series) >= self.most:
            return -1
        tags = (ingest.tags_of(name) for ingest in self.ingests)
        return self.series.add(name, next((given for given in tags if given is not None), None))

"""What no rule reads: why, and a sample that may be shown."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.discovery.naming import placeholders, topic_text
from pipeline.discovery.shapes import Shape
from pipeline.samples.heard import HeardTopic
from pipeline.samples.masking import MASK, masked, masked_text
from pipeline.samples.payloads import word_of
from pipeline.samples.plans import Plan, Seen
from pipeline.samples.states import is_state

NO_VALUE_NOW = frozenset({"", "unavailable", "unknown", "none", "nan", "null", "undefined", "n/a", "-"})
DESCRIBING = frozenset({"config", "announce", "definition", "devices", "settings", "schema"})
NUMBERING = frozenset(
    {"id", "version", "installed_version", "latest_version", "timestamp", "unixtime", "last_seen", "lastseen"}
)


@dataclass(frozen=True, slots=True)
class Unread:
    """Topics of one shape that no rule reads.

    Args:
        shape: the template of their topics.
        topics: number of topics.
        live: number of messages that were published while we listened.
        reason: reason for which no rule reads them.
        sample: beginning of a payload, secrets masked.
    """

    shape: str
    topics: int
    live: int
    reason: str
    sample: str


def absent(topic: HeardTopic) -> bool:
    """Whether all samples say that there is no value now, so that nothing can be told from them."""
    words = [word_of(sample.payload) for sample in topic.samples]
    return (
        all(
            (word is not None and word.lower() in NO_VALUE_NOW) or not sample.payload
            for word, sample in zip(words, topic.samples, strict=True)
        )
        and not topic.too_large
    )


def describes(topic: HeardTopic) -> bool:
    """Whether a topic describes a device, so that its numbers are no measurements."""
    levels = topic.name.lower().split("/")
    return levels[-1] in DESCRIBING | NUMBERING or "discovery" in levels


def unread_of(
    shapes: Sequence[Shape],
    seen: Mapping[str, Seen],
    read: Iterable[str],
    *,
    alone: Mapping[str, str],
    again: Mapping[str, str],
) -> tuple[Unread, ...]:
    """The shapes that no rule reads, by the reason why; those that speak most first.

    Args:
        shapes: all shapes.
        seen: topics by name.
        read: topics that a rule reads.
        alone: topics that a preset leaves out, each with its name.
        again: topics whose series a preset gives already, each with its name.
    """
    told = {
        **{name: f"preset {preset} leaves it out" for name, preset in alone.items()},
        **{name: f"preset {preset} gives the same series" for name, preset in again.items()},
    }
    known, unread = set(read), []
    in_shapes: set[str] = set()
    for shape in shapes:
        in_shapes.update(shape.topics)
        by_reason: dict[str, list[Seen]] = {}
        for topic in (seen[name] for name in shape.topics if name not in known):
            reason = told.get(topic.heard.name) or _reason(topic, planned=isinstance(shape.plan, Plan))
            by_reason.setdefault(reason, []).append(topic)
        for reason, topics in by_reason.items():
            template = "/".join(map(masked_text, topic_text(shape.levels, placeholders(shape)).split("/")))
            live = sum(topic.heard.live for topic in topics)
            unread.append(Unread(template, len(topics), live, reason, _sample(topics[0])))
    silent = [topic for name, topic in seen.items() if name not in in_shapes and name not in known]
    if silent:
        words = "they say that there is no value now"
        unread.append(Unread("several", len(silent), sum(s.heard.live for s in silent), words, _sample(silent[0])))
    unread = list(_together(unread))
    return tuple(sorted(unread, key=lambda entry: (-entry.live, -entry.topics, entry.shape)))


def _together(unread: Sequence[Unread]) -> Iterable[Unread]:
    """The entries, those of one shape and reason as one."""
    groups: dict[tuple[str, str], list[Unread]] = {}
    for entry in unread:
        groups.setdefault((entry.shape, entry.reason), []).append(entry)
    for group in groups.values():
        yield replace(group[0], topics=sum(entry.topics for entry in group), live=sum(entry.live for entry in group))


def _reason(seen: Seen, *, planned: bool) -> str:
    heard = seen.heard
    if not heard.samples:
        return "more than 65,536 bytes" if heard.too_large else "no sample was kept"
    if describes(heard):
        return "it describes a device"
    if planned:
        return "its rule gave no reading, or there would be more than 200 rules"
    return "no number in it" if seen.contents else _of_text(heard.samples[-1].payload)


def _of_text(payload: bytes) -> str:
    word = word_of(payload)
    if word is not None:
        return "a state; `map` makes numbers of words" if is_state("", word.strip('"')) else "a word"
    binary = "bytes that are no text" in masked(payload)
    return "no text; a program must decode it" if binary else "in no format that is known"


def _sample(seen: Seen) -> str:
    samples = seen.heard.samples
    if not samples:
        return ""
    return masked(samples[-1].payload, seen.heard.name) or MASK

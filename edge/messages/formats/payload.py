"""What all payload formats share: what a format is, where its documents usually hold what, and texts with what they take."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias, runtime_checkable

from edge.contract.times import TimeUnit

LARGEST_PAYLOAD = 65_536  # bytes
LONGEST_NAME = 1024  # bytes in memory; names are kept for every series

# A document is what JSON can hold: None, truth values, numbers, texts, lists, and objects with texts as keys. In a list that is
# walked a `PayloadError` stands for an element that is broken.
Read: TypeAlias = Callable[[bytes], object]


@dataclass(frozen=True, slots=True)
class Options:
    """What a rule tells its format beside the payload.

    Args:
        columns: names of the columns of a table without a header.
        decimal: decimal sign of numbers that are texts.
    """

    columns: tuple[str, ...] = ()
    decimal: str = "."


@dataclass(frozen=True, slots=True)
class Request:
    """A message that a format wants to be published.

    Args:
        topic: topic of the message.
        payload: its bytes.
        text: one line for the log, which says why.
    """

    topic: str
    payload: bytes
    text: str


@runtime_checkable
class Stateful(Protocol):
    """A format that must know the topic, remembers earlier messages, or answers. All rules share one."""

    def read(self, topic: str, payload: bytes, arrival: int) -> object:
        """The document in a payload.

        Args:
            topic: topic of the message.
            payload: its bytes.
            arrival: time of arrival in ns UTC.

        Raises:
            PayloadError: the payload is broken, or cannot be understood without a message that has not come yet.
        """

    def requests(self, now: int) -> Sequence[Request]:
        """What is to be published now, such as a request for a new birth; what has to wait comes with a later call.

        Args:
            now: time of the clock, ns UTC.
        """

    def dump(self, *, whole: bool = False) -> Mapping[str, bytes]:
        """What a restart needs, by keys of the format's own, and nothing under a key that is needed no longer.

        It is on disk before the message is acknowledged.

        Args:
            whole: whether to give everything, and not only what changed since the last call.
        """

    def load(self, entries: Mapping[str, bytes]) -> None:
        """Take up what `dump` gave in earlier runs, the newest of each key.

        Raises:
            ValueError: it is damaged, or of another version.
        """


@dataclass(frozen=True, slots=True)
class Format:
    """One payload format, and where its documents hold what when a rule does not say.

    Args:
        make: maker of what reads payloads, for the options of a rule: a function from bytes to a document that raises
            `PayloadError`, or a `Stateful`.
        each: path to the elements that are walked; None: the document is one element.
        series: template of the series' name; None: that of the topic.
        value: path to the value.
        time: path to the time; None: the time of arrival counts.
        time_unit: unit of a time that is a number.
        tags: templates of tags.
        texts: whether numbers are written as texts, so that `*` takes texts that are numbers.
        dotted: placeholders of `series` whose texts usually hold dots.
        label: key of an element under which it holds the name that stands for its number; None: there is none.
        rows: whether the elements are rows of the same series, so that their numbers name nothing.
        dated: whether every element has a time; else the time of arrival counts for those that have none.
        relative: times in ns below this count from the arrival.
        largest: bytes of a payload.
    """

    make: Callable[[Options], Read | Stateful]
    each: str | None = None
    series: str | None = None
    value: str = "value"
    time: str | None = "time"
    time_unit: TimeUnit = "auto"
    tags: tuple[tuple[str, str], ...] = ()
    texts: bool = False
    dotted: tuple[str, ...] = ()
    label: str | None = None
    rows: bool = False
    dated: bool = True
    relative: int = 0
    largest: int = LARGEST_PAYLOAD


def text_of(payload: bytes) -> str:
    """The text in a payload as `decoded` gives it, without zero bytes and blanks around it."""
    return decoded(payload).strip("\0 \t\r\n")


def decoded(payload: bytes) -> str:
    """The text in a payload.

    UTF-8 as a rule; UTF-16 with its mark, or where every other byte is zero; Latin-1 where it is no UTF-8.
    """
    if payload.startswith((b"\xff\xfe", b"\xfe\xff")):
        return payload.decode("utf-16", "replace")
    if len(payload) > 3 and not any(payload[1::2]) and any(payload[::2]):
        return payload.decode("utf-16-le", "replace")
    if len(payload) > 3 and not any(payload[::2]) and any(payload[1::2]):
        return payload.decode("utf-16-be", "replace")
    payload = payload.removeprefix(b"\xef\xbb\xbf")
    try:
        return payload.decode()
    except UnicodeDecodeError:
        return payload.decode("latin-1")


def memory_of(text: str) -> int:
    """Bytes that the characters of a text take in memory: each takes what the widest one needs.

    That is 1 byte for Latin letters, 2 for most other scripts, and 4 for an emoji.
    """
    if text.isascii():
        return len(text)
    widest = max(text)
    return len(text) * (1 if widest <= "\xff" else 2 if widest <= "\uffff" else 4)


def takes_more(text: str, most: int) -> bool:
    """Whether a text that is kept takes more memory than so many bytes."""
    return len(text) > most or memory_of(text) > most

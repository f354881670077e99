"""What all payload formats share: what a format is, where its documents usually hold what, and how bytes become text."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias, runtime_checkable

from edge.contract.times import TimeUnit

LARGEST_PAYLOAD = 65_536  # bytes

# A document is what JSON can hold: None, truth values, numbers, texts, lists, and objects with texts as keys.
Read: TypeAlias = Callable[[bytes], object]


@dataclass(frozen=True, slots=True)
class Options:
    """What a rule tells its format beside the payload.

    Args:
        columns: names of the columns of a table without a header.
    """

    columns: tuple[str, ...] = ()


@runtime_checkable
class Stateful(Protocol):
    """A format that must know the topic, remembers earlier messages, or answers. Each rule has one of its own."""

    def read(self, topic: str, payload: bytes) -> object:
        """The document in a payload.

        Raises:
            PayloadError: the payload is broken, or cannot be understood without a message that has not come yet.
        """

    def requests(self) -> Sequence[tuple[str, bytes]]:
        """Topics and payloads to publish since the last call, such as a request for a new birth."""

    def dump(self) -> bytes | None:
        """What a restart needs, on disk before the message is acknowledged; None where nothing changed since the last call."""

    def load(self, data: bytes) -> None:
        """Take up what `dump` gave in an earlier run.

        Raises:
            ValueError: it is damaged, or of another version.
        """


@dataclass(frozen=True, slots=True)
class Format:
    """One payload format, and where its documents hold what when a rule does not say.

    Args:
        make: makes what reads payloads, for the options of a rule: a function from bytes to a document that raises
            `PayloadError`, or a `Stateful`.
        each: path to the elements that are walked; None: the document is one element.
        series: template of the series' name; None: that of the topic.
        value: path to the value.
        time: path to the time; None: the time of arrival counts.
        time_unit: unit of a time that is a number.
        tags: templates of tags.
        texts: whether numbers are written as texts, so that `*` takes texts that are numbers.
    """

    make: Callable[[Options], Read | Stateful]
    each: str | None = None
    series: str | None = None
    value: str = "value"
    time: str | None = "time"
    time_unit: TimeUnit = "auto"
    tags: tuple[tuple[str, str], ...] = ()
    texts: bool = False


def text_of(payload: bytes) -> str:
    """The text in a payload, without zero bytes and blanks around it.

    UTF-8 as a rule; UTF-16 with its mark, or where every other byte is zero; Latin-1 where it is no UTF-8.
    """
    if payload.startswith((b"\xff\xfe", b"\xfe\xff")):
        return payload.decode("utf-16", "replace").strip("\0 \t\r\n")
    if len(payload) > 3 and not any(payload[1::2]) and any(payload[::2]):
        return payload.decode("utf-16-le", "replace").strip("\0 \t\r\n")
    if len(payload) > 3 and not any(payload[::2]) and any(payload[1::2]):
        return payload.decode("utf-16-be", "replace").strip("\0 \t\r\n")
    payload = payload.removeprefix(b"\xef\xbb\xbf").strip(b"\0 \t\r\n")
    try:
        return payload.decode()
    except UnicodeDecodeError:
        return payload.decode("latin-1")

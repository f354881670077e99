"""Every error Gatecast raises on purpose; the class says whose move it is.

GatecastError
├── ConfigurationError   the user's: stop with exit code 2
├── DiskFull             the operator's: make room, then start again
├── HistoryError         the user's: this history cannot be trained on, exit code 1
│   └── HistoryTooShort  time's: there will be more
├── PayloadError         the sensor's: count it, skip the message
├── BundleError          the trainer's: refuse the bundle, keep the old one
│   └── BundleDamaged    the transfer's: it is not what was released, fetch it again
├── BrokerError          the operator's: the broker cannot be reached or refuses
└── StoreError           the store's
    ├── StoreBusy        wait and send again
    ├── StoreDenied      wrong password, bucket or address: say so, keep everything, try seldom
    │   ├── BucketMissing    there is no such bucket: somebody has to make it
    │   └── RightsMissing    the account is known and may not do this: somebody has to let it
    └── BlockRefused     the block holds rows the store will never take: split it, or count them where the others are stored
        └── BlockTooLarge    the block is too large for one write: split it
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, Self, TypeAlias

# Why a message or one of its values cannot be used; `edge/agent/counters.py` has a counter for each.
PayloadFault: TypeAlias = Literal[
    "bad_json",
    "bad_message",
    "bad_payload",
    "bad_time",
    "bad_value",
    "future",
    "implausible",
    "long_topic",
    "no_birth",
    "no_clock",
    "no_name",
    "no_time",
    "no_value",
    "retained",
    "too_large",
    "too_many_series",
    "unknown_topic",
    "unsupported",
    "unwanted",
]


class GatecastError(Exception):
    """One line that says what was expected, what was found and what to do next."""

    code: ClassVar[int] = 1  # exit code of a command that ends with it

    @classmethod
    def restored(cls, text: str, facts: Mapping[str, object]) -> Self:
        """An error as it was in another process.

        Args:
            text: text of the error.
            facts: attributes that its class keeps beside the text.
        """
        error = cls.__new__(cls, text)  # each class has arguments of its own; what they became is in the facts
        vars(error).update(facts)
        return error

    def __reduce__(self) -> tuple[Callable[[str, Mapping[str, object]], Self], tuple[str, Mapping[str, object]]]:
        """Let pickle carry the error to another process, of any class."""
        return type(self).restored, (str(self), vars(self))


class ConfigurationError(GatecastError):
    """The configuration or the command line is wrong."""

    code: ClassVar[int] = 2


class DiskFull(GatecastError):
    """The disk has no room for what has to be kept."""


class HistoryError(GatecastError):
    """The history cannot be read or cannot be trained on."""


class HistoryTooShort(HistoryError):
    """The history has to grow before it can be trained on."""


@dataclass(frozen=True, slots=True)
class Advice:
    """What to set so that a payload can be read.

    Args:
        purpose: words for what it is good for, such as `for a decimal comma`.
        key: key of the section that says how payloads are read.
        value: value of the key, as it stands in the file.
        more: words for other settings that may stand there in `[[ingest]]`, with a comma before it, or "".
    """

    purpose: str
    key: str
    value: str
    more: str = ""

    def __str__(self) -> str:
        """The end of a line about a rule of `[[ingest]]`."""
        return f"{self.of('ingest')}{self.more}"

    def of(self, section: str) -> str:
        """The end of a line about a section of another name."""
        return f"; {self.purpose} set [[{section}]] {self.key} = {self.value}"


class PayloadError(GatecastError):
    """One message cannot be understood.

    Args:
        kind: the reason, such as `bad_json` or `bad_time`.
        plain: expected and found values.
        advice: setting of `[[ingest]]` that would help; None where none would.
    """

    def __init__(self, kind: PayloadFault, plain: str, advice: Advice | None = None) -> None:
        super().__init__(f"{plain}{advice or ''}")
        self.kind: PayloadFault = kind
        self.plain, self.advice = plain, advice

    def kept(self) -> Self:
        """The error without the frames that it came through, for a list: they hold all that these functions knew."""
        self.__traceback__ = self.__cause__ = self.__context__ = None
        return self


class BundleError(GatecastError):
    """A bundle is damaged, of the wrong shape, or fails its self-test."""


class BundleDamaged(BundleError):
    """What was read is not what the channel or the manifest speaks of; it may be whole the next time."""


class BrokerError(GatecastError):
    """The MQTT broker cannot be reached or refuses the connection."""


class StoreError(GatecastError):
    """The store did not take or give data."""


class StoreBusy(StoreError):
    """The store cannot be reached or is overloaded; the same block may go through later.

    Args:
        message: description of the failure.
        answered: whether the store answered and failed, so that the fault may lie in this very block.
        passing: whether that says nothing of single rows, as of a gateway without a server behind it; of the size it may.
    """

    def __init__(self, message: str, *, answered: bool = False, passing: bool = False) -> None:
        super().__init__(message)
        self.answered, self.passing = answered, passing


class StoreDenied(StoreError):
    """The store refuses the account, the bucket or the address."""


class BucketMissing(StoreDenied):
    """The store has no bucket of that name."""


class RightsMissing(StoreDenied):
    """The store knows the account, which may not do this."""


class BlockRefused(StoreError):
    """The store will never take this block as it is.

    Args:
        message: the store's own words, and what to do.
        dropped: number of rows of each measurement that were left out while all others were stored, under "" where the
            store does not say of which; None where nothing was stored, or nobody knows what.
        rows: those rows as a block, as far as the store tells which they are.
        proven: whether the rows are at fault for sure, and not the state that the store is in.
        parts: the block in parts, where the store tells which rows may be at fault; else any halves will do.
        by_type: whether the store holds a field as another type than every row of ours has, so that no row is at fault.
    """

    def __init__(
        self,
        message: str,
        *,
        dropped: Mapping[str, int] | None = None,
        rows: bytes = b"",
        proven: bool = False,
        parts: Sequence[bytes] = (),
        by_type: bool = False,
    ) -> None:
        super().__init__(message)
        self.dropped, self.rows, self.proven, self.parts, self.by_type = dropped, rows, proven, list(parts), by_type


class BlockTooLarge(BlockRefused):
    """The block is too large for one write; nothing is wrong with its rows."""

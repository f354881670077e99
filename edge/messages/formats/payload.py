"""What all payload formats share: where a format looks, what it gives, and what counts as a value."""

import math
from dataclasses import dataclass
from typing import Protocol

from edge.contract.times import TimeUnit
from edge.errors import PayloadError
from edge.quoting import quoted

LARGEST_PAYLOAD = 65_536  # bytes


@dataclass(frozen=True, slots=True)
class Fields:
    """Where a payload holds value and time; a format ignores what it does not need.

    Args:
        value: path to the value, levels separated by dots.
        time: path to the time; None where the time of arrival counts.
        time_unit: unit of a time that is a number.
    """

    value: str = "value"
    time: str | None = "time"
    time_unit: TimeUnit = "auto"


class Format(Protocol):
    """One way to read a payload; made from `Fields`, it keeps nothing between two payloads.

    Args:
        timed: whether the payload carries the time of the measurement.
    """

    timed: bool

    def decode(self, payload: bytes, arrival: int) -> tuple[int, float]:
        """Time (ns UTC) and value of a payload.

        Args:
            payload: bytes of the message, at most `LARGEST_PAYLOAD`.
            arrival: time in ns UTC that counts where the payload carries none.

        Raises:
            PayloadError: the payload is not of this format, or has no finite value or no time within reason.
        """


def parse_value(value: object) -> float:
    """A finite number, or text that is one; true and false are states, not measurements.

    Raises:
        PayloadError: anything else (`bad_value`).
    """
    if isinstance(value, bool) or (isinstance(value, str) and "_" in value):  # float() would take both
        raise PayloadError("bad_value", f"expected a number, got {quoted(value)}")
    try:
        number = float(value)  # type: ignore[arg-type] # whatever float refuses is a bad value
    except (TypeError, ValueError, OverflowError) as error:
        raise PayloadError("bad_value", f"expected a number, got {quoted(value)}") from error
    if not math.isfinite(number):
        raise PayloadError("bad_value", f"expected a finite number, got {number}")
    return number

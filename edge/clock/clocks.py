"""The clocks of this machine, and whether a time service sets the wall clock."""

import ctypes
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TIME_ERROR = 5  # what adjtimex(2) returns while the kernel's clock is not synchronised
TIMESYNCD = Path("/run/systemd/timesync/synchronized")  # its time is that of the last synchronisation since the machine started


@cache
def _library() -> ctypes.CDLL:
    """The C library, opened once: the clock is looked at in every batch, and opening takes seven times as long."""
    return ctypes.CDLL(None)


def synchronised() -> bool:
    """Whether a time service keeps the clock right; False also where this is not known, as in a sandbox."""
    try:
        state = _library().adjtimex(ctypes.create_string_buffer(512))  # all zero: it only reads
    except (OSError, AttributeError):  # another system, another C library
        state = -1
    return state not in (-1, TIME_ERROR) or (state == -1 and TIMESYNCD.exists())


@dataclass(frozen=True, slots=True)
class Clocks:
    """Where the agent reads the time.

    Args:
        now: ns UTC; may be wrong, and may be set at any moment.
        moment: seconds, monotonic; it is never set.
        synchronised: whether a time service holds `now` right.
    """

    now: Callable[[], int] = time.time_ns
    moment: Callable[[], float] = time.monotonic
    synchronised: Callable[[], bool] = synchronised


CLOCKS = Clocks()

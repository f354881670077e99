"""Memory: what the series and one closing of them all take under a bundle's contract, and what this device has."""

import contextlib
import ctypes
import os
from pathlib import Path

from edge.contract.contract import Contract

CELL = 16  # bytes of an interval of a series: value and weight
WINDOW = 8  # bytes of a value of a window
FORECAST = 2 * 8  # bytes of a forecast value: made, and on its way to the store
SHARE = 0.5  # of the memory that they may take; the rest is the program, the model and the spool
GROUPS, OWN = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")


def memory(groups: Path = GROUPS, own: Path = OWN) -> int:
    """Bytes that this process may use: of the machine, or of a control group that it is in where that is less.

    Args:
        groups: folder of the control groups (version 2).
        own: file that names the group of this process; `MemoryMax` of a systemd unit is written there.
    """
    least = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    group = groups
    with contextlib.suppress(OSError):
        names = (line.partition("::/")[2] for line in own.read_text().splitlines() if line.startswith("0::/"))
        group = groups / next(names, "")
    while True:
        with contextlib.suppress(OSError, ValueError):  # no control group, or `max`
            least = min(least, int((group / "memory.max").read_text()))
        if group == groups or groups not in group.parents:
            return least
        group = group.parent


def need(contract: Contract, series: int, lateness: int) -> int:
    """Bytes that so many series take, with one closing of them all; lateness in ns."""
    columns = contract.window + -(-lateness // contract.interval)
    values = contract.horizon * len(contract.quantiles)
    return max(series, 1) * (columns * CELL + contract.window * WINDOW + values * FORECAST)


def shortage(contract: Contract, series: int, lateness: int, room: int) -> str | None:
    """What is missing, in words; None where there is enough.

    Args:
        contract: contract of a bundle.
        series: number of series to forecast.
        lateness: time that closed intervals are kept open, ns.
        room: memory that the process may use, bytes.
    """
    columns = contract.window + -(-lateness // contract.interval)
    values = contract.horizon * len(contract.quantiles)
    needed = need(contract, series, lateness)
    if needed <= SHARE * room:
        return None
    return (
        f"it needs {needed / 2**20:,.0f} MB for {max(series, 1)} series of {columns} intervals and {values} forecast values; "
        f"expected at most {SHARE * room / 2**20:,.0f} MB, half of what the agent may use"
    )


def give_back_memory() -> None:
    """Make the C library return the memory of large arrays at once; by default it keeps tens of megabytes."""
    with contextlib.suppress(OSError, AttributeError):  # another C library has no such function
        ctypes.CDLL(None).mallopt(-3, 131_072)  # M_MMAP_THRESHOLD

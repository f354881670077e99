"""Memory: what the series and one closing of them all take under a bundle's contract, and what this device has."""

import contextlib
import ctypes
import os
from pathlib import Path

from edge.contract import Contract

CELL = 16  # bytes of an interval of a series: value and weight
FORECAST = 3 * 4  # bytes of a forecast value: made, kept, and on its way to the store
SHARE = 0.5  # of the memory that they may take; the rest is the program, the model and the spool
GROUP = Path("/sys/fs/cgroup/memory.max")


def memory(group: Path = GROUP) -> int:
    """Bytes that this process may use: of the machine, or of its control group where that is less."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        return min(machine, int(group.read_text()))
    except (OSError, ValueError):  # no control group, or `max`
        return machine


def shortage(contract: Contract, series: int, lateness: int, room: int) -> str | None:
    """What is missing, in words; None where there is enough.

    Args:
        contract: of a bundle.
        series: that are to be forecast.
        lateness: ns.
        room: bytes that the process may use.
    """
    columns = contract.window + -(-lateness // contract.interval)
    values = contract.horizon * len(contract.quantiles)
    need = max(series, 1) * (columns * CELL + contract.window * 4 + values * FORECAST)
    if need <= SHARE * room:
        return None
    return (
        f"it needs {need / 2**20:,.0f} MB for {max(series, 1)} series of {columns} intervals and {values} forecast values; "
        f"expected at most {SHARE * room / 2**20:,.0f} MB, half of what this device has"
    )


def give_back_memory() -> None:
    """Have the C library return the memory of large arrays at once; of its own accord it keeps tens of megabytes."""
    with contextlib.suppress(OSError, AttributeError):  # another C library has no such function
        ctypes.CDLL(None).mallopt(-3, 131_072)  # M_MMAP_THRESHOLD

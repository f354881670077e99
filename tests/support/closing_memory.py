"""A process of its own that closes the intervals of many series by the clock, and prints the bytes that this took at most.

python -m tests.support.closing_memory SERIES WINDOW HORIZON
"""

import sys
from pathlib import Path

import numpy as np

from edge.contract.columns import Readings, SeriesTable
from edge.contract.contract import Contract
from edge.forecaster.baselines import seasonal_naive
from edge.release.capacity import at_once, steady_memory
from edge.series.engine import Engine
from edge.stores.sqlite import SqliteStore
from edge.stores.store import encode_blocks

INTERVAL = 60


def peak() -> int:
    """Most memory that this process ever had, bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def close(contract: Contract, count: int, intervals: int) -> None:
    """Let so many series have a reading in each of so many intervals, and the clock close all of these."""
    table = SeriesTable([f"device{number}.t" for number in range(count)])
    store, most = SqliteStore(Path("never.db")), at_once(contract)
    engine, owners = Engine(seasonal_naive(contract), (), table), np.arange(count, dtype=np.int32)
    for number in range(intervals):
        now = number * INTERVAL
        pieces = engine.pieces(Readings(owners, np.full(count, now), np.full(count, 20.5)), most)
        for piece in [*pieces, *[Readings.empty()] * (count // most + 1)]:
            encode_blocks(store, engine.step(piece, now, most).points, table)


def main() -> None:
    """Print the growth of the largest size beyond that of a process with one series."""
    series, window, horizon = map(int, sys.argv[1:])
    steady_memory()
    contract = Contract(INTERVAL, window, horizon)
    close(contract, 1, 2)
    before = peak()
    close(contract, series, 4)
    sys.stdout.write(f"{peak() - before}\n")


if __name__ == "__main__":
    main()

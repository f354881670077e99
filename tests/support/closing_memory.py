"""A process of its own that takes readings of many series and closes their intervals; prints the bytes that this took at most.

python -m tests.support.closing_memory SERIES WINDOW HORIZON [STEPS COUNT]...
"""

import sys
from pathlib import Path

from edge.contract.coarse import Coarse
from edge.contract.columns import Readings
from edge.contract.contract import Contract
from edge.contract.times import SECOND
from edge.forecaster.baselines import seasonal_naive
from edge.messages.message import Message
from edge.release.capacity import at_once, steady_memory
from edge.series.engine import Engine
from edge.stores.sqlite import SqliteStore
from edge.stores.store import encode_blocks
from tests.support.desk import NOW, Desk

INTERVAL = 60 * SECOND
BATCH = 4096


def peak() -> int:
    """Most memory that this process ever had, bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def close(contract: Contract, count: int, intervals: int) -> None:
    """Let so many series have a message in each of so many intervals, and the clock close all of these."""
    desk, store, most = Desk(most=count), SqliteStore(Path("never.db")), at_once(contract)
    engine = Engine(seasonal_naive(contract), (), desk.series)
    for number in range(intervals):
        now = NOW + number * INTERVAL
        desk.trust.look(now, number * 60.0, synchronised=True)
        payload = f'{{"value": 20.5, "time": {now // SECOND}}}'.encode()
        for start in range(0, count, BATCH):
            numbers = range(start, min(start + BATCH, count))
            messages = [Message(f"sensors/device{each}/temperature", payload, now, False, 0, 1, 1) for each in numbers]
            for piece in engine.pieces(desk.intake.take(messages), most):
                encode_blocks(store, engine.step(piece, now, most).points, desk.series)
        while engine.state.due(now):
            encode_blocks(store, engine.step(Readings.empty(), now, most).points, desk.series)


def main() -> None:
    """Print the growth of the largest size beyond that of a process with one series."""
    series, window, horizon, *blocks = map(int, sys.argv[1:])
    coarse = tuple(map(Coarse, blocks[::2], blocks[1::2]))
    steady_memory()
    contract = Contract(INTERVAL, window, horizon, coarse=coarse)
    close(contract, 1, 2)
    before = peak()
    close(contract, series, 4)
    sys.stdout.write(f"{peak() - before}\n")


if __name__ == "__main__":
    main()

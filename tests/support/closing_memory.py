"""A process of its own that takes readings of many series and closes their intervals; prints the bytes that this took at most.

python -m tests.support.closing_memory ASKED SERIES WINDOW HORIZON [STEPS COUNT]...

ASKED is `nothing`, or letters for what a configuration asks for beside forecasts: a, alerts; s, what is strange; p, to publish.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from edge.alerts.alerts import Alerts
from edge.alerts.rule import AlertRule
from edge.anomalies.rule import OFF, AnomalyRule
from edge.anomalies.watch import Watch
from edge.broker.outgoing import Outgoing
from edge.contract.coarse import Coarse
from edge.contract.columns import Readings
from edge.contract.contract import Contract
from edge.contract.times import SECOND
from edge.forecaster.baselines import seasonal_naive
from edge.messages.message import Message
from edge.publish.alerts import Standing
from edge.publish.newest import Newest
from edge.publish.publisher import Publisher, Queue
from edge.publish.record import Record
from edge.publish.settings import Publish
from edge.publish.topics import Plan
from edge.release.capacity import Asked, at_once, steady_memory
from edge.series.engine import Engine
from edge.stores.sqlite import SqliteStore
from edge.stores.store import encode_blocks
from tests.support.desk import NOW, Desk

INTERVAL = 60 * SECOND
BATCH = 4096
RULES = (
    AlertRule(name="high", above=20.0),
    AlertRule(name="odd", leaves="80 %", within="10min"),
    AlertRule(name="up", rises_by=1.0, within="10min"),
)


def asked(letters: str) -> Asked:
    """What a configuration asks for."""
    return Asked(
        RULES if "a" in letters else (),
        AnomalyRule("100d") if "s" in letters else OFF,
        Publish(home_assistant=True) if "p" in letters else None,
    )


class Reader:
    """A broker that reads everything at once."""

    wake: Callable[[], object] = staticmethod(lambda: None)
    connection: int | None = 1
    has_room = is_quiet = True
    room = 500

    def send(self, _messages: Sequence[Outgoing], _connection: int) -> int:
        """Take all."""
        return 0


def peak() -> int:
    """Most memory that this process ever had, bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def close(contract: Contract, count: int, intervals: int, letters: str) -> None:
    """Let so many series have a message in each of so many intervals, and the clock close all of these."""
    desk, store, most = Desk(most=count), SqliteStore(Path("never.db")), at_once(contract)
    engine, wants = Engine(seasonal_naive(contract), (), desk.series), asked(letters)
    engine.watch = Watch.of(wants.anomaly, contract, engine.leads)
    alerts, plan = Alerts(wants.alerts, desk.series), Plan.of(wants.publish, "agent", wants.alerts, (), wants.anomaly)
    queue = Queue(Newest(plan.settings, desk.series), Standing())
    publisher = Publisher(plan, queue, desk.series, Reader(), Record(None, "b"))

    def step(piece: Readings, now: int) -> None:
        effect = engine.step(piece, now, most)
        changes = alerts.look(effect.forecasts, contract)
        encode_blocks(store, [*effect.points, *alerts.rows()], desk.series)
        publisher.offer_anomalies(engine.anomalies, effect.anomalies)
        publisher.offer(effect.forecasts, contract, changes)

    for number in range(intervals):
        now = NOW + number * INTERVAL
        desk.trust.look(now, number * 60.0, synchronised=True)
        payload = f'{{"value": 20.5, "time": {now // SECOND}}}'.encode()
        for start in range(0, count, BATCH):
            numbers = range(start, min(start + BATCH, count))
            messages = [Message(f"sensors/device{each}/temperature", payload, now, False, 0, 1, 1) for each in numbers]
            for piece in engine.pieces(desk.intake.take(messages), most):
                step(piece, now)
        while engine.state.due(now):
            step(Readings.empty(), now)
        publisher.publish()  # notes all topics at once, as after some seconds


def main() -> None:
    """Print the growth of the largest size beyond that of a process with one series."""
    letters = sys.argv[1]
    series, window, horizon, *blocks = map(int, sys.argv[2:])
    coarse = tuple(map(Coarse, blocks[::2], blocks[1::2]))
    steady_memory()
    contract = Contract(INTERVAL, window, horizon, coarse=coarse)
    close(contract, 1, 2, letters)
    before = peak()
    close(contract, series, 4, letters)
    sys.stdout.write(f"{peak() - before}\n")


if __name__ == "__main__":
    main()

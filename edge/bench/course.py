"""One run of the agent over so many readings, measured from within; made for a process of its own.

The job comes on standard input, which stays open as long as somebody waits for the result.
"""

import os
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec
import numpy as np

from edge.agent.build import Outside, build
from edge.agent.counters import Counter
from edge.agent.loop import Agent
from edge.bench.stages import Stage, Stopwatch, seconds_of_process
from edge.bench.watched import (
    WatchedStore,
    watched_bundle,
    watched_engine,
    watched_intake,
    watched_spool,
    watched_subscriber,
)
from edge.broker.address import Address
from edge.broker.client import Subscription
from edge.config.sections import Config
from edge.contract.columns import Int64
from edge.contract.times import SECOND
from edge.messages.message import Message
from edge.messages.names import least_filters


class Job(msgspec.Struct, frozen=True):
    """What is to be done.

    Args:
        config: configuration of the agent; the broker is the one that sends the readings.
        readings: number of readings to take.
        unmeasured: number of the first ones that are not measured.
        series: number of sensors that have a history.
        begin: time of the first reading, ns UTC.
        interval: interval of the bundle, ns.
        stored: whether the store is written to; else rows are made and dropped.
        forecasts: number of forecasts after which the run ends, where that is sooner; 0: it does not.
    """

    config: Config
    readings: int
    unmeasured: int
    series: int
    begin: int
    interval: int
    stored: bool
    forecasts: int = 0


class Outcome(msgspec.Struct, frozen=True):
    """What came of it; CPU time and waits are of the readings that are measured.

    Args:
        readings: number of measured readings.
        cpu: µs of CPU time for each of them, by the name of the stage.
        seconds: time until they were committed.
        stored: time until the store had them, seconds.
        waits: times from arrival to commit that half and 99 % of them need at most, seconds; None where none is measured.
        visible: the same up to the moment at which the store has them; None where it is not written to.
        forecasts: number of forecasts of the bundle, and of the baseline in its place.
        resident: memory at the end and at its peak, MB.
        first_forecast: moment at which the first forecast was committed, seconds, monotonic; 0 where there was none.
    """

    readings: int
    cpu: dict[str, float]
    seconds: float
    stored: float
    waits: tuple[float, float] | None
    visible: tuple[float, float] | None
    forecasts: tuple[float, float]
    resident: tuple[float, float]
    first_forecast: float


class Course:
    """A run of the agent.

    Args:
        job: readings to take, and the agent that takes them.
    """

    def __init__(self, job: Job) -> None:
        self._job, self._watch = job, Stopwatch()
        self._agent: Agent | None = None
        self._outcome: Outcome | None = None
        self._batch: Sequence[Message] = ()
        self._taken = self._before = 0  # readings: committed so far, and when the measurement began
        self._begin: tuple[float, dict[Stage, float]] | None = None  # moment, and CPU time so far
        self._committed_at = self._first_forecast = 0.0  # moments
        self._waits: list[Int64] = []  # ns from arrival to commit, by batch
        self._blocks = self._sending = 0  # numbers of the newest blocks in the spool, and on their way to the store
        self._unsent: deque[tuple[int, Sequence[Message]]] = deque()  # batches, with the number of their newest block
        self._visible: list[Int64] = []  # ns from arrival to the store, by batch

    def run(self) -> Outcome:
        """Run to the end."""
        job, watch, config = self._job, self._watch, self._job.config
        history = watch, job.series, job.begin, job.interval
        filters = least_filters(ingest.filter for ingest in config.ingests())
        subscription = Subscription(config.mqtt.client_id, filters, library=config.mqtt.reader == "paho")
        outside = Outside(
            WatchedStore(config.store.open(), *history, self._stored if job.stored else None),
            lambda: WatchedStore(config.store.open(), *history, None),
            watched_subscriber(watch, self._may_connect, self._take, self._commit)(
                Address.parse(config.mqtt.url), subscription
            ),
            _say,
            open_spool=watched_spool(watch, self._spool, self._send),
            open_bundle=watched_bundle(watch),
            make_intake=watched_intake(watch),
            make_engine=watched_engine(watch),
        )
        self._agent = build(config, outside)
        self._agent.run()
        assert self._outcome is not None  # noqa: S101 - it ends only with one
        return self._outcome

    def _may_connect(self) -> bool:
        """Whether the windows are full, so that every closing is forecast."""
        return self._agent is not None and not self._agent.parts.primer.busy

    def _take(self, messages: Sequence[Message]) -> None:
        """Note a batch that is taken; nothing to take, and nothing that waits for the store, is the end."""
        self._batch = messages
        assert self._agent is not None  # noqa: S101 - it calls this
        parts = self._agent.parts
        made = parts.counters.total(Counter.FORECASTS) + parts.counters.total(Counter.FALLBACK_FORECASTS)
        if made and not self._first_forecast:
            self._first_forecast = time.monotonic()
        all_stored = self._committed_at and not parts.spool.backlog
        if all_stored or (self._job.forecasts and made >= self._job.forecasts):
            self._outcome = self._outcome or self._look_back(self._agent)
            self._agent.stop()

    def _spool(self, blocks: int) -> None:
        """Note a batch that is about to be committed: the store may have it before `_commit` is called."""
        self._blocks += blocks
        if self._begin is not None:
            self._unsent.append((self._blocks, self._batch))

    def _commit(self, messages: Sequence[Message]) -> None:
        """Note a batch that is committed and acknowledged."""
        now = time.time_ns()
        self._taken += len(messages)
        if self._begin is not None:
            self._waits.append(_ages(messages, now))
        elif self._taken >= self._job.unmeasured:
            self._before, self._begin = self._taken, (time.monotonic(), seconds_of_process(self._watch))
        if self._taken >= self._job.readings and not self._committed_at:
            self._committed_at = time.monotonic()

    def _send(self, newest: int) -> None:
        """Note the newest block that is about to be sent."""
        self._sending = newest

    def _stored(self) -> None:
        """Note that the store has what was sent last."""
        now = time.time_ns()
        while self._unsent and self._unsent[0][0] <= self._sending:
            self._visible.append(_ages(self._unsent.popleft()[1], now))

    def _look_back(self, agent: Agent) -> Outcome:
        """What the readings took, while all threads are still there."""
        moment, before = self._begin or (time.monotonic(), seconds_of_process(self._watch))
        after, readings = seconds_of_process(self._watch), max(self._taken - self._before, 1)
        total = agent.parts.counters.total
        return Outcome(
            readings,
            {stage.name.lower(): (after[stage] - before[stage]) / readings * 1e6 for stage in Stage},
            max(self._committed_at - moment, 0.0),
            time.monotonic() - moment,
            _quantiles(self._waits),
            _quantiles(self._visible),
            (total(Counter.FORECASTS), total(Counter.FALLBACK_FORECASTS)),
            (_memory("VmRSS"), _memory("VmHWM")),
            self._first_forecast,
        )


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def _ages(messages: Sequence[Message], now: int) -> Int64:
    """How long ago messages arrived, ns."""
    return now - np.fromiter((message.arrival for message in messages), np.int64, len(messages))


def _quantiles(ages: Sequence[Int64]) -> tuple[float, float] | None:
    """Half and 99 % of all ages are as long or shorter, seconds; None where there is none."""
    together = np.concatenate([np.zeros(0, np.int64), *ages])
    if not len(together):
        return None
    half, most = np.quantile(together / SECOND, (0.5, 0.99)).tolist()
    return half, most


def _memory(name: str) -> float:
    """A number of this process's memory, MB; 0 where the system does not tell."""
    with suppress(OSError, IndexError):
        return int(Path("/proc/self/status").read_text().split(f"{name}:")[1].split()[0]) / 1024
    return 0.0


def end_with(descriptor: int) -> None:
    """End this process when a pipe is closed at its other end: nobody waits for the result any more."""

    def watch() -> None:
        while os.read(descriptor, 1):
            pass
        os._exit(1)

    threading.Thread(target=watch, name="gatecast-parent", daemon=True).start()


def main() -> None:
    """Do the job that comes as the first line of standard input."""
    job = msgspec.json.decode(sys.stdin.buffer.readline(), type=Job)
    end_with(sys.stdin.fileno())
    sys.stdout.buffer.write(msgspec.json.encode(Course(job).run()))
    sys.stdout.flush()


if __name__ == "__main__":
    main()

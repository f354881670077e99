"""The loop on the device; the only file that knows all the others.

One batch: take messages, turn them into readings, close intervals, forecast, score, commit, acknowledge. Sending to the
store and looking for new bundles go on beside it.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from edge.agent.capacity import give_back_memory, memory, shortage
from edge.agent.committing import Committer
from edge.agent.counters import Counter, Counters, Gauge, row, skipped, tally
from edge.agent.health import Health
from edge.agent.heartbeat import Heartbeat
from edge.agent.priming import AGAIN, Primer
from edge.agent.restoring import restore
from edge.agent.stopping import Stop
from edge.agent.watching import Watcher
from edge.clock.clocks import CLOCKS, Clocks
from edge.clock.closing import SETTLED, ClosingClock
from edge.clock.holding import Hold
from edge.clock.trust import STEADY, Trust
from edge.config import Config
from edge.contract.columns import Points, Readings, SeriesTable
from edge.contract.schema import AGENT, RELEASED
from edge.contract.times import parse_duration
from edge.forecaster.bundle import Bundle
from edge.log import Grumbler
from edge.messages.intake import Intake
from edge.messages.message import Message
from edge.messages.mqtt import Subscriber
from edge.release.releases import Candidate, Releases, Retry
from edge.series.engine import Engine, Outcome
from edge.series.state import REMEMBERED
from edge.spool.sender import Sender
from edge.spool.spool import Commit, Spool
from edge.stores.store import Store, encode_blocks, open_store

SNAPSHOT_ROWS = REMEMBERED // 2  # readings and closed windows in the journal before a snapshot replaces it
FORECAST_ROWS = 20_000  # of one batch, about 20 MB on their way to the store


@dataclass(frozen=True, slots=True)
class Waits:
    """How long the agent waits for others, seconds.

    Args:
        patience: at start and swap: for a first look at the channel, for the store to take what is ready.
        disk: between tries of a disk that is full.
        history: before a store that gave no history is asked again.
        settled: after connecting, for the first of the messages that the broker has kept.
        steady: for a clock that was set, or that nobody vouches for, before it is believed.
    """

    patience: float = 5.0
    disk: float = 1.0
    history: float = AGAIN
    settled: float = SETTLED
    steady: float = STEADY


class Agent:
    """The agent of one fleet.

    Args:
        config: of the device.
        store: what it writes to.
        subscriber: where messages come from; not started yet.
        log: called with one line per event.
        clocks: of this machine.
        waits: for others.
        notify: sends a line to the supervisor, as sd_notify(3).
    """

    def __init__(
        self,
        config: Config,
        store: Store,
        subscriber: Subscriber,
        *,
        log: Callable[[str], None],
        clocks: Clocks = CLOCKS,
        waits: Waits = Waits(),
        notify: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._config, self._store, self._subscriber, self._log, self._clocks = config, store, subscriber, log, clocks
        self._waits = waits
        self._heart = Heartbeat(parse_duration(config.agent.stall) / 1e9, clocks.moment, notify)
        folder = Path(config.agent.state)
        self.counters = Counters()
        self.health = Health(self.counters, self._problem, self._shortfall)
        self._spool = Spool(
            folder / "spool.db",
            store.kind,
            limit=config.agent.spool_limit << 20,
            survive_power_loss=config.agent.survive_power_loss,
        )
        if self._spool.loss is not None:
            log(self._spool.loss)
        self._series = SeriesTable()
        for name, tags in self._spool.series():
            self._series.add(name, tags)
        self._names = SeriesTable([config.mqtt.client_id])
        self._grumbler = Grumbler(log)
        self._trust = Trust(log, clocks.moment(), newest=self._spool.committed, steady=waits.steady)
        self._held = Hold(self._spool.held())
        self._stop, self._stopping = Stop(), threading.Event()  # for this thread, and for the others
        self._ingests = [rule.build() for rule in config.ingest]
        self._intake = Intake(
            self._ingests,
            self._series,
            most=config.agent.max_series,
            count=lambda fault, number: self.counters.count(skipped(fault), number),
            arrival=self._spool.arrival,
            grumbler=self._grumbler,
            trust=self._trust,
        )
        self._sender = Sender(self._spool, store, log)
        self._committer = Committer(
            self._spool,
            self._sender,
            subscriber,
            self._series,
            counters=self.counters,
            grumbler=self._grumbler,
            hold=self._hold,
        )
        self._primer = Primer(
            lambda: open_store(config.store.url, config.store.token_file),
            self._series,
            self._ingests,
            most=config.agent.max_series,
            grumbler=self._grumbler,
            taken=lambda: self.counters.total(Counter.READINGS),
            again=waits.history,
        )
        look = parse_duration(config.release.poll) / 1e9
        self._releases = Releases(
            folder / "bundles",
            config.release.channel or None,
            log,
            retry=Retry(look),
            clock=clocks.now,
            moment=clocks.moment,
            shortage=self._shortage,
        )
        self._watcher = Watcher(self._releases, look, self._grumbler, self._stopping)
        self._live: Candidate | None = None
        self._engine: Engine | None = None
        self._since_snapshot = 0
        self._reported = (time.monotonic(), 0.0)
        self._broker_problem = subscriber.problem
        self._closing = ClosingClock(self._trust, waits.settled)

    def run(self) -> None:
        """Work until `stop` is called.

        Raises:
            ConfigurationError: the health port is taken.
        """
        if self._config.agent.health != "off":
            port = self.health.serve(self._config.agent.health)
            self._log(f"health page on port {port}")
        linger = parse_duration(self._config.agent.linger) / 1e9
        give_back_memory()
        self._heart.begin()
        try:
            self._start_up()
            self._subscriber.start()
            while not self._stop.asked:
                self._heart.beat()
                messages = self._subscriber.take(self._most(), 0.2, linger)
                self._swap()
                self._batch(messages)
                self._report()
        finally:
            self._stopping.set()
            self._subscriber.stop()
            self._sender.stop()
            self._commit(Commit())
            self._spool.close()
            self._store.close()
            self.health.stop()

    def stop(self) -> None:
        """Finish the batch under way, then end; may be called by a signal handler."""
        self._stop.ask()
        self._subscriber.wake()

    def _start_up(self) -> None:
        """Bring back the bundle and the series state of the last run; look for a release before the first message."""
        self._look()
        candidate = self._releases.current()
        if candidate is not None:
            self._engine = self._make_engine(candidate)
            self._name_live(candidate)
            restored, stale = restore(self._engine, self._spool, self._log, self._heart.beat)
            if stale:
                self._snapshot(self._engine)
            self._log(f"{candidate.words}; {len(self._engine.state)} series known")
        self._sender.start()
        if self._engine is not None and not restored:
            self._prime(self._engine)
        self._watcher.start()
        end = time.monotonic() + self._waits.patience
        while not self._watcher.looked.wait(0.05) and not self._stop.asked and time.monotonic() < end:
            pass
        self._swap()
        if self._engine is None:
            reason = self._releases.problem
            advice = "release one with gatecast retrain" if reason is None else reason
            self._log(f"no bundle is live: readings are stored, nothing is forecast; {advice}")

    def _most(self) -> int:
        """Messages in a batch: each may close an interval, and all forecasts of a batch are in memory at once."""
        horizon = self._engine.forecaster.contract.horizon if self._engine else 1
        return max(1, min(self._config.agent.batch, FORECAST_ROWS // horizon))

    def _make_engine(self, candidate: Candidate) -> Engine:
        return Engine(
            candidate.forecaster,
            candidate.bundle.manifest.series,
            self._series,
            leads=self._config.agent.leads,
            lateness=parse_duration(self._config.agent.lateness, shortest=0),
        )

    def _swap(self) -> None:
        """Let a new bundle go live, between two batches."""
        candidate = self._watcher.candidate()
        if candidate is not None:
            self._go_live(candidate)
            self._releases.accept(candidate)
            self.counters.count(Counter.SWAPS)
            mark = Points(
                AGENT, np.zeros(1, np.int32), np.array([self._clocks.now()]), {RELEASED.name: candidate.forecaster.name}
            )
            self._commit(Commit([self._store.encode([mark], self._names)]))
        elif self._engine is not None and self._primer.due:
            self._prime(self._engine)

    def _go_live(self, candidate: Candidate) -> None:
        kept = False
        self._primer.forget()
        if self._engine is None:
            self._engine = self._make_engine(candidate)
        else:
            kept = self._engine.swap(candidate.forecaster, candidate.bundle.manifest.series)
        self._name_live(candidate)
        if kept:
            self._snapshot(self._engine)
        else:
            self._prime(self._engine)

    def _name_live(self, candidate: Candidate) -> None:
        self._live = candidate
        self.health.labels = {"model": candidate.forecaster.name}

    def _snapshot(self, engine: Engine) -> None:
        """The journal from here on belongs to the live bundle's grid."""
        self._commit(Commit(snapshot=engine.dump))
        self._since_snapshot = 0

    def _prime(self, engine: Engine, latest: int | None = None) -> None:
        """Fill the windows from the store's newest readings up to a time, now or when it answers."""
        self._drain()
        self._primer.fill(engine, self._trust.history if latest is None else latest, self._heart.beat)
        self._snapshot(engine)

    def _drain(self) -> None:
        """Let the store take what is ready, so that its history is complete; not for long."""
        end = time.monotonic() + self._waits.patience
        while self._spool.backlog and self._sender.problem is None and time.monotonic() < end:
            if self._stop.wait(0.05):
                return
            if self._sender.has_news:
                self._commit(Commit())

    def _fail(self, reason: str) -> None:
        """The live bundle failed while forecasting: go back to the one before, or to the baseline."""
        if self._live is not None:
            self._go_live(self._releases.fall_back(self._live.bundle, reason))

    def _look(self) -> None:
        self._trust.look(self._clocks.now(), self._clocks.moment(), synchronised=self._clocks.synchronised())

    def _batch(self, messages: list[Message]) -> None:
        self._look()
        readings = self._intake.take(messages)
        outcome = self._process(readings, messages)
        self.counters.count(Counter.MESSAGES, len(messages))
        self.counters.count(Counter.READINGS, len(readings) + len(self._intake.held))
        self.counters.set(Gauge.HELD_READINGS, len(self._held))
        if outcome is not None and self._engine is not None:
            tally(self.counters, outcome, self._engine.forecaster.name)
            for kind, series in outcome.broken.items():
                name = self._series.names[series[0]]
                self._grumbler.say(kind, f"{len(series)} forecasts, first of series {name[:120]!r}; the baseline makes them")
            if outcome.failure is not None:
                self._fail(outcome.failure)
        if not messages:
            self._closing.silence()

    def _process(self, readings: Readings, messages: list[Message]) -> Outcome | None:
        """Commit what the readings lead to; without a bundle they are only stored."""
        ahead, waiting = self._intake.held, self._held.waiting
        if len(ahead):
            self._grumbler.say("held", f"{len(ahead)} readings from ahead of a clock that nobody vouches for wait in the store")
        ready = self._held.exchange(ahead, self._trust.latest, proved=self._trust.proved)
        held = None if self._held.waiting is waiting else self._held.waiting
        if self._engine is None:
            points = [Points.of_readings(Readings.concatenate([readings, ahead]))]
            if messages or held is not None or self._sender.has_news:
                self._commit(Commit(self._encode(points), held=held), messages)
            return None
        readings = Readings.concatenate([ready, readings])
        outcome = self._engine.step(readings, self._closing_time(self._engine, readings))
        # Also a closing that gave no rows belongs into the journal.
        if messages or len(outcome.entry.forecasts) or held is not None or self._sender.has_news:
            entry = outcome.entry if len(readings) or outcome.entry.now is not None else None
            self._since_snapshot += len(readings) + len(outcome.entry.forecasts) + 1
            snapshot = self._engine.dump if self._since_snapshot >= SNAPSHOT_ROWS else None
            blocks = self._encode([*outcome.points, Points.of_readings(ahead)])
            self._commit(Commit(blocks, entry, snapshot=snapshot, held=held), messages)
            if snapshot is not None:
                self._since_snapshot = 0
        return outcome

    def _closing_time(self, engine: Engine, readings: Readings) -> int | None:
        """The clock, where it may close intervals: live, connected, and nothing waiting in the broker."""
        if len(readings) and (fault := self._trust.fault(engine.state.reached)) is not None:
            self._log(fault)
            engine.restart()
            self._primer.forget()
            self._prime(engine, self._trust.latest)
        if self._config.agent.clock == "event" or self._trust.seen is None:
            return None
        interval, session = engine.forecaster.contract.interval, self._subscriber.session
        may = self._closing.may_close(readings, session, interval, connected=self._subscriber.problem is None)
        return self._trust.seen[0] if may and not self._subscriber.waiting else None

    def _encode(self, points: list[Points]) -> list[bytes]:
        return encode_blocks(self._store, points, self._series)

    def _commit(self, commit: Commit, messages: Sequence[Message] = ()) -> None:
        arrivals = self._intake.arrivals.values() if messages else ()
        commit = replace(commit, now=self._clocks.now())
        dump = self._engine.dump if self._engine else None
        self._committer.commit(commit, messages, arrivals, dump, self._held.waiting)

    def _shortage(self, bundle: Bundle) -> str | None:
        """What this device lacks for a bundle."""
        manifest = bundle.manifest
        lateness = parse_duration(self._config.agent.lateness, shortest=0)
        return shortage(manifest.contract, max(len(self._series), len(manifest.series)), lateness, memory())

    def _hold(self) -> bool:
        """The disk takes nothing; returns whether to give up."""
        self._heart.beat()
        self._closing.stall()
        return self._stop.wait(self._waits.disk)

    def _report(self) -> None:
        """Write the agent's own numbers to the store every now and then, and say at once how it stands with the broker."""
        if self._subscriber.problem != self._broker_problem:
            self._broker_problem = self._subscriber.problem
            if self._broker_problem is None:
                self._grumbler.say("connected", "messages come in")
            else:
                self._grumbler.say("broker", f"{self._broker_problem}; trying again")
        now = time.monotonic()
        since, before = self._reported
        if now - since < parse_duration(self._config.agent.report) / 1e9:
            return
        readings = self.counters.total(Counter.READINGS)
        self._reported = (now, readings)
        self.counters.set(Gauge.READINGS_PER_SECOND, (readings - before) / (now - since))
        model = self._engine.forecaster.name if self._engine else "none"
        self._commit(Commit([self._store.encode([row(self.counters, model, self._clocks.now())], self._names)]))

    def _shortfall(self) -> str | None:
        """What part of the data is missing while the rest flows."""
        broken = None if self._engine is None else self._engine.problem
        reasons = (self._intake.problem, self._releases.problem, broken, self._sender.degraded)
        return "; ".join(reason for reason in reasons if reason is not None) or None

    def _problem(self) -> str | None:
        """Why data does not flow where it should."""
        return self._heart.problem or self._subscriber.problem or self._committer.problem or self._sender.problem

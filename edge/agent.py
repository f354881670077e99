"""The loop on the device; the only file that knows all the others.

One batch: take messages, turn them into readings, close intervals, forecast, score, commit, acknowledge. Sending to the
store and looking for new bundles go on beside it.
"""

import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from edge.config import Config
from edge.contract import Points, Readings, SeriesTable, parse_duration
from edge.engine import Engine, Outcome
from edge.errors import StoreError
from edge.health import Health
from edge.intake import Grumbler, Intake
from edge.mqtt import Message, Subscriber
from edge.release import Candidate, Releases
from edge.sender import Sender
from edge.spool import Commit, Spool
from edge.state import REMEMBERED
from edge.store import Store

SETTLED = 2.0  # seconds after connecting before the clock may close intervals: queued messages come first
SNAPSHOT_READINGS = REMEMBERED // 2


class Agent:
    """The agent of one fleet.

    Args:
        config: of the device.
        store: what it writes to.
        subscriber: where messages come from; not started yet.
        log: called with one line per event.
        clock: ns UTC.
    """

    def __init__(
        self,
        config: Config,
        store: Store,
        subscriber: Subscriber,
        *,
        log: Callable[[str], None],
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self._config, self._store, self._subscriber, self._log, self._clock = config, store, subscriber, log, clock
        folder = Path(config.agent.state)
        self.health = Health(self._problem)
        self._spool = Spool(
            folder / "spool.db",
            store.kind,
            limit=config.agent.spool_limit << 20,
            survive_power_loss=config.agent.survive_power_loss,
        )
        self._series = SeriesTable()
        for name, tags in self._spool.series():
            self._series.add(name, tags)
        self._saved_series = len(self._series)
        self._names = SeriesTable([config.mqtt.client_id])
        self._grumbler = Grumbler(log)
        self._intake = Intake(
            [rule.build() for rule in config.ingest],
            self._series,
            most=config.agent.max_series,
            count=lambda kind, number: self.health.count(f"skipped_{kind}", number),
            grumbler=self._grumbler,
            clock=clock,
        )
        self._sender = Sender(self._spool, store, log)
        self._releases = Releases(folder / "bundles", config.release.channel or None, log)
        self._candidate: Candidate | None = None
        self._live: Candidate | None = None
        self._engine: Engine | None = None
        self._stopping = threading.Event()
        self._since_snapshot = 0
        self._reported = (time.monotonic(), 0.0)
        self._connected_at: float | None = None

    def run(self) -> None:
        """Work until `stop` is called.

        Raises:
            ConfigurationError: the health port is taken.
        """
        if self._config.agent.health != "off":
            port = self.health.serve(self._config.agent.health)
            self._log(f"health page on port {port}")
        self._start_up()
        self._sender.start()
        watcher = threading.Thread(target=self._watch, name="releases", daemon=True)
        watcher.start()
        self._subscriber.start()
        linger = parse_duration(self._config.agent.linger) / 1e9
        try:
            while not self._stopping.is_set():
                messages = self._subscriber.take(self._config.agent.batch, 0.2, linger)
                self._swap()
                self._batch(messages)
                self._report()
        finally:
            self._subscriber.stop()
            self._sender.stop()
            self._commit(Commit(), ())
            self._spool.close()
            self._store.close()
            self.health.stop()

    def stop(self) -> None:
        """Finish the batch under way, then end."""
        self._stopping.set()

    def _start_up(self) -> None:
        """Bring back the bundle and the series state of the last run; look for a release before the first message."""
        candidate = self._releases.current()
        if candidate is not None:
            engine = self._make_engine(candidate)
            snapshot = self._spool.snapshot()
            if snapshot is not None:
                engine.load(snapshot)
            batches = 0
            for entry in self._spool.journal():
                engine.replay(entry)
                batches += 1
            engine.settle()
            if snapshot is None and not batches:
                self._prime(engine)
            self._engine, self._live = engine, candidate
            self._log(f"bundle {candidate.bundle.manifest.version} is live; {len(engine.state)} series known")
        self._candidate = self._releases.poll()
        self._swap()
        if self._engine is None:
            self._log("no bundle yet: readings are stored, nothing is forecast; release one with gatecast retrain")

    def _make_engine(self, candidate: Candidate) -> Engine:
        return Engine(
            candidate.forecaster,
            candidate.bundle.manifest.series,
            self._series,
            leads=self._config.agent.leads,
            lateness=parse_duration(self._config.agent.lateness, shortest=0),
        )

    def _watch(self) -> None:
        pause = parse_duration(self._config.release.poll) / 1e9
        while not self._stopping.wait(pause):
            if self._candidate is None:
                self._candidate = self._releases.poll()

    def _swap(self) -> None:
        """Let a new bundle go live, between two batches."""
        candidate, self._candidate = self._candidate, None
        if candidate is None or (self._live and candidate.bundle.manifest.version == self._live.bundle.manifest.version):
            return
        self._go_live(candidate)
        self._releases.accept(candidate)
        self.health.count("swaps")

    def _go_live(self, candidate: Candidate) -> None:
        if self._engine is None:
            self._engine = self._make_engine(candidate)
            self._prime(self._engine)
        elif not self._engine.swap(candidate.forecaster, candidate.bundle.manifest.series):
            self._prime(self._engine)
        self._live = candidate
        # The journal from here on belongs to this bundle's grid.
        self._commit(Commit(snapshot=self._engine.dump(), series=self._new_series()), ())
        self._since_snapshot = 0

    def _prime(self, engine: Engine) -> None:
        """Fill the windows from the store's newest readings."""
        contract = engine.forecaster.contract
        try:
            span = self._store.span()
            if span is None:
                return
            stop = span[1] + 1
            found = 0
            for page in self._store.read("reading", ["value"], stop - contract.window * contract.interval, stop, self._series):
                value = page.fields["value"]
                if isinstance(value, str):
                    continue
                column = np.asarray(value, np.float64)
                finite = np.isfinite(column)
                engine.prime(Readings(page.series, page.time, column).take(finite))
                found += int(finite.sum())
        except StoreError as error:
            self._log(f"windows start empty, because the store gives no history: {error}")
            return
        self._log(f"windows filled with {found} readings of {len(engine.state)} series from the store")

    def _fail(self, reason: str) -> None:
        """The live bundle failed while forecasting: go back to the one before."""
        if self._live is None or self._engine is None:
            return
        previous = self._releases.fall_back(self._live.bundle, reason)
        if previous is not None:
            self._go_live(previous)

    def _batch(self, messages: list[Message]) -> None:
        readings = self._intake.take(messages)
        outcome = self._process(readings, messages)
        self.health.count("messages", len(messages))
        self.health.count("readings", len(readings))
        if outcome is not None:
            self._tally(outcome)
            if outcome.failure is not None:
                self._fail(outcome.failure)

    def _process(self, readings: Readings, messages: list[Message]) -> Outcome | None:
        """Commit what the readings lead to; without a bundle they are only stored."""
        if self._engine is None:
            points = [Points("reading", readings.series, readings.time, {"value": readings.value})] if len(readings) else []
            if messages or self._sender.has_news:
                self._commit(Commit(self._encode(points), series=self._new_series()), messages)
            return None
        outcome = self._engine.step(readings, self._closing_time())
        if messages or outcome.points or self._sender.has_news:
            self._since_snapshot += len(readings)
            snapshot = self._engine.dump() if self._since_snapshot >= SNAPSHOT_READINGS else None
            entry = outcome.entry if len(readings) or outcome.entry.now is not None else None
            commit = Commit(self._encode(outcome.points), entry, self._new_series(), snapshot=snapshot)
            self._commit(commit, messages)
            if snapshot is not None:
                self._since_snapshot = 0
        return outcome

    def _closing_time(self) -> int | None:
        """The clock, where it may close intervals: live, connected, and nothing waiting in the broker."""
        if self._config.agent.clock == "event" or not self._subscriber.connected or self._subscriber.waiting:
            self._connected_at = None if not self._subscriber.connected else self._connected_at
            return None
        if self._connected_at is None:
            self._connected_at = time.monotonic()
        return self._clock() if time.monotonic() - self._connected_at > SETTLED else None

    def _encode(self, points: list[Points]) -> list[bytes]:
        return [self._store.encode(points, self._series)] if points else []

    def _new_series(self) -> list[tuple[int, str, dict[str, str]]]:
        fresh = range(self._saved_series, len(self._series))
        return [(index, self._series.names[index], self._series.tags[index]) for index in fresh]

    def _commit(self, commit: Commit, messages: list[Message] | tuple[()]) -> None:
        """Commit, and only then acknowledge; a full disk holds everything up until there is room."""
        sent, refused = self._sender.taken()
        commit = Commit(commit.blocks, commit.entry, commit.series, sent, refused, commit.snapshot)
        while True:
            try:
                dropped = self._spool.commit(commit)
                break
            except sqlite3.OperationalError as error:
                self._grumbler.say("disk", f"cannot commit ({error}); nothing is acknowledged until there is room")
                if self._stopping.wait(1.0):
                    return
        self._saved_series += len(commit.series)
        if dropped:
            self.health.count("dropped_blocks", dropped)
            self._grumbler.say("spool", f"full at {self._config.agent.spool_limit} MB: the {dropped} oldest blocks are dropped")
        self.health.count("refused_points", len(refused))
        self._subscriber.acknowledge(messages)
        if messages:
            self.health.set("lag_seconds", (time.time_ns() - messages[0].arrival) / 1e9)
        self.health.set("backlog_bytes", self._spool.backlog)
        if commit.blocks:
            self._sender.wake()

    def _tally(self, outcome: Outcome) -> None:
        count = self.health.count
        count("duplicates", outcome.duplicates)
        count("late", outcome.late)
        count("too_late", outcome.too_late)
        for forecasts in outcome.forecasts:
            live = self._engine is not None and forecasts.model == self._engine.forecaster.name
            count("forecasts" if live else "fallback_forecasts", len(forecasts))
        count("forecast_seconds", outcome.seconds)
        count("scores", len(outcome.scores))
        if len(outcome.scores):
            count("absolute_error", float(np.nansum(outcome.scores.absolute_error)))
            count("baseline_absolute_error", float(np.nansum(outcome.scores.baseline_absolute_error)))

    def _report(self) -> None:
        """Write the agent's own numbers to the store, every now and then."""
        now = time.monotonic()
        since, before = self._reported
        if now - since < parse_duration(self._config.agent.report) / 1e9:
            return
        totals = self.health.totals()
        readings = totals.get("readings", 0.0)
        made = totals.get("forecasts", 0.0)
        self._reported = (now, readings)
        rate = (readings - before) / (now - since)
        skipped = sum(value for name, value in totals.items() if name.startswith("skipped_"))
        self.health.set("readings_per_second", rate)
        version = self._live.bundle.manifest.version if self._live else "none"
        self.health.labels = {"model": version}
        numbers = {
            "readings_per_second": rate,
            "readings": readings,
            "forecasts": made + totals.get("fallback_forecasts", 0.0),
            "backlog": float(self._spool.backlog),
            "dropped": totals.get("dropped_blocks", 0.0) + totals.get("refused_points", 0.0),
            "skipped": skipped,
            "late": totals.get("late", 0.0) + totals.get("too_late", 0.0),
            "duplicates": totals.get("duplicates", 0.0),
            "lag_seconds": self.health.gauge("lag_seconds"),
            "microseconds_per_forecast": totals.get("forecast_seconds", 0.0) / made * 1e6 if made else float("nan"),
        }
        fields = {name: np.asarray([value]) for name, value in numbers.items()}
        row = Points("agent", np.zeros(1, np.int32), np.asarray([self._clock()]), {**fields, "model": version})
        self._commit(Commit([self._store.encode([row], self._names)]), ())

    def _problem(self) -> str | None:
        """What `/healthz` complains about."""
        if not self._subscriber.connected:
            return self._subscriber.refusal or "not connected to the broker"
        return self._sender.problem

"""The loop on the device. It receives all its parts (`edge/agent/build.py` makes them) and opens nothing itself.

One batch: take messages, turn them into readings, close intervals, forecast, score, commit, acknowledge. Sending to the
store and looking for new bundles go on in threads beside it.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from edge.agent.committing import Batch, Committer
from edge.agent.counters import Counter, Counters, Gauge, tally
from edge.agent.health import Health
from edge.agent.heartbeat import Heartbeat
from edge.agent.journal import Journal
from edge.agent.live import Live
from edge.agent.priming import Primer
from edge.agent.reporting import BrokerWatch, Reporter, say_alerts, say_anomalies, say_faults, say_held, tally_batch
from edge.agent.stopping import Stop
from edge.agent.watching import Watcher
from edge.alerts.alerts import Alerts
from edge.broker.sharing import Sharing
from edge.broker.subscriber import Subscriber
from edge.clock.clocks import Clocks
from edge.clock.closing import ClosingClock
from edge.clock.holding import Hold
from edge.clock.trust import Trust
from edge.config.sections import Agent as Settings
from edge.contract.columns import Points, Readings, SeriesTable
from edge.contract.times import LATEST, parse_duration
from edge.log import Grumbler
from edge.messages.formats.memory import FormatMemory
from edge.messages.intake import Intake
from edge.messages.message import Message
from edge.publish.publisher import Publisher
from edge.release.capacity import FORECAST_ROWS, at_once, give_back_memory, steady_memory
from edge.release.releases import Releases
from edge.series.description import Descriptions
from edge.series.engine import Engine
from edge.series.entry import Entry
from edge.series.silence import Silence
from edge.slots.returning import Beginning
from edge.spool.sender import Sender
from edge.spool.spool import Commit, Spool
from edge.stores.store import Store, encode_blocks
from edge.threads import Died

PAGES_WAIT = 0.02  # seconds to wait for messages while pages of history wait for the loop


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything the loop works with.

    Args:
        subscriber: source of messages; not started yet.
        intake: intake that turns messages into readings.
        memory: the payload formats that remember earlier messages and ask for others.
        series: the table of all series.
        descriptions: rows that say what the series are.
        alerts: rules that are read from forecasts, and what stands of them.
        hold: readings that wait for a clock that has proved itself.
        clocks: the clocks of this machine.
        trust: trust in our clock.
        closing: object that says when the clock may close intervals.
        live: the live bundle and its engine.
        journal: the series state on disk.
        releases: the bundles on this device.
        primer: primer that fills empty windows.
        watcher: the thread that looks at the channel.
        spool: blocks that must still reach the store.
        committer: the one way into the spool.
        sender: the thread that writes to the store.
        store: store that encodes rows here; the sender writes them.
        counters: the numbers.
        health: the page.
        reporter: reporter that writes the numbers to the store.
        silence: object that finds the series whose readings have stopped.
        publisher: the thread that publishes forecasts.
        sharing: the thread that looks for other agents that get readings of our series; None outside of a group.
        broker: function that says how it stands with the broker.
        heart: signs of life.
        beginning: object that says when to begin again, so that slots of silent series come back.
        stop: whether to end.
        died: function called with one line where a thread dies.
        log: function called with one line per event.
        grumbler: the same for trouble that repeats.
    """

    subscriber: Subscriber
    intake: Intake
    memory: FormatMemory
    series: SeriesTable
    descriptions: Descriptions
    alerts: Alerts
    hold: Hold
    clocks: Clocks
    trust: Trust
    closing: ClosingClock
    live: Live
    journal: Journal
    releases: Releases
    primer: Primer
    watcher: Watcher
    spool: Spool
    committer: Committer
    sender: Sender
    store: Store
    counters: Counters
    health: Health
    reporter: Reporter
    silence: Silence
    publisher: Publisher
    sharing: Sharing | None
    broker: BrokerWatch
    heart: Heartbeat
    beginning: Beginning
    stop: Stop
    died: Died
    log: Callable[[str], None]
    grumbler: Grumbler


class Agent:
    """The agent of one fleet.

    Args:
        settings: `[agent]` of the configuration.
        parts: everything the loop works with.
        start_wait: seconds to wait before anybody is asked.
        patience: longest wait for the first look at the channel, seconds.
        forecast_rows: forecast moments that are made and committed together.
    """

    def __init__(
        self,
        settings: Settings,
        parts: Parts,
        *,
        start_wait: float = 0.0,
        patience: float = 5.0,
        forecast_rows: int = FORECAST_ROWS,
    ) -> None:
        self._settings, self._start_wait, self._patience, self._forecast_rows = settings, start_wait, patience, forecast_rows
        self.parts = parts

    def run(self) -> bool:
        """Work until `stop` is called, or until it is time to begin again.

        Returns:
            Whether to make a new agent in the place of this one.

        Raises:
            ConfigurationError: the health port is taken.
        """
        parts = self.parts
        steady_memory()
        if self._settings.health != "off":
            port = parts.health.serve(self._settings.health, parts.died)
            parts.log(f"health page on port {port}")
        linger = parse_duration(self._settings.linger) / 1e9
        parts.heart.begin()
        begins_again = False
        try:
            self._start_up()
            if parts.sharing is not None:
                parts.sharing.start(parts.died)
            parts.publisher.start(parts.died)
            parts.subscriber.start(parts.died)
            while not (parts.stop.asked or parts.beginning.is_due):
                parts.heart.beat()
                messages = parts.subscriber.take(self._settings.batch, PAGES_WAIT if parts.primer.fills else 0.2, linger)
                self._swap()
                parts.live.go_on()
                self._batch(messages)
                parts.committer.commit_if_due()
                parts.broker.look()
                parts.reporter.report_if_due(parts.live.name)
            begins_again = not parts.stop.asked
        finally:
            self._end(begins_again=begins_again)
        return begins_again and not parts.stop.asked

    def stop(self) -> None:
        """Finish the batch under way, then end; may be called by a signal handler."""
        self.parts.stop.ask()
        self.parts.subscriber.wake()

    def _end(self, *, begins_again: bool) -> None:
        """End every thread, keep what the sender has learnt, and free slots for the agent that follows in this process."""
        parts = self.parts
        parts.committer.commit(Commit())  # before: what waited can be acknowledged
        parts.publisher.stop()
        parts.subscriber.stop()
        parts.watcher.stop()
        if parts.sharing is not None:
            parts.sharing.stop()
        parts.primer.stop()
        ended = parts.sender.stop()
        while begins_again and not (ended or parts.stop.asked):  # beside the next sender this write would replace newer rows
            parts.heart.beat()
            ended = parts.sender.stop()
        parts.committer.commit(Commit())
        if begins_again:
            parts.live.take_slots_back()
        parts.spool.close()
        if ended:  # a write that goes on holds the store: to close it would mean to wait for that write
            parts.store.close()
        parts.health.stop()
        parts.heart.end()

    def _start_up(self) -> None:
        """Bring back the bundle and the series state of the last run; look for a release before the first message."""
        parts = self.parts
        self._look()
        has_windows = parts.live.restore()
        if parts.live.engine is not None and parts.live.current is not None:
            parts.log(f"{parts.live.current.words}; {len(parts.live.engine.state)} series known")
        parts.stop.wait(self._start_wait)
        parts.sender.start()
        if not has_windows:
            parts.live.prime()
        parts.watcher.start()
        end = time.monotonic() + self._patience
        self._wait_for(parts.watcher.looked.is_set, end)
        self._swap()
        # What the broker has kept finds the windows filled, if the store is quick.
        self._wait_for(lambda: not parts.primer.busy, end)
        if parts.live.engine is None:
            advice = parts.releases.problem or "release one with gatecast retrain"
            parts.log(f"no bundle is live: readings are stored, nothing is forecast; {advice}")

    def _wait_for(self, is_so: Callable[[], bool], end: float) -> None:
        """Let history go into the windows until something is so, or a moment has come, or the agent is to stop."""
        while not is_so() and time.monotonic() < end:
            self.parts.live.go_on()
            if self.parts.stop.wait(0.01):
                return

    def _swap(self) -> None:
        """Let a new bundle go live, between two batches."""
        parts = self.parts
        ready = parts.watcher.ready()
        if (age := parts.releases.age) is not None:
            parts.counters.set(Gauge.RELEASE_AGE_SECONDS, age)
        if ready is None:
            return
        parts.live.go_live(ready)
        parts.releases.accept(ready)
        parts.counters.count(Counter.SWAPS)
        parts.reporter.released(ready.forecaster.name)

    def _look(self) -> None:
        clocks = self.parts.clocks
        self.parts.trust.look(clocks.now(), clocks.moment(), synchronised=clocks.synchronised())

    def _batch(self, messages: list[Message]) -> None:
        parts, intake = self.parts, self.parts.intake
        is_silent = not messages and not parts.committer.holds_messages  # before this turn commits: the broker may wait for us
        self._look()
        readings = intake.take(messages)
        if parts.sharing is not None:
            parts.sharing.note(Readings.concatenate([readings, intake.held]))
        parts.live.follow()
        failure = self._process(readings, messages)
        for request in parts.memory.requests(parts.clocks.now()):
            parts.subscriber.publish(request.topic, request.payload)
            parts.grumbler.say("request", request.text)
        tally_batch(parts.counters, intake, len(messages), len(readings), len(parts.hold) + len(parts.primer.waiting))
        if failure is not None:
            parts.live.give_way(failure)
        if is_silent:
            parts.closing.silence()

    def _process(self, readings: Readings, messages: list[Message]) -> str | None:
        """Commit what the readings lead to; without a bundle they are only stored.

        Returns:
            Why the live forecaster must not stay, or None.
        """
        parts = self.parts
        ahead, held_before = parts.intake.held, parts.hold.waiting
        if len(ahead):
            say_held(ahead, parts.clocks.now(), parts.series, parts.grumbler)
        latest, most = parts.trust.latest, parts.trust.latest if parts.trust.proved else LATEST
        if (beyond := parts.live.first_beyond) is not None and beyond <= latest:
            latest, early = beyond - 1, readings.time >= beyond
            readings, ahead = readings.take(~early), Readings.concatenate([ahead, readings.take(early)])
        ready = parts.hold.exchange(ahead, latest, most=most)
        held = None if parts.hold.waiting is held_before else parts.hold.waiting
        due = Readings.concatenate([ready, readings])
        counting = self._counting(due)
        if counting is None or parts.live.engine is None:
            if messages or held is not None:
                taken = Readings.concatenate([readings, ahead])
                points = [Points.of_readings(taken), *parts.descriptions.rows(taken)]
                entries = [Entry.waiting(due)] if parts.live.engine is not None and len(due) else []
                parts.committer.commit(Commit(self._encode(points), entries, held=held), messages, may_wait=held is None)
            elif parts.committer.has_news:
                parts.committer.commit(Commit(), may_wait=True)
            return None
        waiting = Readings.empty()
        if parts.primer.waits:  # they are behind those that waited, if there are any, and may count later than these
            ahead, waiting = Readings.concatenate([ahead, readings]), due
        return self._steps(parts.live.engine, counting, Batch(messages, [Points.of_readings(ahead)], held, waiting))

    def _counting(self, readings: Readings) -> Readings | None:
        """The readings that count now; None where nothing counts: there is no bundle, or windows are being filled."""
        parts, engine = self.parts, self.parts.live.engine
        if engine is None:
            return None
        if len(readings) and not parts.primer.fills and (fault := parts.trust.fault(engine.state.reached)) is not None:
            parts.log(fault)
            parts.live.restart()
        counting = parts.primer.pass_on(readings, self._settings.batch)
        return None if parts.primer.holds else counting

    def _steps(self, engine: Engine, readings: Readings, batch: Batch) -> str | None:
        """Forecast and commit in steps, so that only the forecasts of one step are in memory, however much closes.

        The messages are acknowledged after the last of their readings is committed. After a crash in between they come again,
        and the clock closes what is left.

        Args:
            engine: the live engine.
            readings: readings that count now.
            batch: additions to the commit of the last of them.

        Returns:
            Why the forecaster must not stay live, or None.
        """
        parts, most = self.parts, at_once(engine.forecaster.contract, self._forecast_rows)
        now, failures = self._closing_time(engine, readings), set[str | None]()
        *early, last = engine.pieces(readings, most)
        for piece in early:
            failures.add(self._step(engine, (piece, None, most), Batch(batch.messages, waiting=batch.waiting, is_whole=False)))
            batch = replace(batch, waiting=Readings.empty())  # the journal has them: they come before what counts of them
            parts.heart.beat()
        failures.add(self._step(engine, (last, now, most), batch))
        many = len(early) > 0 or (now is not None and engine.state.due(now) > 0)
        while now is not None and engine.state.due(now) and failures == {None} and not parts.stop.asked:
            parts.heart.beat()
            failures.add(self._step(engine, (Readings.empty(), now, most), Batch()))
        if many:
            give_back_memory()
        if now is not None and parts.silence.is_due():
            parts.silence.look(engine.state, now)
            parts.counters.set(Gauge.SILENT_SERIES, parts.silence.count)
        return next(filter(None, failures), None)

    def _step(self, engine: Engine, taken: tuple[Readings, int | None, int], batch: Batch) -> str | None:
        """Take one step; the result is that of `_steps`.

        Args:
            engine: the live engine.
            taken: arguments of `Engine.step`.
            batch: additions to its commit.
        """
        parts, readings = self.parts, taken[0]
        effect = engine.step(*taken)
        parts.primer.counted(len(readings))
        changes = parts.alerts.look(effect.forecasts, engine.forecaster.contract)
        # Also a closing that gave no rows belongs into the journal.
        if batch.messages or batch.held is not None or len(readings) or len(effect.entry.forecasts) or changes:
            entries = [Entry.waiting(batch.waiting)] if len(batch.waiting) else []
            entries += [effect.entry] if len(readings) or effect.entry.now is not None else []
            full = parts.journal.is_full_after(effect, len(readings), whole=batch.is_whole and not parts.primer.waits)
            snapshot = partial(parts.journal.dump, engine) if full else None
            blocks = self._encode([*effect.points, *batch.points, *parts.alerts.rows(), *parts.descriptions.rows(readings)])
            commit = Commit(blocks, entries, snapshot=snapshot, held=batch.held)
            may_wait = snapshot is None and batch.held is None and not len(effect.entry.forecasts) and not changes
            parts.committer.commit(commit, batch.messages, may_wait=may_wait, whole=batch.is_whole)
        elif parts.committer.has_news:
            parts.committer.commit(Commit(), may_wait=True)
        tally(parts.counters, effect, parts.live.name)
        parts.intake.hear_late(readings, effect.fresh, effect.too_late)
        say_faults(effect, parts.series, parts.grumbler)
        say_anomalies(effect, parts.series, parts.counters, parts.grumbler)
        say_alerts(changes, parts.alerts, parts.counters, parts.grumbler)
        parts.publisher.offer_anomalies(engine.anomalies, effect.anomalies)
        parts.publisher.offer(effect.forecasts, engine.forecaster.contract, changes)
        return effect.failure

    def _closing_time(self, engine: Engine, readings: Readings) -> int | None:
        """The clock, where it may close intervals: live, connected, and nothing waiting in the broker or for history."""
        parts = self.parts
        if self._settings.clock == "event" or parts.trust.seen is None or parts.primer.waits:
            return None
        interval, session = engine.forecaster.contract.interval, parts.subscriber.session
        may = parts.closing.may_close(readings, session, interval, connected=parts.subscriber.problem is None)
        return parts.trust.seen[0] if may and not parts.subscriber.waiting else None

    def _encode(self, points: list[Points]) -> list[bytes]:
        return encode_blocks(self.parts.store, points, self.parts.series)

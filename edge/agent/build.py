"""The composition root: the one place that knows how the parts of the agent are made and who is handed to whom."""

import random
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from edge.agent.committing import Committer, Surroundings
from edge.agent.counters import Counter, Counters, skipped
from edge.agent.health import Health, Reason, Reasons
from edge.agent.heartbeat import Heartbeat
from edge.agent.journal import Journal, Limits, Room, Waits
from edge.agent.live import Live
from edge.agent.loop import Agent, Parts
from edge.agent.priming import Around, Primer
from edge.agent.reporting import BrokerWatch, Reporter
from edge.agent.stopping import Stop
from edge.agent.watching import Watcher
from edge.alerts.alerts import Alerts
from edge.anomalies.watch import Watch
from edge.backoff import Backoff, start_wait
from edge.broker.address import Address
from edge.broker.filters import FilterRecord
from edge.broker.sharing import Sharing
from edge.broker.subscriber import Subscriber
from edge.clock.clocks import CLOCKS, Clocks
from edge.clock.closing import ClosingClock
from edge.clock.holding import Hold
from edge.clock.trust import Trust
from edge.config.sections import SPOOL_FILE, Config
from edge.contract.columns import SeriesTable
from edge.contract.times import parse_duration
from edge.damage import no_state
from edge.errors import ConfigurationError
from edge.forecaster.bundle import Bundle
from edge.forecaster.forecaster import Forecaster
from edge.forecaster.learned import Learned
from edge.inputs.kept import Inputs
from edge.log import Grumbler
from edge.messages.ingest import Ingest
from edge.messages.intake import Intake
from edge.messages.message import Arrival
from edge.messages.names import least_filters
from edge.messages.reading import Naming, meaning_of
from edge.priming.history import Rules
from edge.priming.reader import Origins
from edge.publish.making import births, make_publisher, will_of
from edge.publish.publisher import Told
from edge.publish.topics import Plan
from edge.release.capacity import Asked, Fleet, expected_series, memory, shortage
from edge.release.meanings import disagreement
from edge.release.pace import too_slow
from edge.release.ready import ReadyBundle, open_bundle
from edge.release.refusals import LONGEST_PAUSE
from edge.release.releases import Releases, ThisDevice
from edge.series.description import Descriptions
from edge.series.engine import Engine
from edge.series.outlook import Leads
from edge.series.silence import Silence
from edge.slots.beyond import Beyond
from edge.slots.returning import Beginning
from edge.sources.source import Source, open_source
from edge.spool.sender import Pace, Sender
from edge.spool.spool import Spool
from edge.stores.retention import Retention
from edge.stores.store import Store, encode_blocks
from edge.threads import Died, raise_again


@dataclass(frozen=True, slots=True)
class Outside:
    """What the agent meets outside of itself.

    Args:
        store: store that the agent writes to.
        history: function that opens a connection of its own to the same store, to read from.
        subscriber: source of messages; not started yet.
        log: function called with one line per event.
        clocks: the clocks of this machine.
        notify: function that sends a line to the supervisor, as sd_notify(3).
        end_within: function that ends the process after so many seconds, unless it is called again; 0: it does not.
        died: function called with one line where a thread dies.
        random: function that gives a number in 0…1, for waits that keep a fleet out of step.
        open_spool: function that opens the spool; arguments as of `Spool`.
        open_bundle: function that opens a bundle and tries it on this device.
        make_intake: function that makes the intake; arguments as of `Intake`.
        make_engine: function that makes the first engine; arguments as of `Engine`.
        sources: functions that open a source each of further history.
        warnings: lines about the configuration that the agent says at its start and `/healthz` repeats.
    """

    store: Store
    history: Callable[[], Store]
    subscriber: Subscriber
    log: Callable[[str], None]
    clocks: Clocks = CLOCKS
    notify: Callable[[str], None] = lambda _: None
    end_within: Callable[[float], None] = lambda _: None
    died: Died = raise_again
    random: Callable[[], float] = random.random
    open_spool: Callable[..., Spool] = Spool
    open_bundle: Callable[[Bundle], Forecaster] = open_bundle
    make_intake: Callable[..., Intake] = Intake
    make_engine: Callable[..., Engine] = Engine
    sources: Sequence[Callable[[], Source]] = ()
    warnings: Sequence[str] = ()


def outside_of(
    config: Config, log: Callable[[str], None], died: Died, notify: Callable[[str], None] = lambda _: None
) -> Outside:
    """The broker and the store that a configuration names.

    Args:
        config: configuration of the device.
        log: function called with one line per event.
        died: function called with one line where a thread dies.
        notify: function that sends a line to the supervisor.
    """
    mqtt, ingests = config.mqtt, config.ingests()
    plan = Plan.of(config.publish, mqtt.client_id)
    heard = [*Inputs(config.input).filters, *births(plan, mqtt.share)]
    filters = least_filters([*(ingest.filter for ingest in ingests), *heard])
    largest = max(ingest.largest for ingest in ingests)
    address = Address.parse(mqtt.url)
    subscription = mqtt.subscription(filters, largest, will_of(plan))
    record = FilterRecord(Path(config.agent.state, "subscribed.json"), f"{mqtt.client_id}@{address.host}:{address.port}")
    subscriber = Subscriber(address, subscription, password=mqtt.password(), record=record)
    sources = [partial(open_source, settings, ingests) for settings in config.history]
    return Outside(
        config.store.open(),
        config.store.open,
        subscriber,
        log,
        notify=notify,
        died=died,
        sources=sources,
        warnings=config.in_the_open(),
    )


def build(config: Config, outside: Outside, waits: Waits = Waits(), limits: Limits = Limits()) -> Agent:
    """Make an agent that is ready to run.

    Args:
        config: configuration of the device.
        outside: broker, store, clocks and whatever else is not the agent.
        waits: times that the agent waits for others.
        limits: largest amounts that the agent holds at once.

    Raises:
        ConfigurationError: the state folder cannot be used, or the channel is no path or URL.
        DiskFull: there is no room in the state folder.
    """
    return Agent(
        config.agent,
        make_parts(config, outside, waits, limits),
        start_wait=start_wait(outside.clocks.moment(), Backoff(waits.phase, waits.phase, outside.random)),
        patience=waits.patience,
        forecast_rows=limits.forecast_rows,
    )


def make_parts(config: Config, outside: Outside, waits: Waits, limits: Limits) -> Parts:
    """Make everything the loop works with; arguments and errors as of `build`."""
    log, clocks, store = outside.log, outside.clocks, outside.store
    grumbler, stop = Grumbler(log), Stop()
    heart = Heartbeat(parse_duration(config.agent.stall) / 1e9, clocks.moment, outside.notify, outside.end_within)
    for warning in outside.warnings:
        log(warning)
    spool = _open_spool(config, outside)
    ingests = config.ingests()
    series = _known_series(spool, ingests)
    naming = Naming(series, ingests, config.agent.max_series, moment=clocks.moment)
    inputs = Inputs(config.input, [ingest.filter for ingest in ingests])
    naming.memory.keep("input", inputs)
    naming.memory.keep("alert", alerts := Alerts(config.alert, series, clocks.moment))
    inputs.say = grumbler.say
    lost = naming.memory.load(spool.formats())
    if lost is not None:
        log(lost)
    event = config.agent.clock == "event"
    trust = Trust(log, clocks.moment(), newest=spool.committed, steady=waits.steady, event=event)
    hold, closing = Hold(spool.held()), ClosingClock(trust, waits.settled)

    def wait_for_room() -> bool:
        heart.beat()
        closing.stall()
        return stop.wait(waits.disk)

    def arrival(mid: int) -> Arrival | None:
        return committer.arrival(mid)

    def needed() -> int:
        """Time before now that the windows of the live bundle need, ns."""
        engine = live.engine
        return 0 if engine is None else engine.lookback * engine.state.contract.interval

    retention = _retention(config.store.keep, outside, lambda: trust.common, needed)
    counters, silence, broker = Counters(), Silence(series, clocks.moment), BrokerWatch(outside.subscriber, grumbler)
    sharing = None if config.mqtt.share is None else Sharing(series, outside.history, clocks.now)
    # The page asks parts that are made below; nobody asks before the agent runs.
    reasons: Reasons = {
        Reason.STANDS_STILL: lambda: heart.problem,
        Reason.BROKER: lambda: outside.subscriber.problem,
        Reason.STATE_FOLDER: lambda: committer.problem,
        Reason.STORE: lambda: sender.problem,
        Reason.NO_MESSAGE: lambda: broker.silence,
        Reason.UNUSABLE_MESSAGES: lambda: intake.records.problem,
        Reason.TOO_LATE: lambda: intake.belated.problem,
        Reason.NO_SLOT: lambda: naming.problem,
        Reason.RELEASE: lambda: releases.problem,
        Reason.BROKEN_FORECASTS: lambda: live.problem,
        Reason.FILLING_WINDOWS: lambda: primer.problem,
        Reason.REFUSED_ROWS: lambda: sender.degraded,
        Reason.SPOOL_FILE: lambda: committer.degraded,
        Reason.SILENT_SERIES: lambda: silence.problem,
        Reason.INPUTS_MISSING: lambda: live.missing(inputs),
        Reason.INPUTS_UNUSUAL: lambda: live.unusual(inputs),
        Reason.ALERT_RULES: lambda: alerts.problem,
        Reason.SHARED_SERIES: lambda: None if sharing is None else sharing.problem,
        Reason.KEEP: lambda: None if retention is None else retention.problem,
    }
    health = Health(counters, reasons, lambda: intake.records.documents())  # noqa: PLW0108 - it is made below
    health.warnings = outside.warnings
    intake = outside.make_intake(
        naming,
        count=lambda fault, number: counters.count(skipped(fault), number),
        arrival=arrival,
        grumbler=grumbler,
        trust=trust,
    )
    intake.beside = inputs
    sender = Sender(spool, store, log, pace=_pace(outside.random, waits.write), died=outside.died)
    surroundings = Surroundings(
        series,
        lambda: intake.arrivals.values(),  # noqa: PLW0108 - each batch has arrivals of its own
        lambda: partial(journal.dump, live.engine) if live.engine is not None else None,
        lambda: hold.waiting,
        lambda whole: naming.memory.dump(whole=whole),
        partial(_beyond, naming.beyond, inputs, store, counters),
        clocks.now,
        clocks.moment,
        parse_duration(config.agent.commit, shortest=0) / 1e9,
        wait_for_room,
    )
    committer = Committer(spool, sender, outside.subscriber, surroundings, counters, grumbler)
    around = Around(committer.sent, hold.take, patience=waits.patience, died=outside.died)
    again = Backoff(waits.history, waits.history, outside.random)
    rules = Rules(config.ingests(), lambda name: series.get(name) is not None)  # rules of its own: a thread uses them
    primer = Primer(Origins(outside.history, outside.sources, rules), naming, grumbler, around, again)
    room = Room(config.agent.max_series, hold, primer, clocks.now, lambda: naming.beyond.latest)
    named = [*(ingest.filter for ingest in ingests), *inputs.filters]
    plan = Plan.of(config.publish, config.mqtt.client_id, config.alert, named, config.anomaly)
    told = Told(partial(counters.count, Counter.PUBLISHED), partial(counters.count, Counter.OVERTAKEN), grumbler.say)
    journal = Journal(spool, committer, log, heart.beat, room, limits.snapshot_rows)
    releases = _make_releases(config, outside, series)
    live = Live(partial(_make_engine, config, outside, series, inputs), releases, primer, journal, trust, health)
    return Parts(
        subscriber=outside.subscriber,
        intake=intake,
        memory=naming.memory,
        series=series,
        descriptions=Descriptions(series),
        alerts=alerts,
        hold=hold,
        clocks=clocks,
        trust=trust,
        closing=closing,
        live=live,
        journal=journal,
        releases=releases,
        primer=primer,
        watcher=_make_watcher(config, outside, releases, grumbler),
        spool=spool,
        committer=committer,
        sender=sender,
        store=store,
        counters=counters,
        health=health,
        reporter=Reporter(config.mqtt.client_id, parse_duration(config.agent.report) / 1e9, store, committer, counters, clocks),
        silence=silence,
        publisher=make_publisher(plan, outside.subscriber, alerts, series, Path(config.agent.state), told),
        sharing=sharing,
        broker=broker,
        heart=heart,
        beginning=Beginning(lambda: naming.problem is not None, lambda: live.frees_slots, log, clocks.moment),
        stop=stop,
        died=outside.died,
        log=log,
        grumbler=grumbler,
    )


def _open_spool(config: Config, outside: Outside) -> Spool:
    folder = Path(config.agent.state)
    try:
        spool = outside.open_spool(
            folder / SPOOL_FILE,
            outside.store.kind,
            limit=config.agent.spool_limit << 20,
            survive_power_loss=config.agent.survive_power_loss,
        )
    except ConfigurationError as error:
        if isinstance(error.__cause__, OSError | sqlite3.Error):
            raise no_state(folder, error.__cause__) from error
        raise
    if spool.loss is not None:
        outside.log(spool.loss)
    return spool


def _known_series(spool: Spool, ingests: Sequence[Ingest]) -> SeriesTable:
    series = SeriesTable(meaning=partial(meaning_of, ingests))
    for name, tags in spool.series():
        series.add(name, tags)
    return series


def _retention(
    keep: str | None, outside: Outside, now: Callable[[], int | None], needed: Callable[[], int]
) -> Retention | None:
    """What an SQLite store deletes, where the configuration names a time; the log says how large its file is."""
    if (size := outside.store.size()) is not None and size.total:
        outside.log(f"store: {size.words}")
    if keep is None:
        return None
    retention = Retention(parse_duration(keep), now, needed, outside.log, moment=outside.clocks.moment)
    outside.store.forget(retention)
    return retention


def _beyond(beyond: Beyond, inputs: Inputs, store: Store, counters: Counters) -> list[bytes]:
    """The blocks of inputs, and of the readings without a slot, that wait for a commit; the latter are counted."""
    points, table = beyond.take()
    if readings := sum(map(len, points)):
        counters.count_all({Counter.READINGS: readings, Counter.STORED_ONLY: readings})
    return [*encode_blocks(store, points, table), *encode_blocks(store, inputs.points(), inputs.table)]


def _pace(random: Callable[[], float], end: float) -> Pace:
    pace = Pace()
    return replace(pace, away=replace(pace.away, random=random), denied=replace(pace.denied, random=random), end=end)


def _make_releases(config: Config, outside: Outside, series: SeriesTable) -> Releases:
    lateness = parse_duration(config.agent.lateness, shortest=0)

    def lack(bundle: Bundle) -> str | None:
        """What this device lacks for a bundle."""
        manifest = bundle.manifest
        meanings = (*series.meanings, *manifest.meanings.values())
        counters = any(meaning is not None and meaning.kind == "counter" for meaning in meanings)
        count = expected_series(max(len(series), len(manifest.series)), config.agent.max_series)
        asked = Asked(config.alert, config.anomaly, config.publish, series.names or manifest.series)
        fleet = Fleet(count, lateness, config.agent.leads, counters, asked)
        return shortage(manifest.contract, fleet, memory())

    def slow(bundle: Bundle, forecaster: Forecaster) -> str | None:
        """Why the forecaster of a bundle does not keep up here."""
        if bundle.model is None:
            return None
        return too_slow(forecaster, len(series) or len(bundle.manifest.series) or 1)

    look = parse_duration(config.release.poll) / 1e9
    here = ThisDevice(
        again=Backoff(look, LONGEST_PAUSE * look, outside.random),
        clock=outside.clocks.now,
        moment=outside.clocks.moment,
        open_bundle=outside.open_bundle,
        too_slow=slow,
        shortage=lack,
        disagreement=lambda bundle: disagreement(bundle.manifest, series.meaning_of),
        overdue=LONGEST_PAUSE * look,
        tls=config.release.tls,
        password=config.release.password(),
    )
    return Releases(Path(config.agent.state, "bundles"), config.release.channel or None, outside.log, here)


def _make_watcher(config: Config, outside: Outside, releases: Releases, grumbler: Grumbler) -> Watcher:
    look = parse_duration(config.release.poll) / 1e9
    return Watcher(releases, look, grumbler, phase=Backoff(look, look, outside.random), died=outside.died)


def _make_engine(config: Config, outside: Outside, series: SeriesTable, inputs: Inputs, ready: ReadyBundle) -> Engine:
    engine = outside.make_engine(
        ready.forecaster,
        ready.bundle.manifest.series,
        series,
        leads=Leads(config.agent.leads, config.agent.refresh),
        lateness=parse_duration(config.agent.lateness, shortest=0),
        learned=Learned.of(ready.bundle.manifest),
    )
    engine.ahead = inputs.ahead
    engine.watch = Watch.of(config.anomaly, engine.forecaster.contract, engine.leads)
    return engine

"""What the agent says of itself: rows in the store, and a line when the broker comes or goes."""

from collections.abc import Sequence
from datetime import timedelta

import numpy as np

from edge.agent.committing import Committer
from edge.agent.counters import Counter, Counters, Gauge, row
from edge.alerts.alerts import Alerts
from edge.alerts.change import AlertChange
from edge.alerts.words import local
from edge.anomalies.words import words
from edge.broker.subscriber import Subscriber
from edge.clock.clocks import Clocks
from edge.clock.offsets import quarters_of, written
from edge.contract.columns import Points, Readings, SeriesTable
from edge.contract.schema import AGENT, RELEASED
from edge.contract.times import SECOND
from edge.log import Grumbler
from edge.messages.intake import Intake
from edge.quoting import counted, quoted
from edge.series.effect import Effect
from edge.spool.spool import Commit
from edge.stores.store import Store

LONGEST_NAME = 120  # characters of a name in a line
QUIET = 60.0  # seconds


class Reporter:
    """Writes the agent's own numbers to the store.

    Args:
        agent: name of the agent.
        every: seconds between two rows.
        store: store that encodes them.
        committer: committer that commits them.
        counters: the numbers.
        clocks: the clocks of this machine.
    """

    def __init__(
        self, agent: str, every: float, store: Store, committer: Committer, counters: Counters, clocks: Clocks
    ) -> None:
        self._names, self._every = SeriesTable([agent]), every
        self._store, self._committer, self._counters, self._clocks = store, committer, counters, clocks
        self._last = (clocks.moment(), 0.0)

    def report_if_due(self, model: str) -> None:
        """Write the numbers, if it is time.

        Args:
            model: name of the forecaster, or `none`.
        """
        now = self._clocks.moment()
        since, before = self._last
        if now - since < self._every:
            return
        readings = self._counters.total(Counter.READINGS)
        self._last = (now, readings)
        self._counters.set(Gauge.READINGS_PER_SECOND, (readings - before) / (now - since))
        if (size := self._store.size()) is not None:
            self._counters.set(Gauge.STORE_BYTES, size.total)
            self._counters.set(Gauge.STORE_FREE_BYTES, size.free)
        self._write(row(self._counters, model, self._clocks.now()))

    def released(self, model: str) -> None:
        """Write that a forecaster went live just now."""
        self._write(Points(AGENT, np.zeros(1, np.int32), np.array([self._clocks.now()]), {RELEASED.name: model}))

    def _write(self, points: Points) -> None:
        self._committer.commit(Commit([self._store.encode([points], self._names)]), may_wait=True)


def tally_batch(counters: Counters, intake: Intake, messages: int, readings: int, held: int) -> None:
    """Count what became of a batch of messages.

    Args:
        counters: the numbers.
        intake: intake that has read them.
        messages: number of messages.
        readings: number of readings that may count now.
        held: number of all readings that are stored and do not count yet.
    """
    taken = {Counter.MESSAGES: messages, Counter.MESSAGES_USED: intake.used, Counter.MESSAGES_SKIPPED: intake.skipped}
    counters.count_all({**taken, Counter.SHARED_SERIES: intake.shared, Counter.READINGS: readings + len(intake.held)})
    counters.set(Gauge.HELD_READINGS, held)


class BrokerWatch:
    """Logs a line as soon as the connection to the broker is lost or made, and what holds in the end is said in any case.

    Of a broker that comes and goes there is a line for each a minute. `silence` is what to look at where no message has come at
    all, or None.

    Args:
        subscriber: the subscriber.
        grumbler: grumbler that takes the line.
        quiet: seconds after the subscription in which a first message should have come.
    """

    def __init__(self, subscriber: Subscriber, grumbler: Grumbler, quiet: float = QUIET) -> None:
        self._subscriber, self._grumbler, self._quiet = subscriber, grumbler, quiet
        self.silence: str | None = None
        self._problem, self._losses = subscriber.problem, subscriber.losses
        self._told = self._problem  # what the log said last

    def look(self) -> None:
        """Say what has changed since the last look; a connection that was lost and made again in between counts."""
        self._listen()
        before, losses = self._problem, self._losses
        self._losses, self._problem = self._subscriber.losses, self._subscriber.problem  # the losses first: they come last
        if self._problem is None and self._told is not None:
            self._grumbler.say("connected", f"subscribed to {self._subscriber.subscribed}{self._remark()}", always=True)
            self._told = None
        elif self._problem is None and before is None and self._losses != losses:
            self._grumbler.say("broker", f"the connection was lost and made again{self._remark()}")
        elif self._problem not in (None, self._told):
            if not (swallowed := self._grumbler.heard("broker")):
                self._told = self._problem
            if self._problem != before or not swallowed:
                self._grumbler.say("broker", f"{self._problem}; trying again")

    def _listen(self) -> None:
        seconds, before = self._subscriber.unheard, self.silence
        self.silence = None
        if seconds is not None and seconds >= self._quiet:
            since = f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.0f} h"
            self.silence = (
                f"no message has come since we subscribed to {self._subscriber.subscribed} {since} ago; check [mqtt] url and "
                "the topics of [[ingest]]: mosquitto_sub -v -t '#' shows what is published there"
            )
            if before is None:
                self._grumbler.say("no_message", self.silence)

    def _remark(self) -> str:
        """What the broker does otherwise than asked, behind a line."""
        remark = self._subscriber.remark
        return "" if remark is None else f"; {remark}"


def say_held(held: Readings, now: int, series: SeriesTable, grumbler: Grumbler) -> None:
    """Say that readings lie ahead of a clock that is not confirmed, and how far.

    Args:
        held: the readings, one at least.
        now: time of the clock, ns UTC.
        series: table of all series.
        grumbler: grumbler that says it.
    """
    first = int(held.time.argmax())
    name, distance = series.names[held.series[first]], int(held.time[first]) - now
    offset = written(quarters_of(distance))
    ahead = counted(len(held), "reading has a time", "readings have times")
    zone = f'; or, if that device writes local time, set [[ingest]] timezone = "{offset}" or the name of its zone'
    grumbler.say(
        "held",
        f"{ahead} ahead of this device's clock, which is not confirmed yet, the last of series "
        f"{quoted(name, LONGEST_NAME)} by {timedelta(seconds=distance // SECOND)}; they are stored, and close no interval "
        f"until the clock is set or confirmed: let a time service set it{zone if offset else ''}",
    )


def say_faults(effect: Effect, series: SeriesTable, grumbler: Grumbler) -> None:
    """Say which forecasts were broken, and which counters jumped.

    Args:
        effect: result of a step.
        series: table of all series.
        grumbler: grumbler that says it.
    """
    for kind, broken in effect.broken.items():
        name = series.names[broken[0]]
        what = f"{counted(len(broken), 'forecast')}, first of series {quoted(name, LONGEST_NAME)}"
        grumbler.say(kind, f"{what}; the baseline makes {'it' if len(broken) == 1 else 'them'}")
    if len(effect.jumped):
        name = series.names[effect.jumped[0]]
        grumbler.say(
            "increase",
            f"series {quoted(name, LONGEST_NAME)}: the counter jumped by far more than it usually adds; this interval has "
            "no increase, and the next readings count again. If such readings come often, set [[ingest]] max",
        )


def say_alerts(changes: Sequence[AlertChange], alerts: Alerts, counters: Counters, grumbler: Grumbler) -> None:
    """Say and count which alerts were raised and cleared; there is a line for each rule and direction a minute.

    Args:
        changes: alerts that a step has changed, committed by now.
        alerts: the rules.
        counters: the numbers.
        grumbler: grumbler that says it.
    """
    if judged := alerts.judged():
        counters.count_all(dict(zip((Counter.ALERT_HITS, Counter.ALERT_MISSES, Counter.FALSE_ALARMS), judged, strict=True)))
    turned = [change for change in changes if change.turned]
    if turned:
        raised = sum(change.raised for change in turned)
        counters.count_all({Counter.ALERTS_RAISED: raised, Counter.ALERTS_CLEARED: len(turned) - raised})
    if (complaint := alerts.complaint()) is not None:
        grumbler.say("alerts", complaint)
    for change in turned:
        kind = f"alert {change.rule}"
        grumbler.say(kind if change.raised else f"{kind} is over", alerts.words(change))


def say_anomalies(effect: Effect, series: SeriesTable, counters: Counters, grumbler: Grumbler) -> None:
    """Say and count which anomalies were raised and cleared; there is a line for each direction a minute.

    Args:
        effect: result of a step, committed by now.
        series: table of all series.
        counters: the numbers.
        grumbler: grumbler that says it.
    """
    if not effect.anomalies:
        return
    raised = sum(change.raised for change in effect.anomalies)
    counters.count_all({Counter.ANOMALIES_RAISED: raised, Counter.ANOMALIES_CLEARED: len(effect.anomalies) - raised})
    for change in effect.anomalies:
        meaning = series.meaning_of(change.series)
        text = words(change, "" if meaning is None else meaning.unit, local)
        grumbler.say("anomaly" if change.raised else "anomaly is over", text)

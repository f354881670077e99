"""The thread that publishes: status, forecasts, and devices for Home Assistant. The loop only leaves its forecasts here.

It sends as fast as the broker reads. The newest forecast of a series takes the room of one that still waits, so nothing piles
up, however slow the broker is or however long it is away. After each connection everything is published once more: a broker
that was started again may keep nothing.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from edge.alerts.change import AlertChange
from edge.anomalies.change import AnomalyChange
from edge.broker.outgoing import ROOM_BYTES, Outgoing
from edge.contract.columns import Bool, Forecasts, Int32, SeriesTable
from edge.contract.contract import Contract
from edge.messages.message import Message
from edge.publish.alerts import Standing
from edge.publish.alerts import document as document_of_alert
from edge.publish.anomalies import Strange
from edge.publish.anomalies import document as document_of_anomaly
from edge.publish.content import documents
from edge.publish.discovery import OFFLINE, ONLINE, agent_document, alert_document, anomaly_document, series_document
from edge.publish.newest import Batch, Newest, Shape
from edge.publish.record import Record
from edge.publish.topics import ANOMALY_OF, Plan, Topics
from edge.threads import Died, Thread, raise_again

AT_ONCE = 32  # forecasts that are written and sent together: the loop waits for no more than these
PAUSE = 0.02  # seconds until a broker that reads slowly is asked again
LOOK = 0.5  # seconds from one look at the connection to the next
NOTING = 5.0  # seconds from one writing of the record to the next
BIRTHS = 60.0  # seconds from one answer to the birth of Home Assistant to the next
ENDS_WITHIN = 2.0  # seconds
BRIEF = 10.0  # seconds that a connection lasts at least whose end has nothing to do with what was published
MOST_BRIEF = 3  # connections in a row that end sooner: some brokers do so for what is too large or not allowed
REST = 600.0  # seconds without publishing after these, as readings come over the same connection


class Way(Protocol):
    """The way to the broker; `edge/broker/outgoing.py` has the one that there is."""

    wake: Callable[[], object]

    @property
    def connection(self) -> int | None:
        """Number of the connection; None while there is none."""

    @property
    def has_room(self) -> bool:
        """Whether more may be sent now."""

    @property
    def room(self) -> int:
        """Number of messages of QoS 1 that may be sent now."""

    @property
    def is_quiet(self) -> bool:
        """Whether the broker has read everything, and answered what it answers."""

    def send(self, messages: Sequence[Outgoing], connection: int) -> int:
        """Send messages, unless this connection is gone; returns the number of those that are too large."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a publisher tells of itself.

    Args:
        sent: function called with the number of forecasts that were sent.
        replaced: function called with the number of those that a newer one replaced before they were sent.
        say: function called with a kind of trouble and a line about it.
    """

    sent: Callable[[int], object] = lambda _: None
    replaced: Callable[[int], object] = lambda _: None
    say: Callable[[str, str], object] = lambda _kind, _text: None


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits to be sent.

    Args:
        forecasts: newest forecast of each series.
        alerts: last change of each alert.
        anomalies: last change of each anomaly.
    """

    forecasts: Newest
    alerts: Standing
    anomalies: Strange = field(default_factory=Strange)


class Publisher:
    """Publishes what the loop leaves here; without a section `[publish]` it removes what an earlier one left at the broker.

    Args:
        plan: plan of what is published.
        queue: forecasts and alerts that wait to be sent.
        series: the table of all series.
        way: way to the broker.
        record: topics with a retained message.
        told: functions that hear of what was done.
    """

    def __init__(self, plan: Plan, queue: Queue, series: SeriesTable, way: Way, record: Record, told: Told = Told()) -> None:
        self._plan, self._series, self._way, self._record, self._told = plan, series, way, record, told
        self._newest, self._alerts, self._anomalies = queue.forecasts, queue.alerts, queue.anomalies
        self._bell, self._stopping = threading.Event(), False
        self._thread: Thread | None = None
        self._connection: int | None = None
        self._began_at, self._rests_until, self._brief = 0.0, 0.0, 0
        self._noted: Bool = np.zeros(0, bool)  # series whose topics are in the record
        self._noted_at = -NOTING
        self._announced: list[str | None] = []  # unit with which a series was described over this connection
        self._left: deque[tuple[Outgoing, bool]] = deque()  # what waits for room on this connection; True: a forecast
        self._shape: Shape | None = None
        self._is_born, self._born_at = False, -BIRTHS
        self._stale = self._earlier = record.topics - plan.kept_of(series.names)
        self._removing: frozenset[str] = frozenset()  # those of them that were sent over this connection
        self._removed, self._removed_at = set[str](), -NOTING  # those that are gone and still stand in the record
        way.wake = self._bell.set

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to publish, and nothing to remove."""
        return not self._plan.active and not self._stale

    def offer(self, forecasts: Sequence[Forecasts], contract: Contract, changes: Sequence[AlertChange] = ()) -> None:
        """Leave forecasts whose effect is committed, and what they changed.

        Args:
            forecasts: forecasts that were made together.
            contract: contract under which they were made.
            changes: alerts that they changed.
        """
        if not self._plan.active:
            return
        wanted = [change for change in changes if self._plan.publishes_alert(change.rule, change.series)]
        self._alerts.put(wanted)
        if self._newest.put(forecasts, contract) or wanted:
            self._bell.set()

    def offer_anomalies(self, standing: Mapping[int, AnomalyChange], changes: Sequence[AnomalyChange]) -> None:
        """Leave anomalies whose effect is committed; before the forecasts that were made with them.

        Args:
            standing: anomalies that stand, as `Watch.standing`.
            changes: anomalies that were raised or cleared.
        """
        if self._plan.active and self._anomalies.put(standing, changes, self._plan.publishes_anomaly):
            self._bell.set()

    def aside(self, message: Message) -> bool:
        """Whether a message is of our own making, or tells that Home Assistant is there: nobody else needs it."""
        if self._plan.discovers and message.topic == self._plan.topics.birth:
            if message.payload == ONLINE.encode():
                self._is_born = True
                self._bell.set()
            return True
        return (
            self._plan.is_ours(message.topic) or message.topic in self._earlier
        )  # those of other settings, until they are gone

    def start(self, died: Died = raise_again) -> None:
        """Begin to publish.

        Args:
            died: function called with one line where the thread dies.
        """
        if not self.is_idle:
            self._thread = Thread("publisher", self._run, died)
            self._thread.start()

    def stop(self) -> None:
        """Say that the agent is not there any more, and end."""
        self._stopping = True
        self._bell.set()
        if self._thread is not None and self._thread.join(ENDS_WITHIN) and (connection := self._way.connection) is not None:
            self._way.send(self._status(OFFLINE), connection)

    def _run(self) -> None:
        while not self._stopping:
            self._bell.wait(PAUSE if self.publish() else LOOK)
            self._bell.clear()

    def publish(self) -> bool:
        """Publish what waits, as far as the broker reads; returns whether more waits for it."""
        connection, now = self._way.connection, time.monotonic()
        if self._connection is not None and connection != self._connection:
            self._lose(now)
        if connection is None or now < self._rests_until:
            return False
        if connection != self._connection:
            self._begin(connection)
        if self._stale and self._way.is_quiet:
            self._remove(connection)
        if not self._plan.active:
            return bool(self._stale)
        if self._is_born and time.monotonic() - self._born_at >= BIRTHS:
            self._is_born, self._born_at = False, time.monotonic()
            self._describe_again()
        self._note()
        return self._send(connection)

    def _send(self, connection: int) -> bool:
        """As `publish`, over a connection that has begun."""
        while not self._stopping and self._way.connection == connection:
            if not self._way.has_room:
                return True
            if self._left:
                self._pour(connection)
            elif changes := self._changes(min(AT_ONCE, self._way.room)):
                self._way.send(changes, connection)
            elif (batch := self._newest.take(AT_ONCE, self._is_noted)) is not None:
                self._prepare(batch)
            else:
                return bool(self._stale)
        return False

    def _begin(self, connection: int) -> None:
        """Say that the agent is there."""
        self._connection, self._began_at = connection, time.monotonic()
        self._removing = frozenset()
        self._left.clear()
        if self._plan.active:
            self._record.add([self._plan.topics.status])
            self._way.send(self._status(ONLINE), connection)
            self._describe_again()

    def _lose(self, now: float) -> None:
        """Note that a connection ended; where what is published may be why, give it a rest, so that readings come."""
        self._connection, is_brief = None, now - self._began_at < BRIEF
        self._brief = self._brief + 1 if is_brief else 0
        if self._brief >= MOST_BRIEF:
            self._rests_until = now + REST
            self._told.say(
                "publish",
                f"{self._brief} connections in a row ended within {BRIEF:.0f} s after something was published; nothing is "
                f"published for {REST / 60:.0f} min, so that readings come. Does the broker allow {self._plan.topics.prefix}/# "
                "and messages so large? look at its log; [publish] quantiles = 1 makes them smaller",
            )

    def _remove(self, connection: int) -> None:
        """Remove what is left behind: devices first, as their entities would take an empty state for a damaged one.

        No more are under way than the broker takes. What it has read is forgotten; the rest has its turn the next time.
        """
        self._removed |= self._removing
        self._stale -= self._removing
        if self._removed and (not self._stale or time.monotonic() - self._removed_at >= NOTING):
            self._record.remove(self._removed)
            self._removed, self._removed_at = set(), time.monotonic()
        devices = [topic for topic in self._stale if topic.endswith("/config")]
        some = sorted(devices or self._stale)[: self._way.room]
        self._removing = frozenset(some)
        self._way.send([Outgoing(topic, b"", retained=True, qos=1) for topic in some], connection)

    def _describe_again(self) -> None:
        """Describe the agent, and let all series be described before their newest forecasts, which are sent again."""
        self._announced = []
        if self._plan.discovers and self._connection is not None:
            topic = self._plan.topics.device()
            self._record.add([topic])
            self._left.append((Outgoing(topic, agent_document(self._plan.topics), retained=True, qos=1), False))
        self._newest.send_again()

    def _status(self, words: str) -> list[Outgoing]:
        return [status(self._plan.topics, words)] if self._plan.active else []

    def _note(self) -> None:
        """Note the topics of series that are new, now and then."""
        waiting = self._newest.waiting()
        if (more := len(self._series) - len(self._noted)) > 0:
            self._noted = np.concatenate([self._noted, np.zeros(more, bool)])
        waiting = waiting[waiting < len(self._noted)]
        new = waiting[~self._noted[waiting]]
        if len(new) and time.monotonic() - self._noted_at >= NOTING:
            names = [self._series.names[index] for index in new.tolist()]
            self._record.add([topic for name in names for topic in self._plan.kept(name)])
            self._noted[new], self._noted_at = True, time.monotonic()

    def _is_noted(self, series: Int32) -> Bool:
        known: Bool = series < len(self._noted)
        known[known] = self._noted[series[known]]
        return known

    def _prepare(self, batch: Batch) -> None:
        """Let a batch wait for room, each series described before its forecast."""
        settings, topics = self._plan.settings, self._plan.topics
        names, units = [], []
        for index in batch.series.tolist():
            meaning = self._series.meanings[index]
            names.append(self._series.names[index])
            units.append("" if meaning is None else meaning.unit)
        self._left.extend((message, False) for message in self._descriptions(batch, names, units))
        for name, document in zip(names, documents(batch, names, units), strict=True):
            if document:
                self._left.append((Outgoing(topics.forecast(name), document, settings.retain, settings.qos), True))

    def _pour(self, connection: int) -> None:
        """Send some of what waits, in order: as many messages as the broker takes, and no more bytes than may wait for it."""
        piece, size, forecasts, most = list[Outgoing](), 0, 0, self._way.room
        while self._left and len(piece) < most and size < ROOM_BYTES:
            message, is_forecast = self._left.popleft()
            piece.append(message)
            size += len(message.topic) + len(message.payload)
            forecasts += is_forecast
        too_large = self._way.send(piece, connection)
        self._told.sent(max(0, forecasts - too_large))
        if too_large:
            self._told.say(
                "publish", "a forecast is larger than the broker allows; set [publish] quantiles = 1, or raise its limit"
            )

    def _descriptions(self, batch: Batch, names: Sequence[str], units: Sequence[str]) -> Iterator[Outgoing]:
        """Devices, alerts and anomalies of series of which nothing was sent over this connection, or that are otherwise now."""
        if self._shape != batch.shape:
            self._shape, self._announced = batch.shape, []
        if (more := len(self._series) - len(self._announced)) > 0:
            self._announced += [None] * more
        topics, discovers = self._plan.topics, self._plan.discovers
        for index, name, unit in zip(batch.series.tolist(), names, units, strict=True):
            if self._announced[index] == unit:
                continue
            self._announced[index] = unit
            if discovers:
                yield Outgoing(topics.device(name), series_document(topics, name, unit, batch.shape), retained=True, qos=1)
            for rule in self._plan.rules_of(name):
                if discovers:
                    yield Outgoing(topics.device(rule, name), alert_document(topics, rule, name), retained=True, qos=1)
                yield self._alert(rule, name, self._alerts.of(rule, name))
            if self._plan.watches(name):
                if discovers:
                    device = topics.device(*ANOMALY_OF, name)
                    yield Outgoing(device, anomaly_document(topics, name), retained=True, qos=1)
                yield self._anomaly(name)

    def _changes(self, most: int) -> list[Outgoing]:
        """Alerts and anomalies that changed and wait, so many at most."""
        alerts = [self._alert(change.rule, change.series, change) for change in self._alerts.take(most)]
        return alerts or [self._anomaly(series) for series in self._anomalies.take(most)]

    def _alert(self, rule: str, series: str, change: AlertChange | None) -> Outgoing:
        return Outgoing(self._plan.topics.alert(rule, series), document_of_alert(rule, series, change), retained=True, qos=1)

    def _anomaly(self, series: str) -> Outgoing:
        meaning = self._series.meaning_of(series)
        document = document_of_anomaly(series, "" if meaning is None else meaning.unit, self._anomalies.of(series))
        return Outgoing(self._plan.topics.anomaly(series), document, retained=True, qos=1)


def status(topics: Topics, words: str) -> Outgoing:
    """The message that says whether the agent is there; the broker publishes it for an agent that is gone."""
    return Outgoing(topics.status, words.encode(), retained=True, qos=1)

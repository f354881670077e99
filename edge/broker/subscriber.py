"""MQTT messages in, acknowledgements out.

QoS 1 with a persistent session: the broker keeps a message until it is acknowledged, and it is acknowledged only after
its effect is committed. So are those of QoS 2, of a session that another program subscribed so under our name. The network
thread does nothing but hand over.
"""

import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue

import paho.mqtt.client as paho
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edge.backoff import Backoff
from edge.broker.address import Address
from edge.broker.client import Subscription, make_client, shared
from edge.broker.copies import Copies
from edge.broker.filters import FilterRecord
from edge.broker.outgoing import Outlet
from edge.broker.reasons import ADVICE, LOOK, OF_FILTERS, URL, reason_words
from edge.contract.times import SECOND, format_duration
from edge.messages.message import Message
from edge.quoting import quoted
from edge.threads import Died, raise_again

ROOM_BYTES = 16 << 20
USUAL_BYTES = 256  # of a payload; a longer one may hold many readings, and counts in a batch as so many messages
ENDS_WITHIN = 5.0  # seconds; a connection that is being made may take longer, and is left alone then
QUIET = 0.005  # seconds without a message that end a batch
SHORT_LIVED = 5.0  # seconds; a connection that ends sooner was taken over by another client, or the broker does not want it
SHORT_LIVED_ROW = 3  # such connections in a row
ANSWERS_WITHIN = 10.0  # seconds in which a broker that took the connection must answer a subscription
PROTOCOL_ERROR, NO_ANSWER = 0x82, 0x8D  # reasons that the library gives for the end of a connection
UNSPECIFIED = 0x80
KEPT = 1, 2  # QoS of subscriptions whose messages the broker keeps until they are acknowledged
SHOWN_FILTERS = 3
ONLY_QOS_0 = "the broker keeps nothing for us while we are away (it grants QoS 0 only)"


class Subscriber:
    """A persistent subscription whose messages are acknowledged one batch at a time.

    `aside` may be set to what takes messages that are for nobody else, in the network's thread.

    Args:
        address: the broker.
        subscription: name, topics and keepalive of the session with the broker.
        password: password of the account in the address.
        room: number of messages that may wait here; beyond it, or beyond 16 MB, the socket is not read: the broker keeps them.
        pauses: lengths of the waits before the broker is tried again; they begin anew after a connection that lasted.
        record: record of the filters that the broker holds; those that nobody wants any more are given up.
    """

    aside: Callable[[Message], bool] | None = None

    def __init__(
        self,
        address: Address,
        subscription: Subscription,
        *,
        password: str | None = None,
        room: int = 20_000,
        pauses: Backoff = Backoff(1.0, 30.0),
        record: FilterRecord | None = None,
    ) -> None:
        self.address = address
        self._where = f"the broker at {address.host}:{address.port}"
        self._drops = (
            f"{self._where} accepts us and drops us within {SHORT_LIVED:g} s, again and again; does another client use the "
            f"client id {subscription.client_id!r}? choose another [mqtt] client_id for one of them"
        )
        self._accepted: float | None = None  # seconds, monotonic
        self._subscribed: float | None = None  # when the broker took the subscription first, seconds, monotonic
        self._short_lived = 0
        self._problem: str | None = f"not connected to {self._where} yet"
        self._subscription, self._wanted = subscription, subscription.wanted
        self._record = record or FilterRecord(None, subscription.client_id)
        self._copies = Copies(
            subscription.filters if subscription.version == "5" else (), grouped=subscription.share is not None
        )
        self._asked: tuple[int | None, Sequence[str]] = None, ()  # number of our request without an answer, and its filters
        self._asked_at = 0.0  # seconds, monotonic
        self._identified = True  # whether the broker writes on messages for which subscription it sends them
        self._to_ask: deque[list[str]] = deque()  # filters of the requests that follow it
        self._refused: dict[str, str] = {}  # why, by filter
        self._giving_up: int | None = None  # number of our request to give filters up
        self._surplus: list[str] = []  # filters of an earlier configuration that this session holds
        self._remarks: list[str] = []
        self._pauses, self._failures, self._losses = pauses, 0, 0
        self._room = room
        self._handed: SimpleQueue[list[Message]] = SimpleQueue()  # an empty list only wakes
        self._next: deque[Message] = deque()  # those that found no room in the last batch
        self._in = self._out = self._bytes_in = self._bytes_out = 0  # each counted by one thread
        self._stopping = False
        self._client = make_client(address, password, subscription, self._hand_over)
        self.outlet = Outlet(self._client)
        if self._copies.overlapping:
            self._client.read_identifiers()
        self._client.crowded = self._crowded
        self._client.on_connect = self._on_connect
        self._client.on_connect_fail = self._on_connect_fail
        self._client.on_subscribe = self._on_subscribe
        self._client.on_unsubscribe = self._on_unsubscribe
        self._client.on_disconnect = self._on_disconnect

    @property
    def name(self) -> str:
        """Name of the session, and of the broker that has it."""
        return f"{self._subscription.client_id}@{self.address.host}:{self.address.port}"

    @property
    def problem(self) -> str | None:
        """Why no messages come; None while the broker has accepted us and the subscription."""
        accepted, slow, now = self._accepted, self._client.slow_since, time.monotonic()
        if self._short_lived >= SHORT_LIVED_ROW and (accepted is None or now - accepted < SHORT_LIVED):
            return self._drops
        if accepted is not None and self._asked[0] is not None and now - self._asked_at > ANSWERS_WITHIN:
            return f"{self._where} takes the connection and does not answer our subscription; {LOOK}"
        if slow is not None and now - slow > self._subscription.keepalive:
            return (
                f"{self._where} sends one large message for longer than [mqtt] keepalive, and no other comes before its end; "
                "find who publishes it, or limit the size of messages in the broker's settings"
            )
        return self._problem

    @property
    def remark(self) -> str | None:
        """What is not as we asked for, although messages come; None where all is."""
        return "; ".join(self._remarks) or None

    @property
    def subscribed(self) -> str:
        """The filters, the first of them by name, and the broker."""
        names = [shared(topic, self._subscription.share) for topic in self._subscription.filters]
        more = f" and {len(names) - SHOWN_FILTERS} more" if len(names) > SHOWN_FILTERS else ""
        return f"{', '.join(map(quoted, names[:SHOWN_FILTERS]))}{more} at {self._where}"

    @property
    def unheard(self) -> float | None:
        """Seconds since the subscription; None where a message has come since, or there is none."""
        return None if self._subscribed is None or self._in or self.problem is not None else time.monotonic() - self._subscribed

    @property
    def session(self) -> int:
        """Number of the connection."""
        return self._client.connections

    @property
    def losses(self) -> int:
        """Number of connections that ended; it rises after the problem is set."""
        return self._losses

    @property
    def waiting(self) -> int:
        """Messages handed over by the network and not taken yet."""
        return self._in - self._out

    def start(self, died: Died = raise_again) -> None:
        """Connect in the background and stay connected.

        Args:
            died: function called with one line where the network's thread dies.
        """
        self._client.died = died
        self._client.aim(self.address)
        self._client.loop_start()

    def take(self, most: int, timeout: float, linger: float = 0.0) -> list[Message]:
        """Up to `most` messages.

        Args:
            most: messages; a payload longer than `USUAL_BYTES` counts as several.
            timeout: seconds to wait for the first one.
            linger: seconds to wait for more, ended early by a pause: a broker that keeps few messages in flight
                sends no more before we acknowledge.
        """
        messages: list[Message] = []
        room, end = most, 0.0
        while room > 0:
            if not self._next:
                wait = timeout if not messages else QUIET if time.monotonic() < end else 0
                with suppress(Empty):
                    self._next.extend(self._handed.get(timeout=wait))
                if not self._next:
                    break
            if not messages:
                end = time.monotonic() + linger
            while self._next and room > 0:
                message = self._next.popleft()
                messages.append(message)
                size = len(message.payload)
                self._bytes_out += size + len(message.topic)
                room -= size // USUAL_BYTES or 1
        self._out += len(messages)
        return messages

    def wake(self) -> None:
        """Let `take` return at once, now or the next time; may be called by a signal handler."""
        self._handed.put([])

    def acknowledge(self, messages: Sequence[Message]) -> None:
        """Let the broker forget messages; those of an earlier connection will come again and change nothing."""
        session = self.session
        if taken := [message for message in messages if message.qos and message.session == session]:
            self._client.acknowledge(taken, session)

    def publish(self, topic: str, payload: bytes) -> None:
        """Publish once, without waiting; where there is no connection it is as if it had been lost on its way."""
        self._client.publish(topic, payload, qos=0)

    def stop(self) -> None:
        """Disconnect; the broker keeps the session and everything not acknowledged."""
        self._stopping = True
        self._client.disconnect()
        self._client.end_thread(ENDS_WITHIN)

    def _crowded(self) -> bool:
        return not self._stopping and (self.waiting > self._room or self._bytes_in - self._bytes_out > ROOM_BYTES)

    def _on_connect(
        self, _client: paho.Client, _data: object, flags: paho.ConnectFlags, reason: ReasonCode, told: Properties | None
    ) -> None:
        self._remarks, self._giving_up, self._refused, self._asked = [], None, {}, (None, ())
        if reason.is_failure:
            self._problem = f"{self._where} refuses us: {_words(reason, told)}"
            self._short_lived = 0
            return
        self._accepted = time.monotonic()
        self._client.go_on_pinging()
        self.outlet.accept(told)
        held, wanted = self._record.filters, self._wanted
        if held and not flags.session_present:
            self._remarks.append(
                "the broker had forgotten our session, so what was published while we were away is lost; let it keep "
                "sessions on disk, and for longer"
            )
        self._remarks += self._shorter_than_asked(told)
        self._surplus = sorted(held.difference(wanted)) if flags.session_present else []
        self._record.note([*wanted, *self._surplus])
        # Also with a session present: a filter that is new in the configuration has to reach the broker.
        self._identified = getattr(told, "SubscriptionIdentifierAvailable", 1) == 1
        if self._copies.overlapping and not self._identified:
            names = ", ".join(self._copies.overlapping)
            self._remarks.append(f"the broker has no subscription identifiers, so what matches two of {names} may count twice")
        self._begin_to_ask(self._subscription.filters)

    def _begin_to_ask(self, filters: Sequence[str]) -> None:
        """Ask for filters: each of those that overlap by a request of its own, when the one before is answered."""
        single = [topic for topic in self._copies.overlapping if topic in filters] if self._identified else []
        others = [topic for topic in filters if topic not in single]
        self._to_ask = deque([*([others] if others else []), *([topic] for topic in single)])
        self._ask()

    def _ask(self) -> None:
        filters = self._to_ask.popleft()
        identified = self._identified and filters[0] in self._copies.overlapping
        number = self._copies.identifier(filters[0]) if identified else None
        self._asked_at = time.monotonic()
        self._asked = self._client.ask([shared(topic, self._subscription.share) for topic in filters], number), filters

    def _shorter_than_asked(self, told: Properties | None) -> list[str]:
        kept = getattr(told, "SessionExpiryInterval", None)
        if kept is None or kept >= self._subscription.expiry:
            return []
        return [f"the broker keeps what comes while we are away for {format_duration(kept * SECOND)} only"]

    def _on_subscribe(self, _client: paho.Client, _data: object, mid: int, reasons: list[ReasonCode], told: Properties) -> None:
        request, asked = self._asked
        if mid != request:  # an answer nobody asked for, or once more
            return
        self._asked = None, ()
        self._note_answer(asked, reasons, told)
        if self._to_ask:
            self._ask()
        elif self._refused:
            names = ", ".join(shared(topic, self._subscription.share) for topic in self._refused)
            self._problem = f"{self._where} does not let us subscribe to {names}: {next(iter(self._refused.values()))}"
            # Only for those: for each of the others the broker would send what it has retained once more.
            self._client.later(self._subscription.keepalive, partial(self._begin_to_ask, list(self._refused)))
        else:
            self._problem = None
            self._subscribed = self._subscribed or time.monotonic()
            if self._surplus:
                self._giving_up = self._client.give_up(self._surplus)

    def _note_answer(self, asked: Sequence[str], reasons: Sequence[ReasonCode], told: Properties) -> None:
        """Note what the broker granted and refused; of an answer with another number of codes nobody knows whose they are."""
        if len(reasons) != len(asked):
            for topic in asked:
                self._copies.note(topic, kept=False)
                self._refused[topic] = f"its answer has {len(reasons)} codes for {len(asked)} filters; {LOOK}"
            return
        for topic, reason in zip(asked, reasons, strict=True):
            self._copies.note(topic, kept=reason.value in KEPT)
            if self._refused.pop(topic, None) and not reason.is_failure and topic in self._copies.overlapping:
                self._to_ask.extend([later] for later in self._copies.after(topic) if [later] not in self._to_ask)
            if reason.is_failure:
                name = "it gives no reason" if reason.value == UNSPECIFIED else reason.getName()
                advice = OF_FILTERS.get(reason.value, LOOK)
                self._refused[topic] = reason_words(name, advice, getattr(told, "ReasonString", None))
        if any(reason.value == 0 for reason in reasons) and ONLY_QOS_0 not in self._remarks:
            self._remarks.append(ONLY_QOS_0)

    def _on_unsubscribe(self, _client: paho.Client, _data: object, mid: int, reasons: list[ReasonCode], _: object) -> None:
        """Forget the filters that the broker gave up; MQTT 3.1.1 has no reasons."""
        if mid != self._giving_up:
            return
        self._giving_up = None
        kept = [topic for topic, reason in zip(self._surplus, reasons, strict=False) if reason.is_failure]
        if reasons and len(reasons) != len(self._surplus):  # nobody knows which codes are of which filters
            kept = self._surplus
        self._record.note([*self._wanted, *kept])

    def _on_connect_fail(self, _client: paho.Client, _data: object) -> None:
        failure = str(self._client.failure)
        if self.address.tls and (meaning := self._subscription.tls.failure(failure)) is not None:
            self._problem = f"cannot reach {self._where}: {meaning}"
        else:
            self._problem = f"cannot reach {self._where}: {failure}; is it running there? check [mqtt] url"
        self._short_lived = 0
        self._wait_longer()

    def _on_disconnect(
        self, _client: paho.Client, _data: object, flags: paho.DisconnectFlags, reason: ReasonCode, told: Properties | None
    ) -> None:
        accepted = self._accepted is not None
        self.outlet.lose()
        if self._accepted is not None:
            brief = time.monotonic() - self._accepted < SHORT_LIVED
            self._accepted, self._short_lived = None, self._short_lived + 1 if brief else 0
            self._failures = self._failures if brief else 0
        self._wait_longer()
        if flags.is_disconnect_packet_from_server:
            self._problem = f"{self._where} ended the connection: {_words(reason, told)}"
        elif self._client.failure is not None:
            meaning = self._subscription.tls.failure(self._client.failure) if self.address.tls else None
            self._problem = f"lost {self._where}: {meaning or f'{self._client.failure}; {URL}'}"
        elif reason.value == NO_ANSWER:
            advice = LOOK if accepted else f"does an MQTT broker listen there? {URL}"
            self._problem = f"lost {self._where}: it did not answer for {self._subscription.keepalive} s; {advice}"
        elif reason.value == PROTOCOL_ERROR and accepted:
            self._problem = f"lost {self._where}: it sends what is not MQTT; {URL}"
        elif self._problem is None:
            self._problem = f"lost {self._where}"
        self._losses += 1

    def _wait_longer(self) -> None:
        """Set the pause before the next try; the library would double it in step with all the others."""
        self._failures += 1
        pause = self._pauses.wait(self._failures)
        self._client.reconnect_delay_set(pause, pause)  # type: ignore[arg-type] # it takes fractions, too

    def _hand_over(self, messages: list[Message]) -> None:
        if (aside := self.aside) is not None:
            taken, left = list[Message](), list[Message]()
            for message in messages:
                (taken if aside(message) else left).append(message)
            self.acknowledge(taken)  # at once: they are for nobody else
            messages = left
        if self._copies.overlapping:
            counting, copies, now = list[Message](), list[Message](), time.monotonic()
            for message in messages:
                (copies if self._copies.leaves_out(message, now) else counting).append(message)
            self.acknowledge(copies)  # at once: the broker keeps the one that counts until its effect is committed
            messages = counting
        self._in += len(messages)
        self._bytes_in += sum([len(message.payload) + len(message.topic) for message in messages])
        self._handed.put(messages)


def _words(reason: ReasonCode, told: Properties | None) -> str:
    """Why a broker refuses or ends a connection, and what to do."""
    advice = ADVICE.get(reason.value, URL if reason.value == UNSPECIFIED else LOOK)
    return reason_words(reason.getName(), advice, getattr(told, "ReasonString", None), getattr(told, "ServerReference", None))

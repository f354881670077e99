"""MQTT 3.1.1 messages in, acknowledgements out.

QoS 1 with a persistent session: the broker keeps a message until it is acknowledged, and it is acknowledged only after
its effect is committed. The network thread does nothing but hand over.
"""

import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue

import paho.mqtt.client as paho
from paho.mqtt.reasoncodes import ReasonCode

from edge.backoff import Backoff
from edge.broker.address import Address
from edge.broker.client import Subscription, make_client
from edge.messages.message import Message
from edge.threads import Died, raise_again

REFUSED = {
    "Bad user name or password": "check [mqtt] user and GATECAST_MQTT_PASSWORD",
    "Not authorized": "check [mqtt] user and GATECAST_MQTT_PASSWORD, and the broker's access list",
    "Client identifier not valid": "choose another [mqtt] client_id",
}
ROOM_BYTES = 16 << 20
USUAL_BYTES = 256  # of a payload; a longer one may hold many readings, and counts in a batch as so many messages
ENDS_WITHIN = 5.0  # seconds; a connection that is being made may take longer, and is left alone then
QUIET = 0.005  # seconds without a message that end a batch
SHORT_LIVED = 5.0  # seconds; a connection that ends sooner was taken over by another client, or the broker does not want it
SHORT_LIVED_ROW = 3  # such connections in a row


class Subscriber:
    """A persistent subscription whose messages are acknowledged one batch at a time.

    Args:
        address: the broker.
        subscription: name, topics and keepalive of the session with the broker.
        password: password of the account in the address.
        room: number of messages that may wait here; beyond it, or beyond 16 MB, the socket is not read: the broker keeps them.
        pauses: lengths of the waits before the broker is tried again; they begin anew after a connection that lasted.
    """

    def __init__(
        self,
        address: Address,
        subscription: Subscription,
        *,
        password: str | None = None,
        room: int = 20_000,
        pauses: Backoff = Backoff(1.0, 30.0),
    ) -> None:
        self.address = address
        self._where = f"the broker at {address.host}:{address.port}"
        self._drops = (
            f"{self._where} accepts us and drops us within {SHORT_LIVED:g} s, again and again; does another client use the "
            f"client id {subscription.client_id!r}? choose another [mqtt] client_id for one of them"
        )
        self._accepted: float | None = None  # seconds, monotonic
        self._short_lived = 0
        self._problem: str | None = f"not connected to {self._where} yet"
        self._subscription = subscription
        self._pauses, self._failures, self._losses = pauses, 0, 0
        self._room = room
        self._handed: SimpleQueue[list[Message]] = SimpleQueue()  # an empty list only wakes
        self._next: deque[Message] = deque()  # those that found no room in the last batch
        self._in = self._out = self._bytes_in = self._bytes_out = 0  # each counted by one thread
        self._stopping = False
        self._client = make_client(address, password, subscription, self._hand_over)
        self._client.crowded = self._crowded
        self._client.on_connect = self._on_connect
        self._client.on_connect_fail = self._on_connect_fail
        self._client.on_subscribe = self._on_subscribe
        self._client.on_disconnect = self._on_disconnect

    @property
    def problem(self) -> str | None:
        """Why no messages come; None while the broker has accepted us and the subscription."""
        accepted = self._accepted
        if self._short_lived >= SHORT_LIVED_ROW and (accepted is None or time.monotonic() - accepted < SHORT_LIVED):
            return self._drops
        return self._problem

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
        self._client.connect_async(self.address.host, self.address.port, self._subscription.keepalive)
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
                self._bytes_out += size
                room -= size // USUAL_BYTES or 1
        self._out += len(messages)
        return messages

    def wake(self) -> None:
        """Let `take` return at once, now or the next time; may be called by a signal handler."""
        self._handed.put([])

    def acknowledge(self, messages: Sequence[Message]) -> None:
        """Let the broker forget messages; those of an earlier connection will come again and change nothing."""
        session = self.session
        mids = [message.mid for message in messages if message.qos and message.session == session]
        if mids:
            self._client.acknowledge(mids, session)

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

    def _on_connect(self, client: paho.Client, _data: object, _flags: object, reason: ReasonCode, _: object) -> None:
        if reason.is_failure:
            hint = REFUSED.get(reason.getName(), "check [mqtt] url")
            self._problem = f"{self._where} refuses us: {reason.getName()}; {hint}"
            self._short_lived = 0
            return
        self._accepted = time.monotonic()
        # Also with a session present: a filter that is new in the configuration has to reach the broker.
        client.subscribe([(topic, 1) for topic in self._subscription.filters])

    def _on_subscribe(self, _client: paho.Client, _data: object, _mid: int, reasons: list[ReasonCode], _: object) -> None:
        refused = [topic for topic, reason in zip(self._subscription.filters, reasons, strict=False) if reason.is_failure]
        if refused:
            self._problem = f"{self._where} does not let us subscribe to {', '.join(refused)}; check its access list"
        else:
            self._problem = None

    def _on_connect_fail(self, _client: paho.Client, _data: object) -> None:
        failure = str(self._client.failure)
        if "certificate" in failure.lower():
            reason = failure.partition("] ")[2] or failure
            self._problem = f"the certificate of {self._where} is not trusted ({reason}); {self._subscription.tls.advice()}"
        else:
            self._problem = f"cannot reach {self._where}: {failure}; is it running there? check [mqtt] url"
        self._short_lived = 0
        self._wait_longer()

    def _on_disconnect(self, *_: object) -> None:
        if self._accepted is not None:
            brief = time.monotonic() - self._accepted < SHORT_LIVED
            self._accepted, self._short_lived = None, self._short_lived + 1 if brief else 0
            self._failures = self._failures if brief else 0
        self._wait_longer()
        if self._client.failure is not None:
            self._problem = f"lost {self._where}: {self._client.failure}; check [mqtt] url"
        elif self._problem is None:
            self._problem = f"lost {self._where}"
        self._losses += 1

    def _wait_longer(self) -> None:
        """Set the pause before the next try; the library would double it in step with all the others."""
        self._failures += 1
        pause = self._pauses.wait(self._failures)
        self._client.reconnect_delay_set(pause, pause)  # type: ignore[arg-type] # it takes fractions, too

    def _hand_over(self, messages: list[Message]) -> None:
        self._in += len(messages)
        self._bytes_in += sum(len(message.payload) for message in messages)
        self._handed.put(messages)

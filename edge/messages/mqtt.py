"""MQTT 3.1.1 messages in, acknowledgements out.

QoS 1 with a persistent session: the broker keeps a message until it is acknowledged, and it is acknowledged only after
its effect is committed. The network thread does nothing but hand over.
"""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MessageType, MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode

from edge.backoff import Backoff
from edge.messages.formats.payload import LARGEST_PAYLOAD
from edge.messages.message import Address, Message
from edge.threads import Died, raise_again, tell_of_death
from edge.tls import TlsFiles

REFUSED = {
    "Bad user name or password": "check [mqtt] user and GATECAST_MQTT_PASSWORD",
    "Not authorized": "check [mqtt] user and GATECAST_MQTT_PASSWORD, and the broker's access list",
    "Client identifier not valid": "choose another [mqtt] client_id",
}
READ_SIZE = 65_536  # bytes
ROOM_BYTES = 16 << 20
USUAL_BYTES = 256  # of a payload; a longer one may hold many readings, and counts in a batch as so many messages
ENDS_WITHIN = 5.0  # seconds; a connection that is being made may take longer, and is left alone then
QUIET = 0.005  # seconds without a message that end a batch
SHORT_LIVED = 5.0  # seconds; a connection that ends sooner was taken over by another client, or the broker does not want it
SHORT_LIVED_ROW = 3  # such connections in a row


class _BufferedClient(paho.Client):
    """A client that reads many messages, and acknowledges many, with one system call.

    The library reads each message with three or more and writes each acknowledgement with two; every one of them hands
    the interpreter to another thread. The names with an underscore are the library's own: the supported versions are
    pinned, and a test compares with a plain client.

    While `crowded` says so nothing is read; pings go out all the same, and that no answer is read is not held against
    the broker.
    """

    crowded: Callable[[], bool] | None = None
    died: Died = staticmethod(raise_again)
    failure: str | None = None
    connections = 0
    _received = b""
    _place = 0
    _gate = threading.Lock()

    def reconnect(self) -> MQTTErrorCode:
        """As the library's, but remembers why it failed, and fails in one way only, which ends no thread."""
        self.failure = None
        try:
            return super().reconnect()
        except (OSError, ValueError) as error:
            self.failure = getattr(error, "strerror", None) or str(error)
            raise ConnectionError(self.failure) from error

    def _thread_main(self) -> None:
        threading.current_thread().name = "gatecast-mqtt"
        tell_of_death(super()._thread_main, self.died)

    def end_thread(self, seconds: float) -> None:
        """As the library's `loop_stop`, but a thread that does not end in time is left to the end of the process."""
        thread, self._thread_terminate = self._thread, True
        if thread is not None:
            thread.join(seconds)

    def loop_read(self, max_packets: int = 1) -> MQTTErrorCode:
        """Handle everything that has been received; the socket will not announce what is in our buffer."""
        try:
            while True:
                code = self._wait_for_room() or super().loop_read(max_packets)
                if code or self._place >= len(self._received):
                    return code
        except MemoryError:  # what the machine lacks is no fault of the broker
            raise
        except Exception as error:  # noqa: BLE001 - whatever a broken packet does to the library must not end its thread
            self.failure = f"it sends what is not MQTT: {error}"
            return self._loop_rc_handle(MQTTErrorCode.MQTT_ERR_PROTOCOL)

    def acknowledge(self, mids: Sequence[int], connection: int) -> None:
        """Send PUBACK for QoS 1 messages, unless the connection they came over is gone."""
        packets = b"".join(b"\x40\x02" + mid.to_bytes(2, "big") for mid in mids)
        with self._gate:
            if connection == self.connections:
                self._packet_queue(int(MessageType.PUBACK), packets, mids[-1], 1)

    def _wait_for_room(self) -> MQTTErrorCode:
        code = MQTTErrorCode.MQTT_ERR_SUCCESS
        while not code and self.crowded is not None and self.crowded() and self.socket() is not None:
            time.sleep(0.01)
            with self._msgtime_mutex:
                # An unanswered ping would put the next one off, beyond the broker's patience.
                self._last_bytes_received, self._ping_t = time.monotonic(), 0.0
            code = (self.loop_write() if self.want_write() else code) or self.loop_misc()
        return code

    def _sock_recv(self, bufsize: int) -> bytes:
        if self._place == len(self._received):
            self._received, self._place = super()._sock_recv(READ_SIZE), 0
        start = self._place
        self._place = min(start + bufsize, len(self._received))
        return self._received[start : self._place]

    def _sock_close(self) -> None:
        # What was queued before is discarded with the connection; nothing of it may be queued after.
        with self._gate:
            self.connections += 1
        self._received, self._place = b"", 0
        super()._sock_close()


def make_client(
    address: Address,
    client_id: str,
    password: str | None,
    *,
    clean: bool,
    keepalive: int,
    tls: TlsFiles = TlsFiles("mqtt"),
) -> _BufferedClient:
    """A client that is not connected yet.

    Raises:
        ConfigurationError: a file with certificates cannot be used.
    """
    client = _BufferedClient(
        CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=clean, protocol=paho.MQTTv311, manual_ack=True
    )
    client.max_inflight_messages_set(1000)
    client.keepalive = keepalive
    if address.user is not None:
        client.username_pw_set(address.user, password)
    if address.tls:
        client.tls_set_context(tls.context())
    return client


@dataclass(frozen=True, slots=True)
class Subscription:
    """What the broker keeps for us while we are away.

    Args:
        client_id: name that stays the same over restarts: the broker keeps the queue under it.
        filters: topic filters to subscribe to.
        keepalive: seconds without traffic before the connection counts as lost.
        tls: files for an encrypted connection.
        largest: bytes of a payload that a rule can read; of a larger one only the beginning is kept.
    """

    client_id: str
    filters: Sequence[str]
    keepalive: int = 60
    tls: TlsFiles = TlsFiles("mqtt")
    largest: int = LARGEST_PAYLOAD


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
        self._messages: SimpleQueue[Message | None] = SimpleQueue()  # None only wakes
        self._bytes_in = self._bytes_out = 0  # each counted by one thread
        self._stopping = False
        name, keepalive = subscription.client_id, subscription.keepalive
        self._client = make_client(address, name, password, clean=False, keepalive=keepalive, tls=subscription.tls)
        self._client.crowded = self._crowded
        self._client.on_connect = self._on_connect
        self._client.on_connect_fail = self._on_connect_fail
        self._client.on_subscribe = self._on_subscribe
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message

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
        return self._messages.qsize()

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
        room = most
        with suppress(Empty):
            message = self._messages.get(timeout=timeout)
            end = time.monotonic() + linger
            while message is not None:
                messages.append(message)
                room -= max(1, len(message.payload) // USUAL_BYTES)
                if room <= 0:
                    break
                message = self._messages.get(timeout=QUIET if time.monotonic() < end else 0)
        self._bytes_out += sum(len(message.payload) for message in messages)
        return messages

    def wake(self) -> None:
        """Let `take` return at once, now or the next time; may be called by a signal handler."""
        self._messages.put(None)

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

    def _on_message(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = ""
        payload = bytes(message.payload[: self._subscription.largest + 1])
        self._bytes_in += len(payload)
        self._messages.put(
            Message(
                topic, payload, time.time_ns(), message.retain, message.mid, message.qos, self._client.connections, message.dup
            )
        )

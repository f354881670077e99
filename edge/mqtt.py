"""MQTT 3.1.1 messages in, acknowledgements out.

QoS 1 with a persistent session: the broker keeps a message until it is acknowledged, and it is acknowledged only after
its effect is committed. The network thread does nothing but hand over.
"""

import ssl
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from urllib.parse import unquote, urlsplit

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MessageType, MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode

from edge.errors import BrokerError, ConfigurationError

REFUSED = {
    "Bad user name or password": "check [mqtt] user and GATECAST_MQTT_PASSWORD",
    "Not authorized": "check [mqtt] user and GATECAST_MQTT_PASSWORD, and the broker's access list",
    "Client identifier not valid": "choose another [mqtt] client_id",
}
READ_SIZE = 65_536  # bytes
QUIET = 0.005  # seconds without a message that end a batch


@dataclass(frozen=True, slots=True)
class Address:
    """A broker.

    Args:
        host: name or IP address.
        port: TCP port.
        tls: whether to encrypt.
        user: account, or None.
    """

    host: str
    port: int
    tls: bool
    user: str | None

    @classmethod
    def parse(cls, url: str) -> "Address":
        """The address in `mqtt://[user@]host[:1883]` or `mqtts://[user@]host[:8883]`.

        Raises:
            ConfigurationError: another kind of URL, or one with a password in it.
        """
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError:
            port = -1
        if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname or port == -1 or parts.path not in ("", "/"):
            raise ConfigurationError(f"{url!r} is no broker; write mqtt://host:1883 or mqtts://host:8883")
        if parts.password is not None:
            raise ConfigurationError("[mqtt] url: keep the password out of it and set GATECAST_MQTT_PASSWORD instead")
        tls = parts.scheme == "mqtts"
        return cls(parts.hostname, port or (8883 if tls else 1883), tls, unquote(parts.username) if parts.username else None)


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it came.

    Args:
        topic: where it was published.
        payload: its bytes.
        arrival: ns UTC.
        retained: whether the broker had kept it; its age is unknown.
        mid: packet identifier to acknowledge.
        qos: 0 or 1.
        session: number of the connection it came over; identifiers of an older one mean nothing to the broker.
    """

    topic: str
    payload: bytes
    arrival: int
    retained: bool
    mid: int
    qos: int
    session: int


class _BufferedClient(paho.Client):
    """A client that reads many messages, and acknowledges many, with one system call.

    The library reads each message with three or more and writes each acknowledgement with two; every one of them hands
    the interpreter to another thread. The names with an underscore are the library's own: the supported versions are
    pinned, and a test compares with a plain client.
    """

    _received = b""
    _place = 0

    def _sock_recv(self, bufsize: int) -> bytes:
        if self._place == len(self._received):
            self._received, self._place = super()._sock_recv(READ_SIZE), 0
        start = self._place
        self._place = min(start + bufsize, len(self._received))
        return self._received[start : self._place]

    def _sock_close(self) -> None:
        self._received, self._place = b"", 0
        super()._sock_close()

    def loop_read(self, max_packets: int = 1) -> MQTTErrorCode:
        """Handle everything that has been received; the socket will not announce what is in our buffer."""
        code = super().loop_read(max_packets)
        while not code and self._place < len(self._received):
            code = super().loop_read(max_packets)
        return code

    def acknowledge(self, mids: Sequence[int]) -> None:
        """Send PUBACK for QoS 1 messages."""
        packets = b"".join(b"\x40\x02" + mid.to_bytes(2, "big") for mid in mids)
        self._packet_queue(int(MessageType.PUBACK), packets, mids[-1], 1)


def make_client(address: Address, client_id: str, password: str | None, *, clean: bool, keepalive: int) -> _BufferedClient:
    """A client that is not connected yet."""
    client = _BufferedClient(
        CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=clean, protocol=paho.MQTTv311, manual_ack=True
    )
    client.reconnect_delay_set(min_delay=1, max_delay=30)
    client.max_inflight_messages_set(1000)
    client.keepalive = keepalive
    if address.user is not None:
        client.username_pw_set(address.user, password)
    if address.tls:
        client.tls_set_context(ssl.create_default_context())
    return client


class Subscriber:
    """A persistent subscription whose messages are acknowledged one batch at a time.

    Args:
        address: the broker.
        client_id: stable over restarts: the broker's queue hangs on it.
        filters: topic filters to subscribe to.
        password: of the account in the address.
        keepalive: seconds.
        room: messages that may wait here; past it the socket is not read, so the broker keeps the rest.
    """

    def __init__(
        self,
        address: Address,
        client_id: str,
        filters: Sequence[str],
        *,
        password: str | None = None,
        keepalive: int = 60,
        room: int = 20_000,
    ) -> None:
        self.address = address
        self.refusal: str | None = None
        self._filters = list(filters)
        self._room, self._keepalive = room, keepalive
        self._messages: SimpleQueue[Message] = SimpleQueue()
        self._session = 0
        self._stopping = False
        self._connected = threading.Event()
        self._client = make_client(address, client_id, password, clean=False, keepalive=keepalive)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message

    @property
    def connected(self) -> bool:
        """Whether the broker has accepted us and the subscription."""
        return self._connected.is_set()

    @property
    def waiting(self) -> int:
        """Messages handed over by the network and not taken yet."""
        return self._messages.qsize()

    def start(self) -> None:
        """Connect in the background and stay connected."""
        self._client.connect_async(self.address.host, self.address.port, self._keepalive)
        self._client.loop_start()

    def wait_connected(self, timeout: float) -> None:
        """Wait for the first connection.

        Raises:
            BrokerError: not connected within `timeout` seconds.
        """
        end = time.monotonic() + timeout
        while not self._connected.wait(0.05):
            if self.refusal or time.monotonic() >= end:
                where = f"{self.address.host}:{self.address.port}"
                raise BrokerError(self.refusal or f"no broker answers at {where}; is it running there? check [mqtt] url")

    def take(self, most: int, timeout: float, linger: float = 0.0) -> list[Message]:
        """Up to `most` messages.

        Args:
            most: messages.
            timeout: seconds to wait for the first one.
            linger: seconds to wait for more, ended early by a pause: a broker that keeps few messages in flight
                sends no more before we acknowledge.
        """
        messages: list[Message] = []
        try:
            messages.append(self._messages.get(timeout=timeout))
            end = time.monotonic() + linger
            while len(messages) < most:
                messages.append(self._messages.get(timeout=QUIET if time.monotonic() < end else 0))
        except Empty:
            pass
        return messages

    def acknowledge(self, messages: Sequence[Message]) -> None:
        """Let the broker forget messages; those of an earlier connection will come again and change nothing."""
        mids = [message.mid for message in messages if message.qos and message.session == self._session]
        if mids:
            self._client.acknowledge(mids)

    def stop(self) -> None:
        """Disconnect; the broker keeps the session and everything not acknowledged."""
        self._stopping = True
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(self, client: paho.Client, _data: object, flags: paho.ConnectFlags, reason: ReasonCode, _: object) -> None:
        if reason.is_failure:
            hint = REFUSED.get(reason.getName(), "check [mqtt] url")
            self.refusal = f"the broker at {self.address.host}:{self.address.port} refuses us: {reason.getName()}; {hint}"
            return
        self.refusal = None
        self._session += 1
        # Also with a session present: a filter that is new in the configuration has to reach the broker.
        client.subscribe([(topic, 1) for topic in self._filters])
        del flags
        self._connected.set()

    def _on_disconnect(self, *_: object) -> None:
        self._connected.clear()

    def _on_message(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = ""
        arrived = Message(
            topic, bytes(message.payload), time.time_ns(), message.retain, message.mid, message.qos, self._session
        )
        self._messages.put(arrived)
        end = time.monotonic() + self._keepalive / 2
        while self._messages.qsize() > self._room and time.monotonic() < end and not self._stopping:
            time.sleep(0.01)

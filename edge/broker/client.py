"""The library's client, reading and acknowledging many messages at once."""

import ssl
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MessageType, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edge.broker.address import Address
from edge.broker.outgoing import Outgoing
from edge.broker.packets import PUBREL, PacketReader, completed
from edge.messages.formats.payload import LARGEST_PAYLOAD
from edge.messages.message import Message
from edge.threads import Died, raise_again, tell_of_death
from edge.tls import TlsFiles

READ_SIZE = 65_536  # bytes
NEVER = 0xFFFF_FFFF  # seconds after which a session of MQTT 5 expires: not at all
IDENTIFIERS = 65_535  # of messages that may be sent to us and not yet acknowledged: all there are
UNREAD = 1 << 20  # bytes of memory of our packets that may wait for a broker that goes on sending
UNREAD_ENTRY = 256  # bytes of it for each write, beside its content
LARGER = 1 << 20  # bytes by which a message may be larger than what we can read: it is counted, and named in the log

# First two bytes of what acknowledges a message, by its QoS: PUBACK, PUBREC. The library sends PUBREC itself; PUBCOMP is left.
RECEIVED = {1: b"\x40\x02", 2: b"\x50\x02"}
RECEIVED_BY_LIBRARY = {1: b"\x40\x02", 2: b"\x70\x02"}

Version: TypeAlias = Literal["3.1.1", "5"]


@dataclass(frozen=True, slots=True)
class Subscription:
    """What the broker keeps for us while we are away.

    Args:
        client_id: name that stays the same over restarts: the broker keeps the queue under it.
        filters: topic filters to subscribe to.
        keepalive: seconds without traffic before the connection counts as lost.
        tls: files for an encrypted connection.
        largest: bytes of a payload that a rule can read; of a larger one only the beginning is kept.
        library: whether the library reads the messages as well.
        version: version of MQTT.
        expiry: seconds that the broker keeps the queue after the connection ended; of MQTT 5 only, as the broker decides
            in 3.1.1.
        share: name of the group of clients that share the messages, or None.
        will: message that the broker publishes when our connection ends without a word, or None.
    """

    client_id: str
    filters: Sequence[str]
    keepalive: int = 60
    tls: TlsFiles = TlsFiles("mqtt")
    largest: int = LARGEST_PAYLOAD
    library: bool = False
    version: Version = "3.1.1"
    expiry: int = NEVER
    share: str | None = None
    will: Outgoing | None = None

    @property
    def wanted(self) -> list[str]:
        """The filters as the broker is asked for them."""
        return [shared(topic, self.share) for topic in self.filters]


class BufferedClient(paho.Client):
    """A client that reads many messages, and acknowledges many, with one system call.

    The library keeps the connection: login, TLS, pings and subscriptions. Messages are taken from what was received before it
    sees them. It would make an object with a lock of each, read each with three system calls or more and acknowledge each with
    two, and every call hands the interpreter to another thread. One of QoS 2 it would acknowledge at once, before its effect is
    committed, and an agent killed in between would lose it. The names with an underscore are the library's own: the supported
    versions are pinned, and a test compares with a plain client.

    While `crowded` says so nothing is read; pings go out all the same, and that no answer is read is not held against
    the broker.

    Args:
        subscription: name of the session, and how it is read.
        clean: whether the broker forgets the session when the connection ends.
        take: function that is called with the messages, in the network's thread.
    """

    crowded: Callable[[], bool] | None = None
    died: Died = staticmethod(raise_again)
    failure: str | None = None
    connections = 0
    answered = 0  # messages of QoS 1 that the broker has taken from us

    def __init__(self, subscription: Subscription, take: Callable[[list[Message]], None], *, clean: bool) -> None:
        self.five = subscription.version == "5"
        super().__init__(
            CallbackAPIVersion.VERSION2,
            client_id=subscription.client_id,
            clean_session=None if self.five else clean,
            protocol=paho.MQTTv5 if self.five else paho.MQTTv311,
            manual_ack=True,
        )
        self._subscription, self._clean = subscription, clean
        self._library, self._longest, self._take = subscription.library, subscription.largest + 1, take
        self._reader = PacketReader(self._longest, properties=self.five)
        self._received = RECEIVED_BY_LIBRARY if subscription.library else RECEIVED
        self._slow_since: float | None = None  # seconds, monotonic
        self._later: tuple[float, Callable[[], object]] | None = None
        self._unread = False  # whether more waits for the broker than it may leave unread: the connection ends
        self._packet, self._offset = b"", 0  # a packet that the library reads, and how far it is
        self._gate = threading.Lock()
        self.on_message = self._hear

    def aim(self, address: Address) -> None:
        """Say where to connect to, and as what; nothing is sent."""
        if not self.five:
            self.connect_async(address.host, address.port, self._subscription.keepalive)
            return
        wishes = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        wishes.SessionExpiryInterval = 0 if self._clean else min(self._subscription.expiry, NEVER)
        wishes.ReceiveMaximum = IDENTIFIERS
        wishes.MaximumPacketSize = self._subscription.largest + LARGER
        wishes.TopicAliasMaximum = 0
        self.connect_async(address.host, address.port, self._subscription.keepalive, clean_start=self._clean, properties=wishes)

    def read_identifiers(self) -> None:
        """Have messages name the subscriptions for which the broker sent them; reading them takes time."""
        self._reader.identified = True

    def ask(self, filters: Sequence[str], identifier: int | None) -> int | None:
        """Subscribe at QoS 1.

        Args:
            filters: filters as the broker gets them.
            identifier: identifier that the broker writes on what it sends for them, of MQTT 5; None: it writes none.

        Returns:
            Number of the request; None where there is no connection.
        """
        told = None
        if identifier is not None:
            told = Properties(PacketTypes.SUBSCRIBE)  # type: ignore[no-untyped-call]
            told.SubscriptionIdentifier = identifier
        self._reader.expect(len(filters))
        return self.subscribe([(topic, 1) for topic in filters], properties=told)[1]

    def give_up(self, filters: Sequence[str]) -> int | None:
        """Unsubscribe; returns the number of the request, as `ask`."""
        self._reader.expect(len(filters))
        return self.unsubscribe(list(filters))[1]

    @property
    def slow_since(self) -> float | None:
        """When a long message began that is not at its end, seconds of the monotonic clock; nothing else comes before it."""
        return self._slow_since

    def go_on_pinging(self) -> None:
        """Ping as often as configured, after the broker has accepted us.

        A broker of MQTT 5 may tell another time, which the library takes. One that is longer, or 0 for never, would let a dead
        broker pass for one that has nothing to send; to ping more often is always allowed.
        """
        ours = self._subscription.keepalive
        self._keepalive = min(self._keepalive or ours, ours)

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
            if not thread.is_alive():
                self._sock_close()  # one that was opened while we stopped

    def loop_read(self, max_packets: int = 1) -> MQTTErrorCode:
        """Handle everything that has been received; the socket will not announce what is in our buffer."""
        try:
            return self._wait_for_room() or (super().loop_read if self._library else self._read_more)(max_packets)
        except MemoryError:  # what the machine lacks is no fault of the broker
            raise
        except Exception as error:  # noqa: BLE001 - whatever a broken packet does to the library must not end its thread
            self.failure = f"it sends what is not MQTT: {error}"
            return self._loop_rc_handle(MQTTErrorCode.MQTT_ERR_PROTOCOL)

    def _read_more(self, max_packets: int) -> MQTTErrorCode:
        try:
            data = super()._sock_recv(READ_SIZE)
        except BlockingIOError:
            return MQTTErrorCode.MQTT_ERR_SUCCESS
        except OSError as error:
            if isinstance(error, ssl.SSLError):  # TLS 1.3 refuses our certificate after the handshake
                self.failure = str(error)
            return self._loop_rc_handle(MQTTErrorCode.MQTT_ERR_CONN_LOST)
        if not data:
            return self._loop_rc_handle(MQTTErrorCode.MQTT_ERR_CONN_LOST)
        with self._msgtime_mutex:
            self._last_bytes_received = time.monotonic()
        releases: list[bytes] = []
        for piece in self._reader.read(data, time.time_ns(), self.connections):
            if isinstance(piece, list):
                self._take(piece)
                continue
            if piece[0] == PUBREL:
                releases.append(piece)
                continue
            self._packet, self._offset = piece, 0
            code = super().loop_read(max_packets)
            if code or self.socket() is None:
                return code
        self._slow_since = (self._slow_since or time.monotonic()) if self._reader.is_dropping else None
        return self._complete(releases) if releases else MQTTErrorCode.MQTT_ERR_SUCCESS

    def _complete(self, releases: list[bytes]) -> MQTTErrorCode:
        """Answer at once that messages of QoS 2 are done with: their effect was committed before they were acknowledged."""
        return self._packet_queue(int(MessageType.PUBCOMP), b"".join(map(completed, releases)), 0, 1)

    def acknowledge(self, messages: Sequence[Message], connection: int) -> None:
        """Send PUBACK for messages of QoS 1, PUBREC for those of QoS 2, unless the connection they came over is gone."""
        received = self._received
        packets = b"".join([received[message.qos] + message.mid.to_bytes(2, "big") for message in messages])
        with self._gate:
            if connection == self.connections:
                self._packet_queue(int(MessageType.PUBACK), packets, messages[-1].mid, 1)

    @property
    def unsent(self) -> int:
        """Bytes that the broker has not read yet."""
        return sum(out["to_process"] for out in list(self._out_packet))

    def next_identifier(self) -> int:
        """An identifier for a message of QoS 1, which the library never hears of."""
        return self._mid_generate()

    def send(self, packets: bytes, connection: int) -> None:
        """Send whole packets, unless this connection is gone."""
        with self._gate:
            if packets and connection == self.connections:
                # Not as PUBLISH: the library would look for the objects that it makes of its own messages.
                self._packet_queue(int(MessageType.PUBACK), packets, 0, 0)

    def _handle_pubackcomp(self, cmd: Literal["PUBACK", "PUBCOMP"]) -> MQTTErrorCode:
        self.answered += 1
        return super()._handle_pubackcomp(cmd)

    def _packet_queue(
        self, command: int, packet: bytes | bytearray, mid: int, qos: int, info: paho.MQTTMessageInfo | None = None
    ) -> MQTTErrorCode:
        """As the library's; where a broker sends and does not read, no more piles up, and the connection ends."""
        if sum(UNREAD_ENTRY + out["to_process"] for out in list(self._out_packet)) > UNREAD:
            self._unread = True
        return MQTTErrorCode.MQTT_ERR_SUCCESS if self._unread else super()._packet_queue(command, packet, mid, qos, info)

    def later(self, seconds: float, work: Callable[[], object]) -> None:
        """Have something done in the network's thread, unless the connection ends before.

        Args:
            seconds: time until then.
            work: function that is called once.
        """
        self._later = time.monotonic() + seconds, work

    def loop_misc(self) -> MQTTErrorCode:
        """As the library's; what is due is done, and a broker that reads nothing is left."""
        if self._unread:
            self.failure = "it sends messages and reads none of our answers"
            return self._loop_rc_handle(MQTTErrorCode.MQTT_ERR_CONN_LOST)
        if self._later is not None and time.monotonic() >= self._later[0]:
            (_, work), self._later = self._later, None
            work()
        return super().loop_misc()

    def _wait_for_room(self) -> MQTTErrorCode:
        """Wait while it is crowded; this time is not held against the broker, and the time that it was silent before is."""
        code = MQTTErrorCode.MQTT_ERR_SUCCESS
        if self.crowded is None or not self.crowded():
            return code
        silent = time.monotonic() - self._ping_t if self._ping_t else 0.0
        pinged = bool(self._ping_t)
        while not code and self.crowded() and self.socket() is not None:
            time.sleep(0.01)
            with self._msgtime_mutex:
                # An unanswered ping would put the next one off, beyond the broker's patience.
                self._last_bytes_received, self._ping_t = time.monotonic(), 0.0
            code = (self.loop_write() if self.want_write() else code) or self.loop_misc()
            pinged |= self._ping_t > 0
        if pinged and not code:
            self._ping_t = time.monotonic() - silent
        return code

    def _sock_recv(self, bufsize: int) -> bytes:
        if self._library:
            return super()._sock_recv(bufsize)
        start = self._offset
        if start == len(self._packet):
            raise BlockingIOError
        self._offset = min(start + bufsize, len(self._packet))
        return self._packet[start : self._offset]

    def _hear(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        """Hand over a message that the library has read."""
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = ""
        payload = bytes(message.payload[: self._longest])
        flags = message.retain, message.mid, message.qos
        numbers = tuple(getattr(message.properties, "SubscriptionIdentifier", ()))
        self._take([Message(topic, payload, time.time_ns(), *flags, self.connections, message.dup, numbers)])

    def _sock_close(self) -> None:
        # What was queued before is discarded with the connection; nothing of it may be queued after.
        with self._gate:
            self.connections += 1
        self._packet, self._offset = b"", 0
        self._reader.begin()
        self._slow_since = self._later = None
        self._unread = False
        super()._sock_close()


def shared(topic: str, group: str | None) -> str:
    """A topic filter of which the clients of a group share the messages; the filter itself where there is no group."""
    return topic if group is None else f"$share/{group}/{topic}"


def make_client(
    address: Address,
    password: str | None,
    subscription: Subscription,
    take: Callable[[list[Message]], None],
    *,
    clean: bool = False,
) -> BufferedClient:
    """A client that is not connected yet.

    Args:
        address: the broker.
        password: password of the account in the address.
        subscription: name, keepalive and certificates of the session.
        take: function that is called with the messages, in the network's thread.
        clean: whether the broker forgets the session when the connection ends.

    Raises:
        ConfigurationError: a file with certificates cannot be used, or the password must not go there without encryption.
    """
    address.in_the_open(password, subscription.tls)
    client = BufferedClient(subscription, take, clean=clean)
    client.max_inflight_messages_set(1000)
    client.keepalive = subscription.keepalive
    if (will := subscription.will) is not None:
        client.will_set(will.topic, will.payload, will.qos, will.retained)
    if address.user is not None:
        client.username_pw_set(address.user, password)
    if address.tls:
        client.tls_set_context(subscription.tls.context())
    return client

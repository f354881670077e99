"""One visit to a broker under a name of its own: the broker keeps nothing of it, and the agent's session is not touched."""

import math
import secrets
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import paho.mqtt.client as paho
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edge.broker.address import Address
from edge.broker.client import Subscription, make_client
from edge.broker.reasons import ADVICE, URL, reason_words
from edge.config.sections import Mqtt
from edge.errors import BrokerError
from edge.messages.formats.payload import LARGEST_PAYLOAD
from edge.messages.message import Message

PATIENCE = 5.0  # seconds for each answer
STEP = 0.1
ENDS_WITHIN = 1.0  # seconds


@dataclass(frozen=True, slots=True)
class Echo:
    """What became of a message that was published and awaited.

    Args:
        refusal: reason of the broker; None where it gave none.
        seconds: time until it came back; None where it did not.
        readable: whether the broker let us subscribe to it.
    """

    refusal: str | None
    seconds: float | None
    readable: bool


class Visit:
    """A connection with a clean session; a context manager.

    Args:
        mqtt: the broker and the account.
        take: function that is called with the messages, in the network's thread.
        largest: bytes of a payload that is read whole.
        patience: seconds for each answer.
    """

    def __init__(
        self,
        mqtt: Mqtt,
        take: Callable[[list[Message]], object] = lambda _: None,
        largest: int = LARGEST_PAYLOAD,
        patience: float = PATIENCE,
    ) -> None:
        self.name = f"gatecast-check-{secrets.token_hex(4)}"
        self.address, self._tls = Address.parse(mqtt.url), mqtt.tls
        self.where = f"the broker at {self.address.host}:{self.address.port}"
        self._take, self._patience = take, patience
        self._answer = threading.Event()
        self._problem: str | None = None
        self._leaving = False
        self._granted: dict[int, int] = {}  # code by the number of the request
        self._published: dict[int, str | None] = {}  # reason by the number of the message
        self._awaited: tuple[str, threading.Event] | None = None
        self.told: Properties | None = None
        visit = Subscription(self.name, [], mqtt.keepalive, mqtt.tls, largest, version=mqtt.version)
        self._client = make_client(self.address, mqtt.password(), visit, self._hear, clean=True)
        self._client.connect_timeout = patience
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_publish = self._on_publish
        self._client.on_disconnect = self._on_disconnect

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._leaving = True
        self._client.disconnect()
        self._client.end_thread(ENDS_WITHIN if self._problem is None else 0.0)

    def connect(self) -> str:
        """Resolve the name, connect, encrypt and log in; returns what was seen, in words.

        Raises:
            BrokerError: one line that says which of these failed, and what to do.
        """
        host, port = self.address.host, self.address.port
        try:
            addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise BrokerError(f"no address is known for {host} ({error.strerror}); check [mqtt] url and the DNS") from error
        start = time.monotonic()
        try:
            self._client.aim(self.address)
            self._client.reconnect()
        except (OSError, ValueError) as error:
            failure = str(self._client.failure or error)
            meaning = self._tls.failure(failure) if self.address.tls else None
            listens = (
                "does the broker speak TLS on that port (8883 is usual)?" if self.address.tls else "does a broker run there?"
            )
            hint = f"{failure}; {listens} does a firewall let us through? {URL}"
            raise BrokerError(f"{self.where} cannot be reached: {meaning or hint}") from error
        seconds, line = time.monotonic() - start, self._client.socket()
        lock = f"{line.version()}" if isinstance(line, ssl.SSLSocket) else "without encryption"
        self._client.loop_start()
        if not self._waited(lambda: self._answer.is_set()):  # noqa: PLW0108 - a method of another object
            raise BrokerError(f"{self.where} takes the connection and does not answer; does an MQTT broker listen there?")
        self.check()
        account = "without an account" if self.address.user is None else f"logged in as {self.address.user!r}"
        version = "5" if self._client.five else "3.1.1"
        there = str(addresses[0][4][0])
        at = "" if there == host else f" ({there})"
        return f"{host}:{port}{at} answers within {max(1, math.ceil(1000 * seconds)):,} ms, {lock}, MQTT {version}, {account}"

    def check(self) -> None:
        """Go on where the connection is well.

        Raises:
            BrokerError: it is not.
        """
        if self._problem is not None:
            raise BrokerError(self._problem)

    def subscribe(self, topic: str) -> int:
        """Ask for a filter at QoS 1; returns the code of the answer: the QoS that is granted, from 128 on a refusal.

        Raises:
            BrokerError: there is no answer, or the broker ends the connection over it.
        """
        mid = self._client.ask([topic], None)
        if mid is None or not self._waited(lambda: mid in self._granted):
            self.check()
            raise BrokerError(f"{self.where} does not answer the subscription to {topic!r}; look at the broker's log")
        return self._granted[mid]

    def listen(self, seconds: float) -> None:
        """Wait for messages.

        Raises:
            BrokerError: the connection was lost.
        """
        limit = time.monotonic() + seconds
        while time.monotonic() < limit:
            time.sleep(min(STEP, max(0.0, limit - time.monotonic())))
            self.check()

    def echo(self, topic: str, *, retained: bool) -> Echo:
        """Publish an empty message and wait until it comes back.

        An empty one leaves nothing: for a broker that keeps messages it means to keep none.

        Raises:
            BrokerError: the connection was lost before it was published.
        """
        readable = self.subscribe(topic) < 128
        back = threading.Event()
        self._awaited = topic, back
        qos = min(1, getattr(self.told, "MaximumQoS", 1))
        start = time.monotonic()
        mid = self._client.publish(topic, b"", qos, retain=retained).mid
        self._waited(lambda: (not qos or mid in self._published) and (back.is_set() or not readable or self._refused(mid)))
        seconds = time.monotonic() - start if back.is_set() else None
        ended = "it ends the connection over it" if self._problem is not None else None
        return Echo(self._published.get(mid) or ended, seconds, readable)

    def _refused(self, mid: int) -> bool:
        return self._published.get(mid) is not None

    def _waited(self, condition: Callable[[], bool]) -> bool:
        """Whether a condition comes true in time, and before the connection ends."""
        limit = time.monotonic() + self._patience
        while not condition():
            if time.monotonic() > limit or (self._problem is not None and self._answer.is_set()):
                return condition()
            time.sleep(0.001 if time.monotonic() > limit - self._patience + STEP else 0.0002)
        return True

    def _end_with(self, problem: str) -> None:
        if self._problem is None and not self._leaving:
            self._problem = problem
        self._answer.set()

    def _on_connect(
        self, _client: paho.Client, _data: object, _flags: object, reason: ReasonCode, told: Properties | None
    ) -> None:
        self.told = told
        if reason.is_failure:
            own, other = getattr(told, "ReasonString", None), getattr(told, "ServerReference", None)
            words = reason_words(reason.getName(), ADVICE.get(reason.value, URL), own, other)
            self._end_with(f"{self.where} refuses us: {words}")
        self._answer.set()

    def _on_subscribe(self, _client: paho.Client, _data: object, mid: int, reasons: Sequence[ReasonCode], _: object) -> None:
        self._granted[mid] = max((reason.value for reason in reasons), default=0x80)

    def _on_publish(self, _client: paho.Client, _data: object, mid: int, reason: ReasonCode, _: object) -> None:
        self._published[mid] = reason.getName() if reason.is_failure else None

    def _on_disconnect(self, _client: paho.Client, _data: object, _flags: object, reason: ReasonCode, _: object) -> None:
        words = self._client.failure or (reason.getName() if reason.value > 0x80 else "it ended the connection")
        advice = ADVICE.get(reason.value, "does it want TLS (mqtts://) or an account? look at the broker's log")
        self._end_with(f"lost {self.where}: {words}; {advice}")

    def _hear(self, messages: list[Message]) -> None:
        kept = [message for message in messages if message.qos]
        if kept:
            self._client.acknowledge(kept, self._client.connections)
        if self._awaited is not None:
            topic, back = self._awaited
            if any(message.topic == topic for message in messages):
                back.set()
            messages = [message for message in messages if message.topic != topic]
        self._take(messages)

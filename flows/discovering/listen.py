"""Listens to a broker for a while; nothing is published, and the broker keeps nothing of the visit."""

import secrets
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

import paho.mqtt.client as paho
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode

from edge.broker.address import Address
from edge.broker.client import Subscription, make_client
from edge.broker.reasons import ADVICE, reason_words
from edge.broker.subscriber import ENDS_WITHIN
from edge.config.sections import Mqtt
from edge.errors import BrokerError
from edge.messages.message import Message
from edge.publish.topics import is_published
from pipeline.samples.heard import Heard

SYSTEM = "$SYS/#"  # no filter with a # covers it
STEP = 0.5  # seconds
ANSWERS_WITHIN = 30.0  # seconds in which a broker that took the connection must answer


@dataclass(frozen=True, slots=True)
class Listened:
    """How the listening went.

    Args:
        heard: topics with samples.
        seconds: length of the listening.
        stopped: whether Ctrl-C ended it early.
        losses: number of times the connection was lost; what was published meanwhile is missing.
    """

    heard: Heard
    seconds: float
    stopped: bool
    losses: int


class Listener:
    """One visit to a broker.

    Args:
        mqtt: the broker and the account.
        filters: topic filters to listen to.
        heard: collector of what is heard.
    """

    def __init__(self, mqtt: Mqtt, filters: Sequence[str], heard: Heard) -> None:
        self._address, self._tls = Address.parse(mqtt.url), mqtt.tls
        self._where = f"the broker at {self._address.host}:{self._address.port}"
        self._filters, self._heard = list(filters), heard
        self._answered = threading.Event()
        self._problem: str | None = None
        self._stopping = False
        self.losses = 0
        name = f"gatecast-discover-{secrets.token_hex(4)}"
        visit = Subscription(name, self._filters, mqtt.keepalive, mqtt.tls, version=mqtt.version)
        self._client = make_client(self._address, mqtt.password(), visit, self._hear, clean=True)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_disconnect = self._on_disconnect

    def listen(self, seconds: float) -> Listened:
        """Listen, at most so long; Ctrl-C ends it early.

        Raises:
            BrokerError: the broker cannot be reached, or refuses us.
        """
        try:
            self._client.aim(self._address)
            self._client.reconnect()
        except (OSError, ValueError) as error:
            failure = str(self._client.failure or error)
            meaning = self._tls.failure(failure) if self._address.tls else None
            hint = "is it running there? check --broker, or [mqtt] url"
            raise BrokerError(f"cannot reach {self._where}: {meaning or f'{failure}; {hint}'}") from error
        start, stopped = time.monotonic(), False
        if self._client.loop_start() != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise BrokerError(f"cannot listen to {self._where}")
        try:
            if not self._answered.wait(ANSWERS_WITHIN):
                raise BrokerError(f"{self._where} takes the connection and does not answer; does an MQTT broker listen there?")
            if self._problem is not None:
                raise BrokerError(self._problem)
            start = time.monotonic()
            while (left := start + seconds - time.monotonic()) > 0:
                time.sleep(min(left, STEP))  # a signal that another thread got is answered between two steps
        except KeyboardInterrupt:
            stopped = True
        finally:
            self._stopping = True
            self._client.disconnect()
            # After a refusal the thread waits for its next try, and ends by itself.
            self._client.end_thread(ENDS_WITHIN if self._problem is None else 0.0)
        return Listened(self._heard, time.monotonic() - start, stopped, self.losses)

    def _end_with(self, problem: str | None) -> None:
        if not self._answered.is_set():
            self._problem = problem
            self._answered.set()

    def _on_connect(self, client: paho.Client, _data: object, _flags: object, reason: ReasonCode, _: object) -> None:
        if reason.is_failure:
            words = reason_words(reason.getName(), ADVICE.get(reason.value, "check --broker, or [mqtt] url"))
            self._end_with(f"{self._where} refuses us: {words}")
            return
        client.subscribe([(topic, 0) for topic in (*self._filters, SYSTEM)])

    def _on_subscribe(self, _client: paho.Client, _data: object, _mid: int, reasons: list[ReasonCode], _: object) -> None:
        refused = [topic for topic, reason in zip(self._filters, reasons, strict=False) if reason.is_failure]
        if refused:
            hint = "let the account read it, or name what it may read with --topic"
            self._end_with(f"{self._where} does not let us listen to {', '.join(refused)}; {hint}")
        self._end_with(None)

    def _on_disconnect(self, *_: object) -> None:
        if not self._stopping:
            reason = self._client.failure or "it ended the connection at once; does it want TLS (mqtts://) or an account?"
            self._end_with(f"lost {self._where}: {reason}")
            self.losses += 1

    def _hear(self, messages: list[Message]) -> None:
        for message in messages:
            if message.topic and not is_published(message.topic):
                self._heard.hear(message.topic, message.payload, message.arrival, retained=message.retained)

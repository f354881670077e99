"""The subscriber against a real broker."""

import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import pytest
from paho.mqtt.packettypes import PacketTypes

from edge.backoff import Backoff
from edge.broker.address import Address
from edge.broker.client import Subscription
from edge.broker.filters import FilterRecord
from edge.broker.subscriber import Subscriber
from edge.messages.formats.payload import LARGEST_PAYLOAD
from edge.messages.message import Message
from edge.threads import Died, raise_again
from tests.support.agent_process import hang_up, publisher
from tests.support.servers import HANGS_AFTER, Mosquitto, free_port, wait_until
from tests.support.wires import break_wire, read_properties

SESSION = Subscription("gateway", ["t/#"])
SOON = Backoff(0.01, 0.01)


@contextmanager
def subscribed(
    port: int,
    *,
    user: str | None = None,
    died: Died = raise_again,
    session: Subscription = SESSION,
    **options: object,
) -> Iterator[Subscriber]:
    """A subscriber that is stopped in the end."""
    address, subscription = Address("127.0.0.1", port, tls=False, user=user), session
    subscriber = Subscriber(address, subscription, **options)  # type: ignore[arg-type]
    subscriber.start(died)
    try:
        yield subscriber
    finally:
        subscriber.stop()


def take(subscriber: Subscriber, count: int, *, acknowledge: bool = True) -> list[Message]:
    """Exactly so many messages."""
    found: list[Message] = []
    end = time.monotonic() + HANGS_AFTER
    while len(found) < count and time.monotonic() < end:
        messages = subscriber.take(count - len(found), 0.2)
        if acknowledge:
            subscriber.acknowledge(messages)
        found += messages
    return found


def connected(subscriber: Subscriber) -> None:
    """Wait until the broker has taken the subscription."""
    wait_until(lambda: subscriber.problem is None, what="the subscription")


@pytest.mark.servers
@pytest.mark.parametrize("version", ["3.1.1", "5"])
def test_what_is_not_acknowledged_comes_again(mosquitto: Mosquitto, version: Literal["3.1.1", "5"]) -> None:
    """A new connection brings every message that was taken and not acknowledged, and no other."""
    sender = publisher(mosquitto.port)
    session = Subscription("gateway", ["t/#"], version=version)
    with subscribed(mosquitto.port, session=session) as first:
        connected(first)
        for number in range(10):
            sender.publish("t/a", str(number), qos=1)
        messages = take(first, 10, acknowledge=False)
        assert not any(message.dup for message in messages)
        first.acknowledge(messages[:4])
    # A broker that hears of a new connection first drops the old one, with acknowledgements that it had not read.
    end = re.compile(r"Client gateway\b.* disconnected")
    wait_until(lambda: end.search(mosquitto.log.read_text()) is not None, what="the end of the first")
    with subscribed(mosquitto.port, session=session) as second:
        again = take(second, 6)
        assert [(message.payload, message.mid, message.dup) for message in again] == [
            (message.payload, message.mid, True) for message in messages[4:]
        ]
        assert second.take(1, 0.3) == []
    hang_up(sender)


@pytest.mark.servers
def test_an_acknowledgement_does_not_cross_connections(mosquitto: Mosquitto) -> None:
    """Over a new connection an old packet identifier is never acknowledged: it may be another message's by then."""
    sender = publisher(mosquitto.port)
    with subscribed(mosquitto.port) as subscriber:
        connected(subscriber)
        sender.publish("t/a", "1", qos=1)
        messages = take(subscriber, 1, acknowledge=False)
        break_wire(subscriber._client)
        wait_until(lambda: subscriber.session != messages[0].session and subscriber.problem is None)
        subscriber.acknowledge(messages)
        again = take(subscriber, 1, acknowledge=False)
        assert again[0].payload == b"1"
        subscriber._client.acknowledge([again[0].mid], messages[0].session)
    with subscribed(mosquitto.port) as subscriber:
        assert [message.payload for message in take(subscriber, 1)] == [b"1"]
    hang_up(sender)


@pytest.mark.servers
def test_a_full_queue_does_not_cost_the_connection(tmp_path: Path) -> None:
    """Past its room the subscriber reads nothing, however long; pings go on, and nothing is lost or read twice."""
    with Mosquitto(tmp_path / "broker", max_inflight_messages=0) as broker:
        sender = publisher(broker.port)
        with subscribed(broker.port, session=Subscription("gateway", ["t/#"], 4), room=100) as subscriber:
            connected(subscriber)
            for number in range(5000):
                sender.publish("t/a", f"{number:0500}", qos=1)
            wait_until(lambda: subscriber.waiting > 100)
            session = subscriber.session
            time.sleep(7)  # the broker gives up after one and a half times the keepalive
            assert 100 < subscriber.waiting < 1000
            assert (subscriber.session, subscriber.problem) == (session, None)
            assert [int(message.payload) for message in take(subscriber, 5000)] == list(range(5000))
            assert subscriber.session == session
        hang_up(sender)


@pytest.mark.servers
def test_large_payloads_do_not_fill_the_memory(mosquitto: Mosquitto) -> None:
    """Of a message too large to be a reading only the beginning is kept, and 16 MB of them stop the reading."""
    sender = publisher(mosquitto.port)
    with subscribed(mosquitto.port) as subscriber:
        connected(subscriber)
        for _ in range(300):
            sender.publish("t/a", bytes(LARGEST_PAYLOAD + 50_000), qos=1)
        sender.publish("t/a", bytes(5_000_000), qos=1)
        wait_until(subscriber._crowded)
        time.sleep(0.3)
        assert subscriber.waiting < 270
        messages = subscriber.take(1000, 1.0)
        assert len(messages) == 4  # a batch of large ones is a short one, as each may hold thousands of readings
        subscriber.acknowledge(messages)
        messages += take(subscriber, 297)
        assert {len(message.payload) for message in messages} == {LARGEST_PAYLOAD + 1}
        assert len(messages) == 301
    hang_up(sender)


@pytest.mark.servers
def test_wrong_password_is_said_and_tried_again(tmp_path: Path) -> None:
    """The reason names the account; when the broker changes its mind the subscriber is in."""
    broker = Mosquitto(tmp_path / "broker", password=("agent", "right"))
    with broker, subscribed(broker.port, user="agent", password="wrong") as subscriber:
        wait_until(lambda: "refuses us" in (subscriber.problem or ""))
        assert "GATECAST_MQTT_PASSWORD" in (subscriber.problem or "")
        subscriber._client.username_pw_set("agent", "right")
        connected(subscriber)


@pytest.mark.servers
def test_two_clients_with_one_name_are_told_so(mosquitto: Mosquitto) -> None:
    """Each throws the other out; the reason names the setting, stays between two connections, and ends with the quarrel."""
    words = "another client use the client id 'gateway'"
    soon = Backoff(0.1, 0.1)
    with subscribed(mosquitto.port, pauses=soon) as first:
        connected(first)
        with subscribed(mosquitto.port, pauses=soon) as second:
            wait_until(lambda: words in (first.problem or "") or words in (second.problem or ""), what="the reason")
            told = first if words in (first.problem or "") else second
            session = told.session
            wait_until(lambda: told.session > session + 1 or told.problem is None)
            assert words in (told.problem or "")
        connected(first)


def test_a_refused_subscription_is_said() -> None:
    """A broker that lets us in but not listen is a problem, not a silence."""
    with socket.create_server(("127.0.0.1", free_port())) as server, subscribed(server.getsockname()[1]) as subscriber:
        wire, _ = server.accept()
        with wire:
            wire.recv(1000)
            wire.sendall(b"\x20\x02\x00\x00")
            identifier = wire.recv(1000)[2:4]
            wire.sendall(b"\x90\x03" + identifier + b"\x80")
            wait_until(lambda: "does not let us subscribe to t/#" in (subscriber.problem or ""))


@pytest.mark.servers
@pytest.mark.parametrize("version", ["3.1.1", "5"])
def test_agents_of_a_group_share_messages_and_lose_none(mosquitto: Mosquitto, version: Literal["3.1.1", "5"]) -> None:
    """Each message reaches one of two agents, also those that are published while one or both are away."""
    sender = publisher(mosquitto.port)
    first, second = (Subscription(name, ["t/#"], version=version, share="line1") for name in ("first", "second"))
    heard: list[bytes] = []

    def send(numbers: range) -> None:
        for number in numbers:
            sender.publish("t/a", str(number), qos=1).wait_for_publish(HANGS_AFTER)

    def hear(*subscribers: Subscriber) -> int:
        for subscriber in subscribers:
            messages = subscriber.take(1000, 0.1)
            subscriber.acknowledge(messages)
            heard.extend(message.payload for message in messages)
        return len(heard)

    with subscribed(mosquitto.port, session=first) as one:
        connected(one)
        with subscribed(mosquitto.port, session=second) as two:
            connected(two)
            send(range(100))
            counts = hear(one)
            hear(two)
        send(range(100, 150))
        hear(one)
    send(range(150, 200))
    with subscribed(mosquitto.port, session=first) as one, subscribed(mosquitto.port, session=second) as two:
        wait_until(lambda: hear(one, two) >= 200, what="every message")
        assert sorted(map(int, heard)) == list(range(200))
        assert 0 < counts < 100
    hang_up(sender)


def test_a_broker_that_keeps_no_promise_is_said(tmp_path: Path) -> None:
    """What it cuts short, and a session that it forgot; until it answers the subscription, nothing is given up."""
    record = FilterRecord(tmp_path / "subscribed.json", "gateway@here")
    record.note(["old/#"])
    session = Subscription("gateway", ["t/#"], version="5", expiry=86_400)
    with (
        socket.create_server(("127.0.0.1", free_port())) as server,
        subscribed(server.getsockname()[1], session=session, record=record) as subscriber,
    ):
        wire, _ = server.accept()
        with wire:
            wire.recv(1000)
            wire.sendall(b"\x20\x08\x00\x00\x05\x11\x00\x00\x0e\x10")
            identifier = wire.recv(1000)[2:4]
            assert FilterRecord(tmp_path / "subscribed.json", "gateway@here").filters == {"t/#"}  # the broker has no others
            wire.sendall(b"\x90\x04" + identifier + b"\x00\x00")
            connected(subscriber)
            for words in ("had forgotten our session", "for 1h only", "grants QoS 0 only"):
                assert words in (subscriber.remark or "")


def test_what_we_ask_of_a_broker_of_mqtt_5() -> None:
    """To keep the queue as long as the configuration says, to send no message of a size that is no reading, and no alias."""
    session = Subscription("gateway", ["t/#"], largest=1000, version="5", expiry=86_400)
    with socket.create_server(("127.0.0.1", free_port())) as server, subscribed(server.getsockname()[1], session=session):
        wire, _ = server.accept()
        with wire:
            connect = wire.recv(1000)
    assert connect[9] & 2 == 0  # the session goes on
    assert read_properties(PacketTypes.CONNECT, connect[12:]) == {
        "SessionExpiryInterval": 86_400,
        "ReceiveMaximum": 65_535,
        "MaximumPacketSize": 1000 + 2**20,
        "TopicAliasMaximum": 0,
    }


CONNACK = b"\x20\x03\x00\x00\x00"


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ([b"\x20\x08\x00\x87\x05\x1f\x00\x02no"], "refuses us: Not authorized ('no'); check [mqtt] user"),
        ([b"\x20\x03\x00\x97\x00"], "refuses us: Quota exceeded; the broker keeps too much"),
        ([b"\x20\x03\x00\x89\x00"], "refuses us: Server busy; the broker has more to do than it can"),
        ([b"\x20\x02\x00\x01"], "refuses us: Unsupported protocol version; set the other [mqtt] version"),
        ([b"\x20\x0a\x00\x9d\x07\x1c\x00\x04else"], "refuses us: Server moved; set [mqtt] url to 'else'"),
        ([CONNACK, b"\x90\x04\x00\x01\x00\x8f"], "subscribe to t/#: Topic filter invalid; the broker takes no such filter"),
        ([CONNACK, b"\x90\x04\x00\x01\x00\x9e"], "Shared subscription not supported; the broker has no shared"),
        ([CONNACK, b"\xe0\x02\x8e\x00"], "ended the connection: Session taken over; another client uses the same client id"),
        ([CONNACK, b"\xe0\x02\x95\x00"], "ended the connection: Packet too large; raise"),
        ([CONNACK, b"\xe0\x02\x8b\x00"], "ended the connection: Server shutting down; the broker is being stopped"),
        ([CONNACK, b"\xe0\x00"], "ended the connection: "),
        ([CONNACK, b"\x36"], "no packet of a broker begins with the byte 0x36; check [mqtt] url"),
        ([CONNACK, b"\x90\x01\x00"], "it sends what is not MQTT; check [mqtt] url"),
        ([CONNACK, b"\x30\x04\x00\x00\x00\x31"], "a message has no topic, and we allow no alias"),
    ],
)
def test_the_reason_of_a_broker_is_said_with_what_to_do(answers: list[bytes], words: str) -> None:
    """At the connection, at the subscription, and at the end; what it sends that is not MQTT ends the connection."""
    session = Subscription("gateway", ["t/#"], version="5")
    with (
        socket.create_server(("127.0.0.1", free_port())) as server,
        subscribed(server.getsockname()[1], session=session, pauses=SOON) as subscriber,
    ):
        wire, _ = server.accept()
        with wire:
            for answer in answers:
                wire.recv(1000)
                wire.sendall(answer)
            wait_until(lambda: words in (subscriber.problem or ""), what=words, pause=0.001)


@pytest.mark.servers
@pytest.mark.parametrize("version", ["3.1.1", "5"])
def test_filters_that_nobody_wants_any_more_are_given_up(
    mosquitto: Mosquitto, tmp_path: Path, version: Literal["3.1.1", "5"]
) -> None:
    """What waited of an old filter still comes; then the broker sends nothing of it, and the record forgets it."""
    sender, path = publisher(mosquitto.port), tmp_path / "subscribed.json"

    def record() -> FilterRecord:
        return FilterRecord(path, "gateway@here")

    before = Subscription("gateway", ["t/#", "old/#", "older/+"], version=version)
    with subscribed(mosquitto.port, session=before, record=record()) as first:
        connected(first)
    assert record().filters == {"t/#", "old/#", "older/+"}
    sender.publish("old/a", "waited", qos=1).wait_for_publish(HANGS_AFTER)
    with subscribed(mosquitto.port, session=Subscription("gateway", ["t/#"], version=version), record=record()) as second:
        connected(second)
        assert [message.payload for message in take(second, 1)] == [b"waited"]
        wait_until(lambda: record().filters == {"t/#"}, what="the end of the old filters")
        for topic in ("old/a", "older/a", "t/a"):
            sender.publish(topic, topic, qos=1)
        assert [message.payload for message in take(second, 1)] == [b"t/a"]
        assert second.waiting == 0
    hang_up(sender)


def test_what_is_no_broker_is_said_and_survived() -> None:
    """A port that talks something else, or nothing, ends no thread; the reason says which."""
    port = free_port()
    deaths: list[str] = []
    with subscribed(port, died=deaths.append, pauses=Backoff(0.5, 0.5)) as subscriber:
        wait_until(lambda: "cannot reach" in (subscriber.problem or ""))
        with socket.create_server(("127.0.0.1", port)) as server:
            for answer in (
                b"\x20\x02\x00\x00" + b"\x30\x02\xff\xff" * 5,
                b"HTTP/1.1 400 Bad Request\r\n\r\n",
                b"\x90\x01\x00",
            ):
                wire, _ = server.accept()
                with wire:
                    wire.recv(1000)
                    wire.sendall(answer)
                    time.sleep(0.2)
        wait_until(lambda: "cannot reach" in (subscriber.problem or ""))
    assert deaths == []


def test_an_impossible_host_name_ends_no_thread() -> None:
    """A name that cannot even be looked up is a problem like any other."""
    subscriber = Subscriber(Address("a" * 70 + "..b", 1883, tls=False, user=None), Subscription("gateway", ["t/#"]))
    subscriber.start()
    wait_until(lambda: "cannot reach" in (subscriber.problem or ""))
    subscriber.stop()


def test_a_network_thread_that_dies_is_told_of() -> None:
    """By its name, and the subscriber can be stopped all the same."""
    deaths: list[str] = []

    def leave() -> float:
        raise SystemExit(3)

    with subscribed(free_port(), died=deaths.append, pauses=Backoff(1.0, 1.0, leave)):
        wait_until(lambda: deaths != [])
    assert deaths == ["the thread gatecast-mqtt died (SystemExit: 3)"]

"""The subscriber against a real broker."""

import re
import socket
import time
from contextlib import suppress
from dataclasses import dataclass, field
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
from tests.support.agent_process import hang_up, publisher, subscribe_before
from tests.support.servers import HANGS_AFTER, Mosquitto, free_port, wait_until
from tests.support.subscribed import SOON, by_hand, connected, subscribed, take
from tests.support.wires import break_wire, read_properties


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
def test_a_subscription_on_which_nothing_has_come_is_known(mosquitto: Mosquitto) -> None:
    """By its filters and since when, until the first message, whatever comes later."""
    with subscribed(mosquitto.port, session=Subscription("gateway", ["t/#", "u", "v", "w"], share="g")) as subscriber:
        connected(subscriber)
        wait_until(lambda: (subscriber.unheard or 0) > 0)
        assert subscriber.subscribed.startswith("'$share/g/t/#', '$share/g/u', '$share/g/v' and 1 more at the broker at ")
        sender = publisher(mosquitto.port)
        sender.publish("t/a", "1", qos=1)
        take(subscriber, 1)
        assert subscriber.unheard is None
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
        subscriber._client.acknowledge(again[:1], messages[0].session)
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


@pytest.mark.servers
@pytest.mark.parametrize("version", ["3.1.1", "5"])
def test_agents_of_a_group_share_messages_and_lose_none(mosquitto: Mosquitto, version: Literal["3.1.1", "5"]) -> None:
    """Each message reaches one of two agents, also those that are published while one or both are away."""
    sender = publisher(mosquitto.port)
    first, second = (Subscription(name, ["t/#"], version=version, share="line1") for name in ("first", "second"))
    by_first: set[int] = set()
    by_second: set[int] = set()

    def send(numbers: range) -> None:
        for number in numbers:
            sender.publish("t/a", str(number), qos=1).wait_for_publish(HANGS_AFTER)

    def hear(subscriber: Subscriber, heard: set[int]) -> None:
        """A message may come again to the same agent: an end of the connection may overtake an acknowledgement."""
        messages = subscriber.take(1000, 0.1)
        subscriber.acknowledge(messages)
        heard.update(int(message.payload) for message in messages)

    with subscribed(mosquitto.port, session=first) as one:
        connected(one)
        with subscribed(mosquitto.port, session=second) as two:
            connected(two)
            send(range(100))
            hear(one, by_first)
            hear(two, by_second)
        send(range(100, 150))
        hear(one, by_first)
    send(range(150, 200))

    with subscribed(mosquitto.port, session=first) as one, subscribed(mosquitto.port, session=second) as two:

        def all_came() -> bool:
            hear(one, by_first)
            hear(two, by_second)
            return by_first | by_second == set(range(200))

        wait_until(all_came, what="every message")
    assert by_first
    assert by_second
    assert by_first & by_second == set()
    hang_up(sender)


def test_what_we_ask_of_a_broker_of_mqtt_5() -> None:
    """To keep the queue as long as the configuration says, to send no message of a size that is no reading, and no alias."""
    session = Subscription("gateway", ["t/#"], largest=1000, version="5", expiry=86_400)
    with by_hand(session=session) as (_, wire):
        connect = wire.recv(1000)
    assert connect[9] & 2 == 0  # the session goes on
    assert read_properties(PacketTypes.CONNECT, connect[12:]) == {
        "SessionExpiryInterval": 86_400,
        "ReceiveMaximum": 65_535,
        "MaximumPacketSize": 1000 + 2**20,
        "TopicAliasMaximum": 0,
    }


@dataclass(frozen=True)
class Counted(Backoff):
    """Short waits that remember for which failure in a row each was."""

    failures: list[int] = field(default_factory=list)

    def wait(self, failures: int) -> float:
        """As `Backoff.wait`."""
        self.failures.append(failures)
        return 0.001


@pytest.mark.parametrize("answer", [b"\x20\x02\x00\x05", b"\x20\x02\x00\x00\x36", b"\x20\x02\x00\x00\x90\x01\x00", b""])
def test_a_broker_that_always_fails_is_tried_less_and_less_often(answer: bytes) -> None:
    """One that refuses us for ever, sends what is not MQTT after it accepted us, or hangs up: each end lengthens the wait."""
    pauses = Counted(0.0, 0.0)
    with (
        socket.create_server(("127.0.0.1", free_port())) as server,
        subscribed(server.getsockname()[1], pauses=pauses),
    ):
        for _ in range(4):
            wire, _ = server.accept()
            with wire:
                wire.recv(1000)
                wire.sendall(answer)
                wire.shutdown(socket.SHUT_WR)
                while wire.recv(1000):
                    pass
        wait_until(lambda: len(pauses.failures) >= 4)
    assert pauses.failures[:4] == [1, 2, 3, 4]


def test_a_message_that_drips_holds_up_no_ping() -> None:
    """The reason names it; a broker that falls silent within it is left, as one that answers no ping."""
    session = Subscription("gateway", ["t/#"], keepalive=1, largest=10)
    with by_hand(session=session, pauses=SOON) as (subscriber, wire):
        wire.recv(1000)
        wire.sendall(b"\x20\x02\x00\x00")
        wire.sendall(b"\x90\x03" + wire.recv(1000)[2:4] + b"\x01")
        wire.sendall(b"\x30\xff\xff\xff\x7f\x00\x03t/a" + bytes(200_000))
        wire.setblocking(False)
        heard = b""

        def drip() -> bool:
            nonlocal heard
            wire.sendall(b"0")
            with suppress(BlockingIOError):
                heard += wire.recv(1000)
            return b"\xc0\x00" in heard and "sends one large message" in (subscriber.problem or "")

        wait_until(drip, what="a ping and the reason")
        wait_until(lambda: "did not answer for 1 s" in (subscriber.problem or ""), what="the end")


@pytest.mark.servers
@pytest.mark.parametrize("version", ["3.1.1", "5"])
def test_messages_of_qos_2_are_kept_by_the_broker_until_they_are_acknowledged(
    mosquitto: Mosquitto, version: Literal["3.1.1", "5"]
) -> None:
    """Another program subscribed so under our name. What was taken comes again, marked; what was acknowledged does not."""
    subscribe_before(mosquitto.port, "gateway", "t/#")
    sender = publisher(mosquitto.port)
    for number in range(10):
        sender.publish("t/a", str(number), qos=2).wait_for_publish(HANGS_AFTER)
    session = Subscription("gateway", ["other/#"], version=version)
    with subscribed(mosquitto.port, session=session, pauses=SOON) as subscriber:
        messages = take(subscriber, 10, acknowledge=False)
        assert [(message.qos, message.dup) for message in messages] == [(2, False)] * 10
        break_wire(subscriber._client)
        again = take(subscriber, 10, acknowledge=False)
        assert [(message.payload, message.mid, message.dup) for message in again] == [
            (message.payload, message.mid, True) for message in messages
        ]
        subscriber.acknowledge(again)
        late = [f"late {number}".encode() for number in range(20)]
        for payload in late:  # as many as the broker has in flight: it sends the last one when it is done with all before them
            sender.publish("t/a", payload, qos=2).wait_for_publish(HANGS_AFTER)
        assert [message.payload for message in take(subscriber, 20, acknowledge=False)] == late
    sender.publish("t/a", "after", qos=1).wait_for_publish(HANGS_AFTER)
    with subscribed(mosquitto.port, session=session, pauses=SOON) as subscriber:
        assert [message.payload for message in take(subscriber, 21)] == [*late, b"after"]
    hang_up(sender)


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

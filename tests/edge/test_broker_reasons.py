"""Reasons of a broker in words, and as the subscriber says them."""

import socket
import time
from pathlib import Path

import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from edge.backoff import Backoff
from edge.broker.client import Subscription
from edge.broker.filters import FilterRecord
from edge.broker.reasons import ADVICE, OF_FILTERS, reason_words
from tests.support.servers import free_port, wait_until
from tests.support.subscribed import SOON, by_hand, connected, subscribed

CONNACK = b"\x20\x03\x00\x00\x00"


def test_a_reason_has_its_name_and_what_to_do() -> None:
    """With the broker's own words, shortened and on one line, and the address of another server."""
    assert reason_words("Banned", "ask") == "Banned; ask"
    assert reason_words("Banned", "ask", "no\nmore " * 50).count("\n") == 0
    assert len(reason_words("Banned", "ask", "x" * 60_000)) < 100
    assert reason_words("Server moved", "ask", None, "mqtt://b") == "Server moved; set [mqtt] url to 'mqtt://b'"


def test_advice_is_given_for_reasons_that_exist() -> None:
    """Each number is a reason of a refusal or an end in the standard."""
    for value in ADVICE:
        packets = [kind for names in [ReasonCode.names[value]] for kinds in names.values() for kind in kinds]
        assert {PacketTypes.CONNACK, PacketTypes.DISCONNECT}.intersection(packets), value
    for value in OF_FILTERS:
        assert any(PacketTypes.SUBACK in kinds for kinds in ReasonCode.names[value].values()), value


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        (
            [b"\x20\x08\x00\x87\x05\x1f\x00\x02no"],
            "refuses us: Not authorized ('no'); check the user in [mqtt] url, mqtt://user@host",
        ),
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
        ([CONNACK, b"\x90\x01\x00"], "a packet ends within its properties; check [mqtt] url"),
        ([CONNACK, b"\x40\x01\x00"], "it sends what is not MQTT; check [mqtt] url"),
        ([CONNACK, b"\x30\x04\x00\x00\x00\x31"], "a message has no topic, and we allow no alias"),
    ],
)
def test_the_reason_of_a_broker_is_said_with_what_to_do(answers: list[bytes], words: str) -> None:
    """At the connection, at the subscription, and at the end; what it sends that is not MQTT ends the connection."""
    session = Subscription("gateway", ["t/#"], version="5")
    with by_hand(session=session, pauses=SOON) as (subscriber, wire):
        for answer in answers:
            wire.recv(1000)
            wire.sendall(answer)
        wait_until(lambda: words in (subscriber.problem or ""), what=words, pause=0.001)


def test_a_broker_that_keeps_no_promise_is_said(tmp_path: Path) -> None:
    """What it cuts short, and a session that it forgot; until it answers the subscription, nothing is given up."""
    record = FilterRecord(tmp_path / "subscribed.json", "gateway@here")
    record.note(["old/#"])
    session = Subscription("gateway", ["t/#"], version="5", expiry=86_400)
    with by_hand(session=session, record=record) as (subscriber, wire):
        wire.recv(1000)
        wire.sendall(b"\x20\x08\x00\x00\x05\x11\x00\x00\x0e\x10")
        identifier = wire.recv(1000)[2:4]
        assert FilterRecord(tmp_path / "subscribed.json", "gateway@here").filters == {"t/#"}  # the broker has no others
        wire.sendall(b"\x90\x04" + identifier + b"\x00\x00")
        connected(subscriber)
        for words in ("had forgotten our session", "for 1h only", "grants QoS 0 only"):
            assert words in (subscriber.remark or "")


def test_a_refused_subscription_is_said() -> None:
    """A broker that lets us in but not listen is a problem, not a silence; what it refused is asked for again."""
    session = Subscription("gateway", ["s/#", "t/#"], keepalive=1)
    with by_hand(session=session) as (subscriber, wire):
        wire.recv(1000)
        wire.sendall(b"\x20\x02\x00\x00")
        identifier = wire.recv(1000)[2:4]
        wire.sendall(b"\x90\x04" + identifier + b"\x01\x80")
        wait_until(lambda: "does not let us subscribe to t/#: it gives no reason" in (subscriber.problem or ""))
        again = b""
        while again[:1] != b"\x82":
            again = wire.recv(1000)
            if again.startswith(b"\xc0\x00"):
                again = again[2:]
                wire.sendall(b"\xd0\x00")
        assert again[4:10] == b"\x00\x03t/#\x01"
        wire.sendall(b"\x90\x03" + again[2:4] + b"\x01")
        connected(subscriber)


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

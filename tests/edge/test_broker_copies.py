"""Of the copies of a message that a broker sends for several subscriptions one counts."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes

from edge.broker.client import Subscription, shared
from edge.broker.copies import Copies
from edge.broker.subscriber import Subscriber
from edge.messages.message import Message
from tests.support.agent_process import hang_up, publisher
from tests.support.servers import HANGS_AFTER, Mosquitto, wait_until
from tests.support.subscribed import SOON, by_hand, connected, subscribed, take
from tests.support.wires import read_properties, told

PLACE, HALL, OTHER = "meters/+/energy", "meters/hall/+", "weather/#"


def message(topic: str, *numbers: int) -> Message:
    """A message that was sent for these subscriptions."""
    return Message(topic, b"1", 5, False, 1, 1, 1, False, numbers)


def test_one_copy_counts() -> None:
    """The first that comes; one without an identifier, and that of the only filter that matches, count as well."""
    copies = Copies([HALL, OTHER, PLACE])
    assert copies.overlapping == [PLACE, HALL]
    place, hall = copies.identifier(PLACE), copies.identifier(HALL)
    numbers = [(hall,), (place,), (hall, place), (), (hall,), (place,)]
    left_out = [copies.leaves_out(message("meters/hall/energy", *number), 0.0) for number in numbers]
    assert left_out == [False, True, False, False, False, True]
    assert not any(copies.leaves_out(message("meters/hall/power", number), 0.0) for number in (hall, place))


def test_an_identifier_is_that_of_the_filter() -> None:
    """In any configuration: copies that the broker had kept before the rules were changed find their twins."""
    before, now = Copies([HALL, PLACE]), Copies([HALL, "+/hall/+", PLACE])
    now.note(PLACE, kept=False)
    assert now.identifier(HALL) == before.identifier(HALL)
    assert now.after(PLACE) == []


def test_one_copy_counts_in_a_group() -> None:
    """That of the first filter, by its text, whichever agent gets it; its twin may go to another agent."""
    copies = Copies([HALL, OTHER, PLACE], grouped=True)
    assert copies.overlapping == [PLACE, HALL]
    place, hall = copies.identifier(PLACE), copies.identifier(HALL)
    assert not copies.leaves_out(message("meters/hall/energy", place), 0.0)
    assert copies.leaves_out(message("meters/hall/energy", hall), 0.0)
    assert copies.leaves_out(message("meters/hall/energy", hall), 0.0)
    assert not copies.leaves_out(message("meters/hall/energy", place, hall), 0.0)
    assert not copies.leaves_out(message("meters/hall/energy"), 0.0)
    assert not copies.leaves_out(message("meters/hall/power", hall), 0.0)


def test_identifiers_of_a_group_are_those_of_the_last_start() -> None:
    """In any order of the rules: what the broker kept meanwhile comes before we ask for anything."""
    number = Copies([PLACE, HALL], grouped=True).identifier(HALL)
    assert Copies([HALL, OTHER, PLACE], grouped=True).leaves_out(message("meters/hall/energy", number), 0.0)


def test_an_identifier_of_another_configuration_leaves_nothing_out_of_a_group() -> None:
    """The broker may have had no subscription for the filter that comes first now."""
    before, now = Copies([HALL, "meters/+/power"], grouped=True), Copies([HALL, PLACE], grouped=True)
    assert not now.leaves_out(message("meters/hall/energy", before.identifier(HALL)), 0.0)


def test_a_filter_that_is_refused_takes_nothing_from_others_of_a_group() -> None:
    """Neither while it is refused, nor of what was sent until it was granted."""
    copies = Copies([PLACE, HALL], grouped=True)
    usual = copies.identifier(HALL)
    copies.note(PLACE, kept=False)
    assert not copies.leaves_out(message("meters/hall/energy", usual), 0.0)
    alone = copies.identifier(HALL)
    copies.note(PLACE, kept=True)
    assert copies.after(PLACE) == [HALL]
    assert not copies.leaves_out(message("meters/hall/energy", alone), 0.0)
    assert copies.identifier(HALL) == usual
    assert copies.leaves_out(message("meters/hall/energy", usual), 0.0)


def test_filters_without_a_common_topic_get_no_identifier() -> None:
    """In any configuration without such filters nothing is asked for and nothing read."""
    assert Copies(["a/+/b", "a/+/c", "d/e/#", "+/d", "+", "$SYS"]).overlapping == []


@pytest.mark.servers
@pytest.mark.parametrize("reader", ["gatecast", "paho"])
@pytest.mark.parametrize("share", [None, "group"])
@pytest.mark.parametrize("version", ["3.1.1", "5"])
def test_a_message_of_two_filters_comes_once(
    tmp_path: Path, version: Literal["3.1.1", "5"], share: str | None, reader: str
) -> None:
    """While we are there and while we are away; copies that are left out are acknowledged, or the broker would send no more.

    What comes again is marked, and harmless: the end of a connection may overtake an acknowledgement.
    """
    with Mosquitto(tmp_path, max_inflight_messages=1) as mosquitto:
        session = Subscription("gateway", [PLACE, HALL, OTHER], library=reader == "paho", version=version, share=share)
        sender, topics = (
            publisher(mosquitto.port),
            ["meters/hall/energy", "meters/hall/power", "meters/roof/energy", "weather/a"],
        )
        came: list[Message] = []
        for _ in range(3):
            with subscribed(mosquitto.port, session=session) as subscriber:
                if not came:
                    connected(subscriber)
                    for topic in topics:
                        sender.publish(topic, "here", qos=1).wait_for_publish(HANGS_AFTER)
                sender.publish("weather/last", "last", qos=1).wait_for_publish(HANGS_AFTER)
                before = len(came)

                def heard(subscriber: Subscriber = subscriber, before: int = before) -> bool:
                    messages = subscriber.take(100, 0.1)
                    subscriber.acknowledge(messages)
                    known = {(message.mid, message.topic, message.payload) for message in came}
                    came.extend(
                        message
                        for message in messages
                        if not (message.dup and (message.mid, message.topic, message.payload) in known)
                    )
                    return "weather/last" in {message.topic for message in came[before:]}

                wait_until(heard, what="the last message")
            if len(came) == len(topics) + 1:
                for topic in topics:
                    sender.publish(topic, "away", qos=1).wait_for_publish(HANGS_AFTER)
        hang_up(sender)
        texts = sorted((message.topic, message.payload) for message in came if message.topic != "weather/last")
        assert texts == sorted((topic, text) for topic in topics for text in (b"here", b"away"))


def away(mosquitto: Mosquitto, session: Subscription, count: int) -> list[bytes]:
    """What the agent gets of so many messages for two filters that were published while it was away; none comes later."""
    sender = publisher(mosquitto.port)
    for value in range(count):
        sender.publish("meters/hall/energy", b"%d" % value, qos=1).wait_for_publish(HANGS_AFTER)
    payloads: list[bytes] = []
    with subscribed(mosquitto.port, session=session) as subscriber:
        connected(subscriber)

        def heard() -> bool:
            sender.publish("weather/last", b"", qos=1).wait_for_publish(HANGS_AFTER)
            messages = subscriber.take(100, 0.1)
            subscriber.acknowledge(messages)
            payloads.extend(message.payload for message in messages if message.payload)
            return any(not message.payload for message in messages)

        wait_until(heard, what="the last message")
    hang_up(sender)
    return payloads


@pytest.mark.servers
@pytest.mark.parametrize("taken_back", [PLACE, HALL])
def test_a_subscription_that_was_taken_back_loses_nothing(tmp_path: Path, taken_back: str) -> None:
    """By another program under our name: the broker sends one copy, whose identifier is as before."""
    session = Subscription("gateway", [PLACE, HALL, OTHER], version="5")
    with Mosquitto(tmp_path) as mosquitto:
        with subscribed(mosquitto.port, session=session) as subscriber:
            connected(subscriber)
        gone = threading.Event()
        other = paho.Client(CallbackAPIVersion.VERSION2, client_id="gateway", protocol=paho.MQTTv5)
        other.on_unsubscribe = lambda *_: gone.set()
        kept = told(PacketTypes.CONNECT, SessionExpiryInterval=600)
        other.connect("127.0.0.1", mosquitto.port, clean_start=False, properties=kept)
        other.loop_start()
        wait_until(other.is_connected, what="the other program")
        other.unsubscribe(taken_back)
        assert gone.wait(HANGS_AFTER)
        hang_up(other)
        assert away(mosquitto, session, 5) == [b"0", b"1", b"2", b"3", b"4"]


@pytest.mark.servers
@pytest.mark.parametrize("room", [11, 12])
def test_a_full_queue_of_the_broker_loses_no_more_than_it_drops(tmp_path: Path, room: int) -> None:
    """It had room for one of the two copies of a message: this one counts, whichever it is."""
    session = Subscription("gateway", [PLACE, HALL, OTHER], version="5")
    with Mosquitto(tmp_path, max_inflight_messages=1, settings={"max_queued_messages": room}) as mosquitto:
        with subscribed(mosquitto.port, session=session) as subscriber:
            connected(subscriber)
        assert away(mosquitto, session, 30) == [b"0", b"1", b"2", b"3", b"4", b"5"]


def answered(wire: socket.socket, reason: int) -> tuple[list[str], int | None]:
    """The filters of the next request and its identifier; the broker gives this reason for each of them."""
    while (head := wire.recv(2)) == b"\xc0\x00":
        wire.sendall(b"\xd0\x00")
    first, length = head
    data = wire.recv(length)
    wishes = data[2 : 3 + data[2]]
    at, filters = 2 + len(wishes), list[str]()
    while at < len(data):
        size = int.from_bytes(data[at : at + 2], "big")
        filters.append(data[at + 2 : at + 2 + size].decode())
        at += 3 + size
    assert first == 0x82
    wire.sendall(bytes([0x90, 3 + len(filters)]) + data[:2] + b"\x00" + bytes([reason]) * len(filters))
    numbers = read_properties(PacketTypes.SUBSCRIBE, wishes).get("SubscriptionIdentifier")
    return filters, numbers[0] if isinstance(numbers, list) else None


@contextmanager
def broker(more: bytes, keepalive: int = 60, share: str | None = None) -> Iterator[tuple[Subscriber, socket.socket]]:
    """A subscriber and the other end of its connection; `more` are the properties with which it was accepted."""
    session = Subscription("gateway", [HALL, PLACE, OTHER], keepalive, version="5", share=share)
    with by_hand(session=session, pauses=SOON) as (subscriber, wire):
        wire.recv(1000)
        wire.sendall(bytes([0x20, 3 + len(more), 0, 0, len(more)]) + more)
        yield subscriber, wire


def test_a_broker_without_identifiers_is_asked_for_none() -> None:
    """All filters go in one request, and the log says what follows."""
    with broker(b"\x29\x00") as (subscriber, wire):
        assert answered(wire, 1) == ([HALL, PLACE, OTHER], None)
        connected(subscriber)
        assert "no subscription identifiers" in (subscriber.remark or "")


def copy_for(number: int, topic: str) -> bytes:
    """A message of QoS 1 as a broker sends it for the subscription with this identifier."""
    properties: bytes = told(PacketTypes.PUBLISH, SubscriptionIdentifier=number).pack()  # type: ignore[no-untyped-call]
    body = len(topic).to_bytes(2, "big") + topic.encode() + b"\x00\x07" + properties + b"1"
    return bytes([0x32, len(body)]) + body


@pytest.mark.parametrize("share", [None, "group"])
def test_a_filter_of_qos_0_takes_nothing_from_others(share: str | None) -> None:
    """The broker may have kept no copy for it: while the agent was away it keeps those of QoS 1 only."""
    with broker(b"", share=share) as (subscriber, wire):
        answered(wire, 1)
        filters, _ = answered(wire, 0)
        assert filters == [shared(PLACE, share)]
        _, hall = answered(wire, 1)
        connected(subscriber)
        assert "QoS 0" in (subscriber.remark or "")
        assert hall is not None
        wire.sendall(copy_for(hall, "meters/hall/energy"))
        assert [message.topic for message in take(subscriber, 1)] == ["meters/hall/energy"]


def test_a_filter_that_is_granted_later_changes_the_identifiers_behind_it() -> None:
    """In a group; it is asked for again after a keepalive, and before that nothing is left out on its account."""
    with broker(b"", keepalive=1, share="group") as (subscriber, wire):
        assert answered(wire, 1) == ([shared(OTHER, "group")], None)
        filters, place = answered(wire, 0x87)
        assert filters == [shared(PLACE, "group")]
        filters, alone = answered(wire, 1)
        assert filters == [shared(HALL, "group")]
        wait_until(lambda: PLACE in (subscriber.problem or ""), what="the refusal")
        assert answered(wire, 1) == ([shared(PLACE, "group")], place)
        filters, behind = answered(wire, 1)
        assert filters == [shared(HALL, "group")]
        assert behind not in (alone, None)
        connected(subscriber)
        assert subscriber.remark is None

"""Brokers and publishers that do what none should: the subscriber keeps its memory, and says what is wrong."""

import sys
from contextlib import suppress

import pytest

from edge.backoff import Backoff
from edge.broker.client import Subscription
from edge.messages.formats.payload import LARGEST_PAYLOAD
from edge.messages.message import LONGEST_TOPIC
from tests.support.agent_process import hang_up, publisher
from tests.support.servers import Mosquitto, wait_until
from tests.support.subscribed import SOON, by_hand, connected, subscribed, take


@pytest.mark.parametrize("told", [0, 65_535])
def test_a_broker_that_wants_no_pings_and_dies_is_noticed(told: int) -> None:
    """MQTT 5 lets it tell a keep-alive of its own; we ping as often as configured all the same."""
    session = Subscription("gateway", ["t/#"], keepalive=1, version="5")
    with by_hand(session=session, pauses=SOON) as (subscriber, wire):
        wire.recv(1000)
        wire.sendall(b"\x20\x06\x00\x00\x03\x13" + told.to_bytes(2))
        request = wire.recv(1000)
        wire.sendall(b"\x90\x04" + request[2:4] + b"\x00\x01")
        assert wire.recv(2) == b"\xc0\x00"
        wait_until(lambda: "did not answer for 1 s" in (subscriber.problem or ""), what="the end")


def test_what_takes_the_connection_and_says_nothing_may_be_no_broker() -> None:
    """Such as a web server on another port."""
    session, once = Subscription("gateway", ["t/#"], keepalive=1), Backoff(60.0, 60.0, lambda: 1.0)
    with by_hand(session=session, pauses=once) as (subscriber, wire):
        wire.recv(1000)
        said = "did not answer for 1 s; does an MQTT broker listen there? check [mqtt] url"
        wait_until(lambda: said in (subscriber.problem or ""), what="the end")


@pytest.mark.servers
def test_long_topics_fill_no_memory(mosquitto: Mosquitto) -> None:
    """A sign of four bytes makes each of 65,000 take four; such topics are too long for any rule, and only begin to be kept."""
    with subscribed(mosquitto.port) as subscriber:
        connected(subscriber)
        sender = publisher(mosquitto.port)
        for number in range(300):
            sender.publish(f"t/{number}\U0001f321{'a' * 65_000}", b"1", qos=1)
        messages = take(subscriber, 300)
        size = sum(sys.getsizeof(message.topic) for message in messages)
        hang_up(sender)
    assert {len(message.topic) for message in messages} <= set(range(LONGEST_TOPIC, 2 * LONGEST_TOPIC + 9))
    assert size < 3_000_000


def test_answers_that_nobody_asked_for_change_nothing() -> None:
    """Of an earlier request, or once more: a flood of them makes no remark longer, and gives no filter up."""
    with by_hand(pauses=SOON) as (subscriber, wire):
        wire.recv(1000)
        wire.sendall(b"\x20\x02\x00\x00")
        number = wire.recv(1000)[2:4]
        wire.sendall(b"\x90\x03\xff\xff\x80")
        wire.sendall((b"\x90\x03" + number + b"\x00") * 1000 + b"\xb0\x02" + number)
        wire.sendall(b"\x30\x06\x00\x03t/a!")
        assert [message.payload for message in take(subscriber, 1)] == [b"!"]
        assert subscriber.problem is None
        assert subscriber.remark == "the broker keeps nothing for us while we are away (it grants QoS 0 only)"


def test_messages_of_qos_2_that_are_never_released_fill_no_memory() -> None:
    """They come like those of QoS 1, and nothing is kept of them; a broker that releases for ever and reads nothing is left."""
    payload = bytes(LARGEST_PAYLOAD)
    with by_hand(pauses=SOON) as (subscriber, wire):
        with suppress(OSError):
            wire.recv(1000)
            wire.sendall(b"\x20\x02\x00\x00")
            for number in range(1, 500):
                wire.sendall(b"\x34\x87\x80\x04\x00\x03t/a" + number.to_bytes(2) + payload)
                assert [message.mid for message in take(subscriber, 1, acknowledge=False)] == [number]
            assert wire.recv(1000)
            while True:
                wire.sendall(b"\x62\x02\x00\x01" * 16_384)
        wait_until(lambda: "sends messages and reads none of our answers" in (subscriber.problem or ""), what="the end")


def test_a_broker_that_sends_and_reads_nothing_is_left() -> None:
    """It answers pings that it has not read, so only what waits for it tells; nothing is added to that beyond a limit."""
    with by_hand(pauses=SOON) as (subscriber, wire):
        with suppress(OSError):
            wire.recv(1000)
            wire.sendall(b"\x20\x02\x00\x00")
            wire.recv(1000)
            wire.sendall(b"\x32\x08\x00\x03t/a\x00\x01!" * 10_000)
            messages = take(subscriber, 10_000, acknowledge=False)
            while subscriber.losses == 0:
                wire.sendall(b"\xd0\x00")
                subscriber.acknowledge(messages)
        wait_until(lambda: "sends messages and reads none of our answers" in (subscriber.problem or ""), what="the end")


def test_a_full_room_does_not_hide_that_no_ping_is_answered() -> None:
    """The time in which we read nothing is not held against a broker, and the time in which we read is."""
    session = Subscription("gateway", ["t/#"], keepalive=1)
    with by_hand(session=session, pauses=SOON, room=1) as (subscriber, wire):
        with suppress(OSError):
            wire.recv(1000)
            wire.sendall(b"\x20\x02\x00\x00")
            wire.recv(1000)
            while subscriber.losses == 0:
                wire.recv(2)  # a ping
                wire.sendall(b"\x30\x06\x00\x03t/a!" * 4)
                wait_until(lambda: subscriber.waiting >= 4 or subscriber.losses > 0, what="a full room")
                subscriber.take(4, 0)
        wait_until(lambda: "did not answer for 1 s" in (subscriber.problem or ""), what="the end")


@pytest.mark.parametrize("codes", [b"", b"\x01", b"\x01\x01\x01"])
def test_an_answer_with_another_number_of_codes_is_no_subscription(codes: bytes) -> None:
    """Nobody knows which filters it grants; they are asked for again."""
    session = Subscription("gateway", ["t/#", "u/#"], keepalive=1)
    with by_hand(session=session, pauses=SOON) as (subscriber, wire):
        wire.recv(1000)
        wire.sendall(b"\x20\x02\x00\x00")
        number = wire.recv(1000)[2:4]
        wire.sendall(bytes([0x90, 2 + len(codes)]) + number + codes)
        words = f"its answer has {len(codes)} codes for 2 filters"
        wait_until(lambda: words in (subscriber.problem or ""), what="the reason")

"""The stand-in for the broker, with the agent's own subscriber at the other end."""

import msgspec
import pytest

from edge.bench.feed import Feed, Stream, answer_to, name_of, split
from edge.broker.address import Address
from edge.broker.client import Subscription
from edge.broker.subscriber import Subscriber
from edge.contract.times import SECOND
from edge.messages.message import Message
from tests.support.servers import wait_until

STREAM = Stream(series=3, first=3, count=7, start=1_767_225_600 * SECOND, step=60 * SECOND)
CLIENT = [
    b"\x10\x02\x00\x00",
    b"\x82\x05\x00\x07\x00\x00\x01",
    b"\x40\x02\x00\x01" * 3,
    b"\xc0\x00",
    b"\x82\x85\x01" + b"x" * 133,
]


def take(port: int, count: int, *, acknowledge: bool) -> list[Message]:
    """What a new client gets."""
    subscriber = Subscriber(Address("127.0.0.1", port, tls=False, user=None), Subscription("bench", ["bench/#"]))
    messages: list[Message] = []
    subscriber.start()
    try:
        while len(messages) < count:
            messages += subscriber.take(count, 0.2)
        if acknowledge:
            subscriber.acknowledge(messages)
            wait_until(lambda: not subscriber.waiting)
    finally:
        subscriber.stop()
    return messages


def test_a_client_gets_every_reading_until_it_has_acknowledged_it() -> None:
    """In order, at QoS 1; one that comes again gets what it did not acknowledge."""
    with Feed(STREAM) as feed:
        first = take(feed.port, STREAM.count, acknowledge=False)
        again = take(feed.port, STREAM.count, acknowledge=True)
        wait_until(lambda: feed.acknowledged == STREAM.count, what="every acknowledgement")
    assert [message.payload for message in first] == [message.payload for message in again]
    assert [message.topic for message in first[:3]] == [f"bench/device0000{number}/temperature" for number in range(3)]
    documents = [msgspec.json.decode(message.payload) for message in first]
    assert [document["time"] * SECOND for document in documents] == [STREAM.moment(number) for number in range(3, 10)]
    assert {len(message.payload) for message in first} == {100}
    assert {message.qos for message in first} == {1}


@pytest.mark.parametrize("rate", [0.0, 500.0])
def test_a_rate_sends_everything_in_the_end(rate: float) -> None:
    """However slow the machine is, nothing is left out."""
    with Feed(STREAM, rate) as feed:
        assert len(take(feed.port, STREAM.count, acknowledge=True)) == STREAM.count


@pytest.mark.parametrize("cut", range(len(b"".join(CLIENT)) + 1))
def test_packets_of_a_client_are_whole_wherever_the_stream_is_cut(cut: int) -> None:
    """Acknowledgements in a row come as one piece or more."""
    stream = b"".join(CLIENT)
    packets, rest = split(stream[:cut])
    more, end = split(rest + stream[cut:])
    assert b"".join([*packets, *more]) == stream
    assert not end
    assert all(len(packet) % 4 == 0 for packet in (*packets, *more) if packet[0] == 0x40)


def test_answers_are_those_of_a_broker() -> None:
    """CONNACK, SUBACK with the identifier of the request, PINGRESP; nothing for an acknowledgement."""
    assert [answer_to(packet) for packet in CLIENT[:4]] == [b"\x20\x02\x00\x00", b"\x90\x03\x00\x07\x01", b"", b"\xd0\x00"]


def test_a_series_is_named_as_the_rule_names_it() -> None:
    """History and readings are of the same series."""
    assert name_of(42) == "device00042.temperature"

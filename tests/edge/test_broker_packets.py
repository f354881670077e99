"""The reader of packets beside the library's own parser, on streams that are cut anywhere."""

import socket
import threading
from itertools import pairwise

import paho.mqtt.client as paho
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.enums import CallbackAPIVersion

from edge.broker.packets import NotMqtt, PacketReader
from edge.messages.message import Message
from tests.support.servers import HANGS_AFTER

LONGEST = 300  # bytes of a payload that are kept
PINGRESP = b"\xd0\x00"
SUBACK = b"\x90\x03\x00\x01\x01"


def packet(first: int, body: bytes) -> bytes:
    """A packet of any type; its length in as few bytes as it takes."""
    digits: list[int] = []
    left = len(body)
    while not digits or left:
        digits.append(left % 128)
        left //= 128
    return bytes([first, *(digit | 128 for digit in digits[:-1]), digits[-1]]) + body


def publish(topic: bytes, payload: bytes, *, mid: int = 0, qos: int = 0, retained: bool = False, dup: bool = False) -> bytes:
    """A message."""
    identifier = mid.to_bytes(2, "big") if qos else b""
    return packet(0x30 | dup << 3 | qos << 1 | retained, len(topic).to_bytes(2, "big") + topic + identifier + payload)


PUBLISHES = st.builds(
    publish,
    st.text(min_size=1, max_size=30).map(str.encode),
    st.integers(0, 3).flatmap(lambda power: st.binary(max_size=5).map(lambda some: some * 10**power)),
    mid=st.integers(1, 65_535),
    qos=st.sampled_from([0, 1]),
    retained=st.booleans(),
    dup=st.booleans(),
)


def read(reader: PacketReader, pieces: list[bytes]) -> tuple[list[Message], list[bytes]]:
    """Messages and other packets."""
    messages: list[Message] = []
    others: list[bytes] = []
    for piece in pieces:
        for part in reader.read(piece, 5, 7):
            if isinstance(part, list):
                messages += part
            else:
                others.append(part)
    return messages, others


def library(stream: bytes, count: int) -> list[Message]:
    """What the library's client makes of a stream with so many messages."""
    heard: list[Message] = []
    done = threading.Event()

    def hear(_client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        flags = message.retain, message.mid, message.qos
        heard.append(Message(message.topic, bytes(message.payload)[:LONGEST], 5 + len(heard), *flags, 7, message.dup))
        if len(heard) == count:
            done.set()

    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="plain", manual_ack=True)
    client.on_message = hear
    with socket.create_server(("127.0.0.1", 0)) as server:
        client.connect("127.0.0.1", server.getsockname()[1])
        wire, _ = server.accept()
        with wire:
            wire.sendall(b"\x20\x02\x00\x00" + stream)
            client.loop_start()
            assert done.wait(HANGS_AFTER)
            client.disconnect()
            client.loop_stop()
    return heard


def test_a_stream_gives_what_the_library_makes_of_it_wherever_it_is_cut() -> None:
    """Topics of every length class, payloads from nothing to above the longest, each flag, other packets between them."""
    sizes = [0, 1, 60, 110, 127, 128, 200, LONGEST - 1, LONGEST, LONGEST + 1, 1000]
    publishes = [
        publish(
            f"t/{'ä' * (number % 5)}".encode(),
            bytes(number + place for place in range(100)) * 10 if size == 1000 else bytes([number]) * size,
            mid=number * 257 + 1,
            qos=number % 2,
            retained=number % 3 == 0,
            dup=number % 4 == 1,
        )
        for number, size in enumerate(sizes)
    ]
    stream = PINGRESP + b"".join(publishes[:4]) + PINGRESP + SUBACK + b"".join(publishes[4:]) + PINGRESP
    expected = library(stream, len(sizes)), [PINGRESP, PINGRESP, SUBACK, PINGRESP]
    assert len(expected[0]) == len(sizes)
    for cut in range(len(stream) + 1):
        assert read(PacketReader(LONGEST), [stream[:cut], stream[cut:]]) == expected
    assert read(PacketReader(LONGEST), [stream[place : place + 1] for place in range(len(stream))]) == expected


@given(st.lists(PUBLISHES | st.sampled_from([PINGRESP, SUBACK]), max_size=8), st.lists(st.integers(0, 2000), max_size=5))
def test_cuts_change_nothing(packets: list[bytes], cuts: list[int]) -> None:
    """Generated messages, cut in several places; of a long one nothing is said before its end has come."""
    stream = b"".join(packets)
    places = [0, *sorted(cuts), len(stream) + 2000]
    pieces = [stream[first:last] for first, last in pairwise(places)]
    whole = read(PacketReader(LONGEST), [stream])
    assert read(PacketReader(LONGEST), pieces) == whole
    assert len(whole[0]) + len(whole[1]) == len(packets)
    assert len(read(PacketReader(LONGEST), [stream[:-1]])[0]) == len(whole[0]) - bool(packets and packets[-1][0] >> 4 == 3)


def test_no_two_messages_arrive_at_the_same_moment() -> None:
    """Readings without a time of their own would be one, where messages come together; a clock that is set back is followed."""
    reader, two = PacketReader(LONGEST), publish(b"t", b"1") + publish(b"t", b"2")
    moments = [5, 5, 6, 20, 19, 10**12, 4]
    arrivals = [
        message.arrival
        for moment in moments
        for piece in reader.read(two, moment, 7)
        for message in piece
        if isinstance(message, Message)
    ]
    assert arrivals == [5, 6, 7, 8, 9, 10, 20, 21, 22, 23, 10**12, 10**12 + 1, 4, 5]


def test_a_long_message_is_dropped_as_it_comes() -> None:
    """Of 10 MB the first bytes are kept, once the last ones have come; the next message is whole."""
    size = 10_000_000
    body = b"\x00\x03t/a\x00\x09" + bytes(size)
    reader, stream = PacketReader(LONGEST), packet(0x32, body) + publish(b"t/b", b"1")
    held = 0
    messages: list[Message] = []
    for place in range(0, len(stream), 65_536):
        messages += read(reader, [stream[place : place + 65_536]])[0]
        held = max(held, len(reader._rest))
        assert place + 65_536 >= len(body) or messages == []
    assert [(message.topic, len(message.payload), message.mid) for message in messages] == [("t/a", LONGEST, 9), ("t/b", 1, 0)]
    assert held < 200_000


def test_a_message_of_qos_2_is_the_librarys() -> None:
    """Its packet is handed on whole: three more follow it."""
    stream = publish(b"t/a", b"1", mid=5, qos=2)
    assert read(PacketReader(LONGEST), [stream]) == ([], [stream])


def test_a_topic_that_is_no_text_is_of_no_rule() -> None:
    """Its message has an identifier, by which it is acknowledged."""
    (message,), _ = read(PacketReader(LONGEST), [publish(b"t/\xff", b"1", mid=5, qos=1)])
    assert (message.topic, message.payload, message.mid) == ("", b"1", 5)


def test_a_new_connection_begins_with_a_packet() -> None:
    """What the last one left unfinished, short or long, is forgotten."""
    for begun in (publish(b"t/a", b"12")[:-1], packet(0x30, b"\x00\x03t/a" + bytes(500_000))[:400_000]):
        reader = PacketReader(LONGEST)
        assert read(reader, [begun]) == ([], [])
        reader.begin()
        assert [message.payload for message in read(reader, [publish(b"t/b", b"3")])[0]] == [b"3"]


@pytest.mark.parametrize(
    "stream", [b"\x30\x02\xff\xff", b"\x30\x00\x30\x00", b"\x32\x04\x00\x01tx", b"\x90\xff\xff\xff\xff\xff"]
)
def test_what_is_not_mqtt_is_said(stream: bytes) -> None:
    """A message that ends within its topic or identifier, and a length of five bytes."""
    with pytest.raises(NotMqtt):
        read(PacketReader(LONGEST), [stream])

"""The reader of packets beside the library's own parser, on streams that are cut anywhere."""

import socket
import sys
import threading
from itertools import pairwise

import paho.mqtt.client as paho
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes

from edge.broker.packets import NotMqtt, PacketReader, completed
from edge.messages.formats.payload import takes_more
from edge.messages.message import LONGEST_TOPIC, Message
from tests.support.servers import HANGS_AFTER
from tests.support.wires import told

LONGEST = 300  # bytes of a payload that are kept
PINGRESP = b"\xd0\x00"
SUBACK = b"\x90\x04\x00\x01\x00\x01"  # without properties in MQTT 5; of two filters in 3.1.1
DISCONNECT = b"\xe0\x02\x8e\x00"

both_versions = pytest.mark.parametrize("five", [False, True], ids=["3.1.1", "5"])


def digits(number: int) -> bytes:
    """A number in as few bytes of seven bits as it takes."""
    found = bytearray()
    while not found or number:
        found.append(number % 128 | 128)
        number //= 128
    found[-1] &= 127
    return bytes(found)


def packet(first: int, body: bytes) -> bytes:
    """A packet of any type."""
    return bytes([first]) + digits(len(body)) + body


def publish(
    topic: bytes, payload: bytes, *, mid: int = 0, qos: int = 0, retained: bool = False, dup: bool = False, more: bytes = b""
) -> bytes:
    """A message; `more` are its properties with their length."""
    identifier = mid.to_bytes(2, "big") if qos else b""
    body = len(topic).to_bytes(2, "big") + topic + identifier + more + payload
    return packet(0x30 | dup << 3 | qos << 1 | retained, body)


def properties(number: int) -> bytes:
    """Properties as a broker may send them, from none to more than 127 bytes."""
    values: dict[str, object] = {}
    if number % 3:
        values = {"UserProperty": [("site", "north"), ("room", "ä" * 10 * number)], "MessageExpiryInterval": number}
    if number % 4 == 1:
        values |= {"ContentType": "application/json", "PayloadFormatIndicator": 1}
        values |= {"ResponseTopic": "answer", "CorrelationData": b"\x00\x01"}
    return bytes(told(PacketTypes.PUBLISH, **values).pack())  # type: ignore[no-untyped-call]


def publishes(*, five: bool) -> st.SearchStrategy[bytes]:
    """Messages of one version."""
    return st.builds(
        publish,
        st.text(min_size=1, max_size=30).map(str.encode),
        st.integers(0, 3).flatmap(lambda power: st.binary(max_size=5).map(lambda some: some * 10**power)),
        mid=st.integers(1, 65_535),
        qos=st.sampled_from([0, 1, 2]),
        retained=st.booleans(),
        dup=st.booleans(),
        more=st.integers(0, 20).map(properties) if five else st.just(b""),
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


def library(stream: bytes, count: int, *, five: bool) -> list[Message]:
    """What the library's client makes of a stream with so many messages."""
    heard: list[Message] = []
    done = threading.Event()

    def hear(_client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        flags = message.retain, message.mid, message.qos
        heard.append(Message(message.topic, bytes(message.payload)[:LONGEST], 5 + len(heard), *flags, 7, message.dup))
        if len(heard) == count:
            done.set()

    protocol = paho.MQTTv5 if five else paho.MQTTv311
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="plain", protocol=protocol, manual_ack=True)
    client.on_message = hear
    with socket.create_server(("127.0.0.1", 0)) as server:
        client.connect("127.0.0.1", server.getsockname()[1])
        wire, _ = server.accept()
        with wire:
            wire.sendall((b"\x20\x03\x00\x00\x00" if five else b"\x20\x02\x00\x00") + stream)
            client.loop_start()
            assert done.wait(HANGS_AFTER)
            client.disconnect()
            client.loop_stop()
    return heard


@both_versions
def test_a_stream_gives_what_the_library_makes_of_it_wherever_it_is_cut(*, five: bool) -> None:
    """Topics and properties of every length class, payloads from nothing to above the longest, each flag and QoS, others.

    The library hands over a message of QoS 2 when the broker releases it, so each is released at once.
    """
    sizes = [0, 1, 60, 110, 127, 128, 200, LONGEST - 1, LONGEST, LONGEST + 1, 1000]
    publishes = [
        publish(
            f"t/{'ä' * (number % 5)}".encode(),
            bytes(number + place for place in range(100)) * 10 if size == 1000 else bytes([number]) * size,
            mid=number * 257 + 1,
            qos=number % 3,
            retained=number % 5 == 0,
            dup=number % 4 == 1,
            more=properties(number) if five else b"",
        )
        for number, size in enumerate(sizes)
    ]
    releases = [packet(0x62, (number * 257 + 1).to_bytes(2, "big")) for number in range(len(sizes))]
    publishes = [part + releases[number] * (number % 3 == 2) for number, part in enumerate(publishes)]
    stream = PINGRESP + b"".join(publishes[:4]) + PINGRESP + SUBACK + b"".join(publishes[4:]) + PINGRESP
    others = [PINGRESP, *releases[2:4:3], PINGRESP, SUBACK, *releases[5::3], PINGRESP]
    expected = library(stream, len(sizes), five=five), others
    assert [message.qos for message in expected[0]] == [0, 1, 2] * 3 + [0, 1]
    for cut in range(len(stream) + 1):
        assert read(PacketReader(LONGEST, properties=five), [stream[:cut], stream[cut:]]) == expected
    single = [stream[place : place + 1] for place in range(len(stream))]
    assert read(PacketReader(LONGEST, properties=five), single) == expected


@given(
    st.booleans().flatmap(
        lambda five: st.tuples(
            st.just(five), st.lists(publishes(five=five) | st.sampled_from([PINGRESP, SUBACK]), min_size=1, max_size=8)
        )
    ),
    st.lists(st.integers(0, 2000), max_size=5),
)
def test_cuts_change_nothing(drawn: tuple[bool, list[bytes]], cuts: list[int]) -> None:
    """Generated messages, cut in several places; of a long one nothing is said before its end has come."""
    five, packets = drawn
    stream = b"".join(packets)
    places = [0, *sorted(cuts), len(stream) + 2000]
    pieces = [stream[first:last] for first, last in pairwise(places)]
    whole = read(PacketReader(LONGEST, properties=five), [stream])
    assert read(PacketReader(LONGEST, properties=five), pieces) == whole
    assert len(whole[0]) + len(whole[1]) == len(packets)
    cut = read(PacketReader(LONGEST, properties=five), [stream[:-1]])
    assert len(cut[0]) == len(whole[0]) - (packets[-1][0] >> 4 == 3)


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


def test_long_properties_count_as_a_payload_that_is_too_long() -> None:
    """They are dropped as they come, and their message can be acknowledged."""
    stream = publish(b"t/a", b"1", mid=9, qos=1, more=b"\x80\x89\x7a" + bytes(2_000_000)) + publish(b"t/b", b"2", more=b"\x00")
    pieces = [stream[place : place + 65_536] for place in range(0, len(stream), 65_536)]
    found = read(PacketReader(LONGEST, properties=True), pieces)[0]
    assert [(message.topic, len(message.payload), message.mid) for message in found] == [("t/a", LONGEST, 9), ("t/b", 1, 0)]


@pytest.mark.parametrize("numbers", [(), (1,), (127, 128), (268_435_455, 5, 16_384)])
def test_identifiers_of_subscriptions_are_read_where_they_are_wanted(numbers: tuple[int, ...]) -> None:
    """Before and behind all other properties of a message, or between them."""
    named = [bytes([0x0B, *digits(number)]) for number in numbers]
    others = [properties(number) for number in range(20)]
    told = [more[1 + (more[0] > 127) :] for more in others]
    for body in [part for more in told for part in (b"".join(named) + more, more + b"".join(named))]:
        stream = publish(b"t", b"1", mid=1, qos=1, more=digits(len(body)) + body)
        reader = PacketReader(LONGEST, properties=True)
        assert read(reader, [stream])[0][0].subscriptions == ()
        reader.identified = True
        (message,), _ = read(reader, [stream])
        assert (message.subscriptions, message.payload) == (numbers, b"1")


@pytest.mark.parametrize("body", [b"\x0b", b"\x0b\x81", b"\x0b\x01\x7f", b"\x0b\x01\x02\x00", b"\x0b\x01\x26\x00\x05a"])
def test_of_broken_properties_no_identifier_is_taken(body: bytes) -> None:
    """Nothing is left out then."""
    reader = PacketReader(LONGEST, properties=True)
    reader.identified = True
    (message,), _ = read(reader, [publish(b"t", b"1", more=bytes([len(body)]) + body)])
    assert (message.subscriptions, message.payload) == ((), b"1")


def test_a_release_is_answered_with_its_identifier() -> None:
    """In MQTT 5 a reason, and properties of any length, may follow it."""
    for more in (b"", b"\x00", b"\x92\x00", b"\x00\xcb\x01\x1f\x00\xc8" + b"a" * 200):
        assert completed(packet(0x62, b"\x01\x02" + more)) == b"\x70\x02\x01\x02"
    for short in (b"", b"\x01"):
        with pytest.raises(NotMqtt):
            completed(packet(0x62, short))


def test_a_topic_that_is_no_text_is_of_no_rule() -> None:
    """Its message has an identifier, by which it is acknowledged."""
    (message,), _ = read(PacketReader(LONGEST), [publish(b"t/\xff", b"1", mid=5, qos=1)])
    assert (message.topic, message.payload, message.mid) == ("", b"1", 5)


@pytest.mark.parametrize("sign", ["a", "é", "я", "€", "\U0001f321"])
def test_what_is_kept_of_a_topic_that_is_too_long_is_too_long(sign: str) -> None:
    """Whatever it is written with; the longest one that a rule can take is kept whole."""
    for count in (LONGEST_TOPIC // 4, LONGEST_TOPIC, 2 * LONGEST_TOPIC, 65_000 // len(sign.encode())):
        topic = sign * count
        ((message,), _) = read(PacketReader(LONGEST), [publish(topic.encode(), b"1")])
        assert message.payload == b"1"
        assert takes_more(message.topic, LONGEST_TOPIC) == takes_more(topic, LONGEST_TOPIC)
        assert message.topic == topic or takes_more(topic, LONGEST_TOPIC)
        assert sys.getsizeof(message.topic) < 10 * LONGEST_TOPIC


def test_a_new_connection_begins_with_a_packet() -> None:
    """What the last one left unfinished, short or long, is forgotten."""
    for begun in (publish(b"t/a", b"12")[:-1], packet(0x30, b"\x00\x03t/a" + bytes(500_000))[:400_000]):
        reader = PacketReader(LONGEST)
        assert read(reader, [begun]) == ([], [])
        reader.begin()
        assert [message.payload for message in read(reader, [publish(b"t/b", b"3")])[0]] == [b"3"]


def test_each_connection_is_accepted_once() -> None:
    """The next one again."""
    reader = PacketReader(LONGEST)
    for _ in range(3):
        assert read(reader, [b"\x20\x02", b"\x00\x00"]) == ([], [b"\x20\x02\x00\x00"])
        reader.begin()


@pytest.mark.parametrize(
    "stream",
    [
        b"\x30\x02\xff\xff",
        b"\x30\x00\x30\x00",
        b"\x32\x04\x00\x01tx",
        b"\x90\xff\xff\xff\xff\xff",
        b"\x36",
        b"\x91",
        b"\x10",
        b"\x00",
        b"HTTP/1.1 400",
        b"\x90\xff\xff\xff\x7f",
        b"\x90\xf9\xa2\x04",
        b"\x20\x02\x00\x00\x20\x02\x00\x00",
    ],
)
@both_versions
def test_what_is_not_mqtt_is_said(stream: bytes, *, five: bool) -> None:
    """A message that ends within its topic, a length of five bytes, a type or flags that no broker sends, a huge answer.

    A broker that accepts a connection twice is none either: we would subscribe again each time.
    """
    with pytest.raises(NotMqtt):
        read(PacketReader(LONGEST, properties=five), [stream])


@pytest.mark.parametrize("first", [0x90, 0xB0])
@both_versions
def test_an_answer_has_no_more_codes_than_filters_were_named(first: int, *, five: bool) -> None:
    """The library makes kilobytes of each code; the reason beside them may be as long as MQTT allows."""
    reader = PacketReader(LONGEST, properties=five)
    reader.expect(1000)
    reason = b"\x83\x80\x04\x1f\xff\xff" + b"r" * 65_535 if five else b""
    answer = packet(first, b"\x00\x07" + reason + b"\x01" * 1000)
    assert read(reader, [answer[:3], answer[3:]]) == ([], [answer])
    with pytest.raises(NotMqtt):
        read(reader, [packet(first, b"\x00\x07" + (b"\x00" if five else b"") + b"\x01" * (1001 if five else 1006))])


@pytest.mark.parametrize("first", [0x20, 0x40, 0x50, 0x62, 0x70, 0x90, 0xB0, 0xD0])
def test_an_answer_of_mqtt_3_has_a_few_bytes(first: int) -> None:
    """It is refused as soon as its length is there."""
    assert read(PacketReader(LONGEST), [bytes([first, 8])]) == ([], [])
    with pytest.raises(NotMqtt):
        read(PacketReader(LONGEST), [bytes([first, 9])])


@pytest.mark.parametrize(
    "stream",
    [
        packet(0x90, b"\x00\x07"),
        packet(0x90, b"\x00\x07\x02\x1f"),
        publish(b"t", b"", more=b"\x05"),
        publish(b"t", b"1", more=b"\xff\xff\xff\xff"),
        publish(b"t", b""),
        publish(b"", b"1", more=b"\x03\x23\x00\x01"),
    ],
)
def test_broken_properties_are_said(stream: bytes) -> None:
    """What ends within its properties, and a message with an alias in place of its topic, which we do not allow."""
    with pytest.raises(NotMqtt):
        read(PacketReader(LONGEST, properties=True), [stream])


def test_a_broker_disconnects_in_mqtt_5_only() -> None:
    """In 3.1.1 only a client does."""
    assert read(PacketReader(LONGEST, properties=True), [DISCONNECT]) == ([], [DISCONNECT])
    with pytest.raises(NotMqtt):
        read(PacketReader(LONGEST), [DISCONNECT])

"""The packets of MQTT 3.1.1 and 5 in a stream of bytes. What devices publish is read here; everything else is the library's.

A PUBLISH packet (chapter 3.3 of the standards of OASIS) is a byte of type and flags, the length of the rest in one to four
bytes of seven bits each, the topic behind its length of two bytes, an identifier of two bytes if QoS is above 0, and the
payload. In MQTT 5 properties stand before the payload, behind their length in one to four bytes. None of them changes what
a reading is, so they are left out unread; only the identifiers of subscriptions are read, where we have asked for such.
"""

from collections.abc import Iterator

from edge.messages.message import LONGEST_TOPIC, Message

# First bytes of messages of each QoS, retained or sent again or not.
MESSAGES = frozenset(0x30 | dup << 3 | qos << 1 | retained for dup in (0, 1) for qos in (0, 1, 2) for retained in (0, 1))
PUBLISH = 3  # the type of messages
# First bytes of other packets of a broker: CONNACK, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK, UNSUBACK, PINGRESP.
ANSWERS = frozenset({0x20, 0x40, 0x50, 0x62, 0x70, 0x90, 0xB0, 0xD0})
CONNACK = 0x20
PUBREL = 0x62
SUBACK, UNSUBACK = 0x90, 0xB0
DISCONNECT = 0xE0  # by a broker in MQTT 5 only
SUBSCRIPTION = 0x0B  # the property of a message that names the subscription for which it was sent
SIZES = {0x01: 1, 0x02: 4, 0x23: 2}  # bytes of its other properties: format of the payload, expiry, alias of the topic
TEXTS = {
    0x03: 1,
    0x08: 1,
    0x09: 1,
    0x26: 2,
}  # texts of them: type of the content, topic and mark of an answer, and what a user adds
SET_BACK = 1_000_000_000  # ns; a clock that goes back by less gives no time twice
# Bytes before a payload: type and length, the topic behind its length, an identifier, the length of the properties.
LONGEST_PREFIX = 5 + 2 + 65_535 + 2 + 4
# Bytes of a topic, with its length before it, that are kept. One of more is too long for any rule, and so is what is kept of
# it: two of its bytes take one in memory at least.
LONGEST_KEPT = 2 + 2 * (LONGEST_TOPIC + 4)
# Bytes of a packet that is no message, beside a code for each filter: an identifier, a reason and the length of the properties.
# The text of a reason, of up to 65,535 bytes, is the longest property. The library makes kilobytes of each code.
FIXED, PROPERTIES = 2 + 1 + 4, 70_000


class NotMqtt(Exception):
    """A stream that holds something else; the text says what."""


class PacketReader:
    """Takes a stream apart, in pieces of any size.

    A message that is too long is never held as a whole: its first bytes are kept, the others dropped as they come. No two
    messages arrive in the same nanosecond, also where they come in one piece: a store keeps one value of a moment.

    Args:
        longest: number of bytes of a payload that are kept.
        properties: whether messages have properties: the connection speaks MQTT 5.
    """

    def __init__(self, longest: int, *, properties: bool = False) -> None:
        self._longest, self._properties = longest, properties
        self._filters = 1  # most filters that a request named
        self.identified = False  # whether the identifiers of subscriptions are read
        self._known = MESSAGES | ANSWERS | ({DISCONNECT} if properties else set())
        self._arrival = self._session = 0  # of the next message
        self.begin()

    def expect(self, codes: int) -> None:
        """Take an answer with so many codes from now on: as many as a request names filters."""
        self._filters = max(self._filters, codes)

    def begin(self) -> None:
        """Forget what is not complete: the next bytes are the first ones of a connection."""
        self._rest = b""
        self._long: list[Message] = []  # a long message under way
        self._to_drop = 0  # bytes until its end
        self._accepted = False  # whether a CONNACK came; a second one would make the library subscribe once more

    @property
    def is_dropping(self) -> bool:
        """Whether a long message is under way: nothing else comes before its end."""
        return self._to_drop > 0

    def read(self, data: bytes, arrival: int, session: int) -> Iterator[list[Message] | bytes]:
        """What the bytes complete, in its order: messages, and whole packets of other types.

        Args:
            data: bytes that came next.
            arrival: time of their arrival, ns UTC.
            session: number of the connection.

        Raises:
            NotMqtt: no broker sends this.
        """
        self._session = session
        if not 0 <= self._arrival - arrival < SET_BACK:
            self._arrival = arrival
        if self._to_drop:
            self._to_drop, data = max(0, self._to_drop - len(data)), data[self._to_drop :]
            if self._to_drop:
                return
            yield self._long
        stream, at = self._rest + data, 0
        while True:
            messages, at = self._messages(stream, at)
            if messages:
                yield messages
            packet = self._other_packet(stream, at)
            if not packet:
                break
            yield packet
            at += len(packet)
        self._rest = b"" if self._begin_long(stream, at) else stream[at:]

    def _messages(self, stream: bytes, at: int) -> tuple[list[Message], int]:
        """The messages that follow each other from an offset on, and the offset behind them."""
        messages: list[Message] = []
        end = len(stream)
        while at + 3 < end:  # no message is shorter
            first, length, start = stream[at], stream[at + 1], at + 2
            if length > 127:  # the usual two bytes are told here: a call takes as long as the rest
                length, start = length & 127 | stream[at + 2] << 7, at + 3
                if stream[at + 2] > 127:
                    start, stop = _bounds(stream, at) or (at, end + 1)
                    length = stop - start
            stop = start + length
            if stop > end or first not in MESSAGES:
                break
            messages.append(self._message(stream, first, start, stop))
            at = stop
        return messages, at

    def _message(self, stream: bytes, first: int, start: int, stop: int) -> Message:
        """The message in `stream[start:stop]`.

        Args:
            stream: bytes of several packets.
            first: byte of type and flags.
            start: offset of the length of the topic.
            stop: offset behind the payload.
        """
        qos = first >> 1 & 3
        body = start + 2 + (stream[start] << 8 | stream[start + 1]) if start + 2 <= stop else stop + 1
        payload = body + 2 if qos else body
        if payload > stop:
            raise NotMqtt("a message ends within its topic")
        if self._properties:
            length = stream[payload] if payload < stop else 128
            # The usual single byte is told here: two calls take half as long as the rest.
            told, behind = payload, payload + 1 + length
            payload = behind if length < 128 and behind <= stop else self._behind_properties(stream, payload, stop)
            if body == start + 2:
                raise NotMqtt("a message has no topic, and we allow no alias in its place")
        try:
            if body - start <= LONGEST_KEPT:
                topic = str(stream[start + 2 : body], "utf-8")
            else:
                topic = str(stream[start + 2 : start + LONGEST_KEPT], "utf-8", "ignore")
        except UnicodeDecodeError:
            topic = ""  # of no rule
        mid = stream[body] << 8 | stream[body + 1] if qos else 0
        kept = stream[payload : min(stop, payload + self._longest)]
        self._arrival += 1
        if self.identified and self._properties:
            numbers = _subscriptions(stream[told:payload])
            return Message(topic, kept, self._arrival - 1, first & 1 == 1, mid, qos, self._session, first & 8 == 8, numbers)
        return Message(topic, kept, self._arrival - 1, first & 1 == 1, mid, qos, self._session, first & 8 == 8)

    def _behind_properties(self, stream: bytes, at: int, stop: int) -> int:
        """The offset behind the properties of a message.

        Args:
            stream: bytes of several packets.
            at: offset of the length of the properties.
            stop: offset behind the message.
        """
        length = _length(stream[at : min(at + 4, stop)])
        if length is None or length[1] + at + length[0] > stop:
            raise NotMqtt("a packet ends within its properties")
        end = at + length[0] + length[1]
        # Properties may be longer than all that is kept of a long message. Then they count as a payload that is too long.
        return end if end <= len(stream) else at + length[0]

    def _begin_long(self, stream: bytes, at: int) -> bool:
        """Whether what comes from an offset on is a long message, of which all came that is kept."""
        bounds = _bounds(stream, at)
        if bounds is None or len(stream) - at < self._longest + LONGEST_PREFIX or stream[at] >> 4 != PUBLISH:
            return False
        start, stop = bounds
        self._long = [self._message(stream, stream[at], start, stop)]
        self._to_drop = stop - len(stream)
        return True

    def _other_packet(self, stream: bytes, at: int) -> bytes:
        """The packet at an offset, if it is whole and no message; else nothing."""
        if at == len(stream) or (first := stream[at]) in MESSAGES:
            return b""
        if first not in self._known:
            raise NotMqtt(f"no packet of a broker begins with the byte {first:#04x}")
        if first == CONNACK and self._accepted:
            raise NotMqtt("the broker accepts a connection twice")
        bounds = _bounds(stream, at)
        if bounds is None:
            return b""
        start, stop = bounds
        if stop - start > FIXED + self._filters + (PROPERTIES if self._properties else 0):
            raise NotMqtt(f"a packet that is no message has {stop - at} bytes")
        if stop > len(stream):
            return b""
        if self._properties and first in (SUBACK, UNSUBACK):
            codes = stop - self._behind_properties(stream, start + 2, stop)
            if codes > self._filters:
                raise NotMqtt(f"an answer has {codes} codes, and no request named more than {self._filters} filters")
        self._accepted |= first == CONNACK
        return stream[at:stop]


def completed(release: bytes) -> bytes:
    """The PUBCOMP that answers a PUBREL: the broker may use the identifier of a message of QoS 2 again."""
    length = _length(release[1:5])
    if length is None or length[1] < 2:
        raise NotMqtt("a message is released without its identifier")
    return b"\x70\x02" + release[1 + length[0] : 3 + length[0]]


def _subscriptions(told: bytes) -> tuple[int, ...]:
    """The identifiers of subscriptions among the properties of a message, behind their length; none where those are cut."""
    numbers: list[int] = []
    at = (_length(told[:4]) or (len(told), 0))[0]
    while at < len(told):
        kind, at = told[at], at + 1
        if kind == SUBSCRIPTION:
            number = _length(told[at : at + 4])
            if number is None:
                return ()
            numbers.append(number[1])
            at += number[0]
        elif kind in SIZES:
            at += SIZES[kind]
        elif kind in TEXTS:
            for _ in range(TEXTS[kind]):
                at += 2 + int.from_bytes(told[at : at + 2], "big")
        else:
            return ()
    return tuple(numbers) if at == len(told) else ()


def _bounds(stream: bytes, at: int) -> tuple[int, int] | None:
    """Where the body of the packet at an offset begins and ends; None where more bytes must come to tell."""
    length = _length(stream[at + 1 : at + 5])
    if length is None:
        return None
    start = at + 1 + length[0]
    return start, start + length[1]


def _length(digits: bytes) -> tuple[int, int] | None:
    """How many of the bytes make up a length, and this length; None where more bytes must come to tell."""
    length = shift = 0
    for digit in digits:
        length |= (digit & 127) << shift
        shift += 7
        if digit < 128:
            return shift // 7, length
    if len(digits) == 4:
        raise NotMqtt("a packet is longer than MQTT allows")
    return None

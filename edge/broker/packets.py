"""The packets of MQTT 3.1.1 in a stream of bytes. What devices publish is read here; everything else is the library's.

A PUBLISH packet (chapter 3.3 of the standard of OASIS) is a byte of type and flags, the length of the rest in one to four
bytes of seven bits each, the topic behind its length of two bytes, an identifier of two bytes if QoS is above 0, and the
payload.
"""

from collections.abc import Iterator

from edge.messages.message import Message

# First bytes of messages of QoS 0 and 1, retained or sent again or not. One of QoS 2 needs the three packets that follow it.
MESSAGES = frozenset(0x30 | dup << 3 | qos << 1 | retained for dup in (0, 1) for qos in (0, 1) for retained in (0, 1))
SET_BACK = 1_000_000_000  # ns; a clock that goes back by less gives no time twice
LONGEST_PREFIX = 5 + 2 + 65_535 + 2  # bytes: type and length, the topic behind its length, an identifier


class NotMqtt(Exception):
    """A stream that holds something else; the text says what."""


class PacketReader:
    """Takes a stream apart, in pieces of any size.

    A message that is too long is never held as a whole: its first bytes are kept, the others dropped as they come. No two
    messages arrive in the same nanosecond, also where they come in one piece: a store keeps one value of a moment.

    Args:
        longest: number of bytes of a payload that are kept.
    """

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._arrival = self._session = 0  # of the next message
        self.begin()

    def begin(self) -> None:
        """Forget what is not complete: the next bytes are the first ones of a connection."""
        self._rest = b""
        self._long: list[Message] = []  # a long message under way
        self._to_drop = 0  # bytes until its end

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
            packet = _other_packet(stream, at)
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
        qos = first >> 1 & 1
        body = start + 2 + (stream[start] << 8 | stream[start + 1]) if start + 2 <= stop else stop + 1
        payload = body + 2 * qos
        if payload > stop:
            raise NotMqtt("a message ends within its topic")
        try:
            topic = str(stream[start + 2 : body], "utf-8")
        except UnicodeDecodeError:
            topic = ""  # of no rule
        mid = stream[body] << 8 | stream[body + 1] if qos else 0
        kept = stream[payload : min(stop, payload + self._longest)]
        self._arrival += 1
        return Message(topic, kept, self._arrival - 1, first & 1 == 1, mid, qos, self._session, first & 8 == 8)

    def _begin_long(self, stream: bytes, at: int) -> bool:
        """Whether what comes from an offset on is a long message, of which all came that is kept."""
        bounds = _bounds(stream, at)
        if bounds is None or len(stream) - at < self._longest + LONGEST_PREFIX or stream[at] not in MESSAGES:
            return False
        self._long = [self._message(stream, stream[at], bounds[0], len(stream))]
        self._to_drop = bounds[1] - len(stream)
        return True


def _other_packet(stream: bytes, at: int) -> bytes:
    """The packet at an offset, if it is whole and no message; else nothing."""
    bounds = _bounds(stream, at)
    if bounds is None or bounds[1] > len(stream) or stream[at] in MESSAGES:
        return b""
    return stream[at : bounds[1]]


def _bounds(stream: bytes, at: int) -> tuple[int, int] | None:
    """Where the body of the packet at an offset begins and ends; None where more bytes must come to tell."""
    digits = stream[at + 1 : at + 5]
    length = shift = 0
    for digit in digits:
        length |= (digit & 127) << shift
        shift += 7
        if digit < 128:
            start = at + 1 + shift // 7
            return start, start + length
    if len(digits) == 4:
        raise NotMqtt("a packet is longer than MQTT allows")
    return None

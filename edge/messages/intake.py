"""Messages in, readings and series out; what cannot be used is counted, said once a minute, and skipped."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from edge.clock.belated import Belated
from edge.clock.doubles import Doubles
from edge.clock.offsets import NEAR, Offsets
from edge.clock.standing import Standing
from edge.clock.trust import Trust
from edge.contract.columns import Bool, Readings
from edge.contract.times import LATEST
from edge.errors import PayloadError, PayloadFault
from edge.log import Grumbler
from edge.messages.formats.payload import LARGEST_PAYLOAD, takes_more
from edge.messages.ingest import Quick, Row, Source
from edge.messages.message import LONGEST_TOPIC, Arrival, Beside, Message, NobodyBeside
from edge.messages.reading import Bounds, Naming, bind, check_moment, take
from edge.messages.topics import MOST_FAILING, TopicRecord, Topics
from edge.quoting import quoted
from edge.slots.beyond import Stray

LONGEST_SHOWN = 120  # characters of a topic in a line
MOST_UNTOLD = 1000  # lines of a kind that wait for their minute
UNREADABLE = ("bad_json", "bad_payload", "bad_value")
EMPTY = "the payload is empty: the device has no value now, or what the broker had kept was removed"
FUTURE = "the time lies ahead of ours; check the sensor's clock, or [[ingest]] timezone if it writes local time"


@dataclass(frozen=True, slots=True)
class _Origin:
    """Where the last reading of a series came from.

    Args:
        source: its source.
        topic: topic of its message.
    """

    source: Source
    topic: str


@dataclass(frozen=True, slots=True)
class _Usual(_Origin):
    """A topic whose messages give one reading with a time, of a series that no other topic has.

    There may be as many as series, and this is all that is kept of them; the rule is bound anew for what takes the long way.

    Args:
        quick: function that reads a payload.
        index: index of the series.
        record: numbers of the topic.
    """

    quick: Quick
    index: int
    record: TopicRecord


class Intake:
    """Turns messages into readings of series.

    `beside` may be set to what takes messages that are not readings alone.

    Args:
        naming: rules of the topics, and the series that are known or may be added.
        count: function called with the reason and number of messages, and of values of a message that gave others, that are
            skipped.
        arrival: function that gives the arrival that was committed last under a packet identifier.
        grumbler: log for skipped messages.
        trust: judge of our clock, with which the times of readings are compared.
    """

    def __init__(
        self,
        naming: Naming,
        *,
        count: Callable[[PayloadFault, int], None],
        arrival: Callable[[int], Arrival | None],
        grumbler: Grumbler,
        trust: Trust,
    ) -> None:
        self._naming, self._series, self._most = naming, naming.series, naming.most
        self._count, self._arrival, self._grumbler, self._trust = count, arrival, grumbler, trust
        # Of known series only, or a flood of made-up ones would push them out.
        self._topics: dict[str, Bounds] = {}
        self._usual: dict[str, _Usual] = {}
        self._offsets, self._doubles, self._standing = Offsets(self._most), Doubles(), Standing()
        self.belated = Belated(naming.series)
        self._origins: dict[int, _Origin] = {}  # of the last reading of each series
        self._untold: dict[str, deque[str]] = {}  # by kind, what is said once and found its minute taken
        self.arrivals: dict[int, Arrival] = {}
        self.held = Readings.empty()
        self.used = self.skipped = self.shared = 0
        self.beside: Beside = NobodyBeside()
        self.records = Topics(naming.most, min(naming.most, MOST_FAILING))

    def take(self, messages: Sequence[Message]) -> Readings:
        """The readings in the messages, in order of arrival.

        `arrivals` says when those came that carry no time, and `held` has the readings from ahead of a clock that has not
        proved itself. `used` and `skipped` count the messages, and `shared` the readings of a series that another topic had.
        """
        self.arrivals = {}
        self.used = self.skipped = self.shared = 0
        rows: list[tuple[int, int, float]] = []
        ahead: list[tuple[int, int, float]] = []
        latest, proved = self._trust.latest, self._trust.proved
        for message in messages:
            try:
                if (usual := self._usual.get(message.topic)) is not None and not message.retained:
                    reading = self._usual_reading(usual, message, latest, proved=proved)
                    if reading is not None:
                        rows.append(reading)
                        continue
                given, stored = self._given(message, latest, proved=proved)
            except PayloadError as error:
                self._skip(message, error)
                continue
            except MemoryError:  # what the machine lacks is no fault of the message, which stays with the broker
                raise
            except Exception as error:  # noqa: BLE001 - else it would come again after every restart, and end the agent again
                self._skip(message, PayloadError("bad_message", f"unexpected {type(error).__name__} while it was read"))
                continue
            self.used += 1
            self._record(message, given, stored)
            for reading in given:
                (rows if reading[1] <= latest else ahead).append(reading)
        self.held = Readings.of(*zip(*ahead, strict=True)) if ahead else Readings.empty()
        readings = Readings.of(*zip(*rows, strict=True)) if rows else Readings.empty()
        self._compare(readings)
        if (news := self._naming.news()) is not None:
            self._grumbler.say("no_slot", news)
        self._tell_later()
        return readings

    def hear_late(self, readings: Readings, fresh: Bool, too_late: Bool) -> None:
        """Note on their topics, and for `belated`, which readings were too late; arguments as of `Belated.look`."""
        for line in self.belated.look(readings, fresh, too_late):
            self._tell_once("too_late", line)
        if too_late.any():
            for index in readings.series[too_late].tolist():
                if (origin := self._origins.get(index)) is not None:
                    self.records.came_too_late(origin.topic)

    def _tell_once(self, kind: str, text: str) -> None:
        """Say what is known of a series or topic once: now, or when the minute of a line of its kind is over."""
        if not self._grumbler.heard(kind):
            self._grumbler.say(kind, text)
        elif len(untold := self._untold.setdefault(kind, deque())) < MOST_UNTOLD:
            untold.append(text)

    def _tell_later(self) -> None:
        for kind, untold in self._untold.items():
            if untold and not self._grumbler.heard(kind):
                self._grumbler.say(kind, untold.popleft())

    def _compare(self, readings: Readings) -> None:
        """Say of which series two readings stand close together or in one moment, again and again."""
        for index in self._doubles.look(readings):
            self.shared += 1
            self._tell_once(
                "shared_series",
                f"series {quoted(self._series.names[index], LONGEST_SHOWN)} has two values within milliseconds again and "
                "again; where two sensors send them, name what tells them apart in [[ingest]] series, such as {$.id}",
            )
        for index in self._standing.look(readings):
            self._tell_once(
                "same_time",
                f"series {quoted(self._series.names[index], LONGEST_SHOWN)} has one value after the other for the same moment, "
                'and the last one stays; set [[ingest]] time to the path of a time that goes on, or to "" for that of arrival',
            )

    def _usual_reading(self, usual: _Usual, message: Message, latest: int, *, proved: bool) -> tuple[int, int, float] | None:
        """The reading of a message on a topic that gives one with a time; None where there is more to look at.

        Raises:
            PayloadError: it gives none.
        """
        if len(message.payload) > LARGEST_PAYLOAD:
            return None
        moment, value = usual.quick(message.payload, message.arrival)
        if moment > latest:
            return None
        if -NEAR <= moment - message.arrival <= NEAR:
            self._offsets.agree(message.topic)
        elif proved and not message.dup:
            self._hear_offset(usual.source, message, moment)
        self._trust.hear(usual.index, moment)
        self.used += 1
        self.records.used_again(usual.record, message.arrival)
        return usual.index, moment, value

    def _skip(self, message: Message, reason: PayloadError) -> None:
        if not message.payload and reason.kind in UNREADABLE:
            reason = PayloadError("no_value", EMPTY)
        self.skipped += 1
        self._say(message, reason, "skipped")
        self.records.skipped(message.topic, message.arrival, reason.kind, str(reason), message.payload, self._rules)

    def _record(self, message: Message, readings: Sequence[tuple[int, int, float]], stored: int) -> None:
        """Keep what came of a message on its topic: these readings, and so many that are only stored."""
        if not readings and not stored:
            self.records.used(message.topic, message.arrival, 1, self._rules)
            return
        if not readings:
            self.records.stored(message.topic, message.arrival, stored, self._rules)
            return
        record = self.records.used(message.topic, message.arrival, len(readings) + stored, self._rules)
        if record is not None:
            self._shorten(message.topic, record, readings[0][0])

    def _rules(self, topic: str) -> list[str]:
        """Topics of the rules that take a topic."""
        if takes_more(topic, LONGEST_TOPIC):
            return []
        return [ingest.topic for ingest in self._naming.ingests if ingest.takes(topic)]

    def _say(self, message: Message, reason: PayloadError, fate: str) -> None:
        """Count a reason and say it."""
        self._count(reason.kind, 1)
        if reason.kind != "unwanted":
            self._grumbler.say(reason.kind, f"{reason} on topic {quoted(message.topic, LONGEST_SHOWN)}; {fate}")

    def _given(self, message: Message, latest: int, *, proved: bool) -> tuple[list[tuple[int, int, float]], int]:
        """As `_readings`; without any where the message was taken beside them.

        Raises:
            PayloadError: it gives nothing.
        """
        shares, taken = self.beside.shares(message.topic) and bool(self._rules(message.topic)), False
        try:
            taken = self.beside.take(message)
        except PayloadError as error:
            if not shares:
                raise
            self._say(message, error.kept(), "its readings are taken")
        if taken and not shares:
            return [], 0
        try:
            return self._readings(message, latest, proved=proved)
        except PayloadError:
            if not taken:
                raise
            return [], 0

    def _readings(self, message: Message, latest: int, *, proved: bool) -> tuple[list[tuple[int, int, float]], int]:
        """Series, time and value of all readings of a message, and the number of those that are only stored.

        Raises:
            PayloadError: it gives none.
        """
        known = self._topics.get(message.topic)
        whole = bounds = known if known is not None else bind(self._naming.ingests, message.topic)
        timed = bounds[0].ingest.dated and (len(bounds) == 1 or all(bound.ingest.dated for bound in bounds))
        if message.retained and not timed:
            bounds = tuple(bound for bound in bounds if bound.ingest.timed)
            timed = True
            if not bounds:
                raise PayloadError("retained", "a retained message without a time may be of any age")
        arrival = message.arrival if timed or not message.qos else self._first_arrival(message)
        if message.retained and not all(bound.ingest.dated for bound in bounds):
            arrival = 0  # what counts from it may be of any age
        rows, reasons = take(bounds, message.topic, message.payload, arrival)
        readings: list[tuple[int, int, float]] = []
        within, beyond = self._naming.within_room(message.topic, rows, reasons)
        for row in within:
            try:
                readings.append(self._reading(row, message, arrival, latest, proved=proved))
            except PayloadError as error:
                reasons.append(error.kept())
        stored = self._stored(beyond, arrival, latest if proved else LATEST, reasons) if beyond else 0
        if not readings and not stored:
            raise reasons[0]
        if len(readings) > 1 or reasons:
            self._look_closer(message, readings, reasons)
        if readings and known is None and len(self._topics) + len(self._usual) < self._most:
            self._topics[message.topic] = whole
        return readings, stored

    def _stored(self, rows: Sequence[Row], arrival: int, latest: int, reasons: list[PayloadError]) -> int:
        """Let readings whose series have no slot wait for the commit; returns the number of those that can be stored."""
        strays: list[Stray] = []
        for source, moment, value in rows:
            try:
                check_moment(moment, arrival)
            except PayloadError as error:
                reasons.append(error.kept())
                continue
            if moment > latest:
                reasons.append(PayloadError("future", FUTURE))
            else:
                strays.append(Stray(source.name, source.tags, moment, value))
        self._naming.beyond.add(strays)
        return len(strays)

    def _shorten(self, topic: str, record: TopicRecord, index: int) -> None:
        """Let the next messages of a topic take the short way: those with one value and its time, for a series of their own."""
        bounds = self._topics.get(topic)
        if bounds is None or len(bounds) > 1 or self.beside.shares(topic):
            return
        ingest, origin = bounds[0].ingest, self._origins[index]
        if not ingest.dated or ingest.quick is None or origin.topic != topic:
            return
        self._usual[origin.topic] = _Usual(origin.source, origin.topic, ingest.quick, index, record)
        self._origins[index] = self._usual[origin.topic]
        del self._topics[topic]

    def _reading(self, row: Row, message: Message, arrival: int, latest: int, *, proved: bool) -> tuple[int, int, float]:
        source, moment, value = row
        check_moment(moment, arrival)
        future = proved and moment > latest
        index = self._series.get(source.name)
        if index is None and not future:
            index = self._naming.add(source, message.topic)
        told = source.ingest.timed and (source.ingest.dated or (moment != arrival and not source.ingest.relative))
        if index is not None and told:
            self._trust.hear(index, moment)
        if told and -NEAR <= moment - arrival <= NEAR:
            self._offsets.agree(message.topic)
        elif told and proved and not (message.retained or message.dup):
            self._hear_offset(source, message, moment)
        if index is None or future:
            raise PayloadError("future", FUTURE)
        origin = self._origins.get(index)
        if origin is None or origin.source is not source or origin.topic != message.topic:
            self._own(index, source, message.topic, origin)
        return index, moment, value

    def _hear_offset(self, source: Source, message: Message, moment: int) -> None:
        """Say once that a topic's times are always a number of quarter hours away from their arrival."""
        offset = self._offsets.hear(message.topic, moment, message.arrival)
        if offset is None:
            return
        zone = source.ingest.rule.timezone
        mend = (
            f"check [[ingest]] timezone, which is {zone!r}"
            if zone
            else f'set [[ingest]] timezone = "{offset}" or the name of its zone'
        )
        self._tell_once(
            "time_offset",
            f"the times on topic {quoted(message.topic, LONGEST_SHOWN)} are always {offset[1:]} h "
            f"{'ahead of' if offset[0] == '+' else 'behind'} their arrival; {mend} if the device writes local time, "
            "else set its clock",
        )

    def _own(self, index: int, source: Source, topic: str, before: _Origin | None) -> None:
        """Keep where the readings of a series come from, and say where two sources give one series."""
        self._origins[index] = _Origin(source, topic)
        self._series.correct(index, source.meaning)
        if before is None:
            return
        self._usual.pop(before.topic, None)
        same_rule, same_topic = before.source.ingest is source.ingest, before.topic == topic
        if same_rule and source.continues(before.source, same_topic=same_topic):
            return
        self.shared += 1
        if same_rule and same_topic:
            which = f"several sets of tags on topic {quoted(topic, LONGEST_SHOWN)}"
        elif same_rule:
            which = f"the topics {quoted(before.topic, LONGEST_SHOWN)} and {quoted(topic, LONGEST_SHOWN)} both"
        else:
            rules = before.source.ingest.topic, source.ingest.topic
            which = f"the [[ingest]] rules {quoted(rules[0], LONGEST_SHOWN)} and {quoted(rules[1], LONGEST_SHOWN)} both"
        self._grumbler.say(
            "shared_series",
            f"{which} give series {quoted(source.name, LONGEST_SHOWN)}, "
            "so their readings mix; set another [[ingest]] series if they are of two sensors",
        )

    def _look_closer(self, message: Message, readings: list[tuple[int, int, float]], reasons: list[PayloadError]) -> None:
        """Say what was left out of a message that gave readings, and whether two of them stand for one moment of a series."""
        for reason in reasons:
            self._say(message, reason, "the other values of the message are taken")
            self.records.left_out(message.topic, reason.kind, str(reason), message.payload)
        moments: dict[tuple[int, int], float] = {}
        for index, moment, value in readings:
            if moments.setdefault((index, moment), value) != value:
                self.shared += 1
                self._grumbler.say(
                    "shared_series",
                    f"a message on topic {quoted(message.topic, LONGEST_SHOWN)} has several values of one moment for series "
                    f"{quoted(self._series.names[index], LONGEST_SHOWN)}, of which the last one stays; name what tells them "
                    "apart in [[ingest]] series",
                )

    def _first_arrival(self, message: Message) -> int:
        """When a message came first: sent again it would get another time, and its readings would be stored twice."""
        digest = blake2b(f"{message.topic}\0".encode() + message.payload, digest_size=8).digest()
        before = (self.arrivals.get(message.mid) or self._arrival(message.mid)) if message.dup else None
        moment = before.time if before is not None and before.digest == digest else message.arrival
        self.arrivals[message.mid] = Arrival(message.mid, digest, moment)
        return moment

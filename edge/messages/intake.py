"""Messages in, readings and series out; what cannot be used is counted, said once a minute, and skipped."""

from collections.abc import Callable, Sequence
from hashlib import blake2b

from edge.clock.trust import Trust
from edge.contract.columns import Readings
from edge.contract.times import EARLIEST
from edge.errors import PayloadError, PayloadFault
from edge.log import Grumbler
from edge.messages.ingest import Ingest, Naming, Source
from edge.messages.message import Arrival, Message
from edge.quoting import quoted

LONGEST_TOPIC = 1024  # characters; names are kept for every series
LONGEST_SHOWN = 120  # characters of a topic in a line
USELESS = 10  # messages in a row of which none can be used; fewer may be one sensor's


class Intake:
    """Turns topics into series and payloads into readings.

    Args:
        naming: rules of the topics, and the series that are known or may be added.
        count: function called with the kind and number of skipped messages.
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
        self._topics: dict[str, Source] = {}  # of known series only, or a flood of made-up ones would push them out
        self._owners: dict[int, Ingest] = {}  # the rule that gave a series first
        self.arrivals: dict[int, Arrival] = {}
        self.held = Readings.empty()
        self._useless = 0  # messages since the last one that could be used
        self._reason = ""

    @property
    def problem(self) -> str | None:
        """Why none of the messages of late could be used; None where some could."""
        if self._useless < USELESS:
            return None
        return f"none of the last {self._useless} messages could be used, the last one: {self._reason}"

    def take(self, messages: Sequence[Message]) -> Readings:
        """The readings in the messages, in order of arrival.

        `arrivals` says when those came that carry no time, and `held` has the readings from ahead of a clock that has not
        proved itself.
        """
        self.arrivals = {}
        rows: list[tuple[int, int, float]] = []
        ahead: list[tuple[int, int, float]] = []
        latest, proved = self._trust.latest, self._trust.proved
        for message in messages:
            try:
                reading = self._reading(message, latest, proved=proved)
            except PayloadError as error:
                self._skip(message, error.kind, str(error))
                continue
            except MemoryError:  # what the machine lacks is no fault of the message, which stays with the broker
                raise
            except Exception as error:  # noqa: BLE001 - else it would come again after every restart, and end the agent again
                self._skip(message, "bad_message", f"unexpected {type(error).__name__} while it was read")
                continue
            self._useless = 0
            (rows if reading[1] <= latest else ahead).append(reading)
        self.held = Readings.of(*zip(*ahead, strict=True)) if ahead else Readings.empty()
        return Readings.of(*zip(*rows, strict=True)) if rows else Readings.empty()

    def _skip(self, message: Message, kind: PayloadFault, text: str) -> None:
        self._count(kind, 1)
        text = f"{text} on topic {quoted(message.topic, LONGEST_SHOWN)}; skipped"
        self._grumbler.say(kind, text)
        if kind != "retained":  # those come by the dozen at every start, and live ones after them
            self._useless, self._reason = self._useless + 1, f"{kind}: {text}"

    def _reading(self, message: Message, latest: int, *, proved: bool) -> tuple[int, int, float]:
        source = self._topics.get(message.topic) or self._source(message.topic)
        if message.retained and not source.ingest.timed:
            raise PayloadError("retained", "a retained message without a time may be of any age")
        arrival = message.arrival if source.ingest.timed or not message.qos else self._first_arrival(message)
        moment, value = source.ingest.decode(message.payload, arrival)
        if moment < EARLIEST:  # only a time of arrival can be: a gateway that has no clock of its own has just started
            raise PayloadError("no_clock", "our own clock stands before 2000; set it, or let the payload carry the time")
        future = proved and moment > latest
        index = self._series.get(source.name)
        if index is None and not future:
            index = self._add(source)
        if index is not None and source.ingest.timed:
            self._trust.hear(index, moment)
        if index is None or future:
            raise PayloadError("future", "the time lies ahead of ours; check the sensor's clock and time zone")
        if message.topic not in self._topics and len(self._topics) < self._most:
            self._remember(message.topic, source, index)
        return index, moment, value

    def _remember(self, topic: str, source: Source, index: int) -> None:
        """Keep the source of a topic, and say where two rules give one series."""
        self._topics[topic] = source
        owner = self._owners.setdefault(index, source.ingest)
        if owner is not source.ingest:
            rules = f"{quoted(owner.topic, LONGEST_SHOWN)} and {quoted(source.ingest.topic, LONGEST_SHOWN)}"
            self._grumbler.say(
                "shared_series",
                f"the [[ingest]] rules {rules} both give series {quoted(source.name, LONGEST_SHOWN)}, "
                "so their readings mix; set another [[ingest]] series if they are of two sensors",
            )

    def _add(self, source: Source) -> int:
        if len(self._series) >= self._most:
            raise PayloadError("too_many_series", f"more than {self._most} series; raise [agent] max_series if they are real")
        return self._series.add(source.name, source.tags)

    def _source(self, topic: str) -> Source:
        if len(topic) > LONGEST_TOPIC:
            raise PayloadError("long_topic", f"expected at most {LONGEST_TOPIC} characters, got {len(topic)}")
        for ingest in self._naming.ingests:
            source = ingest.source(topic)
            if source is not None:
                return source
        raise PayloadError("unknown_topic", "no [[ingest]] topic matches")

    def _first_arrival(self, message: Message) -> int:
        """When a message came first: sent again it would get another time, and its reading would be stored twice."""
        digest = blake2b(f"{message.topic}\0".encode() + message.payload, digest_size=8).digest()
        before = (self.arrivals.get(message.mid) or self._arrival(message.mid)) if message.dup else None
        moment = before.time if before is not None and before.digest == digest else message.arrival
        self.arrivals[message.mid] = Arrival(message.mid, digest, moment)
        return moment

"""What a device knows of coming values: the newest issues of each input, kept over a restart. No I/O."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from edge.contract.ahead.issues import ALWAYS, Issues, KnownAhead
from edge.contract.ahead.known import FARTHEST
from edge.contract.columns import Int64, Points, SeriesTable
from edge.contract.contract import Context, Contract
from edge.contract.schema import INPUT, ISSUED, VALUE
from edge.contract.times import DAY, EARLIEST, LATEST, SECOND
from edge.errors import PayloadError
from edge.inputs.pieces import Pieces
from edge.inputs.reading import MOST_VALUES, Reader, make_readers
from edge.inputs.rule import InputRule
from edge.messages.message import Message
from edge.quoting import quoted

PAST = 2 * DAY  # before the newest issue: the day before an origin counts, and a window may close late
NEWEST = 3  # issues of one moment that are kept: an origin may lie before the last of them
MOST_KEPT = 2 * MOST_VALUES  # values of an input
MOST_ON_GRID = 1_000_000  # the same, on the grid: values that hold are cut where those of other issues begin and end
MILLISECOND, MINUTE = 1_000_000, 60 * SECOND
AT_ITS_TIME = MILLISECOND // 2  # ns after its millisecond, of the row of a value that was told at its own time


@dataclass(frozen=True, slots=True)
class _Grids:
    """Values on the grid.

    Args:
        kept: values that they were made from, by the name of the input.
        interval: length of an interval, ns.
        grids: values on the grid, by the name of the input.
    """

    kept: Mapping[str, Issues]
    interval: int
    grids: KnownAhead


class Inputs:
    """The inputs of a configuration, and what is known of them.

    Args:
        rules: sections `[[input]]`.
        named: filters of the rules of `[[ingest]]`; those without a wildcard name topics whose messages are readings as well.

    Raises:
        ConfigurationError: one of them cannot be used.
    """

    def __init__(self, rules: Sequence[InputRule], named: Iterable[str] = ()) -> None:
        self._named = frozenset(named)
        self._readers = make_readers(rules)
        self._kept: Mapping[str, Issues] = {}  # replaced, never changed
        self._grids = _Grids({}, 0, {})
        self._room: dict[str, int] = {}  # values from which on the old ones of an input go
        self._pieces = Pieces()
        self._topics: dict[str, str] = {}  # of the last message of each measured input
        self._held = {rule.name: rule.held for rule in rules}
        self._unstored: list[tuple[str, Issues]] = []
        self.table = SeriesTable(rule.name for rule in rules)
        self.say: Callable[[str, str], object] = lambda _kind, _text: None

    @property
    def filters(self) -> list[str]:
        """Topic filters of their messages, for a broker."""
        return [reader.filter for reader in self._readers]

    def shares(self, topic: str) -> bool:
        """As `Beside.shares`: messages of measured inputs, for a series may be an input of others, and those that rules name.

        One message may bring the weather of now and its forecast. A rule with a wildcard does not mean the forecast.
        """
        return any(reader.takes(topic) for reader in self._readers if self._held[reader.name] or topic in self._named)

    def take(self, message: Message) -> bool:
        """Take the coming values of a message; the others of its values are said, and cost only themselves.

        Returns:
            Whether the topic is that of an input.

        Raises:
            PayloadError: it is, and the message has no such value for any of them.
        """
        readers = [reader for reader in self._readers if reader.takes(message.topic)]
        failure, taken = None, 0
        for reader in readers:
            try:
                issues, reasons = reader.read(message.topic, message.payload, message.arrival)
            except PayloadError as error:
                failure = error.kept()
                continue
            self._add(reader, issues, message)
            if self._held[reader.name] and len(issues) == 1:
                self._compare(reader.name, message.topic)
            taken += 1
            for reason in reasons[:1]:
                self.say("input", f"{reason} on topic {quoted(message.topic)}; that value is skipped")
        if failure is not None and not taken:
            raise failure
        if failure is not None:
            self.say("input", f"{failure} on topic {quoted(message.topic)}; the other inputs of the message count")
        return bool(readers)

    def _compare(self, name: str, topic: str) -> None:
        """Say where two topics bring the measured values of one input: each forecast would see the one that spoke last."""
        before, self._topics[name] = self._topics.get(name, topic), topic
        if before != topic:
            which = f"the topics {quoted(before)} and {quoted(topic)} both bring its values"
            self.say("shared_input", f"[[input]] {name}: {which}, so they mix; write the topic of one sensor")

    def _add(self, reader: Reader, issues: Issues, message: Message) -> None:
        name, known = reader.name, self._kept.get(reader.name, Issues.of())
        before = known.take(known.issued <= message.arrival + PAST)  # a clock that was ahead told the others
        if len(before) and _repeats(issues, before, message, dated=reader.is_dated):
            return
        rows = Issues.concatenate([before, issues])
        if len(rows) > self._room.get(name, 0):  # not at each message: of a sensor there may be many
            rows = newest(rows)
            self._room[name] = len(rows) + len(rows) // 8
        self._kept = {**self._kept, name: rows}
        self._pieces.add(name, issues, anew=len(before) < len(known))
        self._unstored.append((name, issues))

    def ahead(self, interval: int) -> KnownAhead:
        """What is known now, on the grid of an interval in ns."""
        kept, before = self._kept, self._grids  # another thread may ask as well, while a message comes
        if before.kept is not kept or before.interval != interval:
            old = before.grids if before.interval == interval else {}
            grids = {
                name: old[name]
                if name in old and before.kept[name] is issues
                else issues.on_grid(interval, MOST_ON_GRID, self._held[name])
                for name, issues in kept.items()
            }
            before = self._grids = _Grids(kept, interval, grids)
        return before.grids

    def missing(self, contract: Contract, now: int) -> list[str]:
        """Names of the inputs of a contract of which the next forecast will know no coming value.

        Args:
            contract: contract of the live bundle.
            now: time of the clock, ns UTC.
        """
        if not contract.known:
            return []
        known = Context(_next_origin(contract, now), self.ahead(contract.interval)).known(contract)
        return [name for name, values in known.items() if np.isnan(values[0, contract.back :]).all()]

    def problem(self, contract: Contract, now: int) -> str | None:
        """Which inputs of the live bundle are missing, in words; None where none is. Arguments as of `missing`."""
        names = self.missing(contract, now)
        if not names:
            return None
        return (
            f"no coming values are known of the inputs {', '.join(names)}: forecasts go on without them, and are less exact; "
            "look whether messages come on the topics of [[input]]"
        )

    def unusual(self, contract: Contract, now: int) -> str | None:
        """Which inputs of the live bundle have coming values unlike those of its training, in words; None where none has.

        Half of the values must be so far off that a model is told less of them, or nothing: then it is no storm, but a unit.
        Arguments as of `missing`.
        """
        origin, words = _next_origin(contract, now), []
        for known in contract.known:
            ahead = self.ahead(contract.interval).get(known.name)
            if ahead is None:
                continue
            values = ahead.at(origin, contract.horizon, contract.back, known.hold)[0, contract.back :]
            value = float(np.median(values[~np.isnan(values)])) if not np.isnan(values).all() else known.centre
            if abs(value - known.centre) > FARTHEST * known.spread:
                usual = f"{known.centre:.3g} give or take {known.spread:.2g}"
                words.append(f"{known.name} (now {value:.4g}, in training {usual})")
        if not words:
            return None
        return (
            f"coming values are unlike those of the training, of the inputs {', '.join(words)}: forecasts may be wrong; "
            "look whether the unit of the messages has changed, and run gatecast retrain where the values are right"
        )

    def points(self) -> list[Points]:
        """The rows of the values that came since the last call; those that came before our clock was set are left out."""
        rows, self._unstored = self._unstored, []
        return [
            to_points(self.table.add(name), issues) for name, issues in rows if issues.issued.min(initial=EARLIEST) >= EARLIEST
        ]

    def dump(self, *, whole: bool = False) -> Mapping[str, bytes]:
        """As `Stateful.dump`: what is known of each input."""
        return self._pieces.dump(self._kept, whole=whole)

    def load(self, entries: Mapping[str, bytes]) -> None:
        """As `Stateful.load`; inputs that the configuration names no longer are left out."""
        loaded = self._pieces.load(entries)
        self._kept = {name: newest(issues) for name, issues in loaded.items() if self.table.get(name) is not None}


def _next_origin(contract: Contract, now: int) -> Int64:
    """Origin of the next forecast, ns UTC, int64 `[1]`."""
    return np.array([(now // contract.interval + 1) * contract.interval])


def newest(issues: Issues) -> Issues:
    """What is worth to be kept: the newest issues of each moment, from two days before the last of them on.

    The last moment before these is kept as well: its value may count until another one comes.
    """
    rows = issues.sorted()
    start = rows.issued.max(initial=0) - PAST
    rows = rows.take(rows.time >= rows.time[rows.time <= start].max(initial=rows.time.min(initial=start)))
    order = np.lexsort((-rows.issued, rows.time))
    moment = rows.time[order]
    first = np.append(np.ones(min(1, len(moment)), bool), moment[1:] != moment[:-1])
    rank = np.arange(len(moment)) - np.maximum.accumulate(np.where(first, np.arange(len(moment)), 0))
    kept = np.sort(order[rank < NEWEST])  # by moment of issue again
    return rows.take(kept[-MOST_KEPT:])


def _repeats(issues: Issues, before: Issues, message: Message, *, dated: bool) -> bool:
    """Whether a message says again what is known, as a retained one does after each connection.

    Args:
        issues: its values, one at least.
        before: values that are known, one at least.
        message: the message.
        dated: whether the values have times of their own; a retained one without may be as old as the one that is known.
    """
    if message.retained and not dated:
        return bool(before.value[np.lexsort((before.issued, before.time))[-1]] == issues.value[-1])
    useful = issues.take(issues.time >= min(message.arrival - PAST, int(before.time.min())))
    if not len(useful):  # they count nowhere, but the store may lack them
        return message.retained
    if not (before.time == useful.time[-1]).any():
        return False
    order = np.lexsort((before.issued, before.time))
    nearest = np.maximum(np.searchsorted(before.time[order], useful.time, "right") - 1, 0)
    known = before.take(order[nearest])
    return bool(((known.time == useful.time) & (known.value == useful.value) & (known.issued >= EARLIEST)).all())


def to_points(index: int, issues: Issues) -> Points:
    """The rows that values become in the store.

    Rows of one time replace each other. So that each issue keeps its own, the times differ below the millisecond: the later
    a value was told, in minutes before or after its time, the later the row.

    Args:
        index: index of the input among the names of inputs.
        issues: values of one input.
    """
    before = np.clip((issues.time - issues.issued) // MINUTE, 1 - AT_ITS_TIME, AT_ITS_TIME)
    time = issues.time // MILLISECOND * MILLISECOND + AT_ITS_TIME - before
    owner, moment = np.full(len(issues), index, np.int32), issues.issued // SECOND
    return Points(INPUT, owner, time, {VALUE.name: issues.value, ISSUED.name: moment})


def of_points(points: Points) -> dict[int, Issues]:
    """The values that rows of the store are, by the index of the input; rows without a moment were always known.

    A moment that no clock shows, such as one in milliseconds, would be another one: such rows are left out.
    """
    value, issued = (np.asarray(points.fields[field.name], np.float64) for field in (VALUE, ISSUED))
    moment = np.where(np.isnan(issued), ALWAYS, np.clip(issued, -1, LATEST // SECOND) * SECOND).astype(np.int64)
    every = Issues(moment, points.time // MILLISECOND * MILLISECOND, value)
    good = (moment == ALWAYS) | ((moment >= EARLIEST) & (moment < LATEST))
    return {index: every.take(good & (points.series == index)) for index in np.unique(points.series[good]).tolist()}

"""Commit, and only then acknowledge: a batch's effect is on disk before the broker is told that it may forget the batch."""

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from edge.agent.counters import Counter, Counters, Gauge
from edge.broker.subscriber import Subscriber
from edge.contract.columns import Points, Readings, SeriesTable
from edge.damage import is_damage
from edge.log import Grumbler
from edge.messages.message import Arrival, Message
from edge.quoting import counted
from edge.spool.sender import Sender
from edge.spool.spool import Commit, Spool
from edge.spool.waiting import Waiting

REMEMBER = 600.0  # seconds for which the health page shows what happened to the spool


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every commit adds to the effect of its batch, and who waits while the disk is full.

    Args:
        series: the table whose new rows go into the spool with the commit that first speaks of them.
        arrivals: function that gives the arrivals of those messages of the batch that carry no time.
        state: function that gives the writer of the whole series state, for a new spool in place of a damaged one; None where
            no bundle is live.
        held: function that gives all readings that wait for the clock, for a new spool as well.
        formats: function that gives the memory of the payload formats: all of it for a new spool, else what is new.
        beyond: function that gives the blocks of those readings of a whole batch whose series have no slot, once.
        now: function that gives our clock, ns UTC.
        moment: function that gives the time since the machine started, seconds.
        patience: longest time that an effect waits for others, seconds.
        wait_for_room: function called while the disk takes nothing; waits a while, and returns whether to give up.
    """

    series: SeriesTable
    arrivals: Callable[[], Iterable[Arrival]]
    state: Callable[[], Callable[[], Iterator[bytes]] | None]
    held: Callable[[], Readings]
    formats: Callable[[bool], Mapping[str, bytes]]
    beyond: Callable[[], Sequence[bytes]]
    now: Callable[[], int]
    moment: Callable[[], float]
    patience: float
    wait_for_room: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Batch:
    """What a commit takes along beside the effect of readings.

    Args:
        messages: messages of the batch.
        points: further rows for the store.
        held: all readings that wait for the clock; None where they are the same as before.
        waiting: readings that have begun to wait for history, behind those that wait already.
        is_whole: whether all readings of the messages are committed then.
    """

    messages: Sequence[Message] = ()
    points: Sequence[Points] = ()
    held: Readings | None = None
    waiting: Readings = field(default_factory=Readings.empty)
    is_whole: bool = True


class Committer:
    """The one way into the spool.

    Args:
        spool: the spool; written only here.
        sender: sender that says what has arrived in the store, and hears of new blocks.
        subscriber: subscriber that acknowledges what is committed.
        surroundings: additions of every commit.
        counters: numbers of the agent, for what was dropped and refused.
        grumbler: grumbler that says what went wrong.
    """

    def __init__(
        self,
        spool: Spool,
        sender: Sender,
        subscriber: Subscriber,
        surroundings: Surroundings,
        counters: Counters,
        grumbler: Grumbler,
    ) -> None:
        self._spool, self._sender, self._subscriber, self._surroundings = spool, sender, subscriber, surroundings
        self._counters, self._grumbler = counters, grumbler
        self._saved = len(surroundings.series)
        self._waiting = Waiting(surroundings.patience, surroundings.moment)
        self._event: tuple[float, str] | None = None
        self.problem: str | None = None

    def commit(self, commit: Commit, messages: Sequence[Message] = (), *, may_wait: bool = False, whole: bool = True) -> None:
        """Commit and acknowledge, with everything that waited; a full disk holds everything up until there is room.

        Args:
            commit: effect of the batch; new series, what the store has and what it refused are added here.
            messages: messages of the batch, acknowledged after the commit.
            may_wait: whether the batch may wait for others: nobody misses what it holds, and the broker keeps its messages.
            whole: whether the commit brings the last of their effect; else they are not acknowledged yet.
        """
        if messages and whole and (more := self._surroundings.beyond()):
            commit = replace(commit, blocks=[*commit.blocks, *more])
        self._waiting.add(commit, messages if whole else (), self._surroundings.arrivals() if messages else ())
        if not may_wait or self._waiting.is_due:
            self._commit()

    def begin_again(self, snapshot: Callable[[], Iterator[bytes]]) -> None:
        """Commit the series under the indices that they have now; nothing waits, and no message comes any more.

        Args:
            snapshot: function that gives the parts of the whole series state.
        """
        self._saved = 0
        self.commit(Commit(snapshot=snapshot, anew=True))

    def commit_if_due(self) -> None:
        """Commit what waits, if it has waited long enough; say what waits for the store in any case."""
        if self._waiting.is_due:
            self._commit()
        else:
            self._tell_backlog()

    @property
    def holds_messages(self) -> bool:
        """Whether messages wait to be committed; some brokers send no more before they are acknowledged."""
        return bool(self._waiting.messages)

    def arrival(self, mid: int) -> Arrival | None:
        """The newest message without a time that has this identifier."""
        return self._waiting.arrivals.get(mid) or self._spool.arrival(mid)

    def _commit(self) -> None:
        around, messages = self._surroundings, self._waiting.messages
        arrivals = list(self._waiting.arrivals.values())
        self._waiting.learn(around.formats(False))  # they tell of it once, and this may be given up
        newest = next((message.mid for message in reversed(messages) if message.qos and not message.dup), 0)
        commit = replace(self._waiting.commit or Commit(), now=around.now(), arrivals=arrivals, newest=newest)
        if commit.snapshot is not None:  # history that fills the windows may leave readings to wait
            commit = replace(commit, held=around.held())
        refused = list(commit.refused)
        dropped: int | None = None
        while True:
            if dropped is None:
                sent, more = self._sender.taken()
                refused += more
                self._waiting.keep(refused)  # the sender tells of them once, and this may be given up
                commit = replace(commit, sent=sent, refused=refused, series=self._new_series())
            try:
                dropped = self._spool.commit(commit) if dropped is None else dropped
                self._note("file", self._spool.look())  # before anybody is told: what has no name is lost with the process
                break
            except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
                if is_damage(error):
                    self._note("damage", self._spool.renew(error))
                    dropped, self._saved = None, 0
                    commit = replace(commit, snapshot=around.state(), held=around.held(), formats=around.formats(True))
                    continue
                if not isinstance(error, sqlite3.OperationalError):
                    raise
                until = "there is room" if "full" in str(error) else "that is mended"
                self.problem = f"cannot commit ({error}); nothing is acknowledged until {until}"
                self._grumbler.say("disk", self.problem)
                if around.wait_for_room():
                    return
        self.problem = None
        self._waiting.clear()
        self._saved += len(commit.series)
        self._count(dropped, sum(refusal.rows for refusal in refused), self._spool.set_aside())
        self._subscriber.acknowledge(messages)
        if messages:
            self._counters.set(Gauge.LAG_SECONDS, (time.time_ns() - messages[0].arrival) / 1e9)
        self._tell_backlog()
        if commit.blocks:
            self._sender.wake()
        self._spool.shrink()

    def _tell_backlog(self) -> None:
        self._counters.set(Gauge.BACKLOG_BYTES, self._spool.waiting(self._sender.sent))

    @property
    def has_news(self) -> bool:
        """Whether there is something to commit without a message."""
        return self._sender.has_news or self._spool.needs_care

    @property
    def degraded(self) -> str | None:
        """What happened of late to the spool's file; None where nothing did."""
        event = self._event
        return event[1] if event is not None and time.monotonic() - event[0] < REMEMBER else None

    def _note(self, kind: str, line: str | None) -> None:
        if line is not None:
            self._event = time.monotonic(), line
            self._grumbler.say(kind, line)

    def sent(self) -> Callable[[], bool]:
        """A function that says whether the store has all that waits for it now, or takes nothing."""
        self.commit(Commit())
        newest = self._spool.newest if self._spool.backlog else 0
        return lambda: self._sender.sent >= newest or self._sender.problem is not None

    def _new_series(self) -> list[tuple[int, str, dict[str, str]]]:
        table = self._surroundings.series
        return [(index, table.names[index], table.tags[index]) for index in range(self._saved, len(table))]

    def _count(self, dropped: int, refused: int, damaged: int) -> None:
        if dropped:
            self._counters.count(Counter.DROPPED_BLOCKS, dropped)
            what = "the oldest block is" if dropped == 1 else f"the {dropped:,} oldest blocks are"
            self._grumbler.say("spool", f"full at {self._spool.limit >> 20} MB: {what} dropped")
        self._counters.count(Counter.REFUSED_POINTS, refused)
        if damaged:
            self._counters.count(Counter.DAMAGED_BLOCKS, damaged)
            single = "block of the spool is damaged on the disk and does not reach the store"
            what = counted(damaged, single, "blocks of the spool are damaged on the disk and do not reach the store")
            self._note("seal", f"{what}; they are in its table refused. Replace the disk where this happens again")

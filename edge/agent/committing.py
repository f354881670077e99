"""Commit, and only then acknowledge: a batch's effect is on disk before the broker is told that it may forget the batch."""

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from edge.agent.counters import Counter, Counters, Gauge
from edge.contract.columns import Readings, SeriesTable
from edge.log import Grumbler
from edge.messages.message import Arrival, Message
from edge.messages.mqtt import Subscriber
from edge.spool.sender import Sender
from edge.spool.spool import Commit, Refusal, Spool, is_damage


class Committer:
    """The one way into the spool.

    Args:
        spool: written only here.
        sender: says what has arrived in the store, and hears of new blocks.
        subscriber: acknowledges what is committed.
        series: the table whose new rows go into the spool with the commit that first speaks of them.
        counters: of the agent, for what was dropped and refused.
        grumbler: says what went wrong.
        hold: called while the disk takes nothing; waits a while, and returns whether to give up.
    """

    def __init__(
        self,
        spool: Spool,
        sender: Sender,
        subscriber: Subscriber,
        series: SeriesTable,
        *,
        counters: Counters,
        grumbler: Grumbler,
        hold: Callable[[], bool],
    ) -> None:
        self._spool, self._sender, self._subscriber, self._series = spool, sender, subscriber, series
        self._counters, self._grumbler, self._hold = counters, grumbler, hold
        self._saved = len(series)
        self.problem: str | None = None

    def commit(
        self,
        commit: Commit,
        messages: Sequence[Message] = (),
        arrivals: Iterable[Arrival] = (),
        dump: Callable[[], Iterator[bytes]] | None = None,
        held: Readings | None = None,
    ) -> None:
        """Commit and acknowledge; a full disk holds everything up until there is room.

        Args:
            commit: effect of the batch; new series, what the store has and what it refused are added here.
            messages: of the batch, acknowledged after the commit.
            arrivals: of those messages that carry no time.
            dump: gives the whole series state, for a new spool in place of a damaged one.
            held: all readings that wait for the clock, for that as well.
        """
        refused: list[Refusal] = []
        while True:
            sent, more = self._sender.taken()
            refused += more
            commit = replace(commit, sent=sent, refused=refused, arrivals=arrivals, series=self._new_series())
            try:
                dropped = self._spool.commit(commit)
                break
            except sqlite3.DatabaseError as error:
                if is_damage(error):
                    self._grumbler.say("damage", self._spool.renew(error))
                    self._saved = 0
                    commit = replace(commit, snapshot=dump, held=held)
                    continue
                if not isinstance(error, sqlite3.OperationalError):
                    raise
                self.problem = f"cannot commit ({error}); nothing is acknowledged until there is room"
                self._grumbler.say("disk", self.problem)
                if self._hold():
                    return
        self.problem = None
        self._saved += len(commit.series)
        self._count(dropped, sum(refusal.rows for refusal in refused))
        self._subscriber.acknowledge(messages)
        if messages:
            self._counters.set(Gauge.LAG_SECONDS, (time.time_ns() - messages[0].arrival) / 1e9)
        self._counters.set(Gauge.BACKLOG_BYTES, self._spool.backlog)
        if commit.blocks:
            self._sender.wake()

    def _new_series(self) -> list[tuple[int, str, dict[str, str]]]:
        fresh = range(self._saved, len(self._series))
        return [(index, self._series.names[index], self._series.tags[index]) for index in fresh]

    def _count(self, dropped: int, refused: int) -> None:
        if dropped:
            self._counters.count(Counter.DROPPED_BLOCKS, dropped)
            self._grumbler.say("spool", f"full at {self._spool.limit >> 20} MB: the {dropped} oldest blocks are dropped")
        self._counters.count(Counter.REFUSED_POINTS, refused)

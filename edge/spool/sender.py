"""Blocks from the spool to the store, in order, again and again until the store has them."""

import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edge.backoff import Backoff
from edge.errors import StoreBusy, StoreDenied, StoreError
from edge.log import Grumbler
from edge.quoting import counted
from edge.spool.delivery import Delivery
from edge.spool.spool import Refusal, Spool
from edge.stores.store import Store
from edge.threads import Died, Thread, raise_again

ENDS_WITHIN = 6.0  # seconds; a write that takes longer is left alone when the process ends


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the sender writes and tries again.

    Args:
        write_size: bytes in one write; the more, the fewer pages of an SQLite store are written for the same rows.
        gather: seconds between two writes while little waits; many small writes cost the store, and a gateway's flash, far
            more than a few large ones.
        away: pauses between tries of a store that cannot be reached.
        denied: pauses between tries of a store that says no.
        patience: tries of the same blocks before the fault is looked for in them.
        apart: shortest pause between two tries that look for bad rows, seconds: failures at the same moment are one stumble of
            the store, and prove nothing against a row.
        remember: seconds for which the last refusal is shown on the health page.
        silence: seconds without an answer to a write after which this is reported.
        end: longest wait of `stop` for the write that is under way, seconds.
    """

    write_size: int = 3_000_000
    gather: float = 0.1
    away: Backoff = Backoff(0.2, 5.0)
    denied: Backoff = Backoff(30.0, 60.0)
    patience: int = 5
    apart: float = 2.0
    remember: float = 600.0
    silence: float = 60.0
    end: float = ENDS_WITHIN


class Sender:
    """A thread that sends; the spool's writer asks it what has arrived.

    Args:
        spool: spool that the thread only reads.
        store: store that only this thread writes to.
        log: function called with one line when the store goes away, says no, refuses rows, and is back.
        pace: waits of the sender, and sizes of what it sends.
        clock: seconds, monotonic.
        died: function called with one line where the thread dies.
    """

    def __init__(
        self,
        spool: Spool,
        store: Store,
        log: Callable[[str], None],
        *,
        pace: Pace = Pace(),
        clock: Callable[[], float] = time.monotonic,
        died: Died = raise_again,
    ) -> None:
        self._spool, self._log, self._pace, self._clock = spool, log, pace, clock
        self._lock = threading.Lock()
        self._sent = 0
        self._trying = 0  # newest of the blocks that are being written
        self._told = 0
        self._refused: list[Refusal] = []
        self._last_refusal: tuple[float, str] | None = None
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self._thread = Thread("sender", self._run, died)
        self._problem: str | None = None
        self._since: float | None = None  # begin of the write that is under way
        self._trouble: type[Exception] | None = None
        self._outage = 0  # tries in a row that failed
        self._grumbler = Grumbler(log, clock)
        self._delivery = Delivery(store, self._newest, self._begin)

    def start(self) -> None:
        """Begin sending."""
        self._thread.start()

    def stop(self) -> bool:
        """End after the write that is under way; what is not sent stays in the spool. May be called again, to wait on.

        Returns:
            Whether it has ended; False where that write takes longer than `Pace.end`, and may still come to the store.
        """
        self._stopping.set()
        self._wake.set()
        return self._thread.join(self._pace.end)

    def wake(self) -> None:
        """There is something to send."""
        self._wake.set()

    @property
    def sent(self) -> int:
        """Number of the newest block that the store has."""
        return self._sent

    @property
    def has_news(self) -> bool:
        """Whether the store has taken something the spool's writer does not know of."""
        return self._sent > self._told

    @property
    def problem(self) -> str | None:
        """Why the store takes nothing, or None where it does, as far as is known."""
        since = self._since
        if since is not None and (silence := self._clock() - since) > self._pace.silence:
            return f"the store has not answered a write for {silence:.0f} s; everything is kept; check [store] url"
        return self._problem

    @property
    def degraded(self) -> str | None:
        """What was set aside of late, while everything else arrives; None where nothing was."""
        last = self._last_refusal
        return last[1] if last is not None and self._clock() - last[0] < self._pace.remember else None

    def taken(self) -> tuple[int, list[Refusal]]:
        """Number of the newest block the store has, and what it refused since the last call."""
        with self._lock:
            refused, self._refused = self._refused, []
            self._told = self._sent
            return self._sent, refused

    def _begin(self) -> bool:
        """A write is about to begin; returns whether to give up instead."""
        self._since = self._clock()
        return self._stopping.is_set()

    def _newest(self) -> list[bytes]:
        return self._spool.newest_blocks(self._trying, self._pace.write_size)

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            try:
                waiting = self._spool.next_blocks(self._sent, self._pace.write_size)
                refused = self._send(*waiting, suspicious=failures >= self._pace.patience) if waiting else []
            except (StoreError, sqlite3.Error) as error:
                if self._stopping.is_set():
                    return
                failures = failures + 1 if isinstance(error, StoreBusy) and error.answered else 0
                self._wait_for_better_times(error, self._pace.apart if failures > self._pace.patience else 0.0)
                continue
            failures = 0
            if waiting is None:
                self._wake.wait(1.0)
                self._wake.clear()
                continue
            self._note(refused)
            self._tell_end_of_trouble()
            with self._lock:
                self._sent = waiting[0]
                self._refused += refused
            if 2 * sum(map(len, waiting[1])) < self._pace.write_size:  # no backlog
                self._stopping.wait(self._pace.gather)

    def _send(self, newest: int, blocks: Sequence[bytes], *, suspicious: bool) -> list[Refusal]:
        self._trying = newest
        try:
            return self._delivery.work_around(blocks) if suspicious else self._delivery.deliver(blocks)
        finally:
            self._since = None

    def _wait_for_better_times(self, error: StoreError | sqlite3.Error, shortest: float) -> None:
        # Once per outage: a store that goes away refuses, resets and times out in turn.
        if self._problem is None or type(error) is not self._trouble:
            self._log(f"{error}; everything is kept and sent later")
        self._problem, self._trouble = str(error), type(error)
        self._outage += 1
        pauses = self._pace.denied if isinstance(error, StoreDenied) else self._pace.away
        self._stopping.wait(shortest + pauses.wait(self._outage))

    def _tell_end_of_trouble(self) -> None:
        if self._problem is not None:
            self._log("the store is back")
            self._problem, self._outage = None, 0

    def _note(self, refused: Sequence[Refusal]) -> None:
        if refused:
            rows = sum(refusal.rows for refusal in refused)
            what, reason = counted(rows, "row"), refused[0].reason
            self._grumbler.say("store", f"{what} set aside, as the store will never take them: {reason}")
            self._last_refusal = self._clock(), f"the store refused {what}: {reason}"

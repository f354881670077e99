"""Keeps what the page shows up to date: one thread asks the store for all who look, and rests longer than it asks."""

import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from edge.errors import GatecastError
from edge.quoting import one_line
from edge.stores.store import Store
from flows.page.figures.asked import Snapshot, Spark, look, look_at_series, look_at_sparks
from flows.page.figures.detail import Detail

LEAST = 2.0  # seconds between two questions
RESTS = 10  # times as long as a question takes, so that a gateway has nine tenths of a core for its own work
KEPT = 64  # answers that several viewers share
Kept = TypeVar("Kept")


class Watch:
    """What the store knows, as of a moment ago; a store that is away is told in one line, and asked again.

    Args:
        open_store: function that opens the store.
        by_readings: whether the newest reading says what time it is, as in a replay of old data.
        interval: length of an interval as the configuration has it, ns; 0 where it has none.
        clock: function that gives the time, ns UTC.
    """

    def __init__(
        self,
        open_store: Callable[[], Store],
        *,
        by_readings: bool,
        interval: int = 0,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self._open, self._clock = open_store, clock
        self._by_readings, self._interval = by_readings, interval
        self._stopping, self._lock = threading.Event(), threading.Lock()
        self._kept: dict[object, object] = {}
        self._thread: threading.Thread | None = None
        self.snapshot = Snapshot(clock(), 0)
        self.trouble = ""
        self.number = 0  # of answers so far

    @property
    def is_fresh(self) -> bool:
        """Whether the store has answered at least once."""
        return self.number > 0

    def start(self) -> None:
        """Begin to ask, in a thread of its own."""
        self._thread = threading.Thread(target=self._run, name="gatecast-page", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread; waits until it has ended."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while True:
            before = time.monotonic()
            self.ask()
            if self._stopping.wait(max(LEAST, RESTS * (time.monotonic() - before))):
                return

    def ask(self) -> None:
        """Ask the store once; what it knew stays where it is away."""
        try:
            store = self._open()
            try:
                snapshot = look(store, self._clock(), by_readings=self._by_readings, interval=self._interval)
            finally:
                store.close()
        except (GatecastError, OSError) as error:
            self.trouble = one_line(str(error))
            return
        with self._lock:
            self.snapshot, self.trouble = snapshot, ""
            self.number += 1
            self._kept.clear()

    def series(self, name: str, span: int) -> Detail | None:
        """One series, with the past of so many ns; None where the store is away."""
        return self._shared((name, span), partial(_detail, name=name, span=span))

    def sparks(self, names: Sequence[str]) -> dict[str, Spark] | None:
        """The small pictures of some series; None where the store is away."""
        return self._shared(tuple(names), partial(_sparks, names=names))

    def _shared(self, key: object, ask: Callable[[Store, Snapshot], Kept]) -> Kept | None:
        """An answer that everyone who asks the same gets, until the next look at the fleet."""
        with self._lock:
            kept, snapshot = self._kept.get(key), self.snapshot
        if kept is not None:
            return kept  # type: ignore[return-value] # the key says which question it is the answer to
        try:
            store = self._open()
            try:
                answer = ask(store, snapshot)
            finally:
                store.close()
        except (GatecastError, OSError) as error:
            self.trouble = one_line(str(error))
            return None
        with self._lock:
            if snapshot is self.snapshot and len(self._kept) < KEPT:
                self._kept[key] = answer
        return answer


def _detail(store: Store, snapshot: Snapshot, *, name: str, span: int) -> Detail:
    return look_at_series(store, snapshot, name, span)


def _sparks(store: Store, snapshot: Snapshot, *, names: Sequence[str]) -> dict[str, Spark]:
    return look_at_sparks(store, snapshot, names)

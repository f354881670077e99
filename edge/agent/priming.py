"""The store's newest readings into empty windows: what an agent starts with that has no memory of its own."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from edge.backoff import Backoff
from edge.clock.trust import AHEAD
from edge.contract.columns import Readings, SeriesTable
from edge.errors import StoreError
from edge.log import Grumbler
from edge.messages.reading import Naming
from edge.series.engine import Engine
from edge.series.recent import REMEMBERED
from edge.stores.store import Store, read_readings

SLICES = 96  # reads per window: one page of 10,000 series stays small
AGAIN = 30.0  # seconds, longest pause before a store that gave no history is asked again


@dataclass(frozen=True, slots=True)
class Around:
    """What goes on around the filling of windows.

    Args:
        taken: gives the number of readings that came in so far.
        drain: lets the store take what is ready, so that its history is complete.
        beat: called with every page: a slow store may take minutes for all of them.
        moment: gives seconds, monotonic.
    """

    taken: Callable[[], float]
    drain: Callable[[], None] = lambda: None
    beat: Callable[[], None] = lambda: None
    moment: Callable[[], float] = time.monotonic


class Primer:
    """Fills empty windows now, or when the store answers.

    Args:
        store: opens a connection of its own: the sender is using the other one.
        naming: series that are known or may be added.
        grumbler: says what happened.
        around: work that goes on around it.
        again: pause before a store that gave no history is asked again.
    """

    def __init__(
        self,
        store: Callable[[], Store],
        naming: Naming,
        grumbler: Grumbler,
        around: Around,
        again: Backoff = Backoff(AGAIN, AGAIN),
    ) -> None:
        self._store, self._naming, self._grumbler, self._around, self._again = store, naming, grumbler, around, again
        self._next: float | None = None
        self._empty_since: float | None = None  # readings taken by then

    @property
    def due(self) -> bool:
        """Whether a store that gave no history is to be asked again."""
        return self._next is not None and self._around.moment() >= self._next

    def forget(self) -> None:
        """Note that all windows were emptied; no reading that was taken before is in them."""
        self._empty_since = None

    def fill(self, engine: Engine, latest: int) -> None:
        """Fill an engine's windows.

        Args:
            engine: the engine.
            latest: the latest time to look for, ns UTC.
        """
        self._next = None
        self._around.drain()
        try:
            store = self._store()
            try:
                readings = prime(engine, store, self._naming, latest, beat=self._around.beat)
            finally:
                store.close()
            if readings:
                self._grumbler.say(
                    "primed", f"windows filled with {readings} readings of {len(engine.state)} series from the store"
                )
        except StoreError as error:
            self._grumbler.say("history", f"windows stay empty, because the store gives no history: {error}")
            # Only while the newest readings are all remembered: those of the store must not count twice.
            taken = self._around.taken()
            self._empty_since = taken if self._empty_since is None else self._empty_since
            if taken - self._empty_since < REMEMBERED // 2:
                self._next = self._around.moment() + self._again.wait(1)


def prime(engine: Engine, store: Store, naming: Naming, latest: int, *, beat: Callable[[], None] = lambda: None) -> int:
    """Fill an engine's windows.

    Args:
        engine: its windows may hold the newest readings already, but not more of them than its state remembers.
        store: the store; read only.
        naming: series that are known or may be added.
        latest: the latest time to look for, ns UTC; what the store holds from after it came by a clock that was wrong, and
            is left out.
        beat: called with every page.

    Returns:
        Number of readings that the store gave.

    Raises:
        StoreError: the store gives no history.
    """
    span = store.span()
    if span is None:
        return 0
    contract, stop = engine.forecaster.contract, min(span[1], latest) + 1
    start = min(span[1], latest - AHEAD) + 1 - engine.lookback * contract.interval
    pages = _pages(store, range(start, stop), contract.interval * -(-contract.window // SLICES), beat)
    return engine.prime(_history(pages, naming))


def _pages(store: Store, span: range, step: int, beat: Callable[[], None]) -> Iterator[tuple[Readings, SeriesTable]]:
    """What the store holds of a span of time, ns UTC, read in steps; and its series so far."""
    history = SeriesTable()
    for start in span[::step]:
        beat()
        for page in read_readings(store, start, min(start + step, span.stop), history):
            beat()
            yield page, history


def _history(pages: Iterator[tuple[Readings, SeriesTable]], naming: Naming) -> Iterator[Readings]:
    """The readings of the store, under the indices of the engine."""
    indices = np.zeros(0, np.int32)
    for page, history in pages:
        fresh = [naming.index(name) for name in history.names[len(indices) :]]
        indices = np.concatenate([indices, np.asarray(fresh, np.int32)])
        owners = indices[page.series]
        yield Readings(owners, page.time, page.value).take(np.isfinite(page.value) & (owners >= 0))

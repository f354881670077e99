"""The store's newest readings into empty windows: what an agent starts with that has no memory of its own."""

import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from edge.clock.trust import AHEAD
from edge.contract.columns import Readings, SeriesTable
from edge.errors import StoreError
from edge.log import Grumbler
from edge.messages.ingest import Ingest
from edge.series.engine import Engine
from edge.series.state import REMEMBERED
from edge.stores.store import Store, read_readings

SLICES = 96  # reads per window: one page of 10,000 series stays small
AGAIN = 30.0  # seconds before a store that gave no history is asked again


class Primer:
    """Fills empty windows now, or when the store answers.

    Args:
        store: opens a connection of its own: the sender is using the other one.
        series: the table of the engine.
        ingests: the rules that topics follow.
        most: series; what the store holds of others is left out.
        grumbler: says what happened.
        taken: how many readings came in so far.
        again: seconds before a store that gave no history is asked again.
        moment: seconds, monotonic.
    """

    def __init__(
        self,
        store: Callable[[], Store],
        series: SeriesTable,
        ingests: Sequence[Ingest],
        *,
        most: int,
        grumbler: Grumbler,
        taken: Callable[[], float],
        again: float = AGAIN,
        moment: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store, self._series, self._ingests, self._most = store, series, ingests, most
        self._grumbler, self._taken, self._again, self._moment = grumbler, taken, again, moment
        self._next: float | None = None
        self._empty_since: float | None = None  # readings taken by then

    @property
    def due(self) -> bool:
        """Whether a store that gave no history is to be asked again."""
        return self._next is not None and self._moment() >= self._next

    def forget(self) -> None:
        """The windows are empty again: what was taken before is in none of them."""
        self._empty_since = None

    def fill(self, engine: Engine, latest: int, beat: Callable[[], None]) -> None:
        """Fill an engine's windows.

        Args:
            engine: its windows.
            latest: time to look for, ns UTC.
            beat: called with every page: a slow store may take minutes for all of them.
        """
        self._next = None
        try:
            store = self._store()
            try:
                found = prime(engine, store, self._series, self._ingests, self._most, latest, beat=beat)
            finally:
                store.close()
            if found:
                self._grumbler.say(
                    "primed", f"windows filled with {found} readings of {len(engine.state)} series from the store"
                )
        except StoreError as error:
            self._grumbler.say("history", f"windows stay empty, because the store gives no history: {error}")
            # Only while the newest readings are all remembered: those of the store must not count twice.
            taken = self._taken()
            self._empty_since = taken if self._empty_since is None else self._empty_since
            if taken - self._empty_since < REMEMBERED // 2:
                self._next = self._moment() + self._again


def prime(
    engine: Engine,
    store: Store,
    series: SeriesTable,
    ingests: Sequence[Ingest],
    most: int,
    latest: int,
    *,
    beat: Callable[[], None] = lambda: None,
) -> int:
    """Fill an engine's windows.

    Args:
        engine: its windows may hold the newest readings already, but not more of them than its state remembers.
        store: read only.
        series: the table of the engine; series of the store are added, with the tags their topics would give them.
        ingests: the rules those topics follow.
        most: series; what the store holds of others is left out.
        latest: time to look for, ns UTC; what the store holds from after it came by a clock that was wrong, and is left out.
        beat: called with every page.

    Returns:
        How many readings were found.

    Raises:
        StoreError: the store gives no history.
    """
    span = store.span()
    if span is None:
        return 0
    contract, stop = engine.forecaster.contract, min(span[1], latest) + 1
    start = min(span[1], latest - AHEAD) + 1 - contract.window * contract.interval
    pages = _pages(store, range(start, stop), contract.interval * -(-contract.window // SLICES), beat)
    return engine.prime(_history(pages, series, ingests, most))


def _pages(store: Store, span: range, step: int, beat: Callable[[], None]) -> Iterator[tuple[Readings, SeriesTable]]:
    """What the store holds of a span of time, ns UTC, read in steps; and its series so far."""
    history = SeriesTable()
    for start in span[::step]:
        beat()
        for page in read_readings(store, start, min(start + step, span.stop), history):
            beat()
            yield page, history


def _history(
    pages: Iterator[tuple[Readings, SeriesTable]], series: SeriesTable, ingests: Sequence[Ingest], most: int
) -> Iterator[Readings]:
    """The readings of the store, under the indices of the engine."""
    places = np.zeros(0, np.int32)
    for page, history in pages:
        fresh = [_place(name, series, ingests, most) for name in history.names[len(places) :]]
        places = np.concatenate([places, np.asarray(fresh, np.int32)])
        owners = places[page.series]
        yield Readings(owners, page.time, page.value).take(np.isfinite(page.value) & (owners >= 0))


def _place(name: str, series: SeriesTable, ingests: Sequence[Ingest], most: int) -> int:
    known = series.get(name)
    if known is not None:
        return known
    if len(series) >= most:
        return -1
    return series.add(name, next((tags for ingest in ingests if (tags := ingest.tags_of(name)) is not None), None))

"""The newest readings of store and history into empty windows: what an agent starts with that has no memory of its own."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from edge.backoff import Backoff
from edge.clock.trust import AHEAD
from edge.contract.columns import Readings, SeriesTable
from edge.errors import GatecastError, StoreBusy, StoreError
from edge.log import Grumbler
from edge.messages.reading import Naming, plausible_of
from edge.series.engine import Engine
from edge.series.recent import REMEMBERED
from edge.sources.joining import join
from edge.sources.names import comes_live
from edge.sources.plausible import PlausibleReadings
from edge.sources.source import Source
from edge.stores.store import Store, read_readings

SLICES = 96  # reads per window: one page of 10,000 series stays small
UNKNOWN = -2  # index of a series that had no reading yet
PATIENT = 3  # tries that a source of [[history]] has to answer in; then the windows are filled without it
AGAIN = 30.0  # seconds, longest pause before a store that gave no history is asked again


@dataclass(frozen=True, slots=True)
class Around:
    """What goes on around the filling of windows.

    Args:
        taken: function that gives the number of readings that came in so far.
        drain: function that lets the store take what is ready, so that its history is complete.
        beat: function called with every page: a slow store may take minutes for all of them.
        moment: function that gives seconds, monotonic.
        wait: function that takes readings from ahead of our clock, until they count.
    """

    taken: Callable[[], float]
    drain: Callable[[], None] = lambda: None
    beat: Callable[[], None] = lambda: None
    moment: Callable[[], float] = time.monotonic
    wait: Callable[[Readings], None] = lambda _: None


class Primer:
    """Fills empty windows now, or when the store answers.

    Args:
        store: function that opens a connection of its own: the sender is using the other one.
        naming: series that are known or may be added.
        grumbler: grumbler that says what happened.
        around: work that goes on around it.
        again: pause before a store that gave no history is asked again.
        sources: functions that open a source each of what `[[history]]` names.
    """

    def __init__(
        self,
        store: Callable[[], Store],
        naming: Naming,
        grumbler: Grumbler,
        around: Around,
        again: Backoff = Backoff(AGAIN, AGAIN),
        sources: Sequence[Callable[[], Source]] = (),
    ) -> None:
        self._store, self._naming, self._grumbler, self._around, self._again = store, naming, grumbler, around, again
        self._sources, self._tries = sources, 0
        self._next: float | None = None
        self._empty_since: float | None = None  # readings taken by then

    @property
    def due(self) -> bool:
        """Whether a store that gave no history is to be asked again."""
        return self._next is not None and self._around.moment() >= self._next

    def forget(self) -> None:
        """Note that all windows were emptied; no reading that was taken before is in them."""
        self._empty_since = None

    def fill(self, engine: Engine, latest: int, beyond: int | None = None) -> None:
        """Fill an engine's windows.

        Args:
            engine: the engine.
            latest: the latest time to look for, ns UTC.
            beyond: the first time of a reading that waits, as a live one does; None: all count at once.
        """
        self._next = None
        self._around.drain()
        opened: list[Source] = []
        try:
            store = self._store()
            try:
                opened += self._open_sources()
                span = Until(latest, beyond)
                readings = prime(engine, store, self._naming, span, around=self._around, sources=opened)
            finally:
                store.close()
                for source in opened:
                    source.close()
            self._tries = 0
            if readings:
                origin = "the store and [[history]]" if opened else "the store"
                self._grumbler.say(
                    "primed", f"windows filled with {readings} readings of {len(engine.state)} series from {origin}"
                )
            for source in opened:
                if notes := source.notes.lines():
                    self._grumbler.say(source.settings.label, "; ".join(notes))
        except StoreError as error:
            self._grumbler.say("history", f"windows stay empty, because the store gives no history: {error}")
            # Only while the newest readings are all remembered: those of the store must not count twice.
            taken = self._around.taken()
            self._empty_since = taken if self._empty_since is None else self._empty_since
            if taken - self._empty_since < REMEMBERED // 2:
                self._next = self._around.moment() + self._again.wait(1)

    def _open_sources(self) -> Iterator[Source]:
        """The sources that answer.

        Raises:
            StoreBusy: one of them does not answer now, and may do so soon.
        """
        self._tries += 1
        for number, open_source in enumerate(self._sources, 1):
            self._around.beat()
            try:
                source = open_source()
                source.span()
            except GatecastError as error:
                if isinstance(error, StoreBusy) and self._tries < PATIENT:
                    raise StoreBusy(f"[[history]] number {number} does not answer yet ({error})") from error
                self._grumbler.say(f"history {number}", f"windows are filled without it: {error}")
            else:
                yield source


@dataclass(frozen=True, slots=True)
class Until:
    """Up to what time history counts.

    Args:
        latest: the latest time to look for, ns UTC; what the store holds from after it came by a clock that was wrong, and
            is left out.
        beyond: the first time of a reading that waits until our clock is there, ns UTC; None: all count at once.
    """

    latest: int
    beyond: int | None = None


def prime(
    engine: Engine,
    store: Store,
    naming: Naming,
    until: Until,
    *,
    around: Around | None = None,
    sources: Sequence[Source] = (),
) -> int:
    """Fill an engine's windows.

    Args:
        engine: its windows may hold the newest readings already, but not more of them than its state remembers.
        store: the store; read only.
        naming: series that are known or may be added.
        until: up to what time its readings count.
        around: work that goes on around it; None: nothing.
        sources: further history, of which the series count that can come live.

    Returns:
        Number of readings that were found.

    Raises:
        StoreError: the store or a source gives no history.
    """
    ends = [span[1] for span in (store.span(), *(source.span() for source in sources)) if span is not None]
    if not ends:
        return 0
    contract, newest = engine.forecaster.contract, max(ends)
    around = around or Around(lambda: 0.0)
    stop = min(newest, until.latest) + 1
    start = min(newest, until.latest - AHEAD) + 1 - engine.lookback * contract.interval
    history = SeriesTable()

    def expected(name: str) -> bool:
        return naming.series.get(name) is not None or comes_live(naming.ingests, name)

    pages = _pages(store, range(start, stop), contract.interval * -(-contract.window // SLICES), history, around.beat)
    more = (_expected(source.readings(start, stop, history), history, expected, around.beat) for source in sources)
    plausible = PlausibleReadings(history, partial(plausible_of, naming.ingests))
    waiting: list[Readings] = []
    count = engine.prime(_in_time(_indexed(plausible.of(join([pages, *more])), history, naming), until.beyond, waiting))
    around.wait(Readings.concatenate(waiting))
    return count


def _in_time(pages: Iterator[Readings], beyond: int | None, waiting: list[Readings]) -> Iterator[Readings]:
    """The pages without the readings that wait, which are added to a list."""
    for page in pages:
        if beyond is not None and (early := page.time >= beyond).any():
            waiting.append(page.take(early))
            yield page.take(~early)
        else:
            yield page


def _pages(store: Store, span: range, step: int, history: SeriesTable, beat: Callable[[], None]) -> Iterator[Readings]:
    """What the store holds of a span of time, ns UTC, read in steps."""
    for start in span[::step]:
        beat()
        for page in read_readings(store, start, min(start + step, span.stop), history):
            beat()
            yield page


def _expected(
    pages: Iterator[Readings], history: SeriesTable, expected: Callable[[str], bool], beat: Callable[[], None]
) -> Iterator[Readings]:
    """The pages without the series that never come live: a window of theirs would only take room."""
    wanted = np.zeros(0, bool)
    for page in pages:
        beat()
        wanted = np.concatenate([wanted, np.asarray([expected(name) for name in history.names[len(wanted) :]], bool)])
        yield page.take(wanted[page.series])


def _indexed(pages: Iterator[Readings], history: SeriesTable, naming: Naming) -> Iterator[Readings]:
    """The readings under the indices of the engine; a series gets one with its first reading."""
    indices = np.zeros(0, np.int32)
    for page in pages:
        if len(history) > len(indices):
            indices = np.concatenate([indices, np.full(len(history) - len(indices), UNKNOWN, np.int32)])
        for fresh in np.unique(page.series[indices[page.series] == UNKNOWN]).tolist():
            indices[fresh] = naming.index(history.names[fresh])
        owners = indices[page.series]
        yield Readings(owners, page.time, page.value).take(np.isfinite(page.value) & (owners >= 0))

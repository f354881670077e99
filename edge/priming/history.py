"""The history that windows need: pages of the store and of `[[history]]`, in order of time."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from edge.clock.trust import AHEAD
from edge.contract.columns import Readings, SeriesTable
from edge.messages.ingest import Ingest
from edge.messages.reading import plausible_of
from edge.sources.joining import join
from edge.sources.names import comes_live
from edge.sources.plausible import PlausibleReadings
from edge.sources.source import Source
from edge.stores.store import Store, read_readings

SLICES = 96  # reads per window: one page of 10,000 series stays small


@dataclass(frozen=True, slots=True)
class Wanted:
    """The history that is wanted.

    Args:
        interval: length of an interval, ns.
        window: number of values of a window.
        lookback: number of intervals before an origin whose readings its window may depend on.
        latest: the latest time that counts, ns UTC; what the store holds from after it came by a clock that was wrong.
    """

    interval: int
    window: int
    lookback: int
    latest: int


@dataclass(frozen=True, slots=True)
class Rules:
    """Rules that choose among the history.

    Args:
        ingests: rules of the live readings; only one thread may use them.
        known: function that says whether the agent has a series of this name.
    """

    ingests: Sequence[Ingest]
    known: Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Page:
    """A part of the history.

    Args:
        names: names of the series that no page before had; their indices follow those of the names before.
        readings: readings with finite values.
    """

    names: list[str]
    readings: Readings


def read_history(wanted: Wanted, store: Store, sources: Sequence[Source], rules: Rules) -> Iterator[Page]:
    """The history in pages, in order of time; a series and time stand in one page only.

    Args:
        wanted: history that is wanted.
        store: the store; read only.
        sources: further history, of which the series count that can come live.
        rules: rules that choose.

    Raises:
        StoreError: the store or a source gives no history.
    """
    ends = [span[1] for span in (store.span(), *(source.span() for source in sources)) if span is not None]
    if not ends:
        return
    newest = max(ends)
    stop = min(newest, wanted.latest) + 1
    start = min(newest, wanted.latest - AHEAD) + 1 - wanted.lookback * wanted.interval
    history, step = SeriesTable(), wanted.interval * -(-wanted.window // SLICES)
    span = range(start, stop)
    slices = (span[begin : begin + step] for begin in range(0, len(span), step))
    pages = (page for part in slices for page in read_readings(store, part.start, part.stop, history))
    more = (_expected(source.readings(start, stop, history), history, rules) for source in sources)
    plausible = PlausibleReadings(history, partial(plausible_of, rules.ingests))
    told = 0
    for readings in plausible.of(join([pages, *more])):
        names, told = history.names[told:], len(history)
        yield Page(names, readings.take(readings.finite))


def _expected(pages: Iterator[Readings], history: SeriesTable, rules: Rules) -> Iterator[Readings]:
    """The pages without the series that never come live: a window of theirs would only take room."""
    wanted = np.zeros(0, bool)
    for page in pages:
        new = [rules.known(name) or comes_live(rules.ingests, name) for name in history.names[len(wanted) :]]
        wanted = np.concatenate([wanted, np.asarray(new, bool)])
        yield page.take(wanted[page.series])

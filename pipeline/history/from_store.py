"""The readings of the store, read page by page: onto the grid, and back from files into the store."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from edge.config.training_sections import Fleet
from edge.contract.columns import Points, Readings, SeriesTable
from edge.contract.contract import Contract
from edge.contract.meaning import Meaning
from edge.contract.schema import COUNTER, HOLD, MEANING
from edge.contract.times import DAY, SECOND
from edge.errors import BlockRefused, HistoryError, StoreBusy
from edge.messages.ingest import Ingest
from edge.sources.joining import join
from edge.sources.plausible import PlausibleReadings, SeriesRules
from edge.sources.source import Source
from edge.stores.store import Store, read_readings
from pipeline.history.cells import IN_MEMORY, Arrivals, Workspace
from pipeline.history.defaults import derive_contract, with_enough
from pipeline.history.table import Table, stream_table
from pipeline.history.usual import with_bounds
from pipeline.history.windows import least_history

BLOCK = 5_000
LATELY = 32 * DAY
TRIES = 6


@dataclass(frozen=True, slots=True)
class History:
    """The readings of a store on the grid.

    Args:
        contract: contract that follows from the configuration and the readings.
        table: series in order of their names.
        arrivals: facts that the readings tell beside the table, row by row.
        notes: a line for each kind of row that a source of `[[history]]` has and that does not count, and for each series with
            readings that cannot be.
    """

    contract: Contract
    table: Table
    arrivals: Arrivals
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Needs:
    """What a retraining needs of a store, and what the store holds.

    Args:
        contract: contract that follows from the configuration and the readings.
        needed: length of history that it cannot do without, ns.
        held: length of history in the store, ns.
    """

    contract: Contract
    needed: int
    held: int


def read_pages(
    store: Store,
    series: SeriesTable,
    *,
    stop: int | None = None,
    sources: Sequence[Source] = (),
) -> Iterator[Readings]:
    """The readings of store and sources before a moment, page by page in order of time; their series are added.

    What several of them have counts once, as `edge.sources.joining` has it; the store is the first of them.

    Args:
        store: store that has readings.
        series: table that the series are added to.
        stop: moment after the last one, ns UTC; None: all there are.
        sources: further history.

    Raises:
        HistoryError: there is none.
        StoreBusy: the store or a source cannot be reached.
        StoreDenied: the account, bucket or address is wrong.
    """
    spans = [span for span in (store.span(), *(source.span() for source in sources)) if span is not None]
    also = ", nor does [[history]]; gatecast history says why" if sources else ""
    if not spans:
        raise HistoryError(f"the store holds no readings{also}; run gatecast import FILE, or let the agent collect some first")
    begin, last = min(span[0] for span in spans), max(span[1] for span in spans)
    end = last + 1 if stop is None else min(stop, last + 1)
    empty = True
    for page in join([read_readings(store, begin, end, series), *(source.readings(begin, end, series) for source in sources)]):
        empty = empty and not len(page)
        yield page
    if empty:
        raise HistoryError(f"the store holds no readings in this range of time{also}; choose a wider one")


def read_history(
    store: Store,
    fleet: Fleet,
    workspace: Workspace = IN_MEMORY,
    *,
    stop: int | None = None,
    rules: SeriesRules = SeriesRules(),
    sources: Sequence[Source] = (),
) -> History:
    """The history of store and sources before a moment on the grid; readings pass by in pages and are not kept.

    Where the configuration leaves the interval open, it is derived from the first readings.

    Args:
        store: store that has the readings.
        fleet: section of the configuration with what is known of the contract.
        workspace: folder that a large table becomes a file in, and how much is in memory at once.
        stop: moment after the last one, ns UTC; None: all readings are taken.
        rules: rules of the live readings; where they say nothing of a series, or several give its name, what an agent told the
            store counts.
        sources: further history.

    Raises:
        ConfigurationError: a value of the configuration is out of range.
        HistoryError: there are no readings, or they cannot be put on a grid.
        StoreBusy: the store cannot be reached.
        StoreDenied: the account, bucket or address is wrong.
    """
    told = described(store)
    series = SeriesTable(meaning=lambda name: rules.meaning(name, told.get(name)) or told.get(name))
    plausible = PlausibleReadings(series, rules.plausible)
    pages = plausible.of(read_pages(store, series, stop=stop, sources=sources))
    known = _enough(fleet, pages, workspace)
    contract = derive_contract(fleet, Readings.concatenate(known))
    table, arrivals = stream_table(
        series, chain(known, pages), contract.interval, contract.aggregation, workspace, by_name=True
    )
    notes = [f"{source.settings.label}: {note}" for source in sources for note in source.notes.lines()]
    return History(contract, with_bounds(table, rules.plausible, contract.aggregation), arrivals, (*notes, *plausible.notes()))


def described(store: Store) -> dict[str, Meaning]:
    """What agents have told the store of its series lately, by their names; units are texts, and are not read.

    Raises:
        StoreBusy: the store cannot be reached.
        StoreDenied: the account, bucket or address is wrong.
    """
    span, series, told = store.span(), SeriesTable(), dict[str, Meaning]()
    if span is None:
        return told
    newest: dict[str, int] = {}
    for rows in store.read(MEANING, [COUNTER.name, HOLD.name], span[1] - LATELY, span[1] + 1, series):
        columns = (rows.series, rows.time, rows.fields[COUNTER.name], rows.fields[HOLD.name])
        for index, moment, counter, hold in zip(*(np.asarray(column).tolist() for column in columns), strict=True):
            name = series.names[index]
            if moment >= newest.get(name, moment) and hold >= 0:
                newest[name] = moment
                told[name] = Meaning("counter" if counter else "gauge", round(hold * SECOND))
    return told


def needs_of(store: Store, fleet: Fleet) -> Needs:
    """What `read_history` will take of the whole store, without reading all of it.

    Raises:
        ConfigurationError: a value of the configuration is out of range.
        HistoryError: there are no readings, or no interval can be told from them.
        StoreBusy: the store cannot be reached.
        StoreDenied: the account, bucket or address is wrong.
    """
    contract = derive_contract(fleet, Readings.concatenate(_enough(fleet, read_pages(store, SeriesTable()), IN_MEMORY)))
    first, last = store.span() or (0, 0)
    contract = with_enough(contract, (last - first) // contract.interval + 1)
    return Needs(contract, least_history(contract) * contract.interval, last - first + contract.interval)


def _enough(fleet: Fleet, pages: Iterator[Readings], workspace: Workspace) -> list[Readings]:
    """The first pages, from which the contract is derived, taken off the others."""
    known = [next(pages)]
    while not fleet.interval and sum(map(len, known)) < workspace.told_from and (page := next(pages, None)) is not None:
        known.append(page)
    return known


def tag(series: SeriesTable, ingests: Sequence[Ingest]) -> SeriesTable:
    """The same series with the tags their topics would give them, so that imported and live readings are one series."""
    tagged = SeriesTable()
    for name in series.names:
        tagged.add(name, next((tags for ingest in ingests if (tags := ingest.tags_of(name)) is not None), None))
    return tagged


def write_history(store: Store, series: SeriesTable, readings: Readings, *, wait: Callable[[float], None] = time.sleep) -> int:
    """Write readings; those that are there already change nothing.

    Args:
        store: the same readings may be in it.
        series: names and tags.
        readings: rows in any order; values that are not finite are left out.
        wait: function that waits this many seconds before the next try.

    Returns:
        How many readings were written.

    Raises:
        HistoryError: the store refuses a reading.
        StoreBusy: the store stayed away.
        StoreDenied: the account, bucket or address is wrong.
    """
    kept = readings.take(np.isfinite(readings.value))
    for begin in range(0, len(kept), BLOCK):
        part = kept.take(slice(begin, begin + BLOCK))
        block = store.encode([Points.of_readings(part)], series)
        for attempt in range(TRIES):
            try:
                store.write(block)
                break
            except StoreBusy:
                if attempt == TRIES - 1:
                    raise
                wait(min(0.25 * 2**attempt, 5))
            except BlockRefused as error:
                raise HistoryError(f"readings {begin}…{begin + len(part)} cannot be stored: {error}") from error
    return len(kept)

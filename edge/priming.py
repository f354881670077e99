"""The store's newest readings into empty windows: what an agent starts with that has no memory of its own."""

from collections.abc import Iterator, Sequence

import numpy as np

from edge.contract import Contract, Readings, SeriesTable
from edge.engine import Engine
from edge.intake import AHEAD
from edge.payloads import Ingest
from edge.store import Store

SLICES = 96  # reads per window: one page of 10,000 series stays small


def prime(engine: Engine, store: Store, series: SeriesTable, ingests: Sequence[Ingest], most: int, latest: int) -> int:
    """Fill an engine's windows.

    Args:
        engine: its windows may hold the newest readings already, but not more of them than its state remembers.
        store: read only.
        series: the table of the engine; series of the store are added, with the tags their topics would give them.
        ingests: the rules those topics follow.
        most: series; what the store holds of others is left out.
        latest: from `latest_time`; what the store holds from after it came by a clock that was wrong, and is left out.

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
    return engine.prime(_history(contract, store, range(start, stop), series, ingests, most))


def _history(
    contract: Contract, store: Store, span: range, series: SeriesTable, ingests: Sequence[Ingest], most: int
) -> Iterator[Readings]:
    """What the store holds of a span of time, ns UTC."""
    history = SeriesTable()
    places = np.zeros(0, np.int32)
    step = contract.interval * -(-contract.window // SLICES)
    for start in span[::step]:
        for page in store.read("reading", ["value"], start, min(start + step, span.stop), history):
            fresh = [_place(name, series, ingests, most) for name in history.names[len(places) :]]
            places = np.concatenate([places, np.asarray(fresh, np.int32)])
            owners, value = places[page.series], np.asarray(page.fields["value"], np.float64)
            yield Readings(owners, page.time, value).take(np.isfinite(value) & (owners >= 0))


def _place(name: str, series: SeriesTable, ingests: Sequence[Ingest], most: int) -> int:
    known = series.get(name)
    if known is not None:
        return known
    if len(series) >= most:
        return -1
    return series.add(name, next((tags for ingest in ingests if (tags := ingest.tags_of(name)) is not None), None))

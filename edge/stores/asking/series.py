"""What a store holds of each series now, put together from the questions; the page and the commands show this."""

import math
from collections.abc import Sequence

import numpy as np

from edge.contract.columns import Float64, Int64
from edge.contract.schema import COUNTER, FORECAST, FORECAST_SCORE, LEAD, MEANING, MODEL, ORIGIN, READING, UNIT, VALUE
from edge.stores.asking.answer import COUNT
from edge.stores.asking.asking import chosen, fields_of, means, newest
from edge.stores.asking.rows import Ahead, Newest, Scored, level
from edge.stores.store import Store

FOREVER = 1 << 62  # ns UTC
NEAR = 2  # the row of the second lead is written with each forecast, and the rows behind it may be older ones
SCORES = ("absolute_error", "baseline_absolute_error", "covered")


def known_series(store: Store, since: int = 0) -> list[Newest]:
    """Every series that has a reading, in order of the names.

    Args:
        store: store that is asked.
        since: time from which on readings and forecasts count, ns UTC.

    Raises:
        ConfigurationError: nobody has written how to ask such a store.
        StoreBusy: the store is away.
        StoreDenied: the account, bucket or address is wrong.
    """
    cells: dict[str, dict[str, object]] = {}
    made = newest(store, FORECAST, [ORIGIN.name, LEAD, MODEL.name], since, near=NEAR)
    for answer in (made, newest(store, MEANING, [COUNTER.name, UNIT.name], 0)):
        for row, owner in enumerate(answer.owners):
            cells.setdefault(owner, {}).update({name: column[row] for name, column in answer.cells.items()})
    for owner, time in zip(made.owners, made.time.tolist(), strict=True):
        cells[owner]["target"] = time
    read = newest(store, READING, [VALUE.name], since)
    rows = zip(read.owners, read.time.tolist(), read.cells[VALUE.name], strict=True)
    series = [Newest.of_cells(owner, time, {**cells.get(owner, {}), "value": value}) for owner, time, value in rows]
    return sorted(series, key=lambda known: known.name)


def scored(store: Store, span: tuple[int, int], names: Sequence[str] = ()) -> dict[str, Scored]:
    """Error, naive error and coverage by series.

    Args:
        store: store that is asked.
        span: first moment, and the first one after it that does not count, ns UTC; see `rows.scored_over`.
        names: series; empty: all there are.

    Raises:
        ConfigurationError: as `known_series`.
        StoreBusy: as `known_series`.
        StoreDenied: as `known_series`.
    """
    answer = means(store, FORECAST_SCORE, SCORES, names, span)
    columns = (answer.numbers(name).tolist() for name in SCORES)
    rows = zip(answer.owners, answer.integers(COUNT), *columns, strict=True)
    return {
        owner: Scored(count, error, naive, coverage)
        for owner, count, error, naive, coverage in rows
        if count and math.isfinite(error) and math.isfinite(naive)
    }


def quantile_fields(fields: Sequence[str]) -> list[str]:
    """The quantiles among the fields of a measurement, in the order of their levels."""
    levels = {field: number for field in fields if (number := level(field)) is not None}
    return sorted(levels, key=levels.__getitem__)


def ahead(store: Store, name: str, start: int) -> Ahead | None:
    """The newest forecast of each interval of a series that begins at a moment, ns UTC, or later; None where there is none.

    Raises:
        ConfigurationError: as `known_series`.
        StoreBusy: as `known_series`.
        StoreDenied: as `known_series`.
    """
    quantiles = quantile_fields(fields_of(store, FORECAST))
    answer = chosen(store, FORECAST, [ORIGIN.name, LEAD, MODEL.name, *quantiles], [name], (start, FOREVER))
    origin, lead = answer.integers(ORIGIN.name), answer.integers(LEAD)
    rows = [row for row, end in enumerate(origin) if end is not None and (lead[row] or 0) >= 1]
    if not rows or not quantiles:
        return None
    origins, leads = (np.asarray([column[row] for row in rows], np.int64) for column in (origin, lead))
    values = {field: answer.numbers(field)[rows] for field in quantiles}
    return Ahead(answer.time[rows], origins, leads, values, answer.texts(MODEL.name)[rows[0]])


def readings(store: Store, name: str, start: int, stop: int) -> tuple[Int64, Float64]:
    """Times (ns UTC) and values of the readings of one series in `[start, stop)`, in order of time, `[n]` each.

    Raises:
        ConfigurationError: as `known_series`.
        StoreBusy: as `known_series`.
        StoreDenied: as `known_series`.
    """
    answer = chosen(store, READING, [VALUE.name], [name], (start, stop))
    return answer.time, answer.numbers(VALUE.name)

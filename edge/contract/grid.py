"""The time grid: readings grouped into intervals."""

from collections.abc import Iterator
from typing import Literal, TypeAlias, cast

import numpy as np

from edge.contract.columns import Float64, Int32, Int64, Readings

Aggregation: TypeAlias = Literal["mean", "last", "sum", "min", "max"]


def combine(aggregation: Aggregation, value: Float64, starts: Int64) -> Float64:
    """One value per group of consecutive values.

    Args:
        aggregation: rule; `last` takes the last of each group, so groups are in order of time.
        value: float64 `[n]`, finite.
        starts: position where each group begins, int64 `[groups]`.
    """
    if aggregation == "last":
        return cast("Float64", value[np.append(starts[1:], len(value)) - 1])
    if aggregation in ("min", "max"):
        return cast("Float64", (np.minimum if aggregation == "min" else np.maximum).reduceat(value, starts))
    total = cast("Float64", np.add.reduceat(value, starts))
    return total / np.diff(np.append(starts, len(value))) if aggregation == "mean" else total


def group_starts(*keys: Int64 | Int32) -> Int64:
    """Positions where any of the sorted key columns changes, int64 `[groups]`."""
    changed = np.zeros(len(keys[0]), bool)
    changed[:1] = True
    for key in keys:
        changed[1:] |= key[1:] != key[:-1]
    return np.flatnonzero(changed)


def aggregate(readings: Readings, interval: int, aggregation: Aggregation) -> tuple[Int32, Int64, Float64]:
    """Readings on the grid: series, interval number and value of every interval that holds a reading.

    Rows come sorted by series and interval. Of several readings of the same series and time the last one counts;
    values that are not finite do not count at all.

    Args:
        readings: rows in any order.
        interval: length of an interval, ns.
        aggregation: rule by which the readings of one interval become one value.

    Returns:
        series int32 `[cells]`, interval number (time // interval) int64 `[cells]`, value float64 `[cells]`.
    """
    readings = readings.take(np.isfinite(readings.value))
    if not len(readings):
        return readings.series, readings.time, readings.value
    order = np.lexsort((readings.time, readings.series))  # stable: of equal times the last to arrive comes last
    ordered = readings.take(order)
    superseded = (ordered.series[1:] == ordered.series[:-1]) & (ordered.time[1:] == ordered.time[:-1])
    ordered = ordered.take(np.append(~superseded, True))
    number = ordered.time // interval
    starts = group_starts(ordered.series, number)
    return ordered.series[starts], number[starts], combine(aggregation, ordered.value, starts)


def rounds(series: Int32) -> Iterator[Int64]:
    """Row numbers in rounds: within a round each series occurs once, and the order of rows per series is kept.

    Args:
        series: int32 `[n]`.
    """
    order = np.argsort(series, kind="stable")
    ordered = series[order]
    position = np.arange(len(order))
    first = np.append(True, ordered[1:] != ordered[:-1])
    turn = position - np.maximum.accumulate(np.where(first, position, 0))
    by_turn = np.argsort(turn, kind="stable")
    yield from np.split(order[by_turn], np.flatnonzero(np.diff(turn[by_turn])) + 1)

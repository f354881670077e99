"""Readings on the grid: an interval is half-open, of two readings at one time the later arrival counts."""

from math import inf, nan

import numpy as np
import pytest

from edge.contract.columns import Readings
from edge.contract.grid import Aggregation, aggregate, group_starts, rounds


def cells(readings: Readings, aggregation: Aggregation = "mean") -> list[tuple[int, int, float]]:
    """Series, interval number and value of every interval of ten ns."""
    series, number, value = aggregate(readings, 10, aggregation)
    return list(zip(series.tolist(), number.tolist(), value.tolist(), strict=True))


def test_an_interval_begins_with_its_first_nanosecond_and_ends_before_the_next() -> None:
    """Also before 1970; rows come sorted by series and interval."""
    readings = Readings.of([1, 0, 0, 0, 0], [0, 9, 10, -1, 0], [5.0, 1.0, 2.0, 3.0, 4.0])
    assert cells(readings) == [(0, -1, 3.0), (0, 0, 2.5), (0, 1, 2.0), (1, 0, 5.0)]


@pytest.mark.parametrize(("aggregation", "value"), [("mean", 2.5), ("last", 1.0), ("sum", 10.0), ("min", 1.0), ("max", 4.0)])
def test_the_readings_of_an_interval_become_one_value(aggregation: Aggregation, value: float) -> None:
    """In the order of their times, whatever order they come in."""
    readings = Readings.of([0] * 4, [3, 1, 9, 2], [3.0, 4.0, 1.0, 2.0])
    assert cells(readings, aggregation) == [(0, 0, value)]


def test_of_two_readings_at_one_time_the_later_arrival_counts() -> None:
    """It corrects the one before, and neither counts twice."""
    assert cells(Readings.of([0, 0, 0], [5, 6, 5], [100.0, 1.0, 3.0])) == [(0, 0, 2.0)]


def test_values_that_are_not_finite_do_not_count() -> None:
    """An interval with no other has no cell."""
    assert cells(Readings.of([0, 0, 0], [1, 2, 11], [nan, 1.0, inf])) == [(0, 0, 1.0)]
    assert cells(Readings.of([0], [1], [nan])) == []
    assert cells(Readings.empty()) == []


def test_a_group_starts_where_any_key_changes() -> None:
    """Of two sorted keys; no rows have no group."""
    assert group_starts(np.array([0, 0, 0, 1]), np.array([1, 2, 2, 2])).tolist() == [0, 1, 3]
    assert group_starts(np.zeros(0, np.int64)).tolist() == []


def test_rounds_have_each_series_once_and_keep_its_order() -> None:
    """Rows 0, 2 and 5 are of series 7, rows 1 and 4 of series 3."""
    series = np.array([7, 3, 7, 1, 3, 7], np.int32)
    assert [sorted(rows.tolist()) for rows in rounds(series)] == [[0, 1, 3], [2, 4], [5]]

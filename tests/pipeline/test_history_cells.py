"""Pages of readings become cells of the grid in one pass, and every fact about them is counted on the way."""

import numpy as np
import pytest

from edge.contract.columns import Readings
from edge.errors import HistoryError
from pipeline.history.cells import Arrivals, Grid, Workspace

NEVER = np.iinfo(np.int64).min


def cells(grid: Grid) -> list[tuple[int, int, float]]:
    """Number, series and value of every cell."""
    return [tuple(cell.tolist()) for piece in grid.cells() for cell in piece]


def test_an_interval_becomes_a_cell_as_soon_as_a_later_one_begins() -> None:
    """With a block of one reading every page settles what is complete; the rest waits for the end."""
    with Grid(10, "sum", Workspace(block=1)) as grid:
        grid.add(Readings.of([0, 1], [1, 2], [1.0, 2.0]))
        assert cells(grid) == []
        grid.add(Readings.of([0, 0], [9, 10], [3.0, 4.0]))
        assert cells(grid) == [(0, 0, 4.0), (0, 1, 2.0)]
        with pytest.raises(HistoryError, match="in order of time"):
            grid.add(Readings.of([0], [9], [5.0]))
        grid.finish()
        assert cells(grid) == [(0, 0, 4.0), (0, 1, 2.0), (1, 0, 4.0)]
        assert (grid.first, grid.last, grid.filled) == (0, 1, 3)


def test_a_block_may_hold_more_than_its_number_where_one_interval_does() -> None:
    """An interval is never made of half its readings."""
    with Grid(100, "mean", Workspace(block=2)) as grid:
        for time in range(5):
            grid.add(Readings.of([0], [time], [float(time)]))
        grid.finish()
        assert cells(grid) == [(0, 0, 2.0)]


def test_facts_are_counted_per_series() -> None:
    """First and last time, rows, doubled times, disorder and values that are not finite."""
    with Grid(10, "mean") as grid:
        grid.add(Readings.of([0, 2, 0, 0], [5, 7, 5, 3], [1.0, np.inf, 2.0, 1.0]))
        grid.finish()
        facts = grid.arrivals
    assert facts.first.tolist() == [3, np.iinfo(np.int64).max, 7]
    assert facts.last.tolist() == [5, NEVER, 7]
    assert facts.readings.tolist() == [3, 0, 1]
    assert facts.duplicates.tolist() == [1, 0, 0]
    assert facts.out_of_order.tolist() == [1, 0, 0]
    assert facts.not_finite.tolist() == [0, 0, 1]


def test_gaps_are_remembered_widest_first() -> None:
    """Width, the interval before it, and the cells until there."""
    with Grid(1, "mean") as grid:
        grid.add(Readings.of([0, 1, 0, 0], [0, 0, 3, 10], [1.0] * 4))
        grid.finish()
        assert grid.gaps.tolist() == [[7, 3, 3], [3, 0, 2]]


def test_facts_of_chosen_series_stay_together() -> None:
    """They are taken in any order, and grown by series of which nothing has arrived."""
    facts = Arrivals.none(2)
    facts.readings[:] = [1, 2]
    grown = facts.grown(3)
    assert grown.take(np.array([2, 1])).readings.tolist() == [0, 2]
    assert grown.first[2] == np.iinfo(np.int64).max


def test_values_beyond_float32_become_nan() -> None:
    """The model reads float32, where such a value is infinite."""
    with Grid(1, "mean") as grid:
        grid.add(Readings.of([0, 0], [0, 1], [1e300, 1.0]))
        grid.finish()
        (first, second) = cells(grid)
    assert np.isnan(first[2])
    assert second == (1, 0, 1.0)

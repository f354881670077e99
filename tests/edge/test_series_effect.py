"""Forecasts carry the facts that their origins have brought."""

import numpy as np

from edge.series.closing import Closed
from edge.series.effect import Made

NAN = np.nan


def test_forecasts_carry_newest_lowest_and_highest_fact() -> None:
    """Of the intervals that closed at that moment; the newest is the last one that the window knows."""
    windows = np.asarray([[1.0, 2.0, 3.0], [9.0, 7.0, NAN], [5.0, 6.0, NAN], [NAN, NAN, NAN], [4.0, 8.0, 6.0]])
    closed = Closed(np.arange(5, dtype=np.int32), np.full(5, 30), windows, np.asarray([1, 2, 1, 1, 3]))
    rows = np.asarray([True, True, True, True, True])
    made = Made()
    made.add(closed, rows, np.zeros((5, 2, 3)), "m")
    made.add(closed, np.asarray([False, False, False, False, True]), np.zeros((1, 2, 3)), "n")
    facts = made.forecasts[0].facts
    assert facts is not None
    assert np.array_equal(facts.newest, [3.0, 7.0, 6.0, NAN, 6.0], equal_nan=True)
    assert np.array_equal(facts.lowest, [3.0, 7.0, NAN, NAN, 4.0], equal_nan=True)
    assert np.array_equal(facts.highest, [3.0, 7.0, NAN, NAN, 8.0], equal_nan=True)
    assert facts.age.tolist() == [0, 1, 1, 0, 0]
    assert [(part.model, part.series.tolist()) for part in made.forecasts] == [("m", [0, 1, 2, 3, 4]), ("n", [4])]
    assert [windows.tolist() for windows in made.windows] == [rows.tolist(), [False] * 4 + [True]]

"""Which readings of a batch are applied together; `test_series_state.py` compares the windows with a slow reference."""

import numpy as np

from edge.rings.ring import Rows
from edge.series.passes import in_passes


def rows(series: list[int], number: list[int], before: list[int], after: list[int]) -> Rows:
    """Readings by the number of their interval, and the first open interval before and after each."""
    values = np.zeros(len(series))
    columns = (np.asarray(column) for column in (number, before, after))
    return Rows(np.asarray(series, np.int32), np.asarray(number), values, values, *columns)


def test_a_late_reading_waits_until_the_windows_before_it_are_cut() -> None:
    """The passes of each series are its own."""
    late = rows([0, 0, 0, 1], [5, 3, 6, 9], [4, 5, 5, 9], [5, 5, 6, 9])
    assert in_passes(late, 14).tolist() == [0, 1, 1, 0]


def test_one_pass_fills_so_many_intervals() -> None:
    """The ring has no room for more beside the cells that a window needs."""
    numbers = list(range(1, 31))
    rising = rows([0] * 30, numbers, [0, *numbers[:-1]], numbers)
    assert in_passes(rising, 31).tolist() == [0] * 30
    assert in_passes(rising, 10).tolist() == [0] * 10 + [1] * 10 + [2] * 10
    assert len(in_passes(rows([], [], [], []), 10)) == 0

"""Kind: values at the edge of float32. Levels are taken off in float64, so that movements are left whole."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edge.forecaster.level import LARGEST_VALUE, level, relative

NAN = np.nan


def test_the_level_is_the_newest_value_that_counts() -> None:
    """What is missing or too large is passed over; without any value it is 0."""
    windows = np.array([[1, 2, 3], [1, 2, NAN], [7, -LARGEST_VALUE, np.inf], [7, NAN, LARGEST_VALUE], [NAN, NAN, NAN]])
    assert level(windows).tolist() == [3, 2, 7, 7, 0]


def test_distances_of_values_that_do_not_count_are_missing() -> None:
    """Infinity and what is too large are no distances."""
    distances = relative(np.array([[1, NAN, 5], [np.inf, 1e30, 2]]), np.array([5.0, 2.0]))
    assert distances.dtype == np.float32
    np.testing.assert_array_equal(distances, [[-4, NAN, 0], [NAN, NAN, 0]])


def test_no_window_has_no_level() -> None:
    """Shapes are kept."""
    assert level(np.zeros((0, 4))).shape == (0,)
    assert relative(np.zeros((0, 4)), np.zeros(0)).shape == (0, 4)


@given(st.lists(st.integers(-(2**12), 2**12), min_size=1, max_size=9), st.integers(-(2**40), 2**40))
def test_distances_do_not_depend_on_a_shift(steps: list[int], shift: int) -> None:
    """Eighths about a level of a billion give the same bits as eighths about 0."""
    window = np.array([steps]) / 8
    shifted = window + shift
    np.testing.assert_array_equal(relative(shifted, level(shifted)), relative(window, level(window)))
    assert level(shifted) - shift == level(window)

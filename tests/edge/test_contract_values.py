"""Kind of fault: values at the edge, report on change. Counters become consumption, and silent series keep their value."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.meaning import Meaning
from edge.contract.values import Held, fill_in, hold, interval_values, possible, reach

NONE = float("nan")
CELL = st.one_of(st.just(NONE), st.integers(0, 50).map(float))


def held_slowly(cells: list[float], longest: int) -> list[float]:
    """One cell after the other: what `hold` has to be equal to."""
    last, silent, values = NONE, 0, []
    for cell in cells:
        last, silent = (last, silent + 1) if np.isnan(cell) else (cell, 0)
        values.append(last if silent <= longest else NONE)
    return values


@given(st.lists(CELL, min_size=12, max_size=12), st.integers(0, 10), st.integers(-4, 7))
def test_a_silent_series_keeps_its_last_cell_so_long(cells: list[float], longest: int, position: int) -> None:
    """As taking one cell after the other; the newest of the cells that have left the ring may stand among the first columns."""
    first = 4  # of the columns that are given; those up to the position have left the ring
    line = [NONE] * (first + position) + cells[first + position :]
    given = np.asarray(line[first:])
    given[: max(position + 1, 0)] = np.nan
    found = hold(given[None], Held(np.asarray([longest]), np.asarray([line[first + position]]), np.asarray([position])))
    line[first + position + 1 : first] = [NONE] * max(0, -position - 1)
    np.testing.assert_array_equal(found[0], held_slowly(line, longest)[first:])


def test_each_row_has_its_own_kind() -> None:
    """A counter that holds added nothing while it was silent, and all of it where it reports again."""
    cells = np.asarray([[1, 4, NONE, NONE, NONE, 9], [1, 4, NONE, NONE, NONE, 9], [1, 4, NONE, NONE, NONE, 9]])
    held = Held(np.asarray([0, 2, 3]), np.full(3, NONE), np.zeros(3, np.int64))
    values = interval_values(cells, np.asarray([False, False, True]), held, 4)
    np.testing.assert_array_equal(values, [[NONE, NONE, NONE, 9], [4, 4, NONE, 9], [0, 0, 0, 5]])
    assert np.isnan(cells[1, 2])  # what was given stays as it was


@given(
    st.lists(CELL, min_size=1, max_size=30),
    st.sampled_from([Meaning("counter"), Meaning(hold=50), Meaning("counter", 30), Meaning("counter", 10**6)]),
    st.integers(1, 9),
)
def test_a_long_series_has_the_values_that_it_has_as_a_whole(cells: list[float], meaning: Meaning, piece: int) -> None:
    """However it is cut into pieces; nothing is known before its first cell."""
    whole = np.asarray([NONE, NONE, *cells])[None]
    counter, longest = np.asarray([meaning.kind == "counter"]), np.asarray([meaning.hold // 10])
    row = np.asarray(cells)
    fill_in(row, meaning, 10, piece)
    held = Held(longest, np.asarray([NONE]), np.asarray([0]))
    np.testing.assert_array_equal(row, interval_values(whole, counter, held, len(row))[0])


def test_forecasts_of_a_counter_alone_are_not_below_zero() -> None:
    """Whatever their shape; a forecast that is not there stays so."""
    forecasts = np.asarray([[[-1.0, 2.0]], [[-3.0, NONE]]])
    np.testing.assert_array_equal(possible(forecasts, np.asarray([False, True])), [[[-1.0, 2.0]], [[0.0, NONE]]])
    assert possible(forecasts, np.asarray([False, False])) is forecasts


def test_values_depend_on_cells_before_their_window() -> None:
    """Two for an increase, and as many as may be held; a plain series needs none."""
    meanings = (Meaning(unit="W"), Meaning("counter"), Meaning(hold=29))
    assert [reach(meaning, 10) for meaning in meanings] == [0, 2, 4]

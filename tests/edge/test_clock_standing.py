"""Times that stand still while values go on: all but the last reading would be lost in silence (kind K4: rows that collide)."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.clock.standing import OFTEN, Standing
from edge.contract.columns import Readings

Rows = Sequence[tuple[int, int, float]]


def said(rows: Rows, size: int = 100) -> list[int]:
    """Series that are named, of rows of series, time and value in batches of that size."""
    standing, named = Standing(), list[int]()
    for start in range(0, len(rows), size):
        named += standing.look(Readings.of(*zip(*rows[start : start + size], strict=True)))
    return named


@pytest.mark.parametrize("size", [1, 2, 7, 100])
def test_a_time_that_stands_still_is_noticed_once(size: int) -> None:
    """Also where a value comes again in between, and beside series whose times go on."""
    rows = [row for n in range(40) for row in ((3, 7, n // 2), (0, n, n), (1, n, 5))]
    assert said(rows, size) == [3]


@pytest.mark.parametrize("size", [1, 3, 100])
@pytest.mark.parametrize(
    "rows",
    [
        [(0, n, n) for n in range(50)],
        [(0, 7, 5) for _ in range(50)],
        [(0, n // 2, n) for n in range(90)],
        [(0, n // 3, n) for n in range(29)],
        [(n % 2, n // 4 + 1, n) for n in range(90)],
    ],
    ids=["goes on", "repeats itself", "is corrected", "is corrected now and then", "two series"],
)
def test_what_goes_on_is_left_alone(rows: Rows, size: int) -> None:
    """However it is cut."""
    assert said(rows, size) == []


@pytest.mark.parametrize("size", [1, 3, 100])
def test_a_time_that_is_too_coarse_is_noticed(size: int) -> None:
    """Three readings in a second, with a time in seconds: two of three are lost."""
    assert said([row for n in range(40) for row in ((0, n // 3, n), (1, n, n))], size) == [0]


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 2)), max_size=40), st.integers(1, 40))
def test_it_counts_as_one_counts_by_hand(rows: list[tuple[int, int, int]], size: int) -> None:
    """Values that differ from the one before, since the time of the series moved on."""
    newest: dict[int, tuple[int, int, int]] = {}
    expected = set()
    for series, time, value in rows:
        before, last, others = newest.get(series, (0, 0, 0))
        others = others + (value != last) if time == before else 0
        newest[series] = time, value, others
        expected |= {series} if others >= OFTEN else set()
    assert set(said(rows, size)) == expected

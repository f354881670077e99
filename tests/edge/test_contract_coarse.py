"""The coarse past: which blocks a window has, where they lie, and what their values are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.coarse import Coarse, block_values, columns_of, newest_blocks, starts
from edge.contract.contract import Contract
from edge.errors import ConfigurationError

COARSE = (Coarse(6, 3), Coarse(2, 4))
CONTRACT = Contract(10, 6, 2, coarse=COARSE)


def test_a_window_has_a_column_for_each_block_and_each_interval() -> None:
    """The reach counts the intervals of all blocks, and those of a block that is not complete."""
    assert CONTRACT.columns == 3 + 4 + 6
    assert CONTRACT.reach == 6 * 4 - 1
    assert Contract(10, 6, 2).columns == Contract(10, 6, 2).reach == 6


def test_blocks_are_complete_aligned_to_the_epoch_and_the_newest_last() -> None:
    """An origin within a block leaves that block out."""
    assert newest_blocks(Coarse(6, 3), np.asarray([18, 17, 23])).tolist() == [[0, 1, 2], [-1, 0, 1], [0, 1, 2]]


@given(st.integers(-1000, 1000))
def test_every_column_lies_within_the_reach_and_ends_before_the_origin(origin: int) -> None:
    """Nothing after the origin is in a window, and no reading before the reach is needed."""
    begin, length = starts(COARSE, 6, origin)
    assert begin.min() >= origin - CONTRACT.reach
    assert (begin + length <= origin).all()
    assert (begin % length == 0).all()
    assert len(begin) == CONTRACT.columns


@given(st.integers(-1000, 1000), st.integers(1, 40))
def test_the_finest_column_that_holds_an_interval_is_found(origin: int, back: int) -> None:
    """A baseline looks up the value of a day before."""
    begin, length = starts(COARSE, 6, origin)
    number = origin - back
    holding = np.flatnonzero((begin <= number) & (number < begin + length))
    expected = holding[np.argmin(length[holding])] if len(holding) else -1
    assert columns_of(COARSE, 6, origin, np.asarray(number)) == expected


def test_a_block_is_the_mean_of_its_known_intervals() -> None:
    """Missing and huge values do not count; a block of which less than a quarter is known is missing."""
    nan = np.nan
    values = np.array([[1.0, 2, 3, 6], [nan, nan, nan, 5], [nan, nan, nan, nan], [1, 1e20, np.inf, nan]])
    mean, known = block_values(values)
    np.testing.assert_array_equal(mean, [3.0, 5.0, nan, 1.0])
    assert known.tolist() == [4, 1, 0, 1]
    np.testing.assert_array_equal(block_values(np.array([nan] * 4 + [5.0]))[0], nan)  # less than a quarter is known


@given(st.lists(st.floats(-1e9, 1e9) | st.just(np.nan), min_size=6, max_size=6), st.integers(1, 5))
def test_the_same_intervals_give_the_same_bits_wherever_they_lie(values: list[float], rows: int) -> None:
    """Device and trainer have them in arrays of other shapes."""
    alone = block_values(np.asarray(values))[0]
    spread = np.asfortranarray(np.tile(np.asarray(values), (rows, 3, 1)))
    np.testing.assert_array_equal(block_values(spread)[0], np.full((rows, 3), alone))


@pytest.mark.parametrize("coarse", [(Coarse(2, 4), Coarse(6, 3)), (Coarse(2, 4), Coarse(2, 3)), (Coarse(7, 3),)])
def test_blocks_in_another_order_or_longer_than_the_window_are_refused(coarse: tuple[Coarse, ...]) -> None:
    """A device makes a block of intervals that are still there."""
    with pytest.raises(ConfigurationError, match="expected coarse blocks"):
        Contract(10, 6, 2, coarse=coarse)


@pytest.mark.parametrize(("steps", "count"), [(1, 3), (2, 0)])
def test_blocks_that_hold_nothing_are_refused(steps: int, count: int) -> None:
    """A block of one interval is that interval."""
    with pytest.raises(ConfigurationError, match="at least 2 intervals"):
        Coarse(steps, count)


def test_a_window_with_more_past_has_the_columns_of_one_with_less() -> None:
    """Forecasters with different pasts are compared on the same windows."""
    other = Contract(10, 8, 2, coarse=(Coarse(8, 1), Coarse(6, 1)))
    both = CONTRACT.covering([other])
    assert (both.window, both.coarse) == (8, (Coarse(8, 1), Coarse(6, 3), Coarse(2, 4)))
    begin, length = starts(both.coarse, both.window, 77)
    for contract in (CONTRACT, other, Contract(10, 5, 2)):
        own = starts(contract.coarse, contract.window, 77)
        places = both.places(contract)
        np.testing.assert_array_equal((begin[places], length[places]), own)
        assert both.sees_all_of(contract)
    assert not CONTRACT.sees_all_of(other)
    plain = Contract(10, 5, 2)
    assert np.arange(8)[Contract(10, 8, 2).places(plain)].tolist() == [3, 4, 5, 6, 7]


def test_a_contract_says_how_far_it_looks_back() -> None:
    """People read the longest past."""
    minute = 60 * 10**9
    contract = Contract(minute, 360, 60, coarse=(Coarse(60, 168), Coarse(10, 144)))
    assert contract.words == "interval 1min, looks back 7d, ahead 1h"

"""The coarse past: which blocks a window has, where they lie, and what their values are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.coarse import Coarse, block_values, drawn, newest_blocks, spans
from edge.contract.columns import Int64
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


@given(st.integers(0, 5), st.lists(st.booleans(), min_size=30, max_size=30))
def test_a_span_ends_at_the_origin_and_lies_in_two_blocks(phase: int, there: list[bool]) -> None:
    """Each block counts by its share; where the smaller part is missing the larger one stands for the whole."""
    part, origin = Coarse(6, 3), 24 + phase
    values = np.where(there, np.arange(30.0) ** 2, np.nan)[None]
    blocks = block_values(values.reshape(5, 6))[0]
    complete = blocks[newest_blocks(part, np.asarray([origin]))[0]]
    made = spans(part, complete[None], values[:, origin - 8 : origin], np.asarray([origin]))[0]
    begun = values[0, 24:origin][np.isfinite(values[0, 24:origin])]
    whole = len(begun) > 0 and 4 * len(begun) >= phase
    later = [*complete[1:], begun.mean() if whole else np.nan]
    for span, old, new in zip(made, complete, later, strict=True):
        expected = (old * (6 - phase) + new * phase) / 6
        if not np.isfinite(expected):
            expected = old if 2 * phase <= 6 else new
        np.testing.assert_allclose(span, expected, rtol=1e-12)


def test_nothing_after_the_origin_is_in_a_span() -> None:
    """Though the block that the origin lies in goes on."""
    part, random = Coarse(6, 3), np.random.default_rng(0)
    for origin in range(24, 36):
        complete, window = random.normal(size=(1, 3)), random.normal(size=(1, 8))
        span = spans(part, complete, window, np.asarray([origin]))[0, -1]
        assert span == pytest.approx((complete[0, -1] * (6 - origin % 6) + window[0, 8 - origin % 6 :].sum()) / 6)


@pytest.mark.parametrize(
    ("back", "newer", "older", "share"),
    [
        (1, 12, 12, 0.0),
        (6, 7, 7, 0.0),
        (7, 4, 3, 0.75),
        (8, 3, 3, 0.0),  # the oldest span of two intervals has no older one to draw to
        (9, 2, 1, 5.5 / 6),
        (10, 1, 0, 0.5 / 6),
        (18, 0, 0, 0.0),
        (19, -1, -1, 0.0),
        (0, -1, -1, 0.0),
    ],
)
def test_a_value_is_drawn_between_the_middles_of_the_finest_spans(back: int, newer: int, older: int, share: float) -> None:
    """A baseline looks up the value of a day before."""
    found = drawn(COARSE, 6, np.asarray([back]))
    assert [float(part[0]) for part in found] == [newer, older, pytest.approx(share)]


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
    begin, length = _columns(both)
    for contract in (CONTRACT, other, Contract(10, 5, 2)):
        places = both.places(contract)
        np.testing.assert_array_equal((begin[places], length[places]), _columns(contract))
        assert both.sees_all_of(contract)
    assert not CONTRACT.sees_all_of(other)
    plain = Contract(10, 5, 2)
    assert np.arange(8)[Contract(10, 8, 2).places(plain)].tolist() == [3, 4, 5, 6, 7]


def _columns(contract: Contract) -> tuple[Int64, Int64]:
    """First interval of each column, as its distance from the origin, and number of its intervals."""
    begin = [-part.steps * np.arange(part.count, 0, -1) for part in contract.coarse]
    length = [np.full(part.count, part.steps) for part in contract.coarse]
    window = contract.window
    return np.concatenate([*begin, np.arange(-window, 0)]), np.concatenate([*length, np.ones(window, np.int64)])


def test_a_contract_says_how_far_it_looks_back() -> None:
    """People read the longest past."""
    minute = 60 * 10**9
    contract = Contract(minute, 360, 60, coarse=(Coarse(60, 168), Coarse(10, 144)))
    assert contract.words == "interval 1min, looks back 7d, ahead 1h"

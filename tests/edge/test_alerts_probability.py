"""Probabilities from quantiles: by hand, and what has to hold whatever the quantiles are."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.alerts.probability import above, mirrored, outside, within
from edge.contract.columns import Float64

LEVELS = (0.1, 0.5, 0.9)
numbers = st.floats(-1e6, 1e6)
quantiles = st.lists(numbers, min_size=3, max_size=3).map(sorted).map(np.asarray)


def chance(values: list[float], threshold: float, levels: tuple[float, ...] = LEVELS) -> float:
    """Probability of a value above a threshold."""
    return float(above(np.asarray(values, np.float64), levels, np.asarray(threshold)))


@pytest.mark.parametrize(
    ("threshold", "expected"),
    [
        (0.0, 0.9),
        (0.5, 0.7),
        (1.0, 0.5),
        (1.5, 0.3),
        (2.0, 0.1),
        (2 + 1 / math.log(5), 0.1 / math.e),  # one spread of the tail further: ln(0.5 / 0.1) of it lie between 1 and 2
        (-1 / math.log(5), 1 - 0.1 / math.e),
        (3.0, 0.02),  # as far again as from 1 to 2: a fifth of 0.1
        (1e9, 0.0),
        (-1e9, 1.0),
    ],
)
def test_probability_by_hand(threshold: float, expected: float) -> None:
    """Quantiles 0, 1 and 2 of the levels 0.1, 0.5 and 0.9."""
    assert chance([0.0, 1.0, 2.0], threshold) == pytest.approx(expected, abs=1e-12)


def test_quantiles_that_coincide_are_one_value_with_all_of_their_probability() -> None:
    """Rain that is 0 up to the median is above 0 with the other half, and above -1 for sure."""
    assert chance([0.0, 0.0, 4.0], 0.0) == pytest.approx(0.5)
    assert chance([0.0, 0.0, 4.0], 2.0) == pytest.approx(0.3)
    assert chance([0.0, 0.0, 4.0], -1.0) == 1.0
    assert [chance([5.0, 5.0, 5.0], number) for number in (4.9, 5.0, 5.1)] == [1.0, 0.0, 0.0]


def test_forecast_without_an_interval_says_yes_or_no_by_its_median() -> None:
    """As those of baselines do; without a median or a threshold nothing is said."""
    assert [chance([np.nan, 1.0, np.nan], number) for number in (0.9, 1.0)] == [1.0, 0.0]
    assert math.isnan(chance([0.0, np.nan, 2.0], 1.0))
    assert math.isnan(chance([0.0, 1.0, 2.0], np.nan))
    mixed = np.asarray([[np.nan, 1.0, np.nan], [0.0, 1.0, 2.0]])
    assert above(mixed, LEVELS, np.asarray([0.5, 0.5])).tolist() == pytest.approx([1.0, 0.7])


def test_median_alone_says_yes_or_no() -> None:
    """There is nothing else to say."""
    assert [chance([1.0], number, (0.5,)) for number in (0.9, 1.0, 1.1)] == [1.0, 0.0, 0.0]
    assert math.isnan(chance([np.nan], 0.0, (0.5,)))


@given(quantiles, numbers, numbers)
def test_probability_does_not_rise_with_the_threshold(values: Float64, first: float, second: float) -> None:
    """And stays within 0 and 1."""
    low, high = sorted((first, second))
    lower, higher = chance(values.tolist(), low), chance(values.tolist(), high)
    assert 0.0 <= higher <= lower + 1e-9
    assert lower <= 1.0


@given(quantiles, numbers)
def test_quantiles_keep_their_levels(values: Float64, width: float) -> None:
    """Where they differ, a value above the quantile of level t has the probability 1 - t."""
    spread = abs(width) + 1
    distinct = (values + np.asarray([0.0, spread, 2 * spread])).tolist()
    assert [chance(distinct, value) for value in distinct] == pytest.approx([0.9, 0.5, 0.1])


@given(quantiles, numbers)
def test_below_is_the_mirror_of_above(values: Float64, threshold: float) -> None:
    """Both together are 1, but for values on the threshold itself."""
    negated, levels = mirrored(values, LEVELS)
    below = float(above(negated, levels, np.asarray(-threshold)))
    assert below + chance(values.tolist(), threshold) <= 1 + 1e-9
    if threshold not in values:
        assert below + chance(values.tolist(), threshold) == pytest.approx(1.0)


def test_several_leads_have_the_largest_probability() -> None:
    """A lead without one does not count; where none has one, there is none."""
    values = np.asarray([[[0.0, 1.0, 2.0], [0.5, 1.5, 2.5], [9.0, np.nan, 10.0]], [[np.nan] * 3] * 3])
    assert within(values, LEVELS, np.asarray([1.5, 1.5])).tolist() == pytest.approx([0.5, np.nan], nan_ok=True)


def test_fact_is_outside_of_an_interval_or_within_it() -> None:
    """The 80 % interval lies between the quantiles 0.1 and 0.9, the 40 % interval half as far from the median."""
    values = np.tile([0.0, 1.0, 2.0], (5, 1))
    facts = np.asarray([-0.1, 0.1, 1.0, 1.7, 2.1])
    assert outside(values, LEVELS, 0.8, facts).tolist() == [1, 0, 0, 0, 1]
    assert outside(values, LEVELS, 0.4, facts).tolist() == [1, 1, 0, 1, 1]
    assert np.isnan(outside(values[:1], LEVELS, 0.8, np.asarray([np.nan]))).all()
    assert np.isnan(outside(np.asarray([[np.nan, 1.0, np.nan]]), LEVELS, 0.8, np.asarray([9.0]))).all()

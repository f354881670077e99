"""Gains and their standard errors, computed by hand."""

import numpy as np
import pytest

from pipeline.judging.chance import Gain, Prior, as_it_runs, best_elsewhere, gains, lost, share_error, standard_error

ONE = np.array([1.0])


def test_a_gain_and_its_error_by_hand() -> None:
    """10 + 10 against 8 + 7: r = 5/20; residuals (2 - 2.5)/20 and (3 - 2.5)/20; error √(2/1 · 2 · 0.025²)."""
    found = gains(np.array([[8.0, 7.0]]), np.array([[10.0, 10.0]]), np.array([[10, 10]]), ONE)
    assert found.values.tolist() == [0.25]
    np.testing.assert_allclose(found.residuals, [[-0.025, 0.025]])
    np.testing.assert_allclose(found.errors, [0.05])
    fleet = found.fleet
    assert (fleet.value, fleet.blocks) == (0.2, 2)  # no series counts for more than a fifth
    assert fleet.error == pytest.approx(0.05)


def test_series_of_a_fleet_that_err_on_the_same_days_are_no_more_days() -> None:
    """Two equal series are as uncertain as one; two opposite ones are certain together."""
    first, second, reference = [8.0, 6.0], [6.0, 8.0], np.full((2, 2), 8.0)
    count, scale = np.full((2, 2), 8), np.ones(2)
    same, opposite = (gains(np.array([first, other]), reference, count, scale).fleet for other in (first, second))
    assert (same.value, opposite.value) == (0.125, 0.125)
    assert same.error == pytest.approx(gains(np.array([first]), reference[:1], count[:1], ONE).fleet.error)
    assert opposite.error == pytest.approx(0.0)


def test_one_block_tells_nothing_and_an_empty_one_is_none() -> None:
    """Neither a gain nor a loss is beyond chance then."""
    found = gains(np.array([[8.0, 0.0]]), np.array([[10.0, 0.0]]), np.array([[1, 0]]), ONE)
    assert np.isnan(found.errors).all()
    assert np.isnan(found.fleet.expected(Prior(0.05, 0.1)))
    assert not lost(gains(np.array([[9.0]]), np.array([[1.0]]), np.array([[1]]), ONE), 1.0).any()
    assert np.isnan(standard_error(np.array([np.nan, np.nan])))


def test_the_less_certain_a_gain_is_the_more_counts_what_was_known_before() -> None:
    """As certain as the prior: halfway; a third as certain in units of the error: one part of ten; certain: itself."""
    prior = Prior(0.05, 0.1)
    assert Gain(-0.03, 0.1, 4).expected(prior) == pytest.approx(0.01)
    assert Gain(-0.05, 0.3, 4).expected(prior) == pytest.approx(0.04)
    assert Gain(0.2, 0.05, 9).expected(prior) == pytest.approx(0.17)
    assert Gain(-0.2, 0.0, 9).expected(prior) == -0.2


def test_a_baseline_is_chosen_without_the_day_that_it_is_compared_on() -> None:
    """The first is better on the second and third day, so it stands for the first; each day by the two others."""
    references = np.array([[[9.0, 1.0, 1.0]], [[1.0, 2.0, 2.0]]])
    assert best_elsewhere(references).tolist() == [[0, 1, 1]]


def test_a_lost_series_is_given_away_by_the_other_days() -> None:
    """Behind on all days: the reference's errors; behind on one day of three alone: that day is not excused."""
    reference, count = np.full((2, 3), 4.0), np.full((2, 3), 4)
    candidate = np.array([[8.0, 8.0, 8.0], [4.0, 4.0, 8.0]])
    run = as_it_runs(candidate, reference, count, np.ones(2), 1.0)
    assert run.tolist() == [[4.0] * 3, [4.0, 4.0, 8.0]]
    assert candidate[0, 0] == 8.0


def test_a_share_and_its_error_by_hand() -> None:
    """6 and 8 of 10: 0.7, residuals -1/20 and 1/20, error √(2 · 2 / 400)."""
    assert share_error(np.array([6, 8]), np.array([10, 10])) == pytest.approx((0.7, 0.1))
    assert np.isnan(share_error(np.array([0]), np.array([0]))).all()

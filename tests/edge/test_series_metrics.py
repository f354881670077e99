"""What is told of one forecast and its fact, against the definitions."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.series.metrics import absolute_error, covered, pinball


def test_error_loss_and_coverage_by_hand() -> None:
    """Forecast 8, 10, 14 and fact 12; a fact on an outermost quantile counts as covered."""
    quantiles, levels = np.array([8.0, 10.0, 14.0]), np.array([0.1, 0.5, 0.9])
    assert absolute_error(quantiles[1], np.array(12.0)) == 2
    assert absolute_error(np.array(12.0), quantiles[1]) == 2
    np.testing.assert_allclose(pinball(np.array(12.0), quantiles, levels), (0.4 + 1 + 0.2) / 3)
    facts = np.array([7.9, 8.0, 12.0, 14.0, 14.1])
    assert covered(facts, np.tile(quantiles, (5, 1))).tolist() == [0, 1, 1, 1, 0]


def test_without_an_interval_nothing_is_covered_or_missed() -> None:
    """A single level, an end that is not finite, and a fact that is missing are all NaN."""
    assert np.isnan(covered(np.array([5.0]), np.array([[5.0]]))).all()
    ends = np.array([[np.nan, 5, 6], [4, 5, np.nan], [-np.inf, 5, 6], [4, 5, np.inf]])
    assert np.isnan(covered(np.full(4, 5.0), ends)).all()
    assert np.isnan(covered(np.array([np.nan]), np.array([[4.0, 5, 6]]))).all()


@settings(deadline=None)
@given(st.lists(st.floats(-10, 10), min_size=20, max_size=60), st.sampled_from([0.1, 0.5, 0.9]))
def test_pinball_loss_is_least_at_its_quantile(facts: list[float], level: float) -> None:
    """No other constant has a smaller mean loss than the empirical quantile."""
    fact = np.array(facts)
    best = np.quantile(fact, level, method="inverted_cdf")
    losses = [pinball(fact, np.full((len(fact), 1), guess), np.array([level])).mean() for guess in (best, *fact)]
    assert losses[0] <= min(losses) + 1e-9

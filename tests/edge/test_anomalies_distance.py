"""Distances are in half-widths of the interval that was forecast, or of one that comes from errors of late."""

import numpy as np
import pytest

from edge.anomalies.distance import FARTHEST, KNOWN, Distances
from edge.contract.columns import Float64

A = np.zeros(1, np.int32)
LEAD = np.zeros(1, np.int64)
NONE = np.full(1, np.nan)


def fresh(series: int = 1, leads: int = 1) -> Distances:
    """Nothing is known."""
    distances = Distances(leads)
    distances.grow(series)
    return distances


def number(value: float) -> Float64:
    """One number."""
    return np.asarray([value])


def test_first_facts_have_the_forecast_interval() -> None:
    """An error of 3 is 1.5 half-widths of 2."""
    assert fresh().step(A, LEAD, number(3.0), number(2.0)).tolist() == [1.5]


def test_without_an_interval_nothing_is_said_until_the_mean_error_is_known() -> None:
    """After five errors of 2 the half-width is 1.6 times 2."""
    distances = fresh()
    first = [distances.step(A, LEAD, number(2.0), NONE)[0] for _ in range(KNOWN)]
    assert np.isnan(first).all()
    assert distances.step(A, LEAD, number(8.0), NONE)[0] == pytest.approx(8.0 / 3.2)


def test_interval_is_no_narrower_than_a_tenth_of_the_usual_error() -> None:
    """A model that is sure of itself and wrong each time finds nothing strange about it."""
    distances = fresh()
    for _ in range(KNOWN):
        distances.step(A, LEAD, number(2.0), number(0.0))
    assert distances.step(A, LEAD, number(2.0), number(0.0))[0] == pytest.approx(2.0 / 0.32)


def test_constant_series() -> None:
    """No error is no distance, whatever the width; any error of a forecast without width is the farthest there is."""
    distances = fresh()
    assert [distances.step(A, LEAD, number(0.0), number(0.0))[0] for _ in range(9)] == [0.0] * 9
    assert distances.step(A, LEAD, number(0.5), number(0.0))[0] == FARTHEST


def test_mean_forgets_and_a_glitch_counts_as_ten_means() -> None:
    """After 200 errors of 1 and a million, the mean is 1 + (10 - 1) / 200."""
    distances = fresh()
    for _ in range(200):
        distances.step(A, LEAD, number(1.0), NONE)
    distances.step(A, LEAD, number(1e6), NONE)
    assert distances.mean[0, 0] == pytest.approx(1.045)


def test_series_and_leads_are_apart() -> None:
    """Each has a mean of its own, and keeps it where others leave."""
    distances = fresh(2, 2)
    for _ in range(KNOWN):
        distances.step(np.array([0, 1], np.int32), np.array([0, 1]), np.array([1.0, 4.0]), np.full(2, np.nan))
    assert distances.mean.tolist() == [[1.0, 0.0], [0.0, 4.0]]
    distances.keep(np.array([1], np.int32))
    assert distances.mean.tolist() == [[0.0, 4.0]]


def test_a_glitch_in_the_first_hours_hides_nothing_for_long() -> None:
    """After ten errors of 0.1 and one of 1e15, errors of 0.1 bring the mean below 1 within 200 intervals."""
    distances = fresh()
    for error in [*[0.1] * 10, 1e15, *[0.1] * 200]:
        distances.step(A, LEAD, number(error), NONE)
    assert distances.mean[0, 0] < 1

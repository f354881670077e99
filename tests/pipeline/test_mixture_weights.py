"""Weights are those that err least, as far as there are enough days to choose on."""

import numpy as np
import pytest

from edge.contract.columns import Float64
from edge.contract.contract import Contract
from edge.contract.times import DAY
from pipeline.mixture.weights import CHOICES, PARTS, choose_weights, independent, mean_weights, mixed

MANY = 1e9  # days, so that a distance costs nothing


def forecasts(network: float, linear: float, days: float, last: float, windows: int = 4) -> Float64:
    """The same four forecasts from every window, float64 `[4, n, 2]`."""
    each = np.array([network, linear, days, last])[:, None, None]
    return np.broadcast_to(each, (4, windows, 2)).copy()


def alone(values: Float64, fact: float, days: float = MANY) -> list[float]:
    """The weights of the one series that there is."""
    facts = np.full(values.shape[1:], fact)
    own = choose_weights(values, facts, np.zeros(values.shape[1], np.int32), np.ones(1), days)[1]
    return [float(weight) for weight in own[0]]


def test_choices_are_shares_of_a_whole() -> None:
    """Tenths that are together at most 1; first of all the network alone."""
    assert CHOICES.shape[1] == len(PARTS)
    np.testing.assert_array_equal(CHOICES[0], 0)
    assert (CHOICES.sum(axis=1) <= 1 + 1e-9).all()
    np.testing.assert_allclose(CHOICES * 10, np.round(CHOICES * 10))
    np.testing.assert_allclose(CHOICES.max(axis=0), [1, 1, 1])


@pytest.mark.parametrize(
    ("fact", "weights"),
    [
        (0.0, [0, 0, 0]),
        (10.0, [1, 0, 0]),
        (4.0, [0.4, 0, 0]),
        (-21.7, [0, 0, 1]),
        (25.39, [0.7, 0.3, 0]),
        (56.17, [0.1, 0.9, 0]),
    ],
)
def test_the_weights_are_those_that_err_least(fact: float, weights: list[float]) -> None:
    """Where the network says 0, the linear forecast 10, the days 61.3 and the last value -21.7."""
    assert alone(forecasts(0, 10, 61.3, -21.7), fact) == pytest.approx(weights)


def test_a_distance_costs_the_more_the_fewer_days_there_are() -> None:
    """A linear forecast that takes away two fifths of the error is taken whole after months, and in part after two days."""
    values = forecasts(0, 4, 0, 0)
    assert alone(values, 10.0) == [1, 0, 0]
    assert 0 < alone(values, 10.0, 2)[0] < 1
    assert alone(forecasts(0, 0.3, 0, 0), 10.0, 2) == [0, 0, 0]


def test_each_series_has_weights_of_its_own_near_those_of_the_fleet() -> None:
    """One is its last value, the other its linear forecast; the fewer days there are, the nearer both are to the fleet."""
    values = np.concatenate([forecasts(0, 5, 0, -5), forecasts(0, 5, 0, -5)], axis=1)
    facts = np.repeat([[-10.0], [10.0]], 4, axis=0) * np.ones((8, 2))
    series = np.repeat(np.arange(2, dtype=np.int32), 4)
    fleet, own = choose_weights(values, facts, series, np.ones(2), MANY)
    np.testing.assert_allclose(own, [[0, 0, 1], [1, 0, 0]])
    near = choose_weights(values, facts, series, np.ones(2), 1)[1]
    assert np.abs(near - fleet).sum() < np.abs(own - fleet).sum()


def test_each_series_counts_the_same() -> None:
    """A sensor of large errors does not outvote two: what counts is by which share the error changes."""
    values = np.concatenate([forecasts(0, 1, 0, 0), forecasts(0, 0.1, 0, 0), forecasts(0, 0.1, 0, 0)], axis=1)
    facts = np.repeat([[-50.0], [1.0], [1.0]], 4, axis=0) * np.ones((12, 2))
    series = np.repeat(np.arange(3, dtype=np.int32), 4)
    assert choose_weights(values, facts, series, np.ones(3), MANY)[0][0] == 1


def test_a_series_that_stands_still_does_not_decide_for_the_fleet() -> None:
    """It gains all by what the fleet does not take whole; two that lose a tenth by that keep the network."""
    values = np.concatenate([forecasts(1, 0, 0, 0), forecasts(0, 1, 1, 1), forecasts(0, 1, 1, 1)], axis=1)
    facts = np.repeat([[0.0], [-9.0], [-9.0]], 4, axis=0) * np.ones((12, 2))
    fleet, own = choose_weights(values, facts, np.repeat(np.arange(3, dtype=np.int32), 4), np.ones(3), MANY)
    assert fleet.sum() < 0.5
    assert own[0].sum() == pytest.approx(1)
    assert not own[1:].any()


def test_gaps_glitches_and_series_without_scale_have_no_say() -> None:
    """What is missing, not a reading, or without unit is as if it were not there; nothing at all leaves the network alone."""
    values = forecasts(0, 10, 0, 0, 6)
    facts = np.full((6, 2), 10.0)
    facts[3, 0], facts[4, 0], facts[5] = np.nan, 1e20, -9
    series = np.array([0, 0, 0, 0, 0, 1], np.int32)
    own = choose_weights(values, facts, series, np.array([1.0, 0.0]), MANY)[1]
    np.testing.assert_array_equal(own, [[1, 0, 0], [1, 0, 0]])
    nothing = choose_weights(values, facts * np.nan, series, np.ones(2), MANY)
    assert not nothing[0].any()
    assert not nothing[1].any()


def test_a_mixture_is_the_weighted_sum() -> None:
    """Half of 10, three tenths of 20, and a fifth of the network's 5; each window has weights of its own."""
    values = forecasts(5, 10, 20, 0, 2)
    found = mixed(values, np.array([[0.5, 0.3, 0.0], [0.0, 0.0, 1.0]]))
    np.testing.assert_allclose(found, [[12, 12], [0, 0]])


def test_forecasts_that_overlap_count_once() -> None:
    """Ten days of hours are ten days ahead by one, and two and a half ahead by four."""
    hour = DAY // 24
    assert independent(216, Contract(hour, 168, 24)) == 10
    assert independent(144, Contract(hour, 168, 96)) == 2.5
    assert independent(239, Contract(hour, 168, 1)) == 10


def test_the_record_has_the_weights_by_name() -> None:
    """Those of unknown series, and the mean over the known ones."""
    weights = np.array([[0.2, 0.0, 0.1], [0.4, 0.1, 0.0], [0.6, 0.3, 0.0]])
    assert mean_weights(weights) == {
        "linear": (0.2, 0.5),
        "mean_of_3_days": (0.0, pytest.approx(0.2)),
        "last_value": (0.1, 0.0),
    }
    assert mean_weights(weights[:1])["linear"] == (0.2, 0.0)

"""Intervals are made at least as wide as the validation part shows, and wider where it is short."""

import numpy as np

from edge.contract.columns import Float32, Float64
from edge.contract.contract import Contract
from edge.contract.times import SECOND
from pipeline.mixture.calibration import ALLOWANCE, Calibration, factors, last_days

MANY = 1e9  # independent forecasts: no allowance is left
CONTRACT = Contract(interval=3600 * SECOND, window=4, horizon=2, quantiles=(0.05, 0.25, 0.5, 0.75, 0.95))
LEVELS = np.array([-1.645, -0.6745, 0, 0.6745, 1.645])


def forecasts(spread: float, count: int = 4000) -> Float64:
    """Quantiles of a normal distribution of that spread around 10, float64 `[n, 2, 5]`."""
    return np.tile(10 + spread * LEVELS, (count, 2, 1))


def facts(count: int = 4000) -> Float64:
    """Standard normal around 10, float64 `[n, 2]`."""
    return np.random.default_rng(5).normal(10, 1, (count, 2))


def shares(forecast: Float64, factor: Float32, fact: Float64) -> list[float]:
    """Share of the facts below every calibrated quantile."""
    steps = np.diff(forecast, axis=2) * factor
    median = forecast[:, :, 2]
    low = median - steps[:, :, 1], median - steps[:, :, 1] - steps[:, :, 0]
    high = median + steps[:, :, 2], median + steps[:, :, 2] + steps[:, :, 3]
    return [float((fact < one).mean()) for one in (low[1], low[0], high[0], high[1])]


def test_narrow_intervals_become_right() -> None:
    """Intervals half as wide as they should be hold what they promise."""
    fact = facts()
    factor = factors(forecasts(0.5), fact, MANY, CONTRACT)
    np.testing.assert_allclose(factor, 2, rtol=0.09)
    np.testing.assert_allclose(shares(forecasts(0.5), factor, fact), [0.05, 0.25, 0.75, 0.95], atol=0.002)


def test_wide_intervals_stay() -> None:
    """What a quiet month leaves room for, the next one may need."""
    assert (factors(forecasts(2.0), facts(), MANY, CONTRACT) == 1).all()


def test_intervals_are_wider_where_there_is_little_to_find_their_width_on() -> None:
    """By a share of the steps that halves where there are twice as many days; half a day counts as one."""
    many, two, one, half = (factors(forecasts(0.5), facts(), days, CONTRACT) for days in (MANY, 2.0, 1.0, 0.5))
    np.testing.assert_allclose(one / many, 1 + ALLOWANCE, rtol=1e-6)
    np.testing.assert_allclose(two / many, 1 + ALLOWANCE / 2, rtol=1e-6)
    np.testing.assert_array_equal(half, one)
    np.testing.assert_allclose(factors(forecasts(2.0), facts(), 2.0, CONTRACT), 1 + ALLOWANCE / 2, rtol=1e-6)


def test_no_fact_that_the_plain_correction_holds_is_left_out() -> None:
    """Whatever comes: of calm blocks and wild ones, with a shift, the interval is at no lead and side the narrower one."""
    fact = 10 + (facts() - 9.6) * np.where(np.arange(4000) // 500 % 2, 0.7, 1.35)[:, None]
    forecast = forecasts(1.0)[:, :, 1:4]
    low, high = (sorted(np.sign(side) * (fact[:, 0] - 10) / 0.6745)[round(4001 * 0.75) - 1] for side in (-1, 1))
    contract = Contract(interval=3600 * SECOND, window=4, horizon=2, quantiles=(0.25, 0.5, 0.75))
    factor = factors(forecast, fact, MANY, contract)
    np.testing.assert_allclose(factor[0], np.maximum([low, high], 1), rtol=1e-3)


def test_each_lead_is_corrected_by_itself() -> None:
    """Facts that scatter more at the second lead widen that lead only; a lead without facts keeps its steps."""
    fact = facts()
    fact[:, 1] = 10 + 3 * (fact[:, 1] - 10)
    first, second = factors(forecasts(1.0), fact, MANY, CONTRACT)
    np.testing.assert_allclose(first, 1, atol=0.08)
    np.testing.assert_allclose(second, 3, rtol=0.08)
    fact[:, 1] = np.nan
    assert (factors(forecasts(1.0), fact, MANY, CONTRACT)[1] == 1).all()


def test_a_skewed_distribution_is_corrected_on_its_side() -> None:
    """Facts that lie farther above than below widen the upper steps only."""
    fact = facts()
    fact = np.where(fact > 10, 10 + 2 * (fact - 10), fact)
    factor = factors(forecasts(1.0), fact, MANY, CONTRACT)
    np.testing.assert_allclose(factor[:, :2], 1, atol=0.06)
    np.testing.assert_allclose(factor[:, 2:], 2, rtol=0.16)


def test_a_handful_of_windows_changes_nothing_wildly() -> None:
    """Three windows cannot move an interval by more than the widest factor and its allowance."""
    factor = factors(forecasts(1.0, 3), facts(3), 1.0, CONTRACT)
    assert np.isfinite(factor).all()
    assert ((factor >= 1) & (factor <= 10 * (1 + ALLOWANCE) * 1.0001)).all()


def test_an_inner_step_that_is_too_wide_does_not_widen_the_outer_one() -> None:
    """Inner quantiles twice as far out as they should be stay, and outer ones that are right stay as well."""
    forecast = np.tile(10 + np.array([-1.645, -1.349, 0, 1.349, 1.645]), (4000, 2, 1))
    np.testing.assert_allclose(factors(forecast, facts(), MANY, CONTRACT), 1, atol=0.2)


def test_the_unit_of_a_series_does_not_count() -> None:
    """Quantiles and facts in billionths have the factors that they have as they are, also of a forecast without width."""
    plain = factors(forecasts(0.5), facts(), MANY, CONTRACT)
    small = factors(forecasts(0.5) * 1e-12, facts() * 1e-12, MANY, CONTRACT)
    np.testing.assert_allclose(small, plain, rtol=1e-5)
    flat = [factors(forecasts(0.0) * unit, facts() * unit, MANY, CONTRACT) for unit in (1.0, 1e-12)]
    np.testing.assert_array_equal(flat[0], flat[1])


def repeated(beyond: list[float], levels: tuple[float, ...]) -> Float32:
    """Factors where the facts are these, eight times, given as what they lie beyond the median, and every step is 1."""
    contract = Contract(interval=3600 * SECOND, window=4, horizon=1, quantiles=levels)
    count = 8 * len(beyond)
    forecast = np.tile(np.arange(len(levels), dtype=np.float64), (count, 1, 1))
    fact = np.tile(np.array(beyond, np.float64), 8)[:, None] + contract.median
    return factors(forecast, fact, MANY, contract)


def test_the_factor_is_the_score_that_enough_facts_stay_below() -> None:
    """Of 72 facts and one to come 88 % stay below the 65th."""
    np.testing.assert_allclose(repeated([1, 2, 3, 4, 5, 6, 7, 8, 9], (0.12, 0.5, 0.88)), [[1, 9]], rtol=1e-6)
    np.testing.assert_allclose(repeated([-1, -2, -3, -4, -5, -6, -7, -8, -9], (0.12, 0.5, 0.88)), [[9, 1]], rtol=1e-6)
    np.testing.assert_allclose(repeated([20.0] * 9, (0.12, 0.5, 0.88)), [[1, 10]], rtol=1e-6)


def test_an_outer_step_is_measured_from_where_the_inner_one_ends() -> None:
    """An inner step that could be half as wide keeps its width, one that has to be twice as wide gets it."""
    levels = (0.12, 0.3, 0.5, 0.7, 0.88)
    np.testing.assert_allclose(repeated([0.1, 0.2, 0.3, 0.4, 0.45, 0.48, 0.5, 2, 4], levels), [[1, 1, 1, 3]], rtol=1e-6)
    np.testing.assert_allclose(repeated([0.1, 0.2, 0.3, 0.4, 0.5, 1, 2, 3, 5], levels), [[1, 1, 2, 3]], rtol=1e-6)


def test_without_a_correction_every_step_is_as_the_networks_gave_it() -> None:
    """A factor of 1 for unknown and for known series, each lead and each step; and nothing beside the network has a weight."""
    calibration = Calibration.of(CONTRACT, 3)
    assert calibration.factors.dtype == np.float32
    np.testing.assert_array_equal(calibration.factors, np.ones((2, 2, 4)))
    np.testing.assert_array_equal(calibration.weights, np.zeros((4, 3)))
    assert calibration.linear is None


def test_the_mean_that_may_have_a_weight_needs_room_for_three_days() -> None:
    """A window of 72 hours has it, one of 71 has not."""
    hour = 3600 * SECOND
    assert last_days(Contract(hour, 71, 2)) is None
    mean = last_days(Contract(hour, 72, 2))
    assert mean is not None
    assert (mean.season, mean.seasons) == (24, 3)

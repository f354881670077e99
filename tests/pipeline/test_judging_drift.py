"""Drift: known errors have known excesses, and neither a season, a quiet month nor a single sensor is drift."""

from dataclasses import replace
from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.contract import Contract
from edge.contract.times import DAY, SECOND
from edge.errors import BundleError
from edge.forecaster.manifest import Backtest
from pipeline.history.windows import block_length
from pipeline.judging.drift import FEWEST_BLOCKS, Errors, Expected, Rule, expected, look, packed, unpacked

HOUR = 3600 * SECOND
LEADS = (1, 6)


def errors(model: float, naive: float, *, days: int = 7, series: int = 15, noise: float = 0.05) -> Errors:
    """Days of 24 errors of a mean size, each day and series a little larger or smaller."""
    random = np.random.default_rng(days + series)
    shape = (days, series, len(LEADS))
    factor = np.exp(random.normal(0, noise, shape))
    unit = np.arange(1, series + 1)[None, :, None]  # every series has a unit of its own
    count = np.full(shape, 24)
    return Errors(model * unit * factor * count, naive * unit * factor * count, count)


PROMISED = expected(errors(1.0, 2.0, days=30))


def test_the_same_errors_are_no_drift() -> None:
    """The excess is about nothing, and the ratios are those that were put in."""
    seen = look(errors(1.0, 2.0), PROMISED, LEADS)
    assert not seen.drifted
    assert seen.excess == pytest.approx(0, abs=0.03)
    assert (seen.series, seen.blocks, seen.leads, seen.problem) == (15, 7, LEADS, None)
    assert seen.live_error == pytest.approx(0.5, rel=0.03)
    assert seen.expected_error == pytest.approx(0.5, rel=0.03)
    np.testing.assert_allclose(seen.growth, 1, atol=0.04)


def test_an_error_that_grows_alone_is_drift() -> None:
    """Half as large again, while yesterday's value is as good as ever: the excess says how much."""
    seen = look(errors(1.5, 2.0), PROMISED, LEADS)
    assert seen.drifted
    assert seen.excess == pytest.approx(0.5, abs=0.05)
    assert seen.statistic > 10
    assert seen.live_error == pytest.approx(0.75, rel=0.03)


@pytest.mark.parametrize(("model", "naive"), [(3.0, 6.0), (1.0, 0.5), (0.4, 0.2)], ids=["storms", "equal days", "calm"])
def test_what_the_weather_does_to_both_forecasts_is_no_drift(model: float, naive: float) -> None:
    """Both errors three times as large; the simple one a quarter, because days repeat; both smaller."""
    assert not look(errors(model, naive), PROMISED, LEADS).drifted


def test_one_broken_sensor_of_fifteen_is_no_drift_of_the_fleet() -> None:
    """However large its error is; of a fleet of one it is."""
    live = errors(1.0, 2.0)
    live.model[:, 3] *= 1e12
    assert not look(live, PROMISED, LEADS).drifted
    alone = Expected(PROMISED.model[3:4], PROMISED.naive[3:4])
    assert look(Errors(live.model[:, 3:4], live.naive[:, 3:4], live.count[:, 3:4]), alone, LEADS).drifted


def test_only_the_newest_blocks_count() -> None:
    """A bad week that is over is no drift."""
    bad, good = errors(3.0, 2.0), errors(1.0, 2.0)
    both = Errors(*(np.concatenate(parts) for parts in zip(*((e.model, e.naive, e.count) for e in (bad, good)), strict=True)))
    assert not look(both, PROMISED, LEADS).drifted
    assert look(bad, PROMISED, LEADS, Rule(blocks=4)).blocks == 4


def test_too_few_days_say_nothing() -> None:
    """It says how many there are, and how many are needed; blocks in which nothing was scored are none."""
    seen = look(errors(9.0, 2.0, days=FEWEST_BLOCKS - 1), PROMISED, LEADS)
    assert not seen.drifted
    assert seen.problem == "scores of 3 days are there, or of as many horizons, and 4 are needed"
    live = errors(9.0, 2.0)
    live.count[: 7 - FEWEST_BLOCKS + 1] = 0
    assert look(live, PROMISED, LEADS).blocks == FEWEST_BLOCKS - 1
    live.count[:] = 0
    nothing = look(live, PROMISED, LEADS)
    assert (nothing.series, nothing.blocks, nothing.leads, nothing.drifted) == (0, 0, (), False)


def test_a_series_that_stands_still_and_one_that_nobody_knows_are_left_out() -> None:
    """Errors of 0 have no logarithm, and a series without a backtest has nothing to be compared with."""
    live = errors(1.5, 2.0)
    live.model[:, 0], live.naive[:, 1] = 0, 0
    promised = Expected(PROMISED.model.copy(), PROMISED.naive.copy())
    promised.model[2] = np.nan
    seen = look(live, promised, LEADS)
    assert (seen.series, seen.drifted) == (12, True)


def test_a_sudden_change_of_days_has_a_large_spread() -> None:
    """One day in seven that is bad beyond measure is not yet drift."""
    live = errors(1.0, 2.0)
    live.model[3] *= 4
    assert not look(live, PROMISED, LEADS).drifted


@given(st.floats(0.01, 100), st.floats(0.01, 100), st.integers(1, 9), st.integers(1, 3))
def test_every_look_has_figures_or_a_problem(model: float, naive: float, days: int, series: int) -> None:
    """No errors of any size make an exception or an excess that is not a number."""
    promised = Expected(np.full((series, 2), log(1.0)), np.full((series, 2), log(2.0)))
    seen = look(errors(model, naive, days=days, series=series), promised, LEADS)
    assert seen.problem is not None or (np.isfinite(seen.excess) and not np.isnan(seen.statistic))
    assert seen.drifted == (seen.problem is None and seen.excess > 0.1 and seen.statistic > 2.5)


def test_a_bundle_keeps_what_the_backtest_promises() -> None:
    """To three digits; NaN stays NaN."""
    promised = Expected(PROMISED.model.copy(), PROMISED.naive)
    promised.model[0, 0] = np.nan
    again = unpacked(packed(promised, LEADS), 15)
    np.testing.assert_allclose(again.model, promised.model, atol=2e-3)
    np.testing.assert_allclose(again.naive, promised.naive, atol=2e-3)


@pytest.mark.parametrize("text", ["", "AAA", "!", "AAAA" * 100])
def test_a_bundle_that_says_something_else_is_refused(text: str) -> None:
    """Another number of series, or no base64."""
    with pytest.raises(BundleError, match="backtest of the manifest: expected 15 series at 2 leads"):
        unpacked(Backtest([1, 6], text, text), 15)


@pytest.mark.parametrize(
    ("interval", "horizon", "days"), [(HOUR, 24, 1), (HOUR, 25, 2), (HOUR, 7, 1), (DAY, 24, 24), (60 * SECOND, 720, 1)]
)
def test_a_block_holds_the_horizon_and_at_least_a_day(interval: int, horizon: int, days: int) -> None:
    """Whole days, so that every hour of the day counts the same."""
    contract = replace(Contract(HOUR, 24, 24), interval=interval, horizon=horizon, window=720)
    assert block_length(contract) == days * DAY

"""The days that are drawn are the worst and the best that there are."""

import numpy as np

from pipeline.backtest.pictures import extreme_days
from pipeline.judging.contender import contender
from tests.pipeline.test_judging_evaluation import CONTRACT, PART, Counter, counting


def test_the_worst_day_is_the_day_of_the_jump() -> None:
    """A level that shifts by 48 at midnight is missed by one forecast in four of that day; the day before is shown."""
    table = counting()
    table.values[1, 144:] += 48
    one = contender(Counter(), table.names, table.names)
    (worst, best), titles = extreme_days(one, table, CONTRACT, PART, np.array([1.0, 2.0], np.float64))
    assert titles[0] == "worst day: b, 1970-01-07, mean absolute error 6.00 standard deviations"
    assert titles[1].endswith("mean absolute error 0.00 standard deviations")
    assert (worst.times[0], len(worst.times), len(worst.origins)) == (120 * CONTRACT.interval, 48, 4)
    assert np.isnan(worst.forecasts[:24]).all()
    assert np.isfinite(worst.forecasts[24:]).all()
    np.testing.assert_array_equal(best.forecasts[24:, 1], best.facts[24:])


def test_there_may_be_no_day_to_draw() -> None:
    """A part shorter than a day, or without facts, has neither a best nor a worst one."""
    table = counting()
    one, scale = contender(Counter(), table.names), np.ones(2)
    assert extreme_days(one, table, CONTRACT, range(150, 165), scale) == ([], [])
    table.values[:, 100:] = np.nan
    assert extreme_days(one, table, CONTRACT, PART, scale) == ([], [])

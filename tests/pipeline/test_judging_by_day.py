"""Errors day by day are those of the backtest, in blocks."""

from dataclasses import replace

import numpy as np

from edge.contract.columns import Readings, SeriesTable
from edge.contract.contract import Contract
from edge.contract.times import DAY, SECOND
from edge.forecaster.baselines import Baseline, seasonal_naive
from pipeline.history.table import Table, to_table
from pipeline.judging.by_day import errors_by_day
from pipeline.judging.contender import contender
from pipeline.judging.evaluation import Facts, backtest

HOUR = 3600 * SECOND
CONTRACT = Contract(HOUR, 48, 12)
PART = range(96, 24 * 9)
LEADS = (1, 12)


def table() -> Table:
    """Nine days of a random walk and of a cycle, with a gap."""
    random, hours = np.random.default_rng(2), np.arange(24 * 9)
    values = np.stack(
        [np.cumsum(random.normal(size=len(hours))), 5 * np.sin(hours * np.pi / 12) + random.normal(size=len(hours))]
    )
    readings = Readings(
        np.repeat(np.arange(2, dtype=np.int32), len(hours)), np.tile(hours * HOUR + 20_000 * DAY, 2), values.ravel()
    )
    keep = ~((readings.series == 1) & (readings.time // HOUR % 24 == 7))
    return to_table(SeriesTable(["walk", "cycle"]), readings.take(keep), HOUR, "mean")


def test_sums_over_the_days_are_those_of_the_backtest() -> None:
    """Of the model and of the seasonal-naive forecast, at each lead."""
    facts = Facts(table(), CONTRACT, PART)
    last, naive = Baseline("last_value", CONTRACT), seasonal_naive(CONTRACT)
    errors = errors_by_day(contender(last, facts.table.names), facts, LEADS)
    whole = backtest([contender(each, facts.table.names) for each in (last, naive)], facts)
    columns = [lead - 1 for lead in LEADS]
    assert errors.model.shape == (5, 2, 2)
    np.testing.assert_array_equal(errors.count.sum(axis=0), whole[0].count[:, columns])
    np.testing.assert_allclose(errors.model.sum(axis=0), whole[0].absolute_error[:, columns])
    np.testing.assert_allclose(errors.naive.sum(axis=0), whole[1].absolute_error[:, columns])
    assert (errors.count > 0).all()


def test_a_fact_counts_in_the_block_of_its_own_interval() -> None:
    """The forecast is an hour older, or twelve, and that changes nothing: a spike of a day is in the block of that day."""
    grid = table()
    values = grid.values.copy()
    values[0, PART.start + 24 : PART.start + 48] += 1000.0
    facts = Facts(replace(grid, values=values), CONTRACT, PART)
    errors = errors_by_day(contender(Baseline("last_value", CONTRACT), grid.names), facts, (1,))
    assert errors.model[:, 0, 0].argmax() == 1

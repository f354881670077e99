"""Alignment by a counting series, what counts and for whom, and the verdict's every line."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from edge.contract.columns import Float64, Int32
from edge.contract.contract import Context, Contract
from edge.contract.meaning import GAUGE, Meaning
from edge.contract.times import SECOND
from edge.errors import HistoryError
from edge.forecaster.baselines import Baseline, baselines
from edge.forecaster.forecaster import AllQuantiles
from pipeline.history.table import Table
from pipeline.judging.contender import contender, series_index
from pipeline.judging.evaluation import Evaluation, Facts, backtest, batches
from pipeline.judging.metrics import mae, rmse

HOUR = 3600 * SECOND
CONTRACT = Contract(HOUR, 48, 6)


@dataclass(frozen=True)
class Counter(AllQuantiles):
    """Knows that the series counts: last value plus lead, plus what a test adds; silent after windows that end in `silent`."""

    contract: Contract = CONTRACT
    add: float = 0.0
    band: float = 1.0
    silent: float = np.nan
    name: str = "counter"

    def predict(self, windows: Float64, series: Int32, context: Context | None = None) -> Float64:
        """The counting goes on, `band` below and above."""
        del context
        known = series[:, None] > 0
        middle = windows[:, -1:] + np.arange(1, self.contract.horizon + 1) + self.add * known
        middle = np.where(windows[:, -1:] == self.silent, np.nan, middle)
        return np.stack([middle - self.band, middle, middle + self.band], axis=2)


def counting(intervals: int = 200) -> Table:
    """Two series that count their columns; a seasonal forecast is off by a day, the last value by the lead."""
    values = np.arange(intervals, dtype=np.float64) + 1000 * np.arange(2, dtype=np.float64)[:, None]
    return Table(("a", "b"), 0, HOUR, values)


PART = range(100, 200)


def run(*forecasters: Counter | Baseline, table: Table | None = None) -> tuple[Evaluation, ...]:
    """Backtest on the counting series, all of them known."""
    table = table or counting()
    return backtest([contender(one, table.names, table.names) for one in forecasters], Facts(table, CONTRACT, PART))


def noise(intervals: int = 400, series: int = 4) -> Table:
    """Random walks, which nobody can forecast better than by the last value."""
    walk = np.cumsum(np.random.default_rng(7).normal(size=(series, intervals)), axis=1)
    return Table(tuple(f"s{row}" for row in range(series)), 0, HOUR, walk)


def test_errors_are_aligned_to_their_lead() -> None:
    """On a counting series the last value is off by exactly h at lead h, a day-old value by 24, the counter by nothing."""
    last, day = (one for one in baselines(CONTRACT) if one.name in ("last_value", "seasonal_naive_day"))
    right, first, second = run(Counter(), last, day)
    assert not right.absolute_error.any()
    np.testing.assert_array_equal(mae(first.absolute_error, first.count), [[1, 2, 3, 4, 5, 6]] * 2)
    np.testing.assert_array_equal(mae(second.absolute_error, second.count), [[24] * 6] * 2)
    assert (right.count == 95).all()
    np.testing.assert_array_equal(first.by_lead(np.array([1.0, np.nan])), [1, 2, 3, 4, 5, 6])
    np.testing.assert_array_equal(first.by_lead(np.array([1.0, 2.0])), 0.75 * np.arange(1, 7))


def test_errors_are_kept_by_the_day_of_the_fact() -> None:
    """Whatever the origin. The part begins at column 100, so its fifth day has the last four columns, and the sums agree."""
    (off,) = run(Counter(add=3))
    leads = np.minimum(np.arange(1, 101), 6) - np.maximum(np.arange(1, 101) - 95, 0)  # forecasts of each column
    counts = [leads[day : day + 24].sum() for day in range(0, 100, 24)]
    assert off.blocks.count.tolist() == [counts, counts]
    assert off.blocks.absolute_error.tolist() == [[3 * count for count in counts]] * 2
    assert not off.blocks.covered.any()
    np.testing.assert_array_equal(off.blocks.banded, off.blocks.count)
    (right,) = run(Counter())
    np.testing.assert_array_equal(right.blocks.covered, right.blocks.count)
    for total, blocks in ((off.count, off.blocks.count), (off.absolute_error, off.blocks.absolute_error)):
        np.testing.assert_array_equal(total.sum(axis=1), blocks.sum(axis=1))


def test_interval_figures_need_an_interval() -> None:
    """Coverage and quantile loss are those of the outermost quantiles and all levels; a baseline has neither."""
    inside, outside, last = run(Counter(), Counter(add=3, name="off"), Baseline("last_value", CONTRACT))
    assert (inside.coverage, outside.coverage) == (1.0, 0.0)
    assert np.isnan([last.coverage, last.quantile_loss]).all()
    facts = counting().values[:, 100:].astype(np.float64)
    expected = np.mean([2 * (0.2 / 3) * inside.count[row].sum() / inside.absolute_fact[row].sum() for row in range(2)])
    assert inside.quantile_loss == pytest.approx(expected)
    assert inside.absolute_fact[0, 0] == facts[0, :95].sum()


def test_a_series_whose_interval_is_lost_is_not_left_out_of_the_quantile_loss() -> None:
    """One series without a quantile leaves the mean over the series unknown; a series of zeros alone has no loss."""
    (whole,) = run(Counter())
    lost = np.where([[True], [False]], np.nan, whole.pinball)
    assert np.isnan(replace(whole, pinball=lost).quantile_loss)
    zeros = np.where([[True], [False]], 0.0, whole.absolute_fact)
    assert replace(whole, pinball=lost, absolute_fact=zeros).quantile_loss == pytest.approx(
        2 * whole.pinball[1].sum() / whole.absolute_fact[1].sum()
    )
    assert np.isnan(replace(whole, absolute_fact=np.zeros_like(zeros)).quantile_loss)


def test_squares_and_widths_are_kept_by_series_and_lead() -> None:
    """The last value is off by h at lead h; the counter is off by what is added, in an interval of twice its band."""
    last, off = run(Baseline("last_value", CONTRACT), Counter(add=3, band=2.5, name="off"))
    np.testing.assert_allclose(rmse(last.squared_error, last.count), [[1, 2, 3, 4, 5, 6]] * 2)
    np.testing.assert_allclose(rmse(last.squared_error.sum(axis=1), last.count.sum(axis=1)), [np.sqrt(91 / 6)] * 2)
    np.testing.assert_array_equal(off.width / off.banded, np.full((2, 6), 5.0))
    assert not last.width.any()
    assert off.pooled(np.array([2.0, np.nan])) == pytest.approx((2.25, 1.5))
    assert off.pooled(np.array([2.0, 1.0])) == pytest.approx(((2.25 + 9) / 2, (1.5 + 3) / 2))
    assert np.isnan(off.pooled(np.array([np.nan, np.nan]))).all()


def test_a_glitch_in_a_window_that_stands_still_is_judged_by_the_history_before_the_part() -> None:
    """As on the device, so no forecast of a baseline or of a model is made from it; it stays a fact."""
    values = np.zeros((1, 200))
    values[0, :40:4], values[0, 150] = 3.0, 4294967.295
    (last,) = run(Baseline("last_value", CONTRACT), table=Table(("rain",), 0, HOUR, values))
    missed = last.absolute_error / 4294967.295
    np.testing.assert_allclose(missed, np.ones((1, CONTRACT.horizon)))


def test_missing_facts_count_for_nobody() -> None:
    """A hole in the facts removes exactly its leads from every forecaster."""
    table = counting()
    table.values[0, 150] = np.nan
    for one in run(Counter(), Baseline("last_value", CONTRACT), table=table):
        assert one.count[0].tolist() == [93] * 6  # the fact itself, and the counter's window that ends in it
        assert one.count[1].tolist() == [95] * 6


def test_all_are_measured_on_the_same_facts() -> None:
    """Where one forecaster is silent the fact counts for none, and the silence is on record."""
    silent, last = run(Counter(silent=149.0), Baseline("last_value", CONTRACT))
    np.testing.assert_array_equal(silent.count, last.count)
    assert silent.count.tolist() == [[94] * 6, [95] * 6]
    assert (int(silent.unanswered.sum()), int(last.unanswered.sum())) == (6, 0)


def test_no_fact_weighs_more_than_ten_scales() -> None:
    """The counter is off by 45 once it is added; with a scale of 2 that counts as 20, of 5 as 45, and unbounded without one."""
    table = counting()
    who = [contender(Counter(add=45), table.names, table.names), contender(Baseline("last_value", CONTRACT), table.names)]
    found, last = backtest(who, Facts(table, CONTRACT, PART, np.array([2, 5], np.float64)))
    assert found.by_series.tolist() == [20.0, 45.0]
    assert last.by_series.tolist() == [3.5, 3.5]
    np.testing.assert_array_equal(found.squared_error / found.count, [[400.0] * 6, [2025.0] * 6])
    np.testing.assert_array_equal(found.width[0], np.zeros(6))
    (plain,) = backtest(who[:1], Facts(table, CONTRACT, PART))
    assert plain.by_series.tolist() == [45.0, 45.0]
    (unknown,) = backtest(who[:1], Facts(table, CONTRACT, PART, np.array([np.nan, 0], np.float64)))
    assert unknown.by_series.tolist() == [45.0, 45.0]


def test_a_fact_that_nobody_foresees_counts_for_nobody() -> None:
    """A glitch is missed by all, at each of its leads; what only one forecaster misses counts against that one."""
    table = counting()
    table.values[0, 197] = 1e9
    scale = np.array([5, 5], np.float64)
    found, last = backtest(
        [contender(Counter(), table.names), contender(Baseline("last_value", CONTRACT), table.names)],
        Facts(table, CONTRACT, PART, scale),
    )
    assert found.missed.tolist() == last.missed.tolist() == [[0, 0, 0, 1, 1, 1], [0] * 6]
    assert found.count.tolist() == [[95, 95, 95, 94, 94, 94], [95] * 6]
    assert not found.absolute_error.any()
    blind, last = backtest(
        [contender(Counter(add=1e9), table.names, ["a"]), contender(Baseline("last_value", CONTRACT), table.names)],
        Facts(counting(), CONTRACT, PART, scale),
    )
    assert not blind.missed.any()
    assert blind.by_series.tolist() == [50.0, 0.0]
    assert (blind.count == 95).all()


def test_series_are_matched_by_name() -> None:
    """A model has its own list of series; what is not on it is unknown."""
    assert series_index(["a", "b", "c"], ["c", "x", "a"]).tolist() == [3, 0, 1]
    table = counting()
    (found,) = backtest([contender(Counter(add=2), table.names, ["b"])], Facts(table, CONTRACT, PART))
    assert found.by_series.tolist() == [0.0, 2.0]


def test_a_longer_window_is_comparable_and_another_horizon_is_not() -> None:
    """Every forecaster gets windows of its own length at the same origins."""
    long, last = Counter(contract=Contract(HOUR, 150, 6)), Baseline("last_value", CONTRACT)
    assert not run(long, last)[0].absolute_error.any()
    with pytest.raises(HistoryError, match="another interval, horizon or aggregation"):
        run(Counter(contract=Contract(HOUR, 48, 12)), last)


def test_a_counter_is_judged_by_forecasts_that_are_not_below_zero() -> None:
    """As the device stores them; a gauge of the same values is judged by what was forecast."""
    table = replace(counting(), meanings=(Meaning("counter"), GAUGE))
    (far,) = run(Counter(add=-1e6), table=table)
    error = mae(far.absolute_error, far.count)
    assert error[0].max() < 200
    assert error[1].min() > 900_000


@pytest.mark.parametrize(("horizon", "size"), [(24, 256), (96, 256), (360, 256), (720, 128), (1_440, 64), (8_640, 64)])
def test_windows_are_judged_together_by_their_leads(horizon: int, size: int) -> None:
    """Each window once, in order; as many together as the processor's cache has room for."""
    some = list(batches(1_000, horizon))
    assert some[0] == slice(0, size)
    assert [row for rows in some for row in range(1_000)[rows]] == list(range(1_000))
    assert list(batches(0, horizon)) == []

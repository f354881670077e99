"""Alignment by a counting series, what counts and for whom, and the verdict's every line."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from edge.contract.columns import Float32, Int32
from edge.contract.contract import Contract
from edge.contract.times import SECOND
from edge.errors import HistoryError
from edge.forecaster.baselines import Baseline, baselines
from edge.forecaster.forecaster import AllQuantiles
from pipeline.history.table import Table
from pipeline.judging.evaluation import Evaluation, backtest, contender, series_index
from pipeline.judging.metrics import mae, rmse
from pipeline.judging.verdict import Cost, Limits, judge, trial

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

    def predict(self, windows: Float32, series: Int32) -> Float32:
        """The counting goes on, `band` below and above."""
        known = series[:, None] > 0
        middle = windows[:, -1:] + np.arange(1, self.contract.horizon + 1) + self.add * known
        middle = np.where(windows[:, -1:] == self.silent, np.nan, middle)
        return np.stack([middle - self.band, middle, middle + self.band], axis=2).astype(np.float32)


def counting(intervals: int = 200) -> Table:
    """Two series that count their columns; a seasonal forecast is off by a day, the last value by the lead."""
    values = np.arange(intervals, dtype=np.float32) + 1000 * np.arange(2, dtype=np.float32)[:, None]
    return Table(("a", "b"), 0, HOUR, values)


PART = range(100, 200)


def run(*forecasters: Counter | Baseline, table: Table | None = None) -> tuple[Evaluation, ...]:
    """Backtest on the counting series, all of them known."""
    table = table or counting()
    return backtest([contender(one, table.names, table.names) for one in forecasters], table, CONTRACT, PART)


def noise(intervals: int = 400, series: int = 4) -> Table:
    """Random walks, which nobody can forecast better than by the last value."""
    walk = np.cumsum(np.random.default_rng(7).normal(size=(series, intervals)), axis=1).astype(np.float32)
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


def test_interval_figures_need_an_interval() -> None:
    """Coverage and quantile loss are those of the outermost quantiles and all levels; a baseline has neither."""
    inside, outside, last = run(Counter(), Counter(add=3, name="off"), Baseline("last_value", CONTRACT))
    assert (inside.coverage, outside.coverage) == (1.0, 0.0)
    assert np.isnan([last.coverage, last.quantile_loss]).all()
    facts = counting().values[:, 100:].astype(np.float64)
    expected = np.mean([2 * (0.2 / 3) * inside.count[row].sum() / inside.absolute_fact[row].sum() for row in range(2)])
    assert inside.quantile_loss == pytest.approx(expected)
    assert inside.absolute_fact[0, 0] == facts[0, :95].sum()


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
    found, last = backtest(who, table, CONTRACT, PART, scale=np.array([2, 5], np.float32))
    assert found.by_series.tolist() == [20.0, 45.0]
    assert last.by_series.tolist() == [3.5, 3.5]
    np.testing.assert_array_equal(found.squared_error / found.count, [[400.0] * 6, [2025.0] * 6])
    np.testing.assert_array_equal(found.width[0], np.zeros(6))
    (plain,) = backtest(who[:1], table, CONTRACT, PART)
    assert plain.by_series.tolist() == [45.0, 45.0]
    (unknown,) = backtest(who[:1], table, CONTRACT, PART, scale=np.array([np.nan, 0], np.float32))
    assert unknown.by_series.tolist() == [45.0, 45.0]


def test_a_fact_that_nobody_foresees_counts_for_nobody() -> None:
    """A glitch is missed by all, at each of its leads; what only one forecaster misses counts against that one."""
    table = counting()
    table.values[0, 197] = 1e9
    scale = np.array([5, 5], np.float32)
    found, last = backtest(
        [contender(Counter(), table.names), contender(Baseline("last_value", CONTRACT), table.names)],
        table, CONTRACT, PART, scale=scale,
    )  # fmt: skip
    assert found.missed.tolist() == last.missed.tolist() == [[0, 0, 0, 1, 1, 1], [0] * 6]
    assert found.count.tolist() == [[95, 95, 95, 94, 94, 94], [95] * 6]
    assert not found.absolute_error.any()
    blind, last = backtest(
        [contender(Counter(add=1e9), table.names, ["a"]), contender(Baseline("last_value", CONTRACT), table.names)],
        counting(), CONTRACT, PART, scale=scale,
    )  # fmt: skip
    assert not blind.missed.any()
    assert blind.by_series.tolist() == [50.0, 0.0]
    assert (blind.count == 95).all()


def test_series_are_matched_by_name() -> None:
    """A model has its own list of series; what is not on it is unknown."""
    assert series_index(["a", "b", "c"], ["c", "x", "a"]).tolist() == [3, 0, 1]
    table = counting()
    (found,) = backtest([contender(Counter(add=2), table.names, ["b"])], table, CONTRACT, PART)
    assert found.by_series.tolist() == [0.0, 2.0]


def test_a_longer_window_is_comparable_and_another_horizon_is_not() -> None:
    """Every forecaster gets windows of its own length at the same origins."""
    long, last = Counter(contract=Contract(HOUR, 150, 6)), Baseline("last_value", CONTRACT)
    assert not run(long, last)[0].absolute_error.any()
    with pytest.raises(HistoryError, match="another interval, horizon or aggregation"):
        run(Counter(contract=Contract(HOUR, 48, 12)), last)


def test_a_better_candidate_is_released_with_its_figures() -> None:
    """Skill, series won and coverage stand in the verdict, and every line says yes or notes something."""
    table = counting()
    found = trial(contender(Counter(add=0.5), table.names, ["b"]), None, table, CONTRACT, PART, cost=Cost(31.0, 1000))
    verdict = found.verdict
    assert verdict.release
    assert verdict.skill == pytest.approx(1 - 0.5 / 3.5 / 2)
    assert (verdict.series_won, verdict.series_judged, verdict.coverage) == (2, 2, 1.0)
    assert verdict.best_baselines == ("last_value", "last_value")
    assert verdict.champion_skill is None
    assert [reason.split(":")[0] for reason in verdict.reasons] == ["yes", "yes", "yes", "note"]


def test_a_random_walk_releases_nobody() -> None:
    """What only equals the last value, or beats it by less than the margin, stays in."""
    table = noise()
    found = trial(contender(Counter(name="noise"), table.names), None, table, CONTRACT, range(200, 400))
    assert not found.verdict.release
    last = Baseline("last_value", CONTRACT)
    (base,) = backtest([contender(last, table.names)], table, CONTRACT, range(200, 400))
    close = replace(base, absolute_error=base.absolute_error * 0.995)
    better = replace(base, absolute_error=base.absolute_error * 0.98)
    assert not judge(close, [base]).release
    assert judge(close, [base], limits=Limits(margin=0.001)).release
    assert judge(better, [base]).release
    assert "0.5% below the best baseline's (more than 1.0% below is required)" in judge(close, [base]).reasons[0]


def test_the_champion_stays_unless_the_candidate_is_as_good() -> None:
    """A candidate within the tolerance goes out, one beyond it does not, whatever it wins against the baselines."""
    (base,) = run(Baseline("last_value", CONTRACT))
    good = replace(base, absolute_error=base.absolute_error * 0.8, forecaster="champion")
    near = replace(base, absolute_error=base.absolute_error * 0.803)
    worse = replace(base, absolute_error=base.absolute_error * 0.82)
    assert judge(near, [base], good).release
    verdict = judge(worse, [base], good)
    assert not verdict.release
    assert verdict.champion_skill == pytest.approx(-0.025)
    assert "no: mean absolute error 2.5% above the champion's (champion)" in verdict.reasons[1]


def test_a_champion_that_cannot_be_compared_is_named_and_left_out() -> None:
    """Another horizon, or silence where others forecast, must not keep a good candidate in."""
    table = counting()
    candidate = contender(Counter(), table.names)
    other = contender(Counter(contract=Contract(HOUR, 48, 12), name="old"), table.names)
    mute = contender(Counter(silent=149.0, name="mute"), table.names)
    for champion, words in ((other, "(old) forecasts another interval"), (mute, "(mute) has no forecast for 6 facts")):
        found = trial(candidate, champion, table, CONTRACT, PART)
        assert found.verdict.release
        assert found.champion is None
        assert words in found.verdict.reasons[-1]
        assert "baselines only" in found.verdict.reasons[-1]
    beside = trial(candidate, contender(Counter(add=1, name="old"), table.names, table.names), table, CONTRACT, PART)
    assert beside.champion is not None
    assert beside.verdict.champion_skill == 1.0


def test_a_candidate_that_is_silent_where_it_is_hard_is_not_released() -> None:
    """What it leaves out counts against it."""
    table = counting()
    verdict = trial(contender(Counter(silent=149.0), table.names), None, table, CONTRACT, PART).verdict
    assert not verdict.release
    assert "no: no forecast for 6 facts that a baseline forecast" in verdict.reasons


def test_budgets_are_kept_or_named() -> None:
    """Too slow, too large, or not measured where a limit is set: each is a reason of its own."""
    right, last = run(Counter(), Baseline("last_value", CONTRACT))
    limits = Limits(latency=100, size=1000)
    assert judge(right, [last], cost=Cost(99.0, 1000), limits=limits).release
    for cost, words in (
        (Cost(101.0, 1000), "no: 101.0 µs per forecast (at most 100)"),
        (Cost(99.0, 1001), "no: model of 1,001 bytes (at most 1,000)"),
        (Cost(None, 1000), "no: the time per forecast was not measured (at most 100 µs)"),
    ):
        verdict = judge(right, [last], cost=cost, limits=limits)
        assert not verdict.release
        assert words in verdict.reasons


def test_a_series_that_stands_still_is_left_out_of_the_mean() -> None:
    """No ratio to a perfect baseline exists; the series is named instead."""
    table = counting()
    table.values[1] = 5
    found = trial(contender(Counter(), table.names), None, table, CONTRACT, PART)
    assert found.verdict.series_judged == 1
    assert "note: not judged, as a baseline makes next to no error: b" in found.verdict.reasons
    table.values[0] = 5
    assert not trial(contender(Counter(), table.names), None, table, CONTRACT, PART).verdict.release


def test_without_facts_nothing_is_released() -> None:
    """An empty held-out part is no proof of anything."""
    table = counting()
    verdict = trial(contender(Counter(), table.names), None, table, CONTRACT, range(100, 103)).verdict
    assert not verdict.release
    assert "no held-out facts" in verdict.reasons[0]
    assert np.isnan(verdict.skill)

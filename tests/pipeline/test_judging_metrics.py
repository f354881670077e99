"""Metrics against their definitions, and every report of one against the function of that name."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.contract.columns import Float64, Int32, Points, Readings, SeriesTable
from edge.contract.contract import Context, Contract
from edge.contract.schema import FORECAST_LEAD
from edge.contract.times import SECOND
from edge.forecaster.baselines import baselines
from edge.forecaster.forecaster import AllQuantiles, Forecaster
from edge.series.closing import Closed
from edge.series.metrics import absolute_error, covered, pinball
from edge.series.scoring import Scoring
from edge.stores.sqlite import SqliteStore
from pipeline.backtest.figures import averaged, figures
from pipeline.history.table import Table
from pipeline.history.windows import samples
from pipeline.judging import stored_forecasts
from pipeline.judging.contender import contender
from pipeline.judging.evaluation import Facts, skills_by_lead
from pipeline.judging.metrics import (
    MOST_LOST,
    best_reference,
    coverage,
    interval_width,
    mae,
    mase,
    mean_over,
    mean_skill,
    mse,
    naive_error,
    rmse,
    series_skill,
    weighted_quantile_loss,
)
from pipeline.judging.trial import trial
from pipeline.judging.weighing import numbers_of
from pipeline.release.decision import metrics_of


def test_metrics_follow_their_definitions() -> None:
    """Each formula on numbers small enough to check by hand; nothing counted is NaN."""
    total, count = np.array([6.0, 0.0]), np.array([3, 0])
    np.testing.assert_array_equal(mae(total, count), [2.0, np.nan])
    np.testing.assert_array_equal(mse(total, count), [2.0, np.nan])
    np.testing.assert_array_equal(weighted_quantile_loss(np.array([3.0, 1.0]), np.array([12.0, 0.0])), [0.5, np.nan])
    np.testing.assert_array_equal(coverage(np.array([3, 0]), np.array([4, 0])), [0.75, np.nan])
    np.testing.assert_array_equal(interval_width(np.array([6.0, 0.0]), np.array([4, 0])), [1.5, np.nan])
    np.testing.assert_array_equal(mase(np.array([3.0, 1.0]), np.array([2.0, np.nan])), [1.5, np.nan])
    np.testing.assert_array_equal(mean_over(np.array([[1.0, np.nan], [np.inf, np.nan], [4.0, np.nan]])), [2.5, np.nan])


def test_squares_and_the_naive_error_follow_their_definitions() -> None:
    """The root of a mean of squares; the mean change from one season to the next, NaN where it is 0 or unknown."""
    np.testing.assert_array_equal(rmse(np.array([12.0, 0.0]), np.array([3, 0])), [2.0, np.nan])
    values = np.array([[1, 3, 2, 6], [1, np.nan, 2, 6], [5, 5, 5, 5], [1, np.nan, np.nan, 2]], np.float64)
    np.testing.assert_allclose(naive_error(values, 1), [(2 + 1 + 4) / 3, 4, np.nan, np.nan])
    np.testing.assert_allclose(naive_error(values, 2), [(1 + 3) / 2, 1, np.nan, np.nan])
    assert np.isnan(naive_error(values, 4)).all()


def test_skill_of_a_series_follows_its_definition() -> None:
    """Ahead it is 1 - error / reference; behind it is a share of the reference or of a hundredth of the scale."""
    cases = [  # error, reference, scale, skill
        (3.0, 4.0, 10.0, 0.25),
        (5.0, 4.0, 10.0, -0.25),
        (0.0, 4.0, 10.0, 1.0),
        (0.03, 0.04, 10.0, 0.25),  # below the floor of 0.1, and won all the same
        (0.05, 0.04, 10.0, -0.1),  # a hundredth of a hundredth of the scale is no quarter
        (0.11, 0.0, 10.0, -1.1),  # the baseline stood still, the candidate did not
        (0.1, 0.01, 10.0, np.nan),  # both stand still
        (0.1, 0.011, 10.0, -0.89),
        (1.0, 0.0, np.nan, np.nan),  # no unit and nothing to beat
        (3.0, 4.0, np.nan, 0.25),
        (np.nan, 4.0, 10.0, np.nan),
        (3.0, np.nan, 10.0, np.nan),
    ]
    error, reference, scale, wanted = np.array(cases).T
    np.testing.assert_allclose(series_skill(error, reference[None], scale), wanted, atol=1e-12)


def test_skill_is_told_beside_the_best_reference_of_the_series() -> None:
    """Each series has its own best one, chosen with hindsight; where one of them has no error the series is not judged."""
    references = np.array([[4.0, 2.0, 9.0], [3.0, 8.0, np.nan]])
    best, known = best_reference(references)
    assert (best[:2].tolist(), known.tolist()) == ([1, 0], [True, True, False])
    np.testing.assert_allclose(series_skill(np.array([1.5, 1.5, 1.5]), references, np.ones(3)), [0.5, 0.25, np.nan])


def test_one_series_costs_the_mean_a_fifth_at_most() -> None:
    """What is lost beyond that counts as that; what is won counts whole; what is not judged counts for nothing."""
    assert mean_skill(np.array([0.5, -1e9, np.nan, 0.3])) == pytest.approx((0.5 - 0.2 + 0.3) / 3)
    assert mean_skill(np.array([0.5, -0.1])) == pytest.approx(0.2)
    assert np.isnan(mean_skill(np.array([np.nan])))


ERROR = st.floats(0, 1e30)


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0.05, 1), st.floats(0.1, 1)), min_size=4, max_size=8), ERROR, ERROR, st.floats(1e-6, 1e6))
def test_one_more_series_moves_the_mean_by_its_share_only(
    fleet: list[tuple[float, float]], error: float, reference: float, unit: float
) -> None:
    """Whatever the new one does, the mean falls by no more than what one of n + 1 series may count."""
    old, best = np.array(fleet).T
    before = mean_skill(series_skill(old, best[None], np.ones(len(old))))
    scale = np.append(np.ones(len(old)), unit)
    after = mean_skill(series_skill(np.append(old, error), np.append(best, reference)[None], scale))
    assert after >= min(before, (before * len(old) - MOST_LOST) / (len(old) + 1)) - 1e-12


SERIES_ERRORS = st.lists(st.tuples(ERROR, ERROR, st.floats(1e-3, 1e3)), min_size=1, max_size=6)


@settings(deadline=None)
@given(SERIES_ERRORS, st.integers(-20, 20), st.randoms())
def test_skill_knows_no_unit_and_no_order(
    fleet: list[tuple[float, float, float]], power: int, random: "np.random.Generator"
) -> None:
    """A sensor that speaks in another unit, or stands at another place of the list, is judged the same."""
    error, reference, scale = np.array(fleet).T
    unit, wanted = 2.0**power, series_skill(error, reference[None], scale)
    np.testing.assert_array_equal(series_skill(error * unit, reference[None] * unit, scale * unit), wanted)
    order = list(range(len(fleet)))
    random.shuffle(order)
    np.testing.assert_array_equal(series_skill(error[order], reference[None, order], scale[order]), wanted[order])
    np.testing.assert_allclose(mean_skill(wanted[order]), mean_skill(wanted), atol=1e-12)


CONTRACT = Contract(3600 * SECOND, 48, 6)
PART = range(100, 160)
LEVELS = np.asarray(CONTRACT.quantiles)


class Level(AllQuantiles):
    """Says that the mean of the last six values goes on, and an interval around it."""

    name = "level"
    contract = CONTRACT

    def predict(self, windows: Float64, series: Int32, context: Context | None = None) -> Float64:
        """The same at every lead; the interval is wider the later the lead."""
        del context
        middle = np.repeat(windows[:, -6:].mean(axis=1)[:, None], CONTRACT.horizon, axis=1) + 0.1 * series[:, None]
        band = 0.2 * np.arange(1, CONTRACT.horizon + 1)
        return np.stack([middle - band, middle, middle + band], axis=2)


class Figures:
    """The same figures straight from all forecasts and facts of a table, by the functions of the metrics.

    Args:
        table: the grid.
        scale: spread of the series, float64 `[series]`.
    """

    def __init__(self, table: Table, scale: Float64) -> None:
        chosen = samples(table, CONTRACT, PART)
        windows, self.series, self.origin = chosen.windows(slice(None), CONTRACT), chosen.series, chosen.origin
        self.fact = chosen.targets(slice(None), CONTRACT).astype(np.float64)
        rivals: list[Forecaster] = [Level(), *baselines(CONTRACT)]
        self.forecasts = np.stack([one.predict(windows, self.series + 1) for one in rivals]).astype(np.float64)
        error = absolute_error(self.forecasts[..., CONTRACT.median], self.fact)
        bound = 10 * scale[self.series][:, None]
        counted = ~(error > bound).all(axis=0)
        self.error = np.where(counted, np.minimum(error, bound), np.nan)
        near = np.clip(self.forecasts[0], (self.fact - bound)[..., None], (self.fact + bound)[..., None])
        self.inside = np.where(counted, covered(self.fact, near), np.nan)
        self.loss = np.where(counted, pinball(self.fact, near, LEVELS), 0)
        self.width = np.where(counted, near[..., -1] - near[..., 0], np.nan)
        self.size = np.where(counted, np.abs(self.fact), 0)
        rows = range(len(table.names))
        self.by_series = np.stack([mean_over(self.error[:, self.series == row], (1, 2)) for row in rows], axis=1)
        leads = [mean_over(self.error[:, self.series == row], 1) for row in rows]
        self.by_series_and_lead = np.stack(leads, axis=1)
        self.skills = series_skill(self.by_series[0], self.by_series[1:], scale)


def walks(seed: int, glitch: float) -> tuple[Table, Float64]:
    """Random walks of three sizes, one value of which is anything, and their spread before the part that is judged."""
    values = np.cumsum(np.random.default_rng(seed).normal(size=(3, PART.stop)), axis=1) * np.array([[0.1], [1], [50]])
    values[1, PART.start + 20] = glitch
    return Table(("a", "b", "c"), 0, CONTRACT.interval, values), values[:, : PART.start].std(axis=1)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**31), st.sampled_from([0.0, 100.0, -1e9]))
def test_verdict_and_backtest_report_what_the_functions_give(seed: int, glitch: float) -> None:
    """Errors, losses, coverage, width and skill, per series, per lead and over all of them."""
    table, scale = walks(seed, glitch)
    wanted = Figures(table, scale)
    unit = scale
    judged = trial(contender(Level(), table.names, table.names), None, Facts(table, CONTRACT, PART, unit))
    found, references, verdict = judged.candidate, judged.baselines, judged.verdict
    for evaluation, by_series in zip((found, *references), wanted.by_series, strict=True):
        np.testing.assert_allclose(evaluation.by_series, by_series, rtol=1e-5)
    np.testing.assert_allclose(verdict.skills, wanted.skills, atol=1e-5)
    assert verdict.skill == pytest.approx(mean_skill(wanted.skills), abs=1e-5)
    assert verdict.coverage == pytest.approx(np.nanmean(wanted.inside))
    by_lead = [
        series_skill(wanted.by_series_and_lead[0, :, lead], wanted.by_series_and_lead[1:, :, lead], scale) for lead in range(6)
    ]
    np.testing.assert_allclose(skills_by_lead(found, references).T, by_lead, atol=1e-5)
    losses = [
        weighted_quantile_loss(wanted.loss[wanted.series == row].sum(), wanted.size[wanted.series == row].sum())
        for row in range(3)
    ]
    naive = naive_error(table.values[:, : PART.start], 24)
    whole = figures(found, naive, by_lead=False)
    np.testing.assert_allclose(whole.mae, wanted.by_series[0], rtol=1e-5)
    np.testing.assert_allclose(whole.mase, mase(wanted.by_series[0], naive), rtol=1e-5)
    np.testing.assert_allclose(whole.wql, losses, rtol=1e-5)
    for row in range(3):
        rows = wanted.series == row
        assert whole.rmse[row] == pytest.approx(np.sqrt(np.nanmean(np.square(wanted.error[0, rows]))), rel=1e-5)
        assert whole.coverage[row] == pytest.approx(np.nanmean(wanted.inside[rows]))
        assert whole.width[row] == pytest.approx(np.nanmean(wanted.width[rows]), rel=1e-5)
    np.testing.assert_allclose(figures(found, naive, by_lead=True).mae, wanted.by_series_and_lead[0], rtol=1e-5)
    np.testing.assert_allclose(averaged(whole, unit).mae, np.mean(wanted.by_series[0] / scale), rtol=1e-5)
    own = metrics_of(judged, unit)[0]
    assert own.skill == verdict.skill
    # The others are those of the bundle as it runs: baselines forecast the series that were lost, and give the median only.
    runs = 1 + numbers_of(references, verdict.replacements)
    inside = wanted.inside[runs[wanted.series] == 0]
    assert own.coverage == (pytest.approx(np.nanmean(inside)) if len(inside) else None)
    assert own.pinball == (None if runs.any() else pytest.approx(np.mean(losses), rel=1e-5))
    np.testing.assert_allclose(
        np.array(own.absolute_error, np.float64),
        np.mean(wanted.by_series_and_lead[runs, np.arange(3)] / scale[:, None], axis=0),
        rtol=1e-5,
    )


@settings(deadline=None, max_examples=5)
@given(st.integers(0, 2**31), st.sampled_from([0.0, 100.0, -1e9]))
def test_the_demo_reports_what_the_verdict_says_of_the_same_forecasts(seed: int, glitch: float) -> None:
    """Forecasts read back from a store have the skill, the errors and the coverage that a backtest of them has."""
    table, scale = walks(seed, glitch)
    wanted = Figures(table, scale)
    series, lead = np.repeat(wanted.series, 6), np.tile(np.arange(1, 7, dtype=np.int32), len(wanted.series))
    target = (np.repeat(wanted.origin, 6) + lead - 1) * CONTRACT.interval
    values = wanted.forecasts[0].reshape(-1, 3)
    fields = {name: values[:, level] for level, name in enumerate(("q10", "q50", "q90"))}
    names = SeriesTable(list(table.names))
    column = np.arange(PART.stop)
    history = Readings(
        np.tile(np.arange(3, dtype=np.int32), PART.stop),
        np.repeat(column * CONTRACT.interval, 3),
        table.values.T.ravel().astype(np.float64),
    )
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteStore(Path(folder) / "store.db")
        store.write(store.encode([Points(FORECAST_LEAD, series, target, {**fields}, lead)], names))
        span = PART.start * CONTRACT.interval, PART.stop * CONTRACT.interval
        found = stored_forecasts.measure(store, CONTRACT, range(1, 7), history, names, span).errors
        store.close()
    np.testing.assert_allclose(found.by_series, wanted.by_series, rtol=1e-5)
    np.testing.assert_allclose(found.skills, wanted.skills, atol=1e-5)
    assert found.skill == pytest.approx(mean_skill(wanted.skills), abs=1e-5)
    assert found.coverage == pytest.approx(np.nanmean(wanted.inside))
    judged = trial(contender(Level(), table.names, table.names), None, Facts(table, CONTRACT, PART, scale)).verdict
    assert found.skill == pytest.approx(judged.skill, abs=1e-5)


def test_the_agent_scores_what_the_functions_give() -> None:
    """Error, loss and coverage of the scores that the dashboard draws."""
    random = np.random.default_rng(1)
    # Whole 1024ths: while forecasts wait, their distances from the median are float32, which holds these in full.
    values = np.sort(random.normal(size=(40, 6, 3)) * 1024 // 1 / 1024, axis=2)
    naive, facts = random.normal(size=(40, 6)) * 1024 // 1 / 1024, random.normal(size=40)
    scoring = Scoring(CONTRACT, (1,))
    held = scoring.at_leads(values, naive)
    for number in range(2):
        closed = Closed(
            np.arange(40, dtype=np.int32),
            np.full(40, number * CONTRACT.interval),
            np.repeat(facts[:, None], CONTRACT.window, axis=1),
            np.ones(40, np.int64),
        )
        scores = scoring.step(closed, held)
    fact, quantiles = facts.astype(np.float64), values[:, 0].astype(np.float64)
    np.testing.assert_array_equal(scores.absolute_error, absolute_error(quantiles[:, 1], fact))
    np.testing.assert_array_equal(scores.pinball, pinball(fact, quantiles, LEVELS))
    np.testing.assert_array_equal(scores.covered, covered(fact, quantiles))
    np.testing.assert_array_equal(scores.baseline_absolute_error, absolute_error(naive[:, 0], fact))

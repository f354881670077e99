"""Every check of the verdict, and the release as their conjunction."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest

from edge.contract.columns import Float64, Int32
from edge.contract.contract import Context, Contract
from edge.forecaster.baselines import Baseline
from edge.forecaster.manifest import Check, Outcome
from pipeline.judging.contender import contender
from pipeline.judging.evaluation import Blocks, Evaluation, Facts, backtest
from pipeline.judging.trial import trial
from pipeline.judging.verdict import Cost, Limits, Verdict, judge
from tests.pipeline.test_judging_evaluation import CONTRACT, HOUR, PART, Counter, counting, noise, run


@dataclass(frozen=True)
class Ragged(Counter):
    """Right at the median; one outer quantile is not a number after windows that end in `hole`."""

    quantile: int = 0
    hole: float = 149.0
    value: float = np.nan

    def predict(self, windows: Float64, series: Int32, context: Context | None = None) -> Float64:
        """The counter's forecasts with holes."""
        forecasts = super().predict(windows, series, context)
        forecasts[windows[:, -1] == self.hole, 2, self.quantile] = self.value
        return forecasts


@pytest.mark.parametrize("quantile", [0, 2])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_quantile_that_is_not_finite_is_refused(quantile: int, value: float) -> None:
    """One of 3,420 is enough, also where the median is right and beats every baseline."""
    table = counting()
    verdict = trial(contender(Ragged(quantile=quantile, value=value), table.names), None, Facts(table, CONTRACT, PART)).verdict
    assert verdict.skill == 1.0
    assert not verdict.release
    assert "no: 1 forecast is not finite at every quantile, on a" in verdict.reasons


def test_a_quantile_is_looked_at_where_its_fact_is_missing() -> None:
    """The device would have made that forecast, whether or not the sensor spoke later."""
    table = counting()
    table.values[0, 196] = np.nan
    verdict = trial(contender(Ragged(hole=193.0), table.names), None, Facts(table, CONTRACT, PART)).verdict
    assert "no: 1 forecast is not finite at every quantile, on a" in verdict.reasons


def test_a_model_without_outer_quantiles_is_not_taken_for_a_baseline() -> None:
    """A baseline says the median only; a network that does is broken."""
    table = counting()
    found = trial(contender(Counter(band=np.nan), table.names), None, Facts(table, CONTRACT, PART))
    assert not found.verdict.release
    assert found.candidate.broken.sum() == found.candidate.count.sum()
    assert not any(one.broken.any() for one in found.baselines)


EVEN = ((1.0, 1.0, 1.0, 1.0),)
UNEVEN = ((2.0, 0.0, 2.0, 0.0), (0.0, 2.0, 0.0, 2.0))  # as often behind as ahead: by chance


def measured(
    errors: list[float], scale: float = 1.0, name: str = "candidate", days: tuple[tuple[float, ...], ...] = EVEN
) -> Evaluation:
    """What a forecaster of one lead and one quantile was measured to be, on one fact of every series, and of four days."""
    shape = (len(errors), 1)
    none, ones = np.zeros(shape, np.int64), np.ones(shape, np.int64)
    error, zero = np.array(errors, np.float64)[:, None], np.zeros(shape)
    names = tuple(f"s{row}" for row in range(len(errors)))
    unit = np.full(len(errors), scale)
    whole = np.ones((len(errors), 4), np.int64)
    blocks = Blocks(whole, error * np.array(days), 0 * whole, 0 * whole)
    return Evaluation(name, names, unit, (0.5,), ones, error, error**2, zero, zero, none, none, zero, none, none, none, blocks)


def times(evaluation: Evaluation, factor: float) -> Evaluation:
    """The same with errors that are larger or smaller by a factor."""
    blocks = replace(evaluation.blocks, absolute_error=evaluation.blocks.absolute_error * factor)
    return replace(evaluation, absolute_error=evaluation.absolute_error * factor, blocks=blocks)


def against(errors: list[float], reference: float = 0.5) -> tuple[bool, str]:
    """Whether a candidate with these errors goes out beside a baseline with that error on every series, and why."""
    verdict = judge(measured(errors), [measured([reference] * len(errors), name="last_value")])
    return verdict.release, "\n".join(verdict.reasons)


def test_one_lost_series_does_not_take_the_network_from_the_others() -> None:
    """Four at 8 % ahead and one at twice the error: the four keep it, and the verdict names who decided, and by how much."""
    released, reasons = against([0.46] * 4 + [1.0])
    assert released
    assert "yes: over 4 blocks of days the error is 6.4% below" in reasons  # 4 · 8 % / 5, the fifth by its baseline
    assert "1 of 5 series goes to its baseline, as the network is behind there: s4 by last_value" in reasons
    assert "mean absolute error 2.4% below the best baseline's" in reasons  # (4 · 8 % - 20 %) / 5
    assert "ahead on 4 of 5 series, best on s0 (8.0% below), worst on s4 (100.0% above, counted as 20%)" in reasons
    assert "yes: none of 5 series is 20% or more behind the best baseline by the other days; at most 1 may be" in reasons


def test_many_lost_series_are_no_exception() -> None:
    """The bound on each must not hide that a third of the fleet is lost, however far ahead the others are."""
    last = [measured([0.5] * 6, name="last_value")]
    verdict = judge(measured([0.25] * 4 + [0.7] * 2, days=EVEN * 4 + UNEVEN), last)
    reasons = "\n".join(verdict.reasons)
    assert not verdict.release
    assert "yes: over 4 blocks of days the error is 6.7% below" in reasons  # (4 · 20 % - 2 · 20 %) / 6
    assert "no: 2 of 6 series are 20% or more behind the best baseline by the other days: s4, s5; at most 1 may be" in reasons
    eight = judge(measured([0.25] * 6 + [0.7] * 2, days=EVEN * 6 + UNEVEN), [measured([0.5] * 8, name="last_value")])
    assert eight.release
    assert not any(eight.lost)


def test_a_series_is_lost_beyond_chance_only() -> None:
    """Behind on every day it goes to its baseline; behind on two of four days, it stays with the network."""
    verdict = judge(measured([0.7, 0.7, 0.1], days=(*UNEVEN[:1], *EVEN, *EVEN)), [measured([0.5] * 3, name="last_value")])
    assert verdict.lost == (False, True, False)
    assert verdict.gain.value == pytest.approx((-0.2 + 0 + 0.2) / 3)
    assert not verdict.release


def test_a_gain_must_exceed_what_chance_explains() -> None:
    """Far ahead on two days of four and nearly as far behind on the others: a mean of 5 % says nothing."""
    last = [measured([0.5] * 2, name="last_value")]
    verdict = judge(measured([0.475] * 2, days=UNEVEN[:1] * 2), last)
    assert not verdict.release
    assert verdict.gain.value == pytest.approx(0.05)
    assert verdict.gain.error == pytest.approx(np.sqrt(4 / 3 * 4 * (0.475 / 2) ** 2))
    assert judge(measured([0.475] * 2), last).release


def test_one_lost_series_has_no_veto_in_a_small_fleet_either() -> None:
    """Its baseline forecasts it, and the others decide; where all are lost, no network goes out."""
    assert against([0.25] * 2 + [1.0])[0]
    assert against([0.25, 1.0])[0]
    assert against([0.45, 1.0])[0]
    assert against([0.25, 1.0, 1.0])[0]
    assert not against([0.495, 1.0])[0]
    assert not against([0.61])[0]


def test_a_forecast_run_wild_on_one_series_is_refused() -> None:
    """It is off by more than three times the baseline's error and a whole spread beyond it; either alone is not wild."""
    released, reasons = against([0.4] * 11 + [10.0])
    assert not released
    assert "no: it runs wild on s11: its error is 10.0 of the spread in training, the best baseline's 0.5" in reasons
    assert against([0.4] * 11 + [1.5])[0]
    assert not against([0.4] * 11 + [1.51])[0]
    verdict = judge(measured([0.5] * 11 + [5.9]), [measured([2.0] * 12, name="last_value")])
    assert verdict.release


def test_still_gauges_neither_veto_nor_drown_a_fleet() -> None:
    """Two rain gauges that a network moves by a ten thousandth of their spread leave the others what they won."""
    verdict = judge(measured([0.4] * 3 + [1e-4] * 5), [measured([0.5] * 3 + [0.0] * 5, name="last_value")])
    assert verdict.release
    assert verdict.skill == pytest.approx(0.2)
    assert (verdict.series_won, verdict.series_judged) == (3, 3)
    assert "note: not judged, as a baseline makes next to no error: s3, s4, s5, s6, s7" in verdict.reasons
    np.testing.assert_allclose(verdict.skills, [0.2] * 3 + [np.nan] * 5)


def test_a_series_that_stands_at_three_and_is_said_to_stand_at_a_million_is_refused() -> None:
    """A fact counts as ten spreads off at most, and that is enough to say no, whatever is won elsewhere."""
    table = counting()
    table.values[1] = 3
    found = trial(
        contender(Counter(add=1e6), table.names, ["b"]), None, Facts(table, CONTRACT, PART, np.array([50, 2], np.float64))
    )
    assert not found.verdict.release
    assert (
        "no: it runs wild on b: its error is 10.0 of the spread in training, the best baseline's 0.0" in found.verdict.reasons
    )


def test_facts_nobody_foresaw_are_named() -> None:
    """Glitches do not decide, and the verdict says where there were some."""
    table = counting()
    table.values[0, 197] = 4294967.295
    found = trial(contender(Counter(), table.names), None, Facts(table, CONTRACT, PART, np.array([50, 50], np.float64)))
    assert found.verdict.release
    assert (
        "note: 3 facts do not count, as every forecast misses them by more than 10 times the spread in training, on a"
        in found.verdict.reasons
    )


def test_a_champion_is_compared_by_the_same_measure() -> None:
    """One series that the champion had much better costs a fifth at most."""
    candidate, champion = measured([0.3] * 4 + [0.45]), measured([0.33] * 4 + [0.001], name="old")
    verdict = judge(candidate, [measured([0.5] * 5, name="last_value")], champion)
    assert verdict.champion_skill == pytest.approx((4 * (1 - 0.3 / 0.33) - 0.2) / 5)
    assert verdict.release


def test_a_better_candidate_is_released_with_its_figures() -> None:
    """Skill, series won and coverage stand in the verdict, and every line says yes or notes something."""
    table = counting()
    found = trial(contender(Counter(add=0.5), table.names, ["b"]), None, Facts(table, CONTRACT, PART), cost=Cost(31.0, 1000))
    verdict = found.verdict
    assert verdict.release
    assert verdict.skill == pytest.approx(1 - 0.5 / 3.5 / 2)
    assert (verdict.series_won, verdict.series_judged, verdict.coverage) == (2, 2, 1.0)
    assert verdict.best_baselines == ("last_value", "last_value")
    assert verdict.champion_skill is None
    assert [reason.split(":")[0] for reason in verdict.reasons] == ["yes", "note", "yes", "yes", "yes", "note"]


def test_a_random_walk_releases_nobody() -> None:
    """What only equals the last value, or beats it by less than the margin, stays in."""
    table = noise()
    found = trial(contender(Counter(name="noise"), table.names), None, Facts(table, CONTRACT, range(200, 400)))
    assert not found.verdict.release
    last = Baseline("last_value", CONTRACT)
    (base,) = backtest([contender(last, table.names)], Facts(table, CONTRACT, range(200, 400)))
    close, better = times(base, 0.995), times(base, 0.98)
    assert not judge(close, [base]).release
    assert judge(close, [base], limits=Limits(margin=0.001)).release
    assert judge(better, [base]).release
    assert "the error is 0.5% below" in judge(close, [base]).reasons[0]
    assert "more than 1.0% below is required" in judge(close, [base]).reasons[0]


def test_the_champion_stays_unless_the_candidate_is_as_good() -> None:
    """A candidate within the tolerance goes out, one beyond it does not, whatever it wins against the baselines."""
    (base,) = run(Baseline("last_value", CONTRACT))
    good = replace(times(base, 0.8), forecaster="champion")
    near, worse = times(base, 0.803), times(base, 0.82)
    assert judge(near, [base], good).release
    verdict = judge(worse, [base], good)
    assert not verdict.release
    assert verdict.champion_skill == pytest.approx(-0.025)
    assert "no: mean absolute error 2.5% above the champion's (champion)" in "\n".join(verdict.reasons)


def test_a_champion_that_cannot_be_compared_is_named_and_left_out() -> None:
    """Another horizon, or silence where others forecast, must not keep a good candidate in."""
    table = counting()
    candidate = contender(Counter(), table.names)
    other = contender(Counter(contract=Contract(HOUR, 48, 12), name="old"), table.names)
    mute = contender(Counter(silent=149.0, name="mute"), table.names)
    for champion, words in ((other, "(old) forecasts another interval"), (mute, "(mute) has no forecast for 6 facts")):
        found = trial(candidate, champion, Facts(table, CONTRACT, PART))
        assert found.verdict.release
        assert found.champion is None
        assert words in found.verdict.reasons[-1]
        assert "baselines only" in found.verdict.reasons[-1]
    beside = trial(candidate, contender(Counter(add=1, name="old"), table.names, table.names), Facts(table, CONTRACT, PART))
    assert beside.champion is not None
    assert beside.verdict.champion_skill == 1.0


def test_a_candidate_that_is_silent_where_it_is_hard_is_not_released() -> None:
    """What it leaves out counts against it."""
    table = counting()
    verdict = trial(contender(Counter(silent=149.0), table.names), None, Facts(table, CONTRACT, PART)).verdict
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
    found = trial(contender(Counter(), table.names), None, Facts(table, CONTRACT, PART))
    assert found.verdict.series_judged == 1
    assert "note: not judged, as a baseline makes next to no error: b" in found.verdict.reasons
    table.values[0] = 5
    assert not trial(contender(Counter(), table.names), None, Facts(table, CONTRACT, PART)).verdict.release


def test_without_facts_nothing_is_released() -> None:
    """An empty held-out part is no proof of anything."""
    table = counting()
    verdict = trial(contender(Counter(), table.names), None, Facts(table, CONTRACT, range(100, 103))).verdict
    assert not verdict.release
    assert "no held-out facts" in verdict.reasons[0]
    assert np.isnan(verdict.skill)


def outcomes(verdict: Verdict) -> dict[str, Outcome]:
    """What came of each check; every name stands once."""
    by_name = {check.name: check.outcome for check in verdict.checks}
    assert len(by_name) == len(verdict.checks)
    return by_name


def test_every_check_is_a_value_of_its_own() -> None:
    """A perfect candidate beside a champion passes all; the share of facts in the interval decides nothing."""
    table, cost, limits = counting(), Cost(31.0, 1000), Limits(latency=100, size=1000)
    champion = contender(Counter(add=1, name="old"), table.names, table.names)
    verdict = trial(contender(Counter(), table.names), champion, Facts(table, CONTRACT, PART), cost, limits).verdict
    passed = ["gain", "far behind", "wild", "answers", "finite", "champion", "latency", "size"]
    assert outcomes(verdict) == {
        **dict.fromkeys(passed, Outcome.PASSED),
        **dict.fromkeys(("skill", "coverage"), Outcome.NOT_JUDGED),
    }
    assert verdict.reasons[-1].startswith("note: 100% of the facts lie within the interval meant to hold 80%")
    assert verdict.release


@pytest.mark.parametrize(
    ("failed", "verdict"),
    [
        ("gain", lambda: judge(measured([0.5]), [measured([0.5])])),
        ("far behind", lambda: judge(measured([0.1] * 4 + [0.7] * 2, days=EVEN * 4 + UNEVEN), [measured([0.5] * 6)])),
        ("wild", lambda: judge(measured([0.4] * 11 + [10.0]), [measured([0.5] * 12)])),
        ("champion", lambda: judge(measured([0.4]), [measured([0.5])], measured([0.3]))),
        ("latency", lambda: judge(measured([0.4]), [measured([0.5])], None, Cost(101.0), Limits(latency=100))),
        ("latency", lambda: judge(measured([0.4]), [measured([0.5])], None, Cost(), Limits(latency=100))),
        ("size", lambda: judge(measured([0.4]), [measured([0.5])], None, Cost(None, 11), Limits(size=10))),
        ("answers", lambda: judge(replace(measured([0.4]), unanswered=np.ones((1, 1), np.int64)), [measured([0.5])])),
        ("finite", lambda: judge(replace(measured([0.4]), broken=np.ones((1, 1), np.int64)), [measured([0.5])])),
    ],
)
def test_one_failed_check_is_enough(failed: str, verdict: Callable[[], Verdict]) -> None:
    """Each keeps a candidate in that passes all others, and its line says no."""
    judged = verdict()
    assert {name: outcome for name, outcome in outcomes(judged).items() if outcome is Outcome.FAILED} == {
        failed: Outcome.FAILED
    }
    assert not judged.release
    assert [line.split(": ")[0] for line in judged.reasons].count("no") == 1


def test_what_a_sentence_says_decides_nothing() -> None:
    """The release follows from outcomes, whatever the texts begin with."""
    verdict = judge(measured([0.4]), [measured([0.5])])
    assert verdict.release
    assert replace(verdict, checks=(Check("skill", Outcome.PASSED, "no: failed"),)).release
    assert replace(verdict, checks=(Check("skill", Outcome.NOT_JUDGED, "no: failed"),)).release
    assert not replace(verdict, checks=(Check("skill", Outcome.FAILED, "yes: passed"),)).release


def test_a_champion_that_cannot_be_judged_beside_is_a_check_without_a_judgement() -> None:
    """It is named, and neither passes nor fails."""
    table = counting()
    mute = contender(Counter(silent=149.0, name="mute"), table.names)
    verdict = trial(contender(Counter(), table.names), mute, Facts(table, CONTRACT, PART)).verdict
    assert outcomes(verdict)["champion"] is Outcome.NOT_JUDGED
    assert verdict.release


def test_a_limit_may_be_reached_and_a_margin_must_be_passed() -> None:
    """Time, size and the step behind the champion are kept at their limit; a gain of the margin alone is noise."""
    candidate, last = measured([0.25]), [measured([0.5])]
    assert judge(candidate, last, None, Cost(100.0, 1000), Limits(latency=100, size=1000)).release
    eighth = measured([0.4375])
    assert judge(eighth, last, limits=Limits(margin=0.124)).release
    assert not judge(eighth, last, limits=Limits(margin=0.125)).release
    near = measured([0.28125])  # an eighth above the champion
    assert judge(near, last, candidate, limits=Limits(tolerance=0.125)).release
    assert not judge(near, last, candidate, limits=Limits(tolerance=0.124)).release


def test_an_unlimited_cost_is_told_without_a_limit() -> None:
    """It decides nothing, and the line names no bound."""
    verdict = judge(measured([0.25]), [measured([0.5])], None, Cost(31.25, 1234))
    assert verdict.release
    assert verdict.reasons[-2:] == ("yes: 31.2 µs per forecast", "yes: model of 1,234 bytes")


@pytest.mark.parametrize(("lost", "named"), [(5, "s4 by last_value (100.0% above)"), (6, "(100.0% above) and 1 more")])
def test_five_series_are_named_and_the_others_counted(lost: int, named: str) -> None:
    """A line stays short in a large fleet."""
    (line,) = (line for line in against([1.0] * lost + [0.25] * 30)[1].splitlines() if "their baselines" in line)
    assert line.endswith(named)


def test_a_series_counts_as_won_only_where_it_is_ahead() -> None:
    """The same error is none; a series without facts has neither a skill nor a best baseline."""
    count = np.array([[1], [1], [0]])
    candidate = replace(measured([0.5, 0.25, 0.1]), count=count)
    references = [replace(measured([0.5, 0.75, 0.2], name=name), count=count) for name in ("first", "second")]
    references[1] = replace(measured([0.75, 0.5, 0.3], name="second"), count=count)
    for each in (candidate, *references):
        each.blocks.count[2] = 0
    verdict = judge(candidate, references)
    assert (verdict.series_won, verdict.series_judged) == (1, 2)
    assert "ahead on 1 of 2 series" in verdict.reasons[1]
    assert verdict.best_baselines == ("first", "second", None)
    np.testing.assert_array_equal(verdict.skills, [0, 0.5, np.nan])

"""Kinds of days that a verdict rests on, and what it says of intervals."""

from dataclasses import replace

import numpy as np
import pytest

from edge.forecaster.manifest import Outcome
from pipeline.history.windows import Split
from pipeline.judging.contender import contender
from pipeline.judging.evaluation import Facts
from pipeline.judging.trial import earlier_of, trial
from pipeline.judging.verdict import Cost, Limits, judge
from tests.pipeline.test_judging_evaluation import CONTRACT, PART, Counter, counting
from tests.pipeline.test_judging_verdict import measured


def test_validation_and_held_out_part_judge_and_the_days_before_help_to_choose() -> None:
    """Baselines are measured on all of them, the candidate where it was not trained."""
    table = counting(300)
    parts = Split(range(150), range(150, 220), range(220, 300))
    scale = np.array([50.0, 50.0])
    earlier = earlier_of(table, CONTRACT, parts, scale)
    found = trial(contender(Counter(), table.names), None, Facts(table, CONTRACT, parts.held_out, scale), earlier=earlier)
    assert [part.candidate is None for part in found.days] == [True, False, False]
    assert found.days[-1].candidate is found.candidate
    assert [part.baselines[0].blocks.count.shape[1] for part in found.days] == [7, 3, 4]
    assert found.verdict.gain.blocks == 3 + 4
    alone = trial(contender(Counter(), table.names), None, Facts(table, CONTRACT, parts.held_out, scale))
    assert (alone.verdict.gain.blocks, len(alone.days)) == (4, 1)


@pytest.mark.parametrize(
    ("held", "outcome", "words"),
    [
        ((8, 8, 8, 8), Outcome.NOT_JUDGED, "80% of the facts lie within the interval meant to hold 80%"),
        ((7, 6, 7, 6), Outcome.NOT_JUDGED, "65% of the facts lie within the interval meant to hold 80%, which is less"),
        ((5, 5, 6, 5), Outcome.FAILED, "52% of the facts lie within the interval meant to hold 80%, which is less than chance"),
        ((10, 0, 10, 0), Outcome.NOT_JUDGED, "50% of the facts lie within the interval meant to hold 80%"),
        ((10, 10, 10, 10), Outcome.NOT_JUDGED, "which is more than chance"),
    ],
)
def test_an_interval_that_is_of_no_use_is_refused(held: tuple[int, ...], outcome: Outcome, words: str) -> None:
    """It leaves out twice as much as it may, on every day; uneven days prove nothing, and one that is too wide is told."""
    candidate = replace(measured([0.4]), levels=(0.1, 0.5, 0.9))
    blocks = replace(candidate.blocks, covered=np.array([held]), banded=np.full((1, 4), 10))
    verdict = judge(replace(candidate, blocks=blocks), [measured([0.5])])
    (check,) = (check for check in verdict.checks if check.name == "coverage")
    assert check.outcome is outcome
    assert words in check.text


@pytest.mark.parametrize("beside", [True, False])
def test_a_trial_judges_by_the_cost_and_the_limits_that_it_is_given(*, beside: bool) -> None:
    """With and without a champion, and it returns the evaluations that it rests on."""
    table = counting()
    champion = contender(Counter(add=1, name="old"), table.names, table.names) if beside else None
    cost, limits = Cost(200.0, 10), Limits(latency=100)
    tried = trial(contender(Counter(), table.names), champion, Facts(table, CONTRACT, PART), cost, limits)
    assert [check.name for check in tried.verdict.checks if check.outcome is Outcome.FAILED] == ["latency"]
    assert tried.candidate.forecaster == "counter"
    assert (tried.champion is not None and tried.champion.forecaster) == (beside and "old")
    assert [evaluation.forecaster for evaluation in tried.baselines] == ["last_value", "seasonal_naive_day"]
    assert trial(contender(Counter(), table.names), champion, Facts(table, CONTRACT, PART), cost).verdict.release

"""Which baseline each series has, and what a candidate is worth where it forecasts only some of them."""

import numpy as np

from pipeline.judging.weighing import Part, in_place, weigh
from tests.pipeline.test_judging_verdict import measured


def test_all_days_choose_the_baseline_of_a_series() -> None:
    """Also those on which the candidate was trained; it is judged on the others."""
    before = Part((measured([1.0, 0.1], name="first"), measured([0.1, 1.0], name="second")))
    now = Part((measured([0.5, 0.5], name="first"), measured([0.6, 0.4], name="second")), measured([0.3, 0.9]))
    found = weigh([before, now])
    assert found.best.tolist() == [1, 0]
    assert found.lost.tolist() == [False, True]
    assert found.chosen.tolist() == [-1, 0]
    np.testing.assert_allclose(found.by_series, [0.5, -0.8])
    assert found.gain.blocks == 4
    assert found.gain.value == 0.1  # a fifth at most, and nothing


def test_the_rows_of_lost_series_are_those_of_their_baselines() -> None:
    """All sums of them, by lead and by day."""
    candidate, baselines = measured([0.3, 0.9]), [measured([0.5, 0.5]), measured([0.6, 0.4])]
    run = in_place(candidate, baselines, np.array([-1, 1]))
    assert run.absolute_error.tolist() == [[0.3], [0.4]]
    assert run.blocks.absolute_error.tolist() == [[0.3] * 4, [0.4] * 4]
    assert run.forecaster == "candidate"
    assert in_place(candidate, baselines, np.array([-1, -1])) is candidate

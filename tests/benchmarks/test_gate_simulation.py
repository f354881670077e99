"""What a rule would have done is told from the weeks after, which the rule has not seen."""

import numpy as np
import pytest
from gate_cuts import Days, Row
from gate_simulation import before, evaluation, now, table_of

from edge.contract.times import DAY
from pipeline.judging.chance import Prior

FACTS = 24
NOTHING = Prior(0.0, 0.1)


def days(*errors: list[float]) -> Days:
    """A forecaster with these errors on each day, by series."""
    count = [[FACTS] * len(series) for series in errors]
    return Days(count, [list(series) for series in errors], count, count)


def row(live: float = 1.0, held_out: float = 1.0) -> Row:
    """Two series; the network errs by 1 where the best baselines err by 2, on the held-out and live days as is asked for."""
    many = 8
    parts = {
        "training": {"a": days([2.0] * many, [8.0] * many), "b": days([8.0] * many, [2.0] * many)},
        "validation": {"a": days([2.0] * many, [8.0] * many), "b": days([8.0] * many, [2.0] * many)},
        "held_out": {"a": days([2.0] * many, [8.0] * many), "b": days([8.0] * many, [2.0] * many)},
        "live": {"a": days([2.0], [8.0]), "b": days([8.0], [2.0])},
    }
    parts["validation"]["network"] = days([1.0] * many, [1.0] * many)
    parts["held_out"]["network"] = days([held_out] * many, [held_out] * many)
    parts["live"]["network"] = days([live], [live])
    return Row("set", 2, 0, DAY // 24, 168, 24, ["x", "y"], [4.0, 4.0], [0.1, 0.5, 0.9], parts, 1.0)


def test_sums_are_those_of_the_days() -> None:
    """A mean of 1.5 over 24 facts is a sum of 36; a day without facts is nothing."""
    found = evaluation("a", Days([[24, 0]], [[1.5, None]], [[12, 0]], [[24, 0]]), row())
    np.testing.assert_array_equal(found.blocks.absolute_error, [[36, 0]])
    assert (found.count.item(), found.absolute_error.item(), found.coverage) == (24, 36, 0.5)


def test_a_gain_on_all_days_goes_out_and_is_measured_live() -> None:
    """Half the error of the best baselines, and live as well: the logarithm of what is out is that of a half."""
    result = now(row(), "network", NOTHING)
    assert result.released
    assert result.gain == pytest.approx(0.5)
    assert result.behind == pytest.approx(np.log(1.04 / 2.04))


def test_a_loss_keeps_each_series_at_its_own_baseline() -> None:
    """Where the network is behind, what is out is the best baseline of each series; before, it was one for both."""
    behind = row(live=4.0, held_out=9.0)
    assert not now(behind, "network", NOTHING).released
    assert now(behind, "network", NOTHING).behind == pytest.approx(0)
    old = before(behind, "network")
    assert not old.released
    assert old.behind == pytest.approx(np.log(2) / 2)


def test_the_table_counts_releases_that_went_wrong_and_good_ones_that_were_kept_back() -> None:
    """One that is better everywhere, one that is worse in the weeks after, and one that loses the held-out days."""
    lines = table_of([row(), row(live=9.0), row(held_out=9.0)]).splitlines()
    assert lines[2].startswith("| network, the first rule | 2 of 3 | 1 | 1 of 2 |")
    assert [line.split(" | ")[0] for line in lines[3:5]] == [f"| network, a gain above {n} standard errors" for n in (0, 1)]
    assert [line.split("with ")[1].split(" known")[0] for line in lines[5:]] == ["0", "0.05", "0.1"]

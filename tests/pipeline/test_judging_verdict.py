"""What a verdict says no to beyond the size of the error."""

from dataclasses import dataclass

import numpy as np
import pytest

from edge.contract.columns import Float32, Int32
from pipeline.judging.evaluation import Evaluation, contender
from pipeline.judging.verdict import judge, trial
from tests.pipeline.test_judging_evaluation import CONTRACT, PART, Counter, counting


@dataclass(frozen=True)
class Ragged(Counter):
    """Right at the median; one outer quantile is not a number after windows that end in `hole`."""

    quantile: int = 0
    hole: float = 149.0
    value: float = np.nan

    def predict(self, windows: Float32, series: Int32) -> Float32:
        """The counter's forecasts with holes."""
        forecasts = super().predict(windows, series)
        forecasts[windows[:, -1] == self.hole, 2, self.quantile] = self.value
        return forecasts


@pytest.mark.parametrize("quantile", [0, 2])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_quantile_that_is_not_finite_is_refused(quantile: int, value: float) -> None:
    """One of 3,420 is enough, also where the median is right and beats every baseline."""
    table = counting()
    verdict = trial(contender(Ragged(quantile=quantile, value=value), table.names), None, table, CONTRACT, PART).verdict
    assert verdict.skill == 1.0
    assert not verdict.release
    assert "no: 1 forecasts are not finite at every quantile, on a" in verdict.reasons


def test_a_quantile_is_looked_at_where_its_fact_is_missing() -> None:
    """The device would have made that forecast, whether or not the sensor spoke later."""
    table = counting()
    table.values[0, 196] = np.nan
    verdict = trial(contender(Ragged(hole=193.0), table.names), None, table, CONTRACT, PART).verdict
    assert "no: 1 forecasts are not finite at every quantile, on a" in verdict.reasons


def test_a_model_without_outer_quantiles_is_not_taken_for_a_baseline() -> None:
    """A baseline says the median only; a network that does is broken."""
    table = counting()
    found = trial(contender(Counter(band=np.nan), table.names), None, table, CONTRACT, PART)
    assert not found.verdict.release
    assert found.candidate.broken.sum() == found.candidate.count.sum()
    assert not any(one.broken.any() for one in found.baselines)


def measured(errors: list[float], scale: float = 1.0, name: str = "candidate") -> Evaluation:
    """What a forecaster of one lead and one quantile was measured to be, on one fact of every series."""
    shape = (len(errors), 1)
    none, ones = np.zeros(shape, np.int64), np.ones(shape, np.int64)
    error, zero = np.array(errors, np.float64)[:, None], np.zeros(shape)
    names = tuple(f"s{row}" for row in range(len(errors)))
    unit = np.full(len(errors), scale)
    return Evaluation(name, names, unit, (0.5,), ones, error, error**2, zero, zero, none, none, zero, none, none, none)


def against(errors: list[float], reference: float = 0.5) -> tuple[bool, str]:
    """Whether a candidate with these errors goes out beside a baseline with that error on every series, and why."""
    verdict = judge(measured(errors), [measured([reference] * len(errors), name="last_value")])
    return verdict.release, "\n".join(verdict.reasons)


def test_one_lost_series_does_not_take_the_network_from_the_others() -> None:
    """Four at 8 % ahead and one at twice the error: the four keep it, and the verdict names who decided, and by how much."""
    released, reasons = against([0.46] * 4 + [1.0])
    assert released
    assert "mean absolute error 2.4% below the best baseline's" in reasons  # (4 · 8 % - 20 %) / 5
    assert "ahead on 4 of 5 series, best on s0 (8.0% below), worst on s4 (100.0% above, counted as 20%)" in reasons
    assert "note: 20% or more behind the best baseline on 1 of 5 series: s4" in reasons


def test_many_lost_series_are_no_exception() -> None:
    """The bound on each must not hide that a third of the fleet is lost, however far ahead the others are."""
    released, reasons = against([0.25] * 4 + [1.0] * 2)
    assert not released
    assert "yes: mean absolute error 26.7% below" in reasons
    assert "no: 20% or more behind the best baseline on 2 of 6 series: s4, s5; at most 1 may be" in reasons
    assert against([0.25] * 3 + [1.0])[0]
    assert not against([0.25] * 5 + [1.0] * 2)[0]
    assert against([0.25] * 6 + [1.0] * 2)[0]


def test_one_lost_series_has_no_veto_in_a_small_fleet_either() -> None:
    """It counts as a fifth behind, and the mean decides: two sensors far ahead keep their network, one alone has nothing."""
    assert against([0.25] * 2 + [1.0])[0]
    assert against([0.25, 1.0])[0]
    assert not against([0.45, 1.0])[0]
    assert not against([0.25, 1.0, 1.0])[0]
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
        contender(Counter(add=1e6), table.names, ["b"]), None, table, CONTRACT, PART, scale=np.array([50, 2], np.float32)
    )
    assert not found.verdict.release
    assert (
        "no: it runs wild on b: its error is 10.0 of the spread in training, the best baseline's 0.0" in found.verdict.reasons
    )


def test_facts_nobody_foresaw_are_named() -> None:
    """Glitches do not decide, and the verdict says where there were some."""
    table = counting()
    table.values[0, 197] = 4294967.295
    found = trial(contender(Counter(), table.names), None, table, CONTRACT, PART, scale=np.array([50, 50], np.float32))
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

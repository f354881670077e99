"""What a verdict says no to beyond the size of the error."""

from dataclasses import dataclass

import numpy as np
import pytest

from edge.contract import Float32, Int32
from pipeline.evaluation import contender
from pipeline.verdict import trial
from tests.test_pipeline_evaluation import CONTRACT, PART, Counter, counting


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

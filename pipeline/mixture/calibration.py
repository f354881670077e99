"""What the validation part adds to trained networks: simple forecasts with weights, and intervals that hold.

Intervals get a split-conformal correction with normalised scores (Lei et al., Distribution-free predictive inference,
2018): each step from one quantile to the next is compared with where the facts lie. What comes out is a factor per lead
and step, which the forecast graph multiplies with.

The correction never narrows an interval: the next month may be less quiet. So an interval holds at least what the plain
correction would make it hold, whatever comes. Windows that overlap say the same, and the weeks to come differ from the few days
that the factors are found on. So each interval is wider by an allowance, which falls with the number of independent forecasts.
"""

import math
from dataclasses import dataclass
from typing import Self, cast

import numpy as np

from edge.contract.columns import Float32, Float64
from edge.contract.contract import Contract
from edge.forecaster.baselines import Baseline, baseline
from pipeline.mixture.weights import PARTS

FARTHEST = 5.0  # times the scale; a value that lies farther from the last one has no part in the mean of the last days
SMALLEST_STEP = float(np.finfo(np.float64).tiny)  # a step of 0 is divided by as well, whatever the unit of the series
ALLOWANCE = 0.1  # share by which an interval is wider where there is one independent forecast to find its width on
WIDEST = 10.0  # largest factor; facts that lie farther out say nothing about the interval


@dataclass(frozen=True, slots=True)
class Calibration:
    """What the validation part adds.

    Args:
        weights: weights of the parts of the mixture beside the network, in the order of `weights.PARTS`, 0…1; first those of
            unknown series, float64 `[1 + known, parts]`.
        linear: factors of the matrix of the linear forecast, from `linear.thin`; None where it has no weight.
        factors: factors of the steps between neighbouring quantiles, first those of unknown series, then those of known ones,
            float32 `[2, horizon, quantiles - 1]`.
        untold: weights and factors for windows of which no coming value of an input is known; None where there are no inputs.
    """

    weights: Float64
    linear: tuple[Float64, ...] | None
    factors: Float32
    untold: tuple[Float64, Float32] | None = None

    @classmethod
    def of(cls, contract: Contract, known: int) -> Self:
        """The network alone, and factors of 1: forecasts stay as the networks gave them."""
        factors = np.ones((2, contract.horizon, len(contract.quantiles) - 1), np.float32)
        return cls(np.zeros((1 + known, len(PARTS))), None, factors)


def last_days(contract: Contract) -> Baseline | None:
    """The mean that may have a weight; None where the intervals of the window have no room for its days.

    Days that are seen in spans only are left to the linear forecast, which sees all columns.
    """
    mean = baseline("mean_of_3_days", contract)
    return mean if mean is not None and mean.seasons * (mean.season or 0) <= contract.window else None


def factors(forecasts: Float64, facts: Float64, days: float, contract: Contract) -> Float32:
    """Factors of the steps between neighbouring quantiles, above 1, float32 `[horizon, quantiles - 1]`.

    Args:
        forecasts: forecasts from the validation windows, float64 `[n, horizon, quantiles]`.
        facts: float64 `[n, horizon]`, NaN where missing.
        days: number of independent forecasts among them, see `weights.independent`.
        contract: levels.
    """
    allowance = 1 + ALLOWANCE / max(days, 1.0)
    return cast("Float32", (np.maximum(_factors(forecasts, facts, contract), 1.0) * allowance).astype(np.float32))


def _factors(forecasts: Float64, facts: Float64, contract: Contract) -> Float64:
    """Factors with which quantiles hold what they promise of these windows; 1 at a lead without any fact."""
    middle, levels = contract.median, contract.quantiles
    factors = np.ones((contract.horizon, len(levels) - 1))
    steps = np.maximum(np.diff(forecasts, axis=2), SMALLEST_STEP)
    beyond = facts - forecasts[:, :, middle]
    for lead in range(contract.horizon):
        known = np.isfinite(beyond[:, lead])
        if not known.any():
            continue
        for sign, outward in ((1, range(middle, len(levels) - 1)), (-1, range(middle - 1, -1, -1))):
            rest = sign * beyond[known, lead]
            for step in outward:
                level = levels[step + 1] if sign > 0 else 1 - levels[step]
                with np.errstate(over="ignore"):
                    scores = rest / steps[known, lead, step]
                factors[lead, step] = min(max(_conformal(scores, level), 1 / WIDEST), WIDEST)
                rest = rest - max(factors[lead, step], 1.0) * steps[known, lead, step]  # no step is made narrower
    return factors


def _conformal(scores: Float64, level: float) -> float:
    """The score that a new score stays below with the probability `level`."""
    rank = min(math.ceil((len(scores) + 1) * level), len(scores))
    return float(np.partition(scores, rank - 1)[rank - 1])

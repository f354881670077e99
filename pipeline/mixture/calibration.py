"""What the validation part adds to trained networks: simple forecasts with weights, and intervals that hold.

Intervals get a split-conformal correction with normalised scores (Lei et al., Distribution-free predictive inference,
2018): each step from one quantile to the next is compared with where the facts lie. What comes out is a factor per lead
and step, which the forecast graph multiplies with.

Windows that overlap, and days of one season, are far from independent. So a factor is also computed for each of several
blocks of time, and the part of the correction that chance between the blocks explains is left out. The correction never
narrows an interval: the next month may be less quiet.
"""

import math
from dataclasses import dataclass
from typing import Self, cast

import numpy as np

from edge.contract.columns import Bool, Float32, Float64, Int64
from edge.contract.contract import Contract
from edge.forecaster.baselines import Baseline, baseline
from pipeline.mixture.weights import PARTS

FARTHEST = 5.0  # times the scale; a value that lies farther from the last one has no part in the mean of the last days
SMALLEST_STEP = float(np.finfo(np.float64).tiny)  # a step of 0 is divided by as well, whatever the unit of the series
BLOCKS = 8  # blocks of time
CERTAIN = 1.64  # standard errors: nine times out of ten chance stays within them
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
    """

    weights: Float64
    linear: tuple[Float64, ...] | None
    factors: Float32

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


def factors(forecasts: Float64, facts: Float64, origin: Int64, contract: Contract) -> Float32:
    """Factors of the steps between neighbouring quantiles, at least 1, float32 `[horizon, quantiles - 1]`.

    Args:
        forecasts: forecasts from the validation windows, float64 `[n, horizon, quantiles]`.
        facts: float64 `[n, horizon]`, NaN where missing.
        origin: origin of each window, in any unit of time, int64 `[n]`.
        contract: levels.
    """
    edges = np.linspace(origin.min(), origin.max() + 1, BLOCKS + 1)
    blocks = np.searchsorted(edges, origin, side="right") - 1
    logarithms = np.log(
        np.stack(
            [
                _factors(forecasts, facts, np.ones(len(origin), bool), contract),
                *(_factors(forecasts, facts, blocks == block, contract) for block in range(BLOCKS)),
            ]
        )
    )
    chance = CERTAIN * logarithms[1:].std(axis=0, ddof=1) / math.sqrt(BLOCKS)
    return cast("Float32", np.exp(np.maximum(logarithms[0] - chance, 0)).astype(np.float32))


def _factors(forecasts: Float64, facts: Float64, chosen: Bool, contract: Contract) -> Float64:
    """Factors from some of the windows; 1 at a lead without any fact."""
    forecasts, facts = forecasts[chosen], facts[chosen]
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

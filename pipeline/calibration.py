"""How much wider intervals have to be, lead by lead, so that they hold what they promise.

Split-conformal correction with normalised scores (Lei et al., Distribution-free predictive inference, 2018): on windows
that no weight was fitted to, each step from one quantile to the next is compared with where the facts lie. What comes
out is a factor per lead and step, which the forecast graph multiplies with.

Windows that overlap, and days of one season, are far from independent. So a factor is found in several blocks of time
as well, and the correction goes only as far as chance between the blocks does not explain it. It never narrows: what a
quiet month leaves room for, the next one may need.
"""

import math
from typing import cast

import numpy as np

from edge.contract import Bool, Contract, Float32, Float64, Int64

SMALLEST_STEP = 1e-12
BLOCKS = 8  # of time
CERTAIN = 1.64  # standard errors: nine times out of ten chance stays within them
WIDEST = 10.0  # times; facts that lie farther out are not the interval's fault


def factors(forecasts: Float32, facts: Float32, origin: Int64, contract: Contract) -> Float32:
    """Factors of the steps between neighbouring quantiles, at least 1, float32 `[horizon, quantiles - 1]`.

    Args:
        forecasts: of the validation windows, float32 `[n, horizon, quantiles]`.
        facts: float32 `[n, horizon]`, NaN where missing.
        origin: of the windows, in any unit of time, int64 `[n]`.
        contract: levels.
    """
    edges = np.linspace(origin.min(), origin.max() + 1, BLOCKS + 1)
    blocks = np.searchsorted(edges, origin, side="right") - 1
    found = np.log(
        np.stack(
            [
                _factors(forecasts, facts, np.ones(len(origin), bool), contract),
                *(_factors(forecasts, facts, blocks == block, contract) for block in range(BLOCKS)),
            ]
        )
    )
    chance = CERTAIN * found[1:].std(axis=0, ddof=1) / math.sqrt(BLOCKS)
    return cast("Float32", np.exp(np.maximum(found[0] - chance, 0)).astype(np.float32))


def _factors(forecasts: Float32, facts: Float32, chosen: Bool, contract: Contract) -> Float64:
    """Factors from some of the windows; 1 at a lead without any fact."""
    forecasts, facts = forecasts[chosen], facts[chosen]
    middle, levels = contract.median, contract.quantiles
    found = np.ones((contract.horizon, len(levels) - 1))
    steps = np.maximum(np.diff(forecasts.astype(np.float64), axis=2), SMALLEST_STEP)
    beyond = facts.astype(np.float64) - forecasts[:, :, middle]
    for lead in range(contract.horizon):
        known = np.isfinite(beyond[:, lead])
        if not known.any():
            continue
        for sign, places in ((1, range(middle, len(levels) - 1)), (-1, range(middle - 1, -1, -1))):
            rest = sign * beyond[known, lead]
            for place in places:
                level = levels[place + 1] if sign > 0 else 1 - levels[place]
                found[lead, place] = min(max(_conformal(rest / steps[known, lead, place], level), 1 / WIDEST), WIDEST)
                rest = rest - max(found[lead, place], 1.0) * steps[known, lead, place]  # no step is made narrower
    return found


def _conformal(scores: Float64, level: float) -> float:
    """The score that a new one does not exceed with the probability `level`."""
    rank = min(math.ceil((len(scores) + 1) * level), len(scores))
    return float(np.partition(scores, rank - 1)[rank - 1])

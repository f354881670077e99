"""The probability that a value lies beyond a threshold, from the quantiles that were forecast. No I/O.

Between two quantiles the distribution function is a straight line. Beyond the outermost ones it is an exponential function
through the two that lie farthest out on that side, as in Park et al., "Learning Quantile Functions without Quantile Crossing
for Distribution-free Time Series Forecasting", AISTATS 2022: F(x) = t1 * exp((x - v1) / s) below, with
s = (v2 - v1) / ln(t2 / t1), and the mirror image above.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from edge.contract.columns import Bool, Float64

MEDIAN = 0.5  # its level


def above(values: Float64, levels: Sequence[float], threshold: Float64) -> Float64:
    """Probability of a value above a threshold.

    Args:
        values: quantiles in rising order, float64 `[..., quantiles]`.
        levels: level of each quantile, between 0 and 1, in rising order; the median is among them.
        threshold: float64 `[...]`.

    Returns:
        Float64 `[...]`, from 0 to 1; NaN where the median or the threshold is missing. Where another quantile is missing, as in
        forecasts of baselines, it is 0 or 1 by the median.
    """
    median = values[..., levels.index(MEDIAN)]
    unknown = np.isnan(median) | np.isnan(threshold)
    by_median: Float64 = np.where(unknown, np.nan, (median > threshold).astype(np.float64))
    missing = np.isnan(values).any(axis=-1) | unknown
    if len(levels) == 1 or missing.all():
        return by_median
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        below = np.full(missing.shape, levels[0])
        for number, (first, second) in enumerate(pairwise(levels)):
            low, high = values[..., number], values[..., number + 1]
            share = np.where(high > low, (threshold - low) / (high - low), (threshold >= low).astype(np.float64))
            below += (second - first) * np.clip(share, 0.0, 1.0)
        chance = 1.0 - below
        ends = (0, 1, levels[0], levels[1], -1.0), (-1, -2, 1 - levels[-1], 1 - levels[-2], 1.0)
        for outer, inner, outside, inside, sign in ends:
            edge, spread = values[..., outer], np.abs(values[..., inner] - values[..., outer]) / np.log(inside / outside)
            distance = sign * (threshold - edge)
            is_beyond = distance > 0 if sign < 0 else distance >= 0
            tail = outside * np.where(spread > 0, np.exp(-np.maximum(distance, 0.0) / spread), 0.0)
            chance = np.where(is_beyond, 1.0 - tail if sign < 0 else tail, chance)
    return np.where(missing, by_median, chance)


def mirrored(values: Float64, levels: Sequence[float]) -> tuple[Float64, tuple[float, ...]]:
    """Quantiles and levels of the negated value, so that below becomes above; shapes as of `above`."""
    return -values[..., ::-1], tuple(1 - level for level in reversed(levels))


def within(values: Float64, levels: Sequence[float], threshold: Float64) -> Float64:
    """Probability that at least one of some coming values lies above a threshold; NaN where none of them has a probability.

    It is the largest of the single probabilities, which is exact where a day that is warmer than expected is so throughout, and
    else too small. To take them for independent would be far too large.

    Args:
        values: quantiles of each lead, float64 `[n, leads, quantiles]`.
        levels: level of each quantile.
        threshold: float64 `[n]`.
    """
    single = above(values, levels, threshold[:, None])
    is_known = ~np.isnan(single)
    largest = np.where(is_known, single, -np.inf).max(axis=1)
    return np.where(is_known.any(axis=1), largest, np.nan)


def outside(values: Float64, levels: Sequence[float], share: float, fact: Float64) -> Float64:
    """1.0 where a fact lies outside of the central interval with a share of the probability, else 0.0; NaN where unknown.

    Args:
        values: quantiles that were forecast for it, float64 `[n, quantiles]`.
        levels: level of each quantile.
        share: probability of the interval, 0 to 1.
        fact: float64 `[n]`.
    """
    chance = above(values, levels, fact)
    is_out: Bool = np.abs(chance - MEDIAN) > share / 2
    unknown = np.isnan(values).any(axis=-1) | np.isnan(chance)
    return np.where(unknown, np.nan, is_out.astype(np.float64))

"""Figures of one forecast and its fact, on the device and where a model is judged. Pure functions."""

import numpy as np

from edge.contract.columns import Float64


def absolute_error(forecast: Float64, fact: Float64) -> Float64:
    """|forecast - fact|, in the unit of the fact, float64 `[...]`; NaN where either is NaN."""
    return np.abs(forecast - fact)


def pinball(fact: Float64, quantiles: Float64, levels: Float64) -> Float64:
    """Quantile loss: mean over the levels of max(level · (fact - quantile), (level - 1) · (fact - quantile)).

    Koenker and Bassett, Regression quantiles, 1978.

    Args:
        fact: measured values, float64 `[...]`.
        quantiles: forecasts of each level, float64 `[..., levels]`.
        levels: shares between 0 and 1, float64 `[levels]`.

    Returns:
        The loss in the unit of the fact, float64 `[...]`; NaN where a quantile or the fact is NaN.
    """
    below = fact[..., None] - quantiles
    loss: Float64 = np.maximum(levels * below, (levels - 1) * below).mean(axis=-1)
    return loss


def covered(fact: Float64, quantiles: Float64) -> Float64:
    """1 where the fact lies between the outermost quantiles or on one of them, else 0.

    Args:
        fact: measured values, float64 `[...]`.
        quantiles: forecasts of each level in ascending order, float64 `[..., levels]`.

    Returns:
        float64 `[...]`; NaN where there is no interval (one level only, or an outermost quantile that is not finite) and
        where the fact is NaN.
    """
    lowest, highest = quantiles[..., 0], quantiles[..., -1]
    known = np.isfinite(lowest) & np.isfinite(highest) & np.isfinite(fact) & (quantiles.shape[-1] > 1)
    return np.where(known, (lowest <= fact) & (fact <= highest), np.nan)

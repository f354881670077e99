"""When a series is expected to cross a threshold, from the quantiles that were forecast. No I/O."""

import numpy as np

from edge.contract.columns import Float64, Int64

NEVER = 0  # in place of a moment where there is none


def crossings(values: Float64, median: int, threshold: Float64, origin: Int64, interval: int) -> Int64:
    """Start of the first interval whose median, highest and lowest quantile lie above a threshold, within the whole horizon.

    Args:
        values: quantiles of each lead, float64 `[n, horizon, quantiles]`.
        median: number of the median among the quantiles.
        threshold: float64 `[n]`.
        origin: ns UTC, int64 `[n]`.
        interval: length of an interval, ns.

    Returns:
        Expected, earliest and latest moment, ns UTC, int64 `[n, 3]`; `NEVER` where that quantile stays below.
    """
    last = values.shape[2] - 1
    moments = []
    for number in (median, last, 0):
        beyond = values[:, :, number] > threshold[:, None]
        moments.append(np.where(beyond.any(axis=1), origin + beyond.argmax(axis=1) * interval, NEVER))
    return np.stack(moments, axis=1).astype(np.int64)

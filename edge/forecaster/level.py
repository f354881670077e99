"""Level and movement of a window: forecasters compute with the movement, and the level is added back in float64.

The device and the trainer take the level off with this one function, before anything is rounded to float32. A series that
moves by 1 about a level of 1e9 is so forecast as well as one about 0, and the forecast of a shifted series is shifted alike.
"""

import numpy as np

from edge.contract.columns import Float32, Float64
from edge.contract.values import LARGEST_VALUE, is_known

__all__ = ["LARGEST_VALUE", "is_known", "level", "relative"]


def level(windows: Float64) -> Float64:
    """Newest value of each window that counts, float64 `[n]`; 0 without any.

    Args:
        windows: float64 `[n, window]`, newest last, NaN for missing.
    """
    counts = is_known(windows)
    rows, newest = np.arange(len(windows)), windows.shape[1] - 1 - np.argmax(counts[:, ::-1], axis=1)
    return np.where(counts[rows, newest], windows[rows, newest], 0.0)


def relative(values: Float64, levels: Float64) -> Float32:
    """Distances from the level of each row, float32 `[n, ...]`; NaN where a value does not count.

    Args:
        values: windows or facts, float64 `[n, values]`.
        levels: levels of the windows, from `level`, float64 `[n]`.
    """
    return np.where(is_known(values), values - levels[:, None], np.nan).astype(np.float32)

"""Values are taken out of training windows, so that the network learns to forecast from windows with gaps."""

import numpy as np

from edge.contract.columns import Float32


def mask(windows: Float32, share: float, most: float, random: np.random.Generator) -> None:
    """Take values out of some windows, in place: of every second one at random places, of the others in one stretch.

    A window keeps at least one value that it had.

    Args:
        windows: float32 `[n, window]`, NaN for missing.
        share: share of the windows that lose values.
        most: share of its values that a window loses, at most.
        random: source of every choice.
    """
    rows = np.flatnonzero(random.random(len(windows)) < share)
    length = windows.shape[1]
    lost = random.random((len(rows), 1), np.float32) * np.float32(most)
    scattered = random.random((len(rows), length), np.float32) < lost
    first = (random.random((len(rows), 1)) * (1 - lost) * length).astype(np.int64)
    interval = np.arange(length)
    stretch = (interval >= first) & (interval < first + lost * length)
    gone = np.where((np.arange(len(rows)) % 2 == 0)[:, None], scattered, stretch)
    thinned = np.where(gone, np.float32(np.nan), windows[rows])
    left = np.isfinite(thinned).any(axis=1)
    windows[rows[left]] = thinned[left]

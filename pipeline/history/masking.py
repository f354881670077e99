"""Values are taken out of what the network is shown in training, so that it learns to forecast without them."""

import numpy as np

from edge.contract.ahead.known import Known
from edge.contract.columns import Float32
from edge.contract.contract import Contract


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


def forget(future: Float32, contract: Contract, share: float, random: np.random.Generator) -> None:
    """Take the coming values of inputs away from some windows, in place, as a device lacks them whose source is silent.

    Each input is taken away by itself: from every third of these windows whole, from another third after a random lead, and
    the last third does not know what it was the day before.

    Args:
        future: features of every lead, float32 `[n, horizon, features]`.
        contract: its inputs say what the columns are.
        share: share of the windows that lose an input.
        random: source of every choice.
    """
    column = 0
    for source in contract.inputs:
        width = len(source.features)
        if isinstance(source, Known):
            rows = np.flatnonzero(random.random(len(future)) < share)
            kind = np.arange(len(rows)) % 3
            left = np.where(kind == 1, random.integers(0, contract.horizon, len(rows)), 0)
            gone = np.arange(contract.horizon) >= left[:, None]
            change = (kind < 2)[:, None] | (np.arange(width) >= width // 2)
            some = future[rows, :, column : column + width]
            future[rows, :, column : column + width] = np.where(gone[:, :, None] & change[:, None], np.float32(0), some)
        column += width

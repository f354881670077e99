"""Values are taken out of what the network is shown in training, so that it learns to forecast without them."""

import numpy as np

from edge.contract.ahead.known import Known
from edge.contract.columns import Float32
from edge.contract.contract import Contract

HALF = 0.5  # chance of each input to be lost, where not all of them may be
ALL_INPUTS = 0.75  # share of the windows that lose inputs which lose all of them


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


def forget(future: Float32, contract: Contract, share: float, random: np.random.Generator, *, some_stay: bool = False) -> None:
    """Take the coming values of inputs away from some windows, in place, as a device lacks them whose source is silent.

    Three quarters of these windows lose all inputs, as one source often brings several, the others one. Every second one loses
    the whole of it, every fourth one what comes after a random lead, and every fourth one what it was the day before.

    Where some have to stay, one that would lose the whole of all inputs keeps each of them by a throw of a coin, one at least.

    Args:
        future: features of every lead, float32 `[n, horizon, features]`.
        contract: its inputs say what the columns are.
        share: share of the windows that lose an input.
        random: source of every choice.
        some_stay: whether no window loses the whole of all inputs, as others are forecast by a network of their own.
    """
    owner = np.repeat(np.arange(len(contract.inputs)), [len(source.features) for source in contract.inputs])
    known = np.array([isinstance(source, Known) for source in contract.inputs], bool)
    if not known.any():
        return
    rows = np.flatnonzero(random.random(len(future)) < share)
    kind, all_of_them = np.arange(len(rows)) % 4, random.random(len(rows)) < ALL_INPUTS
    lost = known & (all_of_them[:, None] | (np.arange(len(known)) == random.choice(np.flatnonzero(known), len(rows))[:, None]))
    first = np.where(kind == 2, random.integers(0, contract.horizon, len(rows)), 0)
    if some_stay:
        coins = known & (random.random(lost.shape) < HALF)
        coins[np.arange(len(rows)), random.choice(np.flatnonzero(known), len(rows))] = False
        lost = np.where(((lost == known).all(axis=1) & (kind < 2))[:, None], coins, lost)
        first = np.maximum(first, kind == 2)
    leads = np.arange(contract.horizon) >= first[:, None]
    is_change = np.concatenate([np.arange(len(source.features)) >= len(source.features) // 2 for source in contract.inputs])
    columns = lost[:, owner] & ((kind != 3)[:, None] | is_change)
    future[rows] = np.where(leads[:, :, None] & columns[:, None], np.float32(0), future[rows])

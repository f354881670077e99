"""Windows that are hard for a model, made of its golden ones, and what it makes of them before it may go live. No I/O.

A window of golden forecasts is a usual one. What a sensor sends on its worst day must not be the first time that the model
sees gaps, a value that stands still, or numbers far from all that it has learned.
"""

import numpy as np

from edge.contract.columns import Float64
from edge.contract.contract import Contract
from edge.forecaster.faults import USUAL, attempt
from edge.forecaster.forecaster import Forecaster
from edge.forecaster.golden import Golden
from edge.forecaster.model import usable

BASES = 4  # golden windows that hard ones are made of
HUGE = USUAL / 10  # beyond, a broken forecast proves nothing against a model


def hard_windows(golden: Float64, contract: Contract) -> Float64:
    """Windows with gaps, standing still, huge, tiny and in steps, float64 `[n, window]`; those that a model forecasts from.

    Args:
        golden: golden windows, float64 `[n, window]`.
        contract: contract of the model.
    """
    chosen = np.unique(np.linspace(0, len(golden) - 1, BASES).astype(int))
    windows = np.concatenate([_variants(window, contract) for window in golden[chosen]])
    return windows[usable(windows, contract)]


def _variants(window: Float64, contract: Contract) -> Float64:
    """Hard windows made of one."""
    known = window[np.isfinite(window)]
    if not len(known):
        known = np.zeros(1)
    full = np.where(np.isfinite(window), window, known[-1])
    position, missing = np.arange(contract.columns), int(contract.max_missing * contract.columns)
    largest = float(np.abs(full).max()) or 1.0
    sawtooth = np.where(position % 2 == 0, 1.0, -1.0)
    return np.array(
        [
            full,
            -full,
            np.where(position < missing, np.nan, full),
            np.where(position >= contract.columns - missing, np.nan, full),
            np.where((position % 2 == 0) & (position < 2 * missing), np.nan, full),
            np.full(contract.columns, known[-1]),
            np.zeros(contract.columns),
            np.full(contract.columns, HUGE),
            full / largest * HUGE,
            full / largest / HUGE,
            sawtooth * largest,
            sawtooth * HUGE,
            np.where(position < contract.columns // 2, -largest, largest),
            np.where(position < contract.columns // 2, 0.0, HUGE),
            position * (largest / contract.columns),
            position * (HUGE / contract.columns),
        ]
    )


def fault(forecaster: Forecaster, golden: Golden, known: int) -> str | None:
    """What is wrong with the forecasts of hard windows, in words; None where all keep their promise.

    Args:
        forecaster: a model.
        golden: its golden windows.
        known: number of series that it lists.
    """
    windows = hard_windows(golden.arrays()[0], forecaster.contract)
    series = (np.arange(len(windows)) % (known + 1)).astype(np.int32)
    made = attempt(forecaster, windows, series, golden.context(forecaster.contract, len(windows)))
    if not made.broken.any():
        return None
    return f"{made.broken.sum()} of {len(windows)} forecasts of windows with gaps, constants and huge values are {made.words}"

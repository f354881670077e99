"""The linear forecast: one matrix from the window to all leads, the same for every series (NLinear; Zeng et al., 2023).

It forecasts the distance from the last value of the window, as the networks do. A matrix has no unit, so it needs neither the
scale of a series nor to know it. Few numbers decide its forecasts, which makes it a good one where there is little history.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from edge.contract.columns import Float64, Int32, Int64
from edge.contract.contract import Contract
from edge.forecaster.level import is_known
from edge.forecaster.outliers import without_outliers
from pipeline.history.windows import Samples

LEARNED = 250_000  # most windows that are fitted on
MOST_VALUES = 200_000_000  # of these windows and their targets: fewer windows where they are wide
CHECKED = 4_096  # most windows of the validation part
BLOCK = 4_096  # windows in memory at once
RANK = 32  # columns of the first of two factors; with so many the forecasts of five public sets err as much as with all
LESS = 2  # two factors have at most one in so many of the matrix's numbers, or a device gets the matrix
PENALTIES = (1e-8, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0)  # in units of the mean eigenvalue


@dataclass(frozen=True, slots=True)
class Centred:
    """Windows without level and unit.

    Args:
        values: difference to the last value in units of `unit`, float64 `[n, window]`; NaN for missing.
        last: newest value of each window, float64 `[n, 1]`; NaN without any.
        unit: spread of its series, or of the window where the series is unknown, float64 `[n, 1]`.
    """

    values: Float64
    last: Float64
    unit: Float64


def centred(windows: Float64, series: Int32, scale: Float64) -> Centred:
    """Take level and unit out of windows.

    Args:
        windows: float64 `[n, window]`, NaN for missing.
        series: 1 + row of the series, 0 = unknown, int32 `[n]`.
        scale: spread of every series in the training part, float64 `[series]`; NaN where it has none.
    """
    windows = without_outliers(windows)
    known = is_known(windows)
    values = np.where(known, windows, np.nan)
    newest = windows.shape[1] - 1 - np.argmax(known[:, ::-1], axis=1)
    last = values[np.arange(len(values)), newest][:, None]
    values -= last
    unit = np.append(np.nan, scale)[np.where((series >= 0) & (series <= len(scale)), series, 0)].astype(np.float64)
    unknown = ~np.isfinite(unit)
    unit[unknown] = _spread(values[unknown])
    unit = unit[:, None]
    return Centred(values / unit, last, unit)


def _spread(values: Float64) -> Float64:
    """Standard deviation of each window, float64 `[n]`; 1 where it is not above 0."""
    known = np.isfinite(values)
    count = np.maximum(known.sum(axis=1), 1)
    mean = np.nansum(values, axis=1) / count
    own = np.sqrt(np.nansum(np.square(values - mean[:, None]), axis=1) / count)
    return np.where(own > 0, own, 1.0)


def cut(chosen: Samples, rows: Int64, contract: Contract, scale: Float64) -> tuple[Centred, Float64]:
    """Windows and targets of some samples, both without level and unit.

    Args:
        chosen: samples.
        rows: numbers of the samples to cut, int64 `[n]`.
        contract: window and horizon.
        scale: spread of every series in the training part, float64 `[series]`; NaN where it has none.

    Returns:
        Windows, and targets in the same units, float64 `[n, horizon]`, NaN for missing.
    """
    windows = centred(chosen.windows(rows, contract), chosen.series[rows] + np.int32(1), scale)
    targets = chosen.targets(rows, contract)
    return windows, (np.where(is_known(targets), targets, np.nan) - windows.last) / windows.unit


def some_rows(chosen: Samples, most: int, seed: int = 0) -> Int64:
    """Numbers of at most that many samples, chosen by chance, in order, int64 `[n]`."""
    if len(chosen) <= most:
        return np.arange(len(chosen))
    return np.sort(np.random.default_rng(seed).choice(len(chosen), most, replace=False))


def filled(values: Float64) -> Float64:
    """The values with 0 for each missing one: all are differences to the last value, so 0 is the last value."""
    return np.where(np.isfinite(values), values, 0.0)


def _carried(targets: Float64) -> Float64:
    """The targets with the target before for each missing one; before the first it is the last value of the window."""
    if np.isfinite(targets).all():
        return targets
    padded = np.concatenate([np.zeros((len(targets), 1)), targets], axis=1)
    newest = np.maximum.accumulate(np.where(np.isfinite(padded), np.arange(padded.shape[1]), 0), axis=1)
    return cast("Float64", np.take_along_axis(padded, newest, axis=1)[:, 1:])


@dataclass(frozen=True, slots=True)
class Linear:
    """A matrix that forecasts, and what it missed.

    Args:
        weights: factors of the window's values, float64 `[columns, horizon]`.
        errors: fact minus forecast on validation windows, in units of scale, float64 `[n, horizon]`; NaN where the fact is
            missing.
        square: sums of products of the windows that it was fitted on, float64 `[columns, columns]`.
    """

    weights: Float64
    errors: Float64
    square: Float64


def thin(linear: Linear, rank: int = RANK) -> tuple[Float64, ...]:
    """The matrix as one or two factors that a device multiplies a window with, one after the other.

    A matrix for a day of minutes has a million numbers, though neighbouring leads move together. Two factors of a few columns
    forecast nearly the same: of all such pairs those with the least squared difference on the windows of the fit (reduced-rank
    regression; Izenman, 1975). A matrix that two factors would hardly make smaller stays as it is.

    Args:
        linear: fitted matrix.
        rank: columns of the first factor where there are two.

    Returns:
        float64 `[columns, horizon]`, or `[columns, rank]` and `[rank, horizon]`.
    """
    if LESS * rank * sum(linear.weights.shape) > linear.weights.size:
        return (linear.weights,)
    _, vectors = np.linalg.eigh(linear.weights.T @ linear.square @ linear.weights)
    main = vectors[:, -rank:]
    return linear.weights @ main, main.T


def moved(values: Float64, factors: Sequence[Float64]) -> Float64:
    """Forecasts of windows without level and unit, float64 `[n, horizon]`.

    Args:
        values: windows, float64 `[n, columns]`, 0 for missing.
        factors: factors of the matrix, from `thin`.
    """
    for factor in factors:
        values = values @ factor
    return values


def fit_linear(
    training: Samples, validation: Samples, contract: Contract, scale: Float64, most: int = LEARNED, block: int = BLOCK
) -> Linear:
    """Least squares with a penalty on the weights, in closed form; the penalty is the best one on the validation part.

    The windows are taken in blocks, so memory does not grow with the history.

    Args:
        training: samples to fit on, one or more.
        validation: samples to choose the penalty on.
        contract: shape and grid.
        scale: spread of every series in the training part, float64 `[series]`.
        most: most windows that are fitted on.
        block: number of windows that are in memory at once.
    """
    square = np.zeros((contract.columns, contract.columns))
    product = np.zeros((contract.columns, contract.horizon))
    rows = some_rows(training, min(most, MOST_VALUES // (contract.columns + contract.horizon)))
    for start in range(0, len(rows), block):
        windows, targets = cut(training, rows[start : start + block], contract, scale)
        x = filled(windows.values)
        square += x.T @ x
        product += x.T @ _carried(targets)
    values, vectors = np.linalg.eigh(square)
    rotated = vectors.T @ product
    values = np.maximum(values, 0)
    mean = max(float(values.mean()), np.finfo(float).tiny)
    windows, targets = cut(validation, some_rows(validation, CHECKED), contract, scale)
    turned = filled(windows.values) @ vectors

    def errors(penalty: float) -> Float64:
        """Fact minus forecast on validation windows: one penalty at a time, as a long horizon makes many."""
        forecasts: Float64 = turned @ (rotated / (values + penalty * mean)[:, None])
        return targets - forecasts

    losses = [float(np.nanmean(np.abs(errors(penalty)))) if np.isfinite(targets).any() else 0.0 for penalty in PENALTIES]
    best = PENALTIES[int(np.argmin(losses))]
    return Linear(vectors @ (rotated / (values + best * mean)[:, None]), errors(best), square)

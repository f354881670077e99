"""How much each forecast counts in the mixture of a network with simple ones.

Forecasts that err in different ways are better together (Bates and Granger, The combination of forecasts, 1969). Beside the
network stand a linear forecast, the mean of the last days, and the last value. Which of them errs least differs from series to
series: wind is its last value, a load its last days. So each series has weights of its own.

Weights are chosen on windows that no network was fitted to, of which overlapping ones say the same. Where these are few, the
best weights are the best by chance. So a distance costs: the weights of the fleet keep near the network, and those of a
series near the fleet's, the nearer the fewer days there are to choose on.
"""

from itertools import product
from typing import cast

import numpy as np

from edge.contract.columns import Float64, Int32
from edge.contract.contract import Contract
from edge.contract.times import DAY
from edge.forecaster.level import is_known

PARTS = ("linear", "mean_of_3_days", "last_value")  # what stands beside the network, which has the rest of the weight
STEP = 10  # weights are multiples of 1/10
PENALTY = 2.0  # of a squared distance of 1 where there is one day to choose on, in units of the logarithm of the error
MOST_WON = 0.1  # the same, of what one series can gain by the weights of the fleet: it has weights of its own for the rest
MOST_BEYOND = 100.0  # times the scale; a fact that lies farther off may be a glitch
LEAST_ERROR = 0.01  # times the scale; smaller errors are as good as none


def _choices() -> Float64:
    """All weights to choose from, float64 `[choices, parts]`; the first is the network alone."""
    steps = product(range(STEP + 1), repeat=len(PARTS))
    return np.array([weights for weights in steps if sum(weights) <= STEP]) / STEP


CHOICES = _choices()


def independent(origins: int, contract: Contract) -> float:
    """How many forecasts of a part are independent of each other: its length in horizons, or in days where these are longer.

    Args:
        origins: intervals from the first origin of the part to the last one.
        contract: interval and horizon.
    """
    return (origins + contract.horizon) / max(contract.horizon, DAY / contract.interval)


def mixed(forecasts: Float64, weights: Float64) -> Float64:
    """The mixture of some forecasts.

    Args:
        forecasts: forecasts of the network and of the parts in the order of `PARTS`, float64 `[1 + parts, n, horizon]`.
        weights: weights of the parts, float64 `[n, parts]`.

    Returns:
        float64 `[n, horizon]`.
    """
    network, parts = forecasts[0], forecasts[1:]
    return cast("Float64", network + np.einsum("np,pnh->nh", weights, parts - network))


def choose_weights(forecasts: Float64, facts: Float64, series: Int32, scale: Float64, days: float) -> tuple[Float64, Float64]:
    """Weights of the parts for the fleet, and for each series.

    Of the fleet the mean over the series of the logarithm of the error is made least, so that each series counts the same, and
    one that stands still no more than others.

    Args:
        forecasts: forecasts of the network and of the parts in the order of `PARTS`, float64 `[1 + parts, n, horizon]`.
        facts: float64 `[n, horizon]`, NaN where missing.
        series: row of the series of each window, int32 `[n]`.
        scale: spread of each series, float64 `[series]`; series with none above 0 are not asked, and get the fleet's.
        days: number of independent forecasts, see `independent`.

    Returns:
        float64 `[parts]` and `[series, parts]`.
    """
    errors = np.full((len(scale), len(CHOICES)), np.nan)
    for row in np.flatnonzero(scale > 0):
        errors[row] = _errors(forecasts[:, series == row] / scale[row], facts[series == row] / scale[row])
    asked = np.isfinite(errors[:, 0])
    logarithms = np.log(np.maximum(errors, LEAST_ERROR))
    logarithms -= logarithms[:, :1]
    fleet = np.zeros(len(PARTS))
    if asked.any():
        won = np.where(logarithms < 0, logarithms / (1 - logarithms / MOST_WON), logarithms)
        fleet = CHOICES[np.argmin(won[asked].mean(axis=0) + _cost(fleet, days))]
    own = np.tile(fleet, (len(scale), 1))
    own[asked] = CHOICES[np.argmin(logarithms[asked] + _cost(fleet, days), axis=1)]
    return fleet, own


def _cost(start: Float64, days: float) -> Float64:
    """What the distance of each choice from a start costs, float64 `[choices]`."""
    return cast("Float64", PENALTY / max(days, 1.0) * np.square(CHOICES - start).sum(axis=1))


def _errors(forecasts: Float64, facts: Float64) -> Float64:
    """Mean absolute error of each choice in units of the scale, float64 `[choices]`; NaN where nothing can be compared."""
    counted = is_known(facts) & np.isfinite(forecasts).all(axis=0)
    if not counted.any():
        return np.full(len(CHOICES), np.nan)
    network, parts = forecasts[0][counted], forecasts[1:][:, counted]
    beyond = np.clip(facts[counted] - network, -MOST_BEYOND, MOST_BEYOND)
    moves = parts - network
    return np.array([np.abs(beyond - weights @ moves).mean() for weights in CHOICES])


def mean_weights(weights: Float64) -> dict[str, tuple[float, float]]:
    """Weight of each part by its name, for unknown series, and the mean over the known ones.

    Args:
        weights: weights of the parts, first those of unknown series, float64 `[1 + known, parts]`.
    """
    known = weights[1:].mean(axis=0) if len(weights) > 1 else np.zeros(len(PARTS))
    return {name: (float(weights[0, part]), float(known[part])) for part, name in enumerate(PARTS)}

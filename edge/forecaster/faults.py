"""Forecasts that break their promise: which rows they are, and when the bundle is the cause. No I/O.

A row is broken if it is not finite, if its quantiles cross, or if the runtime cannot make it. Other series are not affected.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import numpy as np

from edge.contract.columns import Bool, Float64, Int32
from edge.contract.contract import Context
from edge.errors import BundleError
from edge.forecaster.forecaster import Forecaster
from edge.quoting import counted

USUAL = 1e12  # values of sensors lie below; a window with a larger one proves nothing against a bundle
FORECASTS = 3  # least number of broken forecasts that prove something against a bundle
SERIES = 3  # least number of series with broken forecasts, where the device has so many
SHARE = 0.1  # least share of the known series with broken forecasts
FAILURES = (BundleError, ValueError, RuntimeError)  # also what a runtime raises of its own accord

Kind: TypeAlias = Literal["not_finite", "crossed", "not_made"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What a forecaster made of some windows.

    Args:
        values: float64 `[n, horizon, quantiles]`; a broken row may hold anything.
        kind: position in `KINDS` of the fault of each row, -1 where there is none, `[n]`.
        error: message of the last exception, or None.
    """

    values: Float64
    kind: Int32
    error: str | None = None

    @property
    def broken(self) -> Bool:
        """Rows that must not be used, `[n]`."""
        return self.kind >= 0

    @property
    def words(self) -> str:
        """The faults of the broken rows, such as `crossed or not finite`."""
        kinds = [kind for number, kind in enumerate(KINDS) if (self.kind == number).any()]
        return " or ".join(kind.replace("_", " ") for kind in kinds)


def attempt(forecaster: Forecaster, windows: Float64, series: Int32, context: Context | None = None) -> Attempt:
    """Forecast all windows; if that raises, forecast row by row, so that one broken row does not affect the others.

    Args:
        forecaster: a model or a baseline.
        windows: float64 `[n, window]`.
        series: index of each series as the forecaster lists them, `[n]`.
        context: facts known beside each window; None for a forecaster whose contract has no inputs.
    """
    contract = forecaster.contract
    made, error = np.ones(len(windows), np.bool_), None
    try:
        values = forecaster.predict(windows, series, context)
    except FAILURES as failure:
        values, error = np.full((len(windows), contract.horizon, len(contract.quantiles)), np.nan), str(failure)
        for row in range(len(windows)):
            part = slice(row, row + 1)
            try:
                values[part] = forecaster.predict(windows[part], series[part], context and context.take(part))
            except FAILURES as failure:
                made[row], error = False, str(failure)
    promised = values if forecaster.intervals else values[:, :, [contract.median]]
    # A difference within the rounding of float32 is no crossing.
    with np.errstate(invalid="ignore"):
        crossed = (np.diff(promised, axis=2) < -4 * np.spacing(np.abs(promised[:, :, 1:]))).any(axis=(1, 2))
    kind = np.where(crossed, KINDS.index("crossed"), -1)
    kind = np.where(np.isfinite(promised).all(axis=(1, 2)), kind, KINDS.index("not_finite"))
    return Attempt(values, np.where(made, kind, KINDS.index("not_made")).astype(np.int32), error)


class Evidence:
    """Broken forecasts of usual windows, since the bundle is live; the newest forecast of each series counts.

    Args:
        fleet: number of series that the bundle lists.
    """

    def __init__(self, fleet: int = 0) -> None:
        # A device that knows one series of a fleet of several proves nothing by it.
        self._least = min(2, fleet)
        self._failing: dict[int, int] = {}

    @property
    def problem(self) -> str | None:
        """How many series have broken forecasts while nothing is proved, or None."""
        count = len(self._failing)
        return f"the newest forecasts of {count} series were broken; the baseline makes them" if count else None

    def forget(self, series: Int32) -> None:
        """Forget the broken forecasts of series whose windows no model can use any more."""
        for owner in series.tolist() if self._failing else ():
            self._failing.pop(owner, None)

    def add(self, made: Attempt, windows: Float64, series: Int32, known: int) -> str | None:
        """Count the broken forecasts of an attempt.

        Args:
            made: attempt to forecast the windows.
            windows: float64 `[n, window]`.
            series: index of each series, `[n]`.
            known: number of series on the device.

        Returns:
            What is wrong with the bundle, or None where nothing proves that the bundle is the cause.
        """
        with np.errstate(invalid="ignore"):
            usual = ~((windows >= USUAL) | (windows <= -USUAL)).any(axis=1)
        for owner, broken in zip(series[usual].tolist(), made.broken[usual].tolist(), strict=True):
            if broken:
                self._failing[owner] = self._failing.get(owner, 0) + 1
            else:
                self._failing.pop(owner, None)
        count = sum(self._failing.values())
        several = max(min(SERIES, max(known, self._least)), known * SHARE)
        if count < FORECASTS or len(self._failing) < several:
            return None
        if made.error is not None:
            return made.error
        return f"{counted(count, 'forecast')} of {len(self._failing)} series are {made.words}"

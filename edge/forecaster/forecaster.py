"""What every forecaster can do: baselines, trained models, and the methods that they are measured against."""

from typing import ClassVar, Protocol

from edge.contract.columns import Float64, Int32
from edge.contract.contract import Context, Contract


class Forecaster(Protocol):
    """Anything that turns windows into forecasts.

    `tests/support/forecasters.py` lists the checks that every forecaster passes.
    """

    @property
    def name(self) -> str:
        """Version of the bundle or name of the baseline; every forecast carries it."""

    @property
    def contract(self) -> Contract:
        """Shape and grid of windows and forecasts."""

    @property
    def intervals(self) -> bool:
        """Whether it gives all quantiles; one that does not gives the median, and NaN for the others."""

    def predict(self, windows: Float64, series: Int32, context: Context | None = None) -> Float64:
        """Forecast every window.

        Args:
            windows: float64 `[n, window]` in the sensor's unit, newest last, NaN for missing.
            series: index of the series as the bundle lists them, 0 = unknown, int32 `[n]`.
            context: facts known beside each window; a forecaster whose contract has inputs needs it.

        Returns:
            float64 `[n, horizon, quantiles]` in the sensor's unit, quantiles ascending. NaN for a window without any value.
            A single value far from all others of its window is passed over (`edge.forecaster.outliers`).
            Forecasts of a shifted window are the shifted forecasts: levels are taken off and added in float64.
        """

    def self_test(self) -> float | None:
        """Try the forecaster on this machine before its forecasts are used.

        Returns:
            The largest error against the forecasts that came with it, as a share of their spread; None where none came.

        Raises:
            BundleError: it does not forecast as it did where it was made.
        """


class AllQuantiles:
    """Base of a forecaster that gives every quantile and that came without forecasts to repeat."""

    __slots__ = ()
    intervals: ClassVar[bool] = True

    def self_test(self) -> None:
        """As `Forecaster.self_test`; there is nothing to compare with."""

"""Every forecaster that needs no trainer passes the checks that all forecasters pass."""

from collections.abc import Callable
from typing import cast

import numpy as np
import pytest

from edge.contract.columns import Float64, Int32
from edge.contract.contract import Context, Contract
from edge.contract.times import SECOND
from edge.forecaster.baselines import baselines
from edge.forecaster.forecaster import AllQuantiles, Forecaster
from edge.forecaster.outliers import without_outliers
from tests.support.forecasters import CHECKS, Subject, name_of

CONTRACT = Contract(3600 * SECOND, 168, 12)


class Drift(AllQuantiles):
    """The least that a forecaster with intervals has to be: the last value that is there, and a range above and below."""

    name, contract = "drift", CONTRACT

    def predict(self, windows: Float64, series: Int32, context: Context | None = None) -> Float64:
        """The same at all leads."""
        del series, context
        windows = without_outliers(windows)
        known = np.isfinite(windows)
        newest = CONTRACT.window - 1 - np.argmax(known[:, ::-1], axis=1)
        last = np.where(known.any(axis=1), windows[np.arange(len(windows)), newest], np.nan)
        reach = np.ptp(np.where(known, windows, last[:, None]), axis=1)
        forecast = last[:, None, None] + reach[:, None, None] * np.array([-1, 0, 1])
        return np.repeat(forecast, CONTRACT.horizon, axis=1)


FORECASTERS: tuple[Forecaster, ...] = (*baselines(CONTRACT), Drift())


@pytest.mark.parametrize("check", CHECKS, ids=name_of)
@pytest.mark.parametrize("forecaster", FORECASTERS, ids=lambda forecaster: forecaster.name)
def test_a_forecaster_without_a_model(forecaster: Forecaster, check: Callable[[Subject], None]) -> None:
    """Each baseline and the smallest forecaster with intervals pass every check."""
    check(Subject(forecaster))


def test_the_checks_can_fail() -> None:
    """A forecaster that forgets its intervals, its type, its unit and its promise about missing windows fails those checks."""

    class Wrong(Drift):
        def predict(self, windows: Float64, series: Int32, context: Context | None = None) -> Float64:
            wrong = np.nan_to_num(super().predict(windows, series, context), posinf=0)[:, ::-1, ::-1]
            wrong += series[:, None, None] + np.array([1, 0, -1])
            return cast("Float64", wrong.astype(np.float32))

    failed = set()
    for check in CHECKS:
        try:
            check(Subject(Wrong()))
        except AssertionError:
            failed.add(check.__name__)
    assert failed == {
        "every_window_gets_a_forecast_of_the_contracts_shape",
        "quantiles_ascend",
        "a_window_without_a_value_gets_no_forecast",
        "a_constant_window_gets_finite_forecasts_in_order",
        "a_series_that_is_not_listed_counts_as_unknown",
        "a_shifted_window_gets_the_shifted_forecasts",
        "a_scaled_window_gets_the_scaled_forecasts",
    }

"""What a forecast is made from beside its window belongs to the same moment as the window."""

from dataclasses import replace

import numpy as np

from edge.contract.clock import Clock
from edge.contract.columns import Float64, Int32, Readings
from edge.contract.contract import Context
from edge.forecaster.faults import attempt
from tests.edge.test_series_engine import CONTRACT, Counter, count, engine

CLOCKED = replace(CONTRACT, inputs=(Clock(),))


def test_every_window_is_forecast_with_its_own_origin() -> None:
    """Also where some windows of a batch are left to the baseline."""
    forecaster = Counter(CLOCKED)
    fleet = engine(forecaster)
    fleet.step(count(range(CONTRACT.window)))
    made = fleet.step(Readings.of([0, 2, 2], [1000, 10 * CONTRACT.window, 10 * CONTRACT.window + 10], [0, 4, 5])).forecasts[0]
    assert forecaster.told is not None
    assert forecaster.told.origin.tolist() == made.origin.tolist()
    assert (forecaster.told.origin == 10 * (made.values[:, 0, 1])).all()  # the counter's values are numbers of intervals


def test_a_window_that_is_tried_alone_keeps_its_origin() -> None:
    """Where a batch cannot be forecast, each row is tried with what belongs to it."""
    origins: list[list[int]] = []

    class Single(Counter):
        def predict(self, windows: Float64, series: Int32, context: Context | None = None) -> Float64:
            if len(windows) > 1 or context is None:
                raise ValueError("one at a time")
            origins.append(context.origin.tolist())
            return super().predict(windows, series, context)

    windows, context = np.zeros((3, CONTRACT.window)), Context(np.array([7, 8, 9]))
    assert not attempt(Single(CLOCKED), windows, np.zeros(3, np.int32), context).broken.any()
    assert origins == [[7], [8], [9]]


def test_a_bundle_with_other_holidays_keeps_windows_and_waiting_forecasts() -> None:
    """Every retraining lists the holidays of other years: what waits for its facts is scored all the same."""
    fleet, other = engine(Counter(CLOCKED)), engine(Counter(CLOCKED))
    for each in (fleet, other):
        each.step(count([0, 1, 2, 3, 4]))
    assert fleet.swap(Counter(replace(CONTRACT, inputs=(Clock(holidays=(1, 2)),))), ("a", "b"))
    found, expected = (each.step(count([5, 6])) for each in (fleet, other))
    assert len(found.scores) == len(expected.scores) > 0
    assert fleet.state.contract == fleet.scoring.contract == CONTRACT

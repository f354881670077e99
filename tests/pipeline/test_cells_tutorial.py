"""The network of the tutorials forecasts as such networks are used."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from pipeline.cells.comparison import tutorial_contract
from tests.support import tiny

if TYPE_CHECKING:
    from edge.contract.columns import Float64


@pytest.mark.training
def test_tutorial_feeds_its_forecasts_back() -> None:
    """Lead 2 is lead 1 of the window that ends with the first forecast; a gap holds the value before it."""
    import keras  # noqa: PLC0415 - takes seconds

    from pipeline.cells.tutorial import Tutorial  # noqa: PLC0415

    keras.utils.set_random_seed(1)
    contract = replace(tutorial_contract(tiny.CONTRACT), horizon=3)
    tutorial = Tutorial("lstm", 4, contract, tiny.sines())
    window: Float64 = tiny.sines()[:, 20:30].copy()
    series = np.arange(1, 4, dtype=np.int32)
    forecasts = tutorial.predict(window, series)
    assert forecasts.shape == (3, 3, 1)
    for lead in (1, 2):
        window = np.concatenate([window[:, 1:], forecasts[:, lead - 1]], axis=1)
        assert tutorial.predict(window, series)[:, 0] == pytest.approx(forecasts[:, lead], rel=1e-4)
    gap, held = window.copy(), window.copy()
    gap[:, 4], held[:, 4] = np.nan, window[:, 3]
    assert (tutorial.predict(gap, series) == tutorial.predict(held, series)).all()

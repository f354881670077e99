"""Windows that are hard for a model."""

from collections.abc import Callable

import numpy as np
import pytest

from edge.contract.columns import Float64, Int32
from edge.contract.contract import Context, Contract
from edge.contract.times import SECOND
from edge.errors import BundleError
from edge.forecaster.forecaster import AllQuantiles
from edge.forecaster.golden import Golden
from edge.forecaster.model import usable
from edge.forecaster.trial import HUGE, fault, hard_windows

CONTRACT = Contract(60 * SECOND, 24, 6)
USUAL = 20 + np.sin(np.arange(48.0)).reshape(2, 24)
GOLDEN = Golden.of(USUAL, np.array([0, 1], np.int32), np.zeros((2, 6, 3)))


class Picky(AllQuantiles):
    """A model that fails on some windows.

    Args:
        fails: function that says whether it fails on a window.
        values: quantiles of a failing forecast.
    """

    name = "picky"
    contract = CONTRACT

    def __init__(self, fails: Callable[[Float64], bool], values: tuple[float, ...] = (3.0, 2.0, 1.0)) -> None:
        self._fails, self._values = fails, values
        self.series: list[int] = []

    def predict(self, windows: Float64, series: Int32, context: Context | None = None) -> Float64:
        """The newest value, or what was asked for."""
        del context
        self.series += series.tolist()
        failing = np.array([self._fails(window) for window in windows])
        if not self._values and failing.any():
            raise BundleError("cannot")
        made = np.ones((len(windows), 6, 3))
        made[failing] = self._values or 0.0
        return made


@pytest.mark.parametrize("max_missing", [0.0, 0.5])
def test_hard_windows_are_such_that_the_model_forecasts_from_them(max_missing: float) -> None:
    """With gaps only where the contract allows them, and within what sensors say."""
    contract = Contract(60 * SECOND, 24, 6, max_missing=max_missing)
    windows = hard_windows(USUAL, contract)
    assert usable(windows, contract).all()
    assert np.isnan(windows).any() == (max_missing > 0)
    assert np.nanmax(np.abs(windows)) <= HUGE
    assert len(windows) > 20


@pytest.mark.parametrize("window", [np.full((1, 24), np.nan), np.zeros((1, 24)), np.full((1, 24), 1e11), USUAL[:1]])
def test_any_golden_window_gives_hard_ones(window: Float64) -> None:
    """Also an empty one, and one that stands still."""
    assert len(hard_windows(window, CONTRACT)) > 10


def test_a_sound_model_passes() -> None:
    """With windows of every series that it lists, and of none of them."""
    model = Picky(lambda _: False)
    assert fault(model, GOLDEN, 2) is None
    assert set(model.series) == {0, 1, 2}


@pytest.mark.parametrize(
    ("fails", "values", "words"),
    [
        (lambda window: bool(np.isnan(window).any()), (3.0, 2.0, 1.0), "are crossed"),
        (lambda window: bool(np.ptp(window) == 0), (1.0, float("nan"), 1.0), "are not finite"),
        (lambda window: bool(np.nanmax(window) > 1e10), (), "are not made"),
    ],
    ids=["gaps", "constants", "huge values"],
)
def test_a_model_that_fails_on_some_windows_is_found(
    fails: Callable[[Float64], bool], values: tuple[float, ...], words: str
) -> None:
    """Each kind of window finds one that passes its golden forecasts."""
    found = fault(Picky(fails, values), GOLDEN, 2)
    assert found is not None
    assert found.endswith(f" forecasts of windows with gaps, constants and huge values {words}")
    assert fault(Picky(fails, values), GOLDEN, 2) == found

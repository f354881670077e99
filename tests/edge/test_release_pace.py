"""Whether a model keeps up with its interval on this device."""

import numpy as np
import pytest

from edge.contract.columns import Float64, Int32
from edge.contract.contract import Context, Contract
from edge.contract.times import SECOND
from edge.forecaster.forecaster import AllQuantiles
from edge.release.pace import TRIES, too_slow


class Timed(AllQuantiles):
    """A model on a clock of its own.

    Args:
        seconds: seconds that each batch takes, one after the other.
    """

    name = "timed"
    contract = Contract(60 * SECOND, 24, 6)

    def __init__(self, *seconds: float) -> None:
        self.now, self.sizes, self._seconds = 0.0, list[int](), list(seconds)

    def predict(self, windows: Float64, series: Int32, context: Context | None = None) -> Float64:
        """Take the next time."""
        del context
        assert len(windows) == len(series)
        self.sizes.append(len(windows))
        self.now += self._seconds.pop(0)
        return np.zeros((len(windows), 6, 3))


@pytest.mark.parametrize(
    ("series", "seconds", "batch", "keeps_up"),
    [
        (1, 29.0, 1, True),
        (1, 31.0, 1, False),
        (8, 29.0, 8, True),
        (64, 31.0, 64, False),
        (65, 14.0, 64, True),
        (200, 8.0, 64, False),
    ],
)
def test_the_time_for_all_series_is_compared_with_half_an_interval(
    series: int, seconds: float, batch: int, *, keeps_up: bool
) -> None:
    """In batches as the agent makes them."""
    model = Timed(*[seconds] * TRIES)
    assert (too_slow(model, series, lambda: model.now) is None) is keeps_up
    assert model.sizes == [batch] * (1 if keeps_up else TRIES)


def test_the_quickest_of_some_tries_counts() -> None:
    """Another program may have had the processor; the line has both figures."""
    model = Timed(90.0, 29.0)
    assert too_slow(model, 20, lambda: model.now) is None
    model = Timed(90.0, 40.0, 50.0)
    assert too_slow(model, 20, lambda: model.now) == (
        "a forecast for each of 20 series takes 40 s on this device; expected at most 30 s, half of the interval of 1min"
    )

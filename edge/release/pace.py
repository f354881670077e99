"""Whether a model keeps up: how long its forecasts take on this device, and how long they may."""

import time
from collections.abc import Callable

import numpy as np

from edge.contract.contract import Context
from edge.contract.times import SECOND, format_duration
from edge.forecaster.forecaster import Forecaster
from edge.forecaster.model import BUCKETS

SHARE = 0.5  # of an interval that the forecasts of all series may take; the rest is for everything else, and to catch up
TRIES = 3  # the quickest counts: another program may have had the processor


def too_slow(forecaster: Forecaster, series: int, moment: Callable[[], float] = time.perf_counter) -> str | None:
    """Why a model does not keep up with its interval here, in words; None where it does.

    One forecast of each series is made in each interval, in the batches in which the agent makes them.

    Args:
        forecaster: a model that has forecast before.
        series: number of series, at least 1.
        moment: function that gives seconds.
    """
    contract = forecaster.contract
    batch = next((size for size in BUCKETS if size >= series), BUCKETS[-1])
    windows, owners = np.tile(np.arange(float(contract.columns)), (batch, 1)), np.zeros(batch, np.int32)
    context = Context(np.zeros(batch, np.int64))
    most, taken = SHARE * contract.interval / SECOND, []
    for _ in range(TRIES):
        start = moment()
        forecaster.predict(windows, owners, context)
        taken.append((moment() - start) * -(-series // batch))
        if taken[-1] <= most:
            return None
    return (
        f"a forecast for each of {series} series takes {min(taken):.3g} s on this device; expected at most {most:.3g} s, "
        f"half of the interval of {format_duration(contract.interval)}"
    )

"""How quick the model of the bundle is here, and how many series a core can serve in an interval."""

import time
from collections.abc import Callable

import numpy as np

from edge.checks.finding import Finding
from edge.contract.contract import Context
from edge.contract.times import SECOND, format_duration
from edge.forecaster.forecaster import Forecaster
from edge.forecaster.model import BUCKETS, runtime_name
from edge.release.pace import SHARE

PATIENCE = 0.5  # seconds of measuring
FEWEST = 3  # batches


def check_runtime(forecaster: Forecaster | None, moment: Callable[[], float] = time.perf_counter) -> list[Finding]:
    """The runtime, and the time of a forecast.

    Args:
        forecaster: forecaster of the live bundle; None where there is none.
        moment: function that gives seconds.
    """
    runtime = runtime_name()
    if forecaster is None:
        return [Finding("runtime", f"{runtime}; no bundle to measure yet")]
    seconds, interval = _seconds(forecaster, moment), forecaster.contract.interval
    series = int(SHARE * interval / SECOND / seconds)
    quick = f"a forecast of {forecaster.name} takes {seconds * 1e6:,.1f} µs in batches of {BUCKETS[-1]}"
    able = f"a core can serve {series:,} series in {SHARE:.0%} of an interval of {format_duration(interval)}"
    return [Finding("runtime", f"{runtime}: {quick}, so {able}")]


def _seconds(forecaster: Forecaster, moment: Callable[[], float]) -> float:
    """Seconds of a forecast: those of the quickest batch, since another program may have had the processor."""
    batch = BUCKETS[-1]
    windows, owners = np.tile(np.arange(float(forecaster.contract.columns)), (batch, 1)), np.zeros(batch, np.int32)
    context = Context(np.zeros(batch, np.int64))
    taken: list[float] = []
    began = moment()
    while len(taken) < FEWEST or moment() - began < PATIENCE:
        start = moment()
        forecaster.predict(windows, owners, context)
        taken.append(moment() - start)
    return max(min(taken), 1e-9) / batch

"""How quick the model of the bundle is here, and how many series a core can serve in an interval."""

import time
from collections.abc import Callable

import numpy as np

from edge.checks.configured import Checked, fleet_of
from edge.checks.finding import Finding
from edge.contract.contract import Context
from edge.contract.times import SECOND, format_duration
from edge.forecaster.forecaster import Forecaster
from edge.forecaster.model import BUCKETS, runtime_name
from edge.release.capacity import memory, most_series
from edge.release.pace import SHARE

PATIENCE = 0.5  # seconds of measuring
FEWEST = 3  # batches


def check_runtime(
    checked: Checked, moment: Callable[[], float] = time.perf_counter, limit: Callable[[], int] = memory
) -> list[Finding]:
    """The runtime, the time of a forecast, and for how many series there is room.

    Args:
        checked: configuration, bundle and forecaster, as they were found.
        moment: function that gives seconds.
        limit: function that gives the bytes that this process may use.
    """
    config, bundle, forecaster = checked.config, checked.bundle, checked.forecaster
    runtime = runtime_name()
    if config is None or bundle is None or forecaster is None:
        return [Finding("runtime", f"{runtime}; no bundle to measure yet")]
    seconds, interval = _seconds(forecaster, moment), forecaster.contract.interval
    series = int(SHARE * interval / SECOND / seconds)
    quick = f"a forecast of {forecaster.name} takes {seconds * 1e6:,.1f} µs in batches of {BUCKETS[-1]}"
    able = f"a core makes {series:,} of them in half of an interval of {format_duration(interval)}"
    held = min(most_series(forecaster.contract, fleet_of(config, bundle, 1), limit()), config.agent.max_series)
    return [Finding("runtime", f"{runtime}: {quick}: {able}; memory and [agent] max_series give room for {held:,} series")]


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

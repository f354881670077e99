"""The effect of a batch: what the engine gives to whoever commits, counts and tells of it."""

from dataclasses import dataclass, field

import numpy as np

from edge.anomalies.change import AnomalyChange
from edge.contract.columns import Bool, Float64, Forecasts, Int32, Points, Scores
from edge.forecaster.faults import Kind
from edge.series.closing import Closed, facts_of
from edge.series.entry import Entry


@dataclass(slots=True)
class Effect:
    """The effect of a batch.

    Args:
        points: rows for the store.
        entry: the batch as the journal keeps it.
        forecasts: one element per forecaster that made any.
        scores: errors of earlier forecasts whose facts are there now.
        fresh: False for readings that the windows had already, bool `[n]`.
        late: number of readings that repaired a window.
        too_late: True for readings that no window could hold, bool `[n]`.
        failure: reason why the forecaster must not stay live, or None.
        broken: series whose forecasts break their promise, by kind; the baseline forecasts these.
        seconds: time spent in the forecaster.
        outliers: number of forecasts that were made without the newest value, which lies far from all others of its window.
        jumped: counters whose newest increase is left out, as they never add so much; once for each interval.
        anomalies: anomalies that were raised or cleared.
    """

    points: list[Points]
    entry: Entry
    forecasts: list[Forecasts]
    scores: Scores
    fresh: Bool
    late: int
    too_late: Bool
    failure: str | None = None
    broken: dict[Kind, Int32] = field(default_factory=dict)
    seconds: float = 0.0
    outliers: int = 0
    jumped: Int32 = field(default_factory=lambda: np.zeros(0, np.int32))
    anomalies: list[AnomalyChange] = field(default_factory=list)


@dataclass(slots=True)
class Made:
    """The forecasts of a step while they are made.

    Args:
        forecasts: one element per forecaster that made any.
        windows: the windows that closed and that each of them has, bool `[n]`.
        failure: reason as of `Effect`.
        broken: series as of `Effect`.
        seconds: time as of `Effect`.
    """

    forecasts: list[Forecasts] = field(default_factory=list)
    windows: list[Bool] = field(default_factory=list)
    failure: str | None = None
    broken: dict[Kind, Int32] = field(default_factory=dict)
    seconds: float = 0.0

    def add(self, closed: Closed, windows: Bool, values: Float64, model: str) -> None:
        """Take forecasts, with the facts that their origins have brought.

        Args:
            closed: all windows that closed.
            windows: those that were forecast from, bool `[n]`.
            values: quantiles, float64 `[forecast windows, horizon, quantiles]`.
            model: name of what made them.
        """
        facts = facts_of(closed, windows)
        self.forecasts.append(Forecasts(closed.series[windows], closed.origin[windows], values, model, facts))
        self.windows.append(windows)

"""What a batch adds to the agent's counters, and the row they become in the store."""

import numpy as np

from edge.agent.health import Health
from edge.contract.columns import Points
from edge.series.engine import Outcome


def tally(health: Health, outcome: Outcome, live: str) -> None:
    """Count what a batch gave.

    Args:
        health: the counters.
        outcome: of the batch.
        live: name of the forecaster that should have made all forecasts.
    """
    count = health.count
    count("duplicates", outcome.duplicates)
    count("late", outcome.late)
    count("too_late", outcome.too_late)
    for forecasts in outcome.forecasts:
        count("forecasts" if forecasts.model == live else "fallback_forecasts", len(forecasts))
    for kind, series in outcome.broken.items():
        count(kind, len(series))
    count("forecast_seconds", outcome.seconds)
    count("scores", len(outcome.scores))
    if len(outcome.scores):
        count("absolute_error", float(np.nansum(outcome.scores.absolute_error)))
        count("baseline_absolute_error", float(np.nansum(outcome.scores.baseline_absolute_error)))


def row(health: Health, model: str, now: int) -> Points:
    """The counters and gauges as one row of `agent`.

    Args:
        health: the counters.
        model: name of what forecasts, or `none`.
        now: ns UTC.

    Returns:
        Floats all, whatever has been counted so far; how they are stored is fixed in `edge/stores/schema.py`.
    """
    totals = health.totals()
    made = totals.get("forecasts", 0.0)
    numbers = {
        "readings_per_second": health.gauge("readings_per_second"),
        "readings": totals.get("readings", 0.0),
        "forecasts": made + totals.get("fallback_forecasts", 0.0),
        "backlog": health.gauge("backlog_bytes"),
        "dropped": totals.get("dropped_blocks", 0.0) + totals.get("refused_points", 0.0),
        "skipped": sum(value for name, value in totals.items() if name.startswith("skipped_")),
        "late": totals.get("late", 0.0) + totals.get("too_late", 0.0),
        "duplicates": totals.get("duplicates", 0.0),
        "lag_seconds": health.gauge("lag_seconds"),
        "microseconds_per_forecast": totals.get("forecast_seconds", 0.0) / made * 1e6 if made else float("nan"),
    }
    fields = {name: np.asarray([value], np.float64) for name, value in numbers.items()}
    return Points("agent", np.zeros(1, np.int32), np.asarray([now]), {**fields, "model": model})

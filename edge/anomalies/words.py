"""The line that says to people what an anomaly is."""

from collections.abc import Callable
from datetime import datetime

from edge.anomalies.change import AnomalyChange

YEAR = 365  # days
LONG = 2 * YEAR  # from here on years say more


def words(change: AnomalyChange, unit: str, clock: Callable[[int], datetime]) -> str:
    """What happened: pump.heat was 71.2 °C at 2026-05-04 14:20, forecast 55.1 (52 to 58): expected once in 340 days.

    Args:
        change: an anomaly that was raised or cleared.
        unit: unit of the series; empty where none is known.
        clock: function that gives the local time of a moment in ns UTC.
    """
    interval = "" if change.lower is None or change.upper is None else f" ({change.lower:.4g} to {change.upper:.4g})"
    value = f"{change.value:.4g}{' ' + unit if unit else ''}"
    text = f"{change.series} was {value} at {clock(change.time):%Y-%m-%d %H:%M}, forecast {change.median:.4g}{interval}"
    return f"{text}: expected once in {time_words(change.rarity)}" if change.raised else f"{text}: as usual for half a day"


def time_words(days: float) -> str:
    """A number of days as people say it; years where there are many."""
    return f"{days / YEAR:.0f} years" if days >= LONG else f"{days:.0f} days"

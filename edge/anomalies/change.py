"""What is told of an anomaly."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AnomalyChange:
    """An anomaly that was raised or cleared.

    Args:
        series: name of the series.
        raised: whether it was raised; else it was cleared.
        time: start of the interval, ns UTC.
        value: value of the interval.
        median: its forecast at the shortest lead that is known.
        lower: lowest quantile of that forecast; None where it has no interval.
        upper: highest quantile, likewise.
        rarity: days in which so strange an interval is expected once; 0 where it is not rare.
    """

    series: str
    raised: bool
    time: int
    value: float
    median: float
    lower: float | None
    upper: float | None
    rarity: float

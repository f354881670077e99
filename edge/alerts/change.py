"""What a step has changed for people and for programs that listen."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AlertChange:
    """An alert of one rule and one series that was raised or cleared, or whose numbers are others now.

    Args:
        rule: name of the rule.
        series: name of the series.
        raised: whether the alert is raised now.
        probability: probability of what the rule asks for, 0 to 1; None where it is not known.
        crossing: expected moment, ns UTC; None where there is none, or where it is so already.
        earliest: earliest moment by the outermost quantiles, ns UTC, or None.
        latest: latest moment by the outermost quantiles, ns UTC; None where it lies beyond the horizon.
        origin: origin of the forecast that it is read from, ns UTC.
        model: version of the bundle, or name of the baseline, that forecasts.
        turned: whether it was raised or cleared just now; else only its numbers are others.
        beyond: whether the newest value is already what the rule warns of.
        value: value that is beyond, in the unit of the series: the newest one, else the outermost of the step; None: none is.
        measured: start of the interval of `value`, ns UTC; None where it is not the newest value.
    """

    rule: str
    series: str
    raised: bool
    probability: float | None
    crossing: int | None
    earliest: int | None
    latest: int | None
    origin: int
    model: str
    turned: bool
    beyond: bool
    value: float | None = None
    measured: int | None = None

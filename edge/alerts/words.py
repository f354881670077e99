"""The line that says to people what an alert means."""

from collections.abc import Callable
from datetime import datetime

from edge.alerts.change import AlertChange
from edge.alerts.rule import AlertRule
from edge.contract.times import SECOND

AHEAD = {"above": "will be above {}", "below": "will be below {}", "rises_by": "will rise by more than {}"}
AHEAD |= {"falls_by": "will fall by more than {}"}
NOW = {"above": "is above {}", "below": "is below {}"}
DIGITS = (4, 6, 9)  # of a value, or as many as it has before its point
PLAIN = 1e15  # a larger one is told with its power of ten


def local(time: int) -> datetime:
    """A moment in the zone of this machine."""
    return datetime.fromtimestamp(time / SECOND).astimezone()


def words(change: AlertChange, rule: AlertRule, unit: str, clock: Callable[[int], datetime] = local) -> str:
    """What has turned, such as: freezer.kitchen will be above -15 °C at 14:20 (between 13:50 and 15:10), probability 85 %.

    What is so already has its newest value and the start of its interval: freezer.kitchen is above -15 °C: -12.3 °C at 14:20.

    Args:
        change: an alert that was raised or cleared.
        rule: its rule.
        unit: unit of the series; empty where none is known.
        clock: function that gives the local time of a moment.
    """
    chance = "" if change.probability is None else f"{100 * change.probability:.0f} %"
    if rule.condition == "leaves":
        share = f"{chance} of " if chance else ""
        return f"{share}the newest readings of {change.series} lie outside of the {rule.leaves} interval forecast for them"
    amount = f"{rule.threshold:g}{' ' + unit if unit else ''}"
    if not change.raised and not chance:
        return f"{change.series}: there is no forecast of it any more"
    if not change.raised:
        return f"{change.series}: the probability that it {AHEAD[rule.condition].format(amount)} is now {chance}"
    if change.beyond and rule.condition in NOW:
        return f"{change.series} {NOW[rule.condition].format(amount)}{_measured(change, rule, unit, clock)}"
    moments = [_moment(time, change.origin, clock) for time in (change.crossing, change.earliest, change.latest)]
    expected, earliest, latest = moments
    chance = f"probability {chance}" if chance else ""
    if expected and not earliest:
        chance = "a forecast without intervals, which knows no probability"
    when = f" at {expected}" if expected else ""
    if earliest and latest and earliest != latest:
        when += f" (between {earliest} and {latest})"
    elif earliest and not latest and earliest != expected:
        when += f" ({earliest} at the earliest)"
    return f"{change.series} {AHEAD[rule.condition].format(amount)}{when}, {chance}"


def _measured(change: AlertChange, rule: AlertRule, unit: str, clock: Callable[[int], datetime]) -> str:
    """The value that is beyond, with digits enough to see that it is, and the time of its interval."""
    if change.value is None:
        return ""
    whole = len(f"{abs(change.value):.0f}") if abs(change.value) < PLAIN else 0
    texts = [f"{change.value:.{max(digits, whole)}g}" for digits in DIGITS]
    sign = 1 if rule.is_upward else -1
    value = next((text for text in texts if sign * (float(text) - rule.threshold) > 0), texts[-1])
    when = _moment(change.measured, change.origin, clock)
    return f": {value}{' ' + unit if unit else ''}{' at ' + when if when else ''}"


def _moment(time: int | None, origin: int, clock: Callable[[int], datetime]) -> str:
    if time is None:
        return ""
    moment = clock(time)
    same_day = moment.date() == clock(origin).date()
    return moment.strftime("%H:%M") if same_day else moment.strftime("%Y-%m-%d %H:%M")

"""The contract that `[fleet]` asks for, where the interval is known."""

from edge.config.training_sections import Fleet
from edge.contract.coarse import Coarse
from edge.contract.contract import Contract
from edge.contract.times import DAY, UNITS

WEEK = 7  # days
LONGEST_WINDOW = 720  # values
LONGEST_HORIZON = 1440  # intervals: a day of minutes; as many as the longest window where that is configured
FEW_DAYS = (56, 24)  # window and horizon where an interval is a day or longer
SEEN = 2  # days that the longest window has to see, or a week is seen in spans
RECENT = 360  # intervals that are seen beside spans
HOUR, TENTH = UNITS["h"], 10 * UNITS["min"]  # spans of a week, and of its last day


def contract_at(fleet: Fleet, interval: int) -> Contract:
    """The contract of an interval in ns.

    The window is a week and the horizon a day, at most 720 and 1440 intervals; 56 and 24 intervals where one is about a day or
    longer. Where 720 intervals are less than two days and no window is given, a week is seen in spans, see `past_at`.

    Raises:
        ConfigurationError: a value out of range.
    """
    day = round(DAY / interval)
    longest = LONGEST_HORIZON if fleet.window is None else LONGEST_WINDOW
    window, horizon = (min(WEEK * day, LONGEST_WINDOW), min(day, longest)) if day >= 2 else FEW_DAYS
    coarse: tuple[Coarse, ...] = ()
    if LONGEST_WINDOW * interval < SEEN * DAY and fleet.window is None:
        window, coarse = past_at(interval)
    return Contract(
        interval,
        fleet.window or window,
        fleet.horizon or horizon,
        fleet.quantiles,
        fleet.aggregation,
        fleet.max_missing,
        coarse,
    )


def past_at(interval: int) -> tuple[int, tuple[Coarse, ...]]:
    """Window and coarse past of a short interval, 720 values at most.

    A week is seen in hours, a day in tens of minutes, and 360 intervals as they are. A span has 360 intervals at most: with
    less than 10 seconds to an interval all spans are shorter, and so is what is seen.

    Args:
        interval: length of an interval, ns, of which two days do not fit.
    """
    hours = _spans(HOUR, WEEK * DAY, interval, RECENT)
    return RECENT, (hours, _spans(TENTH, DAY, interval, RECENT * TENTH // HOUR))


def days_and_hours(interval: int) -> tuple[int, tuple[Coarse, ...]] | None:
    """Another past of at most 720 values, where a week has more intervals: hours of a week, and whole days of intervals.

    Args:
        interval: length of an interval, ns.

    Returns:
        Window and coarse past; None where a week fits, or not a day beside its hours.
    """
    if LONGEST_WINDOW * interval >= WEEK * DAY:
        return None
    hours = _spans(HOUR, WEEK * DAY, interval, LONGEST_WINDOW)
    day, left = round(DAY / interval), LONGEST_WINDOW - hours.count
    return (left // day * day, (hours,)) if day <= left else None


def _spans(length: int, whole: int, interval: int, most: int) -> Coarse:
    """Spans of about a length that make a whole.

    Args:
        length: length of a span, ns.
        whole: time that they cover, ns.
        interval: length of an interval, ns.
        most: largest number of intervals of a span; where it is less than asked for, there are as many spans all the same.
    """
    steps = round(length / interval)
    return Coarse(min(steps, most), -(-whole // (steps * interval)))

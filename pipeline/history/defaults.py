"""Interval, window and horizon where the configuration leaves them open: they follow from the readings."""

from collections import Counter
from collections.abc import Iterator

import numpy as np

from edge.config.fleet import LONGEST_WINDOW, WEEK, contract_at
from edge.config.training_sections import Fleet
from edge.contract.columns import Readings
from edge.contract.contract import Contract
from edge.contract.grid import group_starts
from edge.contract.times import DAY, SECOND, parse_duration
from edge.errors import HistoryError
from pipeline.history.windows import least_history

# Spacings of real sensors jitter, and people forecast by round intervals: both are rounded to one of these.
ROUND = tuple(
    number * unit
    for unit, numbers in (
        (SECOND // 1000, (1, 2, 5, 10, 20, 50, 100, 200, 500)),
        (SECOND, (1, 2, 5, 10, 15, 20, 30)),
        (60 * SECOND, (1, 2, 5, 10, 15, 20, 30)),
        (3600 * SECOND, (1, 2, 3, 4, 6, 8, 12)),
        (DAY, (1, 7)),
    )
    for number in numbers
)
EVEN = 10  # readings in an interval: one more or less of them is no matter


def derive_contract(fleet: Fleet, readings: Readings) -> Contract:
    """The contract the configuration asks for; what it leaves open follows from the readings.

    Raises:
        ConfigurationError: a value out of range.
        HistoryError: no interval is given and none can be told from the readings.
    """
    if fleet.interval:
        return contract_at(fleet, parse_duration(fleet.interval))
    return contract_at(fleet, choose_interval(fleet, readings))


def choose_interval(fleet: Fleet, readings: Readings) -> int:
    """The interval that serves most series, in ns; of equally good ones the longer.

    Each series asks for one, see `interval_for`. Where some series have enough history to train on at the interval they ask
    for, only those are asked.

    Args:
        fleet: window and horizon, where they are given, say how much is enough.
        readings: rows in any order.

    Raises:
        ConfigurationError: a value of `fleet` out of range.
        HistoryError: no series has two readings at different times.
    """
    asked = [(interval_for(spacing), span) for spacing, span in _spacings(readings)]
    if not asked:
        raise HistoryError("expected two readings of one series at different times; give the interval, such as 15min")
    needed = {interval: interval * least_history(contract_at(fleet, interval)) for interval, _ in asked}
    enough = [interval for interval, span in asked if span >= needed[interval]]
    votes = Counter(enough or [interval for interval, _ in asked])
    return max(votes, key=lambda interval: (votes[interval], interval))


def interval_for(spacing: int) -> int:
    """The interval for readings that come so many ns apart: that spacing, or a longer one where a week would not fit a window.

    The longer one is the shortest round interval of which a week does fit, and in which there are as many readings each time,
    or at least ten.
    """
    if _week_fits(spacing):
        return spacing
    fitting = (interval for interval in ROUND if _week_fits(interval))
    return next(interval for interval in fitting if interval % spacing == 0 or interval >= EVEN * spacing)


def _week_fits(interval: int) -> bool:
    return LONGEST_WINDOW * interval >= WEEK * DAY


def _spacings(readings: Readings) -> Iterator[tuple[int, int]]:
    """Usual spacing and span of every series that has two readings at different times, ns.

    Where at least half of the spacings of a series are equal, it is that one to the nanosecond; else (times that jitter) their
    median, rounded. Of equally common spacings the longer one counts.
    """
    order = np.lexsort((readings.time, readings.series))
    series, time = readings.series[order], readings.time[order]
    del order
    for moments in np.split(time, group_starts(series)[1:]):
        spacing = np.diff(moments)
        spacing = spacing[spacing > 0]
        if len(spacing):
            lengths, count = np.unique(spacing, return_counts=True)
            common = len(lengths) - 1 - int(np.argmax(count[::-1]))
            exact = 2 * count[common] >= len(spacing)
            usual = int(lengths[common]) if exact else rounded(float(np.median(spacing)))
            yield usual, int(moments[-1] - moments[0])


def rounded(spacing: float) -> int:
    """The length of time that people use which is nearest to one, ns."""
    return min(ROUND, key=lambda length: max(length / spacing, spacing / length))

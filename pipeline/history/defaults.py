"""The contract of a fleet: interval, window and horizon follow from the readings, the clock from the configuration."""

import importlib.util
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import date
from types import ModuleType
from typing import TypeAlias

import numpy as np

from edge.config.fleet import LONGEST_WINDOW, WEEK, contract_at
from edge.config.training_sections import Fleet
from edge.contract.clock import Clock
from edge.contract.columns import Readings
from edge.contract.contract import Contract
from edge.contract.grid import group_starts
from edge.contract.times import DAY, EARLIEST, SECOND, parse_duration
from edge.errors import ConfigurationError, HistoryError
from edge.quoting import did_you_mean, quoted
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

# The lists are the same whenever a fleet is trained, so that its contract stays the same. No reading is older.
FIRST, LAST = 2000, 2060  # years
SHORTEST = 180 * DAY  # of a training part, ns: with a few weeks networks take chance for a habit of the clock

Dates: TypeAlias = Callable[[str, int, int], Iterable[date]]


def derive_contract(fleet: Fleet, readings: Readings) -> Contract:
    """The contract the configuration asks for; what it leaves open follows from the readings.

    Raises:
        ConfigurationError: a value out of range.
        HistoryError: no interval is given and none can be told from the readings.
    """
    if fleet.interval:
        return contract_at(fleet, parse_duration(fleet.interval))
    return contract_at(fleet, choose_interval(fleet, readings))


def with_enough(contract: Contract, intervals: int) -> Contract:
    """The same contract with as much of its coarse past as a history is long enough for.

    Without the longest spans, and then without any, less history is enough. A contract without a coarse past stays as it is.

    Args:
        contract: contract that follows from the interval.
        intervals: number of intervals of the history.
    """
    pasts = [replace(contract, coarse=contract.coarse[first:]) for first in range(len(contract.coarse))]
    if contract.coarse:
        pasts.append(replace(contract, coarse=(), window=LONGEST_WINDOW))
    return next((past for past in pasts if least_history(past) <= intervals), pasts[-1] if pasts else contract)


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
        raise HistoryError(
            "expected two readings of one series at different times; let more come, or set [fleet] interval, such as 15min"
        )
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


def with_clock(contract: Contract, fleet: Fleet, training: int) -> Contract:
    """The same contract for networks that look at the clock; as it is where the history is too short to learn of weeks.

    Args:
        contract: contract that follows from the readings.
        fleet: time zone and holidays.
        training: intervals of the training part.

    Raises:
        ConfigurationError: as `clock_of`.
    """
    clock = clock_of(fleet)
    return replace(contract, inputs=(clock,)) if training * contract.interval >= SHORTEST else contract


def clock_of(fleet: Fleet, dates: Dates | None = None) -> Clock:
    """The clock of a fleet, for the years 2000 to 2060.

    Args:
        fleet: time zone and holidays.
        dates: function that gives the public holidays of a country between two years; None: `public_holidays`.

    Raises:
        ConfigurationError: there is no such zone or country, or the library of holidays is not installed.
    """
    listed = () if fleet.holidays is None else (dates or public_holidays)(fleet.holidays, FIRST, LAST)
    end = EARLIEST + (LAST + 1 - FIRST) * 366 * DAY
    return Clock.of(fleet.time_zone or "UTC", EARLIEST - DAY, end, listed)


def short_clock(contract: Contract, fleet: Fleet) -> str | None:
    """A line about settings of the clock that change nothing yet; None where the networks look at it, or nothing was set.

    Args:
        contract: contract of the networks, from `with_clock`.
        fleet: time zone and holidays.
    """
    named = [name for name in ("time_zone", "holidays") if getattr(fleet, name) is not None]
    if not named or contract.clock is not None:
        return None
    does = "do" if len(named) == 2 else "does"
    return (
        f"[fleet] {' and '.join(named)} {does} nothing yet: networks look at the clock where they train on "
        f"{SHORTEST // DAY} days or more; nothing is to be done but to collect more history"
    )


def check_holidays(fleet: Fleet) -> None:
    """Refuse a country of which no holidays are known; where the library is not installed, nobody can tell.

    Raises:
        ConfigurationError: nothing is known of it.
    """
    if fleet.holidays is not None and importlib.util.find_spec("holidays") is not None:
        public_holidays(fleet.holidays, LAST, LAST)


def public_holidays(code: str, first: int, last: int) -> list[date]:
    """The public holidays of a country, or of a part of it.

    Args:
        code: country, such as `DE`, or country and subdivision, such as `DE-BW`, as in ISO 3166.
        first: first year.
        last: last year.

    Raises:
        ConfigurationError: nothing is known of it, or the library is not installed.
    """
    try:
        library = importlib.import_module("holidays")  # takes a second, and only fleets with holidays need it
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            "[fleet] holidays needs the library holidays on the trainer; in a clone of the repository: pip install '.[train]'"
        ) from error
    country, _, subdivision = code.partition("-")
    try:
        dates = library.country_holidays(country, subdiv=subdivision or None, years=range(first, last + 1))
    except (NotImplementedError, KeyError) as error:
        parts = library.list_supported_countries().get(country)
        near = did_you_mean(subdivision if parts else country, parts or _countries(library))
        advice = f"its parts are {', '.join(parts)}" if parts else "write a country as DE, or a part of one as DE-BW"
        raise ConfigurationError(f"[fleet] holidays: nothing is known of {quoted(code)}{near or ';'} {advice}") from error
    return sorted(dates)


def _countries(library: ModuleType) -> set[str]:
    """The codes of all countries, and their English names."""
    return {name for names in library.registry.COUNTRIES.values() for name in names}

"""The contract that `[fleet]` asks for, where the interval is known."""

from edge.config.training_sections import Fleet
from edge.contract.contract import Contract
from edge.contract.times import DAY

WEEK = 7  # days
LONGEST_WINDOW = 720  # intervals
LONGEST_HORIZON = 720
FEW_DAYS = (56, 24)  # window and horizon where an interval is a day or longer


def contract_at(fleet: Fleet, interval: int) -> Contract:
    """The contract of an interval in ns.

    The window is a week and the horizon a day, each at most 720 intervals; 56 and 24 intervals where one is about a day or
    longer.

    Raises:
        ConfigurationError: a value out of range.
    """
    day = round(DAY / interval)
    window, horizon = (min(WEEK * day, LONGEST_WINDOW), min(day, LONGEST_HORIZON)) if day >= 2 else FEW_DAYS
    return Contract(
        interval, fleet.window or window, fleet.horizon or horizon, fleet.quantiles, fleet.aggregation, fleet.max_missing
    )

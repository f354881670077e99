"""Window and horizon that follow from an interval."""

import pytest

from edge.config.fleet import contract_at
from edge.config.training_sections import Fleet
from edge.contract.times import DAY, SECOND

MINUTE = 60 * SECOND


@pytest.mark.parametrize(
    ("fleet", "interval", "words"),
    [
        (Fleet(), 15 * MINUTE, "interval 15min, looks back 7d, ahead 1d"),
        (Fleet(), MINUTE, "interval 1min, looks back 12h, ahead 12h"),
        (Fleet(), DAY, "interval 1d, looks back 56d, ahead 24d"),
        (Fleet(horizon=24), MINUTE, "interval 1min, looks back 12h, ahead 24min"),
    ],
)
def test_a_week_back_and_a_day_ahead_but_720_intervals_at_most(fleet: Fleet, interval: int, words: str) -> None:
    """An interval of a day looks back eight weeks; what is configured counts."""
    assert contract_at(fleet, interval).words == words

"""What the rows of a file are told is what a device had said by then."""

import numpy as np
import pytest
from nab import COARSE, Found, Replayer, row_scores

from edge.contract.columns import Readings, SeriesTable
from edge.contract.times import parse_duration

HOUR = parse_duration(COARSE)


def test_row_that_closes_an_interval_has_its_rarity() -> None:
    """Rows each half hour: the interval of hour 2 ends at hour 3, row 6; what is less rare within half a day is left out."""
    target = np.array([2, 5, 8, 30]) * HOUR
    found = Found(target, np.array([20.0, 150.0, 40.0, 40.0]), 1, [5 * HOUR], 0.0)
    rarity, alarms = row_scores(np.arange(70) * (HOUR // 2), HOUR, found)
    assert {row: rarity[row] for row in np.flatnonzero(rarity).tolist()} == {6: 20.0, 12: 150.0, 62: 40.0}
    assert np.flatnonzero(alarms).tolist() == [12]


def test_last_interval_of_a_file_is_closed_by_no_row() -> None:
    """Nobody is told of it."""
    found = Found(np.array([9]) * HOUR, np.array([200.0]), 1, [9 * HOUR], 0.0)
    rarity, alarms = row_scores(np.arange(10) * HOUR, HOUR, found)
    assert (rarity.sum(), alarms.sum()) == (0.0, 0.0)


@pytest.mark.training
def test_starter_with_the_engine_of_the_agent_finds_a_glitch() -> None:
    """Three weeks of a daily course, and one hour that is far from it."""
    hours = np.arange(24 * 21)
    values = 20 + 5 * np.sin(hours / 24 * 2 * np.pi) + np.random.default_rng(1).normal(0, 0.3, len(hours))
    values[450] = 60.0
    readings = Readings(np.zeros(len(hours), np.int32), hours * HOUR, values)
    found = Replayer().run(SeriesTable(["a"]), readings, HOUR)
    assert found.alarms == [450 * HOUR]
    assert found.rarity[found.target == 450 * HOUR][0] >= 100

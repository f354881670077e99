"""Two values of one series within milliseconds, again and again.

The kind of fault: the sensor's name stands in the payload, two sensors become one series, and nothing is said.
"""

import pytest

from edge.clock.doubles import Doubles
from edge.contract.columns import Readings
from edge.contract.times import SECOND

MILLI = SECOND // 1000


def said(*rows: tuple[int, int, float], size: int = 100) -> list[int]:
    """Series that are named, of rows of series, ms and value in batches of that size."""
    doubles, named = Doubles(), list[int]()
    for start in range(0, len(rows), size):
        series, time, value = zip(*rows[start : start + size], strict=True)
        named += doubles.look(Readings.of(series, [at * MILLI for at in time], value))
    return named


def test_two_sensors_that_speak_together_are_noticed_once() -> None:
    """A receiver tells of both within milliseconds, every half minute; another series beside them is left alone."""
    rows = [row for at in range(0, 600_000, 30_000) for row in ((1, at, 15.1), (1, at + 5, -2.1), (0, at, 1.0))]
    assert said(*rows) == said(*rows, size=6) == [1]


@pytest.mark.parametrize(
    "rows",
    [
        [(0, at, at % 7) for at in range(500)],
        [(0, at + twice, 21.5) for at in range(0, 600_000, 30_000) for twice in (0, 5)],
        [(0, at + twice, at + twice) for at in (0, 30_000) for twice in (0, 5)],
        [(0, at, at % 7) for at in range(0, 60_000, 100)],
        [(0, hour * 3_600_000 + (0 if n < 10 else n * 60_000), n) for hour in range(6) for n in range(60)],
    ],
    ids=["a fast sensor", "the same value twice", "seldom", "ten a second", "bursts after outages"],
)
def test_one_sensor_is_one(rows: list[tuple[int, int, float]]) -> None:
    """Fast ones, and such that repeat themselves."""
    assert said(*rows) == []


def test_nothing_gives_nothing() -> None:
    """An empty batch."""
    assert Doubles().look(Readings.empty()) == []

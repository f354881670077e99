"""The readings of a file counted as they pass by, with little memory.

Kind of fault: rows that collide are not counted, and nobody is told which value was kept.
"""

from collections.abc import Iterator

import numpy as np
import pytest

from edge.contract.columns import Readings
from pipeline.files.tally import Collisions, Tally


def batches(*rows: tuple[int, int], size: int) -> Iterator[Readings]:
    """(series, time) rows in the order of a file, so many at a time."""
    for begin in range(0, len(rows), size):
        some = rows[begin : begin + size]
        yield Readings.of([row[0] for row in some], [row[1] for row in some], [1.0] * len(some))


def counted(*rows: tuple[int, int], size: int) -> tuple[list[int], dict[int, list[int]], int]:
    """Times of each series, what repeats, and how many series had to be kept in memory."""
    tally = Tally()
    for batch in batches(*rows, size=size):
        tally.count(batch)
    kept = 0
    for batch in batches(*rows, size=size):
        kept += tally.keep_disordered(batch)
    repeated = {owner: times.tolist() for owner, times in tally.repeated().items()}
    return tally.distinct().tolist(), repeated, kept


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_times_are_counted_once_in_whatever_order_and_pieces_they_come(size: int) -> None:
    """Rising and falling series cost no memory; in the others the repeated times are known."""
    assert counted((0, 1), (1, 9), (0, 2), (1, 8), (0, 3), size=size) == ([3, 2], {}, 0)
    rows = ((1, 5), (0, 7), (0, 7), (1, 6), (1, 5), (0, 3), (0, 3), (2, 1), (2, 2))
    assert counted(*rows, size=size) == ([2, 2, 2], {0: [3, 7], 1: [5]}, 7)


def test_counts_agree_with_a_set_on_random_files() -> None:
    """Any order, any repetition, any pieces."""
    random = np.random.default_rng(5)
    for size in (1, 7, 50):
        rows = [
            (int(series), int(time)) for series, time in zip(random.integers(0, 3, 60), random.integers(0, 30, 60), strict=True)
        ]
        rows += [(0, -1), (1, -1), (2, -1)]
        distinct, repeated, _ = counted(*rows, size=size)
        assert distinct == [len({time for owner, time in rows if owner == series}) for series in range(3)]
        assert repeated == {
            series: times
            for series in range(3)
            if (times := sorted({time for owner, time in rows if owner == series and rows.count((owner, time)) > 1}))
        }


def test_the_usual_step_of_a_series_is_its_interval() -> None:
    """The median; a gap does not count, and one reading has none."""
    tally = Tally()
    tally.count(Readings.of([0] * 6 + [1], [0, 10, 20, 30, 500, 510, 7], [1.0] * 7))
    assert (tally.interval_of(0), tally.interval_of(1), tally.span_of(0)) == (10, 0, (0, 510))


@pytest.mark.parametrize("size", [1, 2, 100])
def test_rows_with_another_value_at_the_same_time_are_counted(size: int) -> None:
    """However the rows are cut; the same value again is no collision, and the first row is named with both values."""
    rows = [(0, 5, 1.0), (1, 5, 9.0), (0, 5, 1.0), (0, 6, 1.0), (0, 5, 2.0), (0, 5, 3.0), (1, 5, 8.0)]
    collisions = Collisions({0: np.array([5]), 1: np.array([5])}, ["a", "b"])
    for begin in range(0, len(rows), size):
        part = Readings.of(*zip(*rows[begin : begin + size], strict=True))
        collisions.take(part, np.arange(begin, begin + len(part)), lambda row: f"line {row + 2}")
    assert collisions.different == 3
    assert collisions.example == "line 6, 'a' at 1970-01-01T00:00:00Z: 2 after 1"

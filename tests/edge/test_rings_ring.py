"""Cells of the newest intervals; `test_series_state.py` compares whole windows with a slow reference."""

import numpy as np
import pytest

from edge.contract.columns import Int64, Readings
from edge.contract.contract import Contract
from edge.contract.grid import Aggregation
from edge.rings.ring import Ring, Rows
from edge.series.state import State


def rows(series: list[int], time: list[int], value: list[float]) -> Rows:
    """Readings of open intervals of 10 ns, each at a time of its own."""
    number = np.asarray(time) // 10
    nothing = np.zeros(len(time), np.int64)
    previous = np.full(len(time), np.nan)
    return Rows(np.asarray(series, np.int32), np.asarray(time), np.asarray(value), previous, number, nothing, nothing)


def numbers(*values: int) -> Int64:
    """Numbers of intervals."""
    return np.asarray(values, np.int64)


@pytest.mark.parametrize(("aggregation", "expected"), [("mean", 2.0), ("last", 1.0), ("sum", 6.0), ("min", 1.0), ("max", 3.0)])
def test_the_readings_of_an_interval_become_one_value(aggregation: Aggregation, expected: float) -> None:
    """However many fills they come in."""
    ring = Ring(4, 10, aggregation)
    ring.grow(2)
    ring.make_room(np.asarray([1], np.int32), numbers(3))
    ring.fill(rows([1, 1], [20, 21], [2.0, 3.0]))
    ring.fill(rows([1], [29], [1.0]))
    assert ring.windows(np.asarray([1], np.int32), numbers(3), 2).tolist()[0][1:] == [expected]


def test_windows_are_young_where_their_first_half_is_empty_for_more_than_a_tenth() -> None:
    """Gaps behind the first value do not count, nor do series without any value."""
    contract = Contract(interval=10, window=4, horizon=1)
    for old, young in ((0, True), (8, True), (9, False)):
        state = State(contract, 0)
        for times in ([10] * old, [39] * (old + 1)):
            state.ingest(Readings.of(list(range(len(times))), times, [1.0] * len(times)))
        state.advance(40)
        assert state.is_young is young, old


def test_a_cell_is_empty_when_its_next_interval_begins() -> None:
    """What stood in it has left the window; a ring whose top lies ahead already stays as it is."""
    ring, owner = Ring(3, 10, "mean"), np.asarray([0], np.int32)
    ring.grow(1)
    ring.make_room(owner, numbers(3))
    ring.fill(rows([0, 0, 0], [0, 10, 20], [1.0, 2.0, 3.0]))
    ring.make_room(owner, numbers(2))
    assert ring.windows(owner, numbers(3), 3).tolist() == [[1.0, 2.0, 3.0]]
    ring.make_room(owner, numbers(5))
    np.testing.assert_array_equal(ring.windows(owner, numbers(5), 3), [[3.0, np.nan, np.nan]])


def test_another_ring_takes_over_the_newest_cells() -> None:
    """Those from an interval on; in a longer one the cells before stay empty."""
    ring, owner = Ring(3, 10, "last"), np.asarray([0], np.int32)
    ring.grow(1)
    ring.make_room(owner, numbers(3))
    ring.fill(rows([0, 0, 0], [0, 10, 20], [1.0, 2.0, 3.0]))
    for columns, first, expected in ((5, 0, [1.0, 2.0, 3.0]), (5, 2, [np.nan, np.nan, 3.0]), (2, 1, [2.0, 3.0])):
        other = Ring(columns, 10, "last")
        other.grow(1)
        other.take_over(ring, numbers(0), numbers(first))
        assert other.top.tolist() == [3]
        np.testing.assert_array_equal(other.windows(owner, numbers(3), len(expected)), [expected])


def test_a_cell_that_knows_as_much_keeps_its_value() -> None:
    """Another ring fills those that know less; a cell for which there is no room any more is left out."""
    ring, other, owner = Ring(3, 10, "last"), Ring(3, 10, "last"), np.asarray([0], np.int32)
    for each, top, times in ((ring, 3, [0, 10, 20]), (other, 4, [20])):
        each.grow(1)
        each.make_room(owner, numbers(top))
        each.fill(rows([0] * len(times), times, [time + top for time in map(float, times)]))
    assert other.room(ring, numbers(0)).tolist() == [1]
    other.take_over(ring, numbers(0), numbers(1))
    assert other.top.tolist() == [4]
    np.testing.assert_array_equal(other.windows(owner, numbers(4), 3), [[13.0, 24.0, np.nan]])


@pytest.mark.parametrize("count", [200, 300, 70_000])
def test_an_interval_has_any_number_of_readings(count: int) -> None:
    """The mean is right where a byte or two cannot count them, also after a restart and under another contract."""
    state = State(Contract(interval=100_000, window=2, horizon=1))
    state.ingest(Readings.of([1, *[0] * count], range(count + 1), [7.0, *[2.0] * count]))
    for other in (state, State.load(state.dump()), state.adapted(Contract(interval=100_000, window=3, horizon=1), 0)):
        other.ingest(Readings.of([0], [90_000], [3.0 + count]))
        assert other.advance(100_000).windows[:, -1].tolist() == [pytest.approx(3.0, rel=1e-12), 7.0]


def test_parts_of_a_dump_are_bounded_in_bytes() -> None:
    """A dump of long windows has more parts, and comes back as it was."""
    state = State(Contract(interval=10, window=5000, horizon=1))
    state.ingest(Readings.of(range(40), [5] * 40, range(40)))
    parts = list(state.dump())
    assert len(parts) == 2 + 3
    assert max(map(len, parts)) < 1_100_000
    assert list(State.load(iter(parts)).dump()) == parts

"""The series state against a slow reference that takes one reading at a time."""

import itertools
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.contract.columns import Bool, Float64, Readings
from edge.contract.contract import Contract
from edge.contract.grid import Aggregation, aggregate
from edge.contract.meaning import GAUGE, Meaning
from edge.contract.values import EARLIER, Held, interval_values
from edge.series.state import State

AGGREGATIONS: tuple[Aggregation, ...] = ("mean", "last", "sum", "min", "max")


class Reference:
    """One reading at a time, every reading kept: what `State` has to be equal to."""

    def __init__(self, contract: Contract, lateness: int, meanings: Sequence[Meaning] = (GAUGE,) * 4) -> None:
        self.contract, self.lateness, self.meanings = contract, lateness, meanings
        self.readings: dict[int, dict[int, float]] = defaultdict(dict)
        self.frontier: dict[int, int] = {}
        self.rows: list[tuple[int, int, tuple[float, ...], int]] = []

    def ingest(self, series: int, time: int, value: float) -> None:
        """Take one reading."""
        interval, window = self.contract.interval, self.contract.window
        reached = (time - self.lateness) // interval
        before = self.frontier.setdefault(series, reached)
        earlier = 0 if self.meanings[series].is_plain else EARLIER
        if time // interval > before - window - earlier:
            self.readings[series][time] = value
        if reached > before:
            self.frontier[series] = reached
            self.rows.append((series, reached * interval, self.window(series, reached), reached - before))

    def window(self, series: int, frontier: int) -> tuple[float, ...]:
        """The window that closes at a frontier, made of everything before it."""
        window = self.contract.window
        cells, counter, held = self.cells(series, frontier, frontier - window - EARLIER)
        return tuple(interval_values(cells, counter, held, window)[0].astype(np.float32).tolist())

    def cells(self, series: int, frontier: int, first: int) -> tuple[Float64, Bool, Held]:
        """What `interval_values` needs of every reading before a frontier, from an interval on or an earlier one."""
        contract, meaning = self.contract, self.meanings[series]
        known = [(t, v) for t, v in self.readings[series].items() if t // contract.interval < frontier]
        readings = Readings.of([0] * len(known), [t for t, _ in known], [v for _, v in known])
        aggregation = "last" if meaning.kind == "counter" else contract.aggregation
        _, number, value = aggregate(readings, contract.interval, aggregation)
        first = min([first, *number.tolist()])
        cells = np.full((1, frontier - first), np.nan)
        cells[0, number - first] = value
        longest = np.asarray([meaning.hold // contract.interval])
        return cells, np.asarray([meaning.kind == "counter"]), Held(longest, np.asarray([np.nan]), np.asarray([0]))


def same_rows(
    found: list[tuple[int, int, tuple[float, ...], int]], expected: list[tuple[int, int, tuple[float, ...], int]]
) -> None:
    """Assert equal rows, values to float32 rounding."""
    assert [row[:2] + row[3:] for row in found] == [row[:2] + row[3:] for row in expected]
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one[2], other[2], rtol=1e-5, atol=1e-4)


def ingest(state: State, rows: list[tuple[int, int, float]]) -> list[tuple[int, int, tuple[float, ...], int]]:
    """The rows a batch closes."""
    series, time, value = zip(*rows, strict=True)
    closed = state.ingest(Readings.of(series, time, value)).closed
    return [
        (int(s), int(o), tuple(w.tolist()), int(a))
        for s, o, w, a in zip(closed.series, closed.origin, closed.windows, closed.advanced, strict=True)
    ]


def by_series(rows: list[tuple[int, int, tuple[float, ...], int]]) -> list[tuple[int, int, tuple[float, ...], int]]:
    """Rows sorted by series and origin."""
    return sorted(rows, key=lambda row: row[:2])


near = st.integers(0, 200)
far = st.integers(0, 5_000)
# Held for less than a window, for longer than the ring has cells, and for ever.
MEANINGS = (GAUGE, Meaning("counter"), Meaning(hold=30), Meaning("counter", 200), Meaning(hold=600), Meaning(hold=10**9))
meanings_of_series = st.lists(st.sampled_from(MEANINGS), min_size=4, max_size=4)
rows_of_readings = st.lists(
    st.tuples(st.integers(0, 3), st.one_of(near, near, near, far), st.integers(-50, 50).map(float)), min_size=1, max_size=60
)


@given(
    rows=rows_of_readings,
    cuts=st.lists(st.integers(1, 59), max_size=5),
    lateness=st.sampled_from([0, 3, 25]),
    aggregation=st.sampled_from(AGGREGATIONS),
    meanings=meanings_of_series,
)
def test_any_batching_gives_what_one_reading_at_a_time_gives(
    rows: list[tuple[int, int, float]],
    cuts: list[int],
    lateness: int,
    aggregation: Aggregation,
    meanings: list[Meaning],
) -> None:
    """Late, repeated and replaced readings and gaps have the same effect however they are cut into batches.

    The trainer's table makes its values by the same functions, so device and trainer agree about counters and held values.
    """
    contract = Contract(10, 6, 2, aggregation=aggregation)
    reference = Reference(contract, lateness, meanings)
    state = State(contract, lateness, meaning=meanings.__getitem__)
    for row in rows:
        reference.ingest(*row)
    edges = sorted({0, *(cut for cut in cuts if cut < len(rows)), len(rows)})
    found = [row for start, stop in itertools.pairwise(edges) for row in ingest(state, rows[start:stop])]
    same_rows(by_series(found), by_series(reference.rows))


@settings(max_examples=50)
@given(
    rows=st.lists(
        st.tuples(st.integers(0, 1), st.integers(0, 6).map(lambda at: at * 4), st.integers(0, 9).map(float)), max_size=20
    ),
    cut=st.integers(0, 20),
    aggregation=st.sampled_from(["min", "max"]),
)
def test_a_corrected_extreme_is_that_of_the_history(
    rows: list[tuple[int, int, float]], cut: int, aggregation: Aggregation
) -> None:
    """The old value of a reading is forgotten, in the order in which the store forgot it, also of a closed interval."""
    state = State(Contract(10, 3, 1, aggregation=aggregation))
    for part in (rows[:cut], rows[cut:]):
        if part:
            ingest(state, part)
    readings = Readings.of(*zip(*rows, strict=True)) if rows else Readings.empty()
    series, number, value = aggregate(readings, 10, aggregation)
    closed = state.advance(30)
    expected = np.full((2, 3), np.nan)
    expected[series, number] = value
    np.testing.assert_array_equal(closed.windows, expected[closed.series])


@pytest.mark.parametrize("cells", [10, 220])
def test_a_corrected_extreme_is_held_as_corrected(cells: int) -> None:
    """Also where its cell leaves the ring with the batch that corrects it."""
    state = State(Contract(10, 6, 2, aggregation="min"), meaning=lambda _: Meaning(hold=6000))
    rows = [(0, 0, 0.0), (0, 0, 1.0), (0, cells, 5.0)]
    assert ingest(state, rows)[-1][2][-1] == 1.0


@given(rows=rows_of_readings, cut=st.integers(1, 59), lateness=st.sampled_from([0, 25]), meanings=meanings_of_series)
def test_a_dumped_state_goes_on_as_if_nothing_had_happened(
    rows: list[tuple[int, int, float]], cut: int, lateness: int, meanings: list[Meaning]
) -> None:
    """Dump and load in the middle of a stream changes no later window."""
    contract = Contract(10, 6, 2)
    straight, broken = (State(contract, lateness, meaning=meanings.__getitem__) for _ in range(2))
    before, after = rows[:cut], rows[cut:]
    ingest(straight, before)
    ingest(broken, before)
    broken = State.load(iter(list(broken.dump())), meanings.__getitem__)
    if after:
        assert str(ingest(broken, after)) == str(ingest(straight, after))


@given(rows=rows_of_readings)
def test_redelivery_changes_nothing(rows: list[tuple[int, int, float]]) -> None:
    """A batch that comes a second time as a whole, last values included, closes nothing and changes no cell."""
    unique = list({row[:2]: row for row in rows}.values())
    state = State(Contract(10, 6, 2), 0)
    ingest(state, unique)
    held = [*state.dump()]
    again = state.ingest(Readings.of(*zip(*unique, strict=True)))
    assert not again.fresh.any()
    assert not len(again.closed)
    assert [*state.dump()] == held


@pytest.mark.parametrize("aggregation", AGGREGATIONS)
def test_device_and_trainer_see_the_same_grid(aggregation: Aggregation) -> None:
    """Windows of the state hold exactly what `aggregate` gives the trainer for the same readings."""
    rng = np.random.default_rng(7)
    time = np.sort(rng.choice(4_000, 900, replace=False))
    readings = Readings(np.zeros(900, np.int32), time, rng.normal(20, 5, 900))
    contract = Contract(30, 24, 4, aggregation=aggregation)
    state = State(contract)
    parts = [state.ingest(readings.take(slice(start, start + 37))).closed for start in range(0, 900, 37)]
    _, number, value = aggregate(readings, 30, aggregation)
    grid = np.full(int(number.max()) + 1, np.nan, np.float32)
    grid[number] = value
    for closed in parts:
        for origin, window in zip(closed.origin // 30, closed.windows, strict=True):
            if origin >= 24:
                np.testing.assert_allclose(window, grid[origin - 24 : origin], rtol=1e-6)


def test_counting_series_stands_where_its_interval_is() -> None:
    """The newest value of a window is the one of the interval that ends at the origin."""
    contract = Contract(interval=60, window=5, horizon=2)
    state = State(contract)
    closed = state.ingest(Readings.of([0] * 10, [60 * k for k in range(10)], list(range(10)))).closed
    assert closed.origin.tolist() == [60 * k for k in range(1, 10)]
    for origin, window in zip(closed.origin // 60, closed.windows, strict=True):
        expected = [float(k) if k >= 0 else float("nan") for k in range(origin - 5, origin)]
        np.testing.assert_array_equal(window, np.asarray(expected, np.float32))


def test_late_reading_repairs_the_next_window_and_a_later_one_is_dropped() -> None:
    """A reading of a closed interval appears in the next window; one that no window can hold is counted only."""
    state = State(Contract(interval=10, window=3, horizon=1))
    state.ingest(Readings.of([0, 0], [0, 20], [1.0, 3.0]))
    repaired = state.ingest(Readings.of([0, 0], [15, 30], [2.0, 4.0]))
    assert (repaired.late, repaired.too_late.tolist()) == (1, [False, False])
    np.testing.assert_array_equal(repaired.closed.windows[-1], np.array([1, 2, 3], np.float32))
    dropped = state.ingest(Readings.of([0], [0 + 1], [9.0]))
    assert (dropped.late, dropped.too_late.tolist()) == (0, [True])


def test_the_clock_closes_silent_series_with_missing_values() -> None:
    """An interval without a reading is NaN, never a copy and never zero."""
    state = State(Contract(interval=10, window=3, horizon=1))
    state.ingest(Readings.of([0], [5], [7.0]))
    assert not len(state.advance(9))
    closed = state.advance(31)
    assert closed.origin.tolist() == [30]
    assert closed.advanced.tolist() == [3]
    np.testing.assert_array_equal(closed.windows[0], np.array([7, np.nan, np.nan], np.float32))
    assert not len(state.advance(31))


def test_a_longer_window_takes_over_what_the_shorter_one_has_seen() -> None:
    """A new contract on the same grid keeps what a window may hold; on another grid it starts empty."""
    state = State(Contract(interval=10, window=3, horizon=1))
    state.ingest(Readings.of([0] * 6, [10 * k for k in range(6)], list(range(6))))
    longer = state.adapted(Contract(interval=10, window=5, horizon=1), 0)
    closed = longer.ingest(Readings.of([0], [60], [6.0])).closed
    np.testing.assert_array_equal(closed.windows[-1], np.array([np.nan, np.nan, 3, 4, 5], np.float32))
    other = state.adapted(Contract(interval=20, window=5, horizon=1), 0)
    assert len(other) == 0


def test_each_reading_is_fresh_late_or_too_late_once() -> None:
    """A repetition is none of them, in the same batch or a later one; a new value of the same moment is fresh again."""
    state = State(Contract(interval=10, window=3, horizon=1))
    first = state.ingest(Readings.of([0, 0, 0], [0, 0, 41], [1.0, 1.0, 4.0]))
    assert (first.fresh.tolist(), first.late, first.too_late.sum()) == ([True, False, True], 0, 0)
    # The first open interval is number 4, and the next window holds 2, 3 and 4.
    times = [19, 20, 20, 39, 40, 5, 5, 39]
    values = [1.0, 2.0, 2.0, 3.0, 4.5, 7.0, 7.0, 3.5]
    second = state.ingest(Readings.of([0] * 8, times, values))
    assert second.fresh.tolist() == [True, True, False, True, True, True, False, True]
    assert (second.late, np.flatnonzero(second.too_late).tolist()) == (3, [0, 5])
    third = state.ingest(Readings.of([0] * 8, times, values))
    assert (third.late, third.too_late.sum()) == (2, 0)  # 39 was 3.0 and 3.5 in turn, and is again
    assert third.fresh.tolist() == [False] * 3 + [True] + [False] * 3 + [True]


def test_clock_and_readings_wait_for_what_may_come_late() -> None:
    """An interval closes when its end and the lateness have passed, by the latest reading or by the clock."""
    state = State(Contract(interval=10, window=3, horizon=1), lateness=25)
    assert state.reached == 0
    assert not len(state.ingest(Readings.of([0, 0], [0, 4], [0.5, 1.5])).closed)
    assert state.advance(34).origin.tolist() == [0]
    assert not len(state.advance(34))
    assert state.advance(35).origin.tolist() == [10]
    closed = state.ingest(Readings.of([0, 0], [15, 45], [3.0, 4.0])).closed
    assert (closed.origin.tolist(), closed.advanced.tolist()) == ([20], [1])
    np.testing.assert_array_equal(closed.windows[0], np.array([np.nan, 1, 3], np.float32))
    assert (state.reached, len(state)) == (20, 1)


def test_only_wanted_origins_get_windows() -> None:
    """The others close all the same, and what they held is in the windows that are wanted."""
    state = State(Contract(interval=10, window=2, horizon=1), wanted=lambda origin: origin % 20 == 0)
    closed = state.ingest(Readings.of([0] * 5, [0, 10, 20, 30, 40], [0.0, 1.0, 2.0, 3.0, 4.0])).closed
    assert (closed.origin.tolist(), closed.advanced.tolist()) == ([20, 40], [1, 1])
    np.testing.assert_array_equal(closed.windows, np.array([[0, 1], [2, 3]], np.float32))
    assert state.advance(59).origin.tolist() == []
    assert state.advance(60).origin.tolist() == [60]


def crowd(number: int, size: int) -> Readings:
    """A reading at the start of interval `number` from that many series, each with a value of its own."""
    return Readings.of(list(range(size)), [10 * number] * size, [1000.0 * number + series for series in range(size)])


def test_new_series_leave_the_windows_of_the_others_alone() -> None:
    """Each series that had a reading before closes its interval, however many are new beside it."""
    state, known = State(Contract(interval=10, window=2, horizon=1)), 0
    for number, size in enumerate([33, 34, 35, 200, 200]):
        closed = state.ingest(crowd(number, size)).closed
        assert closed.series.tolist() == list(range(known))
        assert (closed.windows[:, -1] == 1000 * (number - 1) + np.arange(known)).all()
        assert len(state) == size
        known = size


def test_a_loaded_dump_is_the_state_of_every_series() -> None:
    """More series than one part of a dump holds; the parts behind are not touched, and a hole stays one."""
    state = State(Contract(interval=10, window=2, horizon=1, aggregation="last"), lateness=3)
    state.ingest(crowd(0, 1100))
    state.ingest(Readings.of([1203], [5], [7.0]))
    parts = [*state.dump(), b"of somebody else"]
    assert len(parts) == 2 + 2 + 1
    rest = iter(parts)
    loaded = State.load(rest)
    assert list(rest) == [b"of somebody else"]
    assert (loaded.contract, loaded.lateness, len(loaded)) == (state.contract, 3, 1101)
    assert not loaded.ingest(crowd(0, 1100)).fresh.any()
    expected, closed = state.advance(20), loaded.advance(20)
    for name in ("series", "origin", "windows", "advanced"):
        np.testing.assert_array_equal(getattr(closed, name), getattr(expected, name))


def test_bytes_of_a_dump_do_not_change() -> None:
    """A snapshot that an earlier version wrote is read by a later one."""
    state = State(Contract(interval=10, window=1, horizon=1, quantiles=(0.5,)), lateness=2)
    state.ingest(Readings.of([0, 0], [1, 23], [1.5, 2.5]))
    head, recent, series = (part.hex() for part in state.dump())
    assert bytes.fromhex(head).endswith(b"\x02\x01")
    assert (
        recent
        == "93c408"
        + "00" * 8
        + "c410"
        + "0100000000000000"
        + "1700000000000000"
        + "c410"
        + "000000000000f83f"
        + "0000000000000440"
    )
    cells = ["000000000000f83f", "000000000000f87f", "0000000000000440", *["000000000000f87f"] * 15]
    weights = ["01000000", "00000000", "01000000", *["00000000"] * 15]
    edges = [f"{number:02x}00000000000000" for number in (2, 3, 23)]
    assert series == "95c490" + "".join(cells) + "c448" + "".join(weights) + "".join(f"c408{edge}" for edge in edges)


@pytest.mark.parametrize("aggregation", ["mean", "last"])
def test_an_interval_that_is_open_goes_on_under_another_contract(aggregation: Aggregation) -> None:
    """Its readings count on, a repetition stays one, and the clock of the series stands where it stood."""
    state = State(Contract(interval=10, window=3, horizon=1, aggregation=aggregation))
    state.ingest(Readings.of([1, 1, 1], [0, 13, 17], [1.0, 2.0, 4.0]))
    adapted = state.adapted(Contract(interval=10, window=5, horizon=2, aggregation=aggregation), 0)
    assert (len(adapted), adapted.reached) == (1, 10)
    ingested = adapted.ingest(Readings.of([1, 1, 1], [13, 11, 20], [2.0, 9.0, 0.0]))
    assert ingested.fresh.tolist() == [False, True, True]
    expected = {"mean": 5.0, "last": 4.0}[aggregation]
    assert ingested.closed.windows[:, -2:].tolist() == [[1.0, expected]]
    assert not len(state.adapted(Contract(interval=10, window=3, horizon=1, aggregation="sum"), 0))


def test_columns_of_closed_windows_have_their_types_with_and_without_rows() -> None:
    """Series are int32, origins and counts int64, windows float64."""
    state = State(Contract(interval=10, window=2, horizon=1))
    batches = [state.advance(5), state.ingest(Readings.empty()).closed, state.ingest(crowd(0, 2)).closed]
    for closed in (*batches, state.ingest(crowd(1, 2)).closed, state.advance(30)):
        types = [getattr(closed, name).dtype for name in ("series", "origin", "windows", "advanced")]
        assert types == [np.int32, np.int64, np.float64, np.int64]
        assert closed.windows.shape == (len(closed), 2)
    assert [len(closed) for closed in batches] == [0, 0, 0]


def test_a_reading_long_ago_is_known_again_among_the_last_ones_only() -> None:
    """65,536 readings are remembered; the oldest of more is forgotten, whatever the size of the batches."""
    state, size = State(Contract(interval=10, window=2, horizon=1)), 8_192
    for number in range(11):
        state.ingest(crowd(number, size))
    repeated = [state.ingest(crowd(number, size)).fresh.any() for number in (10, 3)]
    assert repeated == [False, False]
    for _ in range(70):
        state.ingest(Readings.of([0], [200], [1.0]))
        state.ingest(Readings.of([0], [200], [2.0]))
    assert not state.ingest(crowd(10, size)).fresh.any()


def test_the_last_value_of_a_long_interval_is_the_newest_one() -> None:
    """Whatever the order of arrival, also where the time since the interval began does not fit into 32 bits."""
    day = 24 * 3600 * 10**9
    state = State(Contract(interval=day, window=1, horizon=1, aggregation="last"))
    for time, value in ((5 * 10**9, 1.0), (6 * 10**9, 2.0), (2 * 10**9, 3.0), (day - 1, 4.0), (day - 1, 6.0), (7 * 10**9, 5.0)):
        state.ingest(Readings.of([0], [time], [value]))
    assert state.advance(day).windows.tolist() == [[6.0]]


def test_a_state_without_series_is_dumped_and_loaded() -> None:
    """It is empty on the other side and takes readings."""
    loaded = State.load(State(Contract(interval=10, window=1, horizon=1), lateness=4).dump())
    assert (len(loaded), loaded.reached, loaded.lateness) == (0, 0, 4)
    loaded.ingest(Readings.of([3], [0], [1.5]))
    assert loaded.advance(14).windows.tolist() == [[1.5]]

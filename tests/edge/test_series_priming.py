"""Kind of fault: a device whose history comes late. Windows filled with history before or after live readings."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.contract.columns import Readings
from edge.contract.contract import Contract
from edge.contract.grid import Aggregation, aggregate
from edge.contract.meaning import Meaning
from edge.errors import StoreBusy
from edge.series.state import State
from tests.edge.test_series_state import AGGREGATIONS, meanings_of_series, rows_of_readings
from tests.support.filling import fill


@settings(max_examples=50)
@given(
    rows=rows_of_readings,
    cut=st.integers(0, 60),
    lateness=st.sampled_from([0, 25]),
    aggregation=st.sampled_from(AGGREGATIONS),
    meanings=meanings_of_series,
)
def test_history_that_comes_after_live_readings_leaves_nothing_out(
    rows: list[tuple[int, int, float]], cut: int, lateness: int, aggregation: Aggregation, meanings: list[Meaning]
) -> None:
    """The windows are those of a device that had it first, also where some of it came in live, or the clock closed more."""
    history = sorted({row[:2]: row for row in rows[:cut]}.values(), key=lambda row: row[1])
    first, later = (State(Contract(10, 6, 2, aggregation=aggregation), lateness, meaning=meanings.__getitem__) for _ in "12")
    live = rows[cut:]
    for state, early, late in ((first, history, live), (later, live, history)):
        for number, part in enumerate((early, late)):
            if part and state is later and number:
                fill(state, [Readings.of(*zip(*rows, strict=True)) for rows in (part[:3], part[3:]) if rows])
            elif part:
                state.ingest(Readings.of(*zip(*part, strict=True)))
    by_clock = [state.advance(6_000) for state in (first, later)]
    for name in ("series", "origin", "windows"):
        np.testing.assert_allclose(getattr(by_clock[1], name), getattr(by_clock[0], name), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("aggregation", ["mean", "sum"])
def test_history_counts_what_came_in_live_once(aggregation: Aggregation) -> None:
    """However much history there is beside it; and what came in live is still known when it comes again."""
    per_interval, owners = 100, 100
    time = np.repeat(np.arange(8 * per_interval) * 10, owners)
    series = np.tile(np.arange(owners, dtype=np.int32), 8 * per_interval)
    history = Readings(series, time, np.random.default_rng(2).normal(20, 5, len(time)))
    contract = Contract(10 * per_interval, 8, 2, aggregation=aggregation)
    state, live = State(contract), history.take(time >= 6 * contract.interval)
    state.ingest(live)
    pages = [history.take(slice(start, start + 1000)) for start in range(0, len(history), 1000)]
    fill(state, pages)
    assert not state.ingest(live).fresh.any()
    closed = state.advance(8 * contract.interval)
    expected = aggregate(history, contract.interval, aggregation)[2].reshape(owners, 8)
    np.testing.assert_allclose(closed.windows, expected, rtol=1e-6)


def test_a_live_value_stands_against_history() -> None:
    """What the store holds of the same moment may be older."""
    state = State(Contract(10, 2, 1, aggregation="last"))
    state.ingest(Readings.of([0], [5], [2.0]))
    fill(state, [Readings.of([0, 0], [5, 6], [1.0, 3.0])])
    state.ingest(Readings.of([0], [15], [4.0]))
    assert state.advance(20).windows.tolist() == [[3.0, 4.0]]
    fill(state, [Readings.of([0], [15], [1.0])])
    assert state.ingest(Readings.of([0], [30], [5.0])).closed.windows[0, 0] == 4.0


@pytest.mark.parametrize("meaning", [Meaning("counter"), Meaning(hold=10**6)])
def test_the_oldest_interval_knows_what_was_before_it(meaning: Meaning) -> None:
    """A counter needs the reading before the window, a held series the last one, however long ago."""
    state = State(Contract(10, 3, 1), meaning=lambda _: meaning)
    state.ingest(Readings.of([0], [1005], [8.0]))
    fill(state, [Readings.of([0], [100], [1.0]), Readings.of([0] * 3, [975, 985, 995], [2.0, 4.0, 7.0])])
    assert state.advance(1010).windows.tolist() == [[2.0, 3.0, 1.0] if meaning.kind == "counter" else [4.0, 7.0, 8.0]]
    late = State(Contract(10, 3, 1), meaning=lambda _: meaning)
    late.ingest(Readings.of([0] * 3, [985, 995, 1005], [4.0, 7.0, 8.0]))
    assert late.ingest(Readings.of([0], [975], [2.0])).too_late.tolist() == [False]
    assert late.advance(1010).windows[0, 0] == (2.0 if meaning.kind == "counter" else 4.0)


def test_history_that_breaks_off_leaves_the_live_readings() -> None:
    """The store went away; it is asked again later, and all counts once."""
    state = State(Contract(10, 3, 1, aggregation="sum"))
    state.ingest(Readings.of([0, 0], [25, 31], [4.0, 8.0]))
    state.advance(40)

    def broken() -> Iterator[Readings]:
        yield Readings.of([0], [15], [1.0])
        raise StoreBusy("away")

    with pytest.raises(StoreBusy):
        fill(state, broken())
    fill(state, [Readings.of([0, 0, 0], [15, 24, 25], [1.0, 2.0, 3.0])])
    assert state.reached == 40
    assert state.advance(50).windows.tolist()[0][:2] == [6.0, 8.0]


@settings(max_examples=50)
@given(rows=rows_of_readings, aggregation=st.sampled_from(AGGREGATIONS), meanings=meanings_of_series)
def test_a_longer_window_is_filled_as_if_it_had_been_so_long(
    rows: list[tuple[int, int, float]], aggregation: Aggregation, meanings: list[Meaning]
) -> None:
    """The store has all that the shorter one has forgotten, and counts the rest once."""
    history = sorted({row[:2]: row for row in rows}.values(), key=lambda row: row[1])
    contracts = (Contract(10, window, 2, aggregation=aggregation) for window in (2, 40))
    short, long = (State(contract, meaning=meanings.__getitem__) for contract in contracts)
    for state in (short, long):
        state.ingest(Readings.of(*zip(*history, strict=True)))
    grown = short.adapted(long.contract, 0)
    fill(grown, [Readings.of(*zip(*part, strict=True)) for part in (history[:9], history[9:]) if part])
    closed = [state.advance(6_000) for state in (grown, long)]
    for name in ("series", "origin", "windows"):
        np.testing.assert_allclose(getattr(closed[0], name), getattr(closed[1], name), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("history", [0, 2])
def test_what_a_window_knew_stays_where_history_is_missing(history: int) -> None:
    """Also an interval of which not all readings are remembered, and a series of which none is."""
    count = 30_000  # of an interval; two and a little more are remembered
    state = State(Contract(count, 4, 1, aggregation="sum"))
    state.ingest(Readings.of([1], [4 * count - 1], [7.0]))
    rows = Readings.of([0] * 4 * count, range(4 * count), [1.0] * 4 * count)
    state.ingest(rows)
    state.advance(4 * count)
    longer = state.adapted(Contract(count, 6, 1, aggregation="sum"), 0)
    assert longer.remembers_all
    fill(longer, [rows.take(slice(history))] if history else [])
    closed, missing = longer.advance(6 * count), [np.nan] * 2
    assert closed.series.tolist() == [0, 1]
    expected = [[history or np.nan, count, count, count, *missing], [*missing, np.nan, 7.0, *missing]]
    np.testing.assert_array_equal(closed.windows, expected)

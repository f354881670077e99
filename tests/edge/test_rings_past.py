"""A ring with a coarse past, against the slow reference that has every reading."""

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.contract.coarse import Coarse, block_values, spans
from edge.contract.columns import Float64, Readings
from edge.contract.contract import Contract
from edge.contract.grid import Aggregation
from edge.contract.meaning import GAUGE, Kind, Meaning
from edge.contract.values import EARLIER, interval_values
from edge.rings.past import ring_of
from edge.series.state import State
from tests.edge.test_series_state import AGGREGATIONS, Reference, by_series, ingest, rows_of_readings, same_rows
from tests.support.filling import fill

COARSE = ((Coarse(6, 3), Coarse(2, 4)), (Coarse(5, 9),), (Coarse(3, 2),))
# How much a counter usually adds is known from its bundle: the readings in the ring tell less of it than all of them.
USUAL = (0.0, 1e6)
MEANINGS = (
    GAUGE,
    Meaning("counter", usual=USUAL),
    Meaning(hold=30),
    Meaning("counter", 200, usual=USUAL),
    Meaning(hold=600),
    Meaning(hold=10**9),
)
meanings_of_series = st.lists(st.sampled_from(MEANINGS), min_size=4, max_size=4)


class Slow(Reference):
    """Every reading that was accepted, and blocks made of them anew for each window."""

    def window(self, series: int, frontier: int) -> tuple[float, ...]:
        """The window that closes at a frontier, the coarse past first."""
        contract = self.contract
        cells, counter, held = self.cells(series, frontier, frontier - contract.reach - EARLIER)
        known = cells.shape[1] - EARLIER  # intervals that have the earlier ones which their values depend on
        values = interval_values(cells, counter, held, known, np.asarray([1e6]))[0]
        windows: list[Float64] = []
        for part in contract.coarse:
            begin = frontier // part.steps * part.steps - part.count * part.steps - frontier + known
            complete = block_values(values[begin:][: part.count * part.steps].reshape(part.count, part.steps))[0]
            windows.append(spans(part, complete[None], values[None, known - contract.window :], np.asarray([frontier]))[0])
        return tuple(np.concatenate([*windows, values[known - contract.window :]]).tolist())


@settings(max_examples=150)
@given(
    rows=rows_of_readings,
    cuts=st.lists(st.integers(1, 59), max_size=5),
    lateness=st.sampled_from([0, 3, 25]),
    aggregation=st.sampled_from(AGGREGATIONS),
    meanings=meanings_of_series,
    coarse=st.sampled_from(COARSE),
)
def test_any_batching_gives_the_blocks_of_all_accepted_readings(
    rows: list[tuple[int, int, float]],
    cuts: list[int],
    lateness: int,
    aggregation: Aggregation,
    meanings: list[Meaning],
    coarse: tuple[Coarse, ...],
) -> None:
    """Late readings repair their block, gaps empty it, and what a series holds counts in it."""
    contract = Contract(10, 6, 2, aggregation=aggregation, coarse=coarse)
    reference = Slow(contract, lateness, meanings)
    state = State(contract, lateness, meaning=meanings.__getitem__)
    for row in rows:
        reference.ingest(*row)
    edges = sorted({0, *(cut for cut in cuts if cut < len(rows)), len(rows)})
    found = [row for start, stop in itertools.pairwise(edges) for row in ingest(state, rows[start:stop])]
    same_rows(by_series(found), by_series(reference.rows))


def test_a_block_is_made_of_a_reading_before_a_gap_within_one_batch() -> None:
    """Held from 7 to 10, it is known in three of the intervals 5 to 9; the gap takes the first cells of these, not its own."""
    contract, meaning = Contract(10, 6, 2, coarse=(Coarse(5, 9),)), Meaning(hold=30)
    for number in range(30, 45):
        rows = [(0, 70, 4.0), (0, 10 * number, 5.0)]
        reference = Slow(contract, 0, [meaning])
        for row in rows:
            reference.ingest(*row)
        found = ingest(State(contract, meaning=lambda _: meaning), rows)
        same_rows(found, reference.rows)
        assert [value for value in found[0][2] if np.isfinite(value)] == [4.0]


@given(rows=rows_of_readings, cut=st.integers(1, 59), meanings=meanings_of_series, coarse=st.sampled_from(COARSE))
def test_a_dumped_state_has_the_same_blocks(
    rows: list[tuple[int, int, float]], cut: int, meanings: list[Meaning], coarse: tuple[Coarse, ...]
) -> None:
    """Bit for bit, whatever follows."""
    contract = Contract(10, 6, 2, coarse=coarse)
    straight, broken = (State(contract, meaning=meanings.__getitem__) for _ in range(2))
    ingest(straight, rows[:cut])
    ingest(broken, rows[:cut])
    broken = State.load(iter(list(broken.dump())), meanings.__getitem__)
    if rows[cut:]:
        assert str(ingest(broken, rows[cut:])) == str(ingest(straight, rows[cut:]))
    np.testing.assert_array_equal(broken.advance(6_000).windows, straight.advance(6_000).windows)


@settings(max_examples=50)
@given(
    rows=rows_of_readings,
    cut=st.integers(0, 60),
    lateness=st.sampled_from([0, 25]),
    meanings=meanings_of_series,
    coarse=st.sampled_from(COARSE),
    now=st.sampled_from([0, 6_000]),
)
def test_blocks_filled_from_history_are_those_of_a_device_that_had_it_first(
    rows: list[tuple[int, int, float]],
    cut: int,
    lateness: int,
    meanings: list[Meaning],
    coarse: tuple[Coarse, ...],
    now: int,
) -> None:
    """History comes in pages, before the live readings or after them."""
    history = sorted({row[:2]: row for row in rows[:cut]}.values(), key=lambda row: row[1])
    contract, live = Contract(10, 6, 2, coarse=coarse), rows[cut:]
    first, later = (State(contract, lateness, meaning=meanings.__getitem__) for _ in "12")
    for part in (history, live):
        if part:
            first.ingest(Readings.of(*zip(*part, strict=True)))
    if live:
        later.ingest(Readings.of(*zip(*live, strict=True)))
    fill(later, [Readings.of(*zip(*part, strict=True)) for part in (history[:3], history[3:]) if part])
    moment = max(now, max(time for _, time, _ in rows) + lateness + 10)
    by_clock = [state.advance(moment) for state in (first, later)]
    for name in ("series", "origin", "windows"):
        np.testing.assert_allclose(getattr(by_clock[1], name), getattr(by_clock[0], name), rtol=1e-6, atol=1e-9)


def stream(count: int, series: int = 3) -> Readings:
    """Readings of every interval of 10 ns, in order of time."""
    time = np.repeat(np.arange(count) * 10, series)
    owners = np.tile(np.arange(series, dtype=np.int32), count)
    return Readings(owners, time, np.random.default_rng(0).normal(size=len(time)))


def cut(state: State, count: int) -> Sequence[Sequence[float]]:
    """The windows at the end of so many intervals."""
    windows = state.advance(10 * count).windows
    return [row.tolist() for row in windows]


def test_blocks_that_history_lacks_stay_as_they_were() -> None:
    """The store may keep readings for less than a week, or half of a block."""
    contract, readings = Contract(10, 6, 2, coarse=COARSE[0]), stream(60)
    state, filled = State(contract), State(contract)
    for each in (state, filled):
        each.ingest(readings)
    again = filled.adapted(contract, 0)
    fill(again, [readings.take(readings.time >= 430)])
    assert cut(again, 60) == cut(state, 60)


@pytest.mark.parametrize("coarse", [(Coarse(6, 2), Coarse(2, 4)), (Coarse(6, 3),), ()])
def test_a_shorter_past_takes_over_what_a_longer_one_has(coarse: tuple[Coarse, ...]) -> None:
    """Also blocks whose intervals the longer one still has as cells."""
    long, short = Contract(10, 20, 2, coarse=COARSE[0]), Contract(10, 6, 2, coarse=coarse)
    readings, state, straight = stream(80), State(long), State(short)
    state.ingest(readings)
    straight.ingest(readings)
    assert cut(state.adapted(short, 0), 80) == cut(straight, 80)


def test_another_lateness_keeps_the_blocks() -> None:
    """The ring has more cells or fewer, and none of the blocks is made of a part of its intervals."""
    contract, readings = Contract(10, 6, 2, coarse=COARSE[0]), stream(80)
    for before, after in ((0, 95), (95, 0), (300, 0), (0, 300)):
        state, straight = State(contract, before), State(contract)
        state.ingest(readings)
        straight.ingest(readings)
        closed = state.adapted(contract, after).advance(810 + after)
        np.testing.assert_array_equal(closed.windows, straight.advance(810).windows)


def test_series_that_keep_their_slots_keep_their_blocks() -> None:
    """The others leave nothing behind."""
    state, straight = (State(Contract(10, 6, 2, coarse=COARSE[0])) for _ in "12")
    for each in (state, straight):
        each.ingest(stream(70))
    state.keep(np.asarray([0, 2], np.int32))
    assert cut(state, 70) == [row for number, row in enumerate(cut(straight, 70)) if number != 1]


@pytest.mark.parametrize("kind", ["gauge", "counter"])
def test_a_long_silence_costs_no_more_than_a_short_one(kind: Kind) -> None:
    """A series that holds fills the same blocks as one whose clock closed interval by interval."""
    contract, end = Contract(10, 6, 2, coarse=COARSE[0]), 400
    straight, stepwise = (State(contract, meaning=lambda _: Meaning(kind, 3_000)) for _ in "12")
    for state in (straight, stepwise):
        state.ingest(stream(20, 1))
    for number in range(21, end):
        stepwise.advance(10 * number)
    assert str(cut(straight, end)) == str(cut(stepwise, end))


def test_a_clock_that_jumps_over_decades_closes_at_once() -> None:
    """As of a device that begins with the year 2000, until it learns the time."""
    series, top = np.array([0], np.int32), np.array([10**9])
    ring = ring_of(Contract(10, 6, 2, coarse=COARSE[0]), 0)
    ring.grow(1)
    ring.tell(0, Meaning(hold=10**12))
    ring.make_room(series, np.array([20]))
    ring.value[:] = 4.0
    ring.make_room(series, top)
    assert set(ring.past(series, top, 6)[0].tolist()) == {4.0}

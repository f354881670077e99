"""Kind of fault: a restart, or a bundle, under other settings. What a snapshot holds goes on under those."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.columns import Readings, SeriesTable
from edge.contract.contract import Contract
from edge.contract.grid import Aggregation
from edge.contract.meaning import GAUGE, Meaning
from edge.forecaster.baselines import Baseline
from edge.series.effect import Effect
from edge.series.engine import Engine
from edge.series.entry import Entry
from edge.series.outlook import Leads
from edge.series.state import State
from tests.edge.test_series_state import (
    AGGREGATIONS,
    MEANINGS,
    Reference,
    by_series,
    ingest,
    meanings_of_series,
    rows_of_readings,
    same_rows,
)

LATENESS = st.sampled_from([0, 7, 25, 600])


@given(
    before=rows_of_readings,
    after=rows_of_readings,
    lateness=st.tuples(LATENESS, LATENESS),
    aggregation=st.sampled_from(AGGREGATIONS),
    meanings=meanings_of_series,
)
def test_under_another_lateness_each_window_holds_its_own_readings(
    before: list[tuple[int, int, float]],
    after: list[tuple[int, int, float]],
    lateness: tuple[int, int],
    aggregation: Aggregation,
    meanings: list[Meaning],
) -> None:
    """A shorter one passes over the intervals that it would have closed by now."""
    contract = Contract(10, 6, 2, aggregation=aggregation)
    reference = Reference(contract, lateness[0], meanings)
    state = State(contract, lateness[0], meaning=meanings.__getitem__)
    for row in before:
        reference.ingest(*row)
    ingest(state, before)
    state = state.adapted(contract, lateness[1])
    reference.lateness, reference.rows = lateness[1], []
    for series, frontier in reference.frontier.items():
        last_heard = int(state.last_heard(series + 1)[series])
        reference.frontier[series] = max(frontier, (last_heard - lateness[1]) // contract.interval)
    for row in after:
        reference.ingest(*row)
    same_rows(by_series(ingest(state, after)), by_series(reference.rows))


few_times = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 60).map(lambda at: at * 5), st.integers(0, 9).map(float)),
    min_size=1,
    max_size=40,
)


@given(before=few_times, after=few_times, aggregation=st.sampled_from(AGGREGATIONS), began_long=st.booleans())
def test_a_longer_window_knows_nothing_of_a_reading_that_no_window_held(
    before: list[tuple[int, int, float]], after: list[tuple[int, int, float]], aggregation: Aggregation, began_long: bool
) -> None:
    """Its cell had left, or it came too late for one; a correction finds nothing that it could replace."""
    long, short = Contract(10, 60, 2, aggregation=aggregation), Contract(10, 1, 2, aggregation=aggregation)
    states = State(long if began_long else short), State(long)
    ingest(states[0], before)
    newest = {series: max(time for owner, time, _ in before if owner == series) for series, _, _ in before}
    left = [time // 10 < newest[series] // 10 for series, time, _ in before]
    ingest(states[1], [row for row, gone in zip(before, left, strict=True) if not gone])
    states = states[0].adapted(short, 0).adapted(long, 0), states[1]
    found, expected = (by_series(ingest(state, after)) for state in states)
    same_rows(found, expected)
    closed = [state.advance(6_000) for state in states]
    np.testing.assert_allclose(closed[0].windows, closed[1].windows, rtol=1e-6, atol=1e-9)


def new(contract: Contract, meanings: Sequence[Meaning], lateness: int = 0) -> Engine:
    """An engine of three series."""
    names = [f"{number}" for number in range(len(meanings))]
    series = SeriesTable(names, dict(zip(names, meanings, strict=True)).get)
    return Engine(Baseline("last_value", contract), (), series, leads=Leads(refresh=2), lateness=lateness)


def shown(effect: Effect) -> str:
    """What forecasts and scores a step gave."""
    return repr((effect.forecasts, effect.scores))


batches = st.lists(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 300)), max_size=8), min_size=1, max_size=4)


@given(
    parts=st.tuples(batches, batches, batches, batches),
    lateness=st.tuples(LATENESS, LATENESS),
    aggregation=st.sampled_from(AGGREGATIONS),
    meanings=st.lists(st.sampled_from(MEANINGS), min_size=3, max_size=3),
)
def test_wherever_the_snapshot_was_made_a_restart_gives_the_same(
    parts: tuple[list[list[tuple[int, int]]], ...],
    lateness: tuple[int, int],
    aggregation: Aggregation,
    meanings: list[Meaning],
) -> None:
    """A bundle on another grid, a snapshot, a journal and a restart, under this lateness or another one.

    Series that hold or count may have been silent since the bundle. Under the same lateness it is what the live engine gives.
    """
    grids = Contract(5, 4, 3, quantiles=(0.5,)), Contract(10, 4, 3, quantiles=(0.5,), aggregation=aggregation)
    live = new(grids[0], meanings, lateness[0])

    def batch(arrived: list[tuple[int, int]]) -> tuple[Readings, int | None]:
        times = [time for _, time in arrived]
        return Readings.of([s for s, _ in arrived], times, [float(t % 7) for t in times]), times[0] if times else None

    for arrived in parts[0]:
        live.step(*batch(arrived))
    live.swap(Baseline("last_value", grids[1]), ())
    for arrived in parts[1]:
        live.step(*batch(arrived))
    snapshot = [*live.dump()]
    journal = [live.step(*batch(arrived)).entry.encode() for arrived in parts[2]]
    restarted = new(grids[1], meanings, lateness[1]), new(grids[1], meanings, lateness[1])
    restarted[0].load(iter(snapshot))
    restarted[1].load(live.dump())
    for entry in journal:
        restarted[0].replay(Entry.decode(entry))
    assert [engine.settle() for engine in restarted] == [None, None]
    for arrived in parts[3]:
        first, second = (shown(engine.step(*batch(arrived))) for engine in restarted)
        assert first == second
        assert shown(live.step(*batch(arrived))) == first or lateness[0] != lateness[1]


def test_a_forecast_is_scored_against_its_own_interval_after_a_shorter_lateness() -> None:
    """The value rises by one in each interval, so each forecast misses by its lead; those passed over have no score."""
    contract = Contract(10, 24, 4, quantiles=(0.5,))
    before = new(contract, [GAUGE], 1200)
    for number in range(200):
        before.step(Readings.of([0], [10 * number], [float(number)]))
    after = new(contract, [GAUGE], 0)
    after.load(iter([*before.dump()]))
    assert after.settle() is None
    for number, leads in zip(range(200, 206), ([], [1], [1, 2], [1, 2], [1, 2, 4], [1, 2, 4]), strict=True):
        scores = after.step(Readings.of([0], [10 * number], [float(number)])).scores
        assert (scores.lead.tolist(), scores.error.tolist()) == (leads, [-lead for lead in leads])


@pytest.mark.parametrize("meaning", [Meaning(hold=3600), Meaning("counter")])
def test_a_snapshot_of_a_series_without_a_reading_is_loaded(meaning: Meaning) -> None:
    """It holds or counts, and has been silent since a bundle on another grid went live; the other series goes on."""
    grids = Contract(10, 8, 2, quantiles=(0.5,)), Contract(20, 8, 2, quantiles=(0.5,))
    engine = new(grids[0], [GAUGE, meaning])
    engine.step(Readings.of([0, 1], [0, 0], [1.0, 1.0]))
    engine.swap(Baseline("last_value", grids[1]), ())
    engine.step(Readings.of([0], [20], [2.0]))
    again = new(grids[1], [GAUGE, meaning])
    again.load(iter([*engine.dump()]))
    assert again.settle() is None
    assert again.step(Readings.of([0, 1], [40, 40], [3.0, 4.0])).forecasts[0].values.ravel().tolist() == [2.0, 2.0]

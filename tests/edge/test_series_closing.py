"""What closes in steps: by readings and by the clock, live and from the journal."""

from contextlib import nullcontext
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from edge.agent.journal import Limits, Waits
from edge.agent.loop import Agent
from edge.contract.columns import Readings, SeriesTable
from edge.contract.contract import Contract
from edge.contract.times import SECOND
from edge.forecaster.baselines import seasonal_naive
from edge.series.closing import join
from edge.series.engine import Engine
from edge.series.entry import Entry
from edge.series.state import State
from tests.support.agent_process import START, assert_same, baseline_bundle, release, stream
from tests.support.scripted_agent import MINUTE, Bench, message, messages, script_of, spool_of

CONTRACT = Contract(interval=10, window=4, horizon=3)


def bench_in(folder: Path, forecast_rows: int, **options: object) -> Bench:
    """A device for which a bundle is released, and that makes so many forecast moments together."""
    folder.mkdir()
    bench = Bench(folder, Waits(steady=0.0, settled=0.0), **options)
    bench.limits = Limits(forecast_rows=forecast_rows)
    release(bench.registry, baseline_bundle())
    return bench


def let_die(agent: Agent, last: int) -> None:
    """End an agent at its so many-th commit from now on, before that is made; 0: never."""
    commits = count(1)

    def die() -> None:
        if next(commits) == last:
            raise KeyboardInterrupt

    spool_of(agent).before_commit = die


def crowd(series: int, time: int) -> Readings:
    """A reading of each series at one time."""
    return Readings(np.arange(series, dtype=np.int32), np.full(series, time), np.arange(series, dtype=np.float64) + time)


def engine() -> Engine:
    """An engine of seven series."""
    return Engine(seasonal_naive(CONTRACT), (), SeriesTable([f"d{number}.t" for number in range(7)]))


def test_the_clock_closes_all_series_step_by_step() -> None:
    """Together the steps give what one step gives, and each series closes once."""
    whole, stepped = State(CONTRACT), State(CONTRACT)
    for state in (whole, stepped):
        state.ingest(crowd(7, 5))
    expected, steps = whole.advance(40), []
    while stepped.due(40):
        steps.append(stepped.advance(40, 3))
    assert [len(step) for step in steps] == [3, 3, 1]
    for name in ("series", "origin", "windows", "advanced"):
        np.testing.assert_array_equal(getattr(join(steps), name), getattr(expected, name))


def test_the_series_that_are_farthest_behind_come_first() -> None:
    """Where the next interval ends before all are closed, the last ones still have their turn."""
    state = State(CONTRACT)
    state.ingest(crowd(5, 5))
    closed = [state.advance(now, 2).series.tolist() for now in (10, 20, 20, 20, 20)]
    assert closed == [[0, 1], [2, 3], [0, 4], [1], []]


def test_readings_are_cut_where_they_close_too_much() -> None:
    """No piece closes more than is allowed, all readings come in their order, and many that close nothing stay together."""
    made = engine()
    readings = Readings.concatenate([crowd(7, time) for time in (5, 15, 25, 26, 27, 28)])
    pieces = made.pieces(readings, 3)
    assert [len(made.state.ingest(piece).closed) for piece in pieces] == [3, 3, 3, 3, 2]
    assert Readings.concatenate(pieces).value.tolist() == readings.value.tolist()
    assert [len(piece) for piece in made.pieces(crowd(7, 29), 3)] == [7]


def test_the_journal_closes_what_each_step_closed() -> None:
    """State and waiting forecasts are the same after it, also between two steps, when readings come in between."""
    live, again = engine(), engine()
    steps = [(crowd(7, 5), None), *[(Readings.empty(), 20)] * 2, (crowd(7, 21), 30), *[(Readings.empty(), 30)] * 4]
    for readings, now in steps:
        again.replay(Entry.decode(live.step(readings, now, 3).entry.encode()))
        assert [*again.dump()] == [*live.dump()]
    assert live.state.due(30) == 0


@pytest.mark.parametrize("deadly", [1, 2, 4])
def test_an_agent_that_dies_between_two_steps_of_the_clock_writes_the_same_rows(tmp_path: Path, deadly: int) -> None:
    """What was committed counts once, and the clock closes the rest after the start."""
    found = []
    for name, last in (("whole", 0), ("dies", deadly)):
        bench = bench_in(tmp_path / name, 12, clock="wall")
        bench.now = START + 30 * SECOND
        bench.run([message(f"d{number}.t", START + number, 20.5) for number in range(9)])
        bench.now += MINUTE
        agent = bench.agent()
        script_of(agent).steps = [lambda agent=agent, last=last: let_die(agent, last), lambda: None]  # type: ignore[misc]
        with pytest.raises(KeyboardInterrupt) if last else nullcontext():
            agent.run()
        bench.run(lambda: None, lambda: None)
        bench.drain()
        found.append(bench.stored())
    assert len(found[0]["forecast"]) == 9 * 6
    assert found[0] == found[1]


def test_messages_that_close_much_are_committed_in_steps(tmp_path: Path) -> None:
    """They are acknowledged after the last step; where a step fails they come again, and nothing counts twice."""
    bench, whole = bench_in(tmp_path / "steps", 30), bench_in(tmp_path / "whole", 20_000)
    (batch,) = messages(stream(5, 40), 10_000)
    agent = bench.agent([batch])
    let_die(agent, 5)
    with pytest.raises(KeyboardInterrupt):
        agent.run()
    assert script_of(agent).acknowledged == []
    for each in (bench, whole):
        assert script_of(each.run(batch)).acknowledged == batch
        each.drain()
    assert_same(bench.stored(), whole.stored())

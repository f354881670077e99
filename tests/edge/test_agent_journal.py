"""The series state on disk."""

from functools import partial
from pathlib import Path

import numpy as np

from edge.agent.journal import WAITING_ROWS
from edge.contract.columns import Readings
from edge.series.entry import NO_FORECASTS, Entry
from edge.spool.spool import Commit
from tests.support.agent_process import START, baseline_bundle, release
from tests.support.scripted_agent import MINUTE, Bench, engine_of, message, messages, window


def test_a_snapshot_holds_all_that_the_journal_held(tmp_path: Path) -> None:
    """The journal is empty after it, and the next start finds the same windows."""
    bench = Bench(tmp_path)
    release(bench.registry, baseline_bundle())
    steps = messages([("a.t", START + at * MINUTE, float(at)) for at in range(30)])
    agent = bench.agent([*steps, lambda: agent.parts.journal.snapshot(engine_of(agent))])
    agent.run()
    again = bench.agent()
    assert ([*again.parts.spool.journal()], again.parts.live.restore()) == ([], True)
    assert window(again, "a.t") == [float(at) for at in range(6, 30)]
    again.parts.spool.close()


def test_a_state_that_is_no_state_is_said_and_left_out(tmp_path: Path) -> None:
    """One line; the engine is empty."""
    bench = Bench(tmp_path)
    release(bench.registry, baseline_bundle())
    agent = bench.agent()
    agent.run()
    again = bench.agent()
    again.parts.spool.commit(Commit(snapshot=lambda: [b"no state"]))
    assert not again.parts.live.restore()
    assert bench.lines("the state of the last run cannot be used") == 1
    assert len(engine_of(again).state) == 0
    again.parts.spool.close()


def test_a_snapshot_has_the_readings_that_wait_in_parts(tmp_path: Path) -> None:
    """Those behind it in the journal follow, and those that have counted since wait no more, however the parts were cut."""
    bench = Bench(tmp_path)
    release(bench.registry, baseline_bundle())
    bench.run([message("a.t", START, 1.0)])
    agent = bench.agent()
    assert agent.parts.live.restore()
    times = START + np.arange(2 * WAITING_ROWS + 5)
    agent.parts.primer.take_back(Readings(np.zeros(len(times), np.int32), times, np.ones(len(times))))
    agent.parts.journal.snapshot(engine_of(agent))
    spool, more = agent.parts.spool, Readings.of([0] * 3, [7, 8, 9], [1.0] * 3)
    assert len([*spool.snapshot()]) == len([*engine_of(agent).dump()]) + 1 + 3
    counted = Entry(Readings.of([0] * 7, times[:7].tolist(), [1.0] * 7), None, NO_FORECASTS)
    spool.commit(Commit(entries=[counted, Entry.waiting(more), counted]))
    assert not agent.parts.live.restore()
    np.testing.assert_array_equal(agent.parts.primer.waiting.time, [*times[14:], 7, 8, 9])
    spool.close()


def test_readings_that_wait_of_series_nobody_knows_are_no_state(tmp_path: Path) -> None:
    """They would end the agent at every start."""
    bench = Bench(tmp_path)
    release(bench.registry, baseline_bundle())
    bench.run([message("a.t", START, 1.0)])
    for owner in (1, -1):
        agent = bench.agent()
        agent.parts.spool.commit(Commit(entries=[Entry.waiting(Readings.of([owner], [START], [1.0]))]))
        assert not agent.parts.live.restore()
        assert len(agent.parts.primer.waiting) == 0
        agent.parts.spool.commit(Commit(snapshot=engine_of(agent).dump))
        agent.parts.spool.close()
    assert bench.lines("readings that wait are of series that are not known") == 2


def test_whatever_a_state_says_the_agent_starts(tmp_path: Path) -> None:
    """Bytes that are sealed and none of a state, as after a fault of ours: the windows come from the store."""
    bench, chance = Bench(tmp_path), np.random.default_rng(3)
    release(bench.registry, baseline_bundle())
    bench.run(*messages([("a.t", START + at * MINUTE, float(at)) for at in range(30)], 10))
    bench.drain()
    agent = bench.agent()
    spool, live = agent.parts.spool, agent.parts.live
    assert live.restore()
    parts = [*engine_of(agent).dump()]
    unusable = 0
    for _ in range(60):
        number = int(chance.integers(len(parts)))
        damaged = bytearray(parts[number])
        damaged[int(chance.integers(len(damaged)))] ^= int(chance.integers(1, 256))
        spool.commit(Commit(snapshot=partial(list, [*parts[:number], bytes(damaged), *parts[number + 1 :]])))
        unusable += not live.restore()
    assert bench.lines("the state of the last run cannot be used") >= unusable / 2 > 0
    spool.close()

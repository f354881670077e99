"""The series state on disk."""

from functools import partial
from pathlib import Path

import numpy as np

from edge.spool.spool import Commit
from tests.support.agent_process import START, baseline_bundle, release
from tests.support.scripted_agent import MINUTE, Bench, engine_of, messages, window


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

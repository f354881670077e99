"""The series state on disk."""

from pathlib import Path

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

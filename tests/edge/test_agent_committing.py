"""Commit, and only then acknowledge."""

import sqlite3
from pathlib import Path

from edge.agent.counters import Counter, Gauge
from edge.spool.spool import Commit
from tests.support.agent_process import START
from tests.support.scripted_agent import Bench, message, script_of, spool_of


def test_a_batch_is_acknowledged_after_its_commit(tmp_path: Path) -> None:
    """Not before; and the blocks that wait are known."""
    bench, batch = Bench(tmp_path), [message("a.t", START, 1.0)]
    agent = bench.agent()
    acknowledged: list[int] = []
    spool_of(agent).before_commit = lambda: acknowledged.append(len(script_of(agent).acknowledged))
    agent.parts.committer.commit(Commit([b"12345"]), batch)
    assert (acknowledged, script_of(agent).acknowledged) == ([0], batch)
    assert agent.parts.counters.gauge(Gauge.BACKLOG_BYTES) == 5
    agent.parts.spool.close()


def test_a_new_series_goes_into_the_spool_once(tmp_path: Path) -> None:
    """With the commit that first speaks of it."""
    bench = Bench(tmp_path)
    agent = bench.agent()
    agent.parts.series.add("a.t", {"device": "a"})
    for _ in range(2):
        agent.parts.committer.commit(Commit())
    assert agent.parts.spool.series() == [("a.t", {"device": "a"})]
    agent.parts.spool.close()


def test_who_gives_up_on_a_full_disk_has_acknowledged_nothing(tmp_path: Path) -> None:
    """The problem stays for the page."""
    bench = Bench(tmp_path)
    agent = bench.agent()

    def full() -> None:
        raise sqlite3.OperationalError("database or disk is full")

    spool_of(agent).before_commit = full
    agent.parts.stop.ask()
    agent.parts.committer.commit(Commit(), [message("a.t", START, 1.0)])
    assert script_of(agent).acknowledged == []
    assert agent.parts.committer.problem is not None
    assert "nothing is acknowledged until there is room" in agent.parts.committer.problem
    agent.parts.spool.close()


def test_blocks_that_are_dropped_are_counted_and_said(tmp_path: Path) -> None:
    """The oldest make room."""
    bench = Bench(tmp_path, spool_limit=1)
    agent = bench.agent()
    for _ in range(3):
        agent.parts.committer.commit(Commit([bytes(500_000)]))
    assert agent.parts.counters.total(Counter.DROPPED_BLOCKS) == 1
    assert bench.lines("full at 1 MB: the 1 oldest blocks are dropped") == 1
    agent.parts.spool.close()

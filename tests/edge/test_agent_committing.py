"""Commit, and only then acknowledge."""

import sqlite3
from contextlib import closing
from pathlib import Path
from secrets import token_bytes

from msgspec.structs import replace

from edge.agent.counters import Counter, Gauge
from edge.config.reading import read_config
from edge.contract.times import SECOND
from edge.messages.message import Message
from edge.spool.spool import Commit
from edge.stores.sqlite import SqliteStore
from tests.support.agent_process import START
from tests.support.scripted_agent import Bench, message, script_of, spool_of
from tests.support.servers import wait_until


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


def test_messages_of_which_more_is_to_come_are_not_acknowledged(tmp_path: Path) -> None:
    """The last of the commits acknowledges them."""
    bench, batch = Bench(tmp_path), [message("a.t", START, 1.0)]
    agent = bench.agent()
    agent.parts.committer.commit(Commit([b"12345"]), batch, whole=False)
    assert (agent.parts.spool.backlog, script_of(agent).acknowledged) == (5, [])
    agent.parts.committer.commit(Commit([b"678"]), batch)
    assert (agent.parts.spool.backlog, script_of(agent).acknowledged) == (8, batch)
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


def test_refused_rows_outlast_a_commit_that_was_given_up(tmp_path: Path) -> None:
    """The sender tells of them once; the next commit keeps them, and counts them once."""
    bench = Bench(tmp_path)
    agent = bench.agent()
    committer, sender = agent.parts.committer, agent.parts.sender
    committer.commit(Commit([b"of another store"]))
    sender.start()
    wait_until(lambda: sender.has_news)
    is_full = True

    def full() -> None:
        if is_full:
            raise sqlite3.OperationalError("database or disk is full")

    spool_of(agent).before_commit = full
    agent.parts.stop.ask()
    for _ in range(2):
        committer.commit(Commit())
    assert agent.parts.counters.total(Counter.REFUSED_POINTS) == 0
    is_full = False
    for _ in range(2):
        committer.commit(Commit())
    assert agent.parts.counters.total(Counter.REFUSED_POINTS) == 1
    sender.stop()
    agent.parts.spool.close()
    agent.parts.store.close()
    with closing(sqlite3.connect(tmp_path / "state" / "spool.db")) as connection:
        assert connection.execute("SELECT block FROM refused").fetchall() == [(b"of another store",)]
        assert connection.execute("SELECT count(*) FROM outbox").fetchall() == [(0,)]


def test_blocks_that_are_dropped_are_counted_and_said(tmp_path: Path) -> None:
    """The oldest make room."""
    bench = Bench(tmp_path, spool_limit=1)
    agent = bench.agent()
    for _ in range(3):
        agent.parts.committer.commit(Commit([token_bytes(500_000)]))
    assert agent.parts.counters.total(Counter.DROPPED_BLOCKS) == 1
    assert bench.lines("full at 1 MB: the oldest block is dropped") == 1
    agent.parts.spool.close()


def test_what_may_wait_is_committed_in_time_or_with_the_next(tmp_path: Path) -> None:
    """After the longest wait, with sixteen messages, or with a batch that may not wait; nothing is acknowledged before."""
    bench, moment = Bench(tmp_path, commit="2s"), 100.0
    bench.moment = lambda: moment
    agent = bench.agent()
    committer, acknowledged = agent.parts.committer, script_of(agent).acknowledged
    batches = [message(f"{letter}.t", START, 1.0) for letter in "abcdefghijklmnopqrstuvwxyz"]
    committer.commit(Commit([b"1"]), batches[:1], may_wait=True)
    moment += 1.9
    committer.commit(Commit([b"2"]), batches[1:2], may_wait=True)
    committer.commit_if_due()
    assert (acknowledged, agent.parts.spool.backlog) == ([], 0)
    moment += 0.1
    committer.commit_if_due()
    assert (acknowledged, agent.parts.spool.backlog) == (batches[:2], 2)
    committer.commit(Commit([b"3"]), batches[2:3], may_wait=True)
    committer.commit(Commit([b"4"]), batches[3:4])
    assert (acknowledged, agent.parts.spool.backlog) == (batches[:4], 4)
    for place in range(4, 20):
        assert acknowledged == batches[:4]
        committer.commit(Commit([b"5"]), batches[place : place + 1], may_wait=True)
    assert (acknowledged, agent.parts.spool.backlog) == (batches[:20], 20)
    assert agent.parts.spool.next_blocks(0, 100) == (20, [b"1", b"2", b"3", b"4", *[b"5"] * 16])
    agent.parts.spool.close()


def test_a_message_that_waits_keeps_its_first_arrival(tmp_path: Path) -> None:
    """The broker may send it again before its commit, over another connection."""
    bench = Bench(tmp_path, commit="1h")
    path = tmp_path / "gatecast.toml"
    path.write_text(path.read_text().replace("[store]", 'time = ""\n[store]'))
    bench.config = read_config(path)
    first = Message("sensors/a/t", b'{"value": 1}', bench.now, False, 7, 1, 1)
    bench.run([first], [replace(first, arrival=bench.now + SECOND, session=2, dup=True)])
    bench.drain()
    with closing(SqliteStore(tmp_path / "store.db")) as store:
        assert store.span() == (bench.now, bench.now)


def test_an_agent_that_ends_acknowledges_what_waited(tmp_path: Path) -> None:
    """While it is still connected."""
    bench, batch = Bench(tmp_path, commit="1h"), [message("a.t", START, 1.0)]
    agent = bench.agent([batch])
    agent.run()
    assert script_of(agent).acknowledged == batch


def test_what_the_store_has_taken_is_no_backlog_though_no_commit_follows(tmp_path: Path) -> None:
    """The number is right at the next turn of the loop; a row of the agent's own every few seconds would keep it above 0."""
    bench = Bench(tmp_path, commit="1h")
    agent = bench.agent()
    committer, sender, counters = agent.parts.committer, agent.parts.sender, agent.parts.counters
    block = agent.parts.store.encode([], agent.parts.series)
    committer.commit(Commit([block]))
    assert counters.gauge(Gauge.BACKLOG_BYTES) == len(block)
    sender.start()
    wait_until(lambda: sender.has_news)
    committer.commit_if_due()
    assert (counters.gauge(Gauge.BACKLOG_BYTES), agent.parts.spool.backlog) == (0, len(block))
    sender.stop()
    committer.commit(Commit())
    assert (counters.gauge(Gauge.BACKLOG_BYTES), agent.parts.spool.backlog) == (0, 0)
    agent.parts.spool.close()
    agent.parts.store.close()

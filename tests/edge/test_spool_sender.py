"""Blocks reach the store in order, again and again until it has them, whatever it does meanwhile."""

import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from edge.backoff import Backoff
from edge.errors import BlockRefused, StoreBusy, StoreDenied
from edge.spool.delivery import FAILURES
from edge.spool.sender import Pace, Sender
from edge.spool.spool import Commit, Refusal, Spool
from tests.support.memory_store import Memory
from tests.support.scripted_agent import ScriptedSpool
from tests.support.servers import HANGS_AFTER, wait_until

SHORT = Backoff(0.02, 0.02)


class Bench:
    """A spool, a store and a sender that waits hundredths of a second where it would wait seconds."""

    def __init__(self, folder: Path, write_size: int = 1_000_000) -> None:
        self.spool, self.store, self.said = ScriptedSpool(folder / "spool.db", "memory"), Memory(), list[str]()
        self.now = 0.0
        pace = Pace(write_size=write_size, gather=0.0, away=SHORT, denied=SHORT, apart=0.0)
        self.sender = Sender(self.spool, self.store, self.said.append, pace=pace, clock=lambda: self.now)

    def commit(self, *blocks: bytes) -> None:
        """Blocks into the spool; what has arrived is taken out."""
        sent, refused = self.sender.taken()
        self.spool.commit(Commit(blocks, sent=sent, refused=refused))
        self.sender.wake()

    def wait(self, count: int) -> None:
        """Until the sender is through with so many blocks."""
        wait_until(lambda: self.sender.sent >= count, what=f"sending {count} blocks")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Ended with the test."""
    made = Bench(tmp_path)
    yield made
    made.sender.stop()
    made.spool.close()


def test_blocks_arrive_once_and_in_order(bench: Bench) -> None:
    """Those of before the start and those of later, and the spool is empty in the end."""
    bench.commit(b"1", b"2")
    bench.sender.start()
    for number in range(3, 60):
        bench.commit(b"%d" % number)
    bench.wait(59)
    bench.commit()
    assert bench.store.lines == [b"%d" % number for number in range(1, 60)]
    assert bench.spool.backlog == 0
    assert (bench.said, bench.sender.has_news) == ([], False)


def test_waiting_blocks_go_out_in_few_writes(tmp_path: Path) -> None:
    """As many as fit into one write, and at least one."""
    bench = Bench(tmp_path, write_size=10)
    bench.commit(b"aaaa", b"bbbb", b"cccc", b"d" * 50, b"e")
    bench.sender.start()
    bench.wait(5)
    bench.sender.stop()
    bench.spool.close()
    assert bench.store.writes == [b"aaaa\nbbbb", b"cccc", b"d" * 50, b"e"]


@pytest.mark.parametrize(
    "error", [StoreBusy("away"), StoreDenied("wrong password"), ValueError("a fault of the client library")]
)
def test_store_that_is_away_gets_everything_later(bench: Bench, error: Exception) -> None:
    """It is said once when it goes and once when it is back, and the problem is there to be asked for meanwhile."""
    tries: list[bytes] = []

    def away(block: bytes) -> None:
        tries.append(block)
        raise error

    bench.store.trouble = away
    bench.commit(b"1", b"2")
    bench.sender.start()
    wait_until(lambda: len(tries) >= 5)
    assert bench.sender.problem is not None
    assert str(error) in bench.sender.problem
    assert not bench.sender.has_news
    bench.store.trouble = lambda _: None
    bench.wait(2)
    wait_until(lambda: bench.sender.problem is None)
    assert bench.store.lines == [b"1", b"2"]
    assert [line.split("; ")[-1] for line in bench.said] == ["everything is kept and sent later", "the store is back"]


def test_only_what_is_refused_is_set_aside(bench: Bench) -> None:
    """Its neighbours in the same block and in the same write arrive; the reason goes with it; one line says so."""

    def picky(block: bytes) -> None:
        if b"bad" in block:
            raise BlockRefused(f"no bad lines: {len(block)}")

    bench.store.trouble = picky
    bench.commit(b"1\n2\nbad 3\n4", b"5", b"bad 6\nbad 7", b"8")
    bench.sender.start()
    bench.wait(4)
    sent, refused = bench.sender.taken()
    assert (sent, refused) == (4, [Refusal("no bad lines: 5", b"bad %d" % number, 1) for number in (3, 6, 7)])
    assert bench.store.lines == [b"1", b"2", b"4", b"5", b"8"]
    assert bench.said == ["store: 3 rows set aside, as the store will never take them: no bad lines: 5"]
    assert bench.sender.taken() == (4, [])


def test_nothing_is_set_aside_twice_when_the_store_goes_away_in_between(bench: Bench) -> None:
    """A refusal counts only when the whole write is through."""
    tries = 0

    def moody(block: bytes) -> None:
        nonlocal tries
        if b"bad" in block:
            raise BlockRefused("bad")
        tries += 1
        if tries == 1:
            raise StoreBusy("away")

    bench.store.trouble = moody
    bench.commit(b"bad", b"1")
    bench.sender.start()
    bench.wait(2)
    assert bench.sender.taken() == (2, [Refusal("bad", b"bad", 1)])


def test_block_the_store_cannot_even_join_is_set_aside(bench: Bench) -> None:
    """A damaged block does not hold up the others."""

    def damaged(blocks: Sequence[bytes]) -> None:
        if b"damaged" in blocks:
            raise BlockRefused("not a block", proven=True)

    bench.store.trouble_with_joining = damaged
    bench.commit(b"1", b"damaged", b"2")
    bench.sender.start()
    bench.wait(3)
    assert bench.store.lines == [b"1", b"2"]
    assert bench.sender.taken()[1] == [Refusal("not a block", b"damaged", 1)]


def test_trouble_with_the_disk_does_not_end_the_sender(bench: Bench) -> None:
    """It tries again, and says so."""
    failing = [True]

    def fail() -> None:
        if failing[0]:
            raise sqlite3.OperationalError("disk I/O error")

    bench.spool.before_sending = fail
    bench.commit(b"1")
    bench.sender.start()
    wait_until(lambda: bench.sender.problem == "disk I/O error")
    failing[0] = False
    bench.wait(1)
    assert bench.store.lines == [b"1"]


def test_blocks_dropped_meanwhile_are_no_trouble(tmp_path: Path, bench: Bench) -> None:
    """A full spool may drop what is just being sent."""
    spool = Spool(tmp_path / "small.db", "memory", limit=3)
    sender = Sender(spool, bench.store, bench.said.append)
    dropped: list[int] = []

    def meanwhile(block: bytes) -> None:
        if block == b"1\n2":
            dropped.append(spool.commit(Commit([b"333"])))

    bench.store.trouble = meanwhile
    spool.commit(Commit([b"1", b"2"]))
    sender.start()
    wait_until(lambda: b"333" in bench.store.writes)
    wait_until(lambda: sender.sent == 3)
    sender.stop()
    spool.commit(Commit(sent=sender.taken()[0]))
    assert (bench.store.writes, spool.backlog, dropped) == ([b"1\n2", b"333"], 0, [2])
    spool.close()


def test_what_is_not_sent_stays_in_the_spool(bench: Bench) -> None:
    """Stopping is quick while the store is away, and the blocks are there for the next run."""

    def away(_: bytes) -> None:
        raise StoreBusy("away")

    bench.store.trouble = away
    bench.commit(b"1", b"2")
    bench.sender.start()
    wait_until(lambda: bench.sender.problem is not None)
    bench.sender.stop()
    assert bench.sender.taken() == (0, [])
    assert bench.spool.next_blocks(0, 10) == (2, [b"1", b"2"])


def test_what_was_set_aside_of_late_can_be_asked_for(bench: Bench) -> None:
    """For a while; it is no problem, as everything else arrives, and it is logged once a minute."""

    def picky(block: bytes) -> None:
        if b"bad" in block:
            raise BlockRefused("no bad lines")

    bench.store.trouble = picky
    bench.sender.start()
    for number in range(1, 4):
        bench.commit(b"bad\ngood\ngood")
        bench.wait(number)
    assert bench.sender.degraded == "the store refused 1 row: no bad lines"
    assert (bench.sender.problem, len(bench.said)) == (None, 1)
    bench.now += 601
    assert bench.sender.degraded is None


def test_store_that_refuses_everything_is_a_problem_and_loses_nothing(bench: Bench) -> None:
    """Everything waits until somebody has mended the store."""
    tries: list[bytes] = []

    def refuses(block: bytes) -> None:
        if bench.sender.problem is None:  # of the first attempt
            tries.append(block)
        raise BlockRefused("already exists as type integer")

    bench.store.trouble = refuses
    bench.commit(*(b"reading %d" % number for number in range(1000)))
    bench.sender.start()
    wait_until(lambda: bench.sender.problem is not None)
    assert bench.sender.problem is not None
    assert bench.sender.problem.startswith("already exists as type integer; it refuses nearly all rows of 'reading'")
    assert (bench.sender.taken(), bench.store.writes) == ((0, []), [])
    assert len(tries) < 100
    bench.store.trouble = lambda _: None
    bench.wait(1000)
    wait_until(lambda: bench.sender.problem is None)
    assert len(set(bench.store.lines)) == 1000  # some of them twice, where the store was mended while newer rows were tried


def test_block_that_fails_for_ever_is_narrowed_down_while_others_are_stored(bench: Bench) -> None:
    """A row that a server chokes on does not hold up the queue; it is set aside after several tries."""

    def chokes(block: bytes) -> None:
        if b"poison" in block:
            raise StoreBusy("500", answered=True)

    bench.store.trouble = chokes
    good = [b"reading %d" % number for number in range(40)]
    bench.commit(*good[:20], b"reading poison", *good[20:])
    bench.sender.start()
    bench.wait(41)
    sent, refused = bench.sender.taken()
    assert (sent, [(refusal.block, refusal.rows) for refusal in refused]) == (41, [(b"reading poison", 1)])
    assert set(bench.store.lines) == set(good)


def test_failures_that_count_against_a_row_are_apart_in_time(tmp_path: Path) -> None:
    """However short the random waits are: a store that stumbles for a moment proves nothing against a row."""
    pace, failed = Pace(gather=0.0, away=Backoff(0.0, 0.0), apart=0.05), list[float]()

    def chokes(block: bytes) -> None:
        if block == b"reading poison":
            failed.append(time.monotonic())
        if b"poison" in block:
            raise StoreBusy("500", answered=True)

    spool, store = Spool(tmp_path / "spool.db", "memory"), Memory()
    store.trouble = chokes
    spool.commit(Commit([b"reading 1", b"reading poison", b"reading 2"]))
    sender = Sender(spool, store, lambda _: None, pace=pace)
    sender.start()
    wait_until(lambda: sender.sent >= 3)
    sender.stop()
    spool.close()
    assert len(failed) == FAILURES
    assert min(np.diff(failed)) >= pace.apart


def test_backlog_is_sent_without_a_pause(tmp_path: Path) -> None:
    """Blocks gather only where little waits: this sender would pause for an hour."""
    spool, store = Spool(tmp_path / "spool.db", "memory"), Memory()
    sender = Sender(spool, store, lambda _: None, pace=Pace(write_size=1000, gather=3600.0))
    spool.commit(Commit([b"x" * 400] * 101))
    sender.start()
    wait_until(lambda: len(store.writes) == 51)
    assert sender.taken()[0] >= 100
    sender.stop()
    spool.close()


def test_store_that_never_answers_is_a_problem(bench: Bench) -> None:
    """A write that hangs raises nothing: that it takes long is told by whoever asks, and no longer when it is over."""
    asked, go_on = threading.Event(), threading.Event()

    def hang(_: bytes) -> None:
        asked.set()
        assert go_on.wait(HANGS_AFTER)

    bench.store.trouble = hang
    bench.commit(b"1")
    bench.sender.start()
    assert asked.wait(HANGS_AFTER)
    assert bench.sender.problem is None
    bench.now = 61.0
    assert bench.sender.problem == "the store has not answered a write for 61 s; everything is kept; check [store] url"
    go_on.set()
    bench.wait(1)
    wait_until(lambda: bench.sender.problem is None, what="the end of the problem")

"""Blocks reach the store in order, again and again until it has them, whatever it does meanwhile."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from edge import sender as module
from edge.contract import Points, SeriesTable
from edge.errors import BlockRefused, StoreBusy, StoreDenied
from edge.sender import Sender
from edge.spool import Commit, Spool
from tests.servers import wait_until


class Memory:
    """A store of lines; `trouble` may raise for what is written."""

    kind = "memory"

    def __init__(self) -> None:
        self.writes: list[bytes] = []
        self.trouble: Callable[[bytes], None] = lambda _: None

    def encode(self, points: Sequence[Points], series: SeriesTable) -> bytes:
        """Not used."""
        raise NotImplementedError

    def write(self, block: bytes) -> None:
        """Keep it."""
        self.trouble(block)
        self.writes.append(block)

    def join(self, blocks: Sequence[bytes]) -> bytes:
        """Lines one after the other."""
        return b"\n".join(blocks)

    def split(self, block: bytes) -> tuple[bytes, bytes] | None:
        """Half the lines each."""
        lines = block.split(b"\n")
        half = len(lines) // 2
        return (b"\n".join(lines[:half]), b"\n".join(lines[half:])) if half else None

    def read(self, measurement: str, fields: Sequence[str], start: int, stop: int, series: SeriesTable) -> Iterator[Points]:
        """Not used."""
        raise NotImplementedError

    def span(self) -> tuple[int, int] | None:
        """Not used."""
        raise NotImplementedError

    def close(self) -> None:
        """Nothing to let go of."""

    @property
    def lines(self) -> list[bytes]:
        """Everything written."""
        return [line for block in self.writes for line in block.split(b"\n")]


class Bench:
    """A spool, a store and a sender that is ended with the test."""

    def __init__(self, folder: Path) -> None:
        self.spool, self.store, self.said = Spool(folder / "spool.db", "memory"), Memory(), list[str]()
        self.sender = Sender(self.spool, self.store, self.said.append)

    def commit(self, *blocks: bytes) -> None:
        """Blocks into the spool; what has arrived is taken out."""
        sent, refused = self.sender.taken()
        self.spool.commit(Commit(blocks, sent=sent, refused=refused))
        self.sender.wake()

    def wait(self, count: int) -> None:
        """Until the sender is through with so many blocks."""
        wait_until(lambda: self.sender._sent >= count, what=f"sending {count} blocks")


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """A sender that waits hundredths of a second where it would wait seconds."""
    monkeypatch.setattr(module, "LONGEST_WAIT", 0.02)
    monkeypatch.setattr(module, "DENIED_WAIT", 0.02)
    monkeypatch.setattr(module, "PAUSE", 0.0)
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


def test_waiting_blocks_go_out_in_few_writes(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as fit into one write, and at least one."""
    monkeypatch.setattr(module, "WRITE_SIZE", 10)
    bench.commit(b"aaaa", b"bbbb", b"cccc", b"d" * 50, b"e")
    bench.sender.start()
    bench.wait(5)
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
    assert (sent, refused) == (4, [(f"no bad lines: {5}", b"bad %d" % number) for number in (3, 6, 7)])
    assert bench.store.lines == [b"1", b"2", b"4", b"5", b"8"]
    assert bench.said == ["3 blocks set aside, as the store will never take them: no bad lines: 5"]
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
    assert bench.sender.taken() == (2, [("bad", b"bad")])


def test_block_the_store_cannot_even_join_is_set_aside(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A damaged block does not hold up the others."""

    def join(blocks: Sequence[bytes]) -> bytes:
        if b"damaged" in blocks:
            raise BlockRefused("not a block")
        return b"\n".join(blocks)

    monkeypatch.setattr(bench.store, "join", join)
    bench.commit(b"1", b"damaged", b"2")
    bench.sender.start()
    bench.wait(3)
    assert bench.store.lines == [b"1", b"2"]
    assert bench.sender.taken()[1] == [("not a block", b"damaged")]


def test_trouble_with_the_disk_does_not_end_the_sender(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """It tries again, and says so."""
    real, failing = bench.spool.next_blocks, [True]

    def next_blocks(after: int, size: int) -> tuple[int, list[bytes]] | None:
        if failing[0]:
            raise sqlite3.OperationalError("disk I/O error")
        return real(after, size)

    monkeypatch.setattr(bench.spool, "next_blocks", next_blocks)
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
    wait_until(lambda: sender._sent == 3)
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

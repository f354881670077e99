"""A spool that is damaged, before a run or in the middle of it, costs what was in it and nothing else."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from edge.agent.counters import Counter
from edge.errors import StoreBusy
from edge.spool.spool import Commit, Spool
from edge.stores.packing import unpack_damaged
from tests.edge.test_spool_spool import blocks, entry, times
from tests.support.agent_process import START, baseline_bundle, release
from tests.support.scripted_agent import MINUTE, Bench, messages, script_of, spool_of, window
from tests.support.servers import wait_until


def garbage(content: bytes) -> bytes:
    """Nothing of the file is left."""
    return b"not a database, but as long as it was"[: len(content)] * (len(content) // 40)


def truncated(content: bytes) -> bytes:
    """The first half is left."""
    return content[: len(content) // 2]


def holed(content: bytes) -> bytes:
    """The middle is zeros."""
    third = len(content) // 3
    return content[:third] + bytes(third) + content[2 * third :]


DAMAGES = [garbage, truncated, holed]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_moved_aside(damage: Callable[[bytes], bytes], tmp_path: Path) -> None:
    """The line says where it is, byte for byte; an empty spool takes its place and works."""
    path = tmp_path / "spool.db"
    spool = Spool(path, "sqlite")
    for number in range(50):
        spool.commit(Commit([b"x" * 3000], [entry(number)], [(number, f"s{number}", {})]))
    spool.commit(Commit(snapshot=lambda: [b"y" * 50_000]))
    spool.close()
    spoilt = damage(path.read_bytes())
    path.write_bytes(spoilt)
    spool = Spool(path, "sqlite")
    assert spool.loss is not None
    (aside,) = tmp_path.glob("spool.db.damaged-*")
    assert f"{path} is damaged" in spool.loss
    assert f"was moved to {aside}" in spool.loss
    assert aside.read_bytes() == spoilt
    assert (spool.series(), blocks(spool), times(spool), [*spool.snapshot()]) == ([], [], [], [])
    spool.commit(Commit([b"1"], [entry(7)]))
    spool.close()
    spool = Spool(path, "sqlite")
    assert (spool.loss, blocks(spool), times(spool)) == (None, [b"1"], [7])
    spool.close()


def test_numbers_go_on_after_damage_in_the_middle_of_a_run(tmp_path: Path) -> None:
    """The sender may hold the number of a block that is gone: no other block has it."""
    spool = Spool(tmp_path / "spool.db", "sqlite")
    spool.commit(Commit([b"1", b"2"]))
    spool.renew(sqlite3.DatabaseError("malformed"))
    assert (blocks(spool), spool.backlog) == ([], 0)
    spool.commit(Commit([b"3"], sent=2))
    assert spool.next_blocks(2, 10) == (3, [b"3"])
    spool.close()


@pytest.mark.parametrize("damage", DAMAGES)
def test_an_agent_goes_on_with_an_empty_spool(damage: Callable[[bytes], bytes], tmp_path: Path) -> None:
    """One line, windows from the store, and readings and forecasts as ever."""
    bench, rows = Bench(tmp_path), [("a.t", START + at * MINUTE, float(at)) for at in range(100)]
    release(bench.registry, baseline_bundle())
    bench.run(*messages(rows[:90], 10))
    bench.drain()
    path = tmp_path / "state" / "spool.db"
    path.write_bytes(damage(path.read_bytes()))
    agent = bench.run(*messages(rows[90:]))
    assert (len(script_of(agent).acknowledged), agent.parts.counters.total(Counter.FORECASTS)) == (10, 10)
    assert (bench.lines("spool.db.damaged-"), bench.lines("windows filled with 24 readings")) == (1, 1)
    bench.drain()
    assert len(bench.stored()["reading"]) == 100


def test_an_agent_survives_damage_in_the_middle_of_a_run(tmp_path: Path) -> None:
    """The batch under way is committed to the new file with all that the state knows, and acknowledged after that."""
    bench, rows = Bench(tmp_path), [("a.t", START + at * MINUTE, float(at)) for at in range(30)]
    release(bench.registry, baseline_bundle())
    agent = bench.agent()
    spool = spool_of(agent)

    def spoil() -> None:
        spool.before_commit = fail

    def fail() -> None:
        spool.before_commit = lambda: None
        raise sqlite3.DatabaseError("database disk image is malformed")

    script_of(agent).steps = [*messages(rows[:20], 10), spoil, *messages(rows[20:], 10)]
    agent.run()
    assert (len(script_of(agent).acknowledged), bench.lines("database disk image is malformed")) == (30, 1)
    agent = bench.run()
    assert bench.lines("1 series known") == 1
    assert window(agent, "a.t") == [float(at) for at in range(6, 30)]


def test_a_state_that_cannot_be_read_starts_again(tmp_path: Path) -> None:
    """Whatever the database says while it is read: nothing of it is left half loaded."""
    bench, rows = Bench(tmp_path), [("a.t", START + at * MINUTE, float(at)) for at in range(30)]
    release(bench.registry, baseline_bundle())
    bench.run(*messages(rows[:20], 10))
    bench.drain()
    agent = bench.agent(messages(rows[20:], 10))

    def fail() -> None:
        raise sqlite3.DatabaseError("database disk image is malformed")

    spool_of(agent).before_reading = fail
    agent.run()
    assert bench.lines("the state of the last run cannot be used") == 1
    assert window(agent, "a.t") == [float(at) for at in range(6, 30)]


def test_a_block_that_the_disk_has_changed_costs_only_itself(tmp_path: Path) -> None:
    """It never reaches the store; one line and a number tell of it, and it can be looked at."""
    bench, rows = Bench(tmp_path), [("a.t", START + at * MINUTE, float(at)) for at in range(30)]
    release(bench.registry, baseline_bundle())
    agent = bench.agent(messages(rows, 10))
    spool_of(agent).before_sending = not_yet
    agent.run()
    with closing(sqlite3.connect(tmp_path / "state" / "spool.db", isolation_level=None)) as disk:
        (number,) = disk.execute("SELECT min(id) + 1 FROM outbox").fetchone()
        (block,) = disk.execute("SELECT block FROM outbox WHERE id = ?", (number,)).fetchone()
        disk.execute("UPDATE outbox SET block = ? WHERE id = ?", (changed(block), number))
    agent = bench.drain()
    stored = bench.stored()["reading"]
    assert (len(stored), {time - value * MINUTE for (_, time, _), (value, *_) in stored.items()}) == (20, {START})
    assert (agent.parts.counters.total(Counter.DAMAGED_BLOCKS), agent.parts.spool.backlog) == (1, 0)
    assert bench.lines("1 block of the spool is damaged on the disk") == 1
    with closing(sqlite3.connect(tmp_path / "state" / "spool.db")) as disk:
        assert disk.execute("SELECT reason, block FROM refused").fetchall() == [
            ("damaged on the disk", unpack_damaged(changed(block)))
        ]


def not_yet() -> None:
    """The store is away."""
    raise StoreBusy("away")


def changed(block: bytes) -> bytes:
    """A number of it is another one."""
    return block[:-3] + bytes([block[-3] ^ 1]) + block[-2:]


def test_damage_that_only_the_sender_meets_is_mended_by_the_loop(tmp_path: Path) -> None:
    """A file that is damaged where no commit reads is moved aside all the same, and the agent goes on."""
    bench, rows = Bench(tmp_path), [("a.t", START + at * MINUTE, float(at)) for at in range(30)]
    path = tmp_path / "state" / "spool.db"
    agent = bench.agent()

    def spoil() -> None:
        with closing(sqlite3.connect(path)) as disk:
            disk.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        size = path.stat().st_size
        with path.open("r+b") as file:
            file.seek(4096)
            file.write(b"\xff" * (size - 4096))
        spool_of(agent).before_sending = lambda: None

    big = [("a.t", START + at * MINUTE, float(at)) for at in range(2000)]
    script_of(agent).steps = [
        *messages(big, 500),
        spoil,
        lambda: wait_until(lambda: spool_of(agent).needs_care),
        *messages(rows),
    ]
    spool_of(agent).before_sending = not_yet
    agent.run()
    assert bench.lines("was moved to") == 1

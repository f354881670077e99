"""The spool's file: its name, and its size."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from secrets import token_bytes

import pytest

from edge.spool.file import File
from edge.spool.spool import Commit, Spool
from tests.edge.test_spool_spool import blocks, entry, times
from tests.edge.test_spool_tables import EARLIER
from tests.support.agent_process import START, baseline_bundle, release
from tests.support.scripted_agent import MINUTE, Bench, messages, script_of, spool_of, window


def remove(path: Path) -> None:
    """The file and its companions."""
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()


def remove_alone(path: Path) -> None:
    """The file without its companions."""
    path.unlink()


def remove_log(path: Path) -> None:
    """The log, with what was not moved to the file yet."""
    Path(f"{path}-wal").unlink()


def remove_companions(path: Path) -> None:
    """The log and the index of the log."""
    for ending in ("-wal", "-shm"):
        Path(f"{path}{ending}").unlink()


def move(path: Path) -> None:
    """The file has another name."""
    path.rename(path.with_name("moved.db"))


def replace(path: Path) -> None:
    """An older copy takes the place of the file."""
    with closing(sqlite3.connect(path.with_name("older.db"))) as older:
        older.executescript(EARLIER)
    path.with_name("older.db").replace(path)


def remove_folder(path: Path) -> None:
    """Nothing is left."""
    shutil.rmtree(path.parent)


BETRAYALS = [remove, remove_alone, remove_log, remove_companions, move, replace, remove_folder]


@pytest.mark.parametrize("betray", BETRAYALS)
def test_a_file_that_loses_its_name_comes_back_with_all_that_is_in_it(betray: Callable[[Path], None], tmp_path: Path) -> None:
    """What came before and what comes after is there for whoever opens the name, as after `kill -9`; a line says so once."""
    path = tmp_path / "state" / "spool.db"
    spool = Spool(path, "sqlite")
    spool.commit(Commit([b"1", b"22"], [entry(1)], [(0, "a", {})], snapshot=lambda: [b"state"]))
    spool.commit(Commit([b"333"], [entry(2)], sent=1))
    assert not spool.needs_care
    betray(path)
    assert spool.needs_care
    spool.commit(Commit([b"4444"], [entry(3)], [(1, "b", {})]))
    line = spool.look()
    assert line is not None
    assert "while the agent was running" in line
    assert (spool.look(), spool.needs_care, spool.backlog) == (None, False, 9)
    spool.commit(Commit([b"5"], sent=2))
    killed = tmp_path / "killed"
    shutil.copytree(path.parent, killed)
    for read in (spool, Spool(killed / "spool.db", "sqlite")):
        assert (read.loss, blocks(read), times(read), [*read.snapshot()]) == (None, [b"333", b"4444", b"5"], [2, 3], [b"state"])
        assert (read.series(), read.next_blocks(4, 9)) == ([("a", {}), ("b", {})], (5, [b"5"]))
        read.close()
    assert len([*path.parent.glob("spool.db.replaced-*")]) == (betray is replace)


def test_a_full_disk_keeps_the_file_without_a_name(tmp_path: Path) -> None:
    """It comes back when there is room: a file where the folder should be stands for the disk that takes nothing."""
    path = tmp_path / "state" / "spool.db"
    spool = Spool(path, "sqlite")
    spool.commit(Commit([b"1"]))
    shutil.rmtree(path.parent)
    path.parent.write_text("")
    spool.commit(Commit([b"2"]))
    for _ in range(2):
        with pytest.raises(sqlite3.OperationalError, match="cannot make"):
            spool.look()
    path.parent.unlink()
    assert spool.look() is not None
    assert blocks(spool) == [b"1", b"2"]
    spool.close()


@pytest.mark.parametrize("betray", [remove, remove_log, replace, remove_folder])
def test_an_agent_whose_files_are_removed_loses_nothing(betray: Callable[[Path], None], tmp_path: Path) -> None:
    """Neither what waits for the store nor the windows, killed right after an acknowledgement; it is told."""
    bench, rows = Bench(tmp_path), [("a.t", START + at * MINUTE, float(at)) for at in range(40)]
    release(bench.registry, baseline_bundle())
    agent = bench.agent()
    path, copy = tmp_path / "state" / "spool.db", tmp_path / "copy"
    seen: list[int] = []

    def kill() -> None:
        """What an agent would find that was killed now."""
        shutil.copytree(path.parent, copy)
        seen.append(len(script_of(agent).acknowledged))

    spool_of(agent).before_sending = away
    script_of(agent).steps = [*messages(rows[:20], 10), lambda: betray(path), *messages(rows[20:30]), kill]
    agent.run()
    assert agent.parts.committer.degraded is not None
    assert (seen, bench.lines("while the agent was running")) == ([30], 1)
    shutil.rmtree(path.parent)
    copy.rename(path.parent)
    if not (path.parent / "bundles").exists():
        release(bench.registry, baseline_bundle())
    agent = bench.run(*messages(rows[30:]))
    assert window(agent, "a.t") == [float(at) for at in range(16, 40)]
    bench.drain()
    assert sorted(time for _, time, _ in bench.stored()["reading"]) == [row[1] for row in rows]


def away() -> None:
    """The store is away."""
    raise sqlite3.OperationalError("away")


def test_an_idle_agent_brings_its_file_back(tmp_path: Path) -> None:
    """No message has to come for that."""
    bench, path = Bench(tmp_path), tmp_path / "state" / "spool.db"
    bench.run(lambda: remove(path), lambda: None, path.stat)
    assert bench.lines("while the agent was running") == 1


def test_a_file_is_small_again_after_a_backlog(tmp_path: Path) -> None:
    """Looked for once in a while, as it means to write the rest anew; the log is small too."""
    path, now = tmp_path / "spool.db", [1000.0]
    file = File(path, survive_power_loss=False, moment=lambda: now[0], spare_pages=50)
    file.open()
    file.shrink()
    file.writer.execute("INSERT INTO outbox (store, block) VALUES ('sqlite', zeroblob(9000000))")
    file.writer.execute("INSERT INTO snapshot (part) VALUES (zeroblob(100000))")
    for now[0], small in ((1000.0, False), (1061.0, False), (1062.0, False), (1123.0, True)):
        file.shrink()
        assert (path.stat().st_size < 400_000) == small
        if now[0] == 1061.0:
            file.writer.execute("DELETE FROM outbox")
    assert Path(f"{path}-wal").stat().st_size < 10_000_000
    file.writer.execute("DELETE FROM snapshot")
    assert Path(f"{path}-wal").stat().st_size < 5_000_000
    file.close()


def test_a_spool_gives_no_room_back_while_blocks_wait(tmp_path: Path) -> None:
    """To write them anew would take the most when there is the least time and room."""
    path = tmp_path / "spool.db"
    spool = Spool(path, "sqlite", survive_power_loss=False)
    spool.commit(Commit([token_bytes(9_000_000), b"y"]))
    spool.commit(Commit(sent=1))
    spool.shrink()
    assert path.stat().st_size > 9_000_000
    spool.commit(Commit(sent=2))
    spool.shrink()
    assert path.stat().st_size < 200_000
    spool.commit(Commit([b"z"]))
    assert blocks(spool) == [b"z"]
    spool.close()

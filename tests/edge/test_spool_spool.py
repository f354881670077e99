"""A commit is whole or nothing, and what is committed is still there after kill -9."""

import contextlib
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from secrets import token_bytes

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from msgspec.structs import replace

from edge.config.reading import read_config
from edge.contract.columns import Readings
from edge.contract.times import SECOND
from edge.errors import ConfigurationError
from edge.messages.message import Arrival, Message
from edge.series.entry import Entry
from edge.spool.spool import KEPT_REFUSED, KEPT_REFUSED_BYTES, Commit, Refusal, Spool
from tests.support.scripted_agent import Bench, script_of

WRITER = """
import sys
from pathlib import Path
from secrets import token_bytes
import numpy as np
from edge.contract.columns import Readings
from edge.series.entry import Entry
from edge.spool.spool import Commit, Spool

spool = Spool(Path(sys.argv[1]), "sqlite", survive_power_loss=sys.argv[2] == "1")
for number in range(1_000_000):
    entry = Entry(Readings.of([number], [number], [number]), None, np.zeros((0, 1, 4)))
    blocks = [b"%d a " % number + token_bytes(3000), b"%d b" % number]
    snapshot = (lambda: [b"%d" % number]) if number % 50 == 49 else None
    spool.commit(Commit(blocks, [entry], [(number, f"s{number}", {"n": str(number)})], 2 * number - 200, snapshot=snapshot))
    print(number, flush=True)
"""


def entry(time: int, *, forecasts: int = 0) -> Entry:
    """A batch of one reading."""
    return Entry(Readings.of([0], [time], [0.5]), None, np.zeros((forecasts, 2, 4)))


def blocks(spool: Spool, after: int = 0, size: int = 1 << 30) -> list[bytes]:
    """Blocks that wait."""
    found = spool.next_blocks(after, size)
    return found[1] if found else []


def times(spool: Spool) -> list[int]:
    """Reading times in the journal."""
    return [time for one in spool.journal() for time in one.readings.time.tolist()]


@given(
    st.lists(st.tuples(st.integers(0, 2**31 - 1), st.integers(-(2**63), 2**63 - 1), st.floats())),
    st.one_of(st.none(), st.integers(0, 2**63 - 1)),
    arrays.arrays(np.float64, arrays.array_shapes(min_dims=3, max_dims=3, min_side=0)),
)
def test_entry_is_read_as_it_was_written(
    rows: Sequence[tuple[int, int, float]], now: int | None, forecasts: np.ndarray[tuple[int, ...], np.dtype[np.float64]]
) -> None:
    """Bit for bit, with NaN, no rows and no forecasts."""
    written = Entry(Readings.of([r[0] for r in rows], [r[1] for r in rows], [r[2] for r in rows]), now, forecasts)
    read = Entry.decode(written.encode())
    assert (read.now, read.forecasts.shape) == (now, forecasts.shape)
    for name in ("series", "time", "value"):
        assert getattr(read.readings, name).tobytes() == getattr(written.readings, name).tobytes()
    assert read.forecasts.tobytes() == forecasts.tobytes()


def test_everything_is_there_after_reopening(tmp_path: Path) -> None:
    """Blocks, batches, series and snapshot come back in order."""
    spool = Spool(tmp_path / "new" / "spool.db", "sqlite")
    assert not [*spool.snapshot()]
    spool.commit(Commit([b"1"], [entry(1)], [(0, "a", {"site": "süd"})]))
    spool.commit(Commit([b"2", b"3"], [entry(2)], [(1, "b", {})], snapshot=lambda: [b"state", b"more"]))
    spool.commit(Commit([], [entry(3)]))
    spool.close()
    spool = Spool(tmp_path / "new" / "spool.db", "sqlite")
    assert blocks(spool) == [b"1", b"2", b"3"]
    assert spool.series() == [("a", {"site": "süd"}), ("b", {})]
    assert ([*spool.snapshot()], times(spool), spool.backlog) == ([b"state", b"more"], [3], 3)
    spool.close()


def test_blocks_come_in_order_and_by_size(tmp_path: Path) -> None:
    """At least one, however large; the number of the newest goes with them."""
    spool = Spool(tmp_path / "spool.db", "sqlite")
    spool.commit(Commit([b"aaaa", b"bb", b"cc", b"d"]))
    assert spool.next_blocks(0, 1) == (1, [b"aaaa"])
    assert spool.next_blocks(1, 4) == (3, [b"bb", b"cc"])
    assert spool.next_blocks(3, 4) == (4, [b"d"])
    assert spool.next_blocks(4, 4) is None
    spool.close()


def test_sent_blocks_are_forgotten_and_their_numbers_never_used_again(tmp_path: Path) -> None:
    """A number the sender still holds never names another block, not even after a restart."""
    spool = Spool(tmp_path / "spool.db", "sqlite")
    spool.commit(Commit([b"1", b"22"]))
    spool.commit(Commit(sent=2))
    assert (blocks(spool), spool.backlog) == ([], 0)
    spool.close()
    spool = Spool(tmp_path / "spool.db", "sqlite")
    spool.commit(Commit([b"3"], sent=0))
    assert spool.next_blocks(0, 10) == (3, [b"3"])
    spool.close()


def test_full_spool_drops_the_oldest_and_counts(tmp_path: Path) -> None:
    """The newest blocks that fit stay; a single block beyond the limit is dropped too."""
    spool = Spool(tmp_path / "spool.db", "sqlite", limit=10)
    assert spool.commit(Commit([b"aaaa", b"bbbb"])) == 0
    assert spool.commit(Commit([b"cccc"])) == 1
    assert (blocks(spool), spool.backlog) == ([b"bbbb", b"cccc"], 8)
    assert spool.commit(Commit([b"dddd", b"eeee"], sent=2)) == 1
    assert blocks(spool) == [b"dddd", b"eeee"]
    assert spool.commit(Commit([b"f" * 11])) == 3
    assert (blocks(spool), spool.backlog) == ([], 0)
    spool.close()


def test_dropped_blocks_that_were_sent_meanwhile_are_no_trouble(tmp_path: Path) -> None:
    """The sender may report a block as sent after it was dropped."""
    spool = Spool(tmp_path / "spool.db", "sqlite", limit=4)
    spool.commit(Commit([b"aaaa"]))
    spool.commit(Commit([b"bbbb"]))
    spool.commit(Commit([b"cc"], sent=1))
    assert (blocks(spool), spool.backlog) == ([b"cc"], 2)
    spool.close()


def test_snapshot_makes_the_journal_unnecessary(tmp_path: Path) -> None:
    """The batch it comes with is in it."""
    spool = Spool(tmp_path / "spool.db", "sqlite")
    spool.commit(Commit(entries=[entry(1)]))
    spool.commit(Commit(entries=[entry(2)], snapshot=lambda: [b"one"]))
    assert ([*spool.snapshot()], times(spool)) == ([b"one"], [])
    spool.commit(Commit(entries=[entry(3)]))
    spool.commit(Commit(snapshot=lambda: [b"two"]))
    assert ([*spool.snapshot()], times(spool)) == ([b"two"], [])
    spool.close()


def test_refused_blocks_are_kept_up_to_a_number(tmp_path: Path) -> None:
    """The newest stay, with the store's reason, for whoever looks."""
    spool = Spool(tmp_path / "spool.db", "sqlite")
    spool.commit(Commit(refused=[Refusal(f"why {number}", b"x", 1) for number in range(KEPT_REFUSED + 5)]))
    spool.commit(Commit(refused=[Refusal("last", b"y", 1)]))
    spool.close()
    with contextlib.closing(sqlite3.connect(tmp_path / "spool.db")) as connection:
        refused = connection.execute("SELECT reason, block FROM refused ORDER BY id").fetchall()
    assert (len(refused), refused[0][0], refused[-1]) == (KEPT_REFUSED, "why 6", ("last", b"y"))


def test_refused_blocks_are_kept_up_to_a_size(tmp_path: Path) -> None:
    """Large ones do not fill a small disk."""
    spool = Spool(tmp_path / "spool.db", "sqlite")
    large = b"x" * (KEPT_REFUSED_BYTES // 3)
    for number in range(5):
        spool.commit(Commit(refused=[Refusal(f"why {number}", large, 1000)]))
    spool.close()
    with contextlib.closing(sqlite3.connect(tmp_path / "spool.db")) as connection:
        reasons = connection.execute("SELECT reason FROM refused ORDER BY id").fetchall()
    assert reasons == [("why 2",), ("why 3",), ("why 4",)]


def test_newest_blocks_are_the_end_of_what_waits(tmp_path: Path) -> None:
    """In order, beyond a number, up to a size but at least one."""
    spool = Spool(tmp_path / "spool.db", "sqlite")
    spool.commit(Commit([b"1", b"22", b"333", b"4444"]))
    assert spool.newest_blocks(0, 7) == [b"333", b"4444"]
    assert spool.newest_blocks(0, 1) == [b"4444"]
    assert spool.newest_blocks(3, 100) == [b"4444"]
    assert spool.newest_blocks(4, 100) == []
    spool.close()


def test_what_fills_a_size_exactly_still_fits(tmp_path: Path) -> None:
    """One byte less, and the block that does not fit is left; the limit of the outbox is a size that it may have."""
    spool = Spool(tmp_path / "spool.db", "sqlite", limit=9)
    assert spool.commit(Commit([b"aaa", b"bbb", b"ccc"])) == 0
    assert spool.backlog == 9
    assert (spool.next_blocks(0, 6), spool.next_blocks(0, 5)) == ((2, [b"aaa", b"bbb"]), (1, [b"aaa"]))
    assert (spool.newest_blocks(0, 6), spool.newest_blocks(0, 5)) == ([b"bbb", b"ccc"], [b"ccc"])
    assert spool.next_blocks(1, 100) == (3, [b"bbb", b"ccc"])
    assert spool.newest_blocks(1, 100) == [b"bbb", b"ccc"]
    assert spool.commit(Commit([b"d"])) == 1
    spool.close()


def test_backlog_counts_what_waits_also_after_reopening(tmp_path: Path) -> None:
    """Blocks that were sent, dropped or never committed are not in it."""
    spool = Spool(tmp_path / "spool.db", "sqlite", limit=12)
    spool.commit(Commit([b"aaaa", b"bb", b"ccc"]))
    spool.commit(Commit([b"d" * 5], sent=1))
    assert spool.backlog == 10
    assert spool.commit(Commit([b"eeee"], sent=1)) == 1  # bb goes
    assert spool.backlog == 12
    with pytest.raises(ZeroDivisionError):
        spool.commit(Commit([b"f"], snapshot=lambda: [b"x"] * (1 // 0)))
    assert (spool.backlog, blocks(spool)) == (12, [b"ccc", b"d" * 5, b"eeee"])
    spool.close()
    spool = Spool(tmp_path / "spool.db", "sqlite")
    assert (spool.backlog, blocks(spool, 3)) == (12, [b"d" * 5, b"eeee"])
    spool.close()


def test_the_clock_of_the_newest_commit_is_written_in_steps_of_a_minute(tmp_path: Path) -> None:
    """In both directions, so that a clock that was set back is known too; a commit without a clock changes nothing."""
    spool = Spool(tmp_path / "spool.db", "sqlite")
    start, minute = 1_700_000_000 * SECOND, 60 * SECOND
    steps = [(None, 0), (start, start), (start + minute - 1, start), (start + minute, start + minute), (None, start + minute)]
    for now, committed in [*steps, (start + 1, start + minute), (start, start)]:
        spool.commit(Commit(now=now))
        assert spool.committed == committed
        other = Spool(tmp_path / "spool.db", "sqlite")
        assert other.committed == committed
        other.close()
    spool.close()


def test_held_readings_are_kept_until_others_or_none_are_held(tmp_path: Path) -> None:
    """A commit that says nothing of them leaves them as they are."""
    spool = Spool(tmp_path / "spool.db", "sqlite")
    assert len(spool.held()) == 0
    spool.commit(Commit(held=Readings.of([1], [2], [3.0])))
    spool.commit(Commit(held=Readings.of([4, 5], [6, 7], [8.0, 9.0])))
    spool.commit(Commit([b"x"]))
    spool.close()
    spool = Spool(tmp_path / "spool.db", "sqlite")
    held = spool.held()
    assert (held.series.tolist(), held.time.tolist(), held.value.tolist()) == ([4, 5], [6, 7], [8.0, 9.0])
    spool.commit(Commit(held=Readings.empty()))
    assert len(spool.held()) == 0
    spool.close()


def test_a_series_keeps_its_first_name_and_tags(tmp_path: Path) -> None:
    """A commit that is tried again may bring it again."""
    spool = Spool(tmp_path / "spool.db", "sqlite")
    spool.commit(Commit(series=[(1, "b", {}), (0, "a", {"room": "roof", "unit": "°C"})]))
    spool.commit(Commit(series=[(0, "other", {}), (2, "c", {})]))
    assert spool.series() == [("a", {"room": "roof", "unit": "°C"}), ("b", {}), ("c", {})]
    spool.close()


def test_data_for_another_kind_of_store_is_refused_until_it_is_sent(tmp_path: Path) -> None:
    """Blocks are encoded for one store; an empty outbox may change its store."""
    spool = Spool(tmp_path / "spool.db", "sqlite")
    spool.commit(Commit([b"1"]))
    spool.close()
    with pytest.raises(ConfigurationError, match=r"still holds data for a sqlite store.*run once with the old url"):
        Spool(tmp_path / "spool.db", "influxdb")
    spool = Spool(tmp_path / "spool.db", "sqlite")
    spool.commit(Commit(sent=1))
    spool.close()
    Spool(tmp_path / "spool.db", "influxdb").close()


@pytest.mark.parametrize("make", [lambda path: path.parent.write_text("no folder"), lambda path: path.mkdir(parents=True)])
def test_place_that_cannot_be_used_is_the_users_move(make: Callable[[Path], object], tmp_path: Path) -> None:
    """A file where the folder should be, and a folder where the file should be."""
    path = tmp_path / "state" / "spool.db"
    make(path)
    with pytest.raises(ConfigurationError, match="choose another folder in"):
        Spool(path, "sqlite")


def test_tables_of_something_else_are_the_users_move(tmp_path: Path) -> None:
    """It is a sound database, so it is left as it is."""
    with contextlib.closing(sqlite3.connect(tmp_path / "spool.db")) as other:
        other.execute("CREATE TABLE outbox (something TEXT)")
    with pytest.raises(ConfigurationError, match="choose another folder in"):
        Spool(tmp_path / "spool.db", "sqlite")
    assert [path.name for path in tmp_path.iterdir()] == ["spool.db"]


def test_the_newest_message_of_each_identifier_is_remembered(tmp_path: Path) -> None:
    """With the commit of its batch, so also after a restart."""
    spool = Spool(tmp_path / "spool.db", "sqlite")
    one, two, other = Arrival(5, b"12345678", 1), Arrival(5, b"abcdefgh", 2), Arrival(65_535, b"", 3)
    spool.commit(Commit(arrivals=[one, other]))
    spool.commit(Commit(arrivals=[two]))
    spool.close()
    spool = Spool(tmp_path / "spool.db", "sqlite")
    assert [spool.arrival(mid) for mid in (5, 65_535, 6)] == [two, other, None]
    spool.close()


def test_a_message_without_a_time_is_stored_once_after_a_crash(tmp_path: Path) -> None:
    """Committed and not acknowledged when the agent died: the broker sends it again, and it is the reading it was."""
    bench = Bench(tmp_path)
    path = tmp_path / "gatecast.toml"
    path.write_text(path.read_text().replace("[store]", 'time = ""\n[store]'))
    bench.config = read_config(path)
    first = Message("sensors/a/t", b'{"value": 1}', bench.now, False, 7, 1, 1)
    bench.run([first])
    agent = bench.run([replace(first, arrival=bench.now + SECOND, session=2, dup=True)])
    assert len(script_of(agent).acknowledged) == 1
    bench.drain()
    assert list(bench.stored()["reading"]) == [("a.t", bench.now, 0)]


def test_full_disk_loses_nothing_and_the_same_commit_goes_through_later(tmp_path: Path) -> None:
    """Nothing of the failed commit is there, and the numbers of backlog and blocks are those of before."""
    spool = Spool(tmp_path / "spool.db", "sqlite")
    spool.commit(Commit([b"first"], [entry(1)], [(0, "a", {})]))
    pages = spool._writer.execute("PRAGMA page_count").fetchone()[0]
    spool._writer.execute(f"PRAGMA max_page_count={pages + 2}")
    block = token_bytes(100_000)
    large = Commit([block], [entry(2)], [(1, "b", {})], sent=1, snapshot=lambda: [b"s"])
    for _ in range(3):
        with pytest.raises(sqlite3.OperationalError, match="full"):
            spool.commit(large)
    assert (blocks(spool), times(spool), spool.series()) == ([b"first"], [1], [("a", {})])
    assert ([*spool.snapshot()], spool.backlog) == ([], 5)
    spool._writer.execute("PRAGMA max_page_count=1000000")
    spool.commit(large)
    assert (blocks(spool), times(spool), spool.series()) == ([block], [], [("a", {}), ("b", {})])
    assert ([*spool.snapshot()], spool.backlog) == ([b"s"], 100_000)
    spool.close()


@pytest.mark.parametrize("survive_power_loss", [True, False])
def test_kill_9_between_or_within_commits_leaves_whole_ones(*, survive_power_loss: bool, tmp_path: Path) -> None:
    """Outbox, journal, series and snapshot agree with each other, and nothing that was said to be committed is missing."""
    path = tmp_path / "spool.db"
    said = -1
    for round_ in range(2):
        if path.exists():
            path.unlink()
            for rest in tmp_path.glob("spool.db-*"):
                rest.unlink()
        command = [sys.executable, "-c", WRITER, str(path), str(int(survive_power_loss))]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for line in process.stdout:
                said = int(line)
                if said >= 120 + 37 * round_:
                    break
            process.kill()
            said = max([said, *(int(line) for line in process.stdout if line.endswith("\n"))])
        spool = Spool(path, "sqlite")
        newest = len(spool.series()) - 1
        assert newest >= said
        names = [block.split()[0] + block.split()[1] for block in blocks(spool)]
        first = max(0, (2 * newest - 200) // 2)
        assert names == [b"%d%s" % (number, part) for number in range(first, newest + 1) for part in (b"a", b"b")]
        assert spool.backlog == sum(map(len, blocks(spool)))
        kept = (newest + 1) // 50 * 50
        assert ([*spool.snapshot()], times(spool)) == ([b"%d" % (kept - 1)], list(range(kept, newest + 1)))
        spool.close()


def test_reader_sees_only_whole_commits_while_the_writer_is_at_it(tmp_path: Path) -> None:
    """Both blocks of a commit or none, from another connection."""
    spool = Spool(tmp_path / "spool.db", "sqlite", survive_power_loss=False)
    spool._writer.execute("BEGIN IMMEDIATE")
    spool._change(Commit([b"1", b"2"]), 0)
    assert blocks(spool) == []
    spool._writer.execute("COMMIT")
    assert blocks(spool) == [b"1", b"2"]
    spool.close()

"""Rows that are too old leave the SQLite store a few at a time, and never by a clock that is wrong."""

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from edge.contract.columns import Points, SeriesTable
from edge.contract.schema import AGENT, FORECAST_LEAD, READING
from edge.contract.times import DAY, SECOND
from edge.errors import StoreBusy
from edge.stores.retention import Amounts, Retention
from edge.stores.sqlite import SqliteStore
from tests.support.stores import NOW

KEEP = 8 * DAY
HOUR = 3600 * SECOND
TABLE = SeriesTable(["a", "b", "agent"])


class Bench:
    """A store with a row of two series in each hour of twenty days, and the clocks of its device."""

    def __init__(self, path: Path, *, keep: int = KEEP, rows: int = 100, log_size: int = 1 << 30) -> None:
        self.path, self.now, self.needed, self.moment = path, NOW, 0, 0.0
        self.trusted, self.lines = True, list[str]()
        self.store = SqliteStore(path)
        self.retention = Retention(
            keep,
            lambda: self.now if self.trusted else None,
            lambda: self.needed,
            self.lines.append,
            moment=lambda: self.moment,
            amounts=Amounts(rows, 256, log_size),
        )

    def fill(self, start: int, stop: int, step: int = HOUR) -> None:
        """Readings, and forecasts at two leads, of `[start, stop)`."""
        time = np.repeat(np.arange(start, stop, step), 2)
        owners = np.tile(np.array([0, 1], np.int32), len(time) // 2)
        lead = np.tile(np.array([1, 2], np.int32), len(time) // 2)
        points = [
            Points(READING, owners, time, {"value": np.ones(len(time))}),
            Points(FORECAST_LEAD, np.zeros(len(time), np.int32), time, {"q50": np.ones(len(time))}, lead),
            Points(AGENT, np.full(len(time) // 2, 2, np.int32), time[::2], {"backlog": np.zeros(len(time) // 2)}),
        ]
        self.store.write(self.store.encode(points, TABLE))

    def write(self, times: int = 1) -> None:
        """So many writes of one reading at the time that is."""
        block = self.store.encode([Points(READING, np.zeros(1, np.int32), np.array([NOW]), {"value": np.ones(1)})], TABLE)
        for _ in range(times):
            self.store.write(block)

    def first(self, table: str = "reading") -> int:
        """The oldest row."""
        with closing(sqlite3.connect(self.path)) as connection:
            return int(connection.execute(f"SELECT min(time) FROM {table}").fetchone()[0])

    def count(self) -> int:
        """Number of readings."""
        with closing(sqlite3.connect(self.path)) as connection:
            return int(connection.execute("SELECT count(*) FROM reading").fetchone()[0])


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """Twenty days, of which nothing is too old yet as nothing watches."""
    bench = Bench(tmp_path / "store.db")
    bench.fill(NOW - 20 * DAY, NOW)
    bench.store.forget(bench.retention)
    return bench


def test_rows_go_a_few_at_a_time_and_what_is_kept_is_whole(bench: Bench) -> None:
    """Readings, forecasts and the agent's own rows; after the last there is one line."""
    before = bench.count()
    bench.write()
    assert 0 < before - bench.count() <= 101
    bench.write(40)
    for table in ("reading", "forecast_lead", "agent"):
        assert bench.first(table) == NOW - KEEP
    assert bench.count() == 2 * 8 * 24 + 1
    # Two readings, two forecasts and a row of the agent for each hour of twelve days.
    assert bench.lines == ["store: 1,440 rows from before 2026-01-07T12:00:00Z deleted, as [store] keep says"]
    bench.store.close()


def test_next_round_comes_when_it_is_due(bench: Bench) -> None:
    """A part of `keep` later, and not with every write."""
    bench.write(40)
    bench.now += 2 * HOUR
    bench.write(5)
    assert bench.first() == NOW - KEEP
    bench.moment += bench.retention.pause
    bench.write(5)
    assert bench.first() == NOW - KEEP + 2 * HOUR
    bench.store.close()


@pytest.mark.parametrize("ahead", [365 * DAY, 8 * DAY, 5 * DAY])
def test_clock_that_is_ahead_deletes_nothing(ahead: int, bench: Bench) -> None:
    """It may be proved and the readings may have its time: what would be kept has no reading in most of its days."""
    before = bench.count()
    bench.now += ahead
    bench.fill(NOW + ahead - HOUR, NOW + ahead)
    bench.write(40)
    assert bench.count() >= before + 2
    assert len(bench.lines) == 1
    assert "nothing from before is deleted" in bench.lines[0]
    bench.store.close()


def test_weekends_without_readings_do_not_keep_rows(tmp_path: Path) -> None:
    """Two or three days in a row without any reading are usual where nobody works."""
    bench = Bench(tmp_path / "store.db")
    bench.fill(NOW - 20 * DAY, NOW - 5 * DAY)
    bench.fill(NOW - 2 * DAY, NOW)
    bench.store.forget(bench.retention)
    bench.write(40)
    assert bench.first() == NOW - KEEP
    bench.store.close()


def test_clock_that_has_not_proved_itself_deletes_nothing(bench: Bench) -> None:
    """After an hour the page says what to do; as soon as it has proved itself the rows go."""
    before = bench.count()
    bench.trusted = False
    bench.write(5)
    assert (bench.count(), bench.retention.problem) == (before + 1, None)
    bench.moment += 3600
    bench.write()
    assert "time service" in (bench.retention.problem or "")
    bench.trusted = True
    bench.moment += 60
    bench.write(40)
    assert (bench.first(), bench.retention.problem) == (NOW - KEEP, None)
    bench.store.close()


@pytest.mark.parametrize("doubted", [True, False])
def test_round_by_a_clock_that_was_ahead_ends_when_it_is_set_back(doubted: bool, bench: Bench) -> None:
    """Whether the clock counts no longer or is right at once: what it would have deleted by then stays."""
    bench.now += 3 * DAY
    bench.write()
    before = bench.count()
    bench.now -= 3 * DAY
    if doubted:
        bench.trusted = False
        bench.write(40)
        assert bench.count() == before
        bench.trusted = True
        bench.moment += 60
    bench.write(40)
    assert (bench.first(), bench.count()) == (NOW - KEEP, 2 * 8 * 24 + 1)
    assert len(bench.lines) == 1
    assert "1,440 rows" in bench.lines[0]
    bench.store.close()


def test_round_ends_where_the_windows_of_a_new_bundle_need_its_rows(bench: Bench) -> None:
    """The bundle went live between two writes; the page names both times at once."""
    bench.write()
    before = bench.count()
    bench.needed = 9 * DAY
    bench.write(40)
    assert bench.count() == before
    assert "at least 9d" in (bench.retention.problem or "")
    bench.store.close()


def test_full_file_makes_no_room_by_a_clock_that_is_found_wrong(bench: Bench) -> None:
    """The disk is full in the middle of a round."""
    bench.write()
    before = bench.count()
    bench.trusted = False
    with closing(sqlite3.connect(bench.path, isolation_level=None)) as connection:
        bench.retention.make_room(connection)
    assert bench.count() == before
    bench.store.close()


def test_what_the_windows_need_stays(bench: Bench) -> None:
    """A bundle that looks back farther than rows are kept: nothing goes, and the page names both times."""
    before = bench.count()
    bench.needed = 9 * DAY
    bench.write(5)
    assert bench.count() == before + 1
    assert bench.retention.problem == bench.lines[0]
    assert "keep = 8d" in bench.lines[0]
    assert "at least 9d" in bench.lines[0]
    bench.store.close()


def test_file_becomes_small_again(tmp_path: Path) -> None:
    """Pages go back to the disk, but for a few."""
    bench = Bench(tmp_path / "store.db", rows=5_000)
    bench.fill(NOW - 400 * DAY, NOW)
    with closing(sqlite3.connect(bench.path)) as connection:
        before = connection.execute("PRAGMA page_count").fetchone()[0]
        bench.store.forget(bench.retention)
        bench.write(40)
        after, free = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count"))
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert after < before / 8
    assert free <= after / 12
    bench.store.close()
    assert bench.path.stat().st_size == after * 4096


def test_file_of_an_earlier_version_stays_as_large_and_grows_no_more(tmp_path: Path) -> None:
    """It cannot give pages back; new rows take them."""
    with closing(sqlite3.connect(tmp_path / "store.db")) as connection:
        connection.execute("CREATE TABLE other (x)")
    bench = Bench(tmp_path / "store.db", rows=5_000)
    bench.fill(NOW - 100 * DAY, NOW)
    bench.store.forget(bench.retention)
    bench.write(40)
    with closing(sqlite3.connect(bench.path)) as connection:
        before = connection.execute("PRAGMA page_count").fetchone()[0]
        bench.fill(NOW, NOW + 50 * DAY)
        assert connection.execute("PRAGMA page_count").fetchone()[0] == before
    bench.store.close()


def test_reader_and_other_writer_are_not_disturbed(bench: Bench) -> None:
    """A reader sees what was there when it began; while another program writes nothing is deleted, and nobody waits."""
    with closing(sqlite3.connect(bench.path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        before = reader.execute("SELECT count(*), min(time) FROM reading").fetchone()
        bench.write(40)
        assert reader.execute("SELECT count(*), min(time) FROM reading").fetchone() == before
        reader.execute("COMMIT")
        assert bench.first() == NOW - KEEP
        bench.now += DAY
        bench.moment += DAY / SECOND
        reader.execute("BEGIN IMMEDIATE")
        with closing(sqlite3.connect(bench.path, isolation_level=None)) as connection:
            bench.retention.step(connection, bench.path, 1)
        reader.execute("ROLLBACK")
        assert bench.first() == NOW - KEEP
    bench.moment += 60
    bench.write(10)
    assert bench.first() == NOW - KEEP + DAY
    bench.store.close()


def test_log_that_a_reader_holds_does_not_grow_by_deleting(tmp_path: Path) -> None:
    """From a size on the rows wait until the reader is done."""
    bench = Bench(tmp_path / "store.db", log_size=1)
    bench.fill(NOW - 20 * DAY, NOW)
    bench.store.forget(bench.retention)
    bench.write(10)
    assert bench.first() == NOW - 20 * DAY
    bench.store.close()


def test_full_file_makes_room_for_the_rows_that_wait(bench: Bench) -> None:
    """Rows that are too old go at once, although their round is not due, and the same write goes through."""
    bench.write(40)
    bench.now += 4 * DAY
    bench.fill(NOW, NOW + 4 * DAY)
    connection = bench.store._connection
    assert connection is not None
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count={pages}")
    tries, stored = 0, False
    while not stored:
        tries += 1
        try:
            bench.fill(NOW + 4 * DAY, NOW + 8 * DAY)
            stored = True
        except StoreBusy:
            assert tries < 50
    assert tries > 1
    assert NOW - KEEP < bench.first() <= NOW - KEEP + 4 * DAY
    bench.store.close()


KILLED = """
import sys
from pathlib import Path
from tests.edge.test_stores_retention import Bench
bench = Bench(Path(sys.argv[1]), rows=1)
bench.store.forget(bench.retention)
print("begun", flush=True)
while True:
    bench.write()
"""


def test_kill_in_between_costs_no_row_that_is_kept(tmp_path: Path) -> None:
    """The next run goes on where the rows are."""
    bench = Bench(tmp_path / "store.db")
    bench.fill(NOW - 20 * DAY, NOW)
    with subprocess.Popen([sys.executable, "-c", KILLED, str(bench.path)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        os.kill(process.pid, signal.SIGKILL)
    bench.store.forget(bench.retention)
    bench.write(40)
    assert (bench.first(), bench.count()) == (NOW - KEEP, 2 * 8 * 24 + 1)
    with closing(sqlite3.connect(bench.path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    bench.store.close()

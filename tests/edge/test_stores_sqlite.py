"""An SQLite file as a store: locks, a full disk, and files and names that are none of ours."""

import shutil
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from edge.contract.columns import Float64, Int32, Int64, Points, Readings, SeriesTable
from edge.contract.schema import FORECAST, FORECAST_LEAD, READING, Measurement
from edge.contract.times import DAY
from edge.errors import BlockRefused, StoreBusy, StoreDenied
from edge.spool.delivery import Delivery
from edge.stores.retention import Retention
from edge.stores.sqlite import SqliteStore
from tests.support.stores import NOW, leads, readings, rows, write


def begun(path: Path) -> sqlite3.Connection:
    """A connection of another process that has begun to write."""
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    return blocker


def test_two_that_write_a_new_file_wait_for_each_other(tmp_path: Path) -> None:
    """The first write also waits for one that is under way; for longer than our patience the file is busy."""
    path = tmp_path / "store.db"
    blocker = begun(path)
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        blocker.execute("ROLLBACK")

    hasty, patient = SqliteStore(path, patience=0.0), SqliteStore(path, sleep=wait)
    block = hasty.encode([readings([0], [NOW], [1])], SeriesTable(["a"]))
    with pytest.raises(StoreBusy, match="locked"):
        hasty.write(block)
    patient.write(block)
    blocker.close()
    assert (len(waits), len(rows(patient))) == (1, 1)
    hasty.close()
    patient.close()


def test_two_that_add_the_same_field_do_not_disturb_each_other(tmp_path: Path) -> None:
    """What one of them knows of the columns is out of date by then."""
    one, other = SqliteStore(tmp_path / "s.db"), SqliteStore(tmp_path / "s.db")
    table = SeriesTable(["a"])
    for store in (one, other):
        write(store, table, readings([0], [NOW], [1]))
    for store in (one, other):
        write(store, table, Points(READING, np.zeros(1, np.int32), np.array([NOW + 1]), {"more": np.ones(1)}))
    assert len(rows(one)) == 2
    one.close()
    other.close()


def test_two_that_begin_with_a_new_file_at_once_lose_nothing(tmp_path: Path) -> None:
    """Each makes tables and columns of its own and finds those of the other, again and again; neither fails or waits long."""
    gate, failures = threading.Barrier(2), list[Exception]()

    def work(path: Path, number: int) -> None:
        store, table = SqliteStore(path), SeriesTable([f"series {number}", "both"])
        gate.wait()
        try:
            for turn in range(4):
                times = np.array([turn, 1000 * number + turn])
                fields: dict[str, Float64 | Int64 | Int32 | str] = {"value": np.ones(2), f"field_{turn}": np.ones(2)}
                write(store, table, Points(READING, np.arange(2, dtype=np.int32), times, fields))
        except (BlockRefused, StoreBusy, StoreDenied) as error:
            failures.append(error)
        store.close()

    for attempt in range(10):
        path = tmp_path / f"{attempt}.db"
        threads = [threading.Thread(target=work, args=(path, number)) for number in (1, 2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (failures, len(rows(SqliteStore(path)))) == ([], 16)


def remove(path: Path) -> None:
    """The file and its companions are gone."""
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()


def move_away(path: Path) -> None:
    """The file has another name."""
    path.rename(path.with_name("old.db"))


def replace_by_copy(path: Path) -> None:
    """An older copy takes the place of the file."""
    path.with_name("copy").write_bytes(b"")
    path.with_name("copy").replace(path)


def remove_folder(path: Path) -> None:
    """Nothing is left."""
    shutil.rmtree(path.parent)


@pytest.mark.parametrize("betray", [remove, move_away, replace_by_copy, remove_folder])
def test_what_is_written_goes_to_the_file_that_has_the_name(betray: Callable[[Path], None], tmp_path: Path) -> None:
    """A file that lost its name would take every row, and nobody would find them again; one line says so."""
    path, table = tmp_path / "there" / "store.db", SeriesTable(["a", "b"])
    store = SqliteStore(path)
    for number in range(2):
        write(store, table, readings([number], [NOW], [1]))
    betray(path)
    block = store.encode([readings([1], [NOW + 1], [2])], table)
    with pytest.raises(StoreBusy, match="was removed, moved or replaced"):
        store.write(block)
    store.write(block)
    store.close()
    assert SqliteStore(path).count_readings(0, NOW + 2) == {"b": 1}


def test_a_file_that_is_removed_amid_a_write_gets_it_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The block is not said to be stored."""
    path, table = tmp_path / "store.db", SeriesTable(["a"])
    commits: list[str] = []
    connections = sqlite3.connect

    def watch(statement: str) -> None:
        if statement == "COMMIT" and not commits:
            commits.append(statement)
            remove(path)

    def connect(file: Path, *, isolation_level: None, check_same_thread: bool, timeout: float) -> sqlite3.Connection:
        connection = connections(file, isolation_level=isolation_level, check_same_thread=check_same_thread, timeout=timeout)
        connection.set_trace_callback(watch)
        return connection

    monkeypatch.setattr(sqlite3, "connect", connect)
    store = SqliteStore(path)
    block = store.encode([readings([0], [NOW], [1])], table)
    with pytest.raises(StoreBusy, match="was removed, moved or replaced"):
        store.write(block)
    store.write(block)
    store.close()
    assert SqliteStore(path).count_readings(0, NOW + 2) == {"a": 1}


def test_a_log_that_is_removed_alone_costs_no_row(tmp_path: Path) -> None:
    """What was in the log is moved to the file, and the next rows go to a log that has a name: seen after a loss of power."""
    path, table = tmp_path / "store.db", SeriesTable(["a"])
    store = SqliteStore(path)
    for moment in (NOW - 1, NOW):
        write(store, table, readings([0], [moment], [1]))
    Path(f"{path}-wal").unlink()
    write(store, table, readings([0], [NOW + 1], [2]))
    for ending in ("", "-wal"):
        shutil.copy(f"{path}{ending}", f"{tmp_path / 'seen.db'}{ending}")
    assert SqliteStore(tmp_path / "seen.db").count_readings(0, NOW + 2) == {"a": 3}
    store.close()


def test_a_log_that_is_removed_amid_a_write_with_retention_costs_no_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection is closed then, so the old rows go after the next write."""
    path, table = tmp_path / "store.db", SeriesTable(["a"])
    connections, moments = sqlite3.connect, [0.0]

    def watch(statement: str) -> None:
        log = Path(f"{path}-wal")
        if statement == "COMMIT" and moments[0] and log.exists():
            log.unlink()
            moments.append(moments[0])

    def connect(file: Path, *, isolation_level: None, check_same_thread: bool, timeout: float) -> sqlite3.Connection:
        connection = connections(file, isolation_level=isolation_level, check_same_thread=check_same_thread, timeout=timeout)
        connection.set_trace_callback(watch if len(moments) == 1 else None)
        return connection

    monkeypatch.setattr(sqlite3, "connect", connect)
    store, lines = SqliteStore(path), list[str]()
    retention = Retention(10 * DAY, lambda: NOW if moments[0] else None, lambda: 0, lines.append, moment=lambda: moments[0])
    store.forget(retention)
    times = [NOW - number * DAY // 10 for number in range(200)]
    write(store, table, readings([0] * 200, times, [1] * 200))
    moments[0] = 1e9
    write(store, table, readings([0], [NOW + 1], [2]))
    assert (len(moments), lines) == (2, [])
    write(store, table, readings([0], [NOW + 2], [3]))
    assert store.count_readings(0, NOW + 3) == {"a": 103}
    store.close()


def test_what_is_no_number_is_a_missing_value(tmp_path: Path) -> None:
    """Others may write anything into the file by hand; SQLite takes it."""
    store, table = SqliteStore(tmp_path / "store.db"), SeriesTable(["a"])
    write(store, table, readings([0] * 4, [NOW, NOW + 1, NOW + 2, NOW + 3], [1, 2, 3, 4]))
    with closing(sqlite3.connect(tmp_path / "store.db")) as other:
        for moment, value in enumerate(("n/a", "12.5", b"\x00")):
            other.execute("UPDATE reading SET value = ? WHERE time = ?", (value, NOW + moment))
        other.commit()
    assert [row[-1] for row in rows(store)] == [None, None, None, 4.0]
    store.close()


def test_a_row_at_the_end_of_time_costs_no_other(tmp_path: Path) -> None:
    """Whoever reads up to the last row asks for a moment that SQLite cannot hold; each training ended there."""
    store, table = SqliteStore(tmp_path / "store.db"), SeriesTable(["a"])
    write(store, table, readings([0, 0], [NOW, (1 << 63) - 1], [1, 2]))
    span = store.span()
    assert span == (NOW, (1 << 63) - 1)
    assert [row[-1] for row in rows(store, stop=span[1] + 1)] == [1.0]
    assert store.count_readings(0, span[1] + 1) == {"a": 1}
    store.close()


def test_a_row_whose_lead_is_none_costs_no_other(tmp_path: Path) -> None:
    """A text, a blob or a number without end where the lead stands: it ended every reading of the measurement."""
    store, table = SqliteStore(tmp_path / "store.db"), SeriesTable(["a"])
    write(store, table, leads(FORECAST_LEAD))
    with closing(sqlite3.connect(tmp_path / "store.db")) as other:
        for lead in ("abc", b"\x00", 1 << 40):
            other.execute("INSERT INTO forecast_lead (series, time, lead, q50) VALUES (1, ?, ?, 7)", (NOW + 1, lead))
        other.commit()
    found = [row[2] for row in rows(store, FORECAST_LEAD)]
    assert (sorted(found[:3]), found[3:]) == ([1, 2, 3], [0, 0, 0])  # type: ignore[type-var]
    store.close()


def test_series_that_is_new_while_rows_are_read_is_read_the_next_time(tmp_path: Path) -> None:
    """Names and rows are those of one moment: a row whose name was not there yet ended the thread that reads."""
    table = SeriesTable(["a", "b"])
    with closing(SqliteStore(tmp_path / "store.db")) as writer:
        write(writer, table, readings([0], [NOW], [1.0]))

        class Watched(SqliteStore):
            def connect(self) -> sqlite3.Connection:
                connection = super().connect()
                new = iter([readings([1], [NOW], [2.0])])

                def add(statement: str) -> None:
                    if "JOIN" in statement and (points := next(new, None)) is not None:
                        write(writer, table, points)

                connection.set_trace_callback(add)
                return connection

        with closing(Watched(writer.path)) as reader:
            assert rows(reader) == [("a", NOW, None, 1.0)]
            assert rows(reader) == [("a", NOW, None, 1.0), ("b", NOW, None, 2.0)]


def test_series_whose_number_is_no_longer_in_memory_keep_it(tmp_path: Path) -> None:
    """Of made-up names there may be any number: only so many numbers are kept, and rows go where they belong."""
    store, table = SqliteStore(tmp_path / "s.db", kept_ids=2), SeriesTable(["a", "b", "c", "d", "e"])
    for moment in range(2):
        for index in range(5):
            owner, time = np.full(1, index, np.int32), np.full(1, NOW + moment)
            write(store, table, Points.of_readings(Readings(owner, time, np.full(1, 10.0 * index + moment))))
    assert store.count_readings(NOW, NOW + 2) == dict.fromkeys(table.names, 2)
    store.close()


def test_row_with_more_columns_than_a_table_holds_is_refused(tmp_path: Path) -> None:
    """For good, so that it holds up nothing; nearly two thousand columns are stored."""
    store, table = SqliteStore(tmp_path / "s.db"), SeriesTable(["a"])
    series, time = np.zeros(20, np.int32), NOW + np.arange(20)
    columns = {f"q{number}": np.ones(20) for number in range(2101)}
    more = {f"more{number}": np.ones(20) for number in range(20)}
    write(store, table, Points(FORECAST, series, time, {name: columns[name] for name in list(columns)[:1990]}))
    for points in (Points(FORECAST_LEAD, series, time, {**columns}, series + 1), Points(FORECAST, series, time, {**more})):
        with pytest.raises(BlockRefused, match="too many columns") as caught:
            write(store, table, points)
        assert caught.value.proven
    store.close()


def test_locked_file_is_busy(tmp_path: Path) -> None:
    """Another process that writes for longer than our patience; afterwards the same block goes through."""
    store = SqliteStore(tmp_path / "store.db", patience=0.001)
    block = store.encode([readings([0], [NOW], [1])], SeriesTable(["a"]))
    store.write(block)
    blocker = begun(tmp_path / "store.db")
    with pytest.raises(StoreBusy, match="locked"):
        store.write(block)
    blocker.execute("ROLLBACK")
    blocker.close()
    store.write(block)
    store.close()


def test_full_disk_is_busy_and_nothing_is_half_written(tmp_path: Path) -> None:
    """The same block goes through when there is room, new names and columns included."""
    store = SqliteStore(tmp_path / "store.db")
    write(store, SeriesTable(["a"]), readings([0], [NOW], [1]))
    assert store._connection is not None
    pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
    store._connection.execute(f"PRAGMA max_page_count={pages + 3}")
    table = SeriesTable([f"series {number}" for number in range(2000)])
    block = store.encode([leads(FORECAST_LEAD), readings(list(range(2000)), [NOW] * 2000, [1] * 2000)], table)
    with pytest.raises(StoreBusy, match="full"):
        store.write(block)
    assert (len(rows(store)), rows(store, FORECAST_LEAD)) == (1, [])
    store._connection.execute("PRAGMA max_page_count=1000000")
    store.write(block)
    assert (len(rows(store)), len(rows(store, FORECAST_LEAD))) == (2001, 3)
    store.close()


@pytest.mark.parametrize("content", [b"not a database, and longer than a header " * 200, None])
def test_place_that_is_no_store_is_denied(content: bytes | None, tmp_path: Path) -> None:
    """A file of something else, or a folder; the message says what to check, and the file stays as it is."""
    path = tmp_path / "store.db"
    path.write_bytes(content) if content else path.mkdir()
    store = SqliteStore(path)
    block = store.encode([readings([0], [NOW], [1])], SeriesTable(["a"]))
    for use in (lambda: store.write(block), store.span, lambda: rows(store)):
        with pytest.raises(StoreDenied, match=r"check \[store\] url"):
            use()
    assert content is None or path.read_bytes() == content


@pytest.mark.parametrize("name", ["Reading", "a b", "x; DROP TABLE series", ""])
def test_names_that_are_no_columns_are_refused(name: str, tmp_path: Path) -> None:
    """Names reach the database only in a safe form."""
    store = SqliteStore(tmp_path / "store.db")
    for measurement, fields in ((Measurement(name, "", ()), {}), (READING, {name: np.zeros(1)})):
        points = Points(measurement, np.zeros(1, np.int32), np.array([1]), {**fields})
        with pytest.raises(BlockRefused, match="no names of tables"):
            store.write(store.encode([points], SeriesTable(["a"])))
    store.close()


def test_readings_that_a_trigger_refuses_wait_until_it_is_gone(tmp_path: Path) -> None:
    """What a user has put there is no proof against rows."""
    store, table = SqliteStore(tmp_path / "store.db"), SeriesTable(["a"])

    def block(first: int) -> bytes:
        return store.encode([Points(READING, np.zeros(50, np.int32), first + np.arange(50), {"value": np.ones(50)})], table)

    store.write(block(0))
    with closing(sqlite3.connect(store.path, isolation_level=None)) as user:
        user.execute("CREATE TRIGGER stop BEFORE INSERT ON reading BEGIN SELECT RAISE(ABORT, 'it is being moved'); END")
        delivery = Delivery(store, list, lambda: False)
        with pytest.raises(StoreDenied, match="refuses rows: it is being moved; it refuses nearly all rows of 'reading'"):
            delivery.deliver([block(100)])
        user.execute("DROP TRIGGER stop")
    assert delivery.deliver([block(100)]) == []
    store.close()

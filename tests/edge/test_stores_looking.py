"""A look at a store: what can be done with it, what it keeps, and that nothing stays behind."""

import json
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from edge.contract.columns import SeriesTable
from edge.contract.schema import CHECK
from edge.contract.times import DAY, SECOND, UNITS
from edge.errors import ConfigurationError, StoreBusy, StoreError
from edge.stores.influx import InfluxStore
from edge.stores.looking.influx import look as look_at_influx
from edge.stores.looking.look import Look
from edge.stores.looking.looking import look_at
from edge.stores.looking.sqlite import PRODUCT, look
from edge.stores.looking.vacuum import vacuum
from edge.stores.sqlite import SqliteStore
from edge.tls import TlsFiles
from tests.support.certificates import Authority
from tests.support.fake_influx import FakeInflux2, Reply
from tests.support.memory_store import Memory
from tests.support.servers import Influx, free_port
from tests.support.stores import NOW, readings, rows, write

TABLE = SeriesTable(["a"])


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    """A file with a row."""
    opened = SqliteStore(tmp_path / "store.db", patience=0.05)
    write(opened, TABLE, readings([0], [NOW], [1.5]))
    yield opened
    opened.close()


@pytest.fixture
def fake() -> Iterator[FakeInflux2]:
    """An InfluxDB 2 with a bucket `b` of the organisation `home`."""
    with FakeInflux2() as server:
        yield server


def tables(path: Path) -> set[str]:
    """Names of the tables of a file."""
    with closing(sqlite3.connect(path)) as connection:
        return {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def seen_in(server: Influx, bucket: str, token: str | None = None) -> Look:
    """What a look at a bucket of Debian's InfluxDB shows, with nothing in front of it."""
    url = f"http://127.0.0.1:{server.engine.port}"
    with closing(InfluxStore(url, bucket, "", server.token if token is None else token)) as store:
        return look_at(store)


def test_whole_file_is_used_and_left_as_it_was(store: SqliteStore) -> None:
    """Also where a look before was killed between its steps; an agent that has the file open goes on."""
    before = tables(store.path)
    with closing(sqlite3.connect(store.path)) as connection:
        connection.execute(f"CREATE TABLE {CHECK} (time INTEGER PRIMARY KEY)")
    seen = look_at(store)
    assert seen == Look(PRODUCT, size=seen.size)
    assert seen.size is not None
    assert seen.size.shrinks
    assert tables(store.path) == before
    write(store, TABLE, readings([0], [NOW + 1], [2.5]))
    assert len(rows(store)) == 2


def test_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    """Nor its folder; a folder that cannot be written is told."""
    store = SqliteStore(tmp_path / "new" / "store.db")
    assert look(store) == Look(PRODUCT)
    assert list(tmp_path.iterdir()) == []
    assert "cannot be made: /proc: " in str(look(SqliteStore(Path("/proc/none/store.db"))).trouble)
    assert "check [store] url" in str(look(SqliteStore(tmp_path)).trouble)


def test_file_that_cannot_be_written_can_still_be_read(store: SqliteStore) -> None:
    """SQLite takes a file of a later version for one that is not to be written."""
    store.close()
    content = bytearray(store.path.read_bytes())
    content[18] = 3
    store.path.write_bytes(content)
    seen = look(store)
    assert "attempt to write a readonly database; check [store] url" in str(seen.writes)
    assert seen.reads is None


def test_file_that_another_program_keeps_is_busy(store: SqliteStore) -> None:
    """For longer than our patience; it can be read."""
    with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        seen = look(store)
    assert "locked" in str(seen.writes)
    assert seen.reads is None


def test_full_disk_is_told(store: SqliteStore) -> None:
    """A process that may not make the file larger stands for it; what was there stays."""
    code = (
        "import resource, signal; from pathlib import Path; from edge.stores.looking.sqlite import look; "
        "from edge.stores.sqlite import SqliteStore; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)); "
        f"print(look(SqliteStore(Path({str(store.path)!r}))).writes)"
    )
    store.close()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "disk" in done.stdout
    assert len(rows(store)) == 1
    assert CHECK not in tables(store.path)


def test_damaged_file_is_told(store: SqliteStore, tmp_path: Path) -> None:
    """The first fault of its pages; a file of something else cannot even be read. A very large one is not looked through."""
    write(store, TABLE, readings([0] * 20_000, range(NOW, NOW + 20_000), [1.0] * 20_000))
    store.close()
    content = bytearray(store.path.read_bytes())
    content[40_000:60_000] = bytes(20_000)
    store.path.write_bytes(content)
    assert "age" in str(look(store).fault)
    assert look(store, largest=1000).fault is None
    (tmp_path / "text").write_text("not a database, and longer than a header " * 200)
    seen = look(SqliteStore(tmp_path / "text"))
    assert "file is not a database" in str(seen.writes)
    assert "file is not a database" in str(seen.reads)


def test_old_file_is_made_small_and_gives_pages_back_from_then_on(tmp_path: Path) -> None:
    """While another connection writes to it; no row is lost, and the series keep their numbers."""
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE padding (text)")
        connection.executemany("INSERT INTO padding VALUES (?)", [("x" * 1000,)] * 3000)
        connection.commit()
        connection.execute("DELETE FROM padding")
        connection.commit()
    store = SqliteStore(path)
    write(store, TABLE, readings([0] * 100, range(NOW, NOW + 100), range(100)))
    assert not (store.size() or pytest.fail("no file")).shrinks
    done = vacuum(store)
    assert done.before.file > 3_000_000
    assert done.after.total < 100_000
    assert done.after.shrinks
    write(store, TABLE, readings([0], [NOW + 100], [100]))
    assert [row[3] for row in rows(store)] == list(range(101))
    store.close()


def test_file_is_made_small_amid_the_writes_of_another(store: SqliteStore) -> None:
    """Each waits for the other, and every row is there."""
    problems: list[Exception] = []
    writer = SqliteStore(store.path)

    def writing() -> None:
        try:
            for number in range(40):
                write(writer, TABLE, readings([0], [NOW + number], [number]))
        except StoreError as error:
            problems.append(error)

    thread = threading.Thread(target=writing)
    thread.start()
    patient = SqliteStore(store.path)
    vacuum(patient)
    vacuum(patient)
    thread.join()
    writer.close()
    assert problems == []
    assert len(rows(store)) == 40


def test_file_is_not_made_small_without_room_or_without_a_file(store: SqliteStore, tmp_path: Path) -> None:
    """The message tells how much is needed; a file that another keeps for itself is busy."""
    with pytest.raises(StoreError, match=r"expected [\d,]+ free bytes .*, got 5; make room first"):
        vacuum(store, lambda _: 5)
    with pytest.raises(ConfigurationError, match="there is no such file"):
        vacuum(SqliteStore(tmp_path / "none.db"))
    with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy, match="locked"):
            vacuum(store)


@pytest.mark.servers
def test_influxdb_1_6_is_used_and_left_as_it_was(influx: Influx, bucket: str) -> None:
    """Version, clock, and for how long it keeps rows, by the database's own retention or the one that the URL names."""
    policy = f'CREATE RETENTION POLICY "half" ON "{bucket}" DURATION 36h30m REPLICATION 1'
    influx.query(bucket, policy)
    for name, keep in ((bucket, 0), (f"{bucket}/half", 36 * UNITS["h"] + 30 * UNITS["min"])):
        seen = seen_in(influx, name)
        assert seen.product.startswith("InfluxDB 1.6.")
        assert seen.ahead is not None
        assert abs(seen.ahead) < 60
        assert seen == Look(seen.product, keep=keep, ahead=seen.ahead)
    assert influx.query(bucket, "SHOW SERIES") == []


@pytest.mark.servers
def test_commands_for_what_is_missing_mend_it(influx: Influx, bucket: str) -> None:
    """The statement in the advice makes the database and its retention, and lets the account use it."""
    influx.query("", f'CREATE USER "{bucket}" WITH PASSWORD \'secret\'; GRANT READ ON "{bucket}" TO "{bucket}"')
    reader, new = f"{bucket}:secret", f"{bucket}_new"
    for name, token in ((bucket, reader), (new, influx.token), (f"{new}/long", influx.token)):
        seen = seen_in(influx, name, token)
        assert seen.writes is not None
        command = f"influx -host 127.0.0.1 -port {influx.engine.port} -username admin -password '' -execute '"
        assert seen.advice.startswith(command)
        influx.query("", seen.advice.removeprefix(command).removesuffix("'"))
        assert seen_in(influx, name, token).writes is None
    influx.drop(new)


@pytest.mark.servers
def test_account_that_may_only_write_is_told_what_it_lacks(influx: Influx, bucket: str) -> None:
    """Its row is deleted all the same; a wrong password gets no command."""
    influx.query("", f'CREATE USER "{bucket}" WITH PASSWORD \'secret\'; GRANT WRITE ON "{bucket}" TO "{bucket}"')
    seen = seen_in(influx, bucket, f"{bucket}:secret")
    assert (seen.writes, seen.remains, seen.keep) == (None, "", None)
    assert "does not let this account read" in str(seen.reads)
    assert f'GRANT ALL ON "{bucket}" TO "{bucket}"' in seen.advice
    assert influx.query(bucket, "SHOW SERIES") == []
    wrong = seen_in(influx, bucket, "gatecast:wrong")
    assert "check GATECAST_INFLUX_TOKEN" in str(wrong.writes)
    assert wrong.advice == ""


def test_influxdb_2_tells_the_retention_of_the_bucket(fake: FakeInflux2) -> None:
    """And the organisation; the command for what is missing is told."""
    with closing(InfluxStore(fake.url, "b", "home", "all")) as store:
        seen = look_at(store)
    assert (seen.product, seen.organisation, seen.keep, seen.writes, seen.reads) == ("InfluxDB 2.7.1", "home", 0, None, None)
    for bucket, token, advice in (
        ("c", "all", f"influx bucket create --host {fake.url} --org home --name 'c'"),
        ("b", "reader", f"influx bucket list --host {fake.url} --org home --name 'b' shows its ID; then influx auth create"),
        ("b", "writer", f"influx bucket list --host {fake.url} --org home --name 'b' shows its ID; then influx auth create"),
        ("b", "wrong", ""),
    ):
        with closing(InfluxStore(fake.url, bucket, "home", token)) as store:
            assert look_at(store).advice.startswith(advice), (bucket, token)
            assert bool(look_at(store).advice) == bool(advice)


@pytest.mark.parametrize(
    ("token", "deletes", "remains", "rows_left"),
    [
        ("all", True, "", 0),
        ("all", False, f"a row of the measurement {CHECK} stays, which nothing reads: the server has not deleted it", 1),
        ("writer", True, f"a row of the measurement {CHECK} stays, which nothing reads: it could not be read back", 1),
    ],
)
def test_row_that_stays_in_influxdb_2_is_told(
    token: str, deletes: bool, remains: str, rows_left: int, fake: FakeInflux2
) -> None:
    """It answers `{}` to a DELETE; where the row was not read back, the DELETE might be about another organisation."""
    fake.deletes = deletes
    with closing(InfluxStore(fake.url, "b", "home", token)) as store:
        assert look_at(store).remains == remains
    assert len(fake.buckets["b"].of(CHECK)) == rows_left


@pytest.mark.parametrize("reply", [(200, "text/html", "<html>Login</html>"), (204, "", ""), (404, "text/html", "not found")])
def test_stranger_is_no_store(fake: FakeInflux2, reply: Reply) -> None:
    """A login page, and whatever is glad of everything."""
    fake.instead = lambda *_: reply
    with closing(InfluxStore(fake.url, "b", "home", "all")) as store:
        seen = look_at(store)
    assert seen.product == "a server that does not tell its version"
    assert "check [store] url" in str(seen.writes)
    assert seen.advice == ""


@pytest.mark.parametrize(
    ("buckets", "keep", "untold"),
    [
        ([{"name": "b", "retentionRules": [{"everySeconds": 86_400}]}], DAY, ""),
        ([{"name": "b"}], 0, ""),
        ([], None, "the token may not see the bucket"),
        ("nonsense", None, "gives no list of buckets"),
        ([{"name": "b", "retentionRules": [{"everySeconds": 10**400}]}], None, "gives no list of buckets"),
        ([{"name": "b", "retentionRules": [{"everySeconds": -1}]}], None, "gives no list of buckets"),
    ],
)
def test_answers_about_buckets_are_read_as_they_are(buckets: object, keep: int | None, untold: str, fake: FakeInflux2) -> None:
    """No rule means for ever; what cannot be read is not known."""
    document = json.dumps({"buckets": buckets})
    fake.instead = lambda path, _: (200, "application/json", document) if path == "/api/v2/buckets" else None
    with closing(InfluxStore(fake.url, "b", "home", "all")) as store:
        seen = look_at_influx(store)
    assert seen.keep == keep
    assert untold in seen.untold


@pytest.mark.parametrize("digits", [20, 5000])
def test_numbers_and_versions_without_end_are_no_traces_of_calls(digits: int, fake: FakeInflux2) -> None:
    """Python reads no number of more than 4,300 digits."""
    columns, row = ["name", "duration", "default"], ["autogen", "9" * digits + "h0m0s", True]
    policies = json.dumps({"results": [{"series": [{"columns": columns, "values": [row]}]}]})
    answers = {"/ping": json.dumps({"version": "1." + "8" * digits}), "/query": policies}
    fake.instead = lambda path, _: (200, "application/json", answers[path]) if path in answers else None
    with closing(InfluxStore(fake.url, "b", "home", "all")) as store:
        seen = look_at_influx(store)
    assert seen.product == "InfluxDB 1." + ("8" * digits)[:38]
    assert (seen.keep, seen.untold[:42]) == (None, "expected a retention such as 168h0m0s, got")


def test_clock_of_the_server_is_compared(fake: FakeInflux2) -> None:
    """Its Date has whole seconds."""
    with closing(InfluxStore(fake.url, "b", "home", "all")) as store:
        here = look_at_influx(store).ahead
        there = look_at_influx(store, lambda: 1_000_000_000 * SECOND).ahead
    assert here is not None
    assert abs(here) < 60
    assert there is not None
    assert there > 10**7


def test_nobody_there_is_one_line() -> None:
    """The address, and what to check."""
    with closing(InfluxStore(f"http://127.0.0.1:{free_port()}", "b")) as store:
        assert "is InfluxDB running there? check [store] url" in str(look_at(store).trouble)


@pytest.mark.servers
def test_own_authority_is_needed_for_encryption(tmp_path: Path) -> None:
    """Without its file the certificate is not trusted, and the line names the setting."""
    authority = Authority(tmp_path)
    with FakeInflux2(tls=authority.context("server")) as fake:
        for tls in (TlsFiles("store", str(authority.file)), TlsFiles("store")):
            with closing(InfluxStore(fake.url, "b", "home", "all", tls=tls)) as store:
                seen = look_at(store)
            assert (seen.trouble is None) == (tls.ca_file is not None)
            assert seen.trouble is None or "[store] ca_file" in seen.trouble


def test_store_that_nobody_can_look_at_is_named() -> None:
    """As a store that is new has no look yet."""
    with pytest.raises(ConfigurationError, match=r"expected a store that can be looked at .*, got memory"):
        look_at(Memory())

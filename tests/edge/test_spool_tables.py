"""The tables of the spool's file: files of an earlier version, and rows that the disk has changed."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from edge.contract.columns import Readings
from edge.errors import ConfigurationError
from edge.messages.message import Arrival
from edge.series.entry import Entry
from edge.spool.spool import Commit, Spool
from edge.spool.tables import seal
from tests.edge.test_spool_spool import blocks, entry, times

EARLIER = """
PRAGMA journal_mode=WAL;
CREATE TABLE outbox (id INTEGER PRIMARY KEY AUTOINCREMENT, store TEXT NOT NULL, block BLOB NOT NULL);
CREATE TABLE journal (id INTEGER PRIMARY KEY AUTOINCREMENT, entry BLOB NOT NULL);
CREATE TABLE snapshot (id INTEGER PRIMARY KEY, part BLOB NOT NULL);
CREATE TABLE series (id INTEGER PRIMARY KEY, name TEXT NOT NULL, tags TEXT NOT NULL);
CREATE TABLE arrival (mid INTEGER PRIMARY KEY, digest BLOB NOT NULL, time INTEGER NOT NULL);
CREATE TABLE held (id INTEGER PRIMARY KEY, entry BLOB NOT NULL);
CREATE TABLE format (key TEXT PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE clock (id INTEGER PRIMARY KEY, time INTEGER NOT NULL);
CREATE TABLE refused (id INTEGER PRIMARY KEY AUTOINCREMENT, reason TEXT NOT NULL, block BLOB NOT NULL);
INSERT INTO snapshot (part) VALUES (x'7061727431'), (x'7061727432');
INSERT INTO series VALUES (0, 'a', '{"room":"roof"}'), (1, 'bü', '{}');
INSERT INTO arrival VALUES (5, x'3132333435363738', 77);
INSERT INTO format VALUES ('birth', x'6e6577');
INSERT INTO clock VALUES (0, 1700000000000000000);
INSERT INTO outbox (store, block) VALUES ('sqlite', x'31'), ('sqlite', x'3232'), ('sqlite', x'333333');
DELETE FROM outbox WHERE id = 1;
"""


def test_a_file_of_an_earlier_version_is_taken_as_it_is(tmp_path: Path) -> None:
    """Nothing of it is lost, and it is sealed from then on."""
    path = tmp_path / "spool.db"
    with closing(sqlite3.connect(path)) as earlier:
        earlier.executescript(EARLIER)
        written = entry(7).encode()
        earlier.execute("INSERT INTO journal (entry) VALUES (?)", (written,))
        earlier.execute(
            "INSERT INTO held VALUES (1, ?)", (Entry(Readings.of([1], [2], [3.0]), None, np.zeros((0, 0, 0))).encode(),)
        )
        earlier.commit()
    for after in (0, 1):
        spool = Spool(path, "sqlite")
        assert spool.loss is None
        assert (blocks(spool), times(spool), [*spool.snapshot()]) == (
            [b"22", b"333", b"new"][: 2 + after],
            [7],
            [b"part1", b"part2"],
        )
        assert spool.series() == [("a", {"room": "roof"}), ("bü", {})]
        assert (spool.arrival(5), spool.formats()) == (Arrival(5, b"12345678", 77), {"birth": b"new"})
        assert (spool.held().value.tolist(), spool.committed) == ([3.0], 1_700_000_000_000_000_000)
        if not after:
            spool.commit(Commit([b"new"]))
        spool.close()
    spoil(path, "UPDATE outbox SET seal = NULL, block = 'old' WHERE id = 4")
    spool = Spool(path, "sqlite")
    assert blocks(spool) == [b"22", b"333"]
    spool.close()


def spoil(path: Path, statement: str) -> None:
    """Change a row behind the back of the spool."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(statement)


def full(path: Path) -> Spool:
    """A spool that has something in every table."""
    spool = Spool(path, "sqlite", survive_power_loss=False)
    for number in range(20):
        batch = Entry(Readings.of([number % 5] * 9, range(9), [float(number)] * 9), None, np.zeros((1, 2, 4)))
        spool.commit(
            Commit(
                [b"block %d " % number * 40],
                [batch],
                [(number, f"s{number}", {"number": str(number)})],
                arrivals=[Arrival(number, b"12345678", number * 1000)],
                held=Readings.of([1], [2], [3.0]),
                now=10**18,
                formats={f"key{number}": b"z" * 50},
                snapshot=(lambda: [b"part%d" % part * 300 for part in range(4)]) if number == 12 else None,
            )
        )
    return spool


def content(spool: Spool) -> dict[str, object]:
    """Everything that is read from a spool; an error in place of a state that cannot be used."""
    held = spool.held()
    read: dict[str, object] = {
        "blocks": blocks(spool),
        "series": spool.series(),
        "arrivals": [spool.arrival(number) for number in range(20)],
        "formats": spool.formats(),
        "held": [held.series.tolist(), held.time.tolist(), held.value.tolist()],
        "committed": spool.committed,
    }
    for name, states in (("snapshot", spool.snapshot), ("journal", spool.journal)):
        try:
            read[name] = [state if isinstance(state, bytes) else state.encode() for state in states()]
        except sqlite3.DatabaseError as error:
            read[name] = str(error)
    return read


def without(some: object, whole: object) -> list[object]:
    """What is in the first list only."""
    assert isinstance(some, list)
    assert isinstance(whole, list)
    return [element for element in some if element is not None and element not in whole]


def test_no_byte_that_the_disk_changes_becomes_data(tmp_path: Path) -> None:
    """The rest is there, what is missing is told, and the file is used on, wherever the byte lies."""
    path, chance = tmp_path / "spool.db", np.random.default_rng(4)
    spool = full(path)
    whole = content(spool)
    spool.close()
    sound = path.read_bytes()
    for _ in range(40):
        for file in tmp_path.iterdir():
            file.unlink()
        damaged, at = bytearray(sound), int(chance.integers(len(sound)))
        damaged[at] ^= int(chance.integers(1, 256))
        path.write_bytes(damaged)
        spool = Spool(path, "sqlite")
        read = content(spool)
        assert not without(read["blocks"], whole["blocks"]), at
        assert not without(read["arrivals"], whole["arrivals"]), at
        assert read["series"] in (whole["series"], []), at
        assert read["held"] in (whole["held"], [[], [], []]), at
        assert read["committed"] in (whole["committed"], 0), at
        assert isinstance(read["formats"], dict), at
        assert isinstance(whole["formats"], dict)
        assert read["formats"].items() <= whole["formats"].items(), at
        for name in ("snapshot", "journal"):
            assert read[name] in (whole[name], []) or "is damaged" in str(read[name]), at
        assert read == whole or spool.loss or spool.needs_care or "is damaged" in str(read), at
        spool.commit(Commit([b"new"], sent=20))
        assert blocks(spool)[-1:] == [b"new"], at
        spool.close()


@pytest.mark.parametrize(
    ("damage", "missing"),
    [
        ("UPDATE arrival SET time = 5 WHERE mid = 3", "arrivals"),
        ("UPDATE format SET data = 'other' WHERE key = 'key3'", "formats"),
        ("UPDATE clock SET time = 4 * time", "committed"),
        ("UPDATE held SET entry = x'00'", "held"),
        ("UPDATE series SET tags = '{}' WHERE id = 3", "series"),
    ],
)
def test_small_rows_that_are_damaged_are_left_out(damage: str, missing: str, tmp_path: Path) -> None:
    """One line says of which table; where the series are unknown, so is the state that speaks of them by number."""
    path = tmp_path / "spool.db"
    spool = full(path)
    whole = content(spool)
    spool.close()
    spoil(path, damage)
    spool = Spool(path, "sqlite")
    assert spool.loss is not None
    assert f"damaged rows of {path} are left out" in spool.loss
    left_out = {"series", "journal", "snapshot", "held"} if missing == "series" else {missing}
    assert {name for name, value in content(spool).items() if value != whole[name]} == left_out
    spool.close()
    spool = Spool(path, "sqlite")
    assert spool.loss is None
    spool.close()


@pytest.mark.parametrize("spoilt", [lambda text: text.replace("block", "clock"), lambda text: text.replace("outbox", "outbix")])
def test_tables_that_are_damaged_are_moved_aside(spoilt: Callable[[str], str], tmp_path: Path) -> None:
    """They are sound for the database, and others than the agent's: its blocks are not left behind in silence."""
    path = tmp_path / "spool.db"
    full(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA writable_schema=ON")
        (text,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'outbox'").fetchone()
        change = "UPDATE sqlite_master SET sql = ?, name = ?, tbl_name = ? WHERE name = 'outbox'"
        connection.execute(change, (spoilt(text), spoilt("outbox"), spoilt("outbox")))
        connection.commit()
    spool = Spool(path, "sqlite")
    assert spool.loss is not None
    assert "was moved to" in spool.loss
    spool.close()


def test_a_file_of_another_program_stays_as_it_is(tmp_path: Path) -> None:
    """No table of ours comes into it."""
    path = tmp_path / "spool.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE customers (name TEXT)")
    with pytest.raises(ConfigurationError, match="tables are those of another program; choose another folder"):
        Spool(path, "sqlite")
    with closing(sqlite3.connect(path)) as other:
        assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("customers",)]


def test_a_seal_tells_where_a_part_ends() -> None:
    """A byte that moves from one part to the next changes it, as does a number in place of another one."""
    seals = {seal(b"ab", b"c"), seal(b"a", b"bc"), seal(b"abc"), seal(b"abc", b""), seal(12), seal(1, 2), seal(None)}
    assert len(seals) == 7
    assert (seal("ü"), seal(5)) == (seal("ü".encode()), seal(b"5"))


def test_an_empty_memory_of_a_format_is_deleted(tmp_path: Path) -> None:
    """The others stay, also after the next start; one that is not there needs no deletion."""
    path = tmp_path / "spool.db"
    spool = Spool(path, "sqlite")
    spool.commit(Commit(formats={"a": b"1", "b": b"2"}))
    spool.commit(Commit(formats={"a": b"", "c": b"", "d": b"4"}))
    spool.close()
    spool = Spool(path, "sqlite")
    assert (spool.loss, spool.formats()) == (None, {"b": b"2", "d": b"4"})
    spool.close()

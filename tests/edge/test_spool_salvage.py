"""What can still be read of a spool that was moved aside."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from edge.errors import ConfigurationError
from edge.spool.salvage import salvage
from edge.spool.spool import Commit, Spool
from tests.edge.test_spool_damage import garbage, holed, truncated

BLOCKS = [np.random.default_rng(number).bytes(2500) for number in range(60)]


def spoilt(folder: Path, damage: Callable[[bytes], bytes] = bytes) -> Path:
    """A spool with blocks, of which a damage changed the bytes."""
    path = folder / "spool.db"
    spool = Spool(path, "sqlite")
    for block in [*BLOCKS[:5], *BLOCKS]:
        spool.commit(Commit([block]))
    spool.commit(Commit(sent=5))
    spool.close()
    path.write_bytes(damage(path.read_bytes()))
    return path


def test_everything_that_waits_is_read_in_order(tmp_path: Path) -> None:
    """And nothing that was sent; the file is as it was."""
    path = spoilt(tmp_path)
    before = path.read_bytes()
    assert [(salvaged.store, salvaged.block) for salvaged in salvage(path)] == [("sqlite", block) for block in BLOCKS]
    assert path.read_bytes() == before


@pytest.mark.parametrize("damage", [holed, truncated])
def test_a_part_that_cannot_be_read_costs_its_blocks_only(damage: Callable[[bytes], bytes], tmp_path: Path) -> None:
    """The others are read as they were, none is read that is another one, and the loss is told."""
    salvaged = list(salvage(spoilt(tmp_path, damage)))
    found = [part.block for part in salvaged if part.block is not None]
    assert set(found) <= set(BLOCKS)
    assert len(found) == len(set(found)) >= 10
    assert any(part.block is None for part in salvaged)


def test_a_block_that_the_disk_has_changed_is_no_block(tmp_path: Path) -> None:
    """Its seal tells; a file of before there were seals is believed."""
    path = spoilt(tmp_path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE outbox SET block = 'other' WHERE id = 6")
    assert [part.block for part in salvage(path)][:2] == [None, BLOCKS[1]]
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("ALTER TABLE outbox DROP COLUMN seal")
        connection.execute("PRAGMA application_id=0")
    assert [part.block for part in salvage(path)][:2] == [b"other", BLOCKS[1]]
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE outbox SET block = x'0000000009ABCD' WHERE id = 6")
    assert [part.block for part in salvage(path)][:2] == [None, BLOCKS[1]]


def replaced(path: Path, old: bytes, new: bytes) -> None:
    """Change bytes that a file has once."""
    content = path.read_bytes()
    assert content.count(old) == 1
    path.write_bytes(content.replace(old, new))


def test_a_block_that_has_lost_its_bytes_or_its_store_is_a_part_that_cannot_be_read(tmp_path: Path) -> None:
    """The column says that it cannot be empty, and the disk does not keep to that."""
    path = spoilt(tmp_path)
    replaced(path, b"store TEXT NOT NULL, block BLOB NOT NULL, ", b"store TEXT         , block BLOB         , ")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE outbox SET block = NULL WHERE id = 6")
        connection.execute("UPDATE outbox SET store = NULL WHERE id = 7")
        connection.execute("UPDATE outbox SET block = NULL, seal = NULL WHERE id = 8")
    replaced(path, b"store TEXT         , block BLOB         , ", b"store TEXT NOT NULL, block BLOB NOT NULL, ")
    assert [part.block for part in salvage(path)] == [None, None, None, *BLOCKS[3:]]


@pytest.mark.parametrize("byte", [b"X", b"\xff"], ids=["letter", "no text"])
@pytest.mark.parametrize("place", [b"block BLOB NOT NULL, ", b"CREATE TABLE journal ", b"CREATE TABLE clock "])
def test_a_table_that_is_described_wrongly_costs_no_block(place: bytes, byte: bytes, tmp_path: Path) -> None:
    """Whether it is the name of the seals or the text of another table; what is no block is known by its seal all the same."""
    path = spoilt(tmp_path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE outbox SET block = 'other' WHERE id = 6")
    content = path.read_bytes()
    end = content.index(place) + len(place)
    path.write_bytes(content[:end] + byte + content[end + 1 :])
    assert [part.block for part in salvage(path)] == [None, *BLOCKS[1:]]


@pytest.mark.parametrize("number", [3, 1 << 40])
def test_a_wrong_number_of_the_newest_block_costs_nothing(number: int, tmp_path: Path) -> None:
    """The blocks tell it themselves, and none has a number that no agent comes to."""
    path = spoilt(tmp_path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = 'outbox'", (number,))
    assert [part.block for part in salvage(path)] == BLOCKS


def test_pages_with_the_numbers_of_others_are_no_endless_search(tmp_path: Path) -> None:
    """They cost what they held; each block is read once."""
    path = tmp_path / "spool.db"
    spool = Spool(path, "sqlite")
    blocks = [b"block %d" % number for number in range(1000)]
    spool.commit(Commit(blocks))
    spool.close()
    content = path.read_bytes()
    pages = [content[start : start + 4096] for start in range(0, len(content), 4096)]
    leaves = [number for number, page in enumerate(pages) if b"sqliteblock " in page]
    pages[leaves[1]] = pages[leaves[2]] = pages[leaves[0]]
    path.write_bytes(b"".join(pages))
    found = [part.block for part in salvage(path)]
    sound = [block for block in found if block is not None]
    assert found.count(None) == 1
    assert len(set(sound)) == len(sound) > 500
    assert set(sound) <= set(blocks)


def test_a_block_without_a_seal_is_believed_up_to_the_newest_that_never_had_one(tmp_path: Path) -> None:
    """As the sender does, for a file that an earlier version began."""
    path = spoilt(tmp_path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE outbox SET seal = NULL")
        connection.execute("INSERT INTO unsealed VALUES (0, 10)")
    assert [part.block for part in salvage(path)] == [*BLOCKS[:5], *[None] * 55]


def test_a_file_that_is_no_spool_is_one_line(tmp_path: Path) -> None:
    """Whatever it is."""
    with pytest.raises(ConfigurationError, match=r"is no file; name a spool\.db\.damaged"):
        list(salvage(tmp_path / "missing"))
    with pytest.raises(ConfigurationError, match=r"nothing in .* can be read"):
        list(salvage(spoilt(tmp_path, garbage)))
    other = tmp_path / "other.db"
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE outboxes (id)")
    with pytest.raises(ConfigurationError, match="is no spool of an agent"):
        list(salvage(other))

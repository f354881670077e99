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


def test_a_part_that_cannot_be_read_costs_its_blocks_only(tmp_path: Path) -> None:
    """The others are read as they were, none is read that is another one, and the loss is told."""
    salvaged = list(salvage(spoilt(tmp_path, holed)))
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
    assert [part.block for part in salvage(path)][:2] == [b"other", BLOCKS[1]]
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE outbox SET block = x'0000000009ABCD' WHERE id = 6")
    assert [part.block for part in salvage(path)][:2] == [None, BLOCKS[1]]


def test_a_file_that_is_no_spool_is_one_line(tmp_path: Path) -> None:
    """Whatever it is."""
    with pytest.raises(ConfigurationError, match=r"is no file; name a spool\.db\.damaged"):
        list(salvage(tmp_path / "missing"))
    for damage in (garbage, truncated):
        (tmp_path / damage.__name__).mkdir()
        with pytest.raises(ConfigurationError, match=r"nothing in .* can be read"):
            list(salvage(spoilt(tmp_path / damage.__name__, damage)))
    other = tmp_path / "other.db"
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE outboxes (id)")
    with pytest.raises(ConfigurationError, match="is no spool of an agent"):
        list(salvage(other))

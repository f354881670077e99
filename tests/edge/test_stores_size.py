"""The size of an SQLite file is that which SQLite itself knows."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from edge.stores.size import Size, read_size


@pytest.mark.parametrize("vacuum", ["NONE", "INCREMENTAL"])
@pytest.mark.parametrize("page", [512, 4096, 65_536])
def test_size_and_free_pages_are_those_that_sqlite_tells(page: int, vacuum: str, tmp_path: Path) -> None:
    """For any size of a page; the file is open meanwhile, and its log counts."""
    path = tmp_path / "store.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA page_size={page}")
        connection.execute(f"PRAGMA auto_vacuum={vacuum}")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("BEGIN")
        connection.execute("CREATE TABLE reading (value)")
        connection.executemany("INSERT INTO reading VALUES (?)", [("x" * 400,)] * 1000)
        connection.execute("DELETE FROM reading WHERE rowid < 900")
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
        free, pages = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("freelist_count", "page_count"))
        size = read_size(path)
        assert size == Size(pages * page, (tmp_path / "store.db-wal").stat().st_size, free * page, shrinks=vacuum != "NONE")
        assert free > 0
        assert size.total == size.file + size.log > size.file


def test_what_is_no_store_has_the_size_of_its_file(tmp_path: Path) -> None:
    """Nothing of it is taken for pages; a file that is not there, or is a folder, has none."""
    (tmp_path / "text").write_bytes(b"x" * 300)
    (tmp_path / "short").write_bytes(b"SQLite format 3\0")
    (tmp_path / "empty").touch()
    assert [read_size(tmp_path / name) for name in ("text", "short", "empty")] == [
        Size(size, 0, 0, shrinks=False) for size in (300, 16, 0)
    ]
    assert read_size(tmp_path / "none") is read_size(tmp_path) is None


def test_words_tell_megabytes() -> None:
    """Of the file, of its log, and of what the next rows take."""
    assert Size(12_340_000, 4_100_000, 60_000, shrinks=True).words == "file 12.3 MB, its log 4.1 MB, free pages 0.1 MB"

"""A damaged database is noticed by looking through it, and moved aside with what belongs to it."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from edge.damage import check_whole, move_aside


def write_database(path: Path) -> None:
    """A database of some pages."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE t (a TEXT)")
        connection.executemany("INSERT INTO t VALUES (?)", [("x" * 500,) for _ in range(100)])
        connection.commit()


def test_a_sound_database_passes(tmp_path: Path) -> None:
    """Nothing is raised, and nothing is changed."""
    write_database(tmp_path / "a.db")
    before = (tmp_path / "a.db").read_bytes()
    with closing(sqlite3.connect(tmp_path / "a.db")) as connection:
        check_whole(connection)
    assert (tmp_path / "a.db").read_bytes() == before


@pytest.mark.parametrize("first", [0, 4096 * 5], ids=["header", "page"])
def test_damage_anywhere_is_an_error_of_the_database(first: int, tmp_path: Path) -> None:
    """A spoilt header makes the file no database; a spoilt page is found although nobody has asked for its rows."""
    write_database(tmp_path / "a.db")
    content = bytearray((tmp_path / "a.db").read_bytes())
    content[first : first + 100] = b"\xff" * 100
    (tmp_path / "a.db").write_bytes(content)
    with closing(sqlite3.connect(tmp_path / "a.db")) as connection, pytest.raises(sqlite3.DatabaseError) as caught:
        check_whole(connection)
    assert type(caught.value) is sqlite3.DatabaseError


def test_what_is_moved_aside_keeps_its_content(tmp_path: Path) -> None:
    """With the write-ahead log beside it; the index of the log is of no use without its owner."""
    for ending in ("", "-wal", "-shm"):
        (tmp_path / f"a.db{ending}").write_text(f"content{ending}")
    aside = move_aside(tmp_path / "a.db")
    assert aside.name.startswith("a.db.damaged-")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        aside.name: "content",
        f"{aside.name}-wal": "content-wal",
    }


def test_a_database_without_a_log_is_moved_too(tmp_path: Path) -> None:
    """It was closed in order."""
    (tmp_path / "a.db").write_text("content")
    assert move_aside(tmp_path / "a.db").read_text() == "content"
    assert not (tmp_path / "a.db").exists()

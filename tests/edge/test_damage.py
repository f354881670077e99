"""A damaged database is noticed and moved aside with what belongs to it; a full disk is no reason for another folder."""

import errno
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from edge.damage import LEAST, check_whole, move_aside, no_state
from edge.errors import ConfigurationError, DiskFull


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


def disk(free: int, *, files: int = 100, free_files: int = 50) -> Callable[[Path], os.statvfs_result]:
    """A file system with so many bytes free."""
    return lambda _: os.statvfs_result((512, 512, 10_000, free // 512, free // 512, files, free_files, free_files, 0, 255))


def database_error(code: int) -> sqlite3.OperationalError:
    """An error with the code of the library."""
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = code
    return error


SHORT, IO_ERROR, NO_FILE = database_error(sqlite3.SQLITE_FULL), database_error(0x130A), database_error(sqlite3.SQLITE_CANTOPEN)


@pytest.mark.parametrize(
    ("error", "free"),
    [
        (OSError(errno.ENOSPC, "x"), disk(LEAST)),
        (OSError(errno.EDQUOT, "x"), disk(LEAST)),
        (SHORT, disk(LEAST)),
        (IO_ERROR, disk(LEAST - 512)),
        (NO_FILE, disk(LEAST, free_files=0)),
    ],
)
def test_a_full_disk_is_the_operators(error: Exception, free: Callable[[Path], os.statvfs_result]) -> None:
    """The line names the folder, and the exit code is that of a failure."""
    told = no_state(Path("state"), error, free)
    assert isinstance(told, DiskFull)
    assert str(told).startswith("disk full: the agent cannot keep its state in state; make room there")
    assert told.code == 1


@pytest.mark.parametrize(
    ("error", "free"),
    [
        (OSError(errno.EROFS, "disk I/O error"), disk(0)),
        (IO_ERROR, disk(LEAST)),
        (NO_FILE, disk(LEAST, files=0, free_files=0)),
        (sqlite3.DatabaseError("disk I/O error"), disk(0)),
    ],
)
def test_any_other_fault_needs_another_folder(error: Exception, free: Callable[[Path], os.statvfs_result]) -> None:
    """Some file systems count no files."""
    told = no_state(Path("state"), error, free)
    assert isinstance(told, ConfigurationError)
    assert str(told) == "cannot keep the agent's state in state: disk I/O error; choose another folder in [agent] state"


def test_a_folder_that_cannot_be_asked_is_not_full(tmp_path: Path) -> None:
    """Such as one that is gone."""
    assert isinstance(no_state(tmp_path / "gone", IO_ERROR), ConfigurationError)

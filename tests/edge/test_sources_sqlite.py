"""SQLite files of others, opened to read only (kinds: a local time without zone; a message that says what to do)."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from edge.contract.times import SECOND
from edge.errors import ConfigurationError, StoreBusy, StoreDenied
from edge.sources.query import QuerySource
from edge.sources.settings import HistorySource
from edge.sources.source import open_source
from edge.sources.sqlite import SqliteFile, path_of
from tests.support.sources import START, read

QUERY = "SELECT name AS series, at AS time, number AS value FROM readings"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with one table, in no order of time."""
    path = tmp_path / "own.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE readings (name, at, number)")
    return path


def fill(path: Path, *rows: tuple[Any, Any, Any]) -> None:
    """Add rows of series, time and value."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany("INSERT INTO readings VALUES (?, ?, ?)", rows)


def source(path: Path, query: str | None = QUERY, **settings: Any) -> Any:  # noqa: ANN401 - keys of the section
    """The source that a section names."""
    section = HistorySource(f"sqlite:///{path}", query=query, **settings)
    section.check()
    return open_source(section, ())


def test_times_are_read_as_people_store_them(file: Path) -> None:
    """ISO text with and without a zone, milliseconds and seconds: of one column, told from all of it."""
    fill(file, ("a", "2026-01-01T00:01:00Z", 2), ("a", "2026-01-01 00:00:00.5", 1), ("b", "2026-01-01T01:00:00+01:00", 3))
    assert read(source(file)) == {"b": [(0, 3.0)], "a": [(0.5, 1.0), (60, 2.0)]}
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("DELETE FROM readings")
    fill(file, ("a", START * 1000 + 1500, 1), ("b", START * 1000, 2))
    assert read(source(file)) == {"b": [(0, 2.0)], "a": [(1.5, 1.0)]}
    assert read(source(file), (START + 1) * SECOND) == {"a": [(1.5, 1.0)]}
    assert source(file).span() == (START * SECOND, START * SECOND + 1500_000_000)


def test_local_times_have_a_zone(file: Path) -> None:
    """Of the hour that comes twice it is the first."""
    fill(file, ("a", "2026-01-01T01:00:00", 1), ("a", "2026-10-25T02:30:00", 2), ("a", "2026-03-29T02:30:00", 3))
    opened = source(file, timezone="Europe/Berlin")
    assert read(opened) == {"a": [(0, 1.0), (25_662_600, 2.0)]}
    assert opened.notes.lines() == ["rows with a local time that does not exist, left out: 1, such as Europe/Berlin"]


def test_what_does_not_count_is_named(file: Path) -> None:
    """Texts, NaN, times that are none, in the future and of a clock that stood still; NULL and `unavailable` are no values."""
    fill(file, *(("a", START + k, value) for k, value in enumerate((1.0, "2.5", "on", None, "unavailable"))))
    fill(file, ("a", 4_000_000_000, 1), ("a", 5, 1), ("", START, 1))
    opened = source(file)
    assert read(opened) == {"a": [(0, 1.0), (1, 2.5)]}
    assert [line.partition(":")[0] for line in opened.notes.lines()] == [
        "rows without a series, left out",
        "texts instead of numbers, left out",
        "readings with a time in the future, left out",
        "readings with a time before the year 2000, left out",
    ]


def test_values_are_scaled_and_series_renamed(file: Path) -> None:
    """As the rules of the device do."""
    fill(file, ("a", START, 215), ("b_rssi", START, 3))
    opened = source(file, scale=0.1, offset=-1.0, rename={"a": "hall.t"}, drop=("*_rssi",))
    assert read(opened) == {"hall.t": [(0, 20.5)]}


def test_what_cannot_be_read_says_what_to_do(file: Path, tmp_path: Path) -> None:
    """One line each."""
    fill(file, ("a", START, 1))
    for query, words in (
        ("SELECT name, at AS time FROM readings", r"no such column: series.*gives the columns series, time and value"),
        ("SELECT 1 AS series FROM nowhere", "no such table: nowhere"),
        (
            "SELECT name AS series, name AS time, 1 AS value FROM readings",
            "holds 'a', which is no time; .* or leave such rows out with a WHERE",
        ),
    ):
        with pytest.raises(StoreDenied, match=words):
            source(file, query).span()
    with pytest.raises(StoreDenied, match=r"no\.db does not exist; check url"):
        source(tmp_path / "no.db").span()
    (tmp_path / "text.db").write_text("no database" * 100)
    with pytest.raises(StoreDenied, match="is no SQLite file"):
        source(tmp_path / "text.db").span()
    with pytest.raises(ConfigurationError, match="names no path; write sqlite:///relative/path"):
        path_of(HistorySource("sqlite://host/a"))


def test_times_that_do_not_sort_as_text_are_refused(file: Path) -> None:
    """Pages of the database are in its order; a wrong one would be taken for late readings."""
    fill(file, ("a", "2026-01-01T00:00:00-10:00", 1), ("a", "2026-01-01T00:30:00Z", 2))
    settings = HistorySource("sqlite:///a", query=QUERY)
    with pytest.raises(StoreDenied, match="do not sort as they are written"):
        read(QuerySource(SqliteFile(file, settings, page=1), settings, QUERY))


def test_a_file_is_only_read_and_a_lock_is_named(file: Path) -> None:
    """Another program may hold it."""
    settings = HistorySource(f"sqlite:///{file}", query=QUERY)
    database = SqliteFile(file, settings, patience=0.0)
    with pytest.raises(StoreDenied, match="wants to write"):
        list(database.pages("DELETE FROM readings"))
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreBusy, match="is locked by another program"):
            list(database.pages(QUERY))

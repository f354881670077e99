"""Parquet files follow the rules of all tables, with the types that they have."""

from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest

from edge.contract.columns import SeriesTable
from edge.contract.times import LATEST, SECOND
from edge.errors import HistoryError
from edge.tables.notes import Notes
from edge.tables.options import NO_OPTIONS, TableOptions
from pipeline.files.reading import File, read_batches
from tests.support.csv_texts import rows_of
from tests.support.spellings import NOON


def rows(frame: pl.DataFrame, folder: Path, options: TableOptions = NO_OPTIONS) -> list[tuple[str, int, float]]:
    """The readings of a frame that was written to a file."""
    frame.write_parquet(folder / "a.parquet")
    names = SeriesTable()
    file = File(folder / "a.parquet", options, LATEST)
    return rows_of(names, (batch.readings for batch in read_batches(file, names, Notes())))


def test_the_unit_of_numbers_is_that_of_their_column(tmp_path: Path) -> None:
    """Milliseconds stay milliseconds where the clock stood in 1970."""
    frame = pl.DataFrame({"ts": [5_000, NOON // 10**6, NOON // 10**6 + 1], "a": [1, 2, 3]})
    assert [time for _, time, _ in rows(frame, tmp_path)] == [5 * SECOND, NOON, NOON + 10**6]


def test_datetimes_without_a_zone_are_local_if_one_is_named(tmp_path: Path) -> None:
    """As in a text; a column with a zone keeps it."""
    times = pl.Series("time", [datetime(2026, 1, 15, 13)])  # noqa: DTZ001
    berlin = TableOptions(timezone="Europe/Berlin")
    assert rows(pl.DataFrame([times, pl.Series("a", [1.0])]), tmp_path, berlin) == [("a", NOON, 1.0)]
    zoned = times.dt.replace_time_zone("Europe/Berlin")
    assert rows(pl.DataFrame([zoned, pl.Series("a", [1.0])]), tmp_path, TableOptions(timezone="Asia/Tokyo")) == [
        ("a", NOON, 1.0)
    ]


def test_a_date_beside_a_time_of_day_and_numbers_in_a_format_are_read(tmp_path: Path) -> None:
    """Whatever types the columns have."""
    frame = pl.DataFrame({"date": [date(2026, 1, 15)], "time": ["12:00"], "a": [1.0]})
    assert rows(frame, tmp_path) == [("a", NOON, 1.0)]
    hours = pl.DataFrame({"time": [2026011512, 2026011513], "a": [1.0, None]})
    assert rows(hours, tmp_path, TableOptions(time_format="%Y%m%d%H")) == [("a", NOON, 1.0)]
    with pytest.raises(HistoryError, match=r"row 1, column 'time': .*YYYYMMDDHH"):
        rows(hours, tmp_path)


def test_a_column_of_another_kind_is_refused_by_its_name(tmp_path: Path) -> None:
    """Lists and second times are no values."""
    with pytest.raises(HistoryError, match="column 'b': expected numbers; got List"):
        rows(pl.DataFrame({"time": [NOON], "a": [1.0], "b": [[1]]}), tmp_path)

"""Files of any of the usual shapes become readings, or are refused with the place and what was expected, as on the device."""

import gzip
import lzma
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given, settings

from edge.commands.csv_file import read_csv
from edge.contract.columns import Readings, SeriesTable
from edge.contract.times import LATEST, SECOND
from edge.errors import ConfigurationError, GatecastError, HistoryError
from edge.tables.options import NO_OPTIONS
from pipeline.files.reading import CELLS, File, read_batches, read_file
from pipeline.history.table import to_table
from tests.support.csv_texts import WRITTEN, csv_texts, rows_of
from tests.support.spellings import NOON

HOUR = 3600 * SECOND
MIDNIGHT = 1_704_067_200 * SECOND  # 2024-01-01


def written(folder: Path, text: str, name: str = "history.csv") -> Path:
    """A file with that text."""
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def readings_of(path: Path, names: SeriesTable, cells: int = CELLS) -> Iterator[Readings]:
    """The readings of a file, so many cells at a time."""
    return (batch.readings for batch in read_batches(File(path, NO_OPTIONS, LATEST, cells), names))


def as_rows(path: Path, cells: int = CELLS) -> list[tuple[str, int, float]]:
    """Series name, time and value of every reading of a file."""
    names = SeriesTable()
    return rows_of(names, readings_of(path, names, cells))


LONG = "Value,SERIES,Time\n1.5,b,2024-01-01T00:00:00Z\n,a,2024-01-01T00:00:00Z\nNaN,a,2024-01-01\n-2,a,1704070800\n"
WIDE = "timestamp,b,a\n2024-01-01 00:00:00,1.5,\n2024-01-01T02:00:00+01:00,null,-2\n"
ROWS = [("b", MIDNIGHT, 1.5), ("a", MIDNIGHT + HOUR, -2.0)]


@pytest.mark.parametrize(
    "text",
    [
        LONG,
        WIDE,
        WIDE.replace("null", "Unavailable"),
        WIDE.replace(",", ";"),
        WIDE.replace(",", "\t"),
        "\ufeff" + LONG,
        WIDE + "\n",
    ],
)
def test_long_and_wide_files_give_the_same_readings(tmp_path: Path, text: str) -> None:
    """Column order, case, separator, byte-order mark and blank lines do not matter; missing values are no readings."""
    assert sorted(as_rows(written(tmp_path, text))) == sorted(ROWS)


def test_packed_files_are_read_as_they_are(tmp_path: Path) -> None:
    """gzip, xz and zstd need no unpacking by hand."""
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(WIDE.encode()))
    (tmp_path / "a.csv.xz").write_bytes(lzma.compress(WIDE.encode()))
    pl.read_csv(WIDE.encode(), infer_schema=False).lazy().sink_csv(tmp_path / "a.csv.zst", compression="zstd")
    assert as_rows(tmp_path / "a.csv.gz") == as_rows(tmp_path / "a.csv.xz") == as_rows(tmp_path / "a.csv.zst") == ROWS


def test_a_file_is_read_in_pieces(tmp_path: Path) -> None:
    """Pieces of a few rows give the same readings, series keep their numbers, and a mistake is named by its line."""
    cells = 9  # three rows of a long file
    long = [(f"s{row % 4}", MIDNIGHT + row * HOUR, float(row)) for row in range(20)]
    text = "series,time,value\n" + "".join(f"{name},{time // SECOND},{value}\n" for name, time, value in long)
    assert as_rows(written(tmp_path, text), cells) == long
    assert len(list(readings_of(tmp_path / "history.csv", SeriesTable(), cells))) > 5
    wide = "time,a,b\n" + "".join(f"{time // SECOND},{value},{-value}\n" for _, time, value in long)
    both = [("a", time, value) for _, time, value in long] + [("b", time, -value) for _, time, value in long]
    assert sorted(as_rows(written(tmp_path, wide), cells)) == sorted(both)
    with pytest.raises(HistoryError, match=r"line 22, column 'value': expected a number or an empty cell .*; got 'off'"):
        as_rows(written(tmp_path, text + "s0,2024-02-01,off\n"), cells)


def test_parquet_holds_the_same_two_shapes(tmp_path: Path) -> None:
    """Datetimes of any zone and unit, with or without one, and numbers of any type are understood."""
    hours = [datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 1, 1, tzinfo=UTC)]
    time = pl.Series("ts", hours).dt.convert_time_zone("Europe/Berlin")
    pl.DataFrame([time, pl.Series("b", [1.5, None]), pl.Series("a", [None, -2], pl.Int16)]).write_parquet(
        tmp_path / "w.parquet"
    )
    long = pl.DataFrame(
        {"series": ["b", "a"], "value": [1.5, -2.0], "time": [MIDNIGHT // 10**6, MIDNIGHT // 10**6 + 3_600_000]}
    )
    long.write_parquet(tmp_path / "l.pq")
    assert as_rows(tmp_path / "w.parquet") == as_rows(tmp_path / "l.pq") == ROWS


def test_the_order_of_a_large_file_is_kept(tmp_path: Path) -> None:
    """Rows come as they stand in the file, however many threads read it: the last of two equal times is the last written."""
    count = 300_000
    frame = pl.DataFrame({"time": [MIDNIGHT] * count, "series": ["a"] * count, "value": np.arange(count, dtype=np.float64)})
    frame.write_csv(tmp_path / "large.csv")
    _, readings = read_file(tmp_path / "large.csv")
    np.testing.assert_array_equal(readings.value, np.arange(count))


def test_first_column_is_the_time_where_none_is_named_so(tmp_path: Path) -> None:
    """A column of times needs no special name if it comes first."""
    assert as_rows(written(tmp_path, "when,a\n2024-01-01,1\n")) == [("a", MIDNIGHT, 1.0)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["is empty", "series,time,value"]),
        ("time,a\n", ["expected readings below the header", "no value in any row"]),
        ("a\n1\n", ["got one column, 'a'"]),
        ("time,a\n2024-01-01,1\n2024-01-02,on\n", ["line 3", "column 'a'", "a number", "got 'on'"]),
        ("time;a\n2024-01-01;1,234\n", ["line 2", "decimal point, 1.234", "--decimal-comma", "got '1,234'"]),
        ("time,a\n2024-01-01,12,5\n", ["more cells", "decimal comma"]),
        ("time,a\n2024-01-01,12.5 °C\n2024-01-02,54 °F\n", ["column 'a'", "several units, °C, °F", "export the raw values"]),
        ("time,a\n2024-01-01,12.5 W\n2024-01-02,54\n", ["column 'a'", "several units, W, none"]),
        ("time,a\n2024-01-01,1\n\n2024-13-01,2\n", ["line 4", "column 'time'", "a time", "got '2024-13-01'"]),
        ("place,a\nhere,1\n", ["column 'place'", "no column is named time", "got 'here'"]),
        ("time,series,value\n,a,1\n", ["a time beside a value", "got nothing"]),
        ("time,series,value\n2024-01-01,,1\n", ["name of a series", "got nothing"]),
        ("time,a,a\n2024-01-01,1,2\n", ["got 'a' twice"]),
        ("time,a,\n2024-01-01,1,2\n", ["column 3 has none"]),
        ("2024-01-01,1\n2024-01-02,2\n", ["names of the columns in the first line", "got the data", "--columns time,sensor1"]),
        ("time,a\n2024-01-01,\n", ["no value in any row"]),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_one_line(tmp_path: Path, text: str, words: list[str]) -> None:
    """The message names the file, the place, what was expected and what is there."""
    path = written(tmp_path, text)
    with pytest.raises(HistoryError) as caught:
        read_file(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    assert all(word in message for word in words), message


def test_a_file_that_is_not_there_or_of_another_kind_is_wrong_use(tmp_path: Path) -> None:
    """The user named the wrong file; that is no fault of the history."""
    for path in (tmp_path / "absent.csv", written(tmp_path, "x", "notes.docx"), tmp_path):
        with pytest.raises(ConfigurationError):
            read_file(path)
    for name in ("broken.parquet", "broken.csv.xz", "broken.csv.gz"):
        with pytest.raises(GatecastError):
            read_file(written(tmp_path, "no such thing", name))


def test_local_times_across_daylight_saving_keep_every_hour(tmp_path: Path) -> None:
    """The grid is UTC: a local day has 23 intervals in spring and 25 in autumn, none of them empty, none averaged."""
    for day, hours, before, after in (("2024-03-31", 23, "+01:00", "+02:00"), ("2024-10-27", 25, "+02:00", "+01:00")):
        clock = [hour + (hour > 1 if hours == 23 else -(hour > 2)) for hour in range(hours)]
        change = 2 if hours == 23 else 3
        lines = [f"{day}T{at:02}:00:00{before if place < change else after},{place}" for place, at in enumerate(clock)]
        names, readings = read_file(written(tmp_path, "\n".join(["time,a", *lines, ""])))
        table = to_table(names.names, readings, HOUR)
        np.testing.assert_array_equal(table.values[0], np.arange(hours))


Outcome = list[tuple[str, int, float]] | str


def outcome(read: Callable[[SeriesTable], Iterator[Readings]], path: Path) -> Outcome:
    """The readings series by series, or the refusal."""
    names = SeriesTable()
    try:
        rows = rows_of(names, read(names))
    except HistoryError as error:
        return str(error).removeprefix(str(path))
    return sorted(rows, key=lambda row: row[0])  # stable: within a series they stay in the order of the file


def both(text: str, path: Path) -> tuple[Outcome, Outcome]:
    """What the device and the trainer make of a file."""
    path.write_bytes(text.encode())
    return outcome(partial(read_csv, path, latest=LATEST, batch=5), path), outcome(
        lambda names: readings_of(path, names, 20), path
    )


@settings(max_examples=400)
@given(csv_texts())
@example("time,series,value\n2026-01-15T12:00:00.000000001Z,a,0.0\n\n")
def test_any_table_gives_the_same_readings_on_the_device_and_in_the_trainer(text: str) -> None:
    """Or the same refusal; only where a row has too many cells another row may be named first."""
    with TemporaryDirectory() as folder:
        device, trainer = both(text, Path(folder) / "table.csv")
    if {type(device), type(trainer)} != {str} or "more cells" not in f"{device} {trainer}":
        assert device == trainer


@pytest.mark.parametrize("name", WRITTEN)
def test_the_same_readings_in_any_spelling_are_read_by_both(name: str, tmp_path: Path) -> None:
    """Home Assistant's export, German and English spreadsheets, pandas, InfluxDB: nothing has to be rewritten."""
    device, trainer = both(WRITTEN[name], tmp_path / "table.csv")
    assert device == trainer == [("roof", NOON, 1.5), ("roof", NOON + HOUR, -2.0)]

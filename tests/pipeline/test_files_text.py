"""Text files of the usual programs, as they write them.

Kinds of fault: the commonest exports refused (Home Assistant, InfluxDB, Grafana, pandas), decimal commas, local dates, and text
that is not UTF-8.
"""

import gzip
import lzma
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest

from edge.commands.csv_file import read_csv
from edge.contract.columns import Readings, SeriesTable
from edge.contract.times import LATEST, SECOND
from edge.errors import HistoryError
from edge.tables.lines import LONGEST_LINE
from edge.tables.notes import Notes
from edge.tables.options import NO_OPTIONS, TableOptions
from pipeline.files.reading import File, read_batches
from tests.support.csv_texts import rows_of
from tests.support.exports import EXPORTS, Export
from tests.support.spellings import NOON

Read = Callable[[Path, SeriesTable, TableOptions, Notes], Iterator[Readings]]


def trained(path: Path, names: SeriesTable, options: TableOptions, notes: Notes) -> Iterator[Readings]:
    """The readings as the trainer reads them, a few cells at a time."""
    return (batch.readings for batch in read_batches(File(path, options, LATEST, 8), names, notes))


def replayed(path: Path, names: SeriesTable, options: TableOptions, notes: Notes) -> Iterator[Readings]:
    """The readings as the device reads them."""
    return read_csv(path, names, LATEST, options, notes, batch=3)


@pytest.mark.parametrize("read", [trained, replayed])
@pytest.mark.parametrize("export", EXPORTS, ids=lambda export: export.name)
def test_exports_are_read_alike_by_the_trainer_and_the_device(export: Export, read: Read, tmp_path: Path) -> None:
    """The same readings, and the same words about them."""
    path, names, notes = tmp_path / "export.csv", SeriesTable(), Notes()
    path.write_bytes(export.content)
    rows = rows_of(names, read(path, names, export.options, notes))
    assert sorted(rows) == sorted(export.rows)
    assert notes.sentences == export.notes


@pytest.mark.parametrize("read", [trained, replayed])
@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        ("time;a\n2026010100;21.5\n2026010101;21.5\n", NO_OPTIONS, "YYYYMMDDHH"),
        ("time,a\n46023.041667,21.5\n", NO_OPTIONS, "excel"),
        ("Zeit;a\n31.01.2026 12:00;1\n", NO_OPTIONS, "--time-format '%d.%m.%Y %H:%M' reads this one"),
        ("Zeit;a\n2026-01-15;1,234\n", NO_OPTIONS, "--decimal-comma"),
        (
            "time;a\n2026-01-15;1,5\n2026-01-16;1.5\n",
            TableOptions(decimal_comma=True),
            "line 3, column 'a': expected a number",
        ),
        (
            "time,a\n2026-01-15,1.2 kW\n2026-01-16,200.0 W\n",
            NO_OPTIONS,
            "numbers in several units, kW, W: export",
        ),
        ("time,a\n2026-01-15,1\n2026-01-16,1\n5,2\n", NO_OPTIONS, "line 4, column 'time': expected a time"),
        (
            "No,time,a,note\n1,2026-01-15,1,5,x\n2,2026-01-16,2,5,x\n",
            TableOptions(ignore=("note",)),
            "line 2: expected at most 4 cells; got 5, more cells than the header has names",
        ),
        (
            "time,a\n2026-01-15,1.5 W\n" + 1_100 * "2026-01-15,1.5 W\n" + "2026-01-15,2\n",
            NO_OPTIONS,
            "line 1103, column 'a': expected a number in W",
        ),
        ("1553424480,nan,14.45,nan\n", NO_OPTIONS, "names of the columns in the first line"),
        ('time,a\n2026-01-15,1\n2026-01-16,"2\n2026-01-17,3\n', NO_OPTIONS, "a quotation mark is not closed"),
        ("time,a\n2026-01-15,1\n", TableOptions(columns=("time", "b")), "got the names 'time,a': leave --columns out"),
        ("2026-01-15,12:00,1,2\n", NO_OPTIONS, "--columns date,time,sensor1,sensor2"),
        ("id,unit,2026-01-15T00:00Z,2026-01-15T01:00Z\na,W,1,2\n", NO_OPTIONS, "times as names of columns"),
        ("time,a\n2026-01-15 12:00 CEST,1\n", NO_OPTIONS, "expected a time"),
    ],
)
def test_what_is_not_certain_is_refused_with_what_to_do(
    text: str, options: TableOptions, words: str, read: Read, tmp_path: Path
) -> None:
    """By both readers, in the same words."""
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(HistoryError) as caught:
        list(read(path, SeriesTable(), options, Notes()))
    assert words in str(caught.value)


def test_packed_files_are_unpacked_on_the_way(tmp_path: Path) -> None:
    """Gzip, xz and zstd; a comment above the header costs nothing."""
    text = b"# logger\ntime,a\n2026-01-15T12:00:00Z,1\n"
    for name, content in (("a.csv.gz", gzip.compress(text)), ("a.csv.xz", lzma.compress(text))):
        (tmp_path / name).write_bytes(content)
    pl.DataFrame({"# logger": ["time,a", "2026-01-15T12:00:00Z,1"]}).lazy().sink_csv(
        tmp_path / "a.csv.zst", compression="zstd", quote_style="never"
    )
    for name in ("a.csv.gz", "a.csv.xz", "a.csv.zst"):
        names = SeriesTable()
        assert rows_of(names, trained(tmp_path / name, names, NO_OPTIONS, Notes())) == [("a", NOON, 1.0)]


def test_a_cell_with_line_breaks_is_never_cut(tmp_path: Path) -> None:
    """Pieces of a few rows keep it whole, and lines are counted as rows."""
    path, names = tmp_path / "a.csv", SeriesTable()
    rows = "".join(f'"s\n{row}",{1_768_478_400 + row},{row}\n' for row in range(20))
    path.write_text("series,time,value\n" + rows)
    read = rows_of(names, trained(path, names, NO_OPTIONS, Notes()))
    assert read == [(f"s\n{row}", NOON + row * SECOND, float(row)) for row in range(20)]


def test_a_line_that_never_ends_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    """A small packed file may hold one."""
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"time,a\n" + b"0" * (LONGEST_LINE + 1), 1))
    with pytest.raises(HistoryError, match=r"is no CSV: a line is longer than 33,554,432 characters"):
        list(trained(path, SeriesTable(), NO_OPTIONS, Notes()))

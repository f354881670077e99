"""Readings from files: CSV and its kin, Parquet, Excel; long (`series,time,value`) or wide (a time and one column per series).

A file is read as a stream of some rows at a time, so that even one that is larger than the memory can be imported. What
columns, times and values mean is said in `edge.tables`, which the device's own reader follows too.
"""

import lzma
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import polars as pl

from edge.contract.columns import Int64, Readings, SeriesTable
from edge.errors import ConfigurationError, HistoryError
from edge.tables.local import LocalTimes
from edge.tables.notes import Notes
from edge.tables.options import NO_OPTIONS, TableOptions
from edge.tables.times import latest_of
from edge.tables.words import CSV, EXCEL, NO_VALUE, PACKED, PARQUET, SHAPES, empty_file
from pipeline.files.excel import open_excel
from pipeline.files.frames import FrameTable, pieces
from pipeline.files.parquet import open_parquet
from pipeline.files.text import open_text

CELLS = 2_000_000  # cells that are in memory at once

Open: TypeAlias = Callable[[Path, int, TableOptions, int, Notes], Iterator[FrameTable]]
KINDS: dict[str, Open] = {  # by the ending of the name
    **dict.fromkeys(CSV, open_text),
    **dict.fromkeys(PARQUET, open_parquet),
    **dict.fromkeys(EXCEL, open_excel),
}
ADVICE = {  # for endings of files that can be made to one of these kinds
    ".zip": ": unpack it",
    ".xls": ": save it as .xlsx or CSV",
    ".ods": ": save it as .xlsx or CSV",
    **dict.fromkeys((".dat", ".log", ".prn", ""), ": a text with separators between its cells may be called .csv"),
}


@dataclass(frozen=True, slots=True)
class File:
    """A file of readings, and how it is to be read.

    Args:
        path: CSV (comma, semicolon or tab; also .gz, .xz, .zst), Parquet or Excel, long or wide.
        options: statement of the user about the file.
        latest: time after which no reading can be, ns UTC.
        cells: number of cells that are in memory at once.
    """

    path: Path
    options: TableOptions
    latest: int
    cells: int = CELLS

    @classmethod
    def of(cls, path: Path, options: TableOptions = NO_OPTIONS, now: int | None = None) -> "File":
        """A file that is read now.

        Args:
            path: name of the file.
            options: statement of the user about it.
            now: time of this machine, ns UTC; None: its clock tells.
        """
        return cls(path, options, latest_of(time.time_ns() if now is None else now))


@dataclass(frozen=True, slots=True)
class Batch:
    """Some readings of a file.

    Args:
        readings: readings in the order of the file for each series.
        row: number of the row of each, int64 `[n]`, for `named`.
        named: function that gives the words for a row that a person can find.
    """

    readings: Readings
    row: Int64
    named: Callable[[int], str]


def read_file(path: Path, options: TableOptions = NO_OPTIONS) -> tuple[SeriesTable, Readings]:
    """All readings of a file; order and errors as of `read_batches`."""
    series = SeriesTable()
    return series, Readings.concatenate([batch.readings for batch in read_batches(File.of(path, options), series)])


def read_batches(file: File, series: SeriesTable, notes: Notes | None = None) -> Iterator[Batch]:
    """The readings of a file, some rows at a time, in the order of the file (of a wide one series by series within those).

    Empty cells and words for missing values are no readings. Infinite values and times of any year are kept, so that they can
    be counted. A time that does not exist in its zone is noted and left out.

    Args:
        file: file to read.
        series: table that the series of the file are added to.
        notes: notes that get what was decided and left out.

    Raises:
        ConfigurationError: there is no such file, it is of another kind, or an option does not fit it.
        HistoryError: something in it cannot be read; says where and what was expected.
    """
    notes = notes or Notes()
    local = LocalTimes(file.options.timezone, notes)
    empty = True
    try:
        for table in _opener(file)(file.path, file.cells, file.options, file.latest, notes):
            for piece in pieces(table, series, notes):
                readings, kept = local.resolve(piece.readings, piece.zoned)
                empty = False
                yield Batch(readings, piece.row[kept], table.row)
    except pl.exceptions.NoDataError as error:
        raise HistoryError(empty_file(str(file.path))) from error
    except (pl.exceptions.PolarsError, OSError, lzma.LZMAError, zlib.error, EOFError) as error:
        reason = str(error).strip().split("\n", 1)[0]
        raise HistoryError(f"{file.path} cannot be read: {reason}; expected a table with {SHAPES}") from error
    if empty:
        raise HistoryError(f"{file.path}: {NO_VALUE}")


def _opener(file: File) -> Open:
    path = file.path
    if not path.is_file():
        problem = "that is a folder" if path.is_dir() else "there is no such file"
        raise ConfigurationError(f"{path}: {problem}; give a CSV, Parquet or Excel file")
    suffixes = [suffix.lower() for suffix in path.suffixes]
    packed = suffixes.pop() if suffixes and suffixes[-1] in PACKED else ""
    kind = suffixes[-1] if suffixes else ""
    if kind not in KINDS or (packed and kind not in CSV):
        raise ConfigurationError(
            f"{path}: expected a name that ends in {', '.join(KINDS)}, or .csv with {', '.join(PACKED)}; "
            f"got {path.suffix or 'no ending'}{ADVICE.get(kind, '')}"
        )
    if file.options.sheet and kind not in EXCEL:
        raise ConfigurationError(f"--sheet {file.options.sheet}: {path} is no Excel workbook; leave --sheet out")
    return KINDS[kind]

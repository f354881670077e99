"""Readings from CSV and Parquet files, long (`series,time,value`) or wide (a time and one column per series).

A file is read as a stream of some rows at a time, so that even one that is larger than the memory can be imported. What
columns, times and values mean is said in `edge.contract.tables`, which the device's own reader follows too.
"""

import lzma
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TypeAlias

import numpy as np
import polars as pl

from edge.contract.columns import Int32, Int64, Readings, SeriesTable
from edge.contract.tables import (
    CSV,
    MISSING,
    NAME_BESIDE_VALUE,
    NO_VALUE,
    PACKED,
    PARQUET,
    SHAPES,
    TIME_BESIDE_VALUE,
    TIME_NAMES,
    TOO_MANY_CELLS,
    Layout,
    empty_file,
    expected_number,
    header_of,
    layout_of,
    refused,
)
from edge.contract.times import BLANKS
from edge.errors import ConfigurationError, HistoryError
from pipeline.history.file_times import parse_times

CELLS = 2_000_000  # cells that are in memory at once
FIRST_LINES = 10  # lines that the header is looked for in; ten times as many where it is not there

Source: TypeAlias = Path | BytesIO


@dataclass(frozen=True, slots=True)
class _File:
    """A file whose columns are known but not yet read.

    Args:
        path: name of the file, for messages.
        frame: rows of the file as a stream; every column of a CSV file is text.
        layout: meaning of the columns.
        columns: names of the columns in the stream.
        row: words for a row that a person can find, given its number from 0.
    """

    path: Path
    frame: pl.LazyFrame
    layout: Layout
    columns: tuple[str, ...]
    row: Callable[[int], str]


@dataclass(frozen=True, slots=True)
class _Piece:
    """Some rows of a file as numbers.

    Args:
        frame: cells as they are in the file: the time, the values, and in a long table the name.
        time: moments, Int64 `[rows]` ns, null where the cell is empty or cannot be read.
        value: values, Float64 `[columns x rows]`, column by column, NaN where missing, null where the cell cannot be read.
        name: names of series in a long table, String `[rows]`, null where the cell is empty.
    """

    frame: pl.DataFrame
    time: pl.Series
    value: pl.Series
    name: pl.Series | None


def read_file(path: Path) -> tuple[SeriesTable, Readings]:
    """All readings of a file; order and errors as of `read_batches`."""
    series = SeriesTable()
    return series, Readings.concatenate(list(read_batches(path, series)))


def read_batches(path: Path, series: SeriesTable, cells: int = CELLS) -> Iterator[Readings]:
    """The readings of a file, some rows at a time, in the order of the file (of a wide one series by series within those).

    Empty cells and the words of `MISSING` are no readings. Infinite values and times of any year are kept, so that they can be
    counted.

    Args:
        path: CSV (comma, semicolon or tab; also .gz, .xz, .zst) or Parquet, long or wide; .xz is unpacked in memory.
        series: table that the series of the file are added to.
        cells: number of cells that are in memory at once.

    Raises:
        ConfigurationError: there is no such file, or it is of another kind.
        HistoryError: something in it cannot be read; says where and what was expected.
    """
    try:
        yield from _readings(_open(path), series, cells)
    except pl.exceptions.NoDataError as error:
        raise HistoryError(empty_file(str(path))) from error
    except (pl.exceptions.PolarsError, OSError, lzma.LZMAError, EOFError) as error:
        reason = str(error).strip().split("\n", 1)[0]
        if "found more fields" in reason:
            reason = TOO_MANY_CELLS
        raise HistoryError(f"{path} cannot be read: {reason}; expected a table with {SHAPES}") from error


def _open(path: Path) -> _File:
    if not path.is_file():
        problem = "that is a folder" if path.is_dir() else "there is no such file"
        raise ConfigurationError(f"{path}: {problem}; give a CSV or Parquet file")
    suffixes = [suffix.lower() for suffix in path.suffixes]
    packed = suffixes.pop() if suffixes and suffixes[-1] in PACKED else ""
    kind = suffixes[-1] if suffixes else ""
    if kind in PARQUET and not packed:
        frame = pl.scan_parquet(path, glob=False)
        columns = tuple(frame.collect_schema())
        return _File(path, frame, layout_of(str(path), columns), columns, lambda row: f"row {row + 1}")
    if kind not in CSV:
        raise ConfigurationError(
            f"{path}: expected a name that ends in {', '.join(CSV + PARQUET)}, or .csv with {', '.join(PACKED)}; "
            f"got {path.suffix or 'no ending'}"
        )
    source = BytesIO(lzma.decompress(path.read_bytes())) if packed == ".xz" else path
    header = header_of(str(path), _lines(source))
    layout = layout_of(str(path), header.cells)
    frame = pl.scan_csv(source, separator=header.separator, infer_schema=False, glob=False)
    return _File(path, frame, layout, tuple(frame.collect_schema()), lambda row: f"line {row + header.above + 2}")


def _lines(source: Source) -> Iterator[str]:
    """The lines at the beginning of a file, whatever stands in them; more of them while more are wanted."""
    line, count = 0, FIRST_LINES
    while True:
        frame = pl.scan_csv(
            source,
            separator="\0",
            quote_char=None,
            infer_schema=False,
            glob=False,
            has_header=False,
            truncate_ragged_lines=True,
            n_rows=count,
        ).collect()
        yield from (text or "" for text in frame.to_series(0)[line:])
        if frame.height < count:
            return
        line, count = count, 10 * count


def _readings(file: _File, series: SeriesTable, cells: int) -> Iterator[Readings]:
    layout = file.layout
    wide = layout.series is None
    owners: Int32 = np.array([series.add(layout.names[column]) for column in layout.values] if wide else [], np.int32)
    empty = True
    for piece in _pieces(file, cells):
        value = piece.value.to_numpy()
        rows = np.flatnonzero(~np.isnan(value))
        if not len(rows):
            continue
        empty = False
        # A column with nulls becomes floats, which have no room for nanoseconds.
        moments = piece.time.fill_null(0).to_numpy()[rows % piece.frame.height]
        index = owners[rows // piece.frame.height] if piece.name is None else _named(piece.name, rows, series)
        yield Readings(index, moments, value[rows])
    if empty:
        raise HistoryError(f"{file.path}: {NO_VALUE}")


def _named(names: pl.Series, rows: Int64, series: SeriesTable) -> Int32:
    """Numbers of the series of the chosen rows; new ones are added in their order, int32 `[n]`."""
    chosen = names.gather(rows).cast(pl.Categorical)
    different = chosen.unique(maintain_order=True)
    code = different.to_physical().to_numpy()
    index = np.zeros(int(code.max()) + 1, np.int32)
    index[code] = [series.add(name) for name in different.to_list()]
    owners: Int32 = index[chosen.to_physical().to_numpy()]
    return owners


def _pieces(file: _File, cells: int) -> Iterator[_Piece]:
    """The file as numbers, some rows at a time, checked."""
    layout = file.layout
    chosen = [layout.time, *layout.values, *([] if layout.series is None else [layout.series])]
    frame = file.frame.select([file.columns[column] for column in chosen])
    rows = 0
    for part in frame.collect_batches(chunk_size=max(1, cells // len(chosen)), maintain_order=True, engine="streaming"):
        if not part.height:
            continue
        part.columns = [str(column) for column in range(part.width)]  # those of the file may be anything
        name = None if layout.series is None else part.to_series(-1).cast(pl.String).str.strip_chars(BLANKS).replace("", None)
        piece = _Piece(part, parse_times(part.to_series(0)), _numbers(file, part), name)
        _refuse(file, piece, rows)
        rows += part.height
        yield piece


def _numbers(file: _File, part: pl.DataFrame) -> pl.Series:
    """Float64, column by column; NaN for a missing value, null for one that cannot be read."""
    columns = range(1, 1 + len(file.layout.values))
    if all(kind == pl.String for kind in part.dtypes[1 : columns.stop]):
        return _from_text(part.unpivot([str(column) for column in columns], value_name="cell")["cell"])
    names = [file.layout.names[column] for column in file.layout.values]
    return pl.concat([_from_any(file, part.to_series(column), name) for column, name in zip(columns, names, strict=True)])


def _from_any(file: _File, column: pl.Series, name: str) -> pl.Series:
    kind = column.dtype
    if kind == pl.String:
        return _from_text(column.alias(""))
    if kind.is_numeric() or kind in (pl.Boolean, pl.Null):
        return column.cast(pl.Float64).fill_null(np.nan).alias("")
    advice = f" or name it {TIME_NAMES[0]!r} if it is the time" if kind.is_temporal() else ""
    raise HistoryError(f"{file.path}, column {name!r}: expected numbers; got {kind}, remove the column{advice}")


def _from_text(column: pl.Series) -> pl.Series:
    """As `number_of`: the numbers that polars reads are the same."""
    text = column.fill_null("").str.strip_chars(BLANKS)
    number = text.cast(pl.Float64, strict=False)
    rest = number.is_null().arg_true()
    missing = rest.filter(text.gather(rest).str.to_lowercase().is_in(MISSING))
    return number.scatter(missing, np.nan)


def _refuse(file: _File, piece: _Piece, before: int) -> None:
    """Refuse the first row that cannot be read.

    Args:
        file: file that the rows belong to.
        piece: rows that are looked at.
        before: number of rows of the file before these.

    Raises:
        HistoryError: says where, what was expected and what is there.
    """
    layout, frame = file.layout, piece.frame
    time = frame.to_series(0)
    empty = time.is_null()
    if time.dtype == pl.String:
        empty |= time.str.strip_chars(BLANKS) == ""
    faults: list[tuple[int, int, str]] = []  # row, column of the frame, words for what was expected
    if (row := _first(piece.time.is_null() & ~empty)) is not None:
        faults.append((row, 0, layout.expected_time))
    unread = piece.value.is_null()
    if unread.any():
        bad = unread.arg_true().to_numpy()
        row = int((bad % frame.height).min())
        column = 1 + int((bad[bad % frame.height == row] // frame.height).min())
        faults.append((row, column, expected_number(str(frame[row, column]))))
    incomplete = empty if piece.name is None else empty | piece.name.is_null()
    if incomplete.any():
        filled = ~np.isnan(piece.value.fill_null(np.nan).to_numpy()).reshape(-1, frame.height)
        filled_rows = pl.Series(filled.any(axis=0))
        if (row := _first(empty & filled_rows)) is not None:
            faults.append((row, 0, TIME_BESIDE_VALUE))
        if piece.name is not None and (row := _first(piece.name.is_null() & filled_rows)) is not None:
            faults.append((row, frame.width - 1, NAME_BESIDE_VALUE))
    if faults:
        row, column, expected = min(faults, key=lambda fault: fault[0])
        name = layout.names[(layout.time, *layout.values, layout.series or 0)[column]]
        raise refused(str(file.path), file.row(before + row), name, expected, frame[row, column])


def _first(rows: pl.Series) -> int | None:
    return rows.arg_max() if rows.any() else None

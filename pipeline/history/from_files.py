"""Readings from CSV and Parquet files, long (`series,time,value`) or wide (a time and one column per series).

A file is read as a stream of some rows at a time, so that even one that is larger than the memory can be imported.
"""

import lzma
import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import polars as pl

from edge.contract.columns import Readings, SeriesTable
from edge.contract.tables import MISSING
from edge.errors import ConfigurationError, HistoryError
from pipeline.history.file_times import parse_times

TIME_NAMES = ("time", "timestamp", "date", "datetime", "ts", "ds", "_time")
SERIES_NAMES = ("series", "sensor", "item_id", "unique_id")
VALUE_NAMES = ("value", "_value", "y")
CSV = (".csv", ".tsv", ".txt")
PACKED = (".gz", ".xz", ".zst")
PARQUET = (".parquet", ".pq")
SHAPES = "columns series,time,value or a time column and one column per series"
CELLS = 2_000_000  # of a batch of rows
NO_TIME = np.iinfo(np.int64).min  # an empty cell, told from null: a time that cannot be read


@dataclass(frozen=True, slots=True)
class _File:
    """A file whose columns are known but not yet read.

    Args:
        path: for messages.
        frame: its rows as a stream; every column of a CSV file is text.
        columns: name to type.
        first: number of the first row as an editor shows it: 2 below the header of a CSV file, 1 in Parquet.
    """

    path: Path
    frame: pl.LazyFrame
    columns: dict[str, pl.DataType]
    first: int

    def find(self, names: tuple[str, ...]) -> str | None:
        """The column of one of these names, in any case; the first name counts most."""
        lower = {name.strip().lower(): name for name in reversed(self.columns)}
        return next((lower[name] for name in names if name in lower), None)

    def error(self, row: int, column: str, expected: str) -> HistoryError:
        """What is wrong with one cell: where it is, what was expected and what is there."""
        cell = self.frame.select(pl.col(column)).slice(row, 1).collect().item()
        found = "nothing" if cell is None else " ".join(repr(cell).split())[:80]
        place = f"{self.path}, {'line' if self.first == 2 else 'row'} {row + self.first}, column {column!r}"
        return HistoryError(f"{place}: expected {expected}; got {found}")


def read_file(path: Path) -> tuple[SeriesTable, Readings]:
    """All readings of a file; arguments, order and errors as of `read_batches`."""
    series = SeriesTable()
    return series, Readings.concatenate(list(read_batches(path, series)))


def read_batches(path: Path, series: SeriesTable) -> Iterator[Readings]:
    """The readings of a file, some rows at a time, in the order of the file (of a wide one series by series within those).

    Empty cells and the words of `MISSING`, such as NaN and null, are no readings; infinite values are kept, so that
    `validate` can count them. A column named time, timestamp, date, datetime, ts, ds or _time (in any case), or else the
    first one, holds the time.

    Args:
        path: CSV (comma, semicolon or tab; also .gz, .xz, .zst) or Parquet, long or wide; .xz is unpacked in memory.
        series: the file's are added.

    Raises:
        ConfigurationError: there is no such file, or it is of another kind.
        HistoryError: something in it cannot be read; says where and what was expected.
    """
    try:
        file = _open(path)
        _check_columns(file)
        time = file.find(TIME_NAMES)
        name, value = file.find(SERIES_NAMES), file.find(VALUE_NAMES)
        if time and name and value:
            yield from _long(file, time, name, value, series)
        else:
            yield from _wide(file, time or next(iter(file.columns)), series, named=time is not None)
    except pl.exceptions.NoDataError as error:
        raise HistoryError(f"{path} is empty; expected {SHAPES}") from error
    except (pl.exceptions.PolarsError, OSError, lzma.LZMAError, EOFError) as error:
        reason = str(error).strip().split("\n", 1)[0]
        if "found more fields" in reason:
            reason = "a line has more cells than the header has names (a decimal comma splits a value in two)"
        raise HistoryError(f"{path} cannot be read: {reason}; expected a table with {SHAPES}") from error


def _open(path: Path) -> _File:
    if not path.is_file():
        found = "that is a folder" if path.is_dir() else "there is no such file"
        raise ConfigurationError(f"{path}: {found}; give a CSV or Parquet file")
    suffixes = [suffix.lower() for suffix in path.suffixes]
    packed = suffixes.pop() if suffixes and suffixes[-1] in PACKED else ""
    kind = suffixes[-1] if suffixes else ""
    if kind in PARQUET and not packed:
        frame = pl.scan_parquet(path, glob=False)
        return _File(path, frame, dict(frame.collect_schema()), 1)
    if kind not in CSV:
        raise ConfigurationError(
            f"{path}: expected a name that ends in {', '.join(CSV + PARQUET)}, or .csv with {', '.join(PACKED)}; "
            f"got {path.suffix or 'no ending'}"
        )
    content = lzma.decompress(path.read_bytes()) if packed == ".xz" else None
    for separator in (",", ";", "\t"):
        source = path if content is None else BytesIO(content)
        frame = pl.scan_csv(source, separator=separator, infer_schema=False, glob=False)
        columns = dict(frame.collect_schema())
        if len(columns) > 1:
            break
    return _File(path, frame, columns, 2)


def _check_columns(file: _File) -> None:
    names = list(file.columns)
    if len(names) < 2:
        raise HistoryError(f"{file.path}: expected {SHAPES}; got one column, {names[0]!r}")
    for name in names:
        original, twice, _ = name.rpartition("_duplicated_")
        if twice and original in file.columns:
            raise HistoryError(f"{file.path}: expected every column once; got {original!r} twice, rename or remove one")
    if file.first == 2 and parse_times(pl.Series(names[:1])).null_count() == 0:
        raise HistoryError(f"{file.path}: expected the names of the columns in line 1; got the data {','.join(names)[:80]!r}")


def _time(file: _File, name: str) -> pl.Expr:
    """Int64 ns; `NO_TIME` for an empty cell, null for one that cannot be read."""
    parsed = pl.col(name).map_batches(parse_times, return_dtype=pl.Int64, is_elementwise=True)
    empty = pl.col(name).is_null()
    if file.columns[name] == pl.String:
        empty |= pl.col(name).str.strip_chars() == ""
    return pl.when(empty).then(NO_TIME).otherwise(parsed)


def _number(file: _File, name: str) -> pl.Expr:
    """Float64; NaN for a missing value, null for one that cannot be read."""
    kind = file.columns[name]
    if kind.is_numeric() or kind in (pl.Boolean, pl.Null):
        return pl.col(name).cast(pl.Float64).fill_null(np.nan)
    if kind != pl.String:
        advice = f" or name it {TIME_NAMES[0]!r} if it is the time" if kind.is_temporal() else ""
        raise HistoryError(f"{file.path}, column {name!r}: expected numbers; got {kind}, remove the column{advice}")
    text = pl.col(name).str.strip_chars()
    missing = text.fill_null("").str.to_lowercase().is_in(MISSING)
    return pl.when(missing).then(np.nan).otherwise(text.cast(pl.Float64, strict=False))


def _batches(file: _File, time: str, values: list[str], named: bool, series: str | None = None) -> Iterator[pl.DataFrame]:
    """The columns as numbers, checked: `time`, `0`, `1` … in the order of values, and `series`."""
    columns = [_time(file, time).alias("time"), *(_number(file, name).alias(str(place)) for place, name in enumerate(values))]
    if series is not None:
        columns.append(pl.col(series).cast(pl.String).str.strip_chars().cast(pl.Categorical).alias("series"))
    rows, found = 0, False
    size = max(1, CELLS // len(columns))
    for frame in file.frame.select(columns).collect_batches(chunk_size=size, maintain_order=True, engine="streaming"):
        if not frame.height:
            continue
        filled = _filled(file, frame, rows, time, values, named, series)
        rows, found = rows + frame.height, found or filled
        yield frame
    if not rows:
        raise HistoryError(f"{file.path}: expected rows below the header; got none")
    if not found:
        raise HistoryError(f"{file.path}: expected readings; got no value in any of {rows} rows")


def _filled(
    file: _File, frame: pl.DataFrame, before: int, time: str, values: list[str], named: bool, series: str | None
) -> bool:
    """Refuse what cannot be read; whether there is any value.

    Args:
        file: for messages.
        frame: some of its rows.
        before: rows of the file before these.
        time: column of the file.
        values: columns of the file.
        named: the time column was found by its name.
        series: column of the file, if it has one.
    """
    row = _first(frame["time"].is_null())
    if row is not None:
        expected = "a time, such as 2026-01-31T12:00:00Z or a Unix number"
        if not named:
            expected = f"{expected}, as no column is named {', '.join(TIME_NAMES)}"
        raise file.error(before + row, time, expected)
    filled = pl.zeros(frame.height, pl.Boolean, eager=True)
    for place, name in enumerate(values):
        column = frame[str(place)]
        row = _first(column.is_null())
        if row is not None:
            raise file.error(before + row, name, _expected_number(file, before + row, name))
        filled |= column.is_not_nan()
    row = _first((frame["time"] == NO_TIME) & filled)
    if row is not None:
        raise file.error(before + row, time, "a time beside a value")
    row = None if series is None else _first(filled & frame["series"].is_null())
    if row is not None and series is not None:
        raise file.error(before + row, series, "the name of a series beside a value")
    return bool(filled.any())


def _first(rows: pl.Series) -> int | None:
    return rows.arg_max() if rows.any() else None


def _expected_number(file: _File, row: int, name: str) -> str:
    text = str(file.frame.select(pl.col(name)).slice(row, 1).collect().item()).strip()
    if re.fullmatch(r"[+-]?\d+,\d+", text):
        return f"a decimal point, {text.replace(',', '.')}"
    number = re.match(r"[+-]?\d+(?:\.\d+)?(?=\s*[^\d\s.,])", text)
    return f"the number alone, {number[0]}" if number else "a number or an empty cell"


def _long(file: _File, time: str, name: str, value: str, series: SeriesTable) -> Iterator[Readings]:
    for whole in _batches(file, time, [value], named=True, series=name):
        frame = whole.filter(pl.col("0").is_not_nan())
        if not frame.height:
            continue
        names = frame["series"].unique(maintain_order=True)
        code = names.to_physical().to_numpy()
        index = np.zeros(code.max() + 1, np.int32)
        index[code] = [series.add(one) for one in names.to_list()]
        rows = index[frame["series"].to_physical().to_numpy()]
        yield Readings(rows, frame["time"].to_numpy(), frame["0"].to_numpy())


def _wide(file: _File, time: str, series: SeriesTable, *, named: bool) -> Iterator[Readings]:
    names = [name for name in file.columns if name != time]
    for place, name in enumerate(file.columns):
        if not name.strip() and name != time:
            raise HistoryError(f"{file.path}: expected a name for every column; column {place + 1} has none, name or remove it")
    owners = [series.add(name.strip()) for name in names]
    for frame in _batches(file, time, names, named=named):
        moments = frame["time"].to_numpy()
        parts = []
        for place, owner in enumerate(owners):
            value = frame[str(place)].to_numpy()
            rows = np.flatnonzero(~np.isnan(value))
            parts.append(Readings(np.full(len(rows), owner, np.int32), moments[rows], value[rows]))
        yield Readings.concatenate(parts)

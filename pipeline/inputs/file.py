"""The history of an input from a CSV or Parquet file: `time,value`, and if there are any `issued` and `input`."""

from pathlib import Path

import numpy as np
import polars as pl

from edge.contract.ahead.issues import ALWAYS, Issues
from edge.errors import ConfigurationError, HistoryError
from edge.tables.words import PARQUET
from pipeline.files.times import parse_times

INPUT, TIME, VALUE, ISSUED = "input", "time", "value", "issued"


def read_issues(path: Path, name: str) -> Issues:
    """The values of an input in a file; rows of other inputs, and cells that are empty, are left out.

    A value without a moment of issue counts as known from the beginning.

    Args:
        path: CSV or Parquet file; times as in `edge.contract.times`, without a zone they are UTC.
        name: name of the input, for files that have a column `input`.

    Raises:
        ConfigurationError: there is no such file.
        HistoryError: it cannot be read, or has no such columns or values; says what was expected.
    """
    if not path.is_file():
        raise ConfigurationError(f"there is no file {path}; check the path, or leave file out")
    try:
        frame = pl.read_parquet(path) if path.name.endswith(PARQUET) else pl.read_csv(path, infer_schema=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        reason = str(error).strip().split("\n", 1)[0]
        advice = f"expected CSV or Parquet with {TIME},{VALUE}, where commas are between the columns and numbers have a point"
        raise HistoryError(f"{path} cannot be read: {reason}; {advice}") from error
    if not {TIME, VALUE} <= set(frame.columns):
        raise HistoryError(f"{path}: expected the columns {TIME} and {VALUE}; got {', '.join(frame.columns)[:200]}")
    if INPUT in frame.columns:
        frame = frame.filter(_plain(path, frame[INPUT]).cast(pl.String) == name)
        if not frame.height:
            raise HistoryError(f"{path}: no row has {name!r} in the column {INPUT}; check [[input]] name")
    time, value = _times(path, frame, TIME), _numbers(path, frame[VALUE])
    issued = pl.repeat(ALWAYS, len(time), dtype=pl.Int64, eager=True)
    if ISSUED in frame.columns:
        issued = _times(path, frame, ISSUED).fill_null(ALWAYS)
    there = (time.is_not_null() & value.is_not_null()).to_numpy()
    whole = Issues(issued.to_numpy(), time.fill_null(0).to_numpy(), value.fill_null(np.nan).to_numpy())
    return whole.take(there & np.isfinite(whole.value))


def _times(path: Path, frame: pl.DataFrame, column: str) -> pl.Series:
    """A column of times, Int64 ns UTC, null where the cell is empty."""
    times = parse_times(frame[column]).time
    _check_read(path, frame[column], times, f"a time in {column}, such as 2026-01-31T06:00Z")
    return times


def _plain(path: Path, cells: pl.Series) -> pl.Series:
    """A column of numbers or words; categories become words.

    Raises:
        HistoryError: it holds lists, bytes, times or the like.
    """
    if cells.dtype in (pl.Categorical, pl.Enum):
        return cells.cast(pl.String)
    if cells.dtype.is_numeric() or cells.dtype in (pl.String, pl.Boolean, pl.Null):
        return cells
    raise HistoryError(f"{path}: expected numbers or words in the column {cells.name}; got the type {cells.dtype}")


def _numbers(path: Path, cells: pl.Series) -> pl.Series:
    """A column of numbers, Float64, null where the cell is empty."""
    cells = _plain(path, cells)
    numbers = cells.cast(pl.Float64, strict=False)
    _check_read(path, cells, numbers, f"a number in {VALUE}")
    return numbers


def _check_read(path: Path, cells: pl.Series, read: pl.Series, expected: str) -> None:
    """Go on where every cell that holds something could be read; the result has null elsewhere.

    Raises:
        HistoryError: the first cell that could not.
    """
    filled = cells.is_not_null() & (cells.str.strip_chars() != "" if cells.dtype == pl.String else True)
    wrong = filled & read.is_null()
    if wrong.any():
        row = int(wrong.arg_max() or 0)
        raise HistoryError(f"{path}: row {row + 1}: expected {expected}; got {cells[row]!r}")

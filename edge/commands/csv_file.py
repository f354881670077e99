"""A CSV file of readings, read row by row with the standard library: the device has no other reader."""

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from edge.contract.columns import Readings, SeriesTable
from edge.contract.tables import (
    NAME_BESIDE_VALUE,
    NO_VALUE,
    PACKED,
    PARQUET,
    SHAPES,
    TIME_BESIDE_VALUE,
    TOO_MANY_CELLS,
    Layout,
    expected_number,
    header_of,
    layout_of,
    number_of,
    refused,
)
from edge.contract.times import BLANKS, read_time
from edge.errors import ConfigurationError, HistoryError, PayloadError

BATCH = 4096  # readings
GZIP = ".gz"
LONGEST_LINE = 2**25  # characters; a million columns have fewer


def read_csv(path: Path, series: SeriesTable, batch: int = BATCH) -> Iterator[Readings]:
    """Readings of a file in the order of its rows, by the rules of `edge.contract.tables`.

    Infinite values and times of any year are kept, so that they can be counted.

    Args:
        path: CSV with comma, semicolon or tab between the cells, also as `.gz`.
        series: table that the series of the file are added to.
        batch: number of readings that are given at once, at least.

    Raises:
        ConfigurationError: the file is of a kind that the device does not read.
        HistoryError: something in it cannot be read; says where and what was expected.
    """
    try:
        with _opened(path) as file:
            lines = _lines(path, file)
            header = header_of(str(path), lines)
            layout = layout_of(str(path), header.cells)
            rows = csv.reader(lines, delimiter=header.separator, strict=True)
            yield from _batches(_Rows(path, layout, series), enumerate(rows, header.above + 2), batch)
    except (UnicodeDecodeError, csv.Error) as error:
        raise HistoryError(f"{path} is no CSV in UTF-8: {error}; expected a table with {SHAPES}") from error
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise HistoryError(f"cannot read {path}: {reason}; check the path") from error


def _lines(path: Path, file: TextIO) -> Iterator[str]:
    """The lines of a file; one that never ends, as in a device file or a small packed one, must not fill the memory."""
    while line := file.readline(LONGEST_LINE + 1):
        if len(line) > LONGEST_LINE:
            raise HistoryError(
                f"{path} is no CSV: a line is longer than {LONGEST_LINE:,} characters; expected a table with {SHAPES}"
            )
        yield line


def _opened(path: Path) -> TextIO:
    kind = path.suffix.lower()
    if kind in PARQUET:
        advice = "use gatecast import on the trainer, or export it as CSV"
        raise ConfigurationError(f"{path}: the device reads CSV, and this is Parquet; {advice}")
    if kind == GZIP:
        return io.TextIOWrapper(gzip.open(path), "utf-8-sig", newline="")
    if kind in PACKED:
        raise ConfigurationError(f"{path}: the device reads CSV, also as {GZIP}; unpack this file first")
    return path.open(encoding="utf-8-sig", newline="")


class _Rows:
    """Turns the rows of one file into readings.

    Args:
        path: name of the file, for messages.
        layout: meaning of its columns.
        series: table that new series are added to.
    """

    def __init__(self, path: Path, layout: Layout, series: SeriesTable) -> None:
        self.path, self._layout, self._series = str(path), layout, series
        self._owners = [series.add(layout.names[column]) for column in layout.values] if layout.series is None else [0]

    def readings(self, line: int, row: list[str]) -> list[tuple[int, int, float]]:
        """The readings of one row."""
        layout = self._layout
        if len(row) > len(layout.names):
            raise HistoryError(f"{self.path} cannot be read: {TOO_MANY_CELLS}; expected a table with {SHAPES}")
        cells = row + [""] * (len(layout.names) - len(row))
        moment = self._moment(line, cells[layout.time])
        values = [
            (owner, value)
            for owner, column in zip(self._owners, layout.values, strict=True)
            if (value := self._value(line, column, cells[column])) == value
        ]
        if not values:
            return []
        if moment is None:
            raise self._refused(line, layout.time, TIME_BESIDE_VALUE, None)
        if layout.series is not None:
            name = cells[layout.series].strip(BLANKS)
            if not name:
                raise self._refused(line, layout.series, NAME_BESIDE_VALUE, None)
            return [(self._series.add(name), moment, values[0][1])]
        return [(owner, moment, value) for owner, value in values]

    def _moment(self, line: int, cell: str) -> int | None:
        if not cell.strip(BLANKS):
            return None
        try:
            return read_time(cell)
        except PayloadError:
            raise self._refused(line, self._layout.time, self._layout.expected_time, cell) from None

    def _value(self, line: int, column: int, cell: str) -> float:
        try:
            return number_of(cell)
        except ValueError:
            raise self._refused(line, column, expected_number(cell), cell) from None

    def _refused(self, line: int, column: int, expected: str, cell: str | None) -> HistoryError:
        return refused(self.path, f"line {line}", self._layout.names[column], expected, cell)


def _batches(rows: _Rows, lines: Iterator[tuple[int, list[str]]], batch: int) -> Iterator[Readings]:
    waiting: list[tuple[int, int, float]] = []
    empty = True
    for line, row in lines:
        waiting += rows.readings(line, row)
        if len(waiting) >= batch:
            yield Readings.of(*zip(*waiting, strict=True))
            waiting, empty = [], False
    if waiting:
        yield Readings.of(*zip(*waiting, strict=True))
    elif empty:
        raise HistoryError(f"{rows.path}: {NO_VALUE}")

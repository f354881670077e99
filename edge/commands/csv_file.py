"""A CSV file of readings, read row by row with the standard library: the device has no other reader."""

import csv
import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import numpy as np

from edge.contract.columns import Bool, Readings, SeriesTable
from edge.contract.times import BLANKS
from edge.errors import ConfigurationError, HistoryError, PayloadError
from edge.tables.layout import labelled, owner_of
from edge.tables.lines import WINDOWS, encoding_of, whole_lines
from edge.tables.local import LocalTimes
from edge.tables.notes import Notes
from edge.tables.numbers import NumberRule, expected_number, number_of
from edge.tables.options import NO_OPTIONS, TableOptions
from edge.tables.text_tables import TextTable, text_tables
from edge.tables.times import expected_time, read_cell
from edge.tables.words import (
    EXCEL,
    NAME_BESIDE_VALUE,
    NO_UTF8,
    NO_VALUE,
    PACKED,
    PARQUET,
    STATES,
    TIME_BESIDE_VALUE,
    no_csv,
    refused,
    too_many_cells,
)

BATCH = 4096  # readings
GZIP = ".gz"
HEAD = 2**20  # bytes that tell the encoding


def read_csv(
    path: Path,
    series: SeriesTable,
    latest: int,
    options: TableOptions = NO_OPTIONS,
    notes: Notes | None = None,
    batch: int = BATCH,
) -> Iterator[Readings]:
    """Readings of a file in the order of its rows, by the rules of `edge.tables`.

    Infinite values and times of any year are kept, so that they can be counted.

    Args:
        path: CSV with comma, semicolon or tab between the cells, also as `.gz`.
        series: table that the series of the file are added to.
        latest: time after which no reading can be, ns UTC.
        options: statement of the user about the file.
        notes: notes that get what was decided and left out.
        batch: number of readings that are given at once, at least.

    Raises:
        ConfigurationError: the file is of a kind that the device does not read, or an option does not fit it.
        HistoryError: something in it cannot be read; says where and what was expected.
    """
    notes = notes or Notes()
    local = LocalTimes(options.timezone, notes)
    empty = True
    try:
        with _opened(path, notes) as file:
            for table in text_tables(str(path), whole_lines(str(path), file), options, latest, notes):
                rows = _Rows(path, table, series, notes)
                for readings, zoned in _batches(rows, batch):
                    resolved, _ = local.resolve(readings, zoned)
                    empty = False
                    yield resolved
        if empty:
            raise HistoryError(f"{path}: {NO_VALUE}")
    except (UnicodeError, csv.Error) as error:
        raise no_csv(str(path), error) from error
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise HistoryError(f"cannot read {path}: {reason}; check the path") from error


def _opened(path: Path, notes: Notes) -> TextIO:
    kind = path.suffix.lower()
    if kind in (*PARQUET, *EXCEL):
        name = "Parquet" if kind in PARQUET else "an Excel workbook"
        advice = "use gatecast import on the trainer, or export it as CSV"
        raise ConfigurationError(f"{path}: the device reads CSV, and this is {name}; {advice}")
    if kind in PACKED and kind != GZIP:
        raise ConfigurationError(f"{path}: the device reads CSV, also as {GZIP}; unpack this file first")

    opener = gzip.open if kind == GZIP else open
    with opener(path, "rb") as file:
        encoding = encoding_of(str(path), file.read(HEAD))
    if encoding == WINDOWS:
        notes.decide([NO_UTF8])
    return opener(path, "rt", encoding=encoding, newline="")


class _Rows:
    """Turns the rows of a table into readings.

    Args:
        path: name of the file, for messages.
        table: table with its rows.
        series: table that new series are added to.
        notes: notes that get the states which are no numbers.
    """

    def __init__(self, path: Path, table: TextTable, series: SeriesTable, notes: Notes) -> None:
        self.path, self.table, self._series, self._notes = str(path), table, series, notes
        layout = self._layout = table.layout
        self._numbers = layout.numbers
        self._wide = [] if layout.owner else [series.add(label) for label in layout.labels]

    def readings(self, line: int, row: list[str]) -> list[tuple[int, int, float, bool]]:
        """The readings of one row: series, time, value, and whether the time is UTC for sure."""
        layout = self._layout
        if any(cell.strip(BLANKS) for cell in row[len(layout.names) :]):
            raise too_many_cells(self.path, f"line {line}", len(layout.names), len(row))
        cells = row + [""] * (len(layout.names) - len(row))
        moment = self._moment(line, layout.timing.text([cells[column] for column in layout.timing.columns]))
        values = [
            (position, value)
            for position, column in enumerate(layout.values)
            if (value := self._value(line, column, cells[column], self._numbers[position])) == value
        ]
        if not values:
            return []
        if moment is None:
            raise self._refused(line, layout.timing.columns[0], TIME_BESIDE_VALUE, None)
        if not layout.owner:
            return [(self._wide[position], moment[0], value, moment[1]) for position, value in values]
        owner = owner_of(layout, cells)
        if not owner:
            raise self._refused(line, layout.owner[0], NAME_BESIDE_VALUE, None)
        return [
            (self._series.add(labelled(owner, layout.labels[position])), moment[0], value, moment[1])
            for position, value in values
        ]

    def _moment(self, line: int, text: str) -> tuple[int, bool] | None:
        if not text.strip(BLANKS):
            return None
        timing = self._layout.timing
        try:
            return read_cell(text, timing.rule)
        except PayloadError:
            raise self._refused(line, timing.columns[0], expected_time(text, timing.rule, named=timing.named), text) from None

    def _value(self, line: int, column: int, cell: str, rule: NumberRule) -> float:
        try:
            return number_of(cell, rule)
        except ValueError:
            if rule.states:
                self._notes.leave_out(STATES, 1, f"line {line}")
                return float("nan")
            raise self._refused(line, column, expected_number(cell, rule), cell) from None

    def _refused(self, line: int, column: int, expected: str, cell: str | None) -> HistoryError:
        return refused(self.path, f"line {line}", self._layout.names[column], expected, cell)


def _batches(rows: _Rows, batch: int) -> Iterator[tuple[Readings, Bool]]:
    """Readings, and which of their times are UTC for sure."""
    lines = csv.reader(rows.table.lines, delimiter=rows.table.separator, strict=True)
    waiting: list[tuple[int, int, float, bool]] = []
    for line, row in enumerate(lines, rows.table.above + 1):
        waiting += rows.readings(line, row)
        if len(waiting) >= batch:
            yield _columns(waiting)
            waiting = []
    if waiting:
        yield _columns(waiting)


def _columns(rows: list[tuple[int, int, float, bool]]) -> tuple[Readings, Bool]:
    series, time, value, zoned = zip(*rows, strict=True)
    return Readings.of(series, time, value), np.array(zoned, bool)

"""The values of inputs that a recording has, each with the moment at which it was told: rows of a store, or a CSV file."""

import csv
import gzip
import math
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TextIO, TypeAlias

import numpy as np

from edge.contract.ahead.issues import ALWAYS, Ahead, Issues, KnownAhead
from edge.contract.columns import SeriesTable
from edge.contract.contract import Contract
from edge.contract.schema import INPUT, ISSUED, VALUE
from edge.contract.times import BLANKS, EARLIEST, LATEST, SECOND, read_time
from edge.errors import ConfigurationError, HistoryError, PayloadError
from edge.inputs.kept import of_points
from edge.stores.store import Store
from edge.tables.numbers import expected_number, number_of
from edge.tables.words import EXCEL, PARQUET, no_csv, refused

COLUMNS = TIME_COLUMN, VALUE_COLUMN, ISSUED_COLUMN, INPUT_COLUMN = "time", "value", "issued", "input"
GZIP = ".gz"
LONGEST_GAP = 10_000  # intervals between origins that are looked up together

Row: TypeAlias = tuple[int, int, float]  # moment of issue and time in ns UTC, value


def issues_in(store: Store, start: int = EARLIEST, stop: int = LATEST) -> dict[str, Issues]:
    """The values of inputs that agents have written into a store, by the name of the input.

    Args:
        store: the store.
        start: first time that values are for, ns UTC.
        stop: time that all of them are for times before, ns UTC.

    Raises:
        StoreBusy: the store cannot be reached.
        StoreDenied: the account, bucket or address is wrong.
    """
    names, pages = SeriesTable(), dict[str, list[Issues]]()
    for points in store.read(INPUT, [VALUE.name, ISSUED.name], start, stop, names):
        for index, issues in of_points(points).items():
            pages.setdefault(names.names[index], []).append(issues)
    return {name: Issues.concatenate(issues) for name, issues in pages.items()}


def read_issues(path: Path, names: Sequence[str]) -> dict[str, Issues]:
    """The values of inputs in a CSV file, by the name of the input.

    Rows of other inputs, and those without a time or a value, are left out. Times are as in `edge.contract.times`; without a
    zone they are UTC. A value without a moment of issue counts as known from the beginning.

    Args:
        path: file with the columns `time` and `value`, and if there are any `issued` and `input`.
        names: names of the inputs; without a column `input` there can be one.

    Raises:
        ConfigurationError: the file is of a kind that the device does not read.
        HistoryError: it cannot be read, or has no such columns or values; says what was expected.
    """
    if path.suffix.lower() in (*PARQUET, *EXCEL):
        raise ConfigurationError(f"{path}: the device reads inputs from CSV; export them with {','.join(COLUMNS)}")
    rows: dict[str, list[Row]] = {}
    try:
        with _opened(path) as file:
            for name, row in _rows(path, file, names):
                rows.setdefault(name, []).append(row)
    except (UnicodeError, csv.Error) as error:
        raise no_csv(str(path), error) from error
    except (OSError, EOFError, zlib.error) as error:
        raise HistoryError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}; check the path") from error
    if not rows:
        raise HistoryError(f"{path}: no row has a value of the inputs {', '.join(names)}; check the column {INPUT_COLUMN}")
    return {name: Issues.of(*zip(*told, strict=True)) for name, told in rows.items()}


def _opened(path: Path) -> TextIO:
    opener = gzip.open if path.suffix.lower() == GZIP else open
    return opener(path, "rt", encoding="utf-8-sig", newline="")


def _rows(path: Path, file: TextIO, names: Sequence[str]) -> Iterator[tuple[str, Row]]:
    """The rows of some inputs that have a time and a finite value."""
    lines = csv.reader(file, strict=True)
    header = next(lines, [])
    if not {TIME_COLUMN, VALUE_COLUMN} <= set(header):
        got = ", ".join(header)[:200] or "nothing"
        raise HistoryError(f"{path}: expected the columns {TIME_COLUMN} and {VALUE_COLUMN}; got {got}")
    if INPUT_COLUMN not in header and len(names) > 1:
        raise HistoryError(f"{path}: expected a column {INPUT_COLUMN} that tells {', '.join(names)} apart")
    at = {name: header.index(name) for name in COLUMNS if name in header}
    for row in lines:
        cells = {name: row[column].strip(BLANKS) if column < len(row) else "" for name, column in at.items()}
        if not cells[TIME_COLUMN] or not cells[VALUE_COLUMN] or cells.get(INPUT_COLUMN, names[0]) not in names:
            continue
        where = f"line {lines.line_num}"
        issued = _time(path, where, ISSUED_COLUMN, cells[ISSUED_COLUMN]) if cells.get(ISSUED_COLUMN) else ALWAYS
        time, value = _time(path, where, TIME_COLUMN, cells[TIME_COLUMN]), _number(path, where, cells[VALUE_COLUMN])
        if math.isfinite(value):
            yield cells.get(INPUT_COLUMN, names[0]), (issued, time, value)


def _time(path: Path, where: str, column: str, cell: str) -> int:
    try:
        return read_time(cell)[0]
    except PayloadError as error:
        raise refused(str(path), where, column, "a time, such as 2026-01-31T06:00Z", cell) from error


def _number(path: Path, where: str, cell: str) -> float:
    try:
        return number_of(cell)
    except ValueError as error:
        raise refused(str(path), where, VALUE_COLUMN, expected_number(cell), cell) from error


def measured(issues: Issues, hold: int) -> Issues:
    """The same values, of an input that holds: without a moment of issue they were measured, and known a second later.

    Args:
        issues: values of an input.
        hold: longest time for which a value counts, ns; 0: the input does not hold, and nothing changes.
    """
    if not hold:
        return issues
    later = issues.time // SECOND * SECOND + SECOND
    return replace(issues, issued=np.where(issues.issued == ALWAYS, later, issues.issued))


def on_the_grid(issues: Mapping[str, Issues], contract: Contract) -> dict[str, Ahead]:
    """The values of the inputs of a contract on its grid, by the name of the input; each origin sees what was told by then."""
    return {
        known.name: measured(issues[known.name], known.hold).on_grid(contract.interval, late=known.hold)
        for known in contract.known
        if known.name in issues
    }


def untold(origins: Sequence[int], ahead: KnownAhead, contract: Contract) -> dict[str, int]:
    """Number of origins at which nothing was known of an input, by its name; those that were always known are not there.

    Args:
        origins: origins of forecasts, ns UTC, each once.
        ahead: values on the grid of the contract.
        contract: contract of the forecasts.
    """
    if not origins:
        return {}
    number = np.sort(np.asarray(origins, np.int64)) // contract.interval
    missing = dict.fromkeys((known.name for known in contract.known), len(number))
    for run in np.split(number, np.flatnonzero(np.diff(number) > LONGEST_GAP) + 1):
        first, count = int(run[0]), int(run[-1] - run[0]) + 1
        for known in contract.known:
            if known.name in ahead:
                right = ahead[known.name].within(*known.believed)
                told = right.told(first, count, contract.horizon, known.hold)
                missing[known.name] -= int(told[run - first].sum())
    return {name: count for name, count in missing.items() if count}

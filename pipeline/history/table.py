"""The regular table that a model is trained and judged on: readings on the grid of the contract."""

import hashlib
import mmap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

import numpy as np

from edge.contract.ahead.issues import KnownAhead
from edge.contract.columns import Bool, Float64, Int64, Readings, SeriesTable
from edge.contract.contract import Context
from edge.contract.grid import Aggregation
from edge.contract.meaning import GAUGE, Meaning
from edge.contract.times import format_duration
from edge.contract.values import fill_in
from edge.errors import HistoryError
from pipeline.history.cells import IN_MEMORY, Arrivals, Grid, Workspace
from pipeline.history.strays import fleet_span

SPARSE = 1000
LARGEST_TABLE = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Table:
    """Every series on one grid.

    Args:
        names: names of the series, row by row.
        start: start of the first interval, ns UTC.
        interval: length of an interval, ns.
        values: one value per series and interval in the sensor's own unit, float64 `[series, intervals]`, NaN for missing; a
            file that is mapped read-only (`np.memmap`) where it is large. For a counter it is what was added in the interval.
        meanings: meaning of each series, row by row; empty: all are gauges.
        ahead: values of inputs for coming intervals, by the name of the input, with the moments at which they were told.
    """

    names: tuple[str, ...]
    start: int
    interval: int
    values: Float64
    meanings: tuple[Meaning, ...] = ()
    ahead: KnownAhead = field(default_factory=dict, compare=False)

    @property
    def end(self) -> int:
        """End of the last interval, ns UTC."""
        return self.start + int(self.values.shape[1]) * self.interval

    @property
    def first(self) -> int:
        """Number of the first interval."""
        return self.start // self.interval

    @property
    def times(self) -> Int64:
        """Start of every interval, ns UTC, int64 `[intervals]`."""
        return self.start + self.interval * np.arange(self.values.shape[1], dtype=np.int64)

    @property
    def data_hash(self) -> str:
        """SHA-256 of everything in it: equal tables give equal hashes, on every machine."""
        derived = {name: each.words for name, each in self.told.items() if not each.is_plain}
        head = f"{self.names!r} {self.start} {self.interval} {self.values.shape}{derived or ''}\n"
        digest = hashlib.sha256(head.encode())
        for values in self.rows():  # a copy of the whole may be large
            digest.update(np.where(np.isnan(values), np.nan, values).astype("<f8").tobytes())
        for name, ahead in sorted(self.ahead.items()):
            digest.update(name.encode())
            for column in (ahead.number, ahead.issued, ahead.value):
                digest.update(column.tobytes())
        return digest.hexdigest()

    @property
    def counting(self) -> Bool:
        """Which rows are counters, bool `[series]`."""
        meanings = self.meanings or (GAUGE,) * len(self.names)
        return np.asarray([meaning.kind == "counter" for meaning in meanings], bool)

    @property
    def told(self) -> dict[str, Meaning]:
        """Meanings by the names of the series, of those of which anything is known."""
        pairs = zip(self.names, self.meanings or (GAUGE,) * len(self.names), strict=True)
        return {name: meaning for name, meaning in pairs if meaning != GAUGE}

    def context(self, origin: Int64) -> Context:
        """What is known beside windows that end before these columns, int64 `[n]`."""
        return Context((self.first + origin) * self.interval, self.ahead)

    def meaning_of(self, name: str) -> Meaning | None:
        """Meaning of a series by its name, or None where it has no row."""
        return self.told.get(name, GAUGE) if name in self.names else None

    def label(self, row: int) -> str:
        """Name of the values of a row, for an axis."""
        return (self.meanings[row] if self.meanings else GAUGE).label(self.interval)

    def title(self, row: int) -> str:
        """Name of a row, with that of its values where anything is known of them: `house.energy (kWh per 15min)`."""
        name = self.names[row]
        return f"{name} ({self.label(row)})" if name in self.told else name

    def rows(self, mapped: int = IN_MEMORY.mapped) -> Iterator[Float64]:
        """The series one after the other, float64 `[intervals]`; those of a file leave memory after their turn.

        Args:
            mapped: number of bytes of a file that stay in memory.
        """
        return rows_of(self.values, mapped)

    def take(self, rows: Sequence[int]) -> "Table":
        """The chosen series; where the table is a file they are in another one beside it."""
        names = tuple(self.names[row] for row in rows)
        if names == self.names:
            return self
        meanings = tuple(self.meanings[row] for row in rows) if self.meanings else ()
        if not isinstance(self.values, np.memmap):
            return replace(self, names=names, values=self.values[list(rows)], meanings=meanings)
        path = Path(cast("str", self.values.filename)).with_name("taken.npy")
        chosen = np.lib.format.open_memmap(path, "w+", np.float64, (len(rows), self.values.shape[1]))
        for row, values in zip(rows, rows_of(chosen), strict=True):
            values[:] = self.values[row]
        _let_go(self.values)
        return replace(self, names=names, values=np.load(path, "r"), meanings=meanings)


def rows_of(values: Float64, mapped: int = IN_MEMORY.mapped) -> Iterator[Float64]:
    """The rows one after the other, float64 `[columns]`; those of a file leave memory after their turn.

    Args:
        values: rows in memory or in a file, float64 `[rows, columns]`.
        mapped: number of bytes of a file that stay in memory.
    """
    size = max(1, mapped // max(1, values[:1].nbytes))
    for number, row in enumerate(values):
        if number % size == 0:
            _let_go(values)
        yield row
    _let_go(values)


def _let_go(values: Float64) -> None:
    """Give back the memory that a file is mapped to; nothing is lost, the next look maps it again."""
    if isinstance(values.base, mmap.mmap):
        values.base.madvise(mmap.MADV_DONTNEED)


def to_table(
    series: SeriesTable | Sequence[str], readings: Readings, interval: int, aggregation: Aggregation = "mean"
) -> Table:
    """As `stream_table`, of readings in any order that are in memory."""
    return stream_table(series, [readings], interval, aggregation)[0]


def stream_table(
    series: SeriesTable | Sequence[str],
    pages: Iterable[Readings],
    interval: int,
    aggregation: Aggregation = "mean",
    workspace: Workspace = IN_MEMORY,
    *,
    by_name: bool = False,
) -> tuple[Table, Arrivals]:
    """Readings on the grid, by the same functions that the device's windows are made by or checked against.

    Args:
        series: series that the readings index, or only their names, which all are gauges then; they need not be known before
            the last page.
        pages: readings in order of time from page to page, in any order within a page; values that are not finite (in float32)
            do not count.
        interval: length of an interval, ns.
        aggregation: rule by which the readings of one interval become one value; a counter becomes what was added in it.
        workspace: folder that a large table becomes a file in, and how much is in memory at once.
        by_name: whether rows are in order of the names, so that the same history from another store makes the same table.

    Returns:
        The table, and what the readings tell beside it, row by row; what lies far away from all others is not in the table.

    Raises:
        HistoryError: no reading at all, an interval far too short, or pages that are not in order of time.
    """
    names, meanings = (series.names, series.meanings) if isinstance(series, SeriesTable) else (series, ())
    with Grid(interval, aggregation, workspace, meanings) as grid:
        for page in pages:
            grid.add(page)
        grid.finish()
        order = np.asarray(sorted(range(len(names)), key=names.__getitem__) if by_name else range(len(names)), np.int64)
        rows = np.argsort(order)
        if not grid.filled:
            raise HistoryError("expected readings; got none with a finite value")
        span = fleet_span(grid)
        intervals = len(span)
        cells = intervals * len(names)
        if cells > LARGEST_TABLE or (cells > SPARSE**2 and cells > SPARSE * grid.filled):
            raise HistoryError(
                f"{grid.filled} filled intervals in a table of {len(names)} series x {intervals} intervals of "
                f"{format_duration(interval)}: choose a longer interval or a shorter range of time"
            )
        told = tuple(meanings[row] or GAUGE for row in order) if meanings else ()
        values = _fill(grid, rows, span, told, workspace)
        arrivals = grid.arrivals.grown(len(names)).take(order)
    return Table(tuple(names[row] for row in order), span.start * interval, interval, values, told), arrivals


def _fill(grid: Grid, rows: Int64, span: range, meanings: Sequence[Meaning], workspace: Workspace) -> Float64:
    """The values of the table, NaN where nothing is known; cells outside of the span are counted.

    Args:
        grid: complete grid.
        rows: row of the table for each series, int64 `[series]`.
        span: numbers of the intervals that the table has.
        meanings: meaning of each row; empty: all are gauges.
        workspace: folder that a large table becomes a file in.
    """
    shape = (len(rows), len(span))
    large = workspace.folder is not None and 8 * len(rows) * len(span) > workspace.in_memory
    path = workspace.folder / "table.npy" if workspace.folder is not None and large else None
    values: Float64 = np.empty(shape) if path is None else np.lib.format.open_memmap(path, "w+", np.float64, shape)
    for row in rows_of(values, workspace.mapped):
        row.fill(np.nan)
    for cells in grid.cells():
        inside = (cells["number"] >= span.start) & (cells["number"] < span.stop)
        if not inside.all():
            grid.arrivals.stray[:] += np.bincount(cells["series"][~inside], minlength=len(grid.arrivals.stray))
            cells = cells[inside]  # noqa: PLW2901 - the others are of no use
        values[rows[cells["series"]], cells["number"] - span.start] = cells["value"]
        _let_go(values)
    owners = np.argsort(rows)
    for meaning, owner, row in zip(meanings, owners, rows_of(values, workspace.mapped), strict=False):
        if not meaning.is_plain:
            left_out = fill_in(row, meaning, grid.interval)
            if left_out:
                grid.arrivals.jumps[owner] += left_out
    return values if path is None else np.load(path, "r")

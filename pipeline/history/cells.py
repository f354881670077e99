"""Pages of readings in, cells of the grid out, and every fact about the readings that the report needs, in one pass.

Pages come in order of time, so an interval is complete as soon as a later one begins: only the newest readings are held,
and each cell is made once, from all of its readings, by the same `aggregate` that the device's windows are checked against.
"""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import numpy as np

from edge.contract.columns import Float64, Int32, Int64, Readings
from edge.contract.grid import Aggregation, aggregate, group_starts
from edge.contract.meaning import Meaning
from edge.errors import HistoryError

WIDEST = 64  # gaps that are remembered
CELL = np.dtype([("number", np.int64), ("series", np.int32), ("value", np.float64)])
LARGEST = float(np.finfo(np.float32).max)  # what lies beyond is no measurement
NEVER = np.iinfo(np.int64).min


@dataclass(frozen=True, slots=True)
class Workspace:
    """Where a large history goes, and how much of it is in memory at once.

    Args:
        folder: folder that a large table becomes a file in, and its cells; None: everything stays in memory.
        block: number of readings that are aggregated at once: a million take less than 200 MB.
        in_memory: size in bytes beyond which a table or its cells become a file.
        cells: number of cells that are read back at once.
        mapped: number of bytes of a file that a walk over its rows keeps in memory.
        told_from: number of the first readings from which an open interval is derived.
    """

    folder: Path | None = None
    block: int = 1_000_000
    in_memory: int = 256_000_000
    cells: int = 2_000_000
    mapped: int = 64_000_000
    told_from: int = 2_000_000


IN_MEMORY = Workspace()


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Facts that only the readings tell, one per series, int64 `[series]`.

    Args:
        first: time of the earliest reading, ns UTC; without any, the largest int64.
        last: time of the latest reading, ns UTC; without any, the smallest int64.
        readings: rows in the history.
        duplicates: readings at a time that another one of the series has too.
        out_of_order: readings that are older than the one of the series before.
        not_finite: readings that are infinite or NaN.
        stray: filled intervals far away from those of the others, which are in no table.
        jumps: intervals whose increase is left out of the table, as such a counter never adds so much.
    """

    first: Int64
    last: Int64
    readings: Int64
    duplicates: Int64
    out_of_order: Int64
    not_finite: Int64
    stray: Int64
    jumps: Int64

    @classmethod
    def none(cls, count: int) -> "Arrivals":
        """Nothing has arrived of so many series."""
        start, zero = np.full(count, np.iinfo(np.int64).max), np.zeros(count, np.int64)
        return cls(start, np.full(count, NEVER), *(zero.copy() for _ in range(6)))

    def take(self, order: Int64) -> "Arrivals":
        """The chosen series, in the order given."""
        return Arrivals(*(getattr(self, fact.name)[order] for fact in fields(self)))

    def grown(self, count: int) -> "Arrivals":
        """The same with as many series more as `count` needs."""
        more = Arrivals.none(count - len(self.readings))
        return Arrivals(*(np.append(getattr(self, fact.name), getattr(more, fact.name)) for fact in fields(self)))


class Grid:
    """Cells of the grid, collected page by page; a context that ends with its file.

    Args:
        interval: length of an interval, ns.
        aggregation: rule by which the readings of one interval become one value.
        workspace: folder that the cells go to when they are many, and how much is in memory at once.
        meanings: meaning of each series, which may grow with every page; a counter keeps its last reading.
    """

    def __init__(
        self,
        interval: int,
        aggregation: Aggregation,
        workspace: Workspace = IN_MEMORY,
        meanings: Sequence[Meaning | None] = (),
    ) -> None:
        self.interval = interval
        self.arrivals = Arrivals.none(0)
        self.filled = 0  # cells
        self.first = self.last = 0  # interval numbers of the earliest and the latest cell
        # Of each gap: intervals to the next filled one, number of the earlier one, cells until there.
        self.gaps: Int64 = np.zeros((0, 3), np.int64)
        self._aggregation, self._workspace, self._meanings = aggregation, workspace, meanings
        folder = None if workspace.folder is None else str(workspace.folder)
        bound = 0 if folder is None else workspace.in_memory  # 0: such a file never leaves memory
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(bound, dir=folder)  # noqa: SIM115
        self._waiting: list[Readings] = []
        self._held = 0
        self._complete = NEVER  # no reading before this moment is waited for
        self._newest = NEVER
        self._latest: Int64 = np.zeros(0, np.int64)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._file.close()

    def add(self, page: Readings) -> None:
        """Take the next readings; within the intervals that are not complete they may come in any order.

        Raises:
            HistoryError: a reading belongs to an interval that is complete.
        """
        if not len(page):
            return
        count = int(page.series.max()) + 1
        if count > len(self._latest):
            self.arrivals = self.arrivals.grown(count)
            self._latest = np.append(self._latest, np.full(count - len(self._latest), NEVER))
        if page.time.min() < self._complete:
            raise HistoryError("expected pages of readings in order of time; got one that is older than those before")
        self._count_disorder(page)
        self._waiting.append(page)
        self._held += len(page)
        self._newest = max(self._newest, int(page.time.max()))
        boundary = self._newest // self.interval * self.interval
        if self._held >= self._workspace.block and boundary > self._complete:  # an interval may hold more than a block
            self._settle(boundary)

    def finish(self) -> None:
        """There are no more pages."""
        if self._held:
            self._settle(None)

    def cells(self) -> Iterator["np.typing.NDArray[np.void]"]:
        """All cells in pieces, `CELL` `[n]`, in order of time but for those that were settled at once."""
        self._file.seek(0)
        while raw := self._file.read(self._workspace.cells * CELL.itemsize):
            yield np.frombuffer(raw, CELL)

    def _count_disorder(self, page: Readings) -> None:
        order = np.argsort(page.series, kind="stable")
        series, time = page.series[order], page.time[order]
        starts = group_starts(series)
        before = np.append(NEVER, time[:-1])
        before[starts] = self._latest[series[starts]]
        self.arrivals.out_of_order[:] += np.bincount(series[time < before], minlength=len(self._latest))
        ends = np.append(starts[1:], len(series)) - 1
        self._latest[series[ends]] = time[ends]

    def _settle(self, before: int | None) -> None:
        """Make cells of the waiting readings, of those before that moment only where one is given."""
        readings = Readings.concatenate(self._waiting)
        self._waiting = []
        rest = Readings.empty()
        if before is not None:
            complete = readings.time < before
            readings, rest = readings.take(complete), readings.take(~complete)
            self._complete = before
        self._waiting, self._held = [rest], len(rest)
        if not len(readings):
            return
        ordered = readings.take(np.lexsort((readings.time, readings.series)))
        del readings
        self._count(ordered)
        series, number, value = self._aggregated(ordered)
        if not len(number):
            return
        self._measure_gaps(number)
        cells = np.empty(len(number), CELL)
        cells["series"], cells["number"] = series, number
        cells["value"] = np.where(np.abs(value) <= LARGEST, value, np.nan)
        self._file.write(cells.tobytes())

    def _aggregated(self, readings: Readings) -> tuple[Int32, Int64, Float64]:
        """As `aggregate`, the cells of counters behind the others."""
        told = np.fromiter((each is not None and each.kind == "counter" for each in self._meanings), bool)
        if not told.any():
            return aggregate(readings, self.interval, self._aggregation)
        counter = told[readings.series]
        gauges = aggregate(readings.take(~counter), self.interval, self._aggregation)
        counters = aggregate(readings.take(counter), self.interval, "last")
        return (
            np.concatenate([gauges[0], counters[0]]),
            np.concatenate([gauges[1], counters[1]]),
            np.concatenate([gauges[2], counters[2]]),
        )

    def _count(self, ordered: Readings) -> None:
        facts, series, time = self.arrivals, ordered.series, ordered.time
        starts = group_starts(series)
        ends = np.append(starts[1:], len(series)) - 1
        owners: Int32 = series[starts]
        facts.readings[owners] += ends - starts + 1
        facts.first[owners] = np.minimum(facts.first[owners], time[starts])
        facts.last[owners] = np.maximum(facts.last[owners], time[ends])
        twice = (series[1:] == series[:-1]) & (time[1:] == time[:-1])
        for counter, rows in ((facts.duplicates, series[1:][twice]), (facts.not_finite, series[~np.isfinite(ordered.value)])):
            counter[:] += np.bincount(rows, minlength=len(counter))

    def _measure_gaps(self, number: Int64) -> None:
        filled, count = np.unique(number, return_counts=True)
        if self.filled:
            filled, count = np.append(self.last, filled), np.append(0, count)
        else:
            self.first = int(filled[0])
        wide = np.flatnonzero(np.diff(filled) > 1)
        gaps = np.column_stack((np.diff(filled)[wide], filled[wide], self.filled + np.cumsum(count)[wide]))
        gaps = np.concatenate([self.gaps, gaps])
        self.gaps = gaps[np.argsort(-gaps[:, 0], kind="stable")[:WIDEST]]
        self.last = int(filled[-1])
        self.filled += len(number)

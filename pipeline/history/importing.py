"""A file's readings into the store, counted on the way in and again in the store: what is said to be there was seen there."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge.contract.columns import Int32, Int64, Readings, SeriesTable
from edge.contract.grid import group_starts
from edge.contract.times import iso
from edge.errors import HistoryError
from edge.messages.ingest import Ingest
from edge.messages.reading import LONGEST_TOPIC
from edge.quoting import quoted
from edge.stores.store import Store, read_readings
from pipeline.history.from_files import read_batches
from pipeline.history.from_store import tag, write_history

NEVER = np.iinfo(np.int64).min


@dataclass(frozen=True, slots=True)
class Repeated:
    """Rows at a time that a later row of their series has too; they are overwritten.

    Args:
        rows: how many.
        series: name of the first series that has one.
        time: time of its earliest such row, ns UTC.
    """

    rows: int
    series: str
    time: int


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of an import.

    Args:
        rows: readings in the file.
        stored: number of these that are in the store: one for each series and time.
        not_finite: infinite values, which no store takes.
        misdated: finite readings before the year 2000 or after 2099, of a clock that was wrong; they are left out.
        repeated: rows that others overwrite; None where there is none.
        series: their names.
        strange: names that no topic of the configuration gives, so that no live reading continues them.
        first: earliest time, ns UTC.
        last: latest time, ns UTC.
    """

    rows: int
    stored: int
    not_finite: int
    misdated: int
    repeated: Repeated | None
    series: tuple[str, ...]
    strange: tuple[str, ...]
    first: int
    last: int


class Tally:
    """The readings of a file as they pass by: some numbers per series, and no more where each series is in order of time."""

    def __init__(self) -> None:
        self.not_finite = 0
        self.rows: Int64 = np.zeros(0, np.int64)
        self._first: Int64 = np.zeros(0, np.int64)
        self._last: Int64 = np.zeros(0, np.int64)
        self._before: Int64 = np.zeros(0, np.int64)
        self._rises = np.zeros(0, bool)
        self._falls = np.zeros(0, bool)
        self._times: dict[int, list[Int64]] = {}

    def count(self, batch: Readings) -> None:
        """Take some rows in the order of the file, the first time it is read."""
        kept = batch.take(batch.finite)
        self.not_finite += len(batch) - len(kept)
        self._grow(int(batch.series.max()) + 1 if len(batch) else 0)
        if not len(kept):
            return
        order = np.argsort(kept.series, kind="stable")
        series, time = kept.series[order], kept.time[order]
        starts = group_starts(series)
        owners, ends = series[starts], np.append(starts[1:], len(series)) - 1
        before = np.append(NEVER, time[:-1])
        before[starts] = self._before[owners]
        self._rises[series[time <= before]] = False
        self._falls[series[(time >= before) & (before != NEVER)]] = False
        self._before[owners] = time[ends]
        self.rows[owners] += ends - starts + 1
        self._first[owners] = np.minimum(self._first[owners], np.minimum.reduceat(time, starts))
        self._last[owners] = np.maximum(self._last[owners], np.maximum.reduceat(time, starts))

    def keep_disordered(self, batch: Readings) -> int:
        """Take the same rows again, the second time; the times of series that are in no order are kept, 8 bytes each.

        Returns:
            How many were kept.
        """
        mixed = ~(self._rises | self._falls)
        kept = batch.take(mixed[batch.series] & batch.finite)
        order = np.argsort(kept.series, kind="stable")
        starts = group_starts(kept.series[order])
        for owner, times in zip(kept.series[order][starts].tolist(), np.split(kept.time[order], starts[1:]), strict=False):
            self._times.setdefault(owner, []).append(times)
        return len(kept)

    @property
    def span(self) -> tuple[int, int]:
        """Earliest and latest time, ns UTC; meaningless without any row."""
        return int(self._first.min()), int(self._last.max())

    def distinct(self, names: Sequence[str]) -> tuple[Int64, Repeated | None]:
        """How many times each series has, int64 `[series]`, and what is more than that."""
        counts, first = self.rows.copy(), None
        for owner, parts in sorted(self._times.items()):
            times = np.sort(np.concatenate(parts))
            twice = np.flatnonzero(times[1:] == times[:-1])
            counts[owner] -= len(twice)
            if first is None and len(twice):
                first = names[owner], int(times[twice[0]])
        rows = int((self.rows - counts).sum())
        return counts, None if first is None else Repeated(rows, *first)

    def _grow(self, series: int) -> None:
        more = series - len(self.rows)
        if more <= 0:
            return
        highest = np.iinfo(np.int64).max
        self.rows = np.append(self.rows, np.zeros(more, np.int64))
        self._first = np.append(self._first, np.full(more, highest))
        self._last, self._before = (np.append(times, np.full(more, NEVER)) for times in (self._last, self._before))
        self._rises, self._falls = (np.append(flags, np.ones(more, bool)) for flags in (self._rises, self._falls))


def import_file(path: Path, store: Store, ingests: Sequence[Ingest]) -> Imported:
    """Bring a file's readings into the store, then look whether they are there.

    The file is read twice, some rows at a time: a mistake in its last line must not leave half of it in the store.

    Args:
        path: CSV or Parquet.
        store: the same readings may be in it.
        ingests: rules that name the live series.

    Raises:
        ConfigurationError: there is no such file.
        HistoryError: it cannot be read, the store refuses a reading, or it does not hold what it took.
        StoreBusy: the store stayed away.
        StoreDenied: the account, bucket or address is wrong.
    """
    series, tally = SeriesTable(), Tally()
    misdated = 0
    for batch in read_batches(path, series):
        wrong = batch.finite & ~batch.dated
        misdated += int(wrong.sum())
        tally.count(batch.take(~wrong))
    rows = int(tally.rows.sum())
    if not rows:
        raise HistoryError(
            f"{path}: expected a finite value between the years 2000 and 2100; got {tally.not_finite:,} infinite values and "
            f"{misdated:,} readings of other years"
        )
    if (longest := max(series.names, key=len, default="")) and len(longest) > LONGEST_TOPIC:
        raise HistoryError(
            f"{path}: expected names of series of at most {LONGEST_TOPIC} characters, as topics have; "
            f"got one of {len(longest):,}: {quoted(longest)}"
        )
    tagged = tag(series, ingests)
    for batch in read_batches(path, SeriesTable()):
        dated = batch.take(batch.dated)
        write_history(store, tagged, dated)
        tally.keep_disordered(dated)
    distinct, repeated = tally.distinct(series.names)
    _check(store, series, distinct, tally.span)
    strange = tuple(name for name in series.names if all(ingest.tags_of(name) is None for ingest in ingests))
    return Imported(rows, int(distinct.sum()), tally.not_finite, misdated, repeated, tuple(series.names), strange, *tally.span)


def _check(store: Store, series: SeriesTable, expected: Int64, span: tuple[int, int]) -> None:
    """Count the readings of these series in the store.

    Raises:
        HistoryError: there are fewer than were written.
    """
    first, last = span
    stored = SeriesTable()
    owned = [stored.add(store.name_of(name)) for name in series.names]
    held = np.zeros(len(stored), np.int64)
    for page in read_readings(store, first, last + 1, stored):
        owners: Int32 = page.series[page.series < len(held)]  # the store may have other series too
        held += np.bincount(owners, minlength=len(held))
    missing = np.maximum(expected - held[owned], 0)
    if missing.any():
        worst = int(np.argmax(missing))
        raise HistoryError(
            f"the store took all {expected.sum():,} readings, but {missing.sum():,} of them are not in it; worst is series "
            f"{series.names[worst]!r} with {held[owned][worst]:,} of {expected[worst]:,} between {iso(first)} and {iso(last)}: "
            "check that [store] url is InfluxDB itself, and how long its bucket keeps data"
        )

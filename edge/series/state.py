"""Readings in, closed windows out: per series the open intervals, a ring of closed ones, and what closed just now.

No I/O and no clock of its own. The outcome does not depend on how readings were cut into batches, but for the rounding of
float64: every window holds exactly the readings that had arrived when its interval closed.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from typing import Self

import msgspec
import numpy as np

from edge.contract.columns import Bool, Float64, Int32, Int64, Readings, Whole, extend
from edge.contract.contract import Contract
from edge.contract.grid import group_starts
from edge.contract.meaning import GAUGE, Meaning
from edge.contract.values import EARLIER
from edge.rings.past import ring_of
from edge.rings.ring import UNSEEN, Rows
from edge.series.closing import Closed, Ingested, frontiers, join
from edge.series.entry import Head, dumped, integers
from edge.series.passes import in_passes
from edge.series.recent import REMEMBERED, Recent, replaced

OPEN_INTERVALS = 16  # room ahead of the closed ones: fewer passes when old readings arrive in one go
YOUNG = 0.1  # share of the series


class State:
    """The windows of every series of a fleet.

    A series closes an interval when its latest reading minus the lateness, or the clock, passes the interval's end.
    Readings of closed intervals repair the window as long as the next window can hold them or depends on them. The same
    series and time again replaces the value. That is exact among the last 65,536 readings; an older repetition may count as
    a new reading of its interval.

    Args:
        contract: grid, window and aggregation.
        lateness: time after the end of an interval in which its readings may still arrive, ns.
        wanted: function that chooses the origins to give windows for, bool `[n]` from ns UTC int64 `[n]`; None: all, as on a
            device.
        meaning: function that gives the meaning of a series by its index, once, when the series is seen for the first time.
        room: number of intervals that a series has cells for ahead of the closed ones; one pass fills nearly so many.
    """

    def __init__(
        self,
        contract: Contract,
        lateness: int = 0,
        wanted: Callable[[Int64], Bool] | None = None,
        meaning: Callable[[int], Meaning] = lambda _: GAUGE,
        room: int = OPEN_INTERVALS,
    ) -> None:
        self.contract, self._longest_pass = contract, room - EARLIER
        self._wanted = wanted
        self.lateness, self._most_first = lateness, min(contract.horizon, contract.window)
        self._meaning = meaning
        self._meanings: list[Meaning] = []
        self._ring = ring_of(contract, room + -(-lateness // contract.interval))
        self._recent = Recent()
        self._allocate(0)

    def __len__(self) -> int:
        """Number of series seen."""
        return int((self._frontier != UNSEEN).sum())

    @property
    def reached(self) -> int:
        """End of the newest interval that any series has closed, ns UTC; 0 before there is one."""
        return int(self._frontier.max(initial=0)) * self.contract.interval

    def closed_until(self, series: int) -> int:
        """End of the newest closed interval of a series that was seen, ns UTC."""
        return int(self._frontier[series]) * self.contract.interval

    def silent(self, now: int, patience: int) -> Int32:
        """The series whose readings have stopped, int32 `[n]`.

        Such a series has not been heard of for `patience` times as long as usual: the mean distance of the intervals in its
        window that hold a reading. A series that has no three of them left is not among these: nothing is usual there. One that
        holds its last reading may be silent for so long.

        Args:
            now: time of the clock, ns UTC.
            patience: number of usual distances.
        """
        interval, window = self.contract.interval, self.contract.window
        longest = np.maximum(patience * interval, self._ring.longest * interval)
        seen = np.flatnonzero((self._frontier != UNSEEN) & (now - self._latest > longest)).astype(np.int32)
        quiet = (now - self._latest[seen]) / interval
        return seen[self._ring.stopped(seen, self._frontier[seen], window, quiet, patience)]

    @property
    def is_young(self) -> bool:
        """Whether of more than a tenth of the series the first values are missing, and so many that the baseline forecasts."""
        seen = np.flatnonzero(self._frontier != UNSEEN).astype(np.int32)
        first = self._ring.first_values(seen, self._frontier[seen], self.contract.window)
        return bool((first > self.contract.max_missing * self.contract.columns).sum() > YOUNG * len(seen))

    def counting(self, series: Int32) -> Bool:
        """Which of these series are counters, bool `[n]`; each was seen."""
        return self._ring.counting(series)

    def jumped(self, closed: Closed) -> Int32:
        """The counters whose newest value is left out though there are readings, int32 `[n]`."""
        number = closed.origin // self.contract.interval
        rows = np.flatnonzero(self._ring.counting(closed.series) & np.isnan(closed.windows[:, -1]))
        return closed.series[rows[self._ring.jumped(closed.series[rows], number[rows], closed.windows[rows])]]

    @property
    def meanings(self) -> Sequence[Meaning]:
        """Meaning of each series, as its cells were filled."""
        return self._meanings

    def means_otherwise(self) -> list[int]:
        """Series that were seen under another kind or hold than they have now: their windows are of no use."""
        others = [series for series, known in enumerate(self._meanings) if not known.agrees(self._meaning(series))]
        for series in others:
            if self._frontier[series] == UNSEEN:
                self._meanings[series] = self._meaning(series)
                self._ring.tell(series, self._meanings[series])
        return [series for series in others if self._frontier[series] != UNSEEN]

    def learn(self) -> None:
        """Take what is usual for each series by its meaning now."""
        self._ring.learn(0, [self._meaning(series) for series in range(len(self._meanings))])

    def _allocate(self, series: int) -> None:
        self._ring.allocate(series)
        self._frontier = np.full(series, UNSEEN)  # number of the first interval that is not closed
        self._latest = np.full(series, UNSEEN)  # time of the latest reading, ns

    def _grow(self, series: int) -> None:
        self._ring.grow(series)
        for column in (self._frontier, self._latest):
            extend(column, series, UNSEEN)
        self._tell([self._meaning(index) for index in range(len(self._meanings), series)])

    def _tell(self, meanings: list[Meaning]) -> None:
        for meaning in meanings:
            if not meaning.is_plain:
                self._ring.tell(len(self._meanings), meaning)
            self._meanings.append(meaning)

    @property
    def _columns(self) -> tuple[Float64 | Whole, ...]:
        """The columns of a dump, in their order there; those after the fifth where a series holds, or has a coarse past."""
        ring = self._ring
        return ring.value, ring.weight, self._frontier, ring.top, self._latest, ring.left, ring.left_number, *ring.further

    def last_heard(self, series: int) -> Int64:
        """Time of the latest reading of each of so many series, ns UTC, int64 `[n]`; `UNSEEN` where there was none."""
        self._grow(series)
        return self._latest[:series]

    def keep(self, series: Int32) -> None:
        """Keep some series alone, of those in `last_heard`; each gets its place among these as its index."""
        self._ring.keep(series)
        self._recent.keep(series)
        self._frontier, self._latest = self._frontier[series], self._latest[series]
        self._meanings = [self._meanings[index] for index in series.tolist()]

    def ingest(self, readings: Readings) -> Ingested:
        """Take readings in order of arrival; values must be finite.

        Args:
            readings: a batch of any size and order.

        Returns:
            The windows that closed and what became of the readings.
        """
        if not len(readings):
            return Ingested(Closed.nothing(self.contract.columns), np.zeros(0, bool), 0, np.zeros(0, bool))
        self._grow(int(readings.series.max()) + 1)
        order = np.argsort(readings.series, kind="stable")
        rows = readings.take(order)
        first = np.append(True, rows.series[1:] != rows.series[:-1])
        previous = self._recent.replaced(rows, rows.time <= self._latest[rows.series], first)
        fresh = previous != rows.value
        number = rows.time // self.contract.interval
        before, after = self._frontiers(rows, first)
        late = number < before
        too_late = number <= before - self.contract.window - self._ring.earlier(rows.series)
        accepted = Rows(rows.series, rows.time, rows.value, previous, number, before, after).take(fresh & ~too_late)
        passes = in_passes(accepted, self._longest_pass)
        remembered = self._remembered(accepted)
        parts = []
        for current in range(int(passes.max(initial=-1)) + 1):
            part = accepted.take(passes == current)
            if remembered is not None:
                remembered = Readings.concatenate([remembered, Readings(part.series, part.time, part.value)])
            parts.append(self._apply(part, remembered))
        starts = np.flatnonzero(first)
        seen = rows.series[starts]
        self._latest[seen] = np.maximum(self._latest[seen], np.maximum.reduceat(rows.time, starts))
        kept, missed = np.empty(len(rows), bool), np.empty(len(rows), bool)
        kept[order], missed[order] = fresh, too_late & fresh
        self._recent.add(readings.take(kept))
        return Ingested(
            join(parts) if parts else Closed.nothing(self.contract.columns),
            kept,
            int((late & ~too_late & fresh).sum()),
            missed,
        )

    @property
    def remembers_all(self) -> bool:
        """Whether all readings are remembered that came since the windows were empty, loaded or adapted, as `filling` needs."""
        return self._recent.added < REMEMBERED

    @contextmanager
    def filling(self) -> Iterator[Callable[[Readings], object]]:
        """Make the windows what they would be if history had come first, and then all that came in live so far.

        What the history has of that as well counts once, as it came in. The result takes history in parts of any size; a series
        and time stand in one part only. Nothing else may come in meanwhile. An interval of which both together have fewer
        readings than the window had keeps its value.
        """
        before, live, wanted, held = copy(self), self._recent.readings, self._wanted, not self._recent.has_all
        self._wanted = lambda origins: np.zeros(len(origins), bool)  # nobody looks at these windows
        self._ring, self._recent, self._meanings = self._ring.anew(), Recent(), []
        self._allocate(0)
        try:
            yield lambda part: self.ingest(part.take(np.isnan(replaced(live, part))))
        finally:
            self.ingest(live)
            self._take_over(before, held=held)  # the clock may have closed more than the readings do
            self._wanted = wanted

    def advance(self, now: int, most: int | None = None) -> Closed:
        """Close intervals whose end plus the lateness has passed, of the series first that are farthest behind.

        Args:
            now: time of the clock, ns UTC.
            most: largest number of series; None: all. The next calls close those of the others.

        Returns:
            At most one row per series: the newest origin.
        """
        frontier = self._reached(now)
        series = self._behind(frontier)
        if most is not None and len(series) > most:
            # The order of the first ones stays: whoever replays the call closes the same.
            series = np.sort(series[np.argsort(self._frontier[series], kind="stable")[:most]])
        if not len(series):
            return Closed.nothing(self.contract.columns)
        before = self._frontier[series]
        after = np.full(len(series), frontier)
        far = after - before > self.contract.window
        first = self._ring.values_from(series, before, far, self._most_first, room=True)
        self._ring.make_room(series, after)
        self._frontier[series] = after
        return self._closed(series, before, after, first)

    def due(self, now: int) -> int:
        """Number of series of which the clock closes intervals, at a time in ns UTC."""
        return len(self._behind(self._reached(now)))

    def closings(self, readings: Readings) -> Bool:
        """Which readings close intervals of their series as they come, in order of arrival, bool `[n]`."""
        if not len(readings):
            return np.zeros(0, bool)
        self._grow(int(readings.series.max()) + 1)
        order = np.argsort(readings.series, kind="stable")
        rows = readings.take(order)
        before, after = self._frontiers(rows, np.append(True, rows.series[1:] != rows.series[:-1]))
        closing = np.empty(len(rows), bool)
        closing[order] = after > before
        return closing

    def _reached(self, now: int) -> int:
        return (now - self.lateness) // self.contract.interval

    def _behind(self, frontier: int) -> Int32:
        """The series that have open intervals before this one."""
        return np.flatnonzero((self._frontier != UNSEEN) & (self._frontier < frontier)).astype(np.int32)

    def adapted(self, contract: Contract, lateness: int) -> "State":
        """The same series under another contract and lateness; what they have seen is kept where the grid is the same.

        Intervals that the readings so far would have closed under a shorter lateness are passed over: nobody sees them close.
        """
        state = State(contract, lateness, meaning=self._meaning)
        state._grow(len(self._meanings))
        if not self.contract.shares_grid(contract):
            return state
        state._recent = self._recent.since(state._take_over(self, held=True), contract.interval)
        seen = np.flatnonzero(state._frontier != UNSEEN)
        state._frontier[seen] = np.maximum(state._frontier[seen], (state._latest[seen] - lateness) // contract.interval)
        return state

    def _take_over(self, other: Self, *, held: bool) -> Int64:
        """Take what another state on the same grid knows better than this one, from the returned interval of each series on.

        Where `held`, of series that hold their last reading, also the last one before it.
        """
        self._grow(len(other._meanings))
        alike = np.asarray([m.agrees(t) for m, t in zip(self._meanings, other._meanings, strict=False)], bool)
        series = np.flatnonzero(alike & (other._frontier[: len(alike)] != UNSEEN))
        for mine, theirs in ((self._frontier, other._frontier), (self._latest, other._latest)):
            mine[series] = np.maximum(mine[series], theirs[series])
        first = np.full(len(other._frontier), UNSEEN)
        # A reading of an earlier interval may be remembered that came too late, and is in no cell; or its cell has left.
        oldest = self._frontier[series] - other.contract.window - self._ring.earlier(series) + 1
        first[series] = np.maximum(oldest, self._ring.room(other._ring, series))
        self._ring.take_over(other._ring, series, first[series], held=held)
        return first

    def dump(self) -> Iterator[bytes]:
        """All of it in small parts, for `load`; no copy of the whole is made."""
        series = 1 + int(np.flatnonzero(self._frontier != UNSEEN).max(initial=-1))
        recent = self._recent.readings
        told = [(index, each.kind, each.hold) for index, each in enumerate(self._meanings[:series]) if not each.is_plain]
        head = (msgspec.to_builtins(self.contract), self.lateness, series)
        yield msgspec.msgpack.encode((*head, told) if told else head)
        yield msgspec.msgpack.encode([column.tobytes() for column in (recent.series, recent.time, recent.value)])
        numbers = sum(column.shape[1] for column in self._columns if column.ndim > 1)
        size, count = dumped(6 * numbers), None if self._ring.holds or self.contract.coarse else -2
        for start in range(0, series, size):
            rows = slice(start, min(start + size, series))
            columns = (column[rows] for column in self._columns[:count])
            yield msgspec.msgpack.encode([(c.astype(np.int32) if c.dtype.kind == "u" else c).tobytes() for c in columns])

    @classmethod
    def load(cls, parts: Iterator[bytes], meaning: Callable[[int], Meaning] = lambda _: GAUGE) -> "State":
        """What `dump` wrote; parts that follow are not touched.

        Args:
            parts: the dump.
            meaning: function that gives the meaning of series that are new; the others have that of the dump.
        """
        head = msgspec.msgpack.decode(next(parts), type=Head)
        state = cls(head.contract, head.lateness, meaning=meaning)
        state._allocate(head.series)
        told = {index: Meaning(kind, hold) for index, kind, hold in head.told}
        state._tell([told.get(index, GAUGE) for index in range(head.series)])
        blocks = msgspec.msgpack.decode(next(parts), type=list[bytes])
        columns = (np.frombuffer(b, t) for b, t in zip(blocks, (np.int32, np.int64, np.float64), strict=True))
        state._recent = Recent([Readings(*columns)])
        start = stop = 0
        while stop < head.series:
            blocks = msgspec.msgpack.decode(next(parts), type=list[bytes])
            start, stop = stop, stop + len(blocks[2]) // 8  # as many as its frontiers
            # What was written tells its own width and whether series hold: series that had no reading yet are not in `told`.
            weight = integers(blocks[1], (stop - start) * state._ring.columns)
            if state._ring.counts:
                state._ring.widen(int(weight.max()))
            for column, block in zip(state._columns, blocks, strict=False):
                rows = column[start:stop]
                values = np.frombuffer(block) if rows.dtype.kind == "f" else integers(block, rows.size)
                rows[...] = values.reshape(rows.shape)
        return state

    def _frontiers(self, rows: Readings, first: Bool) -> tuple[Int64, Int64]:
        """First open interval of each row's series just before and just after the row arrived."""
        return frontiers(self._frontier[rows.series], (rows.time - self.lateness) // self.contract.interval, first)

    def _remembered(self, rows: Rows) -> Readings | None:
        """The readings before these of all series of which a minimum or maximum is corrected; None where none is."""
        corrected = ~np.isnan(rows.previous)
        return self._recent.of(rows.series[corrected]) if self._ring.extreme and corrected.any() else None

    def _apply(self, rows: Rows, remembered: Readings | None) -> Closed:
        """Fill cells, then cut the windows of every interval that closed."""
        ends = np.append(group_starts(rows.series)[1:], len(rows.series)) - 1
        starts = group_starts(rows.series)
        owners = rows.series[starts]
        unseen = owners[self._frontier[owners] == UNSEEN]
        self._frontier[unseen] = rows.before[starts][self._frontier[owners] == UNSEEN]
        self._ring.top[unseen] = self._frontier[unseen]
        top = np.maximum(np.maximum.reduceat(rows.number, starts) + 1, rows.after[ends])
        counts = np.diff(np.append(starts, len(rows.series)))
        room = np.maximum(top, self._ring.top[owners])
        first = np.repeat(room - self._ring.columns, counts)
        # Readings before a gap longer than the ring are in no window to come, but held, waited for or part of a coarse block.
        early = rows.number < np.repeat(self._ring.needed(room), counts)
        if early.any():
            self._ring.fill_before(rows.take(early), remembered)
        closing = rows.after > rows.before
        series, before, after = rows.series[closing], rows.before[closing], rows.after[closing]
        jumps = after - before > self.contract.window
        # Of a pass only the first closing of a series takes cells away that it is asked for.
        far = jumps & (before - EARLIER < first[closing])
        gone = self._ring.values_from(series, before, far, self._most_first, room=True)
        self._ring.make_room(owners, top)
        self._ring.fill(rows.take(~early))
        if remembered is not None:
            self._ring.correct(remembered)
        self._frontier[owners] = np.maximum(self._frontier[owners], rows.after[ends])
        near = self._ring.values_from(series, before, jumps & ~far, self._most_first)
        return self._closed(series, before, after, near if gone is None else gone if near is None else np.fmax(gone, near))

    def _closed(self, series: Int32, before: Int64, after: Int64, first: Float64 | None) -> Closed:
        if self._wanted is not None:
            kept = self._wanted(after * self.contract.interval)
            series, before, after, first = series[kept], before[kept], after[kept], None if first is None else first[kept]
        windows = self._ring.past(series, after, self.contract.window)
        return Closed(series, after * self.contract.interval, windows, after - before, first)

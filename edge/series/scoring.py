"""Earlier forecasts and closed intervals in, scores out: error per lead beside the seasonal-naive baseline.

No I/O. A forecast of lead h is held until its target interval has closed, and is scored once.
"""

import math
from collections.abc import Iterator, Sequence

import msgspec
import numpy as np

from edge.contract.columns import Bool, Float64, Int32, Int64, Outcomes, Scores, extend, shrink
from edge.contract.contract import Contract
from edge.contract.grid import rounds
from edge.forecaster.level import is_known
from edge.series.closing import Closed
from edge.series.entry import DUMPED, dumped, floats, integers
from edge.series.metrics import absolute_error, covered, pinball

NEVER = np.iinfo(np.int64).min  # target of a slot in which nothing waits, in dumps of earlier versions
LAST_BITS = (1 << 32) - 1  # of the number of an interval; dumps of earlier versions have no more of them


def default_leads(horizon: int) -> tuple[int, ...]:
    """The first lead, a quarter, a half and the whole of the horizon."""
    return tuple(sorted({1, max(1, horizon // 4), max(1, horizon // 2), horizon}))


class _Part(msgspec.Struct):
    """A part of a dump: the columns of some series."""

    newest: bytes
    median: bytes
    around: bytes


class Scoring:
    """Forecasts waiting for their facts.

    Args:
        contract: grid, horizon and quantiles.
        leads: the leads to score, each 1…horizon.
    """

    def __init__(self, contract: Contract, leads: Sequence[int]) -> None:
        self.contract = contract
        self.leads = np.asarray(leads, np.int64)
        # For lead h at most h forecasts of a series wait at once, so h slots, chosen by target number modulo h.
        self._offset = np.cumsum(self.leads) - self.leads
        self._lead = np.repeat(self.leads, self.leads)  # of each slot
        self._turn = np.arange(len(self._lead)) - np.repeat(self._offset, self.leads)  # target number modulo lead of each slot
        self._levels = np.asarray(contract.quantiles)
        self._others = np.delete(np.arange(len(self._levels) + 1), contract.median)  # quantiles without median, and baseline
        self._allocate(0)
        self.waited: Bool = np.zeros(0, bool)  # see `step`
        self.outcomes = Outcomes.nothing(len(self._levels))  # the same

    def _waits(self, series: Int32) -> Bool:
        """Whether a forecast of each of these series waits for its fact at the shortest lead, bool `[n]`."""
        waits: Bool = np.isfinite(self._median[series, : self.leads[0]]).any(axis=1)
        return waits

    def _grow(self, series: int) -> None:
        for column, nothing in ((self._newest, 0), (self._median, np.nan), (self._around, np.nan)):
            extend(column, series, nothing)

    def _allocate(self, series: int) -> None:
        slots = len(self._lead)
        # A device has room for ten thousand series: the number of the newest origin, which tells the targets of all slots; the
        # median in full, NaN where nothing waits; the distances of the others from it.
        self._newest = np.zeros(series, np.int64)
        self._median = np.full((series, slots), np.nan)
        self._around = np.full((series, slots, len(self._others)), np.nan, np.float32)

    def keep(self, series: Int32) -> None:
        """Keep some series alone; each gets its place among these as its index."""
        self._grow(1 + int(series.max(initial=-1)))
        for column in (self._newest, self._median, self._around):
            shrink(column, series)

    def at_leads(self, values: Float64, baseline: Float64) -> Float64:
        """The part of forecasts that is kept until its facts are there: `[n, leads, quantiles + 1]`, the baseline last.

        Args:
            values: forecasts `[n, horizon, quantiles]`.
            baseline: the seasonal-naive median, `[n, horizon]`.
        """
        chosen = self.leads - 1
        return np.concatenate([values[:, chosen], baseline[:, chosen, None]], axis=2)

    def step(self, closed: Closed, forecasts: Float64) -> Scores:
        """Score what closed, then hold the forecasts made at that moment.

        Of each window that closed, `waited` says afterwards whether an earlier forecast of its series waited for its fact at
        the shortest lead, bool `[n]`. `outcomes` has the forecasts that were scored.

        Args:
            closed: windows that closed; the rows of a series come in order of time.
            forecasts: result of `at_leads`, `[n, leads, quantiles + 1]`; NaN where no forecast was made.

        Returns:
            One row per forecast whose fact is there now.
        """
        self.waited = np.zeros(len(closed), bool)
        if not len(closed):
            return self._scores([])
        self._grow(int(closed.series.max()) + 1)
        matched = []
        for rows in rounds(closed.series):
            series, origin = closed.series[rows], closed.origin[rows] // self.contract.interval
            advanced = closed.advanced[rows]
            self.waited[rows] = self._waits(series)
            # Facts begin at the origin before; no forecast made there reaches farther than the longest lead.
            for ahead in range(min(int(advanced.max()), int(self.leads.max()))):
                back = advanced - ahead
                there = (back >= 1) & (back <= self.contract.window)
                gone = np.nan if closed.first is None or ahead >= closed.first.shape[1] else closed.first[rows, ahead]
                fact = np.where(there, closed.windows[rows, -np.where(there, back, 1)], gone)
                matched.append(self._match(series, origin - back, fact))
            self._pass_over(series, origin)
            self._hold(series[:, None], self._offset + (origin[:, None] - 1) % self.leads, forecasts[rows])
            self._newest[series] = origin
        return self._scores(matched)

    def _pass_over(self, series: Int32, origin: Int64) -> None:
        """Empty the slots of the origins between the newest one of each series and this one: no forecast was made there."""
        passed = (origin - self._newest[series] - 1) & LAST_BITS
        behind = np.flatnonzero(passed)
        first = origin[behind] - passed[behind] - 1
        empty = (self._turn - first[:, None]) % self._lead < passed[behind, None]
        row, slot = np.nonzero(empty)
        self._median[series[behind[row]], slot] = np.nan

    def _hold(self, series: Int32 | slice, slots: Int64 | slice, forecasts: Float64) -> None:
        """Keep forecasts, float64 `[..., quantiles + 1]`."""
        median = forecasts[..., self.contract.median]
        self._median[series, slots] = median
        self._around[series, slots] = forecasts[..., self._others] - median[..., None]

    def _match(self, series: Int32, number: Int64, fact: Float64) -> tuple[Int32, Int64, Int64, Float64, Float64]:
        slots = self._offset + number[:, None] % self.leads
        hit = (((number - self._newest[series]) & LAST_BITS)[:, None] < self.leads) & is_known(fact)[:, None]
        row, lead = np.nonzero(hit)
        made = np.isfinite(self._median[series[row], slots[row, lead]])
        row, lead = row[made], lead[made]
        kept = series[row], slots[row, lead]
        waiting = np.empty((len(row), len(self._levels) + 1))
        waiting[:, self.contract.median] = self._median[kept]
        waiting[:, self._others] = self._median[kept][:, None] + self._around[kept]
        self._median[kept] = np.nan
        return series[row], number[row], self.leads[lead], fact[row], waiting

    def _scores(self, matched: list[tuple[Int32, Int64, Int64, Float64, Float64]]) -> Scores:
        nothing = (
            np.zeros(0, np.int32),
            np.zeros(0, np.int64),
            np.zeros(0, np.int64),
            np.zeros(0),
            np.zeros((0, len(self._levels) + 1)),
        )
        series, number, lead, fact, waiting = (np.concatenate(columns) for columns in zip(nothing, *matched, strict=True))
        quantiles, baseline = waiting[:, :-1], waiting[:, -1]
        median = quantiles[:, self.contract.median]
        self.outcomes = Outcomes(series, number, lead, fact, median, quantiles)
        return Scores(
            series,
            number * self.contract.interval,
            lead.astype(np.int32),
            median - fact,
            absolute_error(median, fact),
            pinball(fact, quantiles, self._levels),
            covered(fact, quantiles),
            absolute_error(baseline, fact),
        )

    def dump(self) -> Iterator[bytes]:
        """All of it in small parts, for `load`."""
        yield msgspec.msgpack.encode(len(self._newest))
        size = dumped(len(self._lead) * (8 + 4 * len(self._others)))
        for start in range(0, len(self._newest), size):
            rows = slice(start, start + size)
            columns = (self._newest, self._median, self._around)
            yield msgspec.msgpack.encode(_Part(*(column[rows].tobytes() for column in columns)))

    def load(self, parts: Iterator[bytes]) -> None:
        """Take back what `dump` of an equal scoring wrote, of this version or an earlier one."""
        series = msgspec.msgpack.decode(next(parts), type=int)
        self._allocate(series)
        start = 0
        while start < series:
            part = msgspec.msgpack.decode(next(parts), type=_Part | list[bytes])
            rows = slice(start, start + (len(part.newest) // 8 if isinstance(part, _Part) else DUMPED))
            start = rows.stop
            if isinstance(part, _Part):
                self._newest[rows] = np.frombuffer(part.newest, np.int64)
                self._load_forecasts(rows, part.median, part.around)
            else:
                self._load_earlier(rows, *part)

    def _load_forecasts(self, rows: slice, median: bytes, around: bytes) -> None:
        self._median[rows] = np.frombuffer(median).reshape(self._median[rows].shape)
        self._around[rows] = np.frombuffer(around, np.float32).reshape(self._around[rows].shape)

    def _load_earlier(self, rows: slice, targets: bytes, *columns: bytes) -> None:
        """A part of a dump with a target for each slot, whole or its last 32 bits.

        Args:
            rows: series of the part.
            targets: the targets.
            columns: the forecasts, whole or as medians and distances from these, of all or of the others.
        """
        shape = self._median[rows].shape
        target = integers(targets, math.prod(shape)).reshape(shape)
        if len(columns) > 1 and len(columns[1]) == self._around[rows].nbytes:
            self._load_forecasts(rows, *columns)
        else:
            every = (*shape, len(self._levels) + 1)
            forecasts = floats(columns[-1], math.prod(every)).reshape(every)
            self._hold(rows, slice(None), forecasts)
            if len(columns) > 1:
                self._median[rows] = np.frombuffer(columns[0]).reshape(shape)
                self._around[rows] = forecasts[..., self._others]
        self._median[rows][target == NEVER] = np.nan
        origin = np.where(np.isfinite(self._median[rows]), target - self._lead + 1, NEVER)
        self._newest[rows] = origin.max(axis=1)
        passed = (target - self._newest[rows, None]) & LAST_BITS >= self._lead  # nothing waits there any more
        self._median[rows][passed] = np.nan

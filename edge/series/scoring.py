"""Earlier forecasts and closed intervals in, scores out: error per lead beside the seasonal-naive baseline.

No I/O. A forecast of lead h is held until its target interval has closed, and is scored once.
"""

from collections.abc import Iterator, Sequence

import msgspec
import numpy as np

from edge.contract.columns import Float64, Int32, Int64, Scores
from edge.contract.contract import Contract
from edge.forecaster.level import is_known
from edge.series.entry import floats
from edge.series.metrics import absolute_error, covered, pinball
from edge.series.state import DUMPED, Closed

NEVER = np.iinfo(np.int64).min


def default_leads(horizon: int) -> tuple[int, ...]:
    """The first lead, a quarter, a half and the whole of the horizon."""
    return tuple(sorted({1, max(1, horizon // 4), max(1, horizon // 2), horizon}))


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
        self._levels = np.asarray(contract.quantiles)
        self._allocate(0)

    def _grow(self, series: int) -> None:
        known = len(self._target)
        if series <= known:
            return
        # Resized in place and in small steps: a copy of all columns would double the memory of the agent for a moment.
        for column, nothing in ((self._target, NEVER), (self._median, np.nan), (self._around, np.nan)):
            column.resize((max(series, known + known // 16), *column.shape[1:]), refcheck=False)
            column[known:] = nothing

    def _allocate(self, series: int) -> None:
        slots = int(self.leads.sum())
        self._target = np.full((series, slots), NEVER)
        # Medians in full, and the distances of quantiles and baseline from them: a device has room for ten thousand series.
        self._median = np.full((series, slots), np.nan)
        self._around = np.full((series, slots, len(self._levels) + 1), np.nan, np.float32)

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

        Args:
            closed: windows that closed; the rows of a series come in order of time.
            forecasts: result of `at_leads`, `[n, leads, quantiles + 1]`; NaN where no forecast was made.

        Returns:
            One row per forecast whose fact is there now.
        """
        if not len(closed):
            return self._scores([])
        self._grow(int(closed.series.max()) + 1)
        matched = []
        for rows in _rounds(closed.series):
            series, origin = closed.series[rows], closed.origin[rows] // self.contract.interval
            advanced = closed.advanced[rows]
            # Facts begin at the origin before; no forecast made there reaches farther than the longest lead.
            for ahead in range(min(int(advanced.max()), int(self.leads.max()))):
                back = advanced - ahead
                there = (back >= 1) & (back <= self.contract.window)
                fact = np.where(there, closed.windows[rows, -np.where(there, back, 1)], np.nan)
                matched.append(self._match(series, origin - back, fact))
            number = origin[:, None] + self.leads - 1
            slots = self._offset + number % self.leads
            self._target[series[:, None], slots] = number
            self._hold(series[:, None], slots, forecasts[rows])
        return self._scores(matched)

    def _hold(self, series: Int32 | slice, slots: Int64 | slice, forecasts: Float64) -> None:
        """Keep forecasts, float64 `[..., quantiles + 1]`."""
        median = forecasts[..., self.contract.median]
        self._median[series, slots] = median
        self._around[series, slots] = forecasts - median[..., None]

    def _match(self, series: Int32, number: Int64, fact: Float64) -> tuple[Int32, Int64, Int64, Float64, Float64]:
        slots = self._offset + number[:, None] % self.leads
        hit = (self._target[series[:, None], slots] == number[:, None]) & is_known(fact)[:, None]
        row, lead = np.nonzero(hit)
        kept = series[row], slots[row, lead]
        waiting = self._median[kept][:, None] + self._around[kept].astype(np.float64)
        made = np.isfinite(waiting[:, self.contract.median])
        self._target[series[row], slots[row, lead]] = NEVER
        row, lead, waiting = row[made], lead[made], waiting[made]
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
        yield msgspec.msgpack.encode(len(self._target))
        for start in range(0, len(self._target), DUMPED):
            rows = slice(start, start + DUMPED)
            yield msgspec.msgpack.encode([column[rows].tobytes() for column in (self._target, self._median, self._around)])

    def load(self, parts: Iterator[bytes]) -> None:
        """Take back what `dump` of an equal scoring wrote."""
        series = msgspec.msgpack.decode(next(parts), type=int)
        self._allocate(series)
        for start in range(0, series, DUMPED):
            rows = slice(start, start + DUMPED)
            target, *columns = msgspec.msgpack.decode(next(parts), type=list[bytes])
            self._target[rows] = np.frombuffer(target, np.int64).reshape(self._target[rows].shape)
            if len(columns) == 1:  # as earlier versions have it
                shape = self._around[rows].shape
                self._hold(rows, slice(None), floats(columns[0], self._around[rows].size).reshape(shape))
                continue
            self._median[rows] = np.frombuffer(columns[0]).reshape(self._median[rows].shape)
            self._around[rows] = np.frombuffer(columns[1], np.float32).reshape(self._around[rows].shape)


def _rounds(series: Int32) -> Iterator[Int64]:
    """Row numbers in rounds: within a round each series occurs once, and the order of rows per series is kept."""
    order = np.argsort(series, kind="stable")
    ordered = series[order]
    position = np.arange(len(order))
    first = np.append(True, ordered[1:] != ordered[:-1])
    turn = position - np.maximum.accumulate(np.where(first, position, 0))
    by_turn = np.argsort(turn, kind="stable")
    yield from np.split(order[by_turn], np.flatnonzero(np.diff(turn[by_turn])) + 1)

"""Which rows of `forecast` a closing writes: the nearest leads each time, and the whole horizon now and then.

Each forecast replaces the one before, moment by moment. Written out in full, all but one row of each are replaced at the next
closing by one that hardly differs, and the store is busy with that for most of its time. No I/O.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np

from edge.contract.columns import Bool, Forecasts, Int64
from edge.series.closing import Closed

SHORT = 8  # leads; so few are always written


def usual_refresh(horizon: int) -> int:
    """Closings from one whole horizon to the next that need the fewest rows: the square root of the horizon, rounded up."""
    return 1 if horizon <= SHORT else math.isqrt(horizon - 1) + 1


@dataclass(frozen=True, slots=True)
class Leads:
    """Which leads of forecasts are stored.

    Args:
        kept: leads that are kept in `forecast_lead` and scored; empty: 1, a quarter, a half and the whole of the horizon.
        refresh: intervals from one whole horizon of a series to the next in `forecast`, and number of leads that are written in
            between; 1: every forecast is written as a whole; None: `usual_refresh`.
    """

    kept: Sequence[int] = ()
    refresh: int | None = None


class Outlook:
    """When the whole horizon of a series is written.

    Args:
        horizon: number of leads of a forecast.
        interval: length of an interval, ns.
        refresh: setting of the same name of `Leads`.
    """

    def __init__(self, horizon: int, interval: int, refresh: int | None = None) -> None:
        self._interval = interval
        self._refresh = min(refresh or usual_refresh(horizon), horizon)
        self._horizon = horizon
        self._phase: Int64 = np.zeros(0, np.int64)
        self._begun: Bool = np.zeros(0, bool)

    def go_on(self, series: int) -> None:
        """Go on after a restart, with so many series: their next forecasts are not the first ones of the forecaster."""
        self._begun = np.ones(series, bool)

    def whole(self, closed: Closed, names: Sequence[str], waits: Bool) -> Bool:
        """Of which windows the whole horizon is written, bool `[n]`: the series take turns, so that they are never all due.

        It is also written of the first forecast of a series or of the forecaster, and after a gap.

        Args:
            closed: windows that closed.
            names: names of all series.
            waits: whether an earlier forecast of the series of each window waited for its fact, bool `[n]`.
        """
        if self._refresh == 1:
            return np.ones(len(closed), bool)
        if len(names) > len(self._phase):
            new = [crc32(name.encode()) % self._refresh for name in names[len(self._phase) :]]
            self._phase = np.concatenate([self._phase, np.asarray(new, np.int64)])
        if len(names) > len(self._begun):
            self._begun = np.concatenate([self._begun, np.zeros(len(names) - len(self._begun), bool)])
        turn = (closed.origin // self._interval + self._phase[closed.series]) % self._refresh == 0
        whole: Bool = turn | (closed.advanced > 1) | ~waits
        series, first = np.unique(closed.series, return_index=True)  # of several windows of a series the earliest
        whole[first] |= ~self._begun[series]
        self._begun[series] = True
        return whole

    def rows(self, made: Sequence[Forecasts], whole: Sequence[Bool]) -> list[tuple[Int64, Int64]]:
        """Row and lead, from 0 on, of everything to write that no later forecast of the batch replaces.

        Args:
            made: forecasts of a batch, by any forecasters.
            whole: rows of each of them whose whole horizon is written, bool `[n]`.
        """
        if not made:
            return []
        series = np.concatenate([forecasts.series for forecasts in made])
        number = np.concatenate([forecasts.origin for forecasts in made]) // self._interval
        every = np.concatenate(list(whole))
        order = np.lexsort((number, series))
        series, number, every = series[order], number[order], every[order]
        reach = np.where(every, self._horizon, self._refresh)
        forecast, lead = np.nonzero(np.arange(self._horizon) < reach[:, None])
        if (series[1:] == series[:-1]).any():
            kept = self._last(series, number, every, forecast, lead)
            forecast, lead = forecast[kept], lead[kept]
        ends = np.cumsum([len(forecasts) for forecasts in made])
        row = order[forecast]
        part = np.searchsorted(ends, row, side="right")
        starts = ends - [len(forecasts) for forecasts in made]
        return [(row[part == index] - starts[index], lead[part == index]) for index in range(len(made))]

    def _last(self, series: Int64, number: Int64, every: Bool, forecast: Int64, lead: Int64) -> Bool:
        """Which rows no later forecast of their series writes, bool `[rows]`; forecasts in order of series and origin."""
        span = int(number.max() - number.min()) + self._horizon + 1
        key = series.astype(np.int64) * span + number - number.min()
        target = key[forecast] + lead
        latest = np.searchsorted(key, target, side="right") - 1  # newest forecast that begins by then
        whole = np.maximum.accumulate(np.where(every, np.arange(len(key)), -1))[latest]  # newest whole one of these
        missed = (whole <= forecast) & every[forecast] & (target >= key[latest] + self._refresh)
        kept: Bool = (latest == forecast) | missed
        return kept

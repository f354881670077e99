"""Facts beside their forecasts in; anomalies, as changes and as rows for the store, out. No I/O.

The distance of an interval is the mean over its forecasts, of all leads: of the logarithm of 1 + half-widths. How rare such a
distance is comes from the series' own past (`edge/anomalies/tail.py`). State and journal of the series bring it back.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
import numpy as np

from edge.anomalies.change import AnomalyChange
from edge.anomalies.distance import Distances
from edge.anomalies.rule import AnomalyRule
from edge.anomalies.tail import LARGEST, Tail
from edge.contract.columns import Bool, Float64, Int32, Int64, Outcomes, Points, SeriesTable, extend, shrink
from edge.contract.contract import Contract
from edge.contract.grid import group_starts, rounds
from edge.contract.schema import ANOMALY
from edge.contract.times import DAY

FEWEST = 100  # intervals, and a day of them, before anything is said
FADES = 182 * DAY  # after which the half of what is known is forgotten
CALM = DAY // 2  # without an alarm, until one is cleared
OUTSIDE = np.log1p(1.0)  # of an interval that was forecast
STORED = 1.0  # days: what is expected once in so long has a row
RAREST = 36_500.0  # days, a century: what is rarer is told from too little
SUPPORTED = 40  # times the days seen so far, the rarest that these can tell
QUIET = np.iinfo(np.int64).min
NOTHING: Mapping[int, AnomalyChange] = {}


@dataclass(slots=True)
class Looked:
    """What a batch brought.

    Args:
        points: rows for the store.
        changes: anomalies that were raised or cleared, in order of time for each series.
    """

    points: list[Points] = field(default_factory=list)
    changes: list[AnomalyChange] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Strange:
    """Intervals with their distance, one row each; no series twice.

    Args:
        series: int32 `[n]`.
        number: number of the interval, int64 `[n]`.
        rows: row of the forecast with the shortest lead, int64 `[n]`.
        size: mean of the logarithm of 1 + distance, float64 `[n]`.
        rarity: days in which so strange an interval is expected once, as far as the days seen so far can tell, float64 `[n]`;
            0 where it is not rare.
        raised: whether an anomaly is raised after it, bool `[n]`.
        turned: whether it was raised or cleared by it, bool `[n]`.
    """

    series: Int32
    number: Int64
    rows: Int64
    size: Float64
    rarity: Float64
    raised: Bool
    turned: Bool


class _Head(msgspec.Struct, array_like=True):
    interval: int
    leads: list[int]
    series: int


class Watch:
    """The anomalies of a device.

    `standing` has the change with which each anomaly was raised that stands, by the index of its series; where anything is
    otherwise, it is another mapping.

    Args:
        days: days in which a quiet series may raise one alarm.
        takes: function that says whether a series of a name is looked at.
        contract: grid of the forecasts.
        leads: leads that are scored.
    """

    def __init__(self, days: float, takes: Callable[[str], bool], contract: Contract, leads: Sequence[int]) -> None:
        self._days, self._takes = days, takes
        self._begin(contract.interval, list(leads))

    def _begin(self, interval: int, leads: list[int]) -> None:
        self._interval, self._leads = interval, leads
        day = -(-DAY // interval)
        self._day, self._fewest, self._calm = day, max(FEWEST, day), max(1, CALM // interval)
        self._probability = interval / (self._days * DAY)
        self._most = max(FADES // interval, 4 * FEWEST)
        self._distances, self._tail = Distances(len(leads)), Tail(self._most)
        self._last = np.zeros(0, np.int64)  # newest interval that was rare enough, by its number; `QUIET`: nothing is raised
        self._chosen = np.zeros(0, bool)
        self.standing = NOTHING

    @classmethod
    def of(cls, rule: AnomalyRule, contract: Contract, leads: Sequence[int]) -> "Watch | None":
        """The watch of a configuration; None where it is off."""
        return None if rule.days is None else cls(rule.days, rule.takes, contract, leads)

    @classmethod
    def nothing(cls, contract: Contract) -> "Watch":
        """A watch that takes no series."""
        return cls(1.0, lambda _: False, contract, ())

    def adapt(self, contract: Contract, leads: Sequence[int]) -> None:
        """Go on under another contract; where the interval or the leads are others, everything begins anew."""
        if (contract.interval, list(leads)) != (self._interval, self._leads):
            self._begin(contract.interval, list(leads))

    def forget(self) -> None:
        """Begin anew."""
        self._begin(self._interval, self._leads)

    def keep(self, series: Int32) -> None:
        """Keep some series alone; each gets its place among these as its index."""
        self._grow(1 + int(series.max(initial=-1)))
        self._distances.keep(series)
        self._tail.keep(series)
        shrink(self._last, series)
        self._chosen = np.zeros(0, bool)
        standing = self.standing
        self.standing = {new: standing[index] for new, index in enumerate(series.tolist()) if index in standing}

    def step(self, outcomes: Outcomes, series: SeriesTable) -> Looked:
        """Look at facts that are there now.

        Args:
            outcomes: forecasts and their facts; those of a series in order of time.
            series: table of all series.
        """
        looked = Looked()
        if not len(outcomes):
            return looked
        self._grow(1 + int(outcomes.series.max()))
        new = [self._takes(name) for name in series.names[len(self._chosen) :]]
        self._chosen = np.append(self._chosen, np.asarray(new, bool))
        if not self._chosen.all():
            outcomes = outcomes.take(self._chosen[outcomes.series])
        starts = group_starts(outcomes.series, outcomes.number)
        length = np.diff(np.append(starts, len(outcomes)))
        for groups in rounds(outcomes.series[starts]):
            if len(groups) == len(starts):
                strange = self._round(outcomes, starts)
            else:
                offset = np.cumsum(length[groups]) - length[groups]
                rows = np.arange(length[groups].sum()) + np.repeat(starts[groups] - offset, length[groups])
                strange = self._round(outcomes.take(rows), offset, starts[groups])
            self._tell(looked, outcomes, strange, series)
        return looked

    def _round(self, outcomes: Outcomes, starts: Int64, rows: Int64 | None = None) -> _Strange:
        """Look at one interval of some series.

        Args:
            outcomes: forecasts of each interval, together.
            starts: row at which each interval begins, int64 `[n]`.
            rows: row of each in the whole batch, where this is another one.
        """
        owner, number = outcomes.series[starts], outcomes.number[starts]
        quantiles = outcomes.quantiles
        half = (quantiles[:, -1] - quantiles[:, 0]) / 2 if quantiles.shape[1] > 1 else np.full(len(quantiles), np.nan)
        lead = np.searchsorted(self._leads, outcomes.lead)
        size = np.log1p(self._distances.step(outcomes.series, lead, np.abs(outcomes.median - outcomes.fact), half))
        known = np.isfinite(size)
        count = np.add.reduceat(known.astype(np.int64), starts)
        mean = np.add.reduceat(np.where(known, size, 0.0), starts) / np.maximum(count, 1)
        some = count > 0
        return self._judge(owner[some], number[some], (starts if rows is None else rows)[some], mean[some])

    def _judge(self, series: Int32, number: Int64, rows: Int64, size: Float64) -> _Strange:
        ready = self._tail.count[series] >= self._fewest
        probability = np.where(ready & (size > OUTSIDE), self._tail.beyond(series, size), 1.0)
        seen = self._tail.count[series]
        supported = SUPPORTED * (seen // self._day)  # whole days: it stays the same through an anomaly
        # Nobody knows how much was forgotten where half of all that is remembered is known.
        supported = np.where(2 * seen + 1 >= self._most, RAREST, supported)
        rarity = np.minimum(self._interval / DAY / np.maximum(probability, 1e-300), supported)
        rarity[probability >= 1] = 0.0
        # What is so rare enters as what just raises an alarm: one glitch must not hide the next, and a new usual is learned.
        level = np.where(ready, self._tail.level(series, self._probability), np.inf)
        self._tail.add(series, np.minimum(size, level))
        last = self._last[series]
        rare, before = rarity >= self._days, last != QUIET
        over = before & ~rare & (number - last > self._calm)
        self._last[series] = np.where(rare, number, np.where(over, QUIET, last))
        return _Strange(series, number, rows, size, rarity, rare | (before & ~over), (rare & ~before) | over)

    def _tell(self, looked: Looked, outcomes: Outcomes, strange: _Strange, series: SeriesTable) -> None:
        told = np.flatnonzero((strange.rarity >= STORED) | strange.turned)
        if not len(told):
            return
        rows, time = strange.rows[told], strange.number[told] * self._interval
        fact, median, quantiles = outcomes.fact[rows], outcomes.median[rows], outcomes.quantiles[rows]
        wide = quantiles.shape[1] > 1
        lower, upper = (quantiles[:, end] if wide else np.full(len(rows), np.nan) for end in (0, -1))
        raised, rarity = strange.raised[told], strange.rarity[told]
        states = (raised.astype(np.int64), strange.turned[told].astype(np.int64))
        columns = (fact, median, lower, upper, np.expm1(strange.size[told]), rarity, *states)
        fields = {known.name: column for known, column in zip(ANOMALY.fields, columns, strict=True)}
        looked.points.append(Points(ANOMALY, strange.series[told], time, {**fields}))
        turned = np.flatnonzero(strange.turned[told]).tolist()
        standing = dict(self.standing) if turned else {}
        for row in turned:
            ends = (_number(lower[row]), _number(upper[row]))
            index, value, middle = int(strange.series[told[row]]), float(fact[row]), float(median[row])
            since, is_raised = int(time[row]), bool(raised[row])
            change = AnomalyChange(series.names[index], is_raised, since, value, middle, *ends, float(rarity[row]))
            looked.changes.append(change)
            if is_raised:
                standing[index] = change
            else:
                standing.pop(index, None)
        self.standing = standing if turned else self.standing

    def _grow(self, series: int) -> None:
        self._distances.grow(series)
        self._tail.grow(series)
        extend(self._last, series, QUIET)

    def dump(self) -> Iterator[bytes]:
        """All of it in two parts, for `load`."""
        yield msgspec.msgpack.encode(_Head(self._interval, self._leads, len(self._last)))
        columns = (self._distances.mean, self._distances.count, self._tail.largest, self._tail.count, self._last)
        standing = msgspec.msgpack.encode(list(self.standing.items()))
        yield msgspec.msgpack.encode([*(column.tobytes() for column in columns), standing])

    def load(self, parts: Iterator[bytes]) -> None:
        """Take back what `dump` of any watch wrote, with the interval and the leads of then.

        Raises:
            ValueError: it is none.
        """
        head = msgspec.msgpack.decode(next(parts), type=_Head)
        mean, count, largest, numbers, last, *standing = msgspec.msgpack.decode(next(parts), type=list[bytes])
        self._begin(head.interval, head.leads)
        self._grow(head.series)
        self._distances.mean[:] = np.frombuffer(mean, np.float32).reshape(self._distances.mean.shape)
        self._distances.count[:] = np.frombuffer(count, np.uint8).reshape(self._distances.count.shape)
        self._tail.largest[:] = np.frombuffer(largest, np.float32).reshape(head.series, LARGEST)
        self._tail.count[:] = np.frombuffer(numbers, np.int32)
        self._last[:] = np.frombuffer(last, np.int64)
        for told in standing:  # a snapshot of an earlier version has none
            self.standing = dict(msgspec.msgpack.decode(told, type=list[tuple[int, AnomalyChange]]))


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)

"""Split by time and cut windows, so that nothing after the split reaches the training.

A window looks back, so a window of the validation or held-out part may begin in the part before; its targets lie
inside its own part. Training windows and their targets lie before the first split altogether.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import gcd

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from edge.contract.ahead.issues import KnownAhead
from edge.contract.coarse import LARGER, LEAST_KNOWN, newest_blocks, spans
from edge.contract.columns import Float64, Int32, Int64
from edge.contract.contract import Context, Contract
from edge.contract.times import DAY, format_duration
from edge.errors import HistoryTooShort
from edge.forecaster.level import is_known
from pipeline.history.blocks import Blocks
from pipeline.history.table import Table

LONGEST_PART = 28 * DAY
HORIZONS = 10  # where an interval is a day or longer, 28 days are no more than one
# Share of the values at either end that may be none, and times that the spread must be larger with them: the more there
# are, the farther off they must be. What is rarer than a hundredth moves no quantile that is forecast.
GLITCHES = ((0.01, 20.0), (0.002, 2.0))
MOST_SAMPLES = 4_000_000  # more than a training looks at; 12 bytes each
ROUNDING = 2.0**-44  # of a value; the mean of many equal readings may be off by so much
COUNTED = 1e-6  # the same of an increase, which is the small difference of two large readings
PIECE = 1_000_000  # origins of a series that are looked at together
MOST_JUDGED = 100_000  # windows of a part, so that a verdict takes minutes however many series there are
MOST_FACTS = 20_000_000  # windows times leads of a part, for the same reason


@dataclass(frozen=True, slots=True)
class Split:
    """The parts of a table, one after the other, as ranges of its columns.

    Args:
        training: columns whose values are fitted.
        validation: columns that decide when training ends.
        held_out: the newest columns, seen by nothing before the verdict.
    """

    training: range
    validation: range
    held_out: range


def split(table: Table, contract: Contract, validation: float = 0.1, held_out: float = 0.1) -> Split:
    """Cut the table by time: old to train on, newer to stop on, newest to judge on.

    A part to judge on is at least one day of origins plus the horizon, so that every hour of the day is forecast from
    and every lead is scored; it is at most 28 days or ten horizons (or that minimum, where it is longer), because four of
    every weekday are enough to judge on, and what is held out is the newest and best there is to learn from.

    Args:
        table: one column per interval.
        contract: its horizon sizes the parts.
        validation: share of the columns.
        held_out: share of the columns.

    Raises:
        HistoryTooShort: less than one training window with its targets would be left.
    """
    intervals = table.values.shape[1]
    day = -(-DAY // contract.interval)
    least = _least_part(contract)
    most = max(least, LONGEST_PART // contract.interval, HORIZONS * contract.horizon)
    sizes = [min(max(round(share * intervals), least), most) for share in (validation, held_out)]
    first, second = intervals - sum(sizes), intervals - sizes[1]
    if first < contract.reach + contract.horizon:
        needed = least_history(contract)
        raise HistoryTooShort(
            f"expected at least {needed} intervals of {format_duration(contract.interval)} "
            f"({_days(needed * contract.interval)}: a window, a horizon, and two parts to judge on of a day and a horizon "
            f"each); got {intervals} ({_days(intervals * contract.interval)}): collect more history"
            + (", or choose a shorter window or horizon" if contract.reach + 3 * contract.horizon > day else "")
        )
    return Split(range(first), range(first, second), range(second, intervals))


def least_history(contract: Contract) -> int:
    """Intervals that a history needs at least: a window and a horizon to train on, and two parts to judge on."""
    return contract.reach + contract.horizon + 2 * _least_part(contract)


def _least_part(contract: Contract) -> int:
    """Intervals of a part to judge on, at least: a day of origins and the horizon."""
    return contract.horizon - (-DAY // contract.interval)


def _days(duration: int) -> str:
    return f"{duration / DAY:.1f} days" if duration >= 2 * DAY else f"{duration / DAY * 24:.1f} hours"


@dataclass(frozen=True, slots=True)
class Samples:
    """Windows with their targets, as places in the table; values are copied batch by batch.

    Args:
        values: values of the whole table, float64 `[series, intervals]`, NaN for missing; shared, never changed.
        series: row of the table, int32 `[n]`.
        origin: column of the first target, int64 `[n]`; lead h is column origin + h - 1, the window ends before it.
        first: number of the interval of the first column, by which blocks of intervals are told.
        blocks: values of the blocks of the table; left out: made of `values` where a contract has a coarse past.
        ahead: values of inputs for coming intervals, by the name of the input, with the moments at which they were told.
    """

    values: Float64
    series: Int32
    origin: Int64
    first: int = 0
    blocks: Blocks | None = field(default=None, compare=False, repr=False)
    ahead: KnownAhead = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Have blocks of the same table."""
        if self.blocks is None:
            object.__setattr__(self, "blocks", Blocks(self.values, self.first))

    def __len__(self) -> int:
        """Number of samples."""
        return len(self.origin)

    def windows(self, rows: Int64 | slice, contract: Contract) -> Float64:
        """The windows of the chosen samples, newest last, float64 `[n, columns]`; NaN where they begin before the table."""
        if not contract.coarse:
            return self._intervals(rows, contract.window)
        origin = self.origin[rows]
        windows, begin = np.empty((len(origin), contract.columns)), 0
        windows[:, -contract.window :] = self._intervals(rows, contract.window)
        for part in contract.coarse:
            made = self._blocks.of(part.steps)
            number = newest_blocks(part, self.first + origin) - self._blocks.first(part.steps)
            complete = np.where(number < 0, np.nan, made[self.series[rows][:, None], np.maximum(number, 0)])
            within = windows[:, -contract.window :]
            windows[:, begin : begin + part.count] = spans(part, complete, within, self.first + origin)
            begin += part.count
        return windows

    @property
    def _blocks(self) -> Blocks:
        if self.blocks is None:
            raise AssertionError("samples have blocks from the beginning")
        return self.blocks

    def _intervals(self, rows: Int64 | slice, window: int) -> Float64:
        origin = self.origin[rows]
        if len(origin) and origin.min() < window:
            columns = origin[:, None] + np.arange(-window, 0)
            values = self.values[self.series[rows][:, None], np.maximum(columns, 0)]
            return np.where(columns < 0, np.nan, values)
        return self._cut(rows, origin - window, window)

    def targets(self, rows: Int64 | slice, contract: Contract) -> Float64:
        """What the forecasts of the chosen samples are compared with, float64 `[n, horizon]`, NaN for missing."""
        return self._cut(rows, self.origin[rows], contract.horizon)

    def context(self, rows: Int64 | slice, contract: Contract) -> Context:
        """What was known beside the windows of the chosen samples."""
        return Context((self.first + self.origin[rows]) * contract.interval, self.ahead)

    def told(self, contract: Contract) -> "Samples":
        """The samples of which a coming value of an input was known; all of them where there is none such, or no input."""
        if not (contract.known and len(self)):
            return self
        first, count = int(self.origin.min()), int(np.ptp(self.origin)) + 1
        known = np.zeros(count, bool)
        for source in contract.known:
            if source.name in self.ahead:
                right = self.ahead[source.name].within(*source.believed)
                known |= right.told(self.first + first, count, contract.horizon, source.hold)
        rows = known[self.origin - first]
        return self if rows.all() or not rows.any() else replace(self, series=self.series[rows], origin=self.origin[rows])

    def _cut(self, rows: Int64 | slice, start: Int64, length: int) -> Float64:
        return sliding_window_view(self.values, length, axis=1)[self.series[rows], start]


def samples(
    table: Table,
    contract: Contract,
    part: range,
    stride: int = 1,
    max_missing: float | None = None,
    most: int = MOST_SAMPLES,
) -> Samples:
    """The windows of a part that can be learned from, series by series, oldest first.

    All of them, or a random choice where there are more: memory does not grow with the history.

    Args:
        table: the grid.
        contract: window and horizon.
        part: columns that the targets may lie in; the first one is the first origin, unless the window needs more.
        stride: columns from one origin to the next.
        max_missing: largest share of NaN in a window (None: as the contract says); windows without any value or any target
            are left out in any case.
        most: number of samples beyond which a random choice of about so many is taken.
    """
    origins = _origins(contract, part, stride)
    share = most / max(1, len(origins) * len(table.values))
    random = np.random.default_rng(0)
    series, origin = [], []
    blocks = Blocks(table.values, table.first)
    made = [blocks.of(part.steps) for part in contract.coarse]
    for row, values in enumerate(table.rows()):
        line = _Line(values, table.first, [each[row] for each in made])
        kept = _usable(line, contract, origins, max_missing)
        if share < 1:
            kept = kept[random.random(len(kept)) < share]
        series.append(np.full(len(kept), row, np.int32))
        origin.append(kept)
    return Samples(table.values, np.concatenate(series), np.concatenate(origin), table.first, blocks, table.ahead)


def has_window(values: Float64, contract: Contract, part: range, first: int = 0, piece: int = PIECE) -> bool:
    """Whether a series has a window in that part of its columns that `samples` would give: counted, nothing is cut.

    Args:
        values: one row of the table, float64 `[intervals]`.
        contract: window and horizon.
        part: columns that the targets may lie in.
        first: number of the interval of the first column.
        piece: number of origins that are looked at together, as a row may be long.
    """
    origins = _origins(contract, part, 1)
    for begin in range(0, len(origins), piece):
        some = origins[begin : begin + piece]
        left, right = int(some[0]) - contract.reach, int(some[-1]) + contract.horizon
        blocks = Blocks(values[None, left:right], first + left)
        line = _Line(values[left:right], first + left, [blocks.of(each.steps)[0] for each in contract.coarse])
        if len(_usable(line, contract, some - left, None)):
            return True
    return False


def _origins(contract: Contract, part: range, stride: int) -> Int64:
    """Columns of the first targets whose windows lie in the table and whose targets lie in the part, int64 `[n]`."""
    return np.arange(max(part.start, contract.reach), part.stop - contract.horizon + 1, stride)


@dataclass(frozen=True, slots=True)
class _Line:
    """Values of a series, float64 `[intervals]`, number of the first interval, and values of its blocks by resolution."""

    values: Float64
    first: int
    blocks: Sequence[Float64]


def _usable(line: _Line, contract: Contract, origins: Int64, max_missing: float | None) -> Int64:
    """The origins that have a value in the window, not too many missing there, and a target, int64 `[n]`.

    Values that a model takes as missing are missing here too: no network has a forecast from a window of these alone.
    """
    window, width = contract.window, contract.columns
    allowed = (contract.max_missing if max_missing is None else max_missing) * width
    filled = _counted(line.values)
    known = filled[origins] - filled[origins - window]
    for part, values in zip(contract.coarse, line.blocks, strict=True):
        blocks = _counted(values)
        complete, phase = np.divmod(line.first + origins, part.steps)
        end = complete - line.first // part.steps
        # A span is there where the larger part of it is, see `coarse.spans`; the newest one may be of the window's intervals.
        begun = filled[origins] - filled[origins - phase]
        late = phase / part.steps > LARGER
        known = known + blocks[end] - blocks[np.maximum(end - part.count + late, 0)]
        known = known + (late & (LEAST_KNOWN * begun >= phase))
    usable: Int64 = origins[(known > 0) & (width - known <= allowed) & (filled[origins + contract.horizon] > filled[origins])]
    return usable


def _counted(values: Float64) -> Int64:
    """Number of known values before each one and at the end, int64 `[1 + n]`."""
    return np.append(0, np.cumsum(is_known(values)))


def judged_stride(table: Table, contract: Contract, part: range, most: int = MOST_JUDGED, least: int = 1) -> int:
    """Columns from one origin to the next that leave at most about `most` windows of a part, at all hours of the day.

    Args:
        table: the grid.
        contract: its horizon.
        part: columns that the targets lie in.
        most: windows of all series; fewer, where these have more than 20 million leads.
        least: smallest value of the result.
    """
    most = min(most, max(1, MOST_FACTS // contract.horizon))
    origins = len(part) - contract.horizon + 1
    stride = -(-origins * len(table.names) // most)
    if stride <= least:
        return least
    season = contract.season() or 1
    return next(step for step in range(stride, stride + season + 1) if gcd(step, season) == 1)


def block_length(contract: Contract) -> int:
    """Length of a block in ns: a day, or as many whole days as the horizon has."""
    return max(1, -(-contract.horizon * contract.interval // DAY)) * DAY


def evenly(count: int, most: int) -> Int64:
    """Places of at most `most` out of `count`, evenly chosen, in order, int64 `[n]`."""
    return np.unique(np.linspace(0, count - 1, min(most, count)).astype(np.int64))


def epoch_rows(size: int, count: int, random: np.random.Generator) -> Int64:
    """A random choice of `count` out of `size` samples, int64 `[count]`; none comes again before all have come."""
    return np.concatenate([random.permutation(size) for _ in range(-(-count // size))])[:count]


def stands_still(lowest: float, highest: float, rounding: float = ROUNDING) -> bool:
    """Whether values between these two are one value, but for the rounding of float64.

    Args:
        lowest: smallest value.
        highest: largest value.
        rounding: share of a value by which equal ones may differ; left out: that of means of equal readings.
    """
    return highest - lowest <= rounding * max(abs(lowest), abs(highest))


def spread(values: Float64) -> float:
    """Standard deviation of what is there; NaN without any value, 0 where all are the same.

    Where a few values make most of it, as the 1e20 or -9999 of a logger that had none to say, it is that of the others.
    """
    known = values[is_known(values)]
    if not len(known):
        return float("nan")
    if stands_still(float(known.min()), float(known.max())):
        return 0.0
    whole = float(known.std())
    for share, times in GLITCHES:
        usual = float(np.clip(known, *np.quantile(known, (share, 1 - share))).std())
        if 0 < usual < whole / times:
            return usual
    return whole


def training_scale(table: Table, parts: Split) -> Float64:
    """Standard deviation of every series in the training part, float64 `[series]`; NaN where it is not above 0."""
    part = slice(parts.training.start, parts.training.stop)
    scale = np.array([spread(values[part]) for values in table.rows()])
    return np.where(scale > 0, scale, np.nan)

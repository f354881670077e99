"""How good forecasters are on readings they were not trained on, and whether the candidate goes out.

All forecasters are measured on the same windows and facts: a fact counts only where it is there and every one of them
forecast it. Metrics are pure functions of forecasts and facts; errors are kept per series and lead.

Where the training scale of the series is given, no single fact decides: an error counts as at most `MOST_MISSED` scales,
and a fact that everybody misses by more than that is a glitch, or nothing that could be foreseen, and does not count.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from edge.contract.columns import Bool, Float32, Float64, Int32, Int64
from edge.contract.contract import Contract
from edge.errors import HistoryError
from edge.forecaster.forecaster import Forecaster
from edge.series.scoring import pinball
from pipeline.history.table import Table
from pipeline.judging.replay import replayed

BATCH = 256
MOST_MISSED = 10.0  # training scales that an error counts as at most: no sane forecast is off by ten standard deviations
STILL = 0.001  # training scales; a baseline whose error is no larger has nothing left to win
FLOOR = 0.01  # training scales; what is lost to a baseline is a share of at least this: nobody uses a smaller difference
MOST_LOST = 0.2  # the share that one series can count as behind: one may be lost without a fleet, many may not


def mae(absolute_error: Float64, count: Int64) -> Float64:
    """Mean absolute error from its sums, float64 `[...]`; NaN where nothing was counted."""
    return cast("Float64", np.divide(absolute_error, count, out=np.full(count.shape, np.nan), where=count > 0))


def rmse(squared_error: Float64, count: Int64) -> Float64:
    """Root of the mean squared error from its sums, float64 `[...]`; NaN where nothing was counted."""
    return np.sqrt(mae(squared_error, count))


def naive_error(values: Float32, season: int) -> Float64:
    """What a mean absolute error is divided by to be a MASE: the seasonal-naive one (Hyndman and Koehler, 2006).

    Args:
        values: of the training part, float32 `[series, intervals]`, NaN for missing.
        season: intervals of a season; 1 for the last value.

    Returns:
        Mean of |value - value a season before|, float64 `[series]`; NaN where it is 0 or cannot be told.
    """
    found = np.full(len(values), np.nan)
    for row, one in enumerate(values):
        change = np.abs(one[season:].astype(np.float64) - one[:-season])
        change = change[np.isfinite(change)]
        if change.any():
            found[row] = change.mean()
    return found


def weighted_quantile_loss(pinball_sum: float, absolute_fact_sum: float) -> float:
    """Twice the pinball loss over the sum of absolute facts (Salinas et al., DeepAR, 2020); NaN without facts."""
    return 2 * pinball_sum / absolute_fact_sum if absolute_fact_sum > 0 else float("nan")


def coverage(covered: Int64, count: Int64) -> float:
    """Share of the facts within the interval; NaN where nothing was counted."""
    total = int(count.sum())
    return float(covered.sum() / total) if total else float("nan")


def skill(error: float, reference: float) -> float:
    """1 - error / reference: above 0 is better than the reference, 1 is perfect (Murphy, 1988); NaN for a perfect one."""
    return 1 - error / reference if reference > 0 else float("nan")


def series_skill(error: Float64, reference: Float64, scale: Float64) -> Float64:
    """Skill on every series, float64 `[series]`: 1 - error / reference, which is (reference - error) / reference.

    Where the error is above the reference, the difference is divided by no less than `FLOOR` of the scale, so that a
    baseline that is nearly perfect for weeks makes no loss of millions. NaN where an error is missing, and where the
    series stands still: the reference has no error to speak of, and the other one is below the floor or has no scale.

    Args:
        error: mean absolute error of every series in its own unit, float64 `[series]`.
        reference: the same of who is to be beaten, float64 `[series]`.
        scale: spread of every series in the training part, float64 `[series]`; NaN where it has none.
    """
    unit = np.where(scale > 0, scale, 0.0)
    floor = np.maximum(reference, FLOOR * unit)
    known = np.isfinite(error) & np.isfinite(reference) & (floor > 0)
    known &= (reference > STILL * unit) | (error > FLOOR * unit)
    below = np.where(error > reference, floor, reference)
    return cast("Float64", np.divide(reference - error, below, out=np.full(error.shape, np.nan), where=known))


def mean_skill(skills: Float64) -> float:
    """Mean over the series, each counting as at least -`MOST_LOST`; NaN where none is known.

    Args:
        skills: from `series_skill`, float64 `[series]`, NaN where not judged.
    """
    known = skills[np.isfinite(skills)]
    return float(np.maximum(known, -MOST_LOST).mean()) if len(known) else float("nan")


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Sums over all facts that counted, per series and lead; divide by a count for means.

    Args:
        forecaster: version of the bundle or name of the baseline.
        names: of the series.
        scale: of the series in training, what bounds an error, float64 `[series]`; NaN where nothing does.
        levels: of the quantiles it forecast.
        count: facts, int64 `[series, horizon]`.
        absolute_error: of the median, float64 `[series, horizon]`.
        squared_error: of the median, float64 `[series, horizon]`.
        pinball: mean over the levels, float64 `[series, horizon]`; NaN where a forecaster says the median only.
        absolute_fact: float64 `[series, horizon]`.
        covered: facts within the outermost quantiles, int64 `[series, horizon]`.
        banded: facts that had both outermost quantiles, int64 `[series, horizon]`.
        width: distance between these, float64 `[series, horizon]`.
        unanswered: facts it had no forecast for, which therefore count for nobody, int64 `[series, horizon]`.
        broken: forecasts with a quantile that is not finite, int64 `[series, horizon]`; a baseline says the median only and
            breaks nothing.
        missed: facts that all missed by more than `MOST_MISSED` scales, which count for nobody, int64 `[series, horizon]`.
    """

    forecaster: str
    names: tuple[str, ...]
    scale: Float64
    levels: tuple[float, ...]
    count: Int64
    absolute_error: Float64
    squared_error: Float64
    pinball: Float64
    absolute_fact: Float64
    covered: Int64
    banded: Int64
    width: Float64
    unanswered: Int64
    broken: Int64
    missed: Int64

    @property
    def by_series(self) -> Float64:
        """Mean absolute error of every series in its own unit, float64 `[series]`; NaN where nothing was counted."""
        return mae(self.absolute_error.sum(axis=1), self.count.sum(axis=1))

    def by_lead(self, scale: Float32 | Float64) -> Float64:
        """Mean absolute error at every lead, float64 `[horizon]`; each series divided by its scale, float `[series]`.

        Series without a scale do not count, nor do series at leads where nothing was counted.
        """
        error = mae(self.absolute_error, self.count) / np.asarray(scale, np.float64)[:, None]
        known = np.isfinite(error)
        return mae(np.where(known, error, 0).sum(axis=0), np.asarray(known.sum(axis=0)))

    def pooled(self, scale: Float32 | Float64) -> tuple[float, float]:
        """Mean squared and mean absolute error over all facts, each series in units of its scale, float `[series]`.

        This is how the tables of the ETT data are made (Zhou et al., Informer, 2021). Series without a scale do not count.
        """
        known = np.isfinite(scale)
        unit = np.where(known, scale, 1).astype(np.float64)
        count = self.count.sum(axis=1)[known].sum()
        squared = (self.squared_error.sum(axis=1) / np.square(unit))[known].sum()
        absolute = (self.absolute_error.sum(axis=1) / unit)[known].sum()
        return (float(squared / count), float(absolute / count)) if count else (float("nan"), float("nan"))

    @property
    def coverage(self) -> float:
        """Share of the facts within the outermost quantiles; NaN without these."""
        return coverage(self.covered, self.banded)

    @property
    def quantile_loss(self) -> float:
        """Mean over the series of the weighted quantile loss; NaN where it forecasts the median only."""
        losses = [
            weighted_quantile_loss(float(loss), float(fact))
            for loss, fact in zip(self.pinball.sum(axis=1), self.absolute_fact.sum(axis=1), strict=True)
            if fact > 0
        ]
        return float(np.mean(losses)) if losses else float("nan")


@dataclass(frozen=True, slots=True)
class Contender:
    """A forecaster and how it knows the series of the table.

    Args:
        forecaster: a model or a baseline.
        series: its index of every series of the table, 0 = unknown, int32 `[series]`.
    """

    forecaster: Forecaster
    series: Int32


def series_index(names: Sequence[str], known: Sequence[str]) -> Int32:
    """The index a model has for each name: 1 + its place in the manifest's list, or 0 where it is not listed.

    Args:
        names: of the series of the table.
        known: the manifest's `series`.
    """
    place = {name: index + 1 for index, name in enumerate(known)}
    return np.array([place.get(name, 0) for name in names], np.int32)


def contender(forecaster: Forecaster, names: Sequence[str], known: Sequence[str] = ()) -> Contender:
    """A forecaster with its own list of series, matched by name; a baseline needs none."""
    return Contender(forecaster, series_index(names, known))


def comparable(one: Contract, other: Contract) -> bool:
    """Whether forecasts of the two mean the same intervals; window and quantiles may differ."""
    return (one.interval, one.horizon, one.aggregation) == (other.interval, other.horizon, other.aggregation)


def backtest(
    contenders: Sequence[Contender],
    table: Table,
    contract: Contract,
    part: range,
    stride: int = 1,
    scale: Float32 | None = None,
) -> tuple[Evaluation, ...]:
    """Measure forecasters side by side with a rolling origin, from every `stride`-th interval of a part of the table.

    The readings are replayed through the device's state, so that what is measured is what will run. A forecaster whose
    window is longer than the contract's sees NaN before the start of the table.

    Args:
        contenders: at least one; their contracts are comparable to this one.
        table: the grid.
        contract: horizon and grid; its window and `max_missing` decide which windows are used.
        part: columns that the facts lie in, such as `Split.held_out`.
        stride: intervals from one origin to the next.
        scale: of every series in training, which bounds what a fact can weigh, float32 `[series]`; None: nothing is bounded.

    Raises:
        HistoryError: a contender forecasts other intervals.
    """
    for one in contenders:
        if not comparable(one.forecaster.contract, contract):
            raise HistoryError(f"{one.forecaster.name} forecasts another interval, horizon or aggregation than asked for")
    shape = (len(table.names), contract.horizon)
    unit = np.full(len(table.names), np.nan) if scale is None else scale.astype(np.float64)
    found = tuple(_nothing(one.forecaster, table.names, unit, shape) for one in contenders)
    longest = max(contract.window, *(one.forecaster.contract.window for one in contenders))
    for block in replayed(table, contract, part, stride, longest):
        for start in range(0, len(block), BATCH):
            rows = slice(start, start + BATCH)
            series = block.series[rows]
            facts = sliding_window_view(table.values, contract.horizon, axis=1)[series, block.origin[rows]]
            _measure(contenders, found, block.windows[rows], series, facts.astype(np.float64))
    return found


def _measure(
    contenders: Sequence[Contender], found: Sequence[Evaluation], windows: Float32, series: Int32, facts: Float64
) -> None:
    """Let everyone forecast one batch, and add it to the sums of each."""
    forecasts = []
    counted = np.isfinite(facts)
    for one in contenders:
        contract = one.forecaster.contract
        forecast = one.forecaster.predict(windows[:, -contract.window :], one.series[series]).astype(np.float64)
        counted &= np.isfinite(forecast[:, :, contract.median])
        forecasts.append(forecast)
    bound = MOST_MISSED * found[0].scale[series][:, None]
    bound = np.where(bound > 0, bound, np.inf)
    medians = [forecast[:, :, one.forecaster.contract.median] for one, forecast in zip(contenders, forecasts, strict=True)]
    missed = counted & np.all([np.abs(median - facts) > bound for median in medians], axis=0)
    batch = _Batch(series, facts, bound, counted & ~missed, missed)
    for one, evaluation, forecast in zip(contenders, found, forecasts, strict=True):
        _add(evaluation, one.forecaster, forecast, batch)


@dataclass(frozen=True, slots=True)
class _Batch:
    """Facts of some windows, the same for everybody.

    Args:
        series: row of the table, int32 `[n]`.
        facts: float64 `[n, horizon]`.
        bound: that an error counts as at most, float64 `[n, 1]`.
        counted: facts that count, bool `[n, horizon]`.
        missed: facts that do not, because everybody missed them by more than the bound, bool `[n, horizon]`.
    """

    series: Int32
    facts: Float64
    bound: Float64
    counted: Bool
    missed: Bool


def _nothing(forecaster: Forecaster, names: tuple[str, ...], scale: Float64, shape: tuple[int, int]) -> Evaluation:
    return Evaluation(
        forecaster=forecaster.name,
        names=names,
        scale=scale,
        levels=forecaster.contract.quantiles,
        count=np.zeros(shape, np.int64),
        absolute_error=np.zeros(shape),
        squared_error=np.zeros(shape),
        pinball=np.zeros(shape),
        absolute_fact=np.zeros(shape),
        covered=np.zeros(shape, np.int64),
        banded=np.zeros(shape, np.int64),
        width=np.zeros(shape),
        unanswered=np.zeros(shape, np.int64),
        broken=np.zeros(shape, np.int64),
        missed=np.zeros(shape, np.int64),
    )


def _add(evaluation: Evaluation, forecaster: Forecaster, forecast: Float64, batch: _Batch) -> None:
    """Add one batch to the sums; facts that do not count are 0 in all of them."""
    contract, counted = forecaster.contract, batch.counted
    fact = np.where(counted, batch.facts, 0)
    broken = ~np.isfinite(forecast).all(axis=2) if forecaster.intervals else np.zeros_like(counted)
    unanswered = np.isfinite(batch.facts) & ~np.isfinite(forecast[:, :, contract.median])
    forecast = np.clip(forecast, (fact - batch.bound)[:, :, None], (fact + batch.bound)[:, :, None])  # NaN stays NaN
    error = np.where(counted, forecast[:, :, contract.median] - fact, 0)
    lowest, highest = forecast[:, :, 0], forecast[:, :, -1]
    banded = counted & np.isfinite(lowest) & np.isfinite(highest) & (len(contract.quantiles) > 1)
    loss = pinball(fact, forecast, np.asarray(contract.quantiles))
    horizon = counted.shape[1]
    cells = (batch.series[:, None] * np.int64(horizon) + np.arange(horizon)).ravel()
    for total, part in (
        (evaluation.count, counted),
        (evaluation.absolute_error, np.abs(error)),
        (evaluation.squared_error, np.square(error)),
        (evaluation.pinball, np.where(counted, loss, 0)),
        (evaluation.absolute_fact, np.abs(fact)),
        (evaluation.covered, banded & (lowest <= fact) & (fact <= highest)),
        (evaluation.banded, banded),
        (evaluation.width, np.where(banded, highest - lowest, 0)),
        (evaluation.unanswered, unanswered),
        (evaluation.broken, broken),
        (evaluation.missed, batch.missed),
    ):
        np.add.at(total.reshape(-1), cells, part.astype(total.dtype).ravel())  # flat and of one type, or it is slow

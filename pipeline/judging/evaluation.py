"""How good forecasters are on readings they were not trained on.

All forecasters are measured on the same windows and facts: a fact counts only where it was measured and every forecaster
forecast it. Sums are kept per series and lead; `pipeline/judging/metrics.py` makes means of them.

Where the training scale of the series is given, no single fact decides: an error counts as at most `MOST_MISSED` scales.
A fact that every forecaster misses by more does not count: it is a glitch, or could not be foreseen.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from edge.contract.columns import Bool, Float64, Int32, Int64
from edge.contract.contract import Context, Contract
from edge.contract.values import possible
from edge.errors import HistoryError
from edge.forecaster.forecaster import Forecaster
from edge.forecaster.outliers import like_history
from edge.series.metrics import absolute_error, covered, pinball
from pipeline.history.table import Table
from pipeline.history.usual import usual_ranges
from pipeline.history.windows import block_length
from pipeline.judging.contender import Contender, comparable
from pipeline.judging.metrics import coverage, mae, mean_over, mse, series_skill, weighted_quantile_loss
from pipeline.judging.replay import BLOCK, replayed

MOST_TOGETHER, LEAST_TOGETHER = 256, 64  # windows
TOGETHER = 92_160  # their leads: with more of them the arrays leave the processor's cache
MOST_MISSED = 10.0  # training scales that an error counts as at most: no sane forecast is off by ten standard deviations


@dataclass(frozen=True, slots=True)
class Blocks:
    """Sums of the facts that counted by series and block of days; a block is as long as `windows.block_length` says.

    A fact belongs to the block of its own time, whatever the origin of the forecast: errors of one fact at several leads
    depend on each other.

    Args:
        count: facts, int64 `[series, blocks]`.
        absolute_error: sum of the median's absolute errors, float64 `[series, blocks]`.
        covered: facts within the outermost quantiles, int64 `[series, blocks]`.
        banded: facts that had both outermost quantiles, int64 `[series, blocks]`.
    """

    count: Int64
    absolute_error: Float64
    covered: Int64
    banded: Int64


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Sums over all facts that counted, per series and lead; divide by a count for means.

    Args:
        forecaster: version of the bundle or name of the baseline.
        names: names of the series.
        scale: spread of the series in training, which bounds an error, float64 `[series]`; NaN where nothing bounds it.
        levels: levels of the quantiles it forecast.
        count: facts, int64 `[series, horizon]`.
        absolute_error: sum of the median's absolute errors, float64 `[series, horizon]`.
        squared_error: sum of the median's squared errors, float64 `[series, horizon]`.
        pinball: sum of the quantile losses, float64 `[series, horizon]`; NaN where a forecaster gives the median only.
        absolute_fact: sum of the facts' absolute values, float64 `[series, horizon]`.
        covered: facts within the outermost quantiles, int64 `[series, horizon]`.
        banded: facts that had both outermost quantiles, int64 `[series, horizon]`.
        width: sum of the distances between these, float64 `[series, horizon]`.
        unanswered: facts without a forecast of this forecaster; they count for no forecaster, int64 `[series, horizon]`.
        broken: forecasts with a quantile that is not finite, int64 `[series, horizon]`; 0 for a baseline, which gives the
            median only.
        missed: facts that every forecaster missed by more than `MOST_MISSED` scales; they count for no forecaster, int64
            `[series, horizon]`.
        blocks: the same sums by block of days, the oldest block first.
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
    blocks: Blocks

    @property
    def by_series(self) -> Float64:
        """Mean absolute error of every series in its own unit, float64 `[series]`; NaN where nothing was counted."""
        return mae(self.absolute_error.sum(axis=1), self.count.sum(axis=1))

    def by_lead(self, scale: Float64) -> Float64:
        """Mean absolute error at every lead, float64 `[horizon]`; each series divided by its scale, float `[series]`.

        Series without a scale do not count, nor do series at leads where nothing was counted.
        """
        return mean_over(mae(self.absolute_error, self.count) / np.asarray(scale, np.float64)[:, None])

    def scaled_error(self, scale: Float64) -> float:
        """Mean of `by_lead` over the leads: one error for all series, each in units of its scale, float `[series]`."""
        return float(mean_over(self.by_lead(scale)))

    def pooled(self, scale: Float64) -> tuple[float, float]:
        """Mean squared and mean absolute error over all facts, each series in units of its scale, float `[series]`.

        This is how the tables of the ETT data are made (Zhou et al., Informer, 2021). Series without a scale do not count.
        """
        known = np.isfinite(scale)
        unit = np.where(known, scale, 1).astype(np.float64)
        count = np.asarray(self.count.sum(axis=1)[known].sum())
        squared = np.asarray((self.squared_error.sum(axis=1) / np.square(unit))[known].sum())
        absolute = np.asarray((self.absolute_error.sum(axis=1) / unit)[known].sum())
        return float(mse(squared, count)), float(mae(absolute, count))

    @property
    def coverage(self) -> float:
        """Share of the facts within the outermost quantiles; NaN without these."""
        return float(coverage(np.asarray(self.covered.sum()), np.asarray(self.banded.sum())))

    @property
    def quantile_loss(self) -> float:
        """Mean over the series of the weighted quantile loss.

        NaN where it forecasts the median only, and where a quantile of any series is NaN: no series is left out for that.
        """
        fact = self.absolute_fact.sum(axis=1)
        losses = weighted_quantile_loss(self.pinball.sum(axis=1), fact)[fact > 0]
        return float(losses.mean()) if len(losses) else float("nan")


def skills_against(judged: Evaluation, references: Sequence[Evaluation]) -> Float64:
    """Skill of a forecaster on every series (`metrics.series_skill`), float64 `[series]`; NaN where it is not judged.

    Args:
        judged: evaluation of the forecaster.
        references: evaluations of the baselines, or of the champion alone, on the same facts; at least one.
    """
    return series_skill(judged.by_series, np.stack([reference.by_series for reference in references]), judged.scale)


def skills_by_lead(judged: Evaluation, references: Sequence[Evaluation]) -> Float64:
    """The same at every lead by itself, float64 `[series, horizon]`."""
    error = mae(judged.absolute_error, judged.count)
    others = np.stack([mae(reference.absolute_error, reference.count) for reference in references])
    leads = [series_skill(error[:, lead], others[:, :, lead], judged.scale) for lead in range(error.shape[1])]
    return np.stack(leads, axis=1)


def error_bound(scale: Float64) -> Float64:
    """Largest value that an error counts as, in the unit of the series, float64 `[...]`; infinite without a scale.

    Args:
        scale: spread of the series in training, float64 `[...]`.
    """
    bound = MOST_MISSED * scale
    return np.where(bound > 0, bound, np.inf)


def missed_by_everyone(errors: Float64, bound: Float64) -> Bool:
    """Facts that every forecaster misses by more than the bound, bool `[...]`.

    Args:
        errors: absolute errors, float64 `[forecasters, ...]`.
        bound: largest value that an error counts as, float64 `[...]`.
    """
    return cast("Bool", (errors > bound).all(axis=0))


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts that forecasters are judged on.

    Args:
        table: the grid.
        contract: horizon and grid; its window and `max_missing` decide which windows are used.
        part: columns that the facts lie in, such as `Split.held_out`.
        scale: spread of every series in training, which bounds what a fact can weigh, float64 `[series]`; None: nothing is
            bounded, and no series stands still.
    """

    table: Table
    contract: Contract
    part: range
    scale: Float64 | None = None


def backtest(contenders: Sequence[Contender], facts: Facts, stride: int = 1, block: int = BLOCK) -> tuple[Evaluation, ...]:
    """Measure forecasters side by side with a rolling origin, from every `stride`-th interval of a part of the table.

    The readings are replayed through the device's state, so that what is measured is what will run. A forecaster whose
    window is longer than the contract's sees NaN before the start of the table.

    Args:
        contenders: forecasters to measure, at least one; their contracts are comparable to this one.
        facts: facts that they forecast, with the contract whose windows are used.
        stride: intervals from one origin to the next.
        block: bytes of windows that are replayed in one step.

    Raises:
        HistoryError: a contender forecasts other intervals.
    """
    table, contract, scale = facts.table, facts.contract, facts.scale
    for entrant in contenders:
        if not comparable(entrant.forecaster.contract, contract):
            name = entrant.forecaster.name
            raise HistoryError(f"{name} forecasts another interval, horizon or aggregation than asked for")
    length = block_length(contract) // contract.interval
    shape = (len(table.names), contract.horizon, -(-len(facts.part) // length))
    unit = np.full(len(table.names), np.nan) if scale is None else scale.astype(np.float64)
    evaluations = tuple(_nothing(entrant.forecaster, table.names, unit, shape) for entrant in contenders)
    counting, usual = table.counting, usual_ranges(table.values, facts.part.start)
    wide = contract.covering(entrant.forecaster.contract for entrant in contenders)
    places = [wide.places(entrant.forecaster.contract) for entrant in contenders]
    for windows in replayed(table, contract, facts.part, stride, wide, block):
        for rows in batches(len(windows), contract.horizon):
            series = windows.series[rows]
            targets = sliding_window_view(table.values, contract.horizon, axis=1)[series, windows.origin[rows]]
            blocks = (windows.origin[rows, None] + np.arange(contract.horizon) - facts.part.start) // length
            context = table.context(windows.origin[rows])
            some = _Windows(windows.windows[rows], series, context, counting[series], usual[series], blocks, places)
            _measure(contenders, evaluations, some, targets)
    return evaluations


def batches(windows: int, horizon: int) -> Iterator[slice]:
    """The windows that are judged together, one batch after the other; figures do not depend on it.

    Args:
        windows: number of windows.
        horizon: number of leads.
    """
    size = min(max(TOGETHER // horizon, LEAST_TOGETHER), MOST_TOGETHER)
    return (slice(start, start + size) for start in range(0, windows, size))


@dataclass(frozen=True, slots=True)
class _Windows:
    """Windows to forecast from.

    Args:
        values: all that any of the forecasters sees, float64 `[n, columns]`.
        series: row of the table, int32 `[n]`.
        context: facts known beside each window.
        counting: whether it is a counter, bool `[n]`.
        usual: smallest and largest usual value, float64 `[n, 2]`.
        blocks: number of the block of days that each target lies in, int64 `[n, horizon]`.
        places: columns of the values that each forecaster sees.
    """

    values: Float64
    series: Int32
    context: Context
    counting: Bool
    usual: Float64
    blocks: Int64
    places: Sequence[Int64 | slice]


def _measure(contenders: Sequence[Contender], evaluations: Sequence[Evaluation], windows: _Windows, facts: Float64) -> None:
    """Let every forecaster forecast one batch, and add it to the sums of each."""
    series = windows.series
    forecasts, medians = [], []
    for entrant, places in zip(contenders, windows.places, strict=True):
        contract = entrant.forecaster.contract
        believed = like_history(windows.values[:, places], windows.usual)
        forecast = entrant.predict(believed, series, windows.context)
        forecast = possible(forecast, windows.counting)
        forecasts.append(forecast)
        medians.append(forecast[:, :, contract.median])
    counted = np.isfinite(facts) & np.isfinite(medians).all(axis=0)
    bound = error_bound(evaluations[0].scale)[series][:, None]
    missed = counted & missed_by_everyone(absolute_error(np.stack(medians), facts), bound)
    batch = _Batch(series, facts, bound, counted & ~missed, missed, windows.blocks)
    for entrant, evaluation, forecast in zip(contenders, evaluations, forecasts, strict=True):
        _add(evaluation, entrant, forecast, batch)


@dataclass(frozen=True, slots=True)
class _Batch:
    """Facts of some windows, the same for every forecaster.

    Args:
        series: row of the table, int32 `[n]`.
        facts: measured values, float64 `[n, horizon]`.
        bound: largest value that an error counts as, float64 `[n, 1]`.
        counted: facts that count, bool `[n, horizon]`.
        missed: facts that do not, because every forecaster missed them by more than the bound, bool `[n, horizon]`.
        blocks: number of the block of days that each fact lies in, int64 `[n, horizon]`.
    """

    series: Int32
    facts: Float64
    bound: Float64
    counted: Bool
    missed: Bool
    blocks: Int64


def _nothing(forecaster: Forecaster, names: tuple[str, ...], scale: Float64, sizes: tuple[int, int, int]) -> Evaluation:
    shape, by_block = sizes[:2], (sizes[0], sizes[2])
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
        blocks=Blocks(
            np.zeros(by_block, np.int64), np.zeros(by_block), np.zeros(by_block, np.int64), np.zeros(by_block, np.int64)
        ),
    )


def _add(evaluation: Evaluation, entrant: Contender, forecast: Float64, batch: _Batch) -> None:
    """Add one batch to the sums; facts that do not count are 0 in all of them."""
    contract, counted, blocks = entrant.forecaster.contract, batch.counted, evaluation.blocks
    fact = np.where(counted, batch.facts, 0)
    median = forecast[:, :, contract.median]
    unanswered = np.isfinite(batch.facts) & ~np.isfinite(median)
    median = np.where(counted, np.clip(median, fact - batch.bound, fact + batch.bound), 0)
    error = absolute_error(median, fact)
    sums: list[tuple[Float64 | Int64, Float64 | Bool]] = [
        (evaluation.count, counted),
        (evaluation.absolute_error, error),
        (evaluation.squared_error, np.square(median - fact)),
        (evaluation.absolute_fact, np.abs(fact)),
        (evaluation.unanswered, unanswered),
        (evaluation.missed, batch.missed),
    ]
    by_block: list[tuple[Float64 | Int64, Float64 | Bool]] = [(blocks.count, counted), (blocks.absolute_error, error)]
    if entrant.forecaster.intervals:
        broken = ~np.isfinite(forecast).all(axis=2) & entrant.gives_intervals(batch.series)[:, None]
        forecast = np.clip(forecast, (fact - batch.bound)[:, :, None], (fact + batch.bound)[:, :, None])  # NaN stays NaN
        inside = np.where(counted, covered(fact, forecast), np.nan)
        banded = np.isfinite(inside)
        sums += [
            (evaluation.pinball, np.where(counted, pinball(fact, forecast, np.asarray(contract.quantiles)), 0)),
            (evaluation.covered, inside == 1),
            (evaluation.banded, banded),
            (evaluation.width, np.where(banded, forecast[:, :, -1] - forecast[:, :, 0], 0)),
            (evaluation.broken, broken),
        ]
        by_block += [(blocks.covered, inside == 1), (blocks.banded, banded)]
    else:
        sums += [(evaluation.pinball, np.where(counted, np.nan, 0))]
    horizon = counted.shape[1]
    _add_to(sums, batch.series[:, None] * np.int64(horizon) + np.arange(horizon))
    _add_to(by_block, batch.series[:, None] * np.int64(blocks.count.shape[1]) + batch.blocks)


def _add_to(sums: Sequence[tuple[Float64 | Int64, Float64 | Bool]], cells: Int64) -> None:
    """Add values to the cells of their sums, int64 `[n, horizon]`, in order of time."""
    for total, values in sums:
        np.add.at(total.reshape(-1), cells.ravel(), values.astype(total.dtype).ravel())  # flat and of one type, or it is slow

"""Whether the live error is worse than the backtest promised.

The error of a network changes with the weather, and so does that of the simplest forecast. So the live error has to be worse in
two ways at once: than in the backtest, and than in the backtest beside the seasonal-naive error of the same hours. In a stormy
month both errors grow, in a month of equal days the simple one shrinks; neither is drift. No I/O.

    of a block of days, a series and a lead, logarithms of mean absolute errors, live - mean of the same over the blocks of the
    backtest:             a of the model, b of the seasonal-naive forecast; each of a and a - b within ±`MOST`
    of a block:           A, mean of a over series and leads; R, mean of a - b
    excess:               the smaller one of exp(mean of A over the blocks) - 1 and exp(mean of R) - 1
    statistic:            the smaller one of mean / (standard deviation / √blocks), of A and of R (Student, 1908)

It is drift where the excess is above `margin` and the statistic above `threshold`. Errors of neighbouring hours depend on
each other, so a block is a day, or as many whole days as the horizon has. One series weighs the same as any other, whatever
its unit, and no more than `MOST`: a single broken sensor of a fleet is no drift of the fleet.
"""

from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log, sqrt

import numpy as np

from edge.contract.columns import Float64, Int64
from edge.errors import BundleError
from edge.forecaster.manifest import Backtest
from edge.quoting import counted
from pipeline.judging.metrics import mae, mean_over

MOST = log(4.0)  # an error counts as at most four times what was expected, and as at least a quarter
FEWEST_BLOCKS = 4


@dataclass(frozen=True, slots=True)
class Rule:
    """When it is drift.

    Args:
        blocks: number of the newest blocks that are looked at.
        margin: excess that is no drift, as a share of what was expected: so much the weather may bring.
        threshold: statistic from which on it is drift.
    """

    blocks: int = 7
    margin: float = 0.1
    threshold: float = 2.5


@dataclass(frozen=True, slots=True)
class Errors:
    """Sums of absolute errors by block, series and lead.

    Args:
        model: sums of the model's absolute errors, float64 `[blocks, series, leads]`; the newest block is the last.
        naive: the same of the seasonal-naive forecast.
        count: number of errors, int64 `[blocks, series, leads]`.
    """

    model: Float64
    naive: Float64
    count: Int64


@dataclass(frozen=True, slots=True)
class Expected:
    """What a backtest promises: mean over its blocks of the logarithm of the mean absolute error.

    Args:
        model: logarithms of the model, float64 `[series, leads]`; NaN where there were no facts.
        naive: logarithms of the seasonal-naive forecast.
    """

    model: Float64
    naive: Float64


@dataclass(frozen=True, slots=True)
class Look:
    """Result of one look.

    Args:
        leads: leads that were judged, in intervals.
        growth: the model's error over the expected one at each lead, geometric mean, float64 `[leads]`.
        live: the model's error over the seasonal-naive one of the same hours at each lead, float64 `[leads]`.
        expected: the same in the backtest.
        series: number of series that were judged.
        blocks: number of blocks of days that were judged.
        excess: share by which the error is worse than expected, in both ways; NaN where nothing can be said.
        statistic: excess in standard errors; NaN where nothing can be said.
        rule: the rule.
        problem: reason why nothing can be said, or None.
    """

    leads: tuple[int, ...]
    growth: Float64
    live: Float64
    expected: Float64
    series: int
    blocks: int
    excess: float
    statistic: float
    rule: Rule
    problem: str | None = None

    @property
    def live_error(self) -> float:
        """Geometric mean over the leads of the live ratio to the seasonal-naive error."""
        return float(np.exp(mean_over(np.log(self.live))))

    @property
    def expected_error(self) -> float:
        """The same in the backtest."""
        return float(np.exp(mean_over(np.log(self.expected))))

    @property
    def drifted(self) -> bool:
        """Whether the live error is worse than the backtest promised."""
        return self.problem is None and self.excess > self.rule.margin and self.statistic > self.rule.threshold


def expected(errors: Errors) -> Expected:
    """What the errors of a backtest promise."""
    model, naive = _logarithms(errors)
    return Expected(mean_over(model), mean_over(naive))


def packed(promised: Expected, leads: Sequence[int]) -> Backtest:
    """What a bundle keeps of it.

    Args:
        promised: errors that the backtest promises.
        leads: leads in intervals.
    """
    texts = (b64encode(values.astype("<f2").tobytes()).decode() for values in (promised.model, promised.naive))
    return Backtest(list(leads), *texts)


def unpacked(backtest: Backtest, series: int) -> Expected:
    """The same again.

    Args:
        backtest: texts of the bundle.
        series: number of series of the bundle.

    Raises:
        BundleError: the texts are no such numbers, or not as many.
    """
    shape = (series, len(backtest.leads))
    try:
        columns = [np.frombuffer(b64decode(text, validate=True), "<f2") for text in (backtest.model, backtest.naive)]
        model, naive = (column.astype(np.float64).reshape(shape) for column in columns)
    except ValueError as error:
        raise BundleError(f"backtest of the manifest: expected {shape[0]} series at {shape[1]} leads: {error}") from error
    return Expected(model, naive)


def look(errors: Errors, promised: Expected, leads: Sequence[int], rule: Rule = Rule()) -> Look:
    """Compare the newest blocks with the backtest.

    Args:
        errors: errors that were scored since the release; the series are those of the backtest, in the same order.
        promised: errors that the backtest promises.
        leads: the leads, in intervals.
        rule: bounds above which it is drift.
    """
    newest = slice(-rule.blocks, None)
    model, naive = _logarithms(Errors(errors.model[newest], errors.naive[newest], errors.count[newest]))
    above = np.clip(model - promised.model, -MOST, MOST)
    beside = np.clip(model - promised.model - (naive - promised.naive), -MOST, MOST)
    judged = np.isfinite(beside)
    above = np.where(judged, above, np.nan)
    series, blocks = int(judged.any(axis=(0, 2)).sum()), int(judged.any(axis=(1, 2)).sum())
    problem = None
    if blocks < FEWEST_BLOCKS:
        problem = f"scores of {counted(blocks, 'day')} are there, or of as many horizons, and {FEWEST_BLOCKS} are needed"
    both = [_tested(mean_over(each, (1, 2))) for each in (above, beside)]
    excess, statistic = (min(figures) for figures in zip(*both, strict=True))
    known = judged.any(axis=(0, 1))
    ratio = np.where(judged, promised.model - promised.naive, np.nan)
    growth, due, more = (np.exp(mean_over(each, (0, 1))[known]) for each in (above, ratio, beside))
    chosen = tuple(np.asarray(leads)[known].tolist())
    return Look(chosen, growth, due * more, due, series, blocks, exp(excess) - 1, statistic, rule, problem)


def _logarithms(errors: Errors) -> tuple[Float64, Float64]:
    """Logarithms of the mean absolute errors, float64 `[blocks, series, leads]`; NaN where one of the two is 0 or missing."""
    model, naive = mae(errors.model, errors.count), mae(errors.naive, errors.count)
    known = (model > 0) & (naive > 0)
    return tuple(np.log(each, out=np.full(each.shape, np.nan), where=known) for each in (model, naive))  # type: ignore[return-value]


def _tested(blocks: Float64) -> tuple[float, float]:
    """Mean of the blocks, and the mean in its standard errors; NaN for fewer than two blocks."""
    known = blocks[np.isfinite(blocks)]
    if len(known) < 2:
        return float("nan"), float("nan")
    mean, error = float(known.mean()), float(known.std(ddof=1)) / sqrt(len(known))
    return mean, mean / error if error else float(np.copysign(np.inf, mean))

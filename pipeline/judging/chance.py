"""Whether one forecaster is better than another by more than chance, told from blocks of days.

    of a series and a block:  d, the reference's error - the candidate's, both summed over the facts of the block
    gain of a series:         r = sum of d / sum of the reference's errors, which is the skill beside that reference
    residual of a block:      z = (d - r · reference's error) / sum of the reference's errors
    gain of a fleet:          mean of r over the series, each within ±`MOST_LOST`; its residuals are the means of z
    standard error:           √(blocks / (blocks - 1) · sum of z²)

This is the standard error of a ratio of two means (Cochran, Sampling Techniques, 1977, chapter 6), with the blocks as what was
drawn. The mean of d over time is what Diebold and Mariano compare (Comparing predictive accuracy, 1995); a block is at least as
long as the horizon, so that what neighbouring forecasts have in common lies within one. Series of a fleet err on the same days,
so a block of all series is one draw, and not as many as there are series. No I/O.
"""

from dataclasses import dataclass
from typing import cast

import numpy as np

from edge.contract.columns import Bool, Float64, Int64
from pipeline.judging.metrics import MOST_LOST, mae, mean_over, skill_unit

FEWEST_BLOCKS = 2  # one block has no spread


@dataclass(frozen=True, slots=True)
class Gains:
    """Gain of a candidate beside a reference on every series, and how it differs between the blocks.

    Args:
        values: gain of each series, float64 `[series]`; NaN where it is not judged (`metrics.series_skill`).
        residuals: residual of each block, float64 `[series, blocks]`; NaN where it is not judged or has no facts.
    """

    values: Float64
    residuals: Float64

    @property
    def errors(self) -> Float64:
        """Standard error of the gain of every series, float64 `[series]`; NaN with fewer than two blocks of facts."""
        return standard_error(self.residuals)

    @property
    def fleet(self) -> "Gain":
        """The gain of all series together."""
        judged = np.isfinite(self.values)
        mean = mean_over(np.clip(self.values, -MOST_LOST, MOST_LOST))
        known = np.isfinite(self.residuals[judged])
        shared = np.where(known, self.residuals[judged], 0).sum(axis=0) / max(1, int(judged.sum()))
        shared = np.where(known.any(axis=0), shared, np.nan)
        return Gain(float(mean), float(standard_error(shared)), int(np.isfinite(shared).sum()))


@dataclass(frozen=True, slots=True)
class Prior:
    """What is known of a gain before a fact of the fleet is seen, from other fleets.

    Args:
        mean: mean gain.
        spread: standard deviation of the gain from fleet to fleet, above 0.
    """

    mean: float
    spread: float


@dataclass(frozen=True, slots=True)
class Gain:
    """How much lower an error is, as a share of the reference's.

    Args:
        value: mean over the series; NaN where none is judged.
        error: its standard error; NaN with fewer than two blocks.
        blocks: number of blocks with facts.
    """

    value: float
    error: float
    blocks: int

    def expected(self, prior: Prior) -> float:
        """The gain to expect in the weeks to come; NaN where too little was measured.

        The mean of what was measured and what was known before, each counted by its certainty (normal model with known
        variances; Gelman et al., Bayesian Data Analysis, 2013, section 2.5).

        Args:
            prior: mean and spread of such gains elsewhere.
        """
        certain = 1 / (1 + (self.error / prior.spread) ** 2)
        return certain * self.value + (1 - certain) * prior.mean


def gains(candidate: Float64, reference: Float64, count: Float64 | Int64, scale: Float64) -> Gains:
    """Gain of a candidate on every series.

    Args:
        candidate: sums of its absolute errors by block, float64 `[series, blocks]`.
        reference: the same of what it is compared with.
        count: facts of each block, `[series, blocks]`.
        scale: spread of every series in the training part, float64 `[series]`; NaN where it is unknown.
    """
    facts = count.sum(axis=1)
    error, other = mae(candidate.sum(axis=1), facts), mae(reference.sum(axis=1), facts)
    unit = skill_unit(error, other, scale)
    values = (other - error) / unit
    # Where the floor is the unit, it stands for the reference's error in every block.
    expected = np.where((unit == other)[:, None], reference, unit[:, None] * count)
    residuals = (reference - candidate - values[:, None] * expected) / (unit * facts)[:, None]
    return Gains(values, np.where(count > 0, residuals, np.nan))


def standard_error(residuals: Float64) -> Float64:
    """Standard error of a ratio from its residuals by block, float64 `[...]`; NaN with fewer than two blocks.

    Args:
        residuals: float64 `[..., blocks]`, NaN where there are no facts.
    """
    known = np.isfinite(residuals)
    blocks = np.asarray(known.sum(axis=-1), np.float64)
    squares = np.where(known, np.square(residuals), 0).sum(axis=-1)
    enough = blocks >= FEWEST_BLOCKS
    factor = np.divide(blocks, blocks - 1, out=np.full(blocks.shape, np.nan), where=enough)
    return cast("Float64", np.sqrt(factor * squares))


def best_elsewhere(references: Float64) -> Int64:
    """For every block the reference with the least error on all other blocks: what could be chosen without its facts.

    Args:
        references: sums of absolute errors of each reference by block, float64 `[references, series, blocks]`.

    Returns:
        Its number, int64 `[series, blocks]`.
    """
    others = references.sum(axis=2, keepdims=True) - references
    return cast("Int64", np.argmin(others, axis=0))


def lost(measured: Gains, errors: float) -> Bool:
    """Series on which the candidate is behind by more than so many standard errors, bool `[series]`."""
    return measured.values + errors * measured.errors < 0


def as_it_runs(candidate: Float64, reference: Float64, count: Float64 | Int64, scale: Float64, errors: float) -> Float64:
    """Errors of a candidate whose lost series the reference forecasts, each block by what the other blocks say.

    So that no series is given to the reference because of the facts on which that is then judged.

    Args:
        candidate: sums of its absolute errors by block, float64 `[series, blocks]`.
        reference: the same of the reference.
        count: facts of each block, `[series, blocks]`.
        scale: spread of every series in the training part, float64 `[series]`.
        errors: number of standard errors from which on a series is lost.

    Returns:
        float64 `[series, blocks]`.
    """
    run = candidate.copy()
    for block in range(candidate.shape[1]):
        others = np.arange(candidate.shape[1]) != block
        behind = lost(gains(candidate[:, others], reference[:, others], count[:, others], scale), errors)
        run[behind, block] = reference[behind, block]
    return run


def share_error(hits: Float64 | Int64, count: Float64 | Int64) -> tuple[float, float]:
    """A share of facts and its standard error, both from blocks of days.

    Args:
        hits: facts that count for the share, by block, `[blocks]`.
        count: all facts, by block, `[blocks]`.
    """
    total = float(count.sum())
    if not total:
        return float("nan"), float("nan")
    share = float(hits.sum()) / total
    residuals = np.where(count > 0, (hits - share * count) / total, np.nan)
    return share, float(standard_error(residuals))

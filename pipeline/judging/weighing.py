"""Who forecasts which series of a fleet, and what a candidate gains beside what would go out instead.

A careful analyst who has no network picks the baseline of each series by all days that there are: so does `weigh`, and these
baselines go out where the network does not. On each day the candidate is compared with the baseline that the other days
speak for, so that hindsight is on nobody's side. A series that the candidate has lost by more than chance is forecast by its
baseline, and the candidate is judged as it would run then.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from edge.contract.columns import Bool, Float64, Int64
from pipeline.judging.chance import Gain, as_it_runs, best_elsewhere, gains, lost
from pipeline.judging.evaluation import Blocks, Evaluation

LOST = 1.0  # standard errors that a series has to be behind before a baseline forecasts it


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the history before the held-out one, measured.

    Args:
        baselines: evaluations of the baselines.
        candidate: evaluation of the candidate on the same facts; None where it was trained on them.
    """

    baselines: tuple[Evaluation, ...]
    candidate: Evaluation | None = None


@dataclass(frozen=True, slots=True)
class Weighed:
    """What the days say of a candidate and of the baselines.

    Args:
        best: number of the best baseline of each series over all days, int64 `[series]`; -1 where none has been measured.
        lost: series that its baseline forecasts in place of the candidate, bool `[series]`.
        gain: gain of the candidate beside these baselines, as it would run.
        by_series: gain on every series, also where it is lost, float64 `[series]`; NaN where it is not judged.
    """

    best: Int64
    lost: Bool
    gain: Gain
    by_series: Float64

    @property
    def chosen(self) -> Int64:
        """Number of the baseline that forecasts each series, -1 where the candidate does, int64 `[series]`."""
        return np.where(self.lost, self.best, -1)


def weigh(parts: Sequence[Part]) -> Weighed:
    """Weigh a candidate against the best baseline of each series.

    Args:
        parts: parts of the history in order of time, at least the held-out one; the same baselines in all of them.
    """
    baselines = np.stack([_joined([part.baselines[number] for part in parts]) for number in range(len(parts[0].baselines))])
    measured = sum(part.baselines[0].blocks.count.sum(axis=1) for part in parts)
    best = np.where(measured > 0, baselines.sum(axis=2).argmin(axis=0), -1)
    picked = best_elsewhere(baselines)
    reference = np.take_along_axis(baselines, picked[None], axis=0)[0]
    judged = [part for part in parts if part.candidate is not None]
    first = reference.shape[1] - sum(part.baselines[0].blocks.count.shape[1] for part in judged)
    candidates = [part.candidate for part in judged if part.candidate is not None]
    errors, count = _joined(candidates), np.concatenate([each.blocks.count for each in candidates], axis=1)
    reference, scale = reference[:, first:], candidates[-1].scale
    plain = gains(errors, reference, count, scale)
    run = as_it_runs(errors, reference, count, scale, LOST)
    return Weighed(best, lost(plain, LOST), gains(run, reference, count, scale).fleet, plain.values)


def _joined(evaluations: Sequence[Evaluation]) -> Float64:
    """Sums of absolute errors of a forecaster by block, over several parts, float64 `[series, blocks]`."""
    return np.concatenate([evaluation.blocks.absolute_error for evaluation in evaluations], axis=1)


def numbers_of(baselines: Sequence[Evaluation], names: Iterable[str | None]) -> Int64:
    """Numbers of baselines by their names, -1 for None, int64 `[series]`.

    Args:
        baselines: evaluations of all baselines.
        names: name of the baseline of each series, or None.
    """
    numbers: dict[str | None, int] = {evaluation.forecaster: number for number, evaluation in enumerate(baselines)}
    return np.array([numbers[name] if name is not None else -1 for name in names], np.int64)


def in_place(candidate: Evaluation, baselines: Sequence[Evaluation], chosen: Int64) -> Evaluation:
    """The evaluation of a candidate some of whose series baselines forecast.

    Args:
        candidate: its evaluation without them.
        baselines: evaluations of the baselines on the same facts.
        chosen: number of the baseline that forecasts each series, -1 where the candidate does, int64 `[series]`.
    """
    if (chosen < 0).all():
        return candidate
    blocks = candidate.blocks
    replaced = {name: _rows(name, blocks, [each.blocks for each in baselines], chosen) for name in Blocks.__slots__}
    sums: dict[str, Any] = {name: _rows(name, candidate, baselines, chosen) for name in SUMS}
    return replace(candidate, blocks=Blocks(**replaced), **sums)


SUMS = tuple(
    field.name for field in fields(Evaluation) if field.name not in ("forecaster", "names", "scale", "levels", "blocks")
)


def _rows(name: str, own: object, others: Sequence[object], chosen: Int64) -> Any:  # noqa: ANN401 - counts or sums
    """One kind of sums, the rows of some series taken from others."""
    sums = getattr(own, name).copy()
    for row in np.flatnonzero(chosen >= 0):
        sums[row] = getattr(others[chosen[row]], name)[row]
    return sums

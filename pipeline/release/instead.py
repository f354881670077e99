"""What goes out where no network does: the best baseline of each series, in a bundle without a model."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version

import numpy as np

from edge.contract.columns import Float64, Int64
from edge.forecaster.bundle import Bundle
from edge.forecaster.manifest import Manifest, Metric, schema_of, version_of
from pipeline.history.prepared import Prepared
from pipeline.history.usual import learned
from pipeline.judging.evaluation import Evaluation, skills_against
from pipeline.judging.metrics import mae, mean_over, mean_skill
from pipeline.judging.trial import Trial
from pipeline.judging.weighing import Part, in_place, numbers_of

OUTDONE = 0.05  # skill below 0 from which on a network does not stay live: so much is no chance


@dataclass(frozen=True, slots=True)
class Simple:
    """The baselines of a fleet.

    Args:
        name: the baseline that is best over all series, which forecasts unknown ones too.
        series: baselines of the series that another one forecasts better, by the names of the series.
    """

    name: str
    series: Mapping[str, str]

    def of(self, series: str) -> str:
        """Name of the baseline of a series."""
        return self.series.get(series, self.name)


def best_simple(trial: Trial, scale: Float64) -> Simple:
    """The best baselines over all days that were measured, each series in units of its scale where they are compared.

    Args:
        trial: measured parts and verdict.
        scale: spread of every series in the training part, float64 `[series]`.
    """
    names, named = trial.candidate.names, [baseline.forecaster for baseline in trial.baselines]
    errors = [_error(trial.days, [number] * len(names), scale) for number in range(len(named))]
    best = named[int(np.nanargmin(errors))] if np.isfinite(errors).any() else named[0]
    own = zip(names, trial.verdict.best_baselines, strict=True)
    return Simple(best, {name: simple for name, simple in own if simple is not None and simple != best})


def _error(days: Sequence[Part], numbers: Sequence[int] | Int64, scale: Float64) -> float:
    """Mean absolute error of the baselines with these numbers, one for each series in units of its scale, over all parts."""
    rows = range(len(numbers))
    sums = np.array([sum(part.baselines[numbers[row]].absolute_error[row].sum() for part in days) for row in rows])
    count = np.array([sum(part.baselines[numbers[row]].count[row].sum() for part in days) for row in rows])
    return float(mean_over(mae(sums, count) / scale))


def makes_room(champion: Manifest, best: Simple, trial: Trial, prepared: Prepared, margin: float) -> bool:
    """Whether a champion is a baseline that the best ones take the place of: it has another contract, or a larger error.

    Args:
        champion: manifest of the bundle that is live.
        best: the best baselines, of the contract that is wanted now.
        trial: measured parts.
        prepared: history.
        margin: share by which the error has to be below the champion's.
    """
    if champion.baseline is None:
        return False
    if champion.contract != prepared.contract.plain:
        return True

    def error(simple: Simple) -> float:
        return _error(trial.days, numbers_of(trial.baselines, map(simple.of, trial.candidate.names)), prepared.scale)

    return error(best) < (1 - margin) * error(Simple(champion.baseline, champion.baselines))


def is_outdone(champion: Evaluation, best: Simple, baselines: Sequence[Evaluation]) -> bool:
    """Whether a network that is live is clearly worse than the baselines on the readings that were held out.

    Args:
        champion: evaluation of the network.
        best: the best baselines.
        baselines: evaluations of all baselines on the same facts.
    """
    chosen = numbers_of(baselines, map(best.of, champion.names))
    return mean_skill(skills_against(champion, [in_place(baselines[0], baselines, chosen)])) < -OUTDONE


def baseline_bundle(prepared: Prepared, chosen: Simple, metrics: Sequence[Metric]) -> Bundle:
    """A bundle without a model: the device gets its contract and the names of the best baselines."""
    created = datetime.now(UTC)
    content = hashlib.sha256(f"{prepared.table.data_hash} {chosen.name} {sorted(chosen.series.items())}".encode()).digest()
    manifest = Manifest(
        version_of(created, chosen.name, content),
        prepared.contract.plain,
        list(prepared.table.names),
        created.isoformat(timespec="seconds"),
        version("gatecast"),
        baseline=chosen.name,
        metrics=list(metrics),
        schema=schema_of(prepared.contract.plain, prepared.table.told),
        meanings=learned(prepared.table, prepared.split.training.stop),
        baselines=dict(chosen.series),
    )
    return Bundle(manifest)

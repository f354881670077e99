"""Whether a candidate goes out: it must beat what anybody could say without training, and what is out already.

Everything is judged by the mean over the series of a ratio of mean absolute errors on the same held-out facts, so that
every series counts the same whatever its unit.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from edge.baselines import baselines
from edge.contract import Bool, Contract, Float64
from pipeline.evaluation import Contender, Evaluation, backtest, comparable, contender, skill
from pipeline.table import Table

# Error allowed where a baseline makes none, as a share of the size of the facts.
WILD = 0.25


@dataclass(frozen=True, slots=True)
class Limits:
    """What a release has to keep.

    Args:
        margin: share by which the candidate's error must be below the best baseline's: a gain that small is noise.
        tolerance: share by which its error may be above the champion's: fresh training on newer data is worth as much.
        latency: microseconds per forecast on the device runtime; None for no limit.
        size: bytes of the model file; None for no limit.
    """

    margin: float = 0.01
    tolerance: float = 0.005
    latency: float | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Cost:
    """What the candidate costs on the device.

    Args:
        latency: microseconds per forecast; None where it was not measured.
        size: bytes of the model file; None for a baseline.
    """

    latency: float | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the candidate goes out, and why.

    Args:
        release: it does.
        reasons: one line per check, each beginning with `yes:`, `no:` or `note:`; it is released if none says no.
        skill: 1 - mean over the series of its error / the error of that series' best baseline; NaN where none was judged.
        champion_skill: the same against the champion; None without a comparable one.
        series_won: series on which it beats every baseline.
        series_judged: series with facts and a best baseline that is not perfect.
        coverage: share of facts within its outermost quantiles; NaN without these.
        best_baselines: the best baseline of every series; None where nothing was counted.
    """

    release: bool
    reasons: tuple[str, ...]
    skill: float
    champion_skill: float | None
    series_won: int
    series_judged: int
    coverage: float
    best_baselines: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Trial:
    """A verdict and what it rests on.

    Args:
        verdict: on the candidate.
        candidate: its evaluation.
        champion: its evaluation on the same facts; None without a comparable one.
        baselines: their evaluations on the same facts.
    """

    verdict: Verdict
    candidate: Evaluation
    champion: Evaluation | None
    baselines: tuple[Evaluation, ...]


def judge(
    candidate: Evaluation,
    references: Sequence[Evaluation],
    champion: Evaluation | None = None,
    cost: Cost | None = None,
    limits: Limits | None = None,
) -> Verdict:
    """Decide from evaluations on the same facts.

    The rule: on the mean over the series, the candidate's error is at least `margin` below that of the baseline that
    proved best for the series (chosen with hindsight, so the bar is high), and at most `tolerance` above the champion's;
    it answers every window that the baselines answer; every quantile it gives is finite; and it keeps the limits of
    latency and size. A series on which a baseline makes no error at all (it stood still) cannot be judged by a ratio and
    is left out.

    Args:
        candidate: to judge.
        references: the baselines, at least one.
        champion: what is live.
        cost: of the candidate.
        limits: to keep.
    """
    limits, cost = limits or Limits(), cost or Cost()
    errors = np.stack([one.by_series for one in references])
    answered = cast("Bool", np.isfinite(errors).all(axis=0))
    best = np.argmin(np.where(answered, errors, np.inf), axis=0)
    ratios = _ratios(candidate.by_series, errors[best, np.arange(len(best))])
    judged: Bool = np.isfinite(ratios)
    gain = 1 - float(ratios[judged].mean()) if judged.any() else float("nan")
    won = int((ratios[judged] < 1).sum())
    reasons = [_against_baselines(candidate, ratios, gain, limits.margin)]
    reasons += [*_unanswered(candidate, references), *_broken(candidate)]
    still = [name for name, known, ratio in zip(candidate.names, answered, judged, strict=True) if known and not ratio]
    if still:
        reasons.append(f"note: not judged, as a baseline makes no error: {_listed(still)}")
        wild = [
            name for name, error in zip(candidate.names, _relative(candidate), strict=True) if name in still and error > WILD
        ]
        if wild:
            reasons.append(f"no: far off on series that stand still: {_listed(wild)}")
    against = None
    if champion is not None:
        against = _against_champion(candidate, champion)
        passed = against >= -limits.tolerance
        reasons.append(
            f"{_mark(passed=passed)}: mean absolute error {_below(against)} the champion's ({champion.forecaster}); "
            f"at most {limits.tolerance:.1%} above is allowed"
        )
    reasons += _budgets(cost, limits)
    if np.isfinite(candidate.coverage):
        meant = candidate.levels[-1] - candidate.levels[0]
        reasons.append(f"note: {candidate.coverage:.0%} of the facts lie within the interval meant to hold {meant:.0%}")
    return Verdict(
        release=not any(reason.startswith("no:") for reason in reasons),
        reasons=tuple(reasons),
        skill=gain,
        champion_skill=against,
        series_won=won,
        series_judged=int(judged.sum()),
        coverage=candidate.coverage,
        best_baselines=tuple(
            references[place].forecaster if known else None for place, known in zip(best, answered, strict=True)
        ),
    )


def _ratios(error: Float64, reference: Float64) -> Float64:
    """Error / reference of every series; NaN where either is missing or the reference is perfect."""
    return cast("Float64", np.divide(error, reference, out=np.full(error.shape, np.nan), where=reference > 0))


def _relative(candidate: Evaluation) -> Float64:
    """Error of every series as a share of the size of its facts; infinite where these are all 0 and the error is not."""
    error, size = candidate.absolute_error.sum(axis=1), candidate.absolute_fact.sum(axis=1)
    return cast("Float64", np.divide(error, size, out=np.where(error > 0, np.inf, 0.0), where=size > 0))


def _mark(*, passed: bool) -> str:
    return "yes" if passed else "no"


def _below(gain: float) -> str:
    return f"{abs(gain):.1%} {'below' if gain >= 0 else 'above'}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _against_baselines(candidate: Evaluation, ratios: Float64, gain: float, margin: float) -> str:
    judged = np.isfinite(ratios)
    if not judged.any():
        return "no: there are no held-out facts to judge by; collect more history"
    worst, won = int(np.nanargmax(ratios)), int((ratios[judged] < 1).sum())
    return (
        f"{_mark(passed=gain > margin)}: mean absolute error {_below(gain)} the best baseline's "
        f"(more than {margin:.1%} below is required), ahead on {won} of {int(judged.sum())} series, "
        f"worst on {candidate.names[worst]} ({_below(1 - float(ratios[worst]))})"
    )


def _unanswered(candidate: Evaluation, references: Sequence[Evaluation]) -> list[str]:
    """A forecaster that is silent where it is hard would win on what is left."""
    silent = int(candidate.unanswered.sum()) - min(int(one.unanswered.sum()) for one in references)
    return [f"no: no forecast for {silent} facts that a baseline forecast"] if silent > 0 else []


def _broken(candidate: Evaluation) -> list[str]:
    """The device refuses a bundle at the first forecast it cannot use, and an interval with one end is no interval."""
    found = candidate.broken.sum(axis=1)
    names = [name for name, count in zip(candidate.names, found, strict=True) if count]
    return [f"no: {int(found.sum())} forecasts are not finite at every quantile, on {_listed(names)}"] if names else []


def _against_champion(candidate: Evaluation, champion: Evaluation) -> float:
    ratios = _ratios(candidate.by_series, champion.by_series)
    known = np.isfinite(ratios)
    return skill(float(ratios[known].mean()), 1) if known.any() else 0.0


def _budgets(cost: Cost, limits: Limits) -> list[str]:
    lines = []
    if cost.latency is not None:
        passed = limits.latency is None or cost.latency <= limits.latency
        allowed = "" if limits.latency is None else f" (at most {limits.latency:g})"
        lines.append(f"{_mark(passed=passed)}: {cost.latency:.1f} µs per forecast{allowed}")
    elif limits.latency is not None:
        lines.append(f"no: the time per forecast was not measured (at most {limits.latency:g} µs)")
    if cost.size is not None:
        passed = limits.size is None or cost.size <= limits.size
        allowed = "" if limits.size is None else f" (at most {limits.size:,})"
        lines.append(f"{_mark(passed=passed)}: model of {cost.size:,} bytes{allowed}")
    return lines


def trial(
    candidate: Contender,
    champion: Contender | None,
    table: Table,
    contract: Contract,
    part: range,
    stride: int = 1,
    cost: Cost | None = None,
    limits: Limits | None = None,
) -> Trial:
    """Backtest the candidate beside all baselines and the champion, and judge it.

    A champion that forecasts other intervals, or that has no forecast where a baseline has one, is named in the
    reasons, and the candidate is judged against the baselines only.

    Args:
        candidate: to judge.
        champion: what is live, with its own contract and list of series.
        table: the grid.
        contract: of the candidate.
        part: columns that the facts lie in, such as `Split.held_out`.
        stride: intervals from one origin to the next.
        cost: of the candidate.
        limits: to keep.
    """
    plain = [contender(one, table.names) for one in baselines(contract)]
    note = None
    if champion is not None and not comparable(champion.forecaster.contract, contract):
        note = f"note: the champion ({champion.forecaster.name}) forecasts another interval, horizon or aggregation"
        champion = None
    if champion is not None:
        found, live, *references = backtest([candidate, champion, *plain], table, contract, part, stride)
        silent = _unanswered(live, references)
        if not silent:
            return Trial(judge(found, references, live, cost, limits), found, live, tuple(references))
        note = f"note: the champion ({live.forecaster}) has {silent[0].removeprefix('no: ')}"
    found, *references = backtest([candidate, *plain], table, contract, part, stride)
    verdict = judge(found, references, None, cost, limits)
    if note is not None:
        verdict = replace(verdict, reasons=(*verdict.reasons, f"{note}; judged against the baselines only"))
    return Trial(verdict, found, None, tuple(references))

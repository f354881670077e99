"""Whether a candidate goes out: it must beat what anybody could say without training, and what is out already.

Everything is judged by the skill on the same held-out facts (`metrics.mean_skill`), so that every series counts the same
whatever its unit, and none counts for more than a bounded loss.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from edge.contract.columns import Bool, Float32, Float64
from edge.contract.contract import Contract
from edge.forecaster.baselines import baselines
from pipeline.history.table import Table
from pipeline.history.windows import judged_stride
from pipeline.judging.evaluation import MOST_MISSED, Contender, Evaluation, backtest, comparable, contender, skills_against
from pipeline.judging.metrics import MOST_LOST, best_reference, mean_skill

MOST_BEHIND = 4  # of so many series one may be as far behind as a series can count, and one of fewer
WILD_TIMES, WILD_SCALES = 3.0, 1.0  # times the best baseline's error and training scales above it: a forecast run wild


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
        skill: mean over the series of 1 - its error / the error of that series' best baseline, as `mean_skill` bounds it;
            NaN where none was judged.
        champion_skill: the same against the champion; None without a comparable one.
        series_won: series on which it beats every baseline.
        series_judged: series with facts that do not stand still.
        coverage: share of facts within its outermost quantiles; NaN without these.
        best_baselines: the best baseline of every series; None where nothing was counted.
        skills: of every series, before the bound; NaN where it was not judged.
    """

    release: bool
    reasons: tuple[str, ...]
    skill: float
    champion_skill: float | None
    series_won: int
    series_judged: int
    coverage: float
    best_baselines: tuple[str | None, ...]
    skills: tuple[float, ...]


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

    The rule: on the mean over the series, the candidate's error is more than `margin` below that of the baseline that
    proved best for the series (chosen with hindsight, so the bar is high), and at most `tolerance` above the champion's,
    a series that is lost counting as at most a fifth behind; at most one of four series is that far behind, or one of
    fewer; on none does it run wild; it answers every window that the baselines answer; every quantile it gives is finite;
    and it keeps the limits of latency and size. A series that stands still cannot be judged and is left out.

    Args:
        candidate: to judge.
        references: the baselines, at least one.
        champion: what is live.
        cost: of the candidate.
        limits: to keep.
    """
    limits, cost = limits or Limits(), cost or Cost()
    errors = np.stack([one.by_series for one in references])
    best, answered = best_reference(errors)
    reference = errors[best, np.arange(len(best))]
    by_series = skills_against(candidate, references)
    judged: Bool = np.isfinite(by_series)
    reasons = [_against_baselines(candidate, by_series, limits.margin)]
    reasons += [*_far_behind(candidate, by_series), *_wild(candidate, reference)]
    reasons += [*_unanswered(candidate, references), *_broken(candidate), *_left_out(candidate, answered & ~judged)]
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
        skill=mean_skill(by_series),
        champion_skill=against,
        series_won=int((by_series[judged] > 0).sum()),
        series_judged=int(judged.sum()),
        coverage=candidate.coverage,
        best_baselines=tuple(
            references[place].forecaster if known else None for place, known in zip(best, answered, strict=True)
        ),
        skills=tuple(by_series.tolist()),
    )


def _mark(*, passed: bool) -> str:
    return "yes" if passed else "no"


def _below(gain: float) -> str:
    return f"{abs(gain):.1%} {'below' if gain >= 0 else 'above'}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _against_baselines(candidate: Evaluation, skills: Float64, margin: float) -> str:
    known = np.flatnonzero(np.isfinite(skills))
    if not len(known):
        return "no: there are no held-out facts to judge by; collect more history"
    best, worst = known[np.argmax(skills[known])], known[np.argmin(skills[known])]
    gain, lost = mean_skill(skills), float(skills[worst])
    counted = f", counted as {MOST_LOST:.0%}" if lost < -MOST_LOST else ""
    return (
        f"{_mark(passed=gain > margin)}: mean absolute error {_below(gain)} the best baseline's "
        f"(more than {margin:.1%} below is required), ahead on {int((skills[known] > 0).sum())} of {len(known)} series, "
        f"best on {candidate.names[best]} ({_below(float(skills[best]))}), "
        f"worst on {candidate.names[worst]} ({_below(lost)}{counted})"
    )


def _far_behind(candidate: Evaluation, skills: Float64) -> list[str]:
    """One series may be lost without the fleet; where many are, the bound on each must not hide it."""
    names = [name for name, skill in zip(candidate.names, skills, strict=True) if skill <= -MOST_LOST]
    judged = int(np.isfinite(skills).sum())
    if not names:
        return []
    line = f"{MOST_LOST:.0%} or more behind the best baseline on {len(names)} of {judged} series: {_listed(names)}"
    allowed = max(1, judged // MOST_BEHIND)
    if len(names) <= allowed:
        return [f"note: {line}"]
    return [f"no: {line}; at most {allowed} may be"]


def _wild(candidate: Evaluation, reference: Float64) -> list[str]:
    """A network that leaves all bounds on one series does so for a reason that may strike the next one tomorrow."""
    error = candidate.by_series
    wild = (error > WILD_TIMES * reference) & (error > reference + WILD_SCALES * candidate.scale)
    return [
        f"no: it runs wild on {name}: its error is {error[row] / candidate.scale[row]:.1f} of the spread in training, "
        f"the best baseline's {reference[row] / candidate.scale[row]:.1f}"
        for row, name in enumerate(candidate.names)
        if wild[row]
    ]


def _left_out(candidate: Evaluation, still: Bool) -> list[str]:
    """What did not count, and why."""
    found = []
    names = [name for name, left_out in zip(candidate.names, still, strict=True) if left_out]
    if names:
        found.append(f"note: not judged, as a baseline makes next to no error: {_listed(names)}")
    if (glitches := missed_by_all(candidate)) is not None:
        found.append(f"note: {glitches}")
    return found


def missed_by_all(measured: Evaluation) -> str | None:
    """How many facts count for nobody, on which series and why; None where all count."""
    missed = measured.missed.sum(axis=1)
    if not missed.any():
        return None
    names = [name for name, count in zip(measured.names, missed, strict=True) if count]
    return (
        f"{int(missed.sum()):,} facts do not count, as every forecast misses them by more than {MOST_MISSED:.0f} "
        f"times the spread in training, on {_listed(names)}"
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
    against = mean_skill(skills_against(candidate, [champion]))
    return against if np.isfinite(against) else 0.0


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
    cost: Cost | None = None,
    limits: Limits | None = None,
    scale: Float32 | None = None,
) -> Trial:
    """Backtest the candidate beside all baselines and the champion, and judge it.

    A champion that forecasts other intervals, or that has no forecast where a baseline has one, is named in the
    reasons, and the candidate is judged against the baselines only.

    Args:
        candidate: to judge.
        champion: what is live, with its own contract and list of series.
        table: the grid.
        contract: of the candidate.
        part: columns that the facts lie in, such as `Split.held_out`; every origin is judged from, or every n-th of many.
        cost: of the candidate.
        limits: to keep.
        scale: of every series in training, float32 `[series]`; None: nothing bounds an error, and no series stands still.
    """
    stride = judged_stride(table, contract, part)
    plain = [contender(one, table.names) for one in baselines(contract)]
    note = None
    if champion is not None and not comparable(champion.forecaster.contract, contract):
        note = f"note: the champion ({champion.forecaster.name}) forecasts another interval, horizon or aggregation"
        champion = None
    if champion is not None:
        found, live, *references = backtest([candidate, champion, *plain], table, contract, part, stride, scale)
        silent = _unanswered(live, references)
        if not silent:
            return Trial(judge(found, references, live, cost, limits), found, live, tuple(references))
        note = f"note: the champion ({live.forecaster}) has {silent[0].removeprefix('no: ')}"
    found, *references = backtest([candidate, *plain], table, contract, part, stride, scale)
    verdict = judge(found, references, None, cost, limits)
    if note is not None:
        verdict = replace(verdict, reasons=(*verdict.reasons, f"{note}; judged against the baselines only"))
    return Trial(verdict, found, None, tuple(references))

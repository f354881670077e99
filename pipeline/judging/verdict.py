"""Whether a candidate is released: it must beat the forecasts that need no training, and the live one.

Everything is judged by the skill on the same held-out facts (`metrics.mean_skill`), so that every series counts the same
whatever its unit, and none counts for more than a bounded loss. Each check is a value, and the candidate is released if
none has failed; sentences are made from checks and never read back.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from edge.contract.columns import Bool, Float64
from edge.forecaster.baselines import baselines
from edge.forecaster.manifest import Check, Outcome
from pipeline.history.windows import judged_stride
from pipeline.judging.contender import Contender, comparable, contender
from pipeline.judging.evaluation import MOST_MISSED, Evaluation, Facts, backtest, skills_against
from pipeline.judging.metrics import MOST_LOST, best_reference, mean_skill

MOST_BEHIND = 4  # of so many series one may be as far behind as a series can count, and one of fewer
WILD_TIMES, WILD_SCALES = 3.0, 1.0  # times the best baseline's error and training scales above it: a forecast run wild
MARKS = {Outcome.PASSED: "yes", Outcome.FAILED: "no", Outcome.NOT_JUDGED: "note"}
UNSAID = frozenset({"wild", "answers", "finite"})  # checks that are told to people only where they fail


@dataclass(frozen=True, slots=True)
class Limits:
    """What a release has to keep.

    Args:
        margin: skill that the candidate must exceed beside the baselines: a smaller one is noise.
        tolerance: skill that it may lack beside the champion: fresh training on newer data is worth as much.
        latency: microseconds per forecast on the device runtime; None for no limit.
        size: bytes of the model file; None for no limit.
    """

    margin: float = 0.01
    tolerance: float = 0.005
    latency: float | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Cost:
    """Time and size of the candidate on the device.

    Args:
        latency: microseconds per forecast; None where it was not measured.
        size: bytes of the model file; None for a baseline.
    """

    latency: float | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the candidate is released, and why.

    Args:
        checks: all conditions that were looked at, in the order of the report.
        skill: skill beside the baselines (`metrics.mean_skill`); NaN where no series was judged.
        champion_skill: the same beside the champion; None without a comparable one.
        series_won: series on which it beats every baseline.
        series_judged: series with facts that do not stand still.
        coverage: share of facts within its outermost quantiles; NaN without these.
        best_baselines: the best baseline of every series; None where nothing was counted.
        skills: skill on every series, before the bound; NaN where it was not judged.
    """

    checks: tuple[Check, ...]
    skill: float
    champion_skill: float | None
    series_won: int
    series_judged: int
    coverage: float
    best_baselines: tuple[str | None, ...]
    skills: tuple[float, ...]

    @property
    def release(self) -> bool:
        """Whether the candidate is released: no check has failed."""
        return all(check.outcome is not Outcome.FAILED for check in self.checks)

    @property
    def reasons(self) -> tuple[str, ...]:
        """One line for people per check that failed, was not judged, or passed with a figure."""
        return tuple(
            f"{MARKS[check.outcome]}: {check.text}"
            for check in self.checks
            if check.outcome is not Outcome.PASSED or check.name not in UNSAID
        )


@dataclass(frozen=True, slots=True)
class Trial:
    """A verdict and what it rests on.

    Args:
        verdict: the verdict on the candidate.
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

    The rule: beside the baseline that proved best for each series (chosen with hindsight, so the bar is high) the
    candidate's skill is above `margin`, and beside the champion it is at least -`tolerance`. A series that is lost counts as
    at most a fifth behind; at most one of four series is that far behind, or one of fewer. On no series does the candidate
    run wild. It answers every window that the baselines answer, every quantile it gives is finite, and it keeps the limits
    of latency and size. A series that stands still cannot be judged and is left out.

    Args:
        candidate: evaluation of the forecaster to judge.
        references: evaluations of the baselines, at least one.
        champion: evaluation of the forecaster that is live.
        cost: time and size of the candidate.
        limits: bounds that it has to keep.
    """
    limits, cost = limits or Limits(), cost or Cost()
    errors = np.stack([reference.by_series for reference in references])
    best, answered = best_reference(errors)
    skills = skills_against(candidate, references)
    judged: Bool = np.isfinite(skills)
    checks = [_skill(candidate, skills, limits.margin), _far_behind(candidate, skills)]
    checks += [_wild(candidate, errors[best, np.arange(len(best))]), _answers(candidate, references), _finite(candidate)]
    checks += _left_out(candidate, answered & ~judged)
    against = None
    if champion is not None:
        against = _champion_skill(candidate, champion)
        checks.append(_champion(against, champion.forecaster, limits.tolerance))
    checks += [*_costs(cost, limits), *_coverage(candidate)]
    return Verdict(
        checks=tuple(checks),
        skill=mean_skill(skills),
        champion_skill=against,
        series_won=int((skills[judged] > 0).sum()),
        series_judged=int(judged.sum()),
        coverage=candidate.coverage,
        best_baselines=tuple(
            references[number].forecaster if known else None for number, known in zip(best, answered, strict=True)
        ),
        skills=tuple(skills.tolist()),
    )


def _outcome(*, passed: bool) -> Outcome:
    return Outcome.PASSED if passed else Outcome.FAILED


def _below(skill: float) -> str:
    return f"{abs(skill):.1%} {'below' if skill >= 0 else 'above'}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _skill(candidate: Evaluation, skills: Float64, margin: float) -> Check:
    known = np.flatnonzero(np.isfinite(skills))
    if not len(known):
        return Check("skill", Outcome.FAILED, "there are no held-out facts to judge by; collect more history")
    best, worst = known[np.argmax(skills[known])], known[np.argmin(skills[known])]
    skill, lost = mean_skill(skills), float(skills[worst])
    counted = f", counted as {MOST_LOST:.0%}" if lost < -MOST_LOST else ""
    text = (
        f"mean absolute error {_below(skill)} the best baseline's "
        f"(more than {margin:.1%} below is required), ahead on {int((skills[known] > 0).sum())} of {len(known)} series, "
        f"best on {candidate.names[best]} ({_below(float(skills[best]))}), "
        f"worst on {candidate.names[worst]} ({_below(lost)}{counted})"
    )
    return Check("skill", _outcome(passed=skill > margin), text)


def _far_behind(candidate: Evaluation, skills: Float64) -> Check:
    """One series may be lost without the fleet; where many are, the bound on each must not hide it."""
    names = [name for name, skill in zip(candidate.names, skills, strict=True) if skill <= -MOST_LOST]
    judged = int(np.isfinite(skills).sum())
    allowed = max(1, judged // MOST_BEHIND)
    where = f": {_listed(names)}" if names else ""
    text = (
        f"{MOST_LOST:.0%} or more behind the best baseline on {len(names)} of {judged} series{where}; at most {allowed} may be"
    )
    return Check("far behind", _outcome(passed=len(names) <= allowed), text)


def _wild(candidate: Evaluation, reference: Float64) -> Check:
    """A network that leaves all bounds on one series does so for a reason that may affect another series tomorrow."""
    error = candidate.by_series
    wild = (error > WILD_TIMES * reference) & (error > reference + WILD_SCALES * candidate.scale)
    errors = [
        f"it runs wild on {name}: its error is {error[row] / candidate.scale[row]:.1f} of the spread in training, "
        f"the best baseline's {reference[row] / candidate.scale[row]:.1f}"
        for row, name in enumerate(candidate.names)
        if wild[row]
    ]
    return Check("wild", _outcome(passed=not errors), "; ".join(errors) or "it runs wild on no series")


def _left_out(candidate: Evaluation, still: Bool) -> list[Check]:
    """What did not count, and why."""
    checks = []
    names = [name for name, left_out in zip(candidate.names, still, strict=True) if left_out]
    if names:
        text = f"not judged, as a baseline makes next to no error: {_listed(names)}"
        checks.append(Check("still series", Outcome.NOT_JUDGED, text))
    if (glitches := missed_by_all(candidate)) is not None:
        checks.append(Check("glitches", Outcome.NOT_JUDGED, glitches))
    return checks


def missed_by_all(measured: Evaluation) -> str | None:
    """How many facts count for no forecaster, on which series and why; None where all count."""
    missed = measured.missed.sum(axis=1)
    if not missed.any():
        return None
    names = [name for name, count in zip(measured.names, missed, strict=True) if count]
    return (
        f"{int(missed.sum()):,} facts do not count, as every forecast misses them by more than {MOST_MISSED:.0f} "
        f"times the spread in training, on {_listed(names)}"
    )


def _silent(judged: Evaluation, references: Sequence[Evaluation]) -> int:
    """Facts that a forecaster has no forecast for, beyond those that no baseline has one for."""
    return max(0, int(judged.unanswered.sum()) - min(int(reference.unanswered.sum()) for reference in references))


def _answers(candidate: Evaluation, references: Sequence[Evaluation]) -> Check:
    """A forecaster that is silent where it is hard would win on what is left."""
    silent = _silent(candidate, references)
    return Check("answers", _outcome(passed=not silent), f"no forecast for {silent} facts that a baseline forecast")


def _finite(candidate: Evaluation) -> Check:
    """The device refuses a bundle at the first forecast it cannot use, and an interval with one end is no interval."""
    broken = candidate.broken.sum(axis=1)
    names = [name for name, count in zip(candidate.names, broken, strict=True) if count]
    text = f"{int(broken.sum())} forecasts are not finite at every quantile"
    return Check("finite", _outcome(passed=not names), f"{text}, on {_listed(names)}" if names else text)


def _champion_skill(candidate: Evaluation, champion: Evaluation) -> float:
    """Skill beside the champion; 0 where no series can be judged."""
    skill = mean_skill(skills_against(candidate, [champion]))
    return skill if np.isfinite(skill) else 0.0


def _champion(skill: float, name: str, tolerance: float) -> Check:
    text = f"mean absolute error {_below(skill)} the champion's ({name}); at most {tolerance:.1%} above is allowed"
    return Check("champion", _outcome(passed=skill >= -tolerance), text)


def _costs(cost: Cost, limits: Limits) -> list[Check]:
    """Latency and size, where they were measured or are limited."""
    checks = []
    if cost.latency is not None:
        allowed = "" if limits.latency is None else f" (at most {limits.latency:g})"
        passed = limits.latency is None or cost.latency <= limits.latency
        checks.append(Check("latency", _outcome(passed=passed), f"{cost.latency:.1f} µs per forecast{allowed}"))
    elif limits.latency is not None:
        text = f"the time per forecast was not measured (at most {limits.latency:g} µs)"
        checks.append(Check("latency", Outcome.FAILED, text))
    if cost.size is not None:
        allowed = "" if limits.size is None else f" (at most {limits.size:,})"
        passed = limits.size is None or cost.size <= limits.size
        checks.append(Check("size", _outcome(passed=passed), f"model of {cost.size:,} bytes{allowed}"))
    return checks


def _coverage(candidate: Evaluation) -> list[Check]:
    """What the interval holds; it decides nothing."""
    if not np.isfinite(candidate.coverage):
        return []
    meant = candidate.levels[-1] - candidate.levels[0]
    text = f"{candidate.coverage:.0%} of the facts lie within the interval meant to hold {meant:.0%}"
    return [Check("coverage", Outcome.NOT_JUDGED, text)]


def trial(
    candidate: Contender,
    champion: Contender | None,
    facts: Facts,
    cost: Cost | None = None,
    limits: Limits | None = None,
) -> Trial:
    """Backtest the candidate beside all baselines and the champion, and judge it.

    A champion that forecasts other intervals, or that has no forecast where a baseline has one, cannot be judged beside.
    A check says so, and the candidate is judged against the baselines only.

    Args:
        candidate: forecaster to judge.
        champion: forecaster that is live, with its own contract and list of series.
        facts: facts to judge on, with the candidate's contract; every origin is judged from, or every n-th of many.
        cost: time and size of the candidate.
        limits: bounds that it has to keep.
    """
    table, contract = facts.table, facts.contract
    stride = judged_stride(table, contract, facts.part)
    plain = [contender(baseline, table.names) for baseline in baselines(contract)]
    problem = None
    if champion is not None and not comparable(champion.forecaster.contract, contract):
        problem = f"the champion ({champion.forecaster.name}) forecasts another interval, horizon or aggregation"
        champion = None
    if champion is not None:
        judged, live, *references = backtest([candidate, champion, *plain], facts, stride)
        silent = _silent(live, references)
        if not silent:
            return Trial(judge(judged, references, live, cost, limits), judged, live, tuple(references))
        problem = f"the champion ({live.forecaster}) has no forecast for {silent} facts that a baseline forecast"
    judged, *references = backtest([candidate, *plain], facts, stride)
    verdict = judge(judged, references, None, cost, limits)
    if problem is not None:
        check = Check("champion", Outcome.NOT_JUDGED, f"{problem}; judged against the baselines only")
        verdict = replace(verdict, checks=(*verdict.checks, check))
    return Trial(verdict, judged, None, tuple(references))

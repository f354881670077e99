"""Whether a candidate is released: it must beat the forecasts that need no training, and the live one.

The baselines are beaten where the gain that is expected beside those that would go out instead (`weighing.weigh`) is above a
margin. A few days of facts tell little of the weeks to come. So what such networks have gained on other histories counts as
well, the more, the fewer days there are. The champion is beaten by the skill on the same held-out facts
(`metrics.mean_skill`). Every series counts the same whatever its unit, and none for more than a bound. Each check is a value,
and the candidate is released if none has failed; sentences are made from checks and never read back.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge.contract.columns import Bool, Float64
from edge.forecaster.manifest import Check, Outcome
from edge.quoting import FAR, counted
from pipeline.judging.chance import Gain, Prior, share_error
from pipeline.judging.evaluation import MOST_MISSED, Evaluation, skills_against
from pipeline.judging.metrics import MOST_LOST, best_reference, mean_skill
from pipeline.judging.weighing import Part, Weighed, in_place, weigh

MOST_BEHIND = 4  # of so many series one may be as far behind as a series can count, and one of fewer
FRESH = Prior(0.0, 0.1)  # of the gain of a network that begins with nothing
STARTED = Prior(0.05, 0.1)  # of one that begins with a starter: 0.11 and 0.08 on many cuts, see docs/decisions/0074
SURE = 2.0  # standard errors from which on a coverage is off by more than chance
WILD_TIMES, WILD_SCALES = 3.0, 1.0  # times the best baseline's error and training scales above it: a forecast run wild
MARKS = {Outcome.PASSED: "yes", Outcome.FAILED: "no", Outcome.NOT_JUDGED: "note"}
UNSAID = frozenset({"wild", "answers", "finite"})  # checks that are told to people only where they fail


@dataclass(frozen=True, slots=True)
class Limits:
    """What a release has to keep.

    Args:
        margin: gain beside the baselines that is expected of the candidate at least: a smaller one is of no use to anybody.
        prior: mean and spread of such gains in other fleets, which count the more, the fewer days there are.
        tolerance: skill that it may lack beside the champion: fresh training on newer data is worth as much.
        latency: microseconds per forecast on the device runtime; None for no limit.
        size: bytes of the model file; None for no limit.
    """

    margin: float = 0.01
    prior: Prior = FRESH
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
        gain: gain beside the baselines that would go out instead, as the candidate would run.
        skill: skill beside the best baselines of hindsight (`metrics.mean_skill`); NaN where no series was judged.
        champion_skill: the same beside the champion; None without a comparable one.
        series_won: series on which it beats every baseline.
        series_judged: series with facts that do not stand still.
        coverage: share of facts within its outermost quantiles; NaN without these.
        best_baselines: the baseline of every series that was best over all days; None where nothing was counted.
        skills: skill on every series, before the bound; NaN where it was not judged.
        lost: whether its baseline forecasts a series in place of the candidate, for every series.
    """

    checks: tuple[Check, ...]
    gain: Gain
    skill: float
    champion_skill: float | None
    series_won: int
    series_judged: int
    coverage: float
    best_baselines: tuple[str | None, ...]
    skills: tuple[float, ...]
    lost: tuple[bool, ...]

    @property
    def replacements(self) -> tuple[str | None, ...]:
        """The baseline that forecasts each series in place of the candidate; None where the candidate does."""
        return tuple(name if lost else None for name, lost in zip(self.best_baselines, self.lost, strict=True))

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


def judge(
    candidate: Evaluation,
    references: Sequence[Evaluation],
    champion: Evaluation | None = None,
    cost: Cost | None = None,
    limits: Limits | None = None,
    earlier: Sequence[Part] = (),
) -> Verdict:
    """Decide from evaluations on the same facts.

    The rule: beside the baseline that is best for each series by the other days, the candidate is expected to gain more than
    `margin`, by these days and by what such networks gain elsewhere, and beside the champion its skill is at least
    -`tolerance`. A series that it has lost by more than chance is forecast by its baseline, and the candidate is judged as it
    would run then. A series counts as at most a fifth ahead or behind; at most one of four is that far behind, or one of fewer.
    On no series does the candidate run wild.
    It answers every window that the baselines answer, every quantile it gives is finite, its interval is of use, and it keeps
    the limits of latency and size. A series that stands still cannot be judged and is left out.

    Args:
        candidate: evaluation of the forecaster to judge, on the held-out part.
        references: evaluations of the baselines, at least one.
        champion: evaluation of the forecaster that is live.
        cost: time and size of the candidate.
        limits: bounds that it has to keep.
        earlier: parts before the held-out one, in order of time.
    """
    limits, cost = limits or Limits(), cost or Cost()
    weighed = weigh([*earlier, Part(tuple(references), candidate)])
    run = in_place(candidate, references, weighed.chosen)
    errors = np.stack([reference.by_series for reference in references])
    best, answered = best_reference(errors)
    skills = skills_against(candidate, references)
    judged: Bool = np.isfinite(skills)
    names = tuple(references[number].forecaster if number >= 0 else None for number in weighed.best)
    checks = [
        _gain(weighed.gain, limits),
        *_replaced(run, weighed, names),
        _skill(candidate, skills),
        _far_behind(candidate, np.where(weighed.lost, 0.0, weighed.by_series)),
    ]
    checks += [_wild(candidate, errors[best, np.arange(len(best))]), _answers(candidate, references), _finite(candidate)]
    checks += _left_out(candidate, answered & ~judged)
    against = None
    if champion is not None:
        against = _champion_skill(run, champion)
        checks.append(_champion(against, champion.forecaster, limits.tolerance))
    checks += [*_costs(cost, limits), *_coverage(candidate)]
    return Verdict(
        checks=tuple(checks),
        gain=weighed.gain,
        skill=mean_skill(skills),
        champion_skill=against,
        series_won=int((skills[judged] > 0).sum()),
        series_judged=int(judged.sum()),
        coverage=candidate.coverage,
        best_baselines=names,
        skills=tuple(skills.tolist()),
        lost=tuple(weighed.lost.tolist()),
    )


def _outcome(*, passed: bool) -> Outcome:
    return Outcome.PASSED if passed else Outcome.FAILED


def _below(skill: float) -> str:
    return "far above" if skill < FAR else f"{abs(skill):.1%} {'below' if skill >= 0 else 'above'}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _gain(gain: Gain, limits: Limits) -> Check:
    if not np.isfinite(gain.value):
        return Check("gain", Outcome.FAILED, "there are no held-out facts to judge by; collect more history")
    if not np.isfinite(gain.error):
        return Check("gain", Outcome.FAILED, "one day of facts is too little to tell a gain from chance; collect more history")
    expected = gain.expected(limits.prior)
    text = (
        f"over {counted(gain.blocks, 'block')} of days the error is {_below(gain.value)} that of the best baselines by the "
        f"other days, give or take {gain.error:.1%}; with the {limits.prior.mean:.0%} that such networks gain elsewhere, "
        f"{_below(expected)} is expected from now on, and more than {limits.margin:.1%} below is required"
    )
    return Check("gain", _outcome(passed=expected > limits.margin), text)


def _replaced(candidate: Evaluation, weighed: Weighed, baselines: Sequence[str | None]) -> list[Check]:
    """Which series the candidate does not forecast, as it was behind there by more than chance."""
    rows = np.flatnonzero(weighed.lost).tolist()
    if not rows:
        return []
    named = [f"{candidate.names[row]} by {baselines[row]} ({_below(float(weighed.by_series[row]))})" for row in rows]
    go = "goes to its baseline" if len(rows) == 1 else "go to their baselines"
    text = f"{len(rows)} of {len(weighed.lost)} series {go}, as the network is behind there: {_listed(named)}"
    return [Check("lost series", Outcome.NOT_JUDGED, text)]


def _skill(candidate: Evaluation, skills: Float64) -> Check:
    known = np.flatnonzero(np.isfinite(skills))
    if not len(known):
        return Check("skill", Outcome.NOT_JUDGED, "no series can be compared with the baselines")
    best, worst = known[np.argmax(skills[known])], known[np.argmin(skills[known])]
    lost = float(skills[worst])
    counted = f", counted as {MOST_LOST:.0%}" if lost < -MOST_LOST else ""
    text = (
        f"mean absolute error {_below(mean_skill(skills))} the best baseline's of the held-out part, "
        f"ahead on {int((skills[known] > 0).sum())} of {len(known)} series, "
        f"best on {candidate.names[best]} ({_below(float(skills[best]))}), "
        f"worst on {candidate.names[worst]} ({_below(lost)}{counted})"
    )
    return Check("skill", Outcome.NOT_JUDGED, text)


def allowed_behind(gain: Float64) -> int:
    """How many series may be as far behind as a series can count.

    Args:
        gain: gain on every series, float64 `[series]`; NaN where it is not judged.
    """
    return max(1, int(np.isfinite(gain).sum()) // MOST_BEHIND)


def _far_behind(candidate: Evaluation, gain: Float64) -> Check:
    """One series may be lost without the fleet; where many are, the bound on each must not hide it.

    Args:
        candidate: its evaluation.
        gain: gain on every series as it would run, float64 `[series]`; NaN where it is not judged.
    """
    names = [name for name, own in zip(candidate.names, gain, strict=True) if own <= -MOST_LOST]
    judged, allowed = int(np.isfinite(gain).sum()), allowed_behind(gain)
    how = f"{MOST_LOST:.0%} or more behind the best baseline by the other days"
    who = f"{len(names)} of {judged} series {'is' if len(names) == 1 else 'are'}" if names else f"none of {judged} series is"
    where = f": {_listed(names)}" if names else ""
    text = f"{who} {how}{where}; at most {allowed} may be"
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
    names, count = [name for name, lost in zip(measured.names, missed, strict=True) if lost], int(missed.sum())
    what = f"{counted(count, 'fact')} {'does' if count == 1 else 'do'}"
    return (
        f"{what} not count, as every forecast misses {'it' if count == 1 else 'them'} by more than {MOST_MISSED:.0f} "
        f"times the spread in training, on {_listed(names)}"
    )


def silent_beyond(judged: Evaluation, references: Sequence[Evaluation]) -> int:
    """Facts that a forecaster has no forecast for, beyond those that no baseline has one for."""
    return max(0, int(judged.unanswered.sum()) - min(int(reference.unanswered.sum()) for reference in references))


def _answers(candidate: Evaluation, references: Sequence[Evaluation]) -> Check:
    """A forecaster that is silent where it is hard would win on what is left."""
    silent = silent_beyond(candidate, references)
    return Check("answers", _outcome(passed=not silent), f"no forecast for {counted(silent, 'fact')} that a baseline forecast")


def _finite(candidate: Evaluation) -> Check:
    """The device refuses a bundle at the first forecast it cannot use, and an interval with one end is no interval."""
    broken = candidate.broken.sum(axis=1)
    names = [name for name, count in zip(candidate.names, broken, strict=True) if count]
    count = int(broken.sum())
    text = f"{counted(count, 'forecast')} {'is' if count == 1 else 'are'} not finite at every quantile"
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
    """Whether the interval holds what it is meant to; one that leaves out twice as much, beyond chance, is of no use."""
    share, error = share_error(candidate.blocks.covered.sum(axis=0), candidate.blocks.banded.sum(axis=0))
    if not np.isfinite(share):
        return []
    meant = candidate.levels[-1] - candidate.levels[0]
    text = f"{share:.0%} of the facts lie within the interval meant to hold {meant:.0%}"
    off = SURE * error
    if abs(share - meant) <= off or not np.isfinite(off):
        return [Check("coverage", Outcome.NOT_JUDGED, text)]
    text += f", which is {'less' if share < meant else 'more'} than chance explains"
    useless = share + off < meant - (1 - meant)
    return [Check("coverage", Outcome.FAILED if useless else Outcome.NOT_JUDGED, text)]

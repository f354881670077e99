"""Which network won, by how much, and which check decided: the verdict in sentences."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge.contract.columns import Float64
from edge.forecaster.baselines import seasonal_naive
from edge.forecaster.manifest import Check, Manifest, Outcome
from edge.quoting import FAR
from pipeline.judging.evaluation import skills_against
from pipeline.judging.metrics import mean_skill
from pipeline.release.decision import Release
from pipeline.report.page import percent
from pipeline.training.cells import CELLS

# What to do where a check has failed, by its name.
ADVICE = {
    "gain": "collect more history, or name inputs that tell more of the coming hours; the baselines forecast well until then",
    "far behind": "look at the pictures of the series that it names, and leave out those that follow no pattern",
    "wild": "look at the readings of that series for glitches, which [[ingest]] min and max can refuse",
    "answers": "look for long gaps in the readings, and retrain when more history is there",
    "finite": "look at the readings of that series for values out of all scale, which [[ingest]] min and max can refuse",
    "champion": "nothing: the version that is live is as good, and the next retraining judges again",
    "latency": "raise [train] max_latency, or lower [train] units",
    "size": "raise [train] max_size, or lower [train] units",
    "coverage": "collect more history, so that the width of the intervals is known better",
}
MARKS = {Outcome.PASSED: "passed", Outcome.FAILED: "failed", Outcome.NOT_JUDGED: "note"}
SIMPLE = {"seasonal_naive_day": "yesterday repeated", "last_value": "the last value repeated"}


@dataclass(frozen=True, slots=True)
class Winner:
    """The verdict for people.

    Args:
        title: name of the chosen network.
        headline: sentence that says what is live now.
        reasons: sentences that say why, the most important first.
        checks: `passed`, `failed` or `note`, and the text of every check.
    """

    title: str
    headline: str
    reasons: tuple[str, ...]
    checks: tuple[tuple[str, str], ...]


def title_of(manifest: Manifest) -> str:
    """Name of a network for people, such as `GRU segment`; the baseline's where there is no network."""
    model = manifest.model
    return f"baseline {manifest.baseline}" if model is None else f"{CELLS[model.cell].title} {model.design}"


def below(skill: float) -> str:
    """How far an error is below another one, from the skill beside it."""
    if not np.isfinite(skill):
        return "not comparable with"
    return "far above" if skill < FAR else f"{percent(abs(skill))} {'below' if skill >= 0 else 'above'}"


def winner(release: Release, scale: Float64, *, asked: bool = True) -> Winner:
    """The verdict on the chosen candidate.

    Args:
        release: candidates, verdict and consequence.
        scale: spread of every series in the training part, float64 `[series]`.
        asked: whether what is better goes out; False: it was only judged.
    """
    verdict, title = release.chosen.trial.verdict, title_of(release.chosen.candidate.bundle.manifest)
    failed = [check for check in verdict.checks if check.outcome is Outcome.FAILED]
    ahead = _ahead(release)
    if failed:
        headline, reasons = f"{title} is not released. {_instead(release)}", [f"{ahead[0].upper()}{ahead[1:]}."]
    else:
        headline, reasons = f"{title} {'is' if asked else 'would be'} released: {ahead}.", []
    reasons += [*_chosen(release, scale), *_decided(verdict.checks, failed)]
    return Winner(title, headline, tuple(reasons), tuple((MARKS[check.outcome], check.text) for check in verdict.checks))


def _instead(release: Release) -> str:
    if release.goes_out is None:
        return f"{release.champion or 'What was live'} stays live."
    return f"No network beats the simple forecasts here, so agents forecast by {release.goes_out.manifest.baseline}."


def _ahead(release: Release) -> str:
    """How far its error is below those of the others on the held-out part."""
    trial = release.chosen.trial
    naive = seasonal_naive(release.candidate.manifest.contract).name
    parts = [f"{below(trial.verdict.skill)} that of the best simple forecast of each series"]
    evaluations = [each for each in trial.baselines if each.forecaster == naive]
    if evaluations:
        skill = mean_skill(skills_against(trial.candidate, evaluations))
        parts.append(f"{below(skill)} that of the seasonal-naive forecast ({SIMPLE[naive]})")
    if trial.verdict.champion_skill is not None:
        parts.append(f"{below(trial.verdict.champion_skill)} that of the version that was live ({release.champion})")
    text = f"{', '.join(parts[:-1])}, and {parts[-1]}" if len(parts) > 1 else parts[0]
    alone = "" if release.champion is not None else "; nothing was live before"
    return f"on days that no training saw its error is {text}{alone}"


def _chosen(release: Release, scale: Float64) -> list[str]:
    """Why this one of the candidates."""
    own = release.chosen.candidate
    others = [each.candidate for each in release.judged if each.candidate is not own]
    if not others:
        return []
    loss = own.loss(scale)
    named = [f"{below(1 - loss / other.loss(scale))} that of {title_of(other.bundle.manifest)}" for other in others]
    listed = named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"
    return [f"It was chosen because its error on the validation part is the smallest: {listed}."]


def _decided(checks: Sequence[Check], failed: Sequence[Check]) -> list[str]:
    """Which check decided, and what to do where one has failed."""
    if failed:
        why = [f"The check that decided, {check.name}: {check.text}." for check in failed]
        advice = dict.fromkeys(ADVICE[check.name] for check in failed if check.name in ADVICE)
        return [*why, f"What to do now: {'; '.join(advice)}."] if advice else why
    passed = [check for check in checks if check.outcome is Outcome.PASSED]
    gain = next((check for check in passed if check.name == "gain"), None)
    if gain is None:
        return []
    return [f"It passed all {len(passed)} checks. The one that decides is the gain: {gain.text}."]

"""The result of a run of the retraining flow, as text for a person and as JSON for a program."""

from dataclasses import dataclass
from pathlib import Path

import msgspec
from rich.console import Console

from flows.output.models import model_document
from flows.output.tables import known, rich_table
from pipeline.history.prepared import Prepared
from pipeline.release.decision import Judged, Release
from pipeline.report.report import candidate_grid


@dataclass(frozen=True, slots=True)
class Retrained:
    """The history, the candidates and the verdict.

    Args:
        prepared: the history it learned from.
        release: the candidates judged, and what went out where something did.
        failures: one line per candidate that could not be made.
    """

    prepared: Prepared
    release: Release
    failures: tuple[str, ...]


def consequence(retrained: Retrained, *, released: bool) -> str:
    """One line: what is live now."""
    release = retrained.release
    if not released:
        out = "would go out" if release.chosen.trial.verdict.release else "would not go out"
        baseline = None if release.goes_out is None else release.goes_out.manifest.baseline
        instead = "" if baseline is None else f"; agents would forecast by {baseline}"
        return f"judged only: {release.candidate.manifest.version} {out}{instead}"
    if release.goes_out is None:
        return f"not released: {release.candidate.manifest.version}; the champion stays"
    if release.goes_out.model is None:
        return f"no network beats the baselines: agents forecast by {release.goes_out.manifest.baseline}"
    return f"released: {release.goes_out.manifest.version}"


def retrained_text(retrained: Retrained, *, released: bool) -> str:
    """Candidates, reasons and consequence, for the terminal."""
    console = Console(highlight=False)
    with console.capture() as captured:
        print_candidates(console, retrained)
        if len(retrained.release.judged) > 1:
            name = candidate_grid([retrained.release.chosen]).rows[0][0]
            console.print(f"  chosen: {name}, as its error on the validation part is the smallest;", markup=False)
            console.print("  the held-out part has no say in the choice, and judges it:", markup=False)
        for reason in retrained.release.chosen.trial.verdict.reasons:
            console.print(f"  {reason}", markup=False, soft_wrap=True)
        console.print(consequence(retrained, released=released), markup=False, soft_wrap=True)
    return captured.get().rstrip()


def afterwards(release: Release, registry: Path) -> list[str]:
    """Lines for after a run that may release: where the report lies, and what to do now.

    Args:
        release: verdict and its consequence.
        registry: folder of the registry.
    """
    lines = [f"report with its forecasts of every series: {registry / 'plots' / release.candidate.manifest.version}.html"]
    if release.goes_out is not None:
        lines.append("next: gatecast-agent check, then gatecast-agent run; an agent that runs takes it by itself")
    return lines


def retrained_document(retrained: Retrained, *, released: bool) -> dict[str, object]:
    """The same as data."""
    release = retrained.release
    verdict = release.chosen.trial.verdict
    live = release.goes_out if released else None
    return {
        "version": release.candidate.manifest.version,
        "released": None if live is None else live.manifest.version,
        "verdict": verdict.release,
        "reasons": list(verdict.reasons),
        "checks": msgspec.to_builtins(list(verdict.checks)),
        "skill": known(verdict.skill),
        "champion_skill": verdict.champion_skill,
        "series_won": verdict.series_won,
        "series_judged": verdict.series_judged,
        "coverage": known(verdict.coverage),
        "candidates": [_candidate_document(judged) for judged in release.judged],
        "left_out": [*retrained.prepared.warnings, *retrained.failures],
    }


def _candidate_document(judged: Judged) -> dict[str, object]:
    manifest = judged.candidate.bundle.manifest
    return {
        **model_document(manifest),
        "skill": known(judged.trial.verdict.skill),
        "microseconds_per_forecast": judged.cost.latency,
        "parity": judged.candidate.parity,
    }


def print_candidates(console: Console, retrained: Retrained) -> None:
    """Print the candidates with their skill."""
    console.print("candidates on the held-out part of the history; skill: how far the error is")
    console.print("below that of the best baseline of each series, on average:")
    console.print(rich_table(candidate_grid(retrained.release.judged)))

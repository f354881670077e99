"""What a person, or a program, is told at the end: terminal text, JSON documents, plot and report files."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table as RichTable

from edge.bundle import Manifest
from edge.contract import format_duration
from edge.release import replace_file
from flows.retrained import NAMES, Retrained, candidate_grid
from pipeline.page import DASH, Grid, Picture, Section, html_report, number, percent
from pipeline.plots import Line, forecast_plot, lead_plot
from pipeline.release import Judged
from pipeline.report import series_grid, validation_grid

if TYPE_CHECKING:
    from flows.demo import Outcome  # Prefect takes seconds, and `gatecast models` needs none of it


def consequence(retrained: Retrained, *, released: bool) -> str:
    """One line: what is live now."""
    release = retrained.release
    if not released:
        out = "would go out" if release.chosen.trial.verdict.release else "would not go out"
        return f"judged only: {release.candidate.manifest.version} {out}"
    if release.goes_out is None:
        return f"not released: {release.candidate.manifest.version}; the champion stays"
    if release.goes_out.model is None:
        return f"no network beats the baselines: agents forecast by {release.goes_out.manifest.baseline}"
    return f"released: {release.goes_out.manifest.version}"


def retrained_text(retrained: Retrained, *, released: bool) -> str:
    """Candidates, reasons and consequence, for the terminal."""
    console = Console(highlight=False)
    with console.capture() as captured:
        console.print(_rich(candidate_grid(retrained.release.judged), "candidates on the held-out part"))
        for reason in retrained.release.chosen.trial.verdict.reasons:
            console.print(f"  {reason}", markup=False, soft_wrap=True)
        console.print(consequence(retrained, released=released), markup=False, soft_wrap=True)
    return captured.get().rstrip()


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
        "skill": _known(verdict.skill),
        "champion_skill": verdict.champion_skill,
        "series_won": verdict.series_won,
        "series_judged": verdict.series_judged,
        "coverage": _known(verdict.coverage),
        "candidates": [_candidate_document(one) for one in release.judged],
        "left_out": [*retrained.prepared.warnings, *retrained.failures],
    }


def _candidate_document(one: Judged) -> dict[str, object]:
    manifest = one.candidate.bundle.manifest
    return {
        **_model_document(manifest),
        "skill": _known(one.trial.verdict.skill),
        "microseconds_per_forecast": one.cost.latency,
        "parity": one.candidate.parity,
    }


def _model_document(manifest: Manifest) -> dict[str, object]:
    model, training = manifest.model, manifest.training
    return {
        "version": manifest.version,
        "cell": manifest.baseline if model is None else model.cell,
        "design": None if model is None else model.design,
        "bytes": 0 if model is None else model.size,
        "parameters": 0 if model is None else model.parameters,
        "train_seconds": None if training is None else round(training.seconds, 2),
    }


def models_text(manifests: Sequence[Manifest], live: str | None, channel: str) -> str:
    """The registry, newest last."""
    if not manifests:
        return "no bundles yet; run gatecast retrain"
    grid = Grid(
        ("version", "", "cell", "series", "interval", "kB", "skill"),
        tuple(_manifest_row(one, live, channel) for one in manifests),
    )
    console = Console(highlight=False)
    with console.capture() as captured:
        console.print(_rich(grid))
    return captured.get().rstrip()


def _manifest_row(manifest: Manifest, live: str | None, channel: str) -> tuple[str, ...]:
    skill = next((metric.skill for metric in manifest.metrics if metric.skill is not None), None)
    return (
        manifest.version,
        channel if manifest.version == live else "",
        manifest.model.cell if manifest.model else str(manifest.baseline),
        str(len(manifest.series)),
        format_duration(manifest.contract.interval),
        number(manifest.model.size / 1000) if manifest.model else DASH,
        percent(skill, sign=True),
    )


def models_document(manifests: Sequence[Manifest], live: str | None) -> list[dict[str, object]]:
    """The same as data."""
    return [{**_model_document(one), "live": one.version == live, "created": one.created} for one in manifests]


def outcome_document(outcome: "Outcome") -> dict[str, object]:
    """The figures of a demo, as `--json` writes them."""
    counts, skill = outcome.counts, outcome.measured.skill
    live = outcome.live.manifest
    return {
        "readings_sent": counts.readings_sent,
        "readings_stored": counts.readings_stored,
        "forecasts": counts.forecasts,
        "lost": counts.lost,
        "doubled": counts.doubled,
        "series": len(skill.names),
        "mean_skill": _known(skill.mean),
        "series_won": skill.won,
        "coverage_80": _known(skill.coverage),
        "model": _model_document(live),
        "microseconds_per_forecast": _known(outcome.microseconds_per_forecast),
        "readings_per_second": round(outcome.readings_per_second, 1),
        "seconds": outcome.seconds,
        "plot": str(outcome.folder / "forecast.png"),
        "report": str(outcome.folder / "report.html"),
        "broker": outcome.broker,
        "released": live.model is not None,
        "mean_absolute_error": {
            name: {str(lead): _known(float(error)) for lead, error in zip(skill.leads, row, strict=True)}
            for name, row in zip(skill.forecasters, skill.by_lead, strict=True)
        },
        "skills": {name: _known(float(value)) for name, value in zip(skill.names, skill.skills, strict=True)},
        "exit_code": outcome.code,
    }


def write_outcome(outcome: "Outcome") -> Path:
    """Plot and report in the working folder; returns the report's path."""
    skill, interval = outcome.measured.skill, outcome.contract.interval
    plot = forecast_plot(outcome.measured.panels, _model_name(outcome)) if outcome.measured.panels else b""
    replace_file(outcome.folder / "forecast.png", plot)
    roles = ["model", *["baseline"] * (len(skill.forecasters) - 1)]
    lines = [
        Line(_model_name(outcome) if role == "model" else name, error, role)
        for name, error, role in zip(skill.forecasters, outcome.measured.lead_errors, roles, strict=True)
    ]
    sections = [
        Section("In short", tuple(_headlines(outcome)), _lead_grid(outcome)),
        Section(
            "Forecast against fact",
            ("The newest forecasts as the agent wrote them to the store, each made where the one before ended.",),
            pictures=(Picture(plot, "Fact, median and interval"),) if plot else (),
        ),
        Section(
            "Error by lead",
            pictures=(Picture(lead_plot(lines, interval, "in units of the last value's error"), "Error by lead"),),
        ),
        Section(
            "Series by series", ("Mean absolute error over all leads, in the unit of each series.",), _series_grid(outcome)
        ),
        Section(
            "Candidates",
            outcome.retrained.release.chosen.trial.verdict.reasons,
            candidate_grid(outcome.retrained.release.judged),
        ),
        Section("Held-out part, series by series", grid=series_grid(outcome.retrained.release.chosen.trial)),
        Section("History", outcome.retrained.prepared.warnings, validation_grid(outcome.retrained.prepared.report)),
    ]
    path = outcome.folder / "report.html"
    replace_file(path, html_report("Gatecast: what the replay showed", sections).encode())
    return path


def print_outcome(outcome: "Outcome") -> None:
    """The summary on the terminal."""
    console = Console(highlight=False)
    console.print(_rich(candidate_grid(outcome.retrained.release.judged), "candidates on the held-out part of the history"))
    console.print(_rich(_lead_grid(outcome), "mean absolute error on the replay, in units of the last value's error"))
    for line in _headlines(outcome):
        console.print(f"  {line}", markup=False, soft_wrap=True)


def _model_name(outcome: "Outcome") -> str:
    model = outcome.live.manifest.model
    return f"{NAMES[model.cell]} {model.design}" if model else f"baseline {outcome.live.manifest.baseline}"


def _lead_grid(outcome: "Outcome") -> Grid:
    skill = outcome.measured.skill
    headers = ("forecaster", *(f"{format_duration(lead * outcome.contract.interval)} ahead" for lead in skill.leads))
    names = [f"agent ({_model_name(outcome)})", *skill.forecasters[1:]]
    rows = zip(names, skill.by_lead, strict=True)
    return Grid(headers, tuple((name, *(number(float(error)) for error in errors)) for name, errors in rows))


def _series_grid(outcome: "Outcome") -> Grid:
    skill = outcome.measured.skill
    rows = []
    for row, name in enumerate(skill.names):
        errors = (number(float(error)) for error in skill.by_series[:, row])
        rows.append((name, percent(float(skill.skills[row]), sign=True), *errors))
    return Grid(("series", "below best baseline", "agent", *skill.forecasters[1:]), tuple(rows))


def _headlines(outcome: "Outcome") -> list[str]:
    counts, skill, model = outcome.counts, outcome.measured.skill, outcome.live.manifest.model
    stored = f"readings: {counts.readings_sent:,} sent, {counts.readings_stored:,} stored"
    lines = [f"{stored}; forecasts: {counts.forecasts:,} stored; lost: {counts.lost}, doubled: {counts.doubled}"]
    if model is None:
        lines.append(
            f"no network beats the baselines on this history, so none was released: the agent forecast by "
            f"{outcome.live.manifest.baseline}"
        )
    else:
        lines.append(
            f"error over all leads: {percent(skill.mean)} below the best baseline of each sensor on average, "
            f"ahead on {skill.won} of {len(skill.names)} sensors"
        )
        lines += [f"  behind on {name}: {percent(-value)} above {baseline}" for name, baseline, value in skill.lost_to()]
        levels = outcome.contract.quantiles
        lines.append(f"{levels[-1] - levels[0]:.0%} interval: holds {percent(skill.coverage)} of the facts")
        training = outcome.live.manifest.training
        seconds = "" if training is None else f", trained in {training.seconds:.1f} s"
        lines.append(
            f"model: {outcome.live.manifest.version}, {NAMES[model.cell]} {model.design}, {model.parameters:,} parameters, "
            f"{model.size / 1000:,.0f} kB{seconds}, {number(outcome.microseconds_per_forecast)} µs per forecast"
        )
    lines += [
        f"stream: {outcome.readings_per_second:,.0f} readings per second through {outcome.broker}, agent and spool",
        f"store: {outcome.store}",
        f"plot: {outcome.folder / 'forecast.png'}",
        f"report: {outcome.folder / 'report.html'}",
    ]
    return lines


def _known(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else round(value, 6)


def _rich(grid: Grid, title: str | None = None) -> RichTable:
    table = RichTable(title=title, title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for place, header in enumerate(grid.headers):
        table.add_column(header, justify="left" if place == 0 else "right", no_wrap=place == 0)
    for row in grid.rows:
        table.add_row(*row)
    return table

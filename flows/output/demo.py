"""What a person, or a program, is told at the end: terminal text, JSON documents, plot and report files."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table as RichTable

from edge.files import replace_file
from edge.forecaster.bundle import Manifest
from flows.output.retrained import NAMES, Retrained, candidate_grid
from pipeline.release.decision import Judged
from pipeline.report.page import DASH, Grid, Picture, Section, html_report, number, percent
from pipeline.report.plots import Line, forecast_plot, lead_plot
from pipeline.report.report import lead_grid, series_grid, trial_grid, validation_grid

IN_THE_TABLE = "mean absolute error on the replay, in units of the last value's error"
NOTHING_TO_DRAW = "none: no series has a whole forecast that was made in the replay"

if TYPE_CHECKING:
    from flows.demo.run import Outcome  # Prefect takes seconds, and `gatecast models` needs none of it


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
        _print_candidates(console, retrained)
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
        "precision": None if model is None else model.precision,
        "bytes": 0 if model is None else model.size,
        "parameters": 0 if model is None else model.parameters,
        "train_seconds": None if training is None else round(training.seconds, 2),
        "settings": {} if training is None else training.settings,
    }


def models_text(manifests: Sequence[Manifest], live: str | None, channel: str) -> str:
    """The registry, newest last."""
    if not manifests:
        return "no bundles yet; run gatecast retrain"
    grid = Grid(("version", "", "series", "kB", "skill"), tuple(_manifest_row(one, live) for one in manifests))
    console = Console(highlight=False)
    with console.capture() as captured:
        console.print(_rich(grid))
        if live is not None:
            console.print(f"* named by channel {channel}", markup=False, soft_wrap=True)
    return captured.get().rstrip()


def _manifest_row(manifest: Manifest, live: str | None) -> tuple[str, ...]:
    own = next((metric for metric in manifest.metrics if metric.forecaster == manifest.version), None)
    return (
        manifest.version,
        "*" if manifest.version == live else "",
        str(len(manifest.series)),
        number(manifest.model.size / 1000) if manifest.model else DASH,
        percent(None if own is None else own.skill, sign=True),
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
        "plot": None if outcome.plot is None else str(outcome.plot),
        "report": str(outcome.report),
        "broker": outcome.broker,
        "released": live.model is not None,
        "mean_absolute_error": {
            name: {str(lead): _known(float(error)) for lead, error in zip(skill.leads, row, strict=True)}
            for name, row in zip(skill.forecasters, skill.by_lead, strict=True)
        },
        "skills": {name: _known(float(value)) for name, value in zip(skill.names, skill.skills, strict=True)},
        "exit_code": outcome.code,
    }


def write_outcome(outcome: "Outcome") -> None:
    """Plot, where there is something to draw, and report in the working folder."""
    skill, interval = outcome.measured.skill, outcome.contract.interval
    leads, horizon = outcome.measured.leads, outcome.contract.horizon
    which = "all leads" if len(leads) == horizon else f"{len(leads)} of {horizon} leads, evenly chosen"
    pictures: tuple[Picture, ...] = ()
    if outcome.plot is not None:
        png = forecast_plot(outcome.measured.panels, _model_name(outcome))
        replace_file(outcome.plot, png)
        pictures = (Picture(png, "Fact, median and interval"),)
    roles = ["model", *["baseline"] * (len(skill.forecasters) - 1)]
    lines = [
        Line(_model_name(outcome) if role == "model" else name, error, role)
        for name, error, role in zip(skill.forecasters, outcome.measured.lead_errors, roles, strict=True)
    ]
    sections = [
        Section("In short", (*_headlines(outcome), f"{IN_THE_TABLE}:"), _lead_grid(outcome)),
        Section(
            "Forecast against fact",
            ("The newest forecasts as the agent wrote them to the store, each made where the one before ended.",)
            if pictures
            else (NOTHING_TO_DRAW,),
            pictures=pictures,
        ),
        Section(
            "Error by lead",
            pictures=(Picture(lead_plot(lines, leads, interval, "in units of the last value's error"), "Error by lead"),),
        ),
        Section("Series by series", (f"Mean absolute error over {which}, in the unit of each series.",), _series_grid(outcome)),
        Section(
            "Candidates",
            outcome.retrained.release.chosen.trial.verdict.reasons,
            candidate_grid(outcome.retrained.release.judged),
        ),
        Section("Held-out part, series by series", grid=trial_grid(outcome.retrained.release.chosen.trial)),
        Section("History", outcome.retrained.prepared.warnings, validation_grid(outcome.retrained.prepared.report)),
    ]
    replace_file(outcome.report, html_report("Gatecast: what the replay showed", sections).encode())


def print_outcome(outcome: "Outcome") -> None:
    """The summary on the terminal."""
    console = Console(highlight=False)
    _print_candidates(console, outcome.retrained)
    console.print(f"{IN_THE_TABLE}:")
    console.print(_rich(_lead_grid(outcome)))
    for line in _headlines(outcome):
        console.print(f"  {line}", markup=False, soft_wrap=True)


def _print_candidates(console: Console, retrained: Retrained) -> None:
    console.print("candidates on the held-out part of the history; skill: how far the error is")
    console.print("below that of the best baseline of each series, on average:")
    console.print(_rich(candidate_grid(retrained.release.judged)))


def _model_name(outcome: "Outcome") -> str:
    model = outcome.live.manifest.model
    return f"{NAMES[model.cell]} {model.design}" if model else f"baseline {outcome.live.manifest.baseline}"


def _lead_grid(outcome: "Outcome") -> Grid:
    names = [f"agent ({_model_name(outcome)})", *outcome.measured.skill.forecasters[1:]]
    skill = outcome.measured.skill
    return lead_grid(list(zip(names, skill.by_lead, strict=True)), skill.leads, outcome.contract.interval)


def _series_grid(outcome: "Outcome") -> Grid:
    skill = outcome.measured.skill
    names = ["agent", *skill.forecasters[1:]]
    return series_grid(skill.names, skill.skills.tolist(), list(zip(names, skill.by_series, strict=True)))


def _headlines(outcome: "Outcome") -> list[str]:
    counts, skill, model = outcome.counts, outcome.measured.skill, outcome.live.manifest.model
    lines = [
        f"readings: {counts.readings_sent:,} sent, {counts.readings_stored:,} stored; forecasts: {counts.forecasts:,} stored",
        f"lost: {counts.lost}, doubled: {counts.doubled}",
    ]
    if model is None:
        lines += [
            "no network beats the baselines on this history, so none was released",
            f"model: {outcome.live.manifest.version}, the baseline {outcome.live.manifest.baseline}",
        ]
    else:
        side = "above" if skill.mean < 0 else "below"
        lines.append(
            f"error: {percent(abs(skill.mean))} {side} each sensor's best baseline on average, "
            f"ahead on {skill.won} of {len(skill.names)}"
        )
        lines += [f"  behind on {name}: {percent(-value)} above {baseline}" for name, baseline, value in skill.lost_to()]
        levels = outcome.contract.quantiles
        lines.append(f"{levels[-1] - levels[0]:.0%} interval: holds {percent(skill.coverage)} of the facts")
        lines.append(
            f"model: {outcome.live.manifest.version}, {NAMES[model.cell]} {model.design}, {model.parameters:,} parameters, "
            f"{model.size / 1000:,.0f} kB"
        )
        lines.append(f"forecast: {number(outcome.microseconds_per_forecast)} µs each in the agent")
    lines += [
        f"stream: {outcome.readings_per_second:,.0f} readings per second through {outcome.broker}, agent and spool",
        f"store: {outcome.store}",
        f"plot: {outcome.plot or NOTHING_TO_DRAW}",
        f"report: {outcome.report}",
    ]
    return lines


def _known(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else round(value, 6)


def _rich(grid: Grid) -> RichTable:
    table = RichTable(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for place, header in enumerate(grid.headers):
        table.add_column(header, justify="left" if place == 0 else "right", no_wrap=place == 0)
    for row in grid.rows:
        table.add_row(*row)
    return table

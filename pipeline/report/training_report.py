"""The report of a training: forecasts of every series on the days that no training saw, and which network won and why."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from edge.contract.times import DAY, format_duration
from edge.files import replace_file
from edge.forecaster.model import open_forecaster
from edge.quoting import counted
from edge.series.scoring import default_leads
from pipeline.history.prepared import Prepared
from pipeline.judging.contender import on_device
from pipeline.judging.evaluation import Evaluation
from pipeline.release.decision import Release
from pipeline.report.drawing import Line, lead_picture
from pipeline.report.page import number
from pipeline.report.plots import panels
from pipeline.report.report import candidate_grid, lead_grid
from pipeline.report.series_figures import Errors, Known, plain_name, series_figures
from pipeline.report.sheet import Key, SeriesFigures, Sheet, forecasts_shown, sheet_html, skill_keys
from pipeline.report.winner import title_of, winner

UNIT = "standard deviations of each series"


def write_training_report(prepared: Prepared, release: Release, failures: Sequence[str], path: Path) -> None:
    """Write the report as one file.

    Args:
        prepared: history.
        release: candidates, verdict and consequence.
        failures: lines about candidates that could not be made.
        path: HTML file, written whole or not at all.
    """
    replace_file(path, sheet_html(training_sheet(prepared, release, failures)).encode())


def training_sheet(prepared: Prepared, release: Release, failures: Sequence[str] = ()) -> Sheet:
    """What the report shows; arguments as of `write_training_report`."""
    contract, trial, scale = prepared.contract, release.chosen.trial, prepared.scale
    title = title_of(release.candidate.manifest)
    evaluations = [trial.candidate, *([trial.champion] if trial.champion else []), *trial.baselines]
    names = [title, *(_name(each, trial.champion) for each in evaluations[1:])]
    by_lead = [each.by_lead(scale) for each in evaluations]
    roles = ["model", *(["champion"] if trial.champion else []), *["baseline"] * len(trial.baselines)]
    lines = [Line(*each) for each in zip(names, by_lead, roles, strict=True)]
    leads, few = list(range(1, contract.horizon + 1)), default_leads(contract.horizon)
    shown = [(name, errors[np.asarray(few) - 1]) for name, errors in zip(names, by_lead, strict=True)]
    days = len(prepared.split.held_out) * contract.interval // DAY
    return Sheet(
        title="What the training brought",
        lead=_lead(prepared, days),
        keys=_keys(release),
        winner=winner(release, scale),
        candidates=candidate_grid(release.judged),
        leads=lead_picture(lines, leads, contract.interval, UNIT),
        leads_grid=lead_grid(shown, few, contract.interval),
        leads_unit=UNIT,
        basis=_basis(days),
        series=_series(prepared, release, names, evaluations),
        notes=(("History", prepared.warnings), ("Candidates that could not be made", tuple(failures))),
    )


def _name(evaluation: Evaluation, champion: Evaluation | None) -> str:
    return f"live ({evaluation.forecaster})" if evaluation is champion else plain_name(evaluation.forecaster)


def _lead(prepared: Prepared, days: int) -> str:
    contract, count = prepared.contract, len(prepared.table.names)
    ahead, interval = (format_duration(length * contract.interval) for length in (contract.horizon, 1))
    return (
        f"{counted(count, 'series', 'series')} in intervals of {interval}, forecast for {ahead} ahead, and judged on the last "
        f"{counted(days, 'day')} of the history, which no training saw."
    )


def _basis(days: int) -> str:
    return (
        f"Error and skill are those of the held-out part, the last {counted(days, 'day')} of the history. "
        "Skill says how far the error is below that of the best simple forecast of the series. "
        "The pictures show the newest forecasts there; times are UTC."
    )


def _keys(release: Release) -> tuple[Key, ...]:
    verdict, cost = release.chosen.trial.verdict, release.chosen.cost
    levels = release.candidate.manifest.contract.quantiles
    return (
        *skill_keys(verdict.skill, verdict.series_won, verdict.series_judged, verdict.coverage, levels),
        Key("Model", f"{number((cost.size or 0) / 1000)} kB", f"{number(cost.latency)} µs a forecast"),
    )


def _series(
    prepared: Prepared, release: Release, names: Sequence[str], evaluations: Sequence[Evaluation]
) -> tuple[SeriesFigures, ...]:
    table, trial = prepared.table, release.chosen.trial
    entrant = on_device(open_forecaster(release.candidate), release.candidate, table.names)
    count = forecasts_shown(len(table.names), prepared.contract.horizon)
    drawn = panels(entrant, table, prepared.contract, prepared.split.held_out, range(len(table.names)), count)
    errors = Errors("held-out part", trial.candidate.names, tuple(names), np.stack([each.by_series for each in evaluations]))
    history = {report.name: report for report in prepared.report.series}
    known = Known(prepared.contract.interval, table.told, {panel.name: panel for panel in drawn}, history)
    return series_figures((errors,), trial.verdict.skills, known)

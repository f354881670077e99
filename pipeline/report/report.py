"""Tables of history and errors, the model card and the picture of a release, in the words and units of the user."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from edge.contract.columns import Float64
from edge.contract.meaning import GAUGE
from edge.contract.times import format_duration, iso
from edge.files import replace_file
from edge.forecaster.manifest import Manifest, Metric
from edge.forecaster.model import open_forecaster
from edge.quoting import counted
from edge.series.scoring import default_leads
from pipeline.history.checks import Report
from pipeline.history.prepared import Prepared
from pipeline.judging.contender import on_device
from pipeline.release.decision import Judged, Release
from pipeline.report.page import DASH, Grid, gain, markdown, number, percent
from pipeline.report.plots import forecast_plot, panels
from pipeline.training.cells import CELLS

SHOWN = 4  # series in a picture


def validation_grid(report: Report) -> Grid:
    """The history, one row per series."""
    return Grid(
        (
            "series",
            "first",
            "last",
            "readings",
            "missing",
            "gaps",
            "longest gap",
            "duplicates",
            "out of order",
            "not finite",
            "longest flat",
            "problem",
        ),
        tuple(
            (
                series.name,
                DASH if series.first is None else iso(series.first),
                DASH if series.last is None else iso(series.last),
                f"{series.readings:,}",
                percent(series.missing),
                str(series.gaps),
                format_duration(series.longest_gap) if series.longest_gap else DASH,
                str(series.duplicates),
                str(series.out_of_order),
                str(series.not_finite),
                format_duration(series.flat * report.interval) if series.flat else DASH,
                series.problem or "none",
            )
            for series in report.series
        ),
    )


def lead_grid(errors: Sequence[tuple[str, Float64]], leads: Sequence[int], interval: int) -> Grid:
    """Error at some leads, one row per forecaster.

    Args:
        errors: name and mean absolute error at these leads, float `[leads]`.
        leads: leads of the columns.
        interval: ns.
    """
    return Grid(
        ("forecaster", *(f"{format_duration(lead * interval)} ahead" for lead in leads)),
        tuple((name, *map(number, error.tolist())) for name, error in errors),
    )


def validation_table(report: Report) -> str:
    """`validation_grid` as Markdown."""
    return markdown(validation_grid(report))


def model_card(manifest: Manifest) -> str:
    """Kind, origin, errors and verdict of a forecaster, as Markdown; everything is taken from its manifest."""
    contract = manifest.contract
    interval = contract.interval
    facts = [
        ("version", manifest.version),
        ("created", manifest.created),
        ("code", manifest.code_version),
        ("interval", f"{format_duration(interval)}, {contract.aggregation} of its readings"),
        ("window", f"{counted(contract.window, 'interval')} ({format_duration(contract.window * interval)})"),
        *(
            ("before it", f"{part.count} spans of {format_duration(part.steps * interval)}, the mean of each")
            for part in contract.coarse
        ),
        ("horizon", f"{counted(contract.horizon, 'interval')} ({format_duration(contract.horizon * interval)})"),
        ("quantiles", ", ".join(f"{level:g}" for level in contract.quantiles)),
        ("missing at most", f"{contract.max_missing:.0%} of the window; beyond that a baseline forecasts"),
        ("series", f"{len(manifest.series)} known by name; others are scaled by their own window"),
    ]
    if manifest.baseline is not None:
        facts.append(("forecaster", f"the baseline {manifest.baseline}: no network was better"))
    if manifest.model is not None:
        model = manifest.model
        facts += [
            ("network", f"{model.cell}, {model.design}, {model.units} units, {model.parameters:,} parameters"),
            ("model file", f"{model.size:,} bytes, {model.precision}, SHA-256 {model.sha256}"),
            ("verified on", model.runtime),
        ]
    if manifest.training is not None:
        training = manifest.training
        facts += [
            ("trained on", f"{iso(training.start)} … {iso(training.end)}, {training.rows:,} filled intervals"),
            ("training", f"{counted(training.epochs, 'epoch')}, {number(training.seconds)} s, seed {training.seed}"),
            *(
                (f"share of {name}", f"{known:.0%} of the median, the mean over the series; {unknown:.0%} for unknown ones")
                for name, (unknown, known) in training.weights.items()
            ),
            ("data", training.data_hash),
        ]
    parts = [f"# Model card: {manifest.version}\n", markdown(Grid(("", "what it is"), tuple(facts)))]
    if manifest.metrics:
        shown = default_leads(contract.horizon)
        errors = [(metric.forecaster, _errors(metric, shown)) for metric in manifest.metrics]
        leads = lead_grid(errors, shown, interval)
        grid = Grid(
            (*leads.headers, "skill", "coverage"),
            tuple(
                (*row, gain(metric.skill), percent(metric.coverage))
                for row, metric in zip(leads.rows, manifest.metrics, strict=True)
            ),
        )
        parts += ["## Mean absolute error on held-out readings, in standard deviations of each series\n", markdown(grid)]
    if manifest.checks:
        checks = tuple((check.name, check.outcome.value, check.text) for check in manifest.checks)
        parts += ["## Verdict\n", markdown(Grid(("check", "outcome", "figures"), checks))]
    if manifest.series:
        parts += ["## Series\n", ", ".join(_series(name, manifest) for name in manifest.series) + "\n"]
    return "\n".join(parts)


def _series(name: str, manifest: Manifest) -> str:
    """Name of a series, with unit, kind and hold where they are known."""
    meaning = manifest.meanings.get(name, GAUGE)
    known = ([meaning.unit] if meaning.unit else []) + ([] if meaning.is_plain else [meaning.words])
    return f"`{name}`" + (f" ({', '.join(known)})" if known else "")


def _errors(metric: Metric, leads: Sequence[int]) -> Float64:
    """Errors at these leads, float64 `[leads]`; NaN where nothing was scored."""
    errors = [metric.absolute_error[lead - 1] for lead in leads]
    return np.array([math.nan if error is None else error for error in errors])


def plot_png(prepared: Prepared, release: Release, path: Path) -> None:
    """Write forecast against fact at the end of the held-out part, for a few series spread over the table.

    Args:
        prepared: history.
        release: its candidate makes the forecasts.
        path: PNG file, written whole or not at all.
    """
    manifest, table = release.candidate.manifest, prepared.table
    entrant = on_device(open_forecaster(release.candidate), release.candidate, table.names)
    rows = np.unique(np.linspace(0, len(table.names) - 1, min(SHOWN, len(table.names))).round().astype(int)).tolist()
    shown = panels(entrant, table, prepared.contract, prepared.split.held_out, rows)
    replace_file(path, forecast_plot(shown, manifest.version))


def candidate_grid(judged: Sequence[Judged]) -> Grid:
    """Candidates on the held-out part of the history, one row each; skill is that of the verdict."""
    return Grid(
        ("candidate", "skill", "ahead on", "coverage", "kB", "µs/forecast", "training"), tuple(map(_candidate_row, judged))
    )


def _candidate_row(judged: Judged) -> tuple[str, ...]:
    model, verdict = judged.candidate.bundle.manifest.model, judged.trial.verdict
    return (
        DASH if model is None else f"{CELLS[model.cell].title} {model.design}",
        gain(verdict.skill),
        f"{verdict.series_won} of {verdict.series_judged}",
        percent(verdict.coverage),
        number((judged.cost.size or 0) / 1000),
        number(judged.cost.latency),
        f"{number(judged.candidate.record.seconds)} s",
    )

"""The page that a demo leaves behind: its forecasts beside the facts, and which network made them and why."""

import numpy as np

from edge.contract.times import DAY, format_duration
from edge.files import replace_file
from edge.quoting import counted
from flows.output.demo import headlines, lead_rows, model_name
from flows.output.demonstration import Demonstration
from pipeline.report.drawing import Line, lead_picture
from pipeline.report.page import number, percent
from pipeline.report.report import candidate_grid
from pipeline.report.series_figures import Errors, Known, plain_name, series_figures
from pipeline.report.sheet import Key, SeriesFigures, Sheet, sheet_html, skill_keys
from pipeline.report.winner import title_of, winner

UNIT = "times the error of the last value"


def write_report(demo: Demonstration) -> None:
    """The page in the working folder."""
    replace_file(demo.report, sheet_html(demo_sheet(demo)).encode())


def demo_sheet(demo: Demonstration) -> Sheet:
    """What the page shows."""
    retrained, errors, leads = demo.retrained, demo.measured.errors, demo.measured.leads
    names = [model_name(demo), *map(plain_name, errors.forecasters[1:])]
    lines = [
        Line(name, error, "baseline" if number else "model")
        for number, (name, error) in enumerate(zip(names, demo.measured.lead_errors, strict=True))
    ]
    return Sheet(
        title="What the replay showed",
        lead=_lead(demo),
        keys=_keys(demo),
        winner=winner(retrained.release, retrained.prepared.scale),
        candidates=candidate_grid(retrained.release.judged),
        leads=lead_picture(lines, leads, demo.contract.interval, UNIT),
        leads_grid=lead_rows(demo),
        leads_unit=UNIT,
        basis=_basis(demo),
        series=_series(demo),
        notes=(("History", retrained.prepared.warnings), ("How it ran", tuple(headlines(demo)))),
    )


def _lead(demo: Demonstration) -> str:
    errors, contract = demo.measured.errors, demo.contract
    table = demo.measured.table
    days = len(np.unique(demo.measured.samples.origin * contract.interval // DAY))
    over = f", over {counted(days, 'day')} that no training saw" if days else ""
    what = f"{counted(len(errors.names), 'series', 'series')} for {format_duration(contract.horizon * contract.interval)} ahead"
    said = f"The agent forecast {what}, anew every {format_duration(table.interval)}{over}"
    if not np.isfinite(errors.skill):
        return f"{said}."
    side = "below" if errors.skill >= 0 else "above"
    return f"{said}: the error is {percent(abs(errors.skill))} {side} that of the best simple forecast of each series."


def _keys(demo: Demonstration) -> tuple[Key, ...]:
    counts, errors, model = demo.counts, demo.measured.errors, demo.live.manifest.model
    keys = [
        *skill_keys(errors.skill, errors.won, len(errors.names), errors.coverage, demo.contract.quantiles),
        Key("Lost or doubled", f"{counts.lost + counts.doubled:,}", f"of {counted(counts.readings_sent, 'reading')}"),
    ]
    if model is not None:
        cost = f"{number(demo.microseconds_per_forecast)} µs a forecast"
        keys.append(Key("Model", f"{model.size / 1000:,.0f} kB", cost))
    return tuple(keys)


def _basis(demo: Demonstration) -> str:
    leads, horizon = demo.measured.leads, demo.contract.horizon
    which = "all leads" if len(leads) == horizon else f"{len(leads)} of {horizon} leads, evenly chosen"
    return (
        f"Error and skill are those of the replay, over {which}. Skill says how far the error is below that of the best simple "
        "forecast of the series. The pictures show the newest forecasts as the agent wrote them to the store; times are UTC."
    )


def _series(demo: Demonstration) -> tuple[SeriesFigures, ...]:
    errors, trial, prepared = demo.measured.errors, demo.retrained.release.chosen.trial, demo.retrained.prepared
    own = model_name(demo)
    replay = Errors("replay", errors.names, (own, *errors.forecasters[1:]), errors.by_series)
    judged = [trial.candidate, *([trial.champion] if trial.champion else []), *trial.baselines]
    titles = (title_of(demo.retrained.release.candidate.manifest), *(each.forecaster for each in judged[1:]))
    held_out = Errors("held-out part", trial.candidate.names, titles, np.stack([each.by_series for each in judged]))
    known = Known(
        demo.contract.interval,
        demo.measured.table.told,
        {panel.name: panel for panel in demo.panels},
        {report.name: report for report in prepared.report.series},
    )
    return series_figures((replay, held_out), errors.skills.tolist(), known)

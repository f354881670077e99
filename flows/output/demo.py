"""What a person, or a program, is told at the end: terminal text, JSON documents, plot and report files."""

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from edge.contract.contract import Contract
from edge.files import replace_file
from edge.forecaster.bundle import Bundle
from flows.output.models import model_document
from flows.output.retrained import Retrained, print_candidates
from flows.output.tables import known, rich_table
from pipeline.judging.stored_forecasts import Counts, Measured
from pipeline.report.page import Grid, Picture, Section, html_report, number, percent
from pipeline.report.plots import Line, Panel, forecast_plot, lead_plot
from pipeline.report.report import candidate_grid, lead_grid, series_grid, trial_grid, validation_grid
from pipeline.training.cells import CELLS

IN_THE_TABLE = "mean absolute error on the replay, in units of the last value's error"
NOTHING_TO_DRAW = "none: no series has a whole forecast that was made in the replay"


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything a demo shows.

    Args:
        retrained: what the flow trained and released.
        counts: lost and doubled.
        measured: errors beside the baselines.
        panels: the newest forecasts of a few series, to draw.
        contract: of the live bundle.
        live: the bundle that went out; it may be a baseline's.
        broker: name of the broker.
        store: URL of the store.
        shipped: whether it ran on the shipped data.
        microseconds_per_forecast: in the agent; NaN where a baseline forecast.
        readings_per_second: through broker, agent and spool.
        seconds: of every stage.
        folder: where everything lies.
    """

    retrained: Retrained
    counts: Counts
    measured: Measured
    panels: tuple[Panel, ...]
    contract: Contract
    live: Bundle
    broker: str
    store: str
    shipped: bool
    microseconds_per_forecast: float
    readings_per_second: float
    seconds: dict[str, float]
    folder: Path

    @property
    def report(self) -> Path:
        """The page with everything."""
        return self.folder / "report.html"

    @property
    def plot(self) -> Path | None:
        """The picture; None where there is no forecast to draw."""
        return self.folder / "forecast.png" if self.panels else None

    @property
    def beats_baselines(self) -> bool:
        """Whether a network went out and its forecasts were better than every baseline's on average."""
        return self.live.model is not None and self.measured.skill.mean > 0

    @property
    def code(self) -> int:
        """Exit code: 1 where anything was lost or doubled, or the model does not win on the shipped data."""
        broken = self.counts.lost or self.counts.doubled
        return int(bool(broken) or (self.shipped and not self.beats_baselines))


def outcome_document(outcome: Outcome) -> dict[str, object]:
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
        "mean_skill": known(skill.mean),
        "series_won": skill.won,
        "coverage_80": known(skill.coverage),
        "model": model_document(live),
        "microseconds_per_forecast": known(outcome.microseconds_per_forecast),
        "readings_per_second": round(outcome.readings_per_second, 1),
        "seconds": outcome.seconds,
        "plot": None if outcome.plot is None else str(outcome.plot),
        "report": str(outcome.report),
        "broker": outcome.broker,
        "released": live.model is not None,
        "mean_absolute_error": {
            name: {str(lead): known(float(error)) for lead, error in zip(skill.leads, row, strict=True)}
            for name, row in zip(skill.forecasters, skill.by_lead, strict=True)
        },
        "skills": {name: known(float(value)) for name, value in zip(skill.names, skill.skills, strict=True)},
        "exit_code": outcome.code,
    }


def write_outcome(outcome: Outcome) -> None:
    """Plot, where there is something to draw, and report in the working folder."""
    skill, interval = outcome.measured.skill, outcome.contract.interval
    leads, horizon = outcome.measured.leads, outcome.contract.horizon
    which = "all leads" if len(leads) == horizon else f"{len(leads)} of {horizon} leads, evenly chosen"
    pictures: tuple[Picture, ...] = ()
    if outcome.plot is not None:
        png = forecast_plot(outcome.panels, _model_name(outcome))
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


def print_outcome(outcome: Outcome) -> None:
    """The summary on the terminal."""
    console = Console(highlight=False)
    print_candidates(console, outcome.retrained)
    console.print(f"{IN_THE_TABLE}:")
    console.print(rich_table(_lead_grid(outcome)))
    for line in _headlines(outcome):
        console.print(f"  {line}", markup=False, soft_wrap=True)


def _model_name(outcome: Outcome) -> str:
    model = outcome.live.manifest.model
    return f"{CELLS[model.cell].title} {model.design}" if model else f"baseline {outcome.live.manifest.baseline}"


def _lead_grid(outcome: Outcome) -> Grid:
    names = [f"agent ({_model_name(outcome)})", *outcome.measured.skill.forecasters[1:]]
    skill = outcome.measured.skill
    return lead_grid(list(zip(names, skill.by_lead, strict=True)), skill.leads, outcome.contract.interval)


def _series_grid(outcome: Outcome) -> Grid:
    skill = outcome.measured.skill
    names = ["agent", *skill.forecasters[1:]]
    return series_grid(skill.names, skill.skills.tolist(), list(zip(names, skill.by_series, strict=True)))


def _headlines(outcome: Outcome) -> list[str]:
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
            f"model: {outcome.live.manifest.version}, {CELLS[model.cell].title} {model.design}, "
            f"{model.parameters:,} parameters, {model.size / 1000:,.0f} kB"
        )
        lines.append(f"forecast: {number(outcome.microseconds_per_forecast)} µs each in the agent")
    lines += [
        f"stream: {outcome.readings_per_second:,.0f} readings per second through {outcome.broker}, agent and spool",
        f"store: {outcome.store}",
        f"plot: {outcome.plot or NOTHING_TO_DRAW}",
        f"report: {outcome.report}",
    ]
    return lines

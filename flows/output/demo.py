"""What `gatecast demo` tells: a summary for the terminal, figures for a program, a plot and a report."""

from rich.console import Console

from edge.files import replace_file
from flows.output.demonstration import Demonstration
from flows.output.models import model_document
from flows.output.retrained import print_candidates
from flows.output.tables import known, rich_table
from pipeline.report.page import Grid, gain, number, percent
from pipeline.report.plots import forecast_plot
from pipeline.report.report import lead_grid
from pipeline.report.winner import below
from pipeline.training.cells import CELLS

IN_THE_TABLE = "mean absolute error on the replay, in units of the last value's error"
DRAWN = 5  # series in the picture; the report has all of them
NOTHING_TO_DRAW = "none: no series has a whole forecast that was made in the replay"


def demo_document(demo: Demonstration) -> dict[str, object]:
    """The figures of a demo, as `--json` writes them."""
    counts, errors = demo.counts, demo.measured.errors
    live = demo.live.manifest
    return {
        "readings_sent": counts.readings_sent,
        "readings_stored": counts.readings_stored,
        "forecasts": counts.forecasts,
        "lost": counts.lost,
        "doubled": counts.doubled,
        "series": len(errors.names),
        "mean_skill": known(errors.skill),
        "series_won": errors.won,
        "coverage_80": known(errors.coverage),
        "model": model_document(live),
        "microseconds_per_forecast": known(demo.microseconds_per_forecast),
        "readings_per_second": round(demo.readings_per_second, 1),
        "seconds": demo.seconds,
        "plot": None if demo.plot is None else str(demo.plot),
        "report": str(demo.report),
        "broker": demo.broker,
        "released": live.model is not None,
        "mean_absolute_error": {
            name: {str(lead): known(float(error)) for lead, error in zip(errors.leads, row, strict=True)}
            for name, row in zip(errors.forecasters, errors.by_lead, strict=True)
        },
        "skills": {name: known(float(value)) for name, value in zip(errors.names, errors.skills, strict=True)},
        "exit_code": demo.code,
    }


def write_plot(demo: Demonstration) -> None:
    """The picture of a few series in the working folder, where there is something to draw."""
    if demo.plot is not None:
        replace_file(demo.plot, forecast_plot(demo.panels[:DRAWN], model_name(demo)))


def print_demo(demo: Demonstration) -> None:
    """The summary on the terminal."""
    console = Console(highlight=False)
    print_candidates(console, demo.retrained)
    console.print(f"{IN_THE_TABLE}:")
    console.print(rich_table(lead_rows(demo)))
    for line in headlines(demo):
        console.print(f"  {line}", markup=False, soft_wrap=True)


def model_name(demo: Demonstration) -> str:
    """Name of what is live, for people."""
    model = demo.live.manifest.model
    return f"{CELLS[model.cell].title} {model.design}" if model else f"baseline {demo.live.manifest.baseline}"


def _drawn(demo: Demonstration) -> str:
    """How many series the plot shows: it has no room for more than a few."""
    drawn, measured = min(DRAWN, len(demo.panels)), len(demo.measured.errors.names)
    return "all series" if drawn == measured else f"{drawn} of {measured} series"


def lead_rows(demo: Demonstration) -> Grid:
    """Errors of the replay at some leads."""
    names = [f"agent ({model_name(demo)})", *demo.measured.errors.forecasters[1:]]
    errors = demo.measured.errors
    return lead_grid(list(zip(names, errors.by_lead, strict=True)), errors.leads, demo.contract.interval)


def headlines(demo: Demonstration) -> list[str]:
    """What came of it, one line each."""
    counts, errors, model = demo.counts, demo.measured.errors, demo.live.manifest.model
    lines = [
        f"readings: {counts.readings_sent:,} sent, {counts.readings_stored:,} stored; forecasts: {counts.forecasts:,} stored",
        f"lost: {counts.lost}, doubled: {counts.doubled}",
    ]
    if model is None:
        lines += [
            "no network beats the baselines on this history, so none was released",
            f"model: {demo.live.manifest.version}, the baseline {demo.live.manifest.baseline}",
        ]
    else:
        lines.append(
            f"skill: {gain(errors.skill)} beside the best baseline of each series, ahead on {errors.won} of {len(errors.names)}"
        )
        lines += [f"  behind on {name}: {below(value)} {baseline}" for name, baseline, value in errors.lost_to()]
        levels = demo.contract.quantiles
        lines.append(f"{levels[-1] - levels[0]:.0%} interval: holds {percent(errors.coverage)} of the facts")
        lines.append(
            f"model: {demo.live.manifest.version}, {CELLS[model.cell].title} {model.design}, "
            f"{model.parameters:,} parameters, {model.size / 1000:,.0f} kB"
        )
        lines.append(f"forecast: {number(demo.microseconds_per_forecast)} µs each in the agent")
    lines += [
        f"stream: {demo.readings_per_second:,.0f} readings per second through {demo.broker}, agent and spool",
        f"store: {demo.store}",
        f"plot: {NOTHING_TO_DRAW if demo.plot is None else f'{demo.plot} ({_drawn(demo)})'}",
        f"report: {demo.report}",
    ]
    return lines

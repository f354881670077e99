"""What `gatecast backtest` tells, and the pictures it draws."""

from pathlib import Path

from edge.contract.times import format_duration, iso
from edge.files import replace_file
from pipeline.backtest.figures import SHOWN, Backtest, leads_grid, lines, overall_grid, series_grid
from pipeline.backtest.pictures import coverage_plot, days_plot, error_plot, extreme_days
from pipeline.backtest.run import Entrant


def text(found: Backtest) -> list[str]:
    """What was measured, in lines of 80 columns."""
    contract, table = found.contract, found.table
    begin, end = (iso(table.start + edge * table.interval) for edge in (found.part.start, found.part.stop))
    every = format_duration(found.stride * table.interval)
    first, facts = found.evaluations[0], int(found.evaluations[0].count.sum())
    more = f", the {SHOWN} worst of {len(table.names)}" if len(table.names) > SHOWN else ", worst first"
    return [
        f"{begin} … {end}",
        f"{len(table.names)} series, an origin every {every}, {contract.horizon} leads, {facts:,} facts",
        "",
        "mean over the series; MAE, RMSE, width in standard deviations of each series:",
        *lines(overall_grid(found)),
        "",
        *lines(leads_grid(found)),
        "",
        f"{first.forecaster} in each series' own unit{more}:",
        *lines(series_grid(found)),
        *(f"note: {note}" for note in found.notes),
    ]


def draw(found: Backtest, first: Entrant, folder: Path) -> list[Path]:
    """Write the plots; without a whole day to draw there are two.

    Args:
        found: the backtest.
        first: whose best and worst day is drawn.
        folder: for the files.
    """
    plots = {"error_by_lead.png": error_plot(found), "coverage_by_lead.png": coverage_plot(found)}
    panels, titles = extreme_days(first.contender, found.table, found.contract, found.part, found.scale)
    if panels:
        plots["worst_and_best_day.png"] = days_plot(panels, titles, first.contender.forecaster.name)
    for name, content in plots.items():
        replace_file(folder / name, content)
    return [folder / name for name in plots]

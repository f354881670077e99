"""What `gatecast backtest` tells, and the pictures it draws."""

from pathlib import Path

from edge.contract.times import format_duration, iso
from edge.files import replace_file
from edge.quoting import counted
from pipeline.backtest.figures import SHOWN, Backtest, leads_grid, lines, overall_grid, series_grid
from pipeline.backtest.pictures import coverage_plot, days_plot, error_plot, extreme_days
from pipeline.backtest.run import Entrant


def text(backtest: Backtest) -> list[str]:
    """What was measured, in lines of 80 columns."""
    contract, table = backtest.contract, backtest.table
    begin, end = (iso(table.start + edge * table.interval) for edge in (backtest.part.start, backtest.part.stop))
    every = format_duration(backtest.stride * table.interval)
    first, facts = backtest.evaluations[0], int(backtest.evaluations[0].count.sum())
    more = f", the {SHOWN} worst of {len(table.names)}" if len(table.names) > SHOWN else ", worst first"
    return [
        f"{begin} … {end}",
        f"{len(table.names)} series, an origin every {every}, {counted(contract.horizon, 'lead')}, {counted(facts, 'fact')}",
        "",
        "mean over the series; MAE, RMSE, width in standard deviations of each series:",
        *lines(overall_grid(backtest)),
        "",
        "mean over the series at some leads; MAE in standard deviations of each series:",
        *lines(leads_grid(backtest)),
        "",
        f"{first.forecaster} in each series' own unit{more}:",
        *lines(series_grid(backtest)),
        *(f"note: {note}" for note in backtest.notes),
    ]


def draw(backtest: Backtest, first: Entrant, folder: Path) -> list[Path]:
    """Write the plots; without a whole day to draw there are two.

    Args:
        backtest: figures of the backtest.
        first: entrant whose best and worst days are drawn.
        folder: folder of the pictures.
    """
    plots = {"error_by_lead.png": error_plot(backtest), "coverage_by_lead.png": coverage_plot(backtest)}
    panels, titles = extreme_days(first.contender, backtest.table, backtest.contract, backtest.part, backtest.scale)
    if panels:
        plots["worst_and_best_day.png"] = days_plot(panels, titles, first.contender.forecaster.name)
    for name, content in plots.items():
        replace_file(folder / name, content)
    return [folder / name for name in plots]

"""The demo's pictures: forecasts that were made on the device, against facts."""

import numpy as np

from edge.contract.contract import Contract
from pipeline.judging.stored_forecasts import Measured
from pipeline.report.plots import Panel

DRAWN_FORECASTS = 5


def panels(measured: Measured, contract: Contract) -> tuple[Panel, ...]:
    """The newest forecasts of all series that have whole ones, each made where the one before ended.

    NaN stands at leads that are not stored.
    """
    rows = range(len(measured.table.names))
    return tuple(panel for row in rows if (panel := _panel(measured, contract, row)) is not None)


def _panel(measured: Measured, contract: Contract, row: int) -> Panel | None:
    """The newest forecasts of one series; None where it has no whole one."""
    table, samples, horizon = measured.table, measured.samples, contract.horizon
    whole = np.flatnonzero((samples.series == row) & np.isfinite(measured.forecasts[:, -1, contract.median]))
    if not len(whole):
        return None
    newest = int(samples.origin[whole][-1])
    wanted = newest - horizon * np.arange(DRAWN_FORECASTS)[::-1]
    shown = whole[np.isin(samples.origin[whole], wanted)]
    first, stop = max(0, int(wanted[0]) - horizon), newest + horizon
    forecasts = np.full((stop - first, len(contract.quantiles)), np.nan)
    ahead = np.asarray(measured.leads) - 1
    for sample in shown:
        forecasts[int(samples.origin[sample]) - first + ahead] = measured.forecasts[sample]
    times = table.times
    facts, origins = table.values[row, first:stop], times[samples.origin[shown]]
    return Panel(table.names[row], times[first:stop], facts, forecasts, contract.quantiles, origins, table.label(row))

"""The demo's pictures: forecasts that were made on the device, against facts."""

import numpy as np

from edge.contract.contract import Contract
from pipeline.judging.stored_forecasts import Measured
from pipeline.report.plots import Panel

DRAWN_SERIES = 5
DRAWN_FORECASTS = 5


def panels(measured: Measured, contract: Contract) -> tuple[Panel, ...]:
    """The newest forecasts of up to five series, each made where the one before ended; NaN at leads that are not stored."""
    table, chosen, model = measured.table, measured.samples, measured.forecasts
    horizon, found, ahead = contract.horizon, [], np.asarray(measured.leads) - 1
    for row in range(min(len(table.names), DRAWN_SERIES)):
        places = np.flatnonzero((chosen.series == row) & np.isfinite(model[:, -1, contract.median]))
        if not len(places):
            continue
        origins = chosen.origin[places]
        wanted = origins[-1] - horizon * np.arange(DRAWN_FORECASTS)[::-1]
        drawn = places[np.isin(origins, wanted)]
        stop = int(origins[-1]) + horizon
        first = max(0, int(wanted[0]) - horizon)
        forecasts = np.full((stop - first, len(contract.quantiles)), np.nan, np.float32)
        for place in drawn:
            begin = int(chosen.origin[place]) - first
            forecasts[begin + ahead] = model[place]
        times = table.times
        facts, moments = table.values[row, first:stop], times[first:stop]
        found.append(Panel(table.names[row], "", moments, facts, forecasts, contract.quantiles, times[chosen.origin[drawn]]))
    return tuple(found)

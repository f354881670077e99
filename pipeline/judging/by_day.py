"""Errors of a model and of the seasonal-naive forecast on the held-out part, day by day: what live errors are compared with."""

from collections.abc import Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from edge.forecaster.baselines import seasonal_naive
from edge.forecaster.outliers import like_history
from edge.series.metrics import absolute_error
from pipeline.history.usual import usual_ranges
from pipeline.history.windows import block_length, judged_stride
from pipeline.judging.contender import Contender
from pipeline.judging.drift import Errors
from pipeline.judging.evaluation import Facts, batches
from pipeline.judging.replay import replayed


def errors_by_day(judged: Contender, facts: Facts, leads: Sequence[int]) -> Errors:
    """Sums of the absolute errors at some leads, in blocks of days as the monitor has them.

    Args:
        judged: model, which has the contract of the facts.
        facts: facts that it forecasts.
        leads: leads in intervals, in order.
    """
    table, contract, part = facts.table, facts.contract, facts.part
    columns = np.asarray(leads, np.int64) - 1
    length = block_length(contract) // contract.interval
    blocks = -(-(part.stop - part.start) // length)
    sums = np.zeros((3, blocks, len(table.names), len(columns)))
    naive, usual = seasonal_naive(contract), usual_ranges(table.values, part.start)
    for windows in replayed(table, contract, part, judged_stride(table, contract, part)):
        for rows in batches(len(windows), contract.horizon):
            series, origin = windows.series[rows], windows.origin[rows]
            fact = sliding_window_view(table.values, contract.horizon, axis=1)[series, origin][:, columns]
            believed = like_history(windows.windows[rows], usual[series])
            context = table.context(origin)
            medians = [
                judged.predict(believed, series, context)[:, columns, contract.median],
                naive.predict(windows.windows[rows], series)[:, columns, contract.median],
            ]
            counted = np.isfinite(fact) & np.isfinite(medians).all(axis=0)
            row, lead = np.nonzero(counted)
            cells = (origin[row] + columns[lead] - part.start) // length, series[row], lead
            for total, median in zip(sums, medians, strict=False):
                np.add.at(total, cells, absolute_error(median, fact)[counted])
            np.add.at(sums[2], cells, 1.0)
    model, simple, count = sums
    return Errors(model, simple, count.astype(np.int64))

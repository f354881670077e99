"""The history, checked, on the grid and split: what trainings start from."""

from dataclasses import dataclass

import numpy as np

from edge.contract.columns import Float64, Int32, Readings, SeriesTable
from edge.contract.contract import Context, Contract
from edge.contract.times import format_duration, iso
from edge.errors import HistoryError
from pipeline.history.checks import Report, can_judge, jumps, meters, refuse, stopped, strays, trainable, validate
from pipeline.history.defaults import with_enough
from pipeline.history.from_store import History
from pipeline.history.glitches import glitches
from pipeline.history.table import Table, stream_table
from pipeline.history.windows import Split, evenly, samples, training_scale


@dataclass(frozen=True, slots=True)
class Prepared:
    """History that can be trained on.

    Args:
        table: the series that are left, on the grid.
        contract: contract of the models to come.
        split: parts of the table in time.
        report: report on every series, also those left out.
        warnings: one line per series left out, or of which something is left out.
        scale: spread of each series in the training part, float64 `[series]`.
    """

    table: Table
    contract: Contract
    split: Split
    report: Report
    warnings: tuple[str, ...]
    scale: Float64


def prepare(series: SeriesTable, readings: Readings, contract: Contract) -> Prepared:
    """As `prepare_history`, of readings that are in memory."""
    table, arrivals = stream_table(series, [readings], contract.interval, contract.aggregation)
    return prepare_history(History(contract, table, arrivals))


def prepare_history(history: History) -> Prepared:
    """Validate every series, leave out those with a problem; the parts in time are those that they were validated on.

    Raises:
        HistoryError: nothing trainable remains; says why and what to do.
    """
    contract = with_enough(history.contract, history.table.values.shape[1])
    report = validate(history.arrivals, history.table, contract)
    left_out = (*refuse(report), *strays(report), *jumps(report))
    kept, parts = trainable(history.table, report), report.split
    warnings = (*history.notes, *left_out, *stopped(report), *meters(kept), *glitches(kept))
    if parts is None:
        raise AssertionError("a history that is too short is refused above")
    for name, part in (("validation", parts.validation), ("held-out", parts.held_out)):
        if not can_judge(kept, contract, part):
            begin, end = (iso(kept.start + edge * contract.interval) for edge in (part.start, part.stop))
            raise HistoryError(
                f"no window can be judged in the {name} part of the history, {begin} … {end}: too much is missing there, at "
                f"an interval of {format_duration(contract.interval)}; collect newer readings, end before the gap "
                "(retrain --until, backtest --to), or set [fleet] interval"
            )
    return Prepared(kept, contract, parts, report, warnings, training_scale(kept, parts))


def some_windows(prepared: Prepared, contract: Contract, most: int) -> tuple[Float64, Int32, Context]:
    """Windows of the held-out part, evenly chosen, float64 `[n, window]`, their series, int32 `[n]`, and what was known beside.

    Args:
        prepared: history that the windows are cut from.
        contract: window and horizon; the window may be longer than that of the history.
        most: largest number of windows.
    """
    chosen = samples(prepared.table, contract, prepared.split.held_out)
    rows = evenly(len(chosen), most)
    return chosen.windows(rows, contract), chosen.series[rows] + np.int32(1), chosen.context(rows, contract)

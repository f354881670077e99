"""The result of a backtest: figures per series and lead, a document, and tables for a terminal of 80 columns."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias, cast

import numpy as np

from edge.contract.columns import Float64
from edge.contract.contract import Contract
from edge.contract.times import format_duration, iso
from edge.quoting import one_line
from edge.series.scoring import default_leads
from pipeline.history.table import Table
from pipeline.judging.evaluation import Evaluation
from pipeline.judging.metrics import coverage, interval_width, mae, mase, mean_over, rmse, weighted_quantile_loss
from pipeline.report.page import Grid, number, percent

Kind: TypeAlias = Literal["bundle", "peer", "baseline"]
SHOWN = 20  # series on the terminal


@dataclass(frozen=True, slots=True)
class Column:
    """How a figure is shown, and whether series can be averaged as they are.

    Args:
        heading: heading of the column in a table.
        in_unit: whether the figure has the unit of its series; an average over series is then in units of their scale.
        text: function that makes the text of a cell.
    """

    heading: str
    in_unit: bool = False
    text: Callable[[float], str] = number


# One for each field of `Figures`, in the same order.
COLUMNS: dict[str, Column] = {
    "mae": Column("MAE", in_unit=True),
    "rmse": Column("RMSE", in_unit=True),
    "mase": Column("MASE"),
    "wql": Column("WQL"),
    "coverage": Column("cover", text=percent),
    "width": Column("width", in_unit=True),
}


@dataclass(frozen=True, slots=True)
class Figures:
    """How good a forecaster is; all arrays have one shape, NaN where nothing was counted or no interval was given.

    Args:
        mae: mean absolute error of the median.
        rmse: root mean squared error of the median.
        mase: mean absolute error / in-sample error of the seasonal naive (Hyndman and Koehler, 2006).
        wql: weighted quantile loss (Salinas et al., 2020).
        coverage: share of the facts within the outermost quantiles.
        width: mean distance between the outermost quantiles.
    """

    mae: Float64
    rmse: Float64
    mase: Float64
    wql: Float64
    coverage: Float64
    width: Float64


@dataclass(frozen=True, slots=True)
class Backtest:
    """Evaluations on the same facts, and the numbers that their figures are divided by.

    Args:
        contract: grid, horizon, and the window that decided which origins were used.
        table: the history.
        part: columns of the facts.
        stride: number of intervals from one origin to the next.
        evaluations: evaluation of each forecaster; the tables of single series show the first.
        kinds: kind of each forecaster.
        scale: standard deviation of every series in the training part, float64 `[series]`.
        naive: error of the seasonal naive there, float64 `[series]`.
        season: length of its season in intervals.
        notes: sentences that a reader of the figures has to know.
    """

    contract: Contract
    table: Table
    part: range
    stride: int
    evaluations: tuple[Evaluation, ...]
    kinds: tuple[Kind, ...]
    scale: Float64
    naive: Float64
    season: int
    notes: tuple[str, ...]


def figures(evaluation: Evaluation, naive: Float64, *, by_lead: bool) -> Figures:
    """Figures of every series in its own unit: float64 `[series, horizon]` with leads, `[series]` without.

    Args:
        evaluation: sums over the facts of each series and lead.
        naive: in-sample error of the seasonal naive, float64 `[series]`.
        by_lead: whether each lead has its own figures.
    """

    def total(values: "np.typing.NDArray[np.generic]") -> Float64:
        return cast("Float64", values if by_lead else values.sum(axis=1))

    count = np.asarray(total(evaluation.count), np.int64)
    banded = np.asarray(total(evaluation.banded), np.int64)
    error = mae(total(evaluation.absolute_error), count)
    return Figures(
        mae=error,
        rmse=rmse(total(evaluation.squared_error), count),
        mase=mase(error, naive[:, None] if by_lead else naive),
        wql=weighted_quantile_loss(total(evaluation.pinball), total(evaluation.absolute_fact)),
        coverage=coverage(total(evaluation.covered), banded),
        width=interval_width(total(evaluation.width), banded),
    )


def averaged(by_series: Figures, scale: Float64) -> Figures:
    """Mean of each figure over the series; a figure with a unit is divided by the scale first, and NaN does not count.

    Args:
        by_series: figures of every series, float64 `[series, ...]`.
        scale: standard deviation of every series, float64 `[series]`.
    """
    unit = scale.astype(np.float64).reshape(-1, *[1] * (by_series.mae.ndim - 1))
    return Figures(
        **{name: mean_over(getattr(by_series, name) / (unit if column.in_unit else 1)) for name, column in COLUMNS.items()}
    )


def document(measured: Backtest) -> dict[str, object]:
    """Everything as data; a number that is missing is None."""
    contract, times = measured.contract, measured.table.start
    start, stop = (iso(times + edge * contract.interval) for edge in (measured.part.start, measured.part.stop))
    return {
        "from": start,
        "to": stop,
        "interval": format_duration(contract.interval),
        "window": contract.window,
        "horizon": contract.horizon,
        "quantiles": list(contract.quantiles),
        "stride": measured.stride,
        "season": measured.season,
        "series": {
            name: {"standard_deviation": _plain(scale), "naive_error": _plain(naive)}
            for name, scale, naive in zip(measured.table.names, measured.scale, measured.naive, strict=True)
        },
        "forecasters": [
            _forecaster_document(evaluation, kind, measured)
            for evaluation, kind in zip(measured.evaluations, measured.kinds, strict=True)
        ],
        "notes": list(measured.notes),
    }


def _forecaster_document(evaluation: Evaluation, kind: Kind, measured: Backtest) -> dict[str, object]:
    whole, leads = (figures(evaluation, measured.naive, by_lead=by_lead) for by_lead in (False, True))
    squared, absolute = evaluation.pooled(measured.scale)
    return {
        "name": evaluation.forecaster,
        "kind": kind,
        "facts": int(evaluation.count.sum()),
        "unanswered": int(evaluation.unanswered.sum()),
        "mean": _document(averaged(whole, measured.scale)),
        "pooled": {"mse": _plain(squared), "mae": _plain(absolute)},
        "by_lead": _document(averaged(leads, measured.scale)),
        "by_series": {
            name: {**_document(whole, row), "facts": int(evaluation.count[row].sum()), "by_lead": _document(leads, row)}
            for row, name in enumerate(evaluation.names)
        },
    }


def _document(values: Figures, *row: int) -> dict[str, object]:
    return {name: _plain(getattr(values, name)[row]) for name in COLUMNS}


def _plain(values: Float64 | float) -> object:
    """Numbers as JSON has them."""
    if np.ndim(values):
        return [_plain(value) for value in np.asarray(values).tolist()]
    return float(values) if np.isfinite(values) else None


def overall_grid(measured: Backtest) -> Grid:
    """One row per forecaster, the least error first, averaged over the series."""
    rows = [
        (evaluation.forecaster, averaged(figures(evaluation, measured.naive, by_lead=False), measured.scale))
        for evaluation in measured.evaluations
    ]
    rows.sort(key=lambda row: float(np.nan_to_num(row[1].mae, nan=np.inf)))
    return Grid(("forecaster", *_headings()), tuple((name, *_cells(mean, ())) for name, mean in rows))


def leads_grid(measured: Backtest) -> Grid:
    """Mean absolute error at the default leads, in units of each series' standard deviation; rows as `overall_grid`."""
    errors = {evaluation.forecaster: evaluation.by_lead(measured.scale) for evaluation in measured.evaluations}
    leads = default_leads(measured.contract.horizon)
    return Grid(
        ("MAE at lead", *(format_duration(lead * measured.contract.interval) for lead in leads)),
        tuple((row[0], *(number(float(errors[row[0]][lead - 1])) for lead in leads)) for row in overall_grid(measured).rows),
    )


def series_grid(measured: Backtest) -> Grid:
    """The first forecaster on every series in its own unit, the worst first; at most 20."""
    first = measured.evaluations[0]
    whole = figures(first, measured.naive, by_lead=False)
    order = np.argsort(np.nan_to_num(-whole.mase, nan=np.inf), kind="stable")[:SHOWN]
    return Grid(
        ("series", *_headings()),
        tuple((measured.table.title(int(row)), *_cells(whole, (int(row),))) for row in order),
    )


def _headings() -> list[str]:
    return [column.heading for column in COLUMNS.values()]


def _cells(values: Figures, row: tuple[int, ...]) -> tuple[str, ...]:
    return tuple(column.text(float(getattr(values, name)[row])) for name, column in COLUMNS.items())


def lines(grid: Grid, width: int = 80) -> list[str]:
    """A table of plain text that is not wider than `width`; names in the first column are shortened for it."""
    rows = [tuple(map(one_line, row)) for row in (grid.headers, *grid.rows)]
    others = [max(len(row[column]) for row in rows) + 2 for column in range(1, len(grid.headers))]
    first = min(max(len(row[0]) for row in rows), width - sum(others))
    return [
        _shortened(row[0], first).ljust(first) + "".join(cell.rjust(size) for cell, size in zip(row[1:], others, strict=True))
        for row in rows
    ]


def _shortened(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width // 2]}…{text[width // 2 + 1 - width :]}"

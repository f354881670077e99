"""What a backtest found, as figures per series and lead, as data, and as tables for a terminal of 80 columns."""

from dataclasses import dataclass, fields
from typing import Literal, TypeAlias, cast

import numpy as np

from edge.contract.columns import Float32, Float64
from edge.contract.contract import Contract
from edge.contract.times import format_duration, iso
from edge.series.scoring import default_leads
from pipeline.history.table import Table
from pipeline.judging.evaluation import Evaluation
from pipeline.judging.metrics import coverage, interval_width, mae, mase, mean_over, rmse, weighted_quantile_loss
from pipeline.report.page import Grid, number, percent

Kind: TypeAlias = Literal["bundle", "peer", "baseline"]
SHOWN = 20  # series on the terminal


@dataclass(frozen=True, slots=True)
class Figures:
    """How good a forecaster is; all arrays of one shape, NaN where nothing was counted or it gives no interval.

    Args:
        mae: mean absolute error of the median.
        rmse: root mean squared error of the median.
        mase: mean absolute error / in-sample error of the seasonal naive (Hyndman and Koehler, 2006).
        wql: weighted quantile loss (Salinas et al., 2020).
        coverage: share of the facts within the outermost quantiles.
        width: mean distance between these.
    """

    mae: Float64
    rmse: Float64
    mase: Float64
    wql: Float64
    coverage: Float64
    width: Float64


@dataclass(frozen=True, slots=True)
class Backtest:
    """Evaluations on the same facts, and what their figures are divided by.

    Args:
        contract: grid, horizon, and the window that decided which origins were used.
        table: the history.
        part: columns of the facts.
        stride: intervals from one origin to the next.
        evaluations: by forecaster, the one asked for first.
        kinds: of the forecasters.
        scale: standard deviation of every series in the training part, float32 `[series]`.
        naive: error of the seasonal naive there, float64 `[series]`.
        season: intervals of its season.
        notes: what a reader of the figures has to know.
    """

    contract: Contract
    table: Table
    part: range
    stride: int
    evaluations: tuple[Evaluation, ...]
    kinds: tuple[Kind, ...]
    scale: Float32
    naive: Float64
    season: int
    notes: tuple[str, ...]


def figures(one: Evaluation, naive: Float64, *, by_lead: bool) -> Figures:
    """Every series in its own unit: float64 `[series, horizon]` with leads, `[series]` without.

    Args:
        one: sums.
        naive: in-sample error of the seasonal naive, float64 `[series]`.
        by_lead: keep the leads apart.
    """

    def total(values: "np.typing.NDArray[np.generic]") -> Float64:
        return cast("Float64", values if by_lead else values.sum(axis=1))

    count = np.asarray(total(one.count), np.int64)
    banded = np.asarray(total(one.banded), np.int64)
    error = mae(total(one.absolute_error), count)
    return Figures(
        mae=error,
        rmse=rmse(total(one.squared_error), count),
        mase=mase(error, naive[:, None] if by_lead else naive),
        wql=weighted_quantile_loss(total(one.pinball), total(one.absolute_fact)),
        coverage=coverage(total(one.covered), banded),
        width=interval_width(total(one.width), banded),
    )


def averaged(found: Figures, scale: Float32) -> Figures:
    """Mean over the series of each figure, those with a unit in units of the series' scale; what is NaN does not count.

    Args:
        found: float64 `[series, ...]`.
        scale: float32 `[series]`.
    """
    unit = scale.astype(np.float64).reshape(-1, *[1] * (found.mae.ndim - 1))
    columns = {name: getattr(found, name) / (unit if name in ("mae", "rmse", "width") else 1) for name in _names()}
    return Figures(**{name: mean_over(column) for name, column in columns.items()})


def _names() -> tuple[str, ...]:
    return tuple(one.name for one in fields(Figures))


def document(found: Backtest) -> dict[str, object]:
    """Everything as data; what is not there is None."""
    contract, times = found.contract, found.table.start
    start, stop = (iso(times + edge * contract.interval) for edge in (found.part.start, found.part.stop))
    return {
        "from": start,
        "to": stop,
        "interval": format_duration(contract.interval),
        "window": contract.window,
        "horizon": contract.horizon,
        "quantiles": list(contract.quantiles),
        "stride": found.stride,
        "season": found.season,
        "series": {
            name: {"standard_deviation": _plain(scale), "naive_error": _plain(naive)}
            for name, scale, naive in zip(found.table.names, found.scale, found.naive, strict=True)
        },
        "forecasters": [
            _forecaster_document(one, kind, found) for one, kind in zip(found.evaluations, found.kinds, strict=True)
        ],
        "notes": list(found.notes),
    }


def _forecaster_document(one: Evaluation, kind: Kind, found: Backtest) -> dict[str, object]:
    whole, leads = (figures(one, found.naive, by_lead=by_lead) for by_lead in (False, True))
    squared, absolute = one.pooled(found.scale)
    return {
        "name": one.forecaster,
        "kind": kind,
        "facts": int(one.count.sum()),
        "unanswered": int(one.unanswered.sum()),
        "mean": _document(averaged(whole, found.scale)),
        "pooled": {"mse": _plain(squared), "mae": _plain(absolute)},
        "by_lead": _document(averaged(leads, found.scale)),
        "by_series": {
            name: {**_document(whole, row), "facts": int(one.count[row].sum()), "by_lead": _document(leads, row)}
            for row, name in enumerate(one.names)
        },
    }


def _document(found: Figures, *row: int) -> dict[str, object]:
    return {name: _plain(getattr(found, name)[row]) for name in _names()}


def _plain(values: Float64 | Float32 | float) -> object:
    """Numbers as JSON has them."""
    if np.ndim(values):
        return [_plain(value) for value in np.asarray(values).tolist()]
    return float(values) if np.isfinite(values) else None


def overall_grid(found: Backtest) -> Grid:
    """One row per forecaster, the least error first, averaged over the series."""
    rows = [(one, averaged(figures(one, found.naive, by_lead=False), found.scale)) for one in found.evaluations]
    rows.sort(key=lambda row: float(np.nan_to_num(row[1].mae, nan=np.inf)))
    return Grid(
        ("forecaster", "MAE", "RMSE", "MASE", "WQL", "cover", "width"),
        tuple((one.forecaster, *_cells(figure, ())) for one, figure in rows),
    )


def leads_grid(found: Backtest) -> Grid:
    """Mean absolute error at the default leads, in units of each series' standard deviation; rows as `overall_grid`."""
    errors = {one.forecaster: one.by_lead(found.scale) for one in found.evaluations}
    leads = default_leads(found.contract.horizon)
    return Grid(
        ("MAE at lead", *(format_duration(lead * found.contract.interval) for lead in leads)),
        tuple((row[0], *(number(float(errors[row[0]][lead - 1])) for lead in leads)) for row in overall_grid(found).rows),
    )


def series_grid(found: Backtest) -> Grid:
    """The first forecaster on every series in its own unit, the worst first; at most 20."""
    one = found.evaluations[0]
    whole = figures(one, found.naive, by_lead=False)
    order = np.argsort(np.nan_to_num(-whole.mase, nan=np.inf), kind="stable")[:SHOWN]
    return Grid(
        ("series", "MAE", "RMSE", "MASE", "WQL", "cover", "width"),
        tuple((one.names[row], *_cells(whole, (int(row),))) for row in order),
    )


def _cells(found: Figures, row: tuple[int, ...]) -> tuple[str, ...]:
    cells = {name: float(getattr(found, name)[row]) for name in _names()}
    return tuple(percent(value) if name == "coverage" else number(value) for name, value in cells.items())


def lines(grid: Grid, width: int = 80) -> list[str]:
    """A table of plain text no wider than that; the first column gives way."""
    others = [max(len(row[place]) for row in (grid.headers, *grid.rows)) + 2 for place in range(1, len(grid.headers))]
    first = min(max(len(row[0]) for row in (grid.headers, *grid.rows)), width - sum(others))
    return [
        _shortened(row[0], first).ljust(first) + "".join(cell.rjust(size) for cell, size in zip(row[1:], others, strict=True))
        for row in (grid.headers, *grid.rows)
    ]


def _shortened(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width // 2]}…{text[width // 2 + 1 - width :]}"

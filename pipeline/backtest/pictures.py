"""Pictures of a backtest: error and coverage by lead, and the best and the worst day with interval against fact."""

from collections.abc import Sequence
from datetime import UTC
from typing import Any

import numpy as np

from edge.contract.columns import Float64, Int64
from edge.contract.contract import Contract
from edge.contract.times import iso
from edge.contract.values import possible
from edge.forecaster.model import usable
from pipeline.backtest.figures import Backtest, Kind
from pipeline.history.blocks import Blocks
from pipeline.history.table import Table
from pipeline.history.windows import Samples
from pipeline.judging.contender import Contender
from pipeline.judging.metrics import coverage
from pipeline.report.plots import STYLE, Panel, draw_panel, lead_axis, png

BATCH = 256
COLOURS: dict[Kind, tuple[str, ...]] = {
    "bundle": ("#0072B2", "#D55E00", "#000000"),
    "peer": ("#009E73", "#E69F00", "#CC79A7", "#56B4E9"),
    "baseline": ("#666666", "#8c8c8c", "#b0b0b0"),
}
WIDTHS: dict[Kind, float] = {"bundle": 2.4, "peer": 1.7, "baseline": 1.3}
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 3)))


def error_plot(measured: Backtest) -> bytes:
    """Mean absolute error by lead, a line per forecaster, best first in the legend; PNG."""
    errors = [evaluation.by_lead(measured.scale) for evaluation in measured.evaluations]
    return _by_lead(measured, errors, "mean absolute error\n(standard deviations of each series)", smallest_first=True)


def coverage_plot(measured: Backtest) -> bytes:
    """Share of the facts within the interval by lead, beside the share it is meant to hold; PNG."""
    shares = [coverage(evaluation.covered.sum(axis=0), evaluation.banded.sum(axis=0)) for evaluation in measured.evaluations]
    levels = measured.contract.quantiles
    return _by_lead(measured, shares, "share of the facts\nwithin the interval", meant=levels[-1] - levels[0])


def _by_lead(
    measured: Backtest, values: Sequence[Float64], label: str, *, meant: float | None = None, smallest_first: bool = False
) -> bytes:
    from matplotlib import rc_context  # noqa: PLC0415 - takes a second, and only a picture needs it
    from matplotlib.figure import Figure  # noqa: PLC0415

    used: dict[Kind, int] = dict.fromkeys(COLOURS, 0)
    with rc_context(STYLE):
        figure = Figure(figsize=(9, 4.6), dpi=120, layout="constrained")
        axis = figure.subplots()
        leads = lead_axis(axis, np.arange(1, measured.contract.horizon + 1), measured.contract.interval)
        drawn = []
        for evaluation, kind, value in zip(measured.evaluations, measured.kinds, values, strict=True):
            number, used[kind] = used[kind], used[kind] + 1
            if not np.isfinite(value).any():
                continue
            (line,) = axis.plot(
                leads,
                value,
                color=COLOURS[kind][number % len(COLOURS[kind])],
                linestyle=DASHES[number % len(DASHES)],
                linewidth=WIDTHS[kind],
                label=evaluation.forecaster,
                zorder=2 + WIDTHS[kind],
                marker="o" if len(leads) == 1 else None,
            )
            drawn.append((float(np.nanmean(value)) if smallest_first else number, line))
        if meant is not None:
            drawn.append((-1, axis.axhline(meant, color="#222222", linewidth=1, linestyle=":", label=f"meant: {meant:.0%}")))
            axis.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
            axis.set_ylim(0, 1.02)
        else:
            axis.set_ylim(bottom=0)
        axis.set_ylabel(label)
        handles = [line for _, line in sorted(drawn, key=lambda pair: pair[0])]
        figure.legend(handles=handles, loc="outside right upper")
        return png(figure)


def extreme_days(
    judged: Contender, table: Table, contract: Contract, part: range, scale: Float64
) -> tuple[list[Panel], list[str]]:
    """The day of one series that was forecast worst, and the one that was forecast best, each with the day before.

    A day begins at midnight (UTC), or at the start of the part if no such day fits. It is forecast from its first interval
    on, and again where a forecast ends. Where a day is no whole number of intervals, a horizon is taken as a day. Days with
    less than half of their facts do not count.

    Args:
        judged: forecaster whose days are shown.
        table: the grid.
        contract: window and horizon.
        part: columns that the facts lie in.
        scale: unit of the error of every series, float64 `[series]`.

    Returns:
        Panels, worst first, and a title for each; nothing where no day fits or can be judged.
    """
    day, levels = contract.season() or contract.horizon, judged.forecaster.contract.quantiles
    first = max(part.start, judged.forecaster.contract.reach)
    midnight = -(table.start // contract.interval) % day
    starts = np.arange(first + (midnight - first) % day, part.stop - day + 1, day)
    if not len(starts):
        starts = np.arange(first, part.stop - day + 1, day)
    columns = starts[:, None] + np.arange(day)
    score = np.full((len(table.names), len(starts)), np.nan)
    for row, values in enumerate(table.values):
        error = np.abs(_days(judged, table, row, starts, day)[..., len(levels) // 2] - values[columns])
        known = np.isfinite(error)
        enough = known.sum(axis=1) * 2 >= day
        score[row, enough] = (np.where(known, error, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1))[enough] / scale[row]
    if not np.isfinite(score).any():
        return [], []
    panels, titles = [], []
    for word, extreme in (("worst", np.nanargmax(score)), ("best", np.nanargmin(score))):
        row, number = (int(index) for index in np.unravel_index(extreme, score.shape))
        begin = int(starts[number])
        shown = slice(begin - min(begin, day), begin + day)
        drawn = np.full((shown.stop - shown.start, len(levels)), np.nan)
        drawn[-day:] = _days(judged, table, row, starts[number : number + 1], day)[0]
        origins = table.times[np.arange(begin, begin + day, contract.horizon)]
        facts, label = table.values[row, shown], table.label(row)
        panels.append(Panel(table.names[row], table.times[shown], facts, drawn, levels, origins, label))
        moment = iso(table.start + begin * contract.interval)[:10]
        titles.append(
            f"{word} day: {table.names[row]}, {moment}, mean absolute error {score[row, number]:.2f} standard deviations"
        )
    return panels, titles


def _days(judged: Contender, table: Table, row: int, starts: Int64, day: int) -> Float64:
    """Forecasts of whole days of one series, `[days, day, quantiles]`; NaN where a device would take the baseline."""
    contract = judged.forecaster.contract
    days = np.full((len(starts), day, len(contract.quantiles)), np.nan)
    blocks = Blocks(table.values, table.first)
    for ahead in range(0, day, contract.horizon):
        for begin in range(0, len(starts), BATCH):
            batch = slice(begin, begin + BATCH)
            origin = starts[batch] + ahead
            cut = Samples(table.values, np.full(len(origin), row, np.int32), origin, table.first, blocks, table.ahead)
            windows = cut.windows(slice(None), contract)
            forecasts = judged.predict(windows, cut.series, table.context(origin))
            forecasts = possible(forecasts, np.full(len(windows), table.counting[row]))
            forecasts[~usable(windows, contract)] = np.nan
            days[batch, ahead : ahead + contract.horizon] = forecasts[:, : day - ahead]
    return days


def days_plot(panels: Sequence[Panel], titles: Sequence[str], model: str) -> bytes:
    """Fact, median and interval of some days, each over its own time; PNG.

    Args:
        panels: panels to draw, one or more.
        titles: title of each panel.
        model: name of the forecaster, for the legend.
    """
    from matplotlib import dates, rc_context  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    with rc_context(STYLE):
        figure = Figure(figsize=(9, 0.8 + 2.6 * len(panels)), dpi=120, layout="constrained")
        axes: list[Any] = figure.subplots(len(panels), 1, squeeze=False)[:, 0].tolist()
        for axis, panel, title in zip(axes, panels, titles, strict=True):
            draw_panel(axis, panel, model)
            axis.set_title(title)
            locator = dates.AutoDateLocator(minticks=4, maxticks=9, tz=UTC)
            axis.xaxis.set_major_locator(locator)
            axis.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator, tz=UTC))
        axes[-1].set_xlabel("time (UTC)")
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper left", ncols=len(handles))
        return png(figure)

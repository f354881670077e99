"""Pictures of a backtest: error and coverage by lead, and the best and the worst day with interval against fact."""

from collections.abc import Sequence
from datetime import UTC
from typing import Any

import numpy as np

from edge.contract.columns import Float32, Float64, Int64
from edge.contract.contract import Contract
from edge.contract.times import iso
from edge.forecaster.model import usable
from pipeline.backtest.figures import Backtest, Kind
from pipeline.history.table import Table
from pipeline.judging.evaluation import Contender
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


def error_plot(found: Backtest) -> bytes:
    """Mean absolute error by lead, a line per forecaster, best first in the legend; PNG."""
    errors = [one.by_lead(found.scale) for one in found.evaluations]
    return _by_lead(found, errors, "mean absolute error\n(standard deviations of each series)", smallest_first=True)


def coverage_plot(found: Backtest) -> bytes:
    """Share of the facts within the interval by lead, beside the share it is meant to hold; PNG."""
    shares = [coverage(one.covered.sum(axis=0), one.banded.sum(axis=0)) for one in found.evaluations]
    levels = found.contract.quantiles
    return _by_lead(found, shares, "share of the facts\nwithin the interval", meant=levels[-1] - levels[0])


def _by_lead(
    found: Backtest, values: Sequence[Float64], label: str, *, meant: float | None = None, smallest_first: bool = False
) -> bytes:
    from matplotlib import rc_context  # noqa: PLC0415 - takes a second, and only a picture needs it
    from matplotlib.figure import Figure  # noqa: PLC0415

    used: dict[Kind, int] = dict.fromkeys(COLOURS, 0)
    with rc_context(STYLE):
        figure = Figure(figsize=(9, 4.6), dpi=120, layout="constrained")
        axis = figure.subplots()
        leads = lead_axis(axis, np.arange(1, found.contract.horizon + 1), found.contract.interval)
        drawn = []
        for one, kind, value in zip(found.evaluations, found.kinds, values, strict=True):
            place, used[kind] = used[kind], used[kind] + 1
            if not np.isfinite(value).any():
                continue
            (line,) = axis.plot(
                leads, value, color=COLOURS[kind][place % len(COLOURS[kind])], linestyle=DASHES[place % len(DASHES)],
                linewidth=WIDTHS[kind], label=one.forecaster, zorder=2 + WIDTHS[kind],
                marker="o" if len(leads) == 1 else None,
            )  # fmt: skip
            drawn.append((float(np.nanmean(value)) if smallest_first else place, line))
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
    one: Contender, table: Table, contract: Contract, part: range, scale: Float32
) -> tuple[list[Panel], list[str]]:
    """The day of one series that was forecast worst, and the one that was forecast best, each with the day before.

    A day begins at midnight (UTC), or with the part where no such day fits. It is forecast from its first interval on, and
    again where a forecast ends; where a day is no number of intervals, a horizon stands for it. Days with less than half of
    their facts do not count.

    Args:
        one: the forecaster.
        table: the grid.
        contract: window and horizon.
        part: columns that the facts lie in.
        scale: error is counted in units of it, float32 `[series]`.

    Returns:
        Panels, worst first, and a title for each; nothing where no day fits or can be judged.
    """
    day, levels = contract.season() or contract.horizon, one.forecaster.contract.quantiles
    first = max(part.start, one.forecaster.contract.window)
    midnight = -(table.start // contract.interval) % day
    starts = np.arange(first + (midnight - first) % day, part.stop - day + 1, day)
    if not len(starts):
        starts = np.arange(first, part.stop - day + 1, day)
    columns = starts[:, None] + np.arange(day)
    score = np.full((len(table.names), len(starts)), np.nan)
    for row, values in enumerate(table.values):
        error = np.abs(_days(one, table, row, starts, day)[..., len(levels) // 2] - values[columns])
        known = np.isfinite(error)
        judged = known.sum(axis=1) * 2 >= day
        score[row, judged] = (np.where(known, error, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1))[judged] / scale[row]
    if not np.isfinite(score).any():
        return [], []
    panels, titles = [], []
    for word, place in (("worst", np.nanargmax(score)), ("best", np.nanargmin(score))):
        row, number = (int(at) for at in np.unravel_index(place, score.shape))
        begin = int(starts[number])
        shown = slice(begin - min(begin, day), begin + day)
        drawn = np.full((shown.stop - shown.start, len(levels)), np.nan, np.float32)
        drawn[-day:] = _days(one, table, row, starts[number : number + 1], day)[0]
        origins = table.times[np.arange(begin, begin + day, contract.horizon)]
        panels.append(Panel(table.names[row], "", table.times[shown], table.values[row, shown], drawn, levels, origins))
        moment = iso(table.start + begin * contract.interval)[:10]
        titles.append(
            f"{word} day: {table.names[row]}, {moment}, mean absolute error {score[row, number]:.2f} standard deviations"
        )
    return panels, titles


def _days(one: Contender, table: Table, row: int, starts: Int64, day: int) -> Float32:
    """Forecasts of whole days of one series, `[days, day, quantiles]`; NaN where the device's baseline would forecast."""
    contract = one.forecaster.contract
    found = np.full((len(starts), day, len(contract.quantiles)), np.nan, np.float32)
    for ahead in range(0, day, contract.horizon):
        for begin in range(0, len(starts), BATCH):
            some = slice(begin, begin + BATCH)
            windows = table.values[row, starts[some, None] + np.arange(ahead - contract.window, ahead)]
            forecasts = one.forecaster.predict(windows, np.full(len(windows), one.series[row]))
            forecasts[~usable(windows, contract)] = np.nan
            found[some, ahead : ahead + contract.horizon] = forecasts[:, : day - ahead]
    return found


def days_plot(panels: Sequence[Panel], titles: Sequence[str], model: str) -> bytes:
    """Fact, median and interval of some days, each over its own time; PNG.

    Args:
        panels: at least one.
        titles: one per panel.
        model: what made the forecasts, for the legend.
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

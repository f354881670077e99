"""Pictures for people: forecast against fact, as PNG bytes.

Colours are those of Okabe and Ito (2008), told apart by colour-blind readers, and lines differ in their dashes too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np

from edge.contract.columns import Float64, Int64
from edge.contract.contract import Contract
from edge.contract.times import SECOND, UNITS, format_duration
from edge.contract.values import possible
from pipeline.history.table import Table
from pipeline.history.windows import Samples
from pipeline.judging.contender import Contender

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FACT, MODEL, CHAMPION = "#222222", "#0072B2", "#D55E00"
OTHERS = (("#009E73", "--"), ("#CC79A7", ":"), ("#E69F00", "-."), ("#56B4E9", (0, (5, 1))), ("#777777", (0, (1, 1))))
STYLE = {
    "font.size": 9.5,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "axes.edgecolor": "#666666",
    "legend.frameon": False,
}


@dataclass(frozen=True, slots=True)
class Panel:
    """One series with its facts and the forecasts made one horizon after the other.

    Args:
        name: name of the series.
        times: start of every interval, ns UTC, int64 `[n]`.
        facts: float64 `[n]`, NaN for missing.
        forecasts: float64 `[n, quantiles]`, NaN where there is none: before the first origin, at leads that are not known.
        levels: levels of the quantiles.
        origins: moments at which a new forecast begins, ns UTC, int64 `[forecasts]`.
        label: name of the values, with their unit where it is known.
    """

    name: str
    times: Int64
    facts: Float64
    forecasts: Float64
    levels: tuple[float, ...]
    origins: Int64
    label: str = "value"


def panels(
    entrant: Contender,
    table: Table,
    contract: Contract,
    part: range,
    series: Sequence[int],
    count: int = 5,
) -> list[Panel]:
    """The newest forecasts of some series, each made where the one before ended.

    Args:
        entrant: the forecaster.
        table: the grid.
        contract: window and horizon.
        part: columns that the facts lie in.
        series: rows of the table.
        count: forecasts per series, fewer where the part is short.
    """
    horizon = contract.horizon
    count = max(1, min(count, len(part) // horizon))
    origin = part.stop - horizon * np.arange(count, 0, -1, dtype=np.int64)
    first = max(0, int(origin[0]) - horizon)
    drawn = []
    for row in series:
        chosen = Samples(table.values, np.full(count, row, np.int32), origin, table.first, ahead=table.ahead)
        windows = chosen.windows(slice(None), entrant.forecaster.contract)
        values = entrant.predict(windows, chosen.series, table.context(origin))
        values = possible(values, table.counting[chosen.series])
        levels = entrant.forecaster.contract.quantiles
        forecasts = np.full((part.stop - first, len(levels)), np.nan)
        forecasts[-count * horizon :] = values.reshape(-1, len(levels))
        facts, times = table.values[row, first : part.stop], table.times
        moments = times[first : part.stop]
        drawn.append(Panel(table.names[row], moments, facts, forecasts, levels, times[origin], table.label(row)))
    return drawn


def forecast_plot(shown: Sequence[Panel], model: str, zone: tzinfo = UTC) -> bytes:
    """Fact, median and outermost interval of some series, one above the other over the same time.

    Args:
        shown: panels to draw, at least one.
        model: name of the forecaster, for the legend.
        zone: time zone of the time axis.
    """
    from matplotlib import dates, rc_context  # noqa: PLC0415 - takes a second, and only a report needs it
    from matplotlib.figure import Figure  # noqa: PLC0415

    with rc_context(STYLE):
        figure = Figure(figsize=(9, 0.9 + 1.75 * len(shown)), dpi=120, layout="constrained")
        axes = figure.subplots(len(shown), 1, sharex=True, squeeze=False)[:, 0]
        for axis, panel in zip(axes, shown, strict=True):
            draw_panel(axis, panel, model)
        locator = dates.AutoDateLocator(minticks=4, maxticks=9, tz=zone)
        axes[-1].xaxis.set_major_locator(locator)
        axes[-1].xaxis.set_major_formatter(dates.ConciseDateFormatter(locator, tz=zone))
        axes[-1].set_xlabel(f"time ({datetime.fromtimestamp(int(shown[0].times[-1]) // SECOND, zone):%Z})")
        figure.align_ylabels(axes)
        legends = [axis.get_legend_handles_labels() for axis in axes]
        handles, labels = max(legends, key=lambda legend: len(legend[1]))  # a series may have no interval
        figure.legend(handles, labels, loc="outside upper left", ncols=len(handles))
        return png(figure)


def draw_panel(axis: Any, panel: Panel, model: str) -> None:  # noqa: ANN401 - matplotlib has no types
    """Draw one series on matplotlib's axes; `model` made the forecasts, for the legend."""
    step = int(panel.times[1] - panel.times[0]) if len(panel.times) > 1 else 0
    moments = (panel.times + step // 2).astype("datetime64[ns]")  # a value stands for its interval: draw it in the middle
    median, ends = len(panel.levels) // 2, np.searchsorted(panel.times, panel.origins)
    names = {"interval": f"{panel.levels[-1] - panel.levels[0]:.0%} interval", "median": f"forecast ({model})"}
    for number, after in enumerate(np.split(np.arange(len(moments)), ends)[1:]):
        axis.axvline(panel.origins[number].astype("datetime64[ns]"), color="#bbbbbb", linewidth=0.8, zorder=0.5)
        rows = after[np.isfinite(panel.forecasts[after, median])]  # one line through all forecasts: a NaN between would cut it
        if not len(rows):
            continue
        low, middle, high = panel.forecasts[rows][:, [0, median, -1]].T
        single = len(rows) == 1  # has neither a line nor an area
        if len(panel.levels) > 1 and np.isfinite(low).any():
            style = {"color": MODEL, "alpha": 0.2, "linewidth": 5 if single else 0, "label": names.pop("interval", None)}
            (axis.vlines if single else axis.fill_between)(moments[rows], low, high, **style)
        marker = "o" if single else None
        axis.plot(moments[rows], middle, color=MODEL, linewidth=1.6, marker=marker, label=names.pop("median", None))
    axis.plot(moments, panel.facts, color=FACT, linewidth=1.2, marker=".", markersize=2.5, label="fact")
    axis.set_title(panel.name)
    axis.set_ylabel(panel.label)
    axis.margins(x=0.005)


def lead_axis(axis: Any, leads: Int64, interval: int) -> Float64:  # noqa: ANN401 - matplotlib has no types
    """Name and divide the axis of leads, and return the position of each lead on it, float64 `[leads]`.

    Args:
        axis: matplotlib's axes.
        leads: leads in order, int64 `[leads]`.
        interval: ns.
    """
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415

    name = next(unit for unit in ("d", "h", "min", "s", "ms", "us", "ns") if interval % UNITS[unit] == 0)
    if name == "min" and leads[-1] * interval >= 6 * UNITS["h"]:
        name = "h"
    axis.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 3, 6, 10] if name != "h" else [1, 2, 3, 4, 6]))
    axis.set_xlabel(f"lead ({name}; intervals of {format_duration(interval)})")
    return leads.astype(np.float64) * (interval / UNITS[name])


def png(figure: "Figure") -> bytes:
    """The picture as a file that is the same whenever it is made."""
    out = BytesIO()
    figure.savefig(out, format="png", facecolor="white", metadata={"Software": None})
    return out.getvalue()

"""The poster of `gatecast compare`: a page of cells, and a page of what was measured of them, as PDF for A4 paper."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np

from edge.contract.times import format_duration
from edge.files import replace_file
from edge.quoting import counted
from pipeline.cells.comparison import FORMS, Comparison, titles
from pipeline.cells.drawings import cell_pages
from pipeline.cells.pen import A4, INK, MARGIN, QUIET
from pipeline.cells.recall import KEPT, Memory
from pipeline.cells.uses import Form
from pipeline.report.page import gain, number
from pipeline.training.cells import CELLS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DASHES: dict[Form, Any] = {"segment": "-", "plain": (0, (5, 2)), "tutorial": (0, (1, 1.6))}
ALPHAS: dict[Form, float] = {"segment": 1.0, "plain": 0.62, "tutorial": 0.34}
BASELINE = "#999999"
GRADIENTS = (1e-8, 50.0)  # what is below has vanished, on paper too
WIDEST_USE = 28  # characters in a line
LONGEST_LEGEND = 7  # entries in a line; more take two lines
STYLE = {
    "font.family": "DejaVu Sans",
    "mathtext.fontset": "stix",
    "font.size": 9,
    "axes.titlesize": 11.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 8,
    "axes.labelcolor": QUIET,
    "axes.edgecolor": "#888888",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E3E6EA",
    "grid.linewidth": 0.7,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
}


TRIAL = "a quick try, hardly trained: no result"


def write_poster(comparison: Comparison, path: Path) -> None:
    """All pages as one PDF; a poster that is there already is replaced whole."""
    from matplotlib.backends.backend_pdf import PdfPages  # noqa: PLC0415 - takes a second, and only a poster needs it

    out = BytesIO()
    title = f"{titles(comparison)}: measured side by side"
    with PdfPages(out, metadata={"Title": title, "Creator": "gatecast compare"}) as pdf:
        for page in pages(comparison):
            pdf.savefig(page)
    replace_file(path, out.getvalue())


def pages(comparison: Comparison) -> tuple["Figure", ...]:
    """The cells, and the charts on the last page."""
    measured = {memory.cell: _kept(comparison, memory) for memory in comparison.memories}
    return (*cell_pages(measured), chart_page(comparison))


def _kept(comparison: Comparison, memory: Memory) -> str:
    """The line beside the drawing of a cell."""
    if comparison.budget.trial:
        return TRIAL
    if memory.kept == 0:
        return f"measured: keeps a value for less than {memory.delays[0]} steps"
    more = " or more" if memory.kept == memory.delays[-1] else ""
    return f"measured: keeps a value for {memory.kept} steps{more}"


def chart_page(comparison: Comparison) -> "Figure":
    """Memory, gradient, accuracy, speed and size, and the table with the best uses."""
    from matplotlib import rc_context  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    with rc_context(STYLE):
        figure = Figure(figsize=A4)
        width, height = A4

        def axes(left: float, bottom: float, wide: float, high: float, **more: Any) -> Any:  # noqa: ANN401
            return figure.add_axes((left / width, bottom / height, wide / width, high / height), **more)

        figure.text(MARGIN / width, 11.1 / height, "Measured side by side", fontsize=27, weight="bold", color=INK, va="center")
        figure.text(MARGIN / width, 10.66 / height, _subtitle(comparison), fontsize=11, color=QUIET, va="center")
        _legend(figure, comparison)
        _draw_retention(axes(1.0, 7.42, 2.95, 2.2), comparison)
        _draw_gradient(axes(4.77, 7.42, 2.95, 2.2), comparison)
        _draw_accuracy(axes(1.0, 4.42, 2.95, 2.2), comparison)
        _draw_bars(axes(5.28, 4.42, 1.17, 2.2), axes(6.6, 4.42, 1.12, 2.2), comparison)
        _draw_table(axes(MARGIN, 0.88, width - 2 * MARGIN, 2.98), comparison)
        for number_of_line, line in enumerate(_footnotes(comparison)):
            figure.text(MARGIN / width, (0.68 - 0.17 * number_of_line) / height, line, fontsize=7.6, color=QUIET, va="center")
    return figure


def _subtitle(comparison: Comparison) -> str:
    contract = comparison.contract
    many = "1 series" if comparison.series == 1 else f"{comparison.series} series"
    if comparison.budget.trial:
        return f"{TRIAL}; {many}"
    return (
        f"{many}, intervals of {format_duration(contract.interval)}, {contract.horizon} leads, "
        f"{comparison.facts:,} held-out facts, {comparison.runtime}"
    )


def _legend(figure: Any, comparison: Comparison) -> None:  # noqa: ANN401 - matplotlib has no types
    from matplotlib.lines import Line2D  # noqa: PLC0415

    cells = [
        Line2D([], [], color=kind.colour, marker=kind.marker, linewidth=2.4, label=kind.title)
        for kind in (CELLS[memory.cell] for memory in comparison.memories)
    ]
    forms = [
        Line2D([], [], color=INK, linestyle=DASHES[form], linewidth=1.8, label=form)
        for form in FORMS
        if any(row.form == form for row in comparison.rows)
    ]
    baseline = Line2D([], [], color=BASELINE, linewidth=1.8, label="best baseline")
    handles = [*cells, *forms, baseline]
    figure.legend(
        handles=handles,
        loc="center",
        bbox_to_anchor=(0.5, 10.22 / A4[1]),
        ncols=len(handles) if len(handles) <= LONGEST_LEGEND else -(-len(handles) // 2),
        fontsize=9.2,
        handlelength=2.2,
        columnspacing=1.15,
        handletextpad=0.5,
    )


def _draw_retention(axis: Any, comparison: Comparison) -> None:  # noqa: ANN401
    for memory in comparison.memories:
        kind = CELLS[memory.cell]
        lowest, recall, highest = (np.maximum(line, -0.05) for line in (memory.lowest, memory.recall, memory.highest))
        axis.fill_between(memory.delays, lowest, highest, color=kind.colour, alpha=0.15, linewidth=0)
        axis.plot(memory.delays, recall, color=kind.colour, marker=kind.marker, linewidth=2.4, markersize=6)
    axis.set_xscale("log")
    delays = comparison.memories[0].delays
    axis.set_xticks(delays, [str(delay) for delay in delays])
    axis.minorticks_off()
    axis.set(ylim=(-0.06, 1.06), xlabel="delay (steps)", title="Memory: a value said again")
    axis.set_ylabel("recall (1 perfect, 0 forgotten)")


def _draw_gradient(axis: Any, comparison: Comparison) -> None:  # noqa: ANN401
    for memory in comparison.memories:
        kind = CELLS[memory.cell]
        fresh, trained = (np.where(np.asarray(norms) > 0, norms, np.nan) for norms in (memory.fresh, memory.trained))
        axis.plot(memory.distances, fresh, color=kind.colour, linewidth=1.5, linestyle=DASHES["tutorial"])
        axis.plot(memory.distances, trained, color=kind.colour, linewidth=2.4, marker=kind.marker, markersize=4)
    axis.set_yscale("log")
    axis.set_ylim(*GRADIENTS)
    axis.set(xlabel="distance (steps); dotted: before training", title="Gradient: what reaches back")
    axis.set_ylabel(r"norm of $\partial\,$state$\,/\,\partial\,$value")


def _draw_accuracy(axis: Any, comparison: Comparison) -> None:  # noqa: ANN401
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415

    leads = np.arange(1, comparison.contract.horizon + 1)
    single = "o" if len(leads) == 1 else None
    for row in comparison.rows:
        axis.plot(
            leads,
            100 * row.skill_by_lead,
            color=CELLS[row.cell].colour,
            linestyle=DASHES[row.form],
            marker=single,
            linewidth=2.2 if row.form == "segment" else 1.6,
            zorder=3 if row.form == "segment" else 2,
        )
    axis.axhline(0, color=BASELINE, linewidth=1.8, zorder=1.5)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 3, 4, 6]))
    axis.set(xlabel=f"lead (intervals of {format_duration(comparison.contract.interval)})", title="Accuracy by lead")
    axis.set_ylabel("skill (%)")


def _draw_bars(speed: Any, size: Any, comparison: Comparison) -> None:  # noqa: ANN401
    heights = np.arange(len(comparison.rows))[::-1]
    for axis, values, title, text in (
        (speed, [row.batched for row in comparison.rows], "Speed (µs)", number),
        (size, [row.size / 1000 for row in comparison.rows], "Size (kB)", number),
    ):
        for y, row, value in zip(heights, comparison.rows, values, strict=True):
            axis.barh(y, value, height=0.72, color=CELLS[row.cell].colour, alpha=ALPHAS[row.form])
            digits = 2 if value < 100 else 3
            axis.text(value + 0.03 * max(values), y, text(value, digits), fontsize=8, va="center", color=INK)
        axis.set_xlim(0, 1.38 * max(values))
        axis.set_ylim(-0.6, len(values) - 0.4)
        axis.set_xticks([])
        axis.grid(visible=False)
        axis.spines["bottom"].set_visible(False)
        axis.set_title(title)
        axis.set_yticks([])
    names = [f"{CELLS[row.cell].short_title or CELLS[row.cell].title} {row.form}" for row in comparison.rows]
    speed.set_yticks(heights, names, fontsize=8.5)
    speed.tick_params(axis="y", length=0)
    size.set_xlabel("file", fontsize=9)
    speed.set_xlabel("per forecast, batch 64", fontsize=9)


COLUMNS = (
    ("network", 0.0, "left"),
    ("memory\nretention", 0.3, "right"),
    ("speed, µs\nat 1 / 64", 0.425, "right"),
    ("parameters", 0.555, "right"),
    ("accuracy", 0.66, "right"),
    ("best use", 0.69, "left"),
)


def _draw_table(axis: Any, comparison: Comparison) -> None:  # noqa: ANN401
    axis.axis("off")
    axis.set(xlim=(0, 1), ylim=(0, len(comparison.rows) + 1.7))
    top = len(comparison.rows) + 0.85
    for header, x, side in COLUMNS:
        lines = header if "\n" in header else f"\n{header}"  # all end on one line
        axis.text(x, top - 0.05, lines, fontsize=9, weight="bold", color=QUIET, ha=side, va="baseline", linespacing=1.1)
    axis.plot([0, 1], [top - 0.6] * 2, color=INK, linewidth=1)
    for line, (row, use) in enumerate(zip(comparison.rows, comparison.uses, strict=True)):
        y = len(comparison.rows) - 0.55 - line
        cells = (
            row.name,
            comparison.memory(row.cell).retention,
            f"{number(row.single, 2)} / {number(row.batched, 2)}",
            f"{row.parameters:,}",
            gain(row.skill),
            fill(use.text, WIDEST_USE),
        )
        stressed = (True, False, False, False, False, bool(use.titles))
        if line and row.form != comparison.rows[line - 1].form:
            axis.plot([0, 1], [y + 0.5] * 2, color="#D5D9DE", linewidth=0.8)
        for (_, x, side), text, bold in zip(COLUMNS, cells, stressed, strict=True):
            axis.text(
                x,
                y,
                text,
                fontsize=8.2 if "\n" in text else 9.3,
                linespacing=1.05,
                ha=side,
                va="center",
                color=CELLS[row.cell].colour if bold else INK,
                weight="bold" if bold else "normal",
            )


def _footnotes(comparison: Comparison) -> Sequence[str]:
    given = comparison.budget
    recall = given.recall
    return (
        (
            f"memory retention: steps over which a cell of {recall.units} units keeps a marked value (recall of {KEPT:g}); "
            f"median of {recall.seeds} seeds, band: all."
        ),
        (
            "accuracy: skill, 1 - error / error of each series' best baseline, averaged. "
            "tutorial: window of 10, each forecast fed back."
        ),
        (
            f"trained with {counted(given.units, 'unit')}, {counted(given.settings.epochs, 'epoch')} of "
            f"{counted(comparison.windows, 'window')}, "
            f"seed {given.settings.seed}; 1-2 % in accuracy are chance. Made by gatecast compare."
        ),
    )

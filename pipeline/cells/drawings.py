"""The recurrent cells, drawn on A4 pages: every gate is named, and the equations are those that Keras computes.

The thick line in the cell's colour is the way that its state takes from step to step.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge.forecaster.manifest import Cell
from pipeline.cells.pen import A4, BOX, INK, MARGIN, QUIET, RADIUS, Pen
from pipeline.training.cells import CELLS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIGMA, TIMES = "\N{GREEK SMALL LETTER SIGMA}", "\N{MULTIPLICATION SIGN}"
WIDTH = 3.95  # of every body
TOP, BOTTOM, MIDDLE = 1.92, 0.42, 0.92  # state line, line of the inputs, and the gates between
REACH = 0.3  # of the wires that leave the body
BODY_HEIGHT = 2.25
SHORT_HEIGHT = 1.35
HIGHEST, LOWEST = 10.37, 0.9  # of the drawings of a page
HEADING, GAP = 0.82, 0.54  # above a body, and below it
LEFT = 1.25  # of every body
SUBTITLE = "How recurrent cells carry a state from one step to the next"
LEGEND = "  ·  ".join(
    (
        "box: a layer with weights ($n$ units, $m$ inputs)",
        "circle: element by element",
        "dot: a copy",
        f"{SIGMA}: a gate, 0 shut … 1 open",
    )
)


def draw_lstm(pen: Pen) -> None:
    """Forget, input and output gate, and the cell state that passes them."""
    forget, entry, new, out, end = 0.72, 1.42, 2.12, 2.82, 3.45
    low, high = MIDDLE - BOX[1] / 2, MIDDLE + BOX[1] / 2
    pen.body(WIDTH, BODY_HEIGHT)
    pen.wire((-REACH, TOP), (WIDTH + REACH, TOP), state=True)
    pen.wire((-REACH, BOTTOM), (out, BOTTOM), (out, low))
    pen.wire((0.3, -REACH), (0.3, BOTTOM), arrow=False)
    pen.dot(0.3, BOTTOM)
    for x in (forget, entry, new):
        pen.dot(x, BOTTOM)
        pen.wire((x, BOTTOM), (x, low))
    pen.wire((forget, high), (forget, TOP - RADIUS))
    pen.wire((entry, high), (entry, 1.42), (new - RADIUS, 1.42))
    pen.wire((new, high), (new, 1.42 - RADIUS))
    pen.wire((new, 1.42 + RADIUS), (new, TOP - RADIUS))
    pen.wire((out, high), (out, 1.2), (end - RADIUS, 1.2))
    pen.wire((end, TOP), (end, 1.2 + RADIUS))
    pen.dot(end, TOP)
    pen.wire((end, 1.2 - RADIUS), (end, BOTTOM), (WIDTH + REACH, BOTTOM))
    gates = (
        (forget, SIGMA, "forget", "f"),
        (entry, SIGMA, "input", "i"),
        (new, "tanh", "new", "g"),
        (out, SIGMA, "output", "o"),
    )
    for x, text, name, value in gates:
        pen.gate(x, MIDDLE, text)
        pen.name(x, 0.2, name)
        pen.text(x - 0.1, high + 0.12, rf"${value}_t$", size=11.5, side="right")
    pen.operation(forget, TOP, TIMES)
    pen.operation(new, 1.42, TIMES)
    pen.operation(new, TOP, "+")
    pen.operation(end, 1.2, TIMES)
    pen.squash(end, 1.57)
    _ends(pen, (("c", TOP), ("h", BOTTOM)), 0.3)


def draw_gru(pen: Pen) -> None:
    """Update and reset gate on a single state."""
    update, reset, times, new = 0.92, 1.66, 2.3, 3.1
    low, high = MIDDLE - BOX[1] / 2, MIDDLE + BOX[1] / 2
    pen.body(WIDTH, BODY_HEIGHT)
    pen.wire((-REACH, TOP), (WIDTH + REACH, TOP), state=True)
    pen.dot(0.3, TOP)
    pen.wire((0.3, TOP), (0.3, BOTTOM), (new, BOTTOM), (new, low))
    pen.wire((0.55, -REACH), (0.55, BOTTOM), arrow=False)
    pen.dot(0.55, BOTTOM)
    for x in (update, reset):
        pen.dot(x, BOTTOM)
        pen.wire((x, BOTTOM), (x, low))
    pen.dot(times, BOTTOM)
    pen.wire((times, BOTTOM), (times, MIDDLE - RADIUS))
    pen.wire((reset + BOX[0] / 2, MIDDLE), (times - RADIUS, MIDDLE))
    pen.wire((times + RADIUS, MIDDLE), (new - BOX[0] / 2, MIDDLE))
    pen.wire((update, high), (update, TOP - RADIUS))
    pen.dot(update, 1.42)
    pen.wire((update, 1.42), (new - RADIUS, 1.42))
    pen.wire((new, high), (new, 1.42 - RADIUS))
    pen.wire((new, 1.42 + RADIUS), (new, TOP - RADIUS))
    for x, text, name in ((update, SIGMA, "update"), (reset, SIGMA, "reset"), (new, "tanh", "new")):
        pen.gate(x, MIDDLE, text)
        pen.name(x, 0.2, name)
    pen.text(update - 0.1, high + 0.12, "$z_t$", size=11.5, side="right")
    pen.text((reset + times) / 2 + 0.09, MIDDLE + 0.19, "$r_t$", size=11.5)
    pen.text(new + 0.1, high + 0.12, "$n_t$", size=11.5, side="left")
    pen.text(times + 0.07, 0.6, "$U_n h$", size=10.5, side="left", colour=QUIET)
    pen.text(new + 0.07, 0.6, "$W_n x$", size=10.5, side="left", colour=QUIET)
    pen.operation(update, TOP, TIMES)
    pen.operation(times, MIDDLE, TIMES)
    pen.operation(2.0, 1.42, "1−")  # noqa: RUF001 - a minus
    pen.operation(new, 1.42, TIMES)
    pen.operation(new, TOP, "+")
    _ends(pen, (("h", TOP),), 0.55)


def draw_simplernn(pen: Pen) -> None:
    """One layer, through which the whole state goes at every step."""
    line, add, new = 0.75, 1.3, 2.55
    pen.body(WIDTH, SHORT_HEIGHT)
    pen.wire((-REACH, line), (WIDTH + REACH, line), state=True)
    pen.wire((add, -REACH), (add, line - RADIUS))
    pen.operation(add, line, "+")
    pen.gate(new, line, "tanh")
    pen.text(0.62, line + 0.2, "$U$", size=11.5)
    pen.text(add + 0.1, 0.28, "$W$", size=11.5, side="left")
    pen.name(new, line - 0.36, "new")
    _ends(pen, (("h", line),), add)


def _ends(pen: Pen, states: Sequence[tuple[str, float]], entry: float) -> None:
    """Names of what comes in and goes out.

    Args:
        pen: pen of the cell.
        states: name of each state and the height of its line.
        entry: position of the line of the inputs.
    """
    for name, height in states:
        pen.text(-REACH - 0.06, height, f"${name}_{{t-1}}$", size=14, side="right")
        pen.text(WIDTH + REACH + 0.06, height, f"${name}_t$", size=14, side="left")
    pen.text(entry + 0.1, -REACH + 0.09, "$x_t$", size=14, side="left")


@dataclass(frozen=True, slots=True)
class Drawing:
    """One cell on the page, with the words beside it.

    Args:
        draw: function that draws the cell's body and lines.
        height: height of the body, inches.
        idea: sentence that says what is special.
        equations: equations of one step, in mathtext.
        layers: number of layers with weights of their own.
        biases: number of biases that each unit has in each of these layers.
    """

    draw: Callable[[Pen], None]
    height: float
    idea: str
    equations: tuple[str, ...]
    layers: int
    biases: int

    @property
    def count(self) -> str:
        """The number of weights of n units with m inputs, in mathtext."""
        factor = "" if self.layers == 1 else rf"{self.layers}\,"
        return rf"${factor}n\,(n+m+{self.biases})$ weights"


# In the order of the pages, the simplest cell first.
DRAWINGS: Mapping[Cell, Drawing] = {
    "simplernn": Drawing(
        draw_simplernn,
        SHORT_HEIGHT,
        "The whole state is made anew at every step: what was there fades or grows.",
        (r"$h_t=\tanh(W x_t+U h_{t-1}+b)$",),
        layers=1,
        biases=1,
    ),
    "gru": Drawing(
        draw_gru,
        BODY_HEIGHT,
        "The update gate decides how much of the state stays: at $z=1$ it passes untouched.",
        (
            r"$z_t=\sigma(W_z x_t+U_z h_{t-1}+b_z)$",
            r"$r_t=\sigma(W_r x_t+U_r h_{t-1}+b_r)$",
            r"$n_t=\tanh(W_n x_t+b_n$",
            r"$\qquad\quad+\;r_t\odot(U_n h_{t-1}+b_u))$",
            r"$h_t=z_t\odot h_{t-1}+(1-z_t)\odot n_t$",
        ),
        layers=3,
        biases=2,
    ),
    "lstm": Drawing(
        draw_lstm,
        BODY_HEIGHT,
        "A second state, the cell state $c$, is only scaled and added to: a line of its own for memory.",
        (
            r"$f_t=\sigma(W_f x_t+U_f h_{t-1}+b_f)$",
            r"$i_t=\sigma(W_i x_t+U_i h_{t-1}+b_i)$",
            r"$o_t=\sigma(W_o x_t+U_o h_{t-1}+b_o)$",
            r"$g_t=\tanh(W_g x_t+U_g h_{t-1}+b_g)$",
            r"$c_t=f_t\odot c_{t-1}+i_t\odot g_t$",
            r"$h_t=o_t\odot\tanh(c_t)$",
        ),
        layers=4,
        biases=1,
    ),
}


def cell_pages(measured: Mapping[Cell, str]) -> tuple["Figure", ...]:
    """As many pages as the drawn cells need.

    Args:
        measured: one line of text for each cell that was measured.
    """
    cells = iter(DRAWINGS)
    pages = layout([drawing.height for drawing in DRAWINGS.values()])
    return tuple(_page({next(cells): bottom for bottom in bottoms}, measured) for bottoms in pages)


def layout(heights: Sequence[float]) -> list[list[float]]:
    """Lower edge of every body on its page, inches, page by page: one body below the other, with room for its words.

    Args:
        heights: heights of the bodies, inches.
    """
    pages: list[list[float]] = [[]]
    top = HIGHEST
    for height in heights:
        if top - HEADING - height < LOWEST:
            pages.append([])
            top = HIGHEST
        bottom = top - HEADING - height
        pages[-1].append(bottom)
        top = bottom - GAP
    return pages


def _page(bottoms: Mapping[Cell, float], measured: Mapping[Cell, str]) -> "Figure":
    """One page.

    Args:
        bottoms: lower edge of the body of each cell of the page, inches.
        measured: one line of text for each cell that was measured.
    """
    from matplotlib import rc_context  # noqa: PLC0415 - takes a second, and only a poster needs it
    from matplotlib.figure import Figure  # noqa: PLC0415

    title = ", ".join(CELLS[cell].title for cell in bottoms)
    with rc_context({"font.family": "DejaVu Sans", "mathtext.fontset": "stix"}):
        figure = Figure(figsize=A4)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, A4[0]), ylim=(0, A4[1]))
        axes.axis("off")
        axes.text(MARGIN, 11.1, title, fontsize=27, weight="bold", color=INK, va="center")
        axes.text(MARGIN, 10.66, SUBTITLE, fontsize=13, color=QUIET, va="center")
        for cell, bottom in bottoms.items():
            pen = Pen(axes, (LEFT, bottom), CELLS[cell])
            DRAWINGS[cell].draw(pen)
            _words(pen, DRAWINGS[cell], measured.get(cell, ""))
        axes.text(A4[0] / 2, 0.3, LEGEND, fontsize=8.6, color=QUIET, ha="center", va="center")
    return figure


def _words(pen: Pen, drawing: Drawing, measured: str) -> None:
    """Title, idea, equations and what was measured."""
    axes, colour, bottom = pen.axes, pen.kind.colour, pen.origin[1]
    top = bottom + drawing.height
    axes.plot([MARGIN, A4[0] - MARGIN], [top + HEADING] * 2, color=colour, linewidth=2.2)
    axes.text(MARGIN, top + 0.55, pen.kind.title, fontsize=19, weight="bold", color=colour, va="center")
    axes.text(A4[0] - MARGIN, top + 0.55, measured, fontsize=11, color=colour, ha="right", va="center", weight="bold")
    axes.text(MARGIN, top + 0.24, drawing.idea, fontsize=10.5, color=INK, va="center")
    left, step, lines = 5.9, 0.31, len(drawing.equations) + 1
    first = bottom + drawing.height / 2 + step * lines / 2
    for number, equation in enumerate(drawing.equations):
        axes.text(left, first - number * step, equation, fontsize=10.9, color=INK, va="center")
    axes.text(left, first - len(drawing.equations) * step, drawing.count, fontsize=10.5, color=QUIET, va="center")

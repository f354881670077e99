"""The three recurrent cells, drawn: one A4 page with every gate named and the equations that Keras computes.

The page is one set of axes in inches, so that places can be read off; a cell is drawn from its lower left corner. The
thick line in the cell's colour is the way its state takes from step to step.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from edge.forecaster.manifest import Cell

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Okabe and Ito (2008), told apart by colour-blind readers.
COLOURS: dict[Cell, str] = {"simplernn": "#009E73", "gru": "#0072B2", "lstm": "#D55E00"}
TINTS: dict[Cell, str] = {"simplernn": "#E6F4F0", "gru": "#E5F0F7", "lstm": "#FBEDE4"}
INK, QUIET = "#222222", "#5A6470"
SIGMA, TIMES = "\N{GREEK SMALL LETTER SIGMA}", "\N{MULTIPLICATION SIGN}"
A4 = (8.27, 11.69)
MARGIN = 0.55
RADIUS = 0.135  # of an operation's circle
BOX = (0.6, 0.34)
STATE_LINE, LINE = 4.0, 1.5
ROUND = 0.1

Point: TypeAlias = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Pen:
    """Draws one cell.

    Args:
        axes: of the page, in inches.
        origin: lower left corner of the cell's body.
        cell: gives the colour.
    """

    axes: Any
    origin: Point
    cell: Cell

    def at(self, x: float, y: float) -> Point:
        """A place of the cell on the page."""
        return self.origin[0] + x, self.origin[1] + y

    def body(self, width: float, height: float) -> None:
        """What belongs to the cell."""
        from matplotlib.patches import FancyBboxPatch  # noqa: PLC0415

        style = "round,pad=0,rounding_size=0.16"
        self.axes.add_patch(
            FancyBboxPatch(
                self.at(0, 0), width, height, boxstyle=style, facecolor=TINTS[self.cell], edgecolor=COLOURS[self.cell],
                linewidth=1.2, zorder=1,
            )
        )  # fmt: skip

    def wire(self, *points: Point, state: bool = False, arrow: bool = True) -> None:
        """A line through the points with rounded corners."""
        from matplotlib.patches import FancyArrowPatch  # noqa: PLC0415
        from matplotlib.path import Path  # noqa: PLC0415

        places = [self.at(*point) for point in points]
        vertices, codes = [places[0]], [Path.MOVETO]
        for before, corner, after in zip(places, places[1:], places[2:], strict=False):
            vertices += [_towards(corner, before), corner, _towards(corner, after)]
            codes += [Path.LINETO, Path.CURVE3, Path.CURVE3]
        self.axes.add_patch(
            FancyArrowPatch(
                path=Path([*vertices, places[-1]], [*codes, Path.LINETO]), arrowstyle="-|>" if arrow else "-",
                mutation_scale=15 if state else 9, linewidth=STATE_LINE if state else LINE, shrinkA=0, shrinkB=0,
                color=COLOURS[self.cell] if state else INK, joinstyle="miter" if state else "round", capstyle="butt",
                zorder=3 if state else 2,
            )
        )  # fmt: skip

    def dot(self, x: float, y: float) -> None:
        """Where a line is copied."""
        self.axes.plot(*self.at(x, y), "o", color=INK, markersize=4.5, zorder=4)

    def gate(self, x: float, y: float, text: str) -> None:
        """A layer with weights of its own."""
        from matplotlib.patches import FancyBboxPatch  # noqa: PLC0415

        width, height = BOX
        self.axes.add_patch(
            FancyBboxPatch(
                self.at(x - width / 2, y - height / 2), width, height, boxstyle="round,pad=0,rounding_size=0.06",
                facecolor=COLOURS[self.cell], edgecolor="none", zorder=5,
            )
        )  # fmt: skip
        self.text(x, y - 0.01, text, size=13, colour="white")

    def operation(self, x: float, y: float, text: str) -> None:
        """An operation on every element."""
        from matplotlib.patches import Circle  # noqa: PLC0415

        self.axes.add_patch(
            Circle(self.at(x, y), RADIUS, facecolor="white", edgecolor=COLOURS[self.cell], linewidth=1.6, zorder=5)
        )
        self.text(x, y - 0.005, text, size=12 if len(text) == 1 else 9.5)

    def squash(self, x: float, y: float) -> None:
        """A tanh without weights."""
        from matplotlib.patches import Ellipse  # noqa: PLC0415

        width, height = BOX
        self.axes.add_patch(
            Ellipse(
                self.at(x, y), width, height * 0.85, facecolor="white", edgecolor=COLOURS[self.cell], linewidth=1.6, zorder=5
            )
        )
        self.text(x, y, "tanh", size=10)

    def text(self, x: float, y: float, text: str, *, size: float = 11, colour: str = INK, side: str = "center") -> None:
        """Words or a formula; in colour they are names, and bold."""
        bold = "normal" if colour in (INK, QUIET) else "bold"
        self.axes.text(*self.at(x, y), text, fontsize=size, color=colour, weight=bold, ha=side, va="center", zorder=6)


def _towards(corner: Point, other: Point) -> Point:
    distance = abs(other[0] - corner[0]) + abs(other[1] - corner[1])
    share = min(ROUND, distance / 2) / distance
    return corner[0] + share * (other[0] - corner[0]), corner[1] + share * (other[1] - corner[1])


WIDTH = 3.95  # of every body
TOP, BOTTOM, MIDDLE = 1.92, 0.42, 0.92  # state line, line of the inputs, and the gates between
REACH = 0.3  # of the wires that leave the body
BODY_HEIGHT = 2.25
SHORT_HEIGHT = 1.35


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
    for x, text, name, value in (
        (forget, SIGMA, "forget", "f"), (entry, SIGMA, "input", "i"), (new, "tanh", "new", "g"), (out, SIGMA, "output", "o"),
    ):  # fmt: skip
        pen.gate(x, MIDDLE, text)
        pen.text(x, 0.2, name, size=10.5, colour=COLOURS[pen.cell])
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
        pen.text(x, 0.2, name, size=10.5, colour=COLOURS[pen.cell])
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
    pen.text(new, line - 0.36, "new", size=10.5, colour=COLOURS[pen.cell])
    _ends(pen, (("h", line),), add)


def _ends(pen: Pen, states: Sequence[tuple[str, float]], entry: float) -> None:
    """Names of what comes in and goes out."""
    for name, height in states:
        pen.text(-REACH - 0.06, height, f"${name}_{{t-1}}$", size=14, side="right")
        pen.text(WIDTH + REACH + 0.06, height, f"${name}_t$", size=14, side="left")
    pen.text(entry + 0.1, -REACH + 0.09, "$x_t$", size=14, side="left")


@dataclass(frozen=True, slots=True)
class Band:
    """One third of the page.

    Args:
        cell: which.
        bottom: of the body, inches from the page's lower edge.
        height: of the body, inches.
        title: its name.
        idea: what is special, one or two lines.
        equations: in mathtext.
        count: of its weights.
    """

    cell: Cell
    bottom: float
    height: float
    title: str
    idea: str
    equations: tuple[str, ...]
    count: str


BANDS = (
    Band(
        "simplernn", 8.2, SHORT_HEIGHT, "SimpleRNN",
        "The whole state is made anew at every step: what was there fades or grows.",
        (r"$h_t=\tanh(W x_t+U h_{t-1}+b)$",), r"$n\,(n+m+1)$ weights",
    ),
    Band(
        "gru", 4.58, BODY_HEIGHT, "GRU",
        "The update gate decides how much of the state stays: at $z=1$ it passes untouched.",
        (
            r"$z_t=\sigma(W_z x_t+U_z h_{t-1}+b_z)$", r"$r_t=\sigma(W_r x_t+U_r h_{t-1}+b_r)$",
            r"$n_t=\tanh(W_n x_t+b_n$", r"$\qquad\quad+\;r_t\odot(U_n h_{t-1}+b_u))$",
            r"$h_t=z_t\odot h_{t-1}+(1-z_t)\odot n_t$",
        ),
        r"$3\,n\,(n+m+2)$ weights",
    ),
    Band(
        "lstm", 0.98, BODY_HEIGHT, "LSTM",
        "A second state, the cell state $c$, is only scaled and added to: a line of its own for memory.",
        (
            r"$f_t=\sigma(W_f x_t+U_f h_{t-1}+b_f)$", r"$i_t=\sigma(W_i x_t+U_i h_{t-1}+b_i)$",
            r"$o_t=\sigma(W_o x_t+U_o h_{t-1}+b_o)$", r"$g_t=\tanh(W_g x_t+U_g h_{t-1}+b_g)$",
            r"$c_t=f_t\odot c_{t-1}+i_t\odot g_t$", r"$h_t=o_t\odot\tanh(c_t)$",
        ),
        r"$4\,n\,(n+m+1)$ weights",
    ),
)  # fmt: skip
SUBTITLE = "How three recurrent cells carry a state from one step to the next"
LEGEND = "  ·  ".join(
    (
        "box: a layer with weights ($n$ units, $m$ inputs)",
        "circle: element by element",
        "dot: a copy",
        f"{SIGMA}: a gate, 0 shut … 1 open",
    )
)


def cell_page(measured: dict[Cell, str]) -> "Figure":
    """The page.

    Args:
        measured: one line for each cell.
    """
    from matplotlib import rc_context  # noqa: PLC0415 - takes a second, and only a poster needs it
    from matplotlib.figure import Figure  # noqa: PLC0415

    with rc_context({"font.family": "DejaVu Sans", "mathtext.fontset": "stix"}):
        figure = Figure(figsize=A4)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, A4[0]), ylim=(0, A4[1]))
        axes.axis("off")
        axes.text(MARGIN, 11.1, "SimpleRNN, GRU, LSTM", fontsize=27, weight="bold", color=INK, va="center")
        axes.text(MARGIN, 10.66, SUBTITLE, fontsize=13, color=QUIET, va="center")
        draw = {"simplernn": draw_simplernn, "gru": draw_gru, "lstm": draw_lstm}
        for band in BANDS:
            draw[band.cell](Pen(axes, (1.25, band.bottom), band.cell))
            _words(axes, band, measured.get(band.cell, ""))
        axes.text(A4[0] / 2, 0.3, LEGEND, fontsize=8.6, color=QUIET, ha="center", va="center")
    return figure


def _words(axes: Any, band: Band, measured: str) -> None:  # noqa: ANN401 - matplotlib has no types
    colour, top = COLOURS[band.cell], band.bottom + band.height
    axes.plot([MARGIN, A4[0] - MARGIN], [top + 0.82] * 2, color=colour, linewidth=2.2)
    axes.text(MARGIN, top + 0.55, band.title, fontsize=19, weight="bold", color=colour, va="center")
    axes.text(MARGIN, top + 0.24, band.idea, fontsize=10.5, color=INK, va="center")
    step = 0.31
    left, first = 5.9, band.bottom + band.height / 2 + step * (len(band.equations) + 1) / 2
    for place, equation in enumerate(band.equations):
        axes.text(left, first - place * step, equation, fontsize=10.9, color=INK, va="center")
    below = first - len(band.equations) * step
    axes.text(left, below, band.count, fontsize=10.5, color=QUIET, va="center")
    axes.text(A4[0] - MARGIN, top + 0.55, measured, fontsize=11, color=colour, ha="right", va="center", weight="bold")

"""The pen that draws one recurrent cell on a page, and the measures of that page.

A page is one set of axes in inches, so that positions can be read off; a cell is drawn from its lower left corner.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

from pipeline.training.cells import CellKind

INK, QUIET = "#222222", "#5A6470"
A4 = (8.27, 11.69)  # inches
MARGIN = 0.55
RADIUS = 0.135  # of an operation's circle
BOX = (0.6, 0.34)  # width and height of a gate
STATE_LINE, LINE = 4.0, 1.5  # widths in points
ROUND = 0.1  # inches of a line that its rounded corner takes

Point: TypeAlias = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Pen:
    """Draws one cell.

    Args:
        axes: axes of the page, in inches.
        origin: lower left corner of the cell's body, in inches.
        kind: line of the table of cells, which gives the colours.
    """

    axes: Any
    origin: Point
    kind: CellKind

    def at(self, x: float, y: float) -> Point:
        """A point of the cell as a point of the page."""
        return self.origin[0] + x, self.origin[1] + y

    def body(self, width: float, height: float) -> None:
        """The box around everything that belongs to the cell."""
        from matplotlib.patches import FancyBboxPatch  # noqa: PLC0415 - takes a second, and only a poster needs it

        self.axes.add_patch(
            FancyBboxPatch(
                self.at(0, 0),
                width,
                height,
                boxstyle="round,pad=0,rounding_size=0.16",
                facecolor=self.kind.tint,
                edgecolor=self.kind.colour,
                linewidth=1.2,
                zorder=1,
            )
        )

    def wire(self, *points: Point, state: bool = False, arrow: bool = True) -> None:
        """A line through the points with rounded corners.

        Args:
            points: start, corners and end.
            state: whether the line is a state's way: thick and in the cell's colour.
            arrow: whether the line ends with an arrowhead.
        """
        from matplotlib.patches import FancyArrowPatch  # noqa: PLC0415
        from matplotlib.path import Path  # noqa: PLC0415

        on_page = [self.at(*point) for point in points]
        vertices, codes = [on_page[0]], [Path.MOVETO]
        for before, corner, after in zip(on_page, on_page[1:], on_page[2:], strict=False):
            vertices += [_towards(corner, before), corner, _towards(corner, after)]
            codes += [Path.LINETO, Path.CURVE3, Path.CURVE3]
        self.axes.add_patch(
            FancyArrowPatch(
                path=Path([*vertices, on_page[-1]], [*codes, Path.LINETO]),
                arrowstyle="-|>" if arrow else "-",
                mutation_scale=15 if state else 9,
                linewidth=STATE_LINE if state else LINE,
                shrinkA=0,
                shrinkB=0,
                color=self.kind.colour if state else INK,
                joinstyle="miter" if state else "round",
                capstyle="butt",
                zorder=3 if state else 2,
            )
        )

    def dot(self, x: float, y: float) -> None:
        """The point where a line is copied."""
        self.axes.plot(*self.at(x, y), "o", color=INK, markersize=4.5, zorder=4)

    def gate(self, x: float, y: float, text: str) -> None:
        """A layer with weights of its own."""
        from matplotlib.patches import FancyBboxPatch  # noqa: PLC0415

        width, height = BOX
        self.axes.add_patch(
            FancyBboxPatch(
                self.at(x - width / 2, y - height / 2),
                width,
                height,
                boxstyle="round,pad=0,rounding_size=0.06",
                facecolor=self.kind.colour,
                edgecolor="none",
                zorder=5,
            )
        )
        self._bold(x, y - 0.01, text, 13, "white")

    def operation(self, x: float, y: float, text: str) -> None:
        """An operation on every element."""
        from matplotlib.patches import Circle  # noqa: PLC0415

        circle = Circle(self.at(x, y), RADIUS, facecolor="white", edgecolor=self.kind.colour, linewidth=1.6, zorder=5)
        self.axes.add_patch(circle)
        self.text(x, y - 0.005, text, size=12 if len(text) == 1 else 9.5)

    def squash(self, x: float, y: float) -> None:
        """A tanh without weights."""
        from matplotlib.patches import Ellipse  # noqa: PLC0415

        width, height = BOX[0], BOX[1] * 0.85
        ellipse = Ellipse(self.at(x, y), width, height, facecolor="white", edgecolor=self.kind.colour, linewidth=1.6, zorder=5)
        self.axes.add_patch(ellipse)
        self.text(x, y, "tanh", size=10)

    def name(self, x: float, y: float, text: str) -> None:
        """The name of a gate, in the cell's colour."""
        self._bold(x, y, text, 10.5, self.kind.colour)

    def text(self, x: float, y: float, text: str, *, size: float = 11, colour: str = INK, side: str = "center") -> None:
        """Words or a formula."""
        self.axes.text(*self.at(x, y), text, fontsize=size, color=colour, ha=side, va="center", zorder=6)

    def _bold(self, x: float, y: float, text: str, size: float, colour: str) -> None:
        self.axes.text(*self.at(x, y), text, fontsize=size, color=colour, weight="bold", ha="center", va="center", zorder=6)


def _towards(corner: Point, other: Point) -> Point:
    distance = abs(other[0] - corner[0]) + abs(other[1] - corner[1])
    share = min(ROUND, distance / 2) / distance
    return corner[0] + share * (other[0] - corner[0]), corner[1] + share * (other[1] - corner[1])

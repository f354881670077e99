"""The pen draws in the coordinates of a cell and in its colours."""

import numpy as np
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from pipeline.cells.pen import INK, RADIUS, ROUND, Pen
from pipeline.training.cells import CELLS


def pen(x: float = 0, y: float = 0) -> Pen:
    """A pen of the LSTM on an empty page."""
    return Pen(Figure().add_axes((0, 0, 1, 1)), (x, y), CELLS["lstm"])


def test_a_cell_is_drawn_from_its_corner() -> None:
    """The same operation lies as much farther as the cell does."""
    near, far = pen(), pen(2, 3)
    for each in (near, far):
        each.operation(0.5, 0.25, "+")
    centres = [each.axes.patches[0].center for each in (near, far)]
    np.testing.assert_allclose(np.subtract(*reversed(centres)), (2, 3))
    assert near.axes.patches[0].radius == RADIUS


def test_a_wire_goes_around_corners_in_curves() -> None:
    """It starts and ends where it is asked to, and leaves the straight line shortly before and after a corner."""
    drawn = pen()
    drawn.wire((0, 0), (1, 0), (1, 2), arrow=False)
    assert drawn.axes.patches[0].get_path().vertices.tolist() == [[0, 0], [1 - ROUND, 0], [1, 0], [1, ROUND], [1, 2]]


def test_only_a_state_is_drawn_in_the_colour_of_the_cell() -> None:
    """All other wires are ink."""
    drawn = pen()
    drawn.wire((0, 0), (1, 0))
    drawn.wire((0, 0), (1, 0), state=True)
    assert [to_hex(patch.get_edgecolor()).upper() for patch in drawn.axes.patches] == [INK, CELLS["lstm"].colour]


def test_names_are_bold_and_formulas_are_not() -> None:
    """Whatever their colour is."""
    drawn = pen()
    drawn.name(0, 0, "forget")
    drawn.text(0, 0, "$f_t$", colour=CELLS["lstm"].colour)
    assert [text.get_weight() for text in drawn.axes.texts] == ["bold", "normal"]

"""Every cell is drawn, and the words beside it are true."""

import itertools

import pytest

from edge.forecaster.manifest import Cell
from pipeline.cells.drawings import DRAWINGS, GAP, HEADING, HIGHEST, LOWEST, cell_pages, layout
from pipeline.training.cells import CELLS


def test_every_cell_is_on_a_page() -> None:
    """Each with its title and what was measured of it."""
    pages = cell_pages({cell: f"measured of {cell}" for cell in CELLS})
    words = {text.get_text() for page in pages for text in page.axes[0].texts}
    for cell, kind in CELLS.items():
        assert {kind.title, f"measured of {cell}", DRAWINGS[cell].count, *DRAWINGS[cell].equations} <= words


@pytest.mark.parametrize("count", [1, 3, 4, 7])
def test_further_cells_go_to_further_pages(count: int) -> None:
    """No body lies on the words of another one, and none leaves the page."""
    pages = layout([1.35] * count)
    assert [len(bottoms) for bottoms in pages] == [3] * (count // 3) + [count % 3] * (count % 3 > 0)
    for bottoms in pages:
        assert bottoms[0] + 1.35 + HEADING <= HIGHEST
        assert min(bottoms) >= LOWEST
        assert all(above - GAP - HEADING - 1.35 == pytest.approx(below) for above, below in itertools.pairwise(bottoms))


@pytest.mark.training
@pytest.mark.parametrize("cell", CELLS)
def test_the_number_of_weights_is_that_of_keras(cell: Cell) -> None:
    """As the page says it, for 5 units and 2 inputs."""
    layer = CELLS[cell].layer(5)
    layer.build((None, 2))
    drawing = DRAWINGS[cell]
    assert layer.count_params() == drawing.layers * 5 * (5 + 2 + drawing.biases)
    assert f"(n+m+{drawing.biases})" in drawing.count

"""A comparison of cells whose figures are made up."""

import numpy as np

from edge.forecaster.manifest import Cell
from pipeline.cells.comparison import Comparison, budget
from pipeline.cells.recall import Memory
from pipeline.cells.uses import Form, Row, best_uses
from pipeline.training.cells import CELLS
from tests.support import tiny


def row(cell: Cell, form: Form, error: float, batched: float, size: int, reference: float = 0.6) -> Row:
    """A network with these figures on series whose best baseline has that error; the rest is alike."""
    leads = np.linspace(0.8, 1.2, 7) * error
    coverage, skill = float("nan") if form == "tutorial" else 0.8, 1 - error / reference
    return Row(cell, form, 7, size // 4, size, 1.0, 3 * batched, batched, leads, coverage, skill, np.full(7, skill))


def memory(cell: Cell, kept: int) -> Memory:
    """A cell that keeps a value for so many of 5, 10 and 20 steps."""
    recalls = tuple(1.0 if delay <= kept else 0.1 for delay in (5, 10, 20))
    return Memory(cell, (5, 10, 20), recalls, recalls, recalls, (0, 10, 20), (1.0, 0.1, 0.0), (1.0, 0.9, 0.8), 1.0)


MEMORIES = tuple(memory(cell, 5 if cell == "simplernn" else 20) for cell in CELLS)
ROWS = (
    row("gru", "segment", 0.501, 10, 140_000),
    row("lstm", "segment", 0.500, 20, 180_000),
    row("simplernn", "segment", 0.57, 8, 90_000),
    row("gru", "plain", 0.56, 60, 95_000),
    row("lstm", "plain", 0.56, 70, 200_000),
    row("gru", "tutorial", 0.9, 5, 40_000),
)


def comparison() -> Comparison:
    """Everything, on a baseline of 0.6."""
    reference = np.full(7, 0.6)
    uses = best_uses(ROWS, MEMORIES)
    return Comparison(
        ROWS, uses, MEMORIES, "last_value", reference, tiny.CONTRACT, budget("usual"), 3, 500, 1000, "ai-edge-litert 2"
    )

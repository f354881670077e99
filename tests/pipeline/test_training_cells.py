"""Whatever is kept by cell covers all of them."""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import get_args

import pytest
from matplotlib.colors import is_color_like
from matplotlib.markers import MarkerStyle

import flows
import pipeline
from edge.forecaster.manifest import VERSION, Cell
from pipeline.training.cells import CELLS

IMPORT_TENSORFLOW = frozenset(
    {"pipeline.cells.recall_trainer", "pipeline.cells.tutorial", "pipeline.training.network", "pipeline.training.trainer"}
)


def by_cell(module: ModuleType) -> Iterator[tuple[str, set[str]]]:
    """Name and keys of each mapping of a module that is kept by cell."""
    for name, value in vars(module).items():
        if isinstance(value, Mapping) and value and set(value) <= set(get_args(Cell)):
            yield f"{module.__name__}.{name}", set(value)


def modules() -> list[str]:
    """All modules of the trainer that do without TensorFlow."""
    packages = (pipeline, flows)
    names = [name for package in packages for _, name, _ in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")]
    return [name for name in names if name not in IMPORT_TENSORFLOW]


def test_the_table_has_the_cells_that_a_manifest_may_name() -> None:
    """In the same order, each with a title of its own."""
    assert tuple(CELLS) == get_args(Cell)
    assert len({kind.title for kind in CELLS.values()}) == len(CELLS)


def test_every_mapping_by_cell_covers_every_cell() -> None:
    """A cell that one of them misses would end a run after all of its trainings."""
    found = dict(pair for name in modules() for pair in by_cell(importlib.import_module(name)))
    assert {"pipeline.training.cells.CELLS", "pipeline.cells.drawings.DRAWINGS"} <= set(found)
    assert {name: set(get_args(Cell)) - keys for name, keys in found.items() if keys != set(get_args(Cell))} == {}


def test_a_mapping_that_misses_a_cell_is_noticed() -> None:
    """The search sees mappings with some of the cells, and no others."""
    module = ModuleType("example")
    vars(module).update(TITLES={"gru": "GRU"}, OTHERS={"gru": 1, "oven": 2}, NOTHING={})
    assert dict(by_cell(module)) == {"example.TITLES": {"gru"}}


@pytest.mark.parametrize("cell", CELLS)
def test_a_cell_can_be_drawn_and_named(cell: Cell) -> None:
    """Its colours and its marker are matplotlib's, and a bundle's version may hold its name."""
    kind = CELLS[cell]
    assert is_color_like(kind.colour)
    assert is_color_like(kind.tint)
    assert MarkerStyle(kind.marker).is_filled()
    assert VERSION.fullmatch(f"20261122T154500Z-{cell}-0123abcd")


@pytest.mark.training
@pytest.mark.parametrize("cell", CELLS)
def test_a_cell_has_the_states_that_the_table_says(cell: Cell) -> None:
    """Each of them `[batch, units]`, and the first one is its output."""
    import numpy as np  # noqa: PLC0415
    import tensorflow as tf  # noqa: PLC0415 - takes seconds

    kind = CELLS[cell]
    layer = kind.layer(5)
    layer.build((None, 2))
    output, states = layer(tf.ones([3, 2]), [tf.fill([3, 5], 0.5)] * kind.states)
    assert [tuple(state.shape) for state in states] == [(3, 5)] * kind.states
    np.testing.assert_array_equal(output.numpy(), states[0].numpy())

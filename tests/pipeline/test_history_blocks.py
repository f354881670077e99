"""Block values of a table are those of its intervals, in memory and in a file."""

from pathlib import Path

import numpy as np
import pytest

from edge.contract.coarse import Coarse, block_values
from edge.contract.contract import Contract
from pipeline.history.blocks import Blocks
from pipeline.history.table import Table
from pipeline.history.windows import has_window, samples


@pytest.mark.parametrize("first", [0, 1, 5, 6])
@pytest.mark.parametrize("piece", [6, 24, 10**6])
def test_a_block_is_made_of_the_intervals_with_its_numbers(first: int, piece: int) -> None:
    """Wherever the table begins within a block, and in pieces of any size."""
    random = np.random.default_rng(0)
    values = random.normal(size=(3, 50))
    values[random.random(values.shape) < 0.3] = np.nan
    blocks = Blocks(values, first, piece)
    made = blocks.of(6)
    for number in range(made.shape[1]):
        begin = 6 * (number + blocks.first(6)) - first
        cells = np.full((3, 6), np.nan)
        for step in range(6):
            if 0 <= begin + step < 50:
                cells[:, step] = values[:, begin + step]
        np.testing.assert_array_equal(made[:, number], block_values(cells)[0])
    assert blocks.of(6) is made


def test_blocks_of_a_table_that_is_a_file_are_in_a_file(tmp_path: Path) -> None:
    """A large table does not fit into memory, nor may its blocks have to."""
    values = np.random.default_rng(0).normal(size=(2, 40))
    np.save(tmp_path / "table.npy", values)
    made = Blocks(np.load(tmp_path / "table.npy", "r"), 3).of(6)
    assert isinstance(made, np.memmap)
    np.testing.assert_array_equal(made, Blocks(values, 3).of(6))
    assert [path.name for path in tmp_path.iterdir()] == ["table.npy"]


def test_too_much_that_is_missing_counts_over_all_columns() -> None:
    """A device counts the same columns before it lets a model forecast."""
    contract = Contract(10, 4, 1, coarse=(Coarse(4, 4),), max_missing=0.25)
    values = np.arange(60.0)[None].copy()
    values[0, 20:28] = np.nan  # two blocks of four, of eight columns
    table = Table(("a",), 0, 10, values)
    usable = samples(table, contract, range(60)).origin.tolist()
    cut = samples(table, contract, range(60), max_missing=1.0)
    missing = np.isnan(cut.windows(slice(None), contract)).sum(axis=1)
    assert usable == cut.origin[missing <= 2].tolist()
    assert 28 not in usable
    assert not has_window(values[0], contract, range(28, 30))
    assert has_window(values[0], contract, range(36, 60))

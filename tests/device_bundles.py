"""Bundles that only a trainer can make, for tests that also run on devices."""

from collections.abc import Iterable
from itertools import product
from pathlib import Path

from edge.bundle import Cell, Design, read_bundle, write_bundle
from pipeline.models import Architecture
from tests import tiny


def make(folder: Path, cells: Iterable[Cell], designs: Iterable[Design]) -> None:
    """Convert each cell in each design, with golden forecasts, and write it whole."""
    for cell, design in product(cells, designs):
        made = tiny.bundle(Architecture(cell, design, units=6))
        assert read_bundle(write_bundle(folder, made)) == made

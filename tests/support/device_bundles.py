"""Bundles that only a trainer can make, for tests that also run on devices."""

from collections.abc import Iterable
from itertools import product
from pathlib import Path

from edge.forecaster.bundle import Bundle, read_bundle, write_bundle
from edge.forecaster.manifest import Cell, Design, Precision
from pipeline.training.architecture import Architecture
from tests.support import tiny

UNITS = 48  # fewer weights are not rounded


def make(folder: Path, cells: Iterable[Cell], designs: Iterable[Design], rounded: Iterable[Precision]) -> None:
    """Convert each cell in each design, and in each rounded precision, with golden forecasts, and write it whole."""
    for cell, design in product(cells, designs):
        _keep(folder, tiny.bundle(Architecture(cell, design, units=6)))
    for cell, precision in product(cells, rounded):
        _keep(folder, tiny.bundle(Architecture(cell, units=UNITS), precision=precision))


def _keep(folder: Path, made: Bundle) -> None:
    assert read_bundle(write_bundle(folder, made)) == made

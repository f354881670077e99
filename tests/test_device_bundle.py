"""What the trainer makes for devices; `test_edge_released` runs it, also where no trainer is installed."""

import os
from pathlib import Path

import pytest

from edge.bundle import Cell, Design, read_bundle, write_bundle
from pipeline.models import Architecture
from tests import tiny


@pytest.mark.training
@pytest.mark.parametrize("design", ["segment", "plain"])
@pytest.mark.parametrize("cell", ["gru", "lstm", "simplernn"])
def test_every_network_becomes_a_bundle_for_devices(cell: Cell, design: Design, tmp_path: Path) -> None:
    """Converted with golden forecasts and written whole: few steps unrolled (segment), many as a loop (plain)."""
    made = tiny.bundle(Architecture(cell, design, units=6))
    folder = write_bundle(Path(os.environ.get("GATECAST_TEST_BUNDLES", tmp_path)), made)
    assert read_bundle(folder) == made
    assert made.manifest.golden is not None

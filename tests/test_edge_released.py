"""Bundles made by the trainer run the same on whatever TFLite runtime is installed here."""

import importlib
import os
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from edge.bundle import Bundle, Cell, Design, read_bundle
from edge.model import BUCKETS, Model, relative_error, runtime_name
from edge.release import open_bundle

VARIABLE = "GATECAST_TEST_BUNDLES"
CELLS: tuple[Cell, ...] = ("gru", "lstm", "simplernn")
DESIGNS: tuple[Design, ...] = ("segment", "plain")  # few steps unrolled, and many as a loop


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> list[Bundle]:
    """Each cell in each design: made here by a trainer that is installed, else found in the folder that the variable names."""
    folder = Path(os.environ.get(VARIABLE) or tmp_path_factory.mktemp("bundles"))
    if find_spec("tensorflow"):
        importlib.import_module("tests.device_bundles").make(folder, CELLS, DESIGNS)
    elif VARIABLE not in os.environ:
        pytest.skip(f"no trainer is installed, and {VARIABLE} names no folder: run make test first, which makes the bundles")
    found = [read_bundle(one) for one in sorted(folder.iterdir())]
    assert len(found) == len(CELLS) * len(DESIGNS)
    return found


def test_bundles_of_the_trainer_pass_their_self_test(bundles: list[Bundle]) -> None:
    """Tried as a release is, they repeat their golden forecasts, at batch 1 and at batch 64."""
    errors = [model.self_test() for bundle in bundles if isinstance(model := open_bundle(bundle), Model)]
    assert len(errors) == len(bundles)
    assert max(errors) <= 1e-4, runtime_name()


@pytest.mark.parametrize("batch", BUCKETS)
def test_every_batch_size_gives_the_same_forecasts(bundles: list[Bundle], batch: int) -> None:
    """The golden forecasts come out of each interpreter the agent may use, within a hundred-thousandth of their spread."""
    for bundle in bundles:
        golden = bundle.manifest.golden
        assert golden is not None
        windows, series, expected = golden.arrays()
        rows = np.resize(np.arange(len(windows)), batch)
        found = Model(bundle).predict(windows[rows], series[rows])
        assert relative_error(expected[rows], found, windows[rows]) <= 1e-5, runtime_name()

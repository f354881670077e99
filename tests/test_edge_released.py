"""Bundles made by the trainer run the same on whatever TFLite runtime is installed here."""

import os
from pathlib import Path

import numpy as np
import pytest

from edge.bundle import read_bundle
from edge.model import BUCKETS, Model, relative_error, runtime_name
from edge.release import try_bundle

VARIABLE = "GATECAST_TEST_BUNDLES"


def models() -> list[Model]:
    """Every bundle that test_device_bundle.py made, opened and self-tested as a release is."""
    if VARIABLE not in os.environ:
        pytest.skip(f"{VARIABLE} names no folder: run make test, which makes the bundles first")
    folders = sorted(Path(os.environ[VARIABLE]).iterdir())
    opened = [try_bundle(read_bundle(folder)).forecaster for folder in folders]
    return [model for model in opened if isinstance(model, Model)]


def test_bundles_of_the_trainer_pass_their_self_test() -> None:
    """Three cells in two designs repeat their golden forecasts, at batch 1 and at batch 64."""
    errors = {model.name: model.self_test() for model in models()}
    assert len(errors) == 6
    assert max(errors.values()) <= 1e-4, runtime_name()


@pytest.mark.parametrize("batch", BUCKETS)
def test_every_batch_size_gives_the_same_forecasts(batch: int) -> None:
    """The golden forecasts come out of each interpreter the agent may use, within a hundred-thousandth of their spread."""
    for model in models():
        golden = read_bundle(Path(os.environ[VARIABLE]) / model.name).manifest.golden
        assert golden is not None
        windows, series, expected = golden.arrays()
        rows = np.resize(np.arange(len(windows)), batch)
        assert relative_error(expected[rows], model.predict(windows[rows], series[rows]), windows[rows]) <= 1e-5, runtime_name()

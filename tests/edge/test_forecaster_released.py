"""Bundles made by the trainer run the same on whatever TFLite runtime is installed here."""

import importlib
import os
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from edge.forecaster.bundle import Bundle, read_bundle
from edge.forecaster.manifest import Cell, Design, Precision
from edge.forecaster.model import BUCKETS, TOLERANCE, Model, relative_error, runtime_name
from edge.release.ready import open_bundle
from tests.support.forecasters import CHECKS, Subject, name_of

VARIABLE = "GATECAST_TEST_BUNDLES"
CELLS: tuple[Cell, ...] = get_args(Cell)
DESIGNS: tuple[Design, ...] = ("segment", "plain")  # few steps unrolled, and many as a loop
ROUNDED: tuple[Precision, ...] = ("float16", "int8")
KINDS = (
    *(f"{cell}-{design}-float32" for cell in CELLS for design in DESIGNS),
    *(f"{cell}-segment-{precision}" for cell in CELLS for precision in ROUNDED),
)


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> list[Bundle]:
    """Each cell in each design and precision: made here where a trainer is installed, else found in the variable's folder."""
    folder = Path(os.environ.get(VARIABLE) or tmp_path_factory.mktemp("bundles"))
    if find_spec("tensorflow"):
        importlib.import_module("tests.support.device_bundles").make(folder, CELLS, DESIGNS, ROUNDED)
    elif VARIABLE not in os.environ:
        pytest.skip(f"no trainer is installed, and {VARIABLE} names no folder: run make test first, which makes the bundles")
    read = [read_bundle(path) for path in sorted(folder.iterdir())]
    assert sorted(map(_kind, read)) == sorted(KINDS)
    return read


@pytest.mark.parametrize("check", CHECKS, ids=name_of)
@pytest.mark.parametrize("kind", KINDS)
def test_a_trained_forecaster(bundles: list[Bundle], kind: str, check: Callable[[Subject], None]) -> None:
    """Each cell in each design and precision passes the checks that all forecasters pass."""
    (bundle,) = (bundle for bundle in bundles if _kind(bundle) == kind)
    check(Subject(open_bundle(bundle), TOLERANCE[_precision(bundle)], len(bundle.manifest.series)))


def test_bundles_of_the_trainer_pass_their_self_test(bundles: list[Bundle]) -> None:
    """Tried as a release is, they repeat their golden forecasts, at batch 1 and at batch 64."""
    for bundle in bundles:
        model = open_bundle(bundle)
        assert isinstance(model, Model)
        assert model.self_test() <= TOLERANCE[_precision(bundle)], runtime_name()


@pytest.mark.parametrize("batch", BUCKETS)
def test_every_batch_size_gives_the_same_forecasts(bundles: list[Bundle], batch: int) -> None:
    """The golden forecasts come out of each interpreter the agent may use, within a tenth of what the self-test allows."""
    for bundle in bundles:
        golden = bundle.manifest.golden
        assert golden is not None
        windows, series, expected = golden.arrays()
        rows = np.resize(np.arange(len(windows)), batch)
        forecasts = Model(bundle).predict(windows[rows], series[rows])
        allowed = TOLERANCE[_precision(bundle)] / 10
        assert relative_error(expected[rows], forecasts, windows[rows]) <= allowed, runtime_name()


def _precision(bundle: Bundle) -> Precision:
    assert bundle.manifest.model is not None
    return bundle.manifest.model.precision


def _kind(bundle: Bundle) -> str:
    model = bundle.manifest.model
    assert model is not None
    return f"{model.cell}-{model.design}-{model.precision}"

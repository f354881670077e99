"""A candidate is made in a process of its own, whose end is never a riddle."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge.contract.contract import Context
from edge.errors import BundleError, ConfigurationError, HistoryError
from edge.forecaster.model import Model
from pipeline.processes.child import grid_file
from pipeline.processes.nursery import Nursery
from pipeline.release.parity import Pairs, parity
from pipeline.training.architecture import Architecture
from pipeline.training.settings import Settings
from pipeline.training.worker import Command, Request, train_candidate
from tests.support import tiny

ARCHITECTURE = Architecture(cell="simplernn", units=4)


def request(first: int = 21) -> Request:
    """A request for a network that trains in a second."""
    settings = Settings(epochs=2, windows=128, batch=64)
    return Request(
        ARCHITECTURE,
        tiny.CONTRACT,
        settings,
        tiny.samples(first, 150),
        tiny.samples(150, 190),
        *tiny.windows(),
        Context(np.arange(70)),
        ("int8",),
    )


def worker(*lines: object, end: str = "pass") -> Command:
    """A worker that says the given lines and ends in the given way."""
    text = "\n".join(one if isinstance(one, str) else json.dumps(one) for one in lines)
    return lambda _: [sys.executable, "-c", f"import os, sys\nprint({text!r}, flush=True)\n{end}"]


@pytest.mark.training
@pytest.mark.slow
def test_candidate_comes_back_trained_and_converted(tmp_path: Path) -> None:
    """The file forecasts as the network did before conversion, and every epoch was told."""
    epochs: list[int] = []
    result = train_candidate(request(), tmp_path, lambda epoch, *_: epochs.append(epoch))
    assert epochs == [1, 2]
    assert result.record.epochs == 2
    bundle = tiny.bundle_of(result.models["float32"], ARCHITECTURE)
    assert parity(Pairs(*tiny.windows(), result.forecasts), Model(bundle)) < 1e-5
    assert set(result.models) == {"float32", "int8"}


@pytest.mark.training
@pytest.mark.slow
def test_a_warm_process_trains_the_same_bit_by_bit(tmp_path: Path) -> None:
    """A candidate that is forked from a warm process has the files, forecasts and errors of one that starts from nothing."""
    cold, nursery = train_candidate(request(), tmp_path / "cold"), Nursery("pipeline.training.worker")
    try:
        with pytest.raises(HistoryError, match="expected training origins within"):
            train_candidate(request(first=3), tmp_path / "bad", nursery=nursery)
        warm = train_candidate(request(), tmp_path / "warm", nursery=nursery)
    finally:
        nursery.close()
    assert warm.models == cold.models
    assert np.array_equal(warm.forecasts, cold.forecasts)
    assert warm.record.validation_loss == cold.record.validation_loss


@pytest.mark.training
@pytest.mark.slow
def test_a_trial_tells_the_course_of_the_training_and_nothing_else(tmp_path: Path) -> None:
    """It is that of a candidate, and no time goes into a conversion."""
    tried, made = train_candidate(replace(request(), trial=True), tmp_path), train_candidate(request(), tmp_path)
    assert tried.record.validation_loss == made.record.validation_loss
    assert not tried.models
    assert not len(tried.forecasts)


def test_refused_history_comes_back_as_such(tmp_path: Path) -> None:
    """An error that the worker raises on purpose is raised again here, with its message."""
    with pytest.raises(HistoryError, match="expected training origins within"):
        train_candidate(request(first=3), tmp_path)


def test_a_wrong_configuration_in_the_worker_is_the_callers(tmp_path: Path) -> None:
    """An error of any class comes back as one of that class, also after a stage was begun."""
    gives_up = worker({"stage": "training"}, {"kind": "ConfigurationError", "error": "units: 0"}, end="sys.exit(2)")
    with pytest.raises(ConfigurationError, match="units: 0"):
        train_candidate(request(), tmp_path, command=gives_up)


def test_crash_in_conversion_is_the_bundles_fault(tmp_path: Path) -> None:
    """The converter may die by a signal; the message says when and how."""
    crash = worker({"stage": "training"}, {"stage": "conversion"}, end="os.kill(os.getpid(), 11)")
    with pytest.raises(BundleError, match="ended by signal 11 during conversion"):
        train_candidate(request(), tmp_path, command=crash)


def test_crash_in_training_shows_the_last_words(tmp_path: Path) -> None:
    """What the worker wrote to its log last is part of the message."""
    crash = worker("a library prints", {"stage": "training"}, end="sys.exit('out of memory')")
    with pytest.raises(HistoryError, match="exit code 1 during training; out of memory"):
        train_candidate(request(), tmp_path, command=crash)


def test_worker_that_cannot_start_is_an_error(tmp_path: Path) -> None:
    """A worker that dies before its first word is said to have died at the start."""
    with pytest.raises(HistoryError, match="exit code 3 during start"):
        train_candidate(request(), tmp_path, command=worker(end="sys.exit(3)"))


def test_worker_ends_with_its_caller(tmp_path: Path) -> None:
    """Where the caller gives up in a progress call, the worker is ended, not waited for."""

    def interrupt(*_: float) -> None:
        raise KeyboardInterrupt

    slow = worker({"epoch": 1, "epochs": 9, "training_loss": 1.0, "validation_loss": 1.0}, end="import time; time.sleep(3600)")
    with pytest.raises(KeyboardInterrupt):
        train_candidate(request(), tmp_path, interrupt, slow)


def test_a_mapped_grid_is_not_copied(tmp_path: Path) -> None:
    """A grid that is a file already is handed on by name; a part of it is written to a file of its own."""
    np.save(tmp_path / "table.npy", tiny.sines())
    mapped = np.load(tmp_path / "table.npy", mmap_mode="r")
    assert grid_file(mapped, tmp_path / "grid.npy") == str(tmp_path / "table.npy")
    assert grid_file(mapped[:, :50], tmp_path / "grid.npy") == str(tmp_path / "grid.npy")
    np.testing.assert_array_equal(np.load(tmp_path / "grid.npy"), tiny.sines()[:, :50])

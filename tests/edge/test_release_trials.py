"""A released bundle is tried on this device."""

from pathlib import Path

import pytest

from edge.errors import BundleError
from edge.forecaster.bundle import Bundle
from edge.forecaster.forecaster import Forecaster
from edge.release.pointer import Memory
from edge.release.ready import open_bundle
from edge.release.trials import LONG_TEST, TRIALS, Trials
from tests.support.devices import ONE

HASH = "0" * 64


def test_a_test_under_way_is_on_disk_and_is_no_problem_before_its_time(tmp_path: Path) -> None:
    """What is under test is known if the process dies now; a test that does not end is told of."""
    path, moment, seen = tmp_path / "live.json", [0.0], []
    memory = Memory(path, list[str]().append)

    def slow(bundle: Bundle) -> Forecaster:
        for seconds in (LONG_TEST, LONG_TEST + 1):
            moment[0] = seconds
            seen.append((Memory(path, list[str]().append).pointer.trying, trials.problem is not None))
        return open_bundle(bundle)

    trials = Trials(slow, memory, lambda: moment[0])
    assert trials.forecaster(ONE, HASH).name == "last_value"
    assert seen == [(HASH, False), (HASH, True)]
    assert (Memory(path, list[str]().append).pointer.trying, trials.problem) == (None, None)


def test_a_test_that_ended_the_process_too_often_is_not_begun(tmp_path: Path) -> None:
    """The count is that of the same manifest; another one begins anew."""
    path = tmp_path / "live.json"
    memory = Memory(path, list[str]().append)
    memory.pointer.trying, memory.pointer.trials = HASH, TRIALS
    trials = Trials(open_bundle, memory, lambda: 0.0)
    with pytest.raises(BundleError, match="died 3 times"):
        trials.forecaster(ONE, HASH)
    memory.pointer.trying, memory.pointer.trials = HASH, TRIALS
    assert trials.forecaster(ONE, "1" * 64).name == "last_value"

"""A released bundle is tried on this device."""

from pathlib import Path

import pytest

from edge.errors import BundleError
from edge.forecaster.bundle import Bundle
from edge.forecaster.forecaster import Forecaster
from edge.release.pointer import Memory
from edge.release.ready import open_bundle
from edge.release.releases import Releases, ThisDevice
from edge.release.trials import LONG_TEST, TRIALS, Trials
from tests.support.agent_process import release
from tests.support.devices import ONE, TWO, Device

HASH = "0" * 64


def in_time(_bundle: Bundle, _forecaster: Forecaster) -> None:
    """Every model keeps up."""


def test_a_test_under_way_is_on_disk_and_is_no_problem_before_its_time(tmp_path: Path) -> None:
    """What is under test is known if the process dies now; a test that does not end is told of."""
    path, moment, seen = tmp_path / "live.json", [0.0], []
    memory = Memory(path, list[str]().append)

    def slow(bundle: Bundle) -> Forecaster:
        for seconds in (LONG_TEST, LONG_TEST + 1):
            moment[0] = seconds
            seen.append((Memory(path, list[str]().append).pointer.trying, trials.problem is not None))
        return open_bundle(bundle)

    trials = Trials(slow, in_time, memory, lambda: moment[0])
    assert trials.forecaster(ONE, HASH).forecaster.name == "last_value"
    assert seen == [(HASH, False), (HASH, True)]
    assert (Memory(path, list[str]().append).pointer.trying, trials.problem) == (None, None)


def test_a_test_that_ended_the_process_too_often_is_not_begun(tmp_path: Path) -> None:
    """The count is that of the same manifest; another one begins anew."""
    path = tmp_path / "live.json"
    memory = Memory(path, list[str]().append)
    memory.pointer.tried, memory.pointer.trials = HASH, TRIALS
    trials = Trials(open_bundle, in_time, memory, lambda: 0.0)
    with pytest.raises(BundleError, match="died 3 times"):
        trials.forecaster(ONE, HASH)
    memory.pointer.tried, memory.pointer.trials = HASH, TRIALS
    assert trials.forecaster(ONE, "1" * 64).forecaster.name == "last_value"


def test_ends_of_the_process_are_counted_from_run_to_run(tmp_path: Path) -> None:
    """Also where runs without a test lie between them; a test that comes to its end begins the count anew."""
    path, kept = tmp_path / "live.json", dict[str, bytes]()

    def killed(_bundle: Bundle) -> Forecaster:
        kept["disk"] = path.read_bytes()
        raise BundleError("what comes after is not on the disk of a process that is killed")

    for run in range(1, TRIALS + 1):
        memory = Memory(path, list[str]().append)
        assert memory.died_in_trial() == (run > 1)
        assert not Memory(path, list[str]().append).died_in_trial()
        with pytest.raises(BundleError, match="what comes after"):
            Trials(killed, in_time, memory, lambda: 0.0).forecaster(ONE, HASH)
        path.write_bytes(kept["disk"])
    memory = Memory(path, list[str]().append)
    assert memory.died_in_trial()
    with pytest.raises(BundleError, match="died 3 times"):
        Trials(open_bundle, in_time, memory, lambda: 0.0).forecaster(ONE, HASH)
    assert Trials(open_bundle, in_time, memory, lambda: 0.0).forecaster(ONE, HASH).lack is None


@pytest.mark.parametrize(("seconds", "counts"), [(LONG_TEST, False), (LONG_TEST + 1, True)])
def test_a_run_that_ends_in_order_counts_against_a_test_that_does_not_end_only(
    seconds: float, counts: bool, tmp_path: Path
) -> None:
    """Who restarts the agent a few times while it tests a bundle does not lose that."""
    path, moment = tmp_path / "live.json", [0.0]

    def left(_bundle: Bundle) -> Forecaster:
        moment[0] += seconds
        trials.leave()
        disk = path.read_bytes()
        raise BundleError(disk.decode())

    for _ in range(TRIALS):
        memory = Memory(path, list[str]().append)
        assert memory.died_in_trial() == (counts and memory.pointer.trials > 0)
        trials = Trials(left, in_time, memory, lambda: moment[0])
        with pytest.raises(BundleError) as ended:
            trials.forecaster(ONE, HASH)
        path.write_bytes(str(ended.value).encode())
    memory = Memory(path, list[str]().append)
    memory.died_in_trial()
    assert memory.pointer.trials == (TRIALS if counts else 0)
    trials.leave()  # no test is under way


def test_a_model_that_does_not_keep_up_is_measured_within_the_trial(tmp_path: Path) -> None:
    """Measuring runs the model, so what it does to the process is noted as well."""
    path, seen = tmp_path / "live.json", []
    memory = Memory(path, list[str]().append)

    def slow(_bundle: Bundle, _forecaster: Forecaster) -> str:
        seen.append(Memory(path, list[str]().append).pointer.trying)
        return "too slow"

    assert Trials(open_bundle, slow, memory, lambda: 0.0).forecaster(ONE, HASH).lack == "too slow"
    assert (seen, memory.pointer.trying) == ([HASH], None)


def test_a_look_of_a_run_that_has_ended_changes_nothing(tmp_path: Path) -> None:
    """The next run may begin in the same process, while a test goes on in a thread of the one before."""
    device = Device(tmp_path / "device", release(tmp_path / "registry", ONE))
    device.poll()
    release(tmp_path / "registry", TWO)

    def slow(bundle: Bundle) -> Forecaster:
        before.leave()
        device.restart()
        assert device.poll() == TWO.manifest.version
        return open_bundle(bundle)

    before = Releases(device.folder, device.channel, device.log.append, ThisDevice(open_bundle=slow))
    before.poll()
    device.restart()
    assert device.live == TWO.manifest.version

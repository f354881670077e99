"""Releases: what is taken, what is refused and remembered, and how the device finds its way back."""

import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from edge.contract.contract import Contract
from edge.contract.times import SECOND
from edge.forecaster.bundle import read_bundle
from edge.release.channel import CHANNEL_LIMIT
from edge.release.releases import NOTHING_YET, live_bundle
from pipeline.release.registry import Registry
from tests.support.agent_process import baseline_bundle, release
from tests.support.devices import ONE, THREE, TWO, Device, Quiet, edit, model_bundle, serving

NEVER_BEFORE = time.time() + 86_400.0  # seconds since 1970; a moment to which no clock here has come


def test_a_promoted_bundle_goes_live_once(tmp_path: Path) -> None:
    """It is taken at the first look, is live after a restart, and the one before stays on the device."""
    device = Device(tmp_path / "device", release(tmp_path / "registry", ONE))
    assert [device.live, device.poll(), device.poll()] == [None, ONE.manifest.version, None]
    for bundle in (TWO, THREE):
        release(tmp_path / "registry", bundle)
        assert [device.poll(), device.poll()] == [bundle.manifest.version, None]
    assert device.held() == [TWO.manifest.version, THREE.manifest.version, "live.json"]
    device.restart()
    assert (device.live, device.poll()) == (THREE.manifest.version, None)


def test_rollback_swaps_back(tmp_path: Path) -> None:
    """A channel that names the version before brings it back, and forward again; what it left behind does not stay."""
    device = Device(tmp_path / "device", release(tmp_path / "registry", ONE))
    device.poll()
    release(tmp_path / "registry", TWO)
    device.poll()
    registry = Registry(tmp_path / "registry")
    registry.rollback()
    assert device.poll() == ONE.manifest.version
    assert device.held() == [ONE.manifest.version, "live.json"]
    registry.promote(TWO.manifest.version)
    assert device.poll() == TWO.manifest.version
    assert device.held() == [ONE.manifest.version, TWO.manifest.version, "live.json"]
    registry.rollback()
    device.poll()
    assert live_bundle(device.folder) == ONE


def test_an_older_document_is_refused_and_a_rollback_is_not(tmp_path: Path) -> None:
    """Who has kept a document of yesterday cannot bring its bundle back; the registry writes a new one for that."""
    document = release(tmp_path / "registry", ONE)
    device = Device(tmp_path / "device", document)
    device.now = NEVER_BEFORE
    device.poll()
    first = document.read_bytes()
    release(tmp_path / "registry", TWO)
    device.poll()
    second = document.read_bytes()
    document.write_bytes(first)
    device.log.clear()
    for _ in range(2):
        assert [device.poll(), device.poll(), device.live] == [None, None, TWO.manifest.version]
        device.restart()
    said, again = device.log
    assert said == again
    assert f"{document} is refused: it is of '20" in said
    assert said.endswith(f"all the same, run gatecast promote {ONE.manifest.version}")
    assert device.poll() is None
    assert "is refused: it is of" in (device.releases.problem or "")
    document.write_bytes(second)
    assert [device.poll(), device.releases.problem] == [None, None]
    Registry(tmp_path / "registry").rollback()
    assert [device.poll(), device.releases.problem] == [ONE.manifest.version, None]


def test_a_time_that_is_ahead_of_our_clock_bars_no_release(tmp_path: Path) -> None:
    """A trainer whose clock was ahead for a day would else have stopped all releases of that time."""
    ahead = datetime.fromtimestamp(NEVER_BEFORE, UTC) + timedelta(days=1)
    registry = Registry(tmp_path / "registry", lambda: ahead)
    registry.add(ONE)
    registry.promote(ONE.manifest.version)
    device = Device(tmp_path / "device", tmp_path / "registry" / "channels" / "live.json")
    device.now = NEVER_BEFORE
    assert device.poll() == ONE.manifest.version
    (tmp_path / "registry" / "channels" / "live.json").unlink()
    release(tmp_path / "registry", TWO)
    assert device.poll() == TWO.manifest.version


def test_another_channel_may_be_older(tmp_path: Path) -> None:
    """What a device has read of one channel says nothing about another that it is set to now."""
    release(tmp_path / "other", TWO)
    device = Device(tmp_path / "device", release(tmp_path / "registry", ONE))
    device.now = NEVER_BEFORE
    device.poll()
    device.channel = str(tmp_path / "other" / "channels" / "live.json")
    device.restart()
    assert device.poll() == TWO.manifest.version


def test_looks_that_fail_for_long_are_said(tmp_path: Path) -> None:
    """A live bundle goes on, and nobody would learn that the next one cannot come."""
    document = release(tmp_path / "registry", ONE)
    device = Device(tmp_path / "device", document)
    assert [device.poll(), device.releases.age] == [ONE.manifest.version, 0.0]
    content = document.read_bytes()
    document.unlink()
    device.now = 3600.0
    assert [device.poll(), device.releases.age, device.releases.problem] == [None, 3600.0, None]
    device.now = 7200.0
    assert [device.poll(), device.releases.age] == [None, 7200.0]
    problem = device.releases.problem or ""
    assert problem.startswith("no look at the release channel has succeeded for 120 minutes: cannot read the release channel")
    document.write_bytes(content)
    assert [device.poll(), device.releases.age, device.releases.problem] == [None, 0.0, None]


def test_without_a_channel_the_agent_says_what_to_set(tmp_path: Path) -> None:
    """As long as no bundle is on the device; with one, it goes on with that for good."""
    device = Device(tmp_path / "device", "")
    assert device.poll() is None
    assert device.releases.age is None
    assert (device.releases.problem or "").startswith("[release] channel is empty, so no bundle can come: set it")
    release(tmp_path / "registry", ONE)
    fed = Device(tmp_path / "device", tmp_path / "registry" / "channels" / "live.json")
    assert fed.poll() == ONE.manifest.version
    device.restart()
    assert (device.live, device.releases.problem) == (ONE.manifest.version, None)


def test_a_registry_that_is_not_there_yet_is_made_by_retraining(tmp_path: Path) -> None:
    """The line is the one of `check`: where to look, and what makes the file."""
    device = Device(tmp_path / "device", tmp_path / "registry" / "channels" / "live.json")
    assert device.poll() is None
    assert device.log[-1].endswith(f"No such file or directory; check [release] channel{NOTHING_YET}")


def test_the_channel_may_be_on_a_web_server(tmp_path: Path) -> None:
    """Served by any web server the registry works as it is."""
    release(tmp_path / "registry", ONE)
    with serving(partial(Quiet, directory=str(tmp_path / "registry"))) as url:
        device = Device(tmp_path / "device", f"{url}/channels/live.json")
        assert device.poll() == ONE.manifest.version
        release(tmp_path / "registry", TWO)
        assert device.poll() == TWO.manifest.version
    assert device.poll() is None
    assert len([line for line in device.log if "cannot read the release channel" in line]) == 1


DAMAGE: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "corrupted model": ("model.tflite", lambda content: b"X" + content[1:]),
    "truncated model": ("model.tflite", lambda content: content[:-1]),
    "oversized model": ("model.tflite", lambda content: content * 2),
    "changed manifest": ("manifest.json", lambda content: content.replace(b"0.1.0", b"0.1.1")),
    "truncated manifest": ("manifest.json", lambda content: content[:-10]),
    "oversized manifest": ("manifest.json", lambda content: content + b" "),
    "no model at all": ("model.tflite", lambda content: content),
}


@pytest.mark.parametrize("what", DAMAGE)
@pytest.mark.parametrize("remote", [False, True], ids=["folder", "http"])
def test_a_bad_bundle_never_goes_live(what: str, remote: bool, tmp_path: Path) -> None:
    """It is refused with one line, which is said again after a restart, and the old one goes on."""
    home = tmp_path / "registry"
    with serving(partial(Quiet, directory=str(home))) as url:
        channel = release(home, ONE)
        device = Device(tmp_path / "device", f"{url}/channels/live.json" if remote else channel)
        device.poll()
        bad = model_bundle()
        release(home, bad)
        edit(home, bad, *DAMAGE[what])
        device.log.clear()
        assert [device.poll() for _ in range(3)] == [None] * 3
        assert len(device.log) == 1
        device.restart()
        assert [device.live, device.poll(), device.poll()] == [ONE.manifest.version, None, None]
    first, again = device.log
    assert f"bundle {bad.manifest.version} is refused: " in first
    assert f"bundle {bad.manifest.version} is refused since 1970-01-01T00:00:00Z: " in again
    assert f"bundle {ONE.manifest.version} goes on" in first
    assert (device.releases.problem or "").startswith(f"a released bundle is refused: {bad.manifest.version} since ")
    assert device.held() == [ONE.manifest.version, "live.json"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[" * 5000,
        b'{"version": ' + b"[" * 60_000,
        b'{"new": ' + b"[" * 30_000 + b"]" * 30_000 + b"}",
        b"\xff\xfe",
        b" " * (CHANNEL_LIMIT + 1),
        b'{"version": "../../etc", "bundle": "x", "manifest_sha256": "%s", "manifest_size": 5, "changed": ""}' % (b"0" * 64),
        b'{"version": "%s", "bundle": "x", "manifest_sha256": "x", "manifest_size": 5, "changed": ""}'
        % ONE.manifest.version.encode(),
        b'{"version": "%s", "bundle": "x", "manifest_sha256": "%s", "manifest_size": 99999999, "changed": ""}'
        % (ONE.manifest.version.encode(), b"0" * 64),
        *(
            b'{"version": "%s", "bundle": "%s", "manifest_sha256": "%s", "manifest_size": 5, "changed": ""}'
            % (ONE.manifest.version.encode(), place, b"0" * 64)
            for place in (
                *(b"/etc", b"file:///etc", b"//other.example/b", b"https://other.example/b"),
                *(b"http://[", b"a\\u0000b", b"a\\nb"),
            )
        ),
    ],
)
def test_a_malformed_channel_is_said_once(content: bytes, tmp_path: Path) -> None:
    """Empty, oversized, no JSON, or pointing outside: one line, and nothing changes."""
    document = tmp_path / "live.json"
    document.write_bytes(content)
    device = Device(tmp_path / "device", document)
    assert [device.poll(), device.poll()] == [None, None]
    assert len(device.log) == 1
    assert "is refused: " in device.log[0]


def test_a_bundle_that_fails_live_gives_way_to_the_one_before(tmp_path: Path) -> None:
    """It is refused, after a restart too, until it is promoted again."""
    device = Device(tmp_path / "device", release(tmp_path / "registry", ONE))
    device.poll()
    release(tmp_path / "registry", TWO)
    device.poll()
    assert device.releases.fall_back(TWO, "NaN").bundle == ONE
    for _ in range(2):
        assert device.poll() is None
        device.restart()
        assert device.live == ONE.manifest.version
    Registry(tmp_path / "registry").promote(TWO.manifest.version)
    assert [device.poll(), device.poll(), device.releases.problem] == [TWO.manifest.version, None, None]
    device.restart()
    assert device.live == TWO.manifest.version


def test_a_version_that_was_rolled_back_does_not_return(tmp_path: Path) -> None:
    """Neither when the one in its place fails live nor when that one's copy is damaged, after restarts too."""
    device = Device(tmp_path / "device", release(tmp_path / "registry", ONE))
    for bundle in (ONE, TWO, THREE):
        release(tmp_path / "registry", bundle)
        device.poll()
    Registry(tmp_path / "registry").rollback()
    assert device.poll() == TWO.manifest.version
    (device.folder / TWO.manifest.version / "manifest.json").write_bytes(b"{")
    device.restart()
    assert [device.live, device.poll()] == [None, TWO.manifest.version]
    stand_in = device.releases.fall_back(TWO, "NaN")
    assert (stand_in.bundle, stand_in.refusal is not None) == (TWO, True)
    device.restart()
    assert [device.live, device.poll()] == [TWO.manifest.version, None]
    assert (device.releases.problem or "").endswith("NaN")


def test_what_was_rolled_back_while_the_device_was_away_does_not_return(tmp_path: Path) -> None:
    """It sees the next release only: it goes back past what was withdrawn, to a bundle that it still has."""
    device = Device(tmp_path / "device", release(tmp_path / "registry", ONE))
    for bundle in (ONE, TWO):
        release(tmp_path / "registry", bundle)
        device.poll()
    Registry(tmp_path / "registry").rollback()
    release(tmp_path / "registry", THREE)
    assert device.poll() == THREE.manifest.version
    assert device.held() == [ONE.manifest.version, THREE.manifest.version, "live.json"]
    assert device.releases.fall_back(THREE, "NaN").bundle == ONE


def test_the_one_before_is_given_up_when_it_is_withdrawn_later(tmp_path: Path) -> None:
    """Rolled back past it and forward again, the channel names the live version and no longer the one before."""
    device = Device(tmp_path / "device", release(tmp_path / "registry", ONE))
    for bundle in (ONE, TWO, THREE):
        release(tmp_path / "registry", bundle)
        device.poll()
    registry = Registry(tmp_path / "registry")
    registry.rollback()
    registry.rollback()
    registry.promote(THREE.manifest.version)
    assert device.poll() is None
    device.restart()
    assert device.releases.fall_back(THREE, "NaN").bundle == THREE


def test_without_one_before_the_baseline_stands_in(tmp_path: Path) -> None:
    """The only bundle failing leaves its contract and the baseline, after a restart too, until the next release."""
    weekly = baseline_bundle(Contract(3600 * SECOND, 24 * 7, 24), second=4, name="mean_of_7_days")
    device = Device(tmp_path / "device", release(tmp_path / "registry", weekly))
    device.poll()
    stand_in = device.releases.fall_back(weekly, "NaN")
    device.restart()
    for ready in (stand_in, device.releases.current()):
        assert ready is not None
        assert (ready.bundle, ready.forecaster.name) == (weekly, "seasonal_naive_day")
    assert device.poll() is None
    release(tmp_path / "registry", ONE)
    assert device.poll() == ONE.manifest.version


def test_a_damaged_copy_on_the_device_is_fetched_again(tmp_path: Path) -> None:
    """A file that rotted here is no fault of the release: the one before forecasts until it is back."""
    device = Device(tmp_path / "device", release(tmp_path / "registry", ONE))
    device.poll()
    release(tmp_path / "registry", TWO)
    device.poll()
    (tmp_path / "device" / TWO.manifest.version / "manifest.json").write_bytes(b"{")
    device.restart()
    assert device.live == ONE.manifest.version
    assert device.poll() == TWO.manifest.version
    assert read_bundle(tmp_path / "device" / TWO.manifest.version) == TWO


def test_a_bundle_that_kills_the_process_is_refused_in_the_end(tmp_path: Path) -> None:
    """A model can crash its runtime; after three deaths while testing it the agent tests it no more."""
    device = Device(tmp_path / "device", release(tmp_path / "registry", ONE))
    device.poll()
    release(tmp_path / "registry", TWO)
    dying = (
        "import os, pathlib, edge.release.releases as r;"
        f"folder, channel = pathlib.Path({str(device.folder)!r}), {device.channel!r};"
        "r.Releases(folder, channel, print, r.ThisDevice(open_bundle=lambda _: os._exit(9))).poll()"
    )
    for _ in range(3):
        assert subprocess.run([sys.executable, "-c", dying], check=False).returncode == 9
    device.log.clear()
    device.restart()
    assert [device.poll(), device.poll()] == [None, None]
    assert len(device.log) == 1
    assert "died 3 times" in device.log[0]


def test_a_full_disk_costs_only_the_memory(tmp_path: Path) -> None:
    """What cannot be written is said once, and a bundle that cannot be kept is tried again."""
    device = Device(tmp_path / "device", release(tmp_path / "registry", ONE))
    device.poll()
    release(tmp_path / "registry", TWO)

    def full() -> None:
        raise OSError(28, "No space left on device")

    device.disk = full
    device.log.clear()
    assert [device.poll(), device.poll()] == [None, None]
    assert device.releases.fall_back(ONE, "NaN").bundle == ONE
    assert sum("cannot write" in line for line in device.log) == 1
    assert sum("cannot keep" in line for line in device.log) == 1
    device.disk = lambda: None
    assert device.poll() == TWO.manifest.version
    device.restart()
    assert device.live == TWO.manifest.version


def test_a_swap_leaves_the_next_bundle_alone(tmp_path: Path) -> None:
    """What the watcher has just written is not taken for an old bundle by the swap under way."""
    device = Device(tmp_path / "device", release(tmp_path / "registry", ONE))
    first = device.releases.poll()
    release(tmp_path / "registry", TWO)
    second = device.releases.poll()
    assert first is not None
    assert second is not None
    device.releases.accept(first)
    assert TWO.manifest.version in device.held()
    device.releases.accept(second)
    assert device.held() == [ONE.manifest.version, TWO.manifest.version, "live.json"]


@pytest.mark.training
@pytest.mark.parametrize(("kind", "reason"), [("nan", "golden"), ("short", "output")])
def test_a_model_that_fails_here_never_goes_live(kind: str, reason: str, tmp_path: Path) -> None:
    """NaN in the self-test and forecasts of the wrong shape are refused for good."""
    from tests.support import tiny  # noqa: PLC0415 - imports the trainer

    bad = tiny.bundle_of(tiny.converted(kind))
    device = Device(tmp_path / "device", release(tmp_path / "registry", ONE))
    device.poll()
    release(tmp_path / "registry", bad)
    device.log.clear()
    assert [device.poll(), device.poll()] == [None, None]
    assert len(device.log) == 1
    device.restart()
    assert (device.live, device.poll(), len(device.log)) == (ONE.manifest.version, None, 2)
    assert reason in device.log[0]

"""Refused releases: which are fetched or tried again, when, and what is said."""

import hashlib
import json
from functools import partial
from pathlib import Path

import numpy as np

from edge.contract.columns import Float64, Int32
from edge.contract.contract import Context
from edge.errors import BundleError
from edge.forecaster.baselines import seasonal_naive
from edge.forecaster.bundle import Bundle
from edge.forecaster.forecaster import AllQuantiles, Forecaster
from edge.release.releases import Releases, ThisDevice
from pipeline.release.registry import Registry
from tests.support.agent_process import release
from tests.support.devices import ONE, TWO, Device, Quiet, answering, edit, model_bundle, serving


def test_a_bundle_damaged_on_the_way_is_fetched_again(tmp_path: Path) -> None:
    """At growing pauses, at the first look after a restart, and with one line for all tries; then it goes live."""
    home, reads, looks = tmp_path / "registry", [], []
    release(home, ONE)

    class Counting(Quiet):
        def log_request(self, code: object = "-", size: object = "-") -> None:
            del code, size
            reads.extend([self.path] * self.path.endswith("manifest.json"))

    with serving(partial(Counting, directory=str(home))) as url:
        device = Device(tmp_path / "device", f"{url}/channels/live.json")
        device.poll()
        release(home, TWO)
        good = (home / "bundles" / TWO.manifest.version / "manifest.json").read_bytes()
        edit(home, TWO, "manifest.json", lambda content: content[:-5])
        device.log.clear()
        for minute in range(200):
            device.now, before = minute * 60.0, len(reads)
            assert device.poll() is None
            looks += [minute] * (len(reads) - before)
        assert looks == [0, 1, 3, 7, 15, 31, 63, 123, 183]
        device.restart()
        assert [device.poll(), device.poll()] == [None, None]
        assert len(reads) == 1 + len(looks) + 1
        assert len([line for line in device.log if "it is fetched again" in line]) == 1
        edit(home, TWO, "manifest.json", lambda _: good)
        assert device.poll() is None
        device.now += 3600.0
        assert [device.poll(), device.releases.problem] == [TWO.manifest.version, None]


def test_promoting_again_has_a_refused_release_tried_at_once(tmp_path: Path) -> None:
    """Whatever it was refused for: another channel document is another release."""
    home = tmp_path / "registry"
    device = Device(tmp_path / "device", release(home, ONE))
    device.poll()
    release(home, TWO)
    good = (home / "bundles" / TWO.manifest.version / "manifest.json").read_bytes()
    edit(home, TWO, "manifest.json", lambda content: content[:-5])
    assert device.poll() is None
    edit(home, TWO, "manifest.json", lambda _: good)
    assert device.poll() is None
    Registry(home).promote(TWO.manifest.version)
    assert device.poll() == TWO.manifest.version


def test_a_failing_self_test_is_not_repeated_before_a_promotion(tmp_path: Path) -> None:
    """The bundle is whole and this device cannot use it: trying again every hour would change nothing."""
    home, tries = tmp_path / "registry", []
    release(home, model_bundle())
    device = Device(tmp_path / "device", home / "channels" / "live.json")

    def test(bundle: Bundle) -> Forecaster:
        tries.append(bundle)
        raise BundleError("cannot")

    device.releases = Releases(
        device.folder, device.channel, device.log.append, ThisDevice(moment=lambda: device.now, open_bundle=test)
    )
    for hour in range(100):
        device.now = hour * 3600.0
        assert device.releases.poll() is None
    assert len(tries) == 1
    Registry(home).promote(model_bundle().manifest.version)
    assert [device.releases.poll(), device.releases.poll()] == [None, None]
    assert len(tries) == 2


def test_a_manifest_of_a_later_schema_is_no_damage(tmp_path: Path) -> None:
    """Every byte arrived, so fetching it again would bring the same."""
    home = tmp_path / "registry"
    channel = release(home, ONE)
    path = home / "bundles" / ONE.manifest.version / "manifest.json"
    content = path.read_bytes().replace(b'"schema": 1', b'"schema": 4')
    path.write_bytes(content)
    document = json.loads(channel.read_text())
    channel.write_text(json.dumps(document | {"manifest_sha256": hashlib.sha256(content).hexdigest()}))
    device = Device(tmp_path / "device", channel)
    assert [device.poll(), device.poll()] == [None, None]
    assert len(device.log) == 1
    assert "schema 1, 2 and 3; got 4; no bundle is live; promote it again" in device.log[0]


def test_a_broken_transfer_is_no_refusal(tmp_path: Path) -> None:
    """An answer that ends early, or a server error, is tried again at the next look."""
    content = (release(tmp_path / "registry", ONE)).read_bytes()
    for handler in (answering(200, content[:50], len(content)), answering(500, b"")):
        with serving(handler) as url:
            device = Device(tmp_path / "device", f"{url}/live.json")
            assert [device.poll(), device.poll()] == [None, None]
            assert len(device.log) == 1
            assert "cannot read the release channel" in device.log[0]
    assert Device(tmp_path / "device", tmp_path / "registry" / "channels" / "live.json").poll() == ONE.manifest.version


def test_a_bundle_that_this_device_has_no_room_for_is_tried_again_at_the_next_start(tmp_path: Path) -> None:
    """It may have been set up for more series than now; until then it is refused with what is missing."""
    channel = release(tmp_path / "registry", ONE)
    log: list[str] = []
    small = Releases(tmp_path / "device", str(channel), log.append, ThisDevice(shortage=lambda _: "it needs 9 MB"))
    assert [small.poll(), small.poll()] == [None, None]
    assert len(log) == 1
    assert "is refused: it needs 9 MB; no bundle is live" in log[0]
    large = Releases(tmp_path / "device", str(channel), log.append)
    ready = large.poll()
    assert ready is not None
    assert ready.bundle == ONE


class Crossing(AllQuantiles):
    """A model that repeats its golden forecasts, and crosses its quantiles where values are missing."""

    name, contract = "crossing", ONE.manifest.contract

    def predict(self, windows: Float64, series: Int32, context: Context | None = None) -> Float64:
        """Zeros, or quantiles that descend."""
        del context
        made = np.zeros((len(series), self.contract.horizon, 3))
        made[np.isnan(windows).any(axis=1)] = [1.0, 0.0, -1.0]
        return made


def test_a_model_that_breaks_its_promise_on_hard_windows_never_goes_live(tmp_path: Path) -> None:
    """Its golden forecasts are right; what it makes of gaps is not, and it is refused until it is promoted again."""
    log: list[str] = []
    bundle = model_bundle()
    channel = release(tmp_path / "registry", bundle)
    here = ThisDevice(open_bundle=lambda _: Crossing())
    for start in (1, 2):
        releases = Releases(tmp_path / "device", str(channel), log.append, here)
        assert [releases.poll(), releases.poll()] == [None, None]
        assert len(log) == start
    assert f"bundle {bundle.manifest.version} is refused: {bundle.manifest.version}: " in log[0]
    assert "forecasts of windows with gaps, constants and huge values are crossed; no bundle is live; promote it" in log[0]


def test_a_model_that_does_not_keep_up_is_measured_again_at_the_next_start(tmp_path: Path) -> None:
    """The device may have been busy with something else."""
    log: list[str] = []
    channel = release(tmp_path / "registry", ONE)
    slow = Releases(tmp_path / "device", str(channel), log.append, ThisDevice(too_slow=lambda *_: "it takes 40 s"))
    assert [slow.poll(), slow.poll(), len(log)] == [None, None, 1]
    assert "is refused: it takes 40 s; no bundle is live; it is tried again at the next start" in log[0]
    assert (slow.problem or "").endswith("it takes 40 s")
    ready = Releases(tmp_path / "device", str(channel), log.append).poll()
    assert ready is not None


def test_a_bundle_that_is_live_has_to_fit_the_device_at_every_start(tmp_path: Path) -> None:
    """More series, or less memory: the bundle before forecasts where that fits, and the page says what is missing."""
    device = Device(tmp_path / "device", release(tmp_path / "registry", ONE))
    device.poll()
    release(tmp_path / "registry", TWO)
    device.poll()

    def short(bundle: Bundle) -> str | None:
        return "it needs 9 MB" if bundle == TWO else None

    small = Releases(device.folder, device.channel, device.log.append, ThisDevice(shortage=short))
    ready = small.current()
    assert ready is not None
    assert ready.bundle == ONE
    assert (small.problem or "").endswith("it needs 9 MB")
    assert small.poll() is None
    nothing = Releases(device.folder, device.channel, device.log.append, ThisDevice(shortage=lambda _: "it needs 9 MB"))
    assert nothing.current() is None
    device.restart()
    assert device.poll() == TWO.manifest.version


def test_the_baseline_stands_in_for_a_bundle_that_takes_a_series_for_something_else(tmp_path: Path) -> None:
    """Its forecasts would be of other values; the one before forecasts where it agrees, and a newer one is taken."""
    device = Device(tmp_path / "device", release(tmp_path / "registry", ONE))
    device.poll()
    release(tmp_path / "registry", TWO)
    device.poll()

    def other(bundle: Bundle) -> str | None:
        return "it learned a gauge" if bundle == TWO else None

    here = ThisDevice(disagreement=other)
    ready = Releases(device.folder, device.channel, device.log.append, here).current()
    assert ready is not None
    assert (ready.bundle, ready.refusal) == (ONE, None)
    device.restart()
    assert device.poll() == TWO.manifest.version
    both = ThisDevice(disagreement=lambda _: "it learned a gauge")
    releases = Releases(device.folder, device.channel, device.log.append, both)
    ready = releases.current()
    assert ready is not None
    assert (ready.bundle, ready.forecaster.name) == (TWO, seasonal_naive(TWO.manifest.contract).name)
    assert "it learned a gauge" in ready.words
    assert (releases.problem or "").endswith("it learned a gauge")
    assert releases.poll() is None


def test_the_baseline_goes_on_standing_in_where_the_one_before_cannot_be_opened(tmp_path: Path) -> None:
    """At the next start again."""
    device = Device(tmp_path / "device", release(tmp_path / "registry", ONE))
    device.poll()
    release(tmp_path / "registry", TWO)
    device.poll()

    def other(bundle: Bundle) -> str | None:
        return "it learned a gauge" if bundle == TWO else None

    def fail(bundle: Bundle) -> Forecaster:
        raise BundleError("the runtime does not know it")

    here = ThisDevice(disagreement=other, open_bundle=fail)
    for _ in range(2):
        ready = Releases(device.folder, device.channel, device.log.append, here).current()
        assert ready is not None
        assert (ready.bundle, ready.refusal is not None) == (TWO, True)

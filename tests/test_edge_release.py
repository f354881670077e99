"""Releases: what is taken, what is refused and remembered, and how the device finds its way back."""

import hashlib
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec
import pytest

from edge import release as release_module
from edge.bundle import Bundle, encode_manifest, read_bundle
from edge.channel import CHANNEL_LIMIT
from edge.contract import SECOND, Contract
from edge.release import Releases, live_bundle
from pipeline.registry import Registry
from tests.agent_process import baseline_bundle, release

ONE, TWO, THREE = (baseline_bundle(second=second) for second in (1, 2, 3))


class Device:
    """The releases of one device, its log, and what is live."""

    def __init__(self, folder: Path, channel: str | Path) -> None:
        self.folder, self.channel = folder, str(channel)
        self.log: list[str] = []
        self.restart()

    def restart(self) -> None:
        """Forget what is not on disk."""
        self.releases = Releases(self.folder, self.channel, self.log.append)
        candidate = self.releases.current()
        self.live = candidate and candidate.bundle.manifest.version

    def poll(self) -> str | None:
        """Look once and let go live what is found; returns its version."""
        candidate = self.releases.poll()
        if candidate is None:
            return None
        self.releases.accept(candidate)
        self.live = candidate.bundle.manifest.version
        return self.live

    def held(self) -> list[str]:
        """Names of everything in the folder."""
        return sorted(path.name for path in self.folder.iterdir())


def model_bundle(content: bytes = b"not a model") -> Bundle:
    """A bundle whose model file is anything, and whose manifest vouches for it."""
    golden = {"windows": [[0.0] * 24], "series": [0], "forecasts": [[[0.0] * 3] * 6]}
    file = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content), "cell": "gru", "design": "segment"}
    file |= {"units": 1, "parameters": 1, "runtime": "none"}
    made = msgspec.json.decode(encode_manifest(THREE.manifest)) | {"baseline": None, "model": file, "golden": golden}
    made["version"] = f"20261122T154503Z-gru-{hashlib.sha256(content).hexdigest()[:8]}"
    return Bundle(msgspec.convert(made, type(THREE.manifest)), content)


@contextmanager
def serving(handler: Callable[..., BaseHTTPRequestHandler]) -> Iterator[str]:
    """A web server on loopback; gives its URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder and says nothing."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the signature of the base class
        """Nothing."""


def answering(status: int, body: bytes, length: int | None = None) -> type[BaseHTTPRequestHandler]:
    """A handler with the same answer to everything; it may promise more bytes than it sends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body) if length is None else length))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Nothing."""

    return Handler


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
    """A channel that names the version before brings it back from its own folder, and forward again."""
    device = Device(tmp_path / "device", release(tmp_path / "registry", ONE))
    device.poll()
    release(tmp_path / "registry", TWO)
    device.poll()
    registry = Registry(tmp_path / "registry")
    registry.rollback()
    assert device.poll() == ONE.manifest.version
    registry.promote(TWO.manifest.version)
    assert device.poll() == TWO.manifest.version
    assert device.held() == [ONE.manifest.version, TWO.manifest.version, "live.json"]
    registry.rollback()
    device.poll()
    assert live_bundle(device.folder) == ONE


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


def _edit(registry: Path, bundle: Bundle, file: str, change: Callable[[bytes], bytes]) -> None:
    path = registry / "bundles" / bundle.manifest.version / file
    path.write_bytes(change(path.read_bytes()))


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
    """It is refused with one line, not tried again, not even after a restart, and the old one goes on."""
    home = tmp_path / "registry"
    with serving(partial(Quiet, directory=str(home))) as url:
        channel = release(home, ONE)
        device = Device(tmp_path / "device", f"{url}/channels/live.json" if remote else channel)
        device.poll()
        bad = model_bundle()
        release(home, bad)
        _edit(home, bad, *DAMAGE[what])
        device.log.clear()
        assert [device.poll() for _ in range(3)] == [None] * 3
        device.restart()
        assert (device.live, device.poll(), len(device.log)) == (ONE.manifest.version, None, 1)
    assert f"bundle {bad.manifest.version} is refused: " in device.log[0]
    assert f"bundle {ONE.manifest.version} goes on" in device.log[0]
    assert device.held() == [ONE.manifest.version, "live.json"]


def test_a_bundle_damaged_on_the_way_is_tried_again_when_it_is_promoted_again(tmp_path: Path) -> None:
    """Repaired and promoted anew it goes live; what failed the device's own tests does not."""
    home = tmp_path / "registry"
    device = Device(tmp_path / "device", release(home, ONE))
    device.poll()
    release(home, TWO)
    good = (home / "bundles" / TWO.manifest.version / "manifest.json").read_bytes()
    _edit(home, TWO, "manifest.json", lambda content: content[:-5])
    assert device.poll() is None
    _edit(home, TWO, "manifest.json", lambda _: good)
    assert device.poll() is None
    document = home / "channels" / "live.json"
    document.write_text(json.dumps(json.loads(document.read_text()) | {"changed": "2030-01-01T00:00:00Z"}))
    assert device.poll() == TWO.manifest.version


def test_a_broken_transfer_is_no_refusal(tmp_path: Path) -> None:
    """An answer that ends early, or a server error, is tried again at the next look."""
    content = (release(tmp_path / "registry", ONE)).read_bytes()
    for handler in (answering(200, content[:50], len(content)), answering(500, b"")):
        with serving(handler) as url:
            device = Device(tmp_path / "device", f"{url}/live.json")
            assert [device.poll(), device.poll()] == [None, None]
            assert len(device.log) == 1
            assert "cannot read the release channel" in device.log[0]
            assert device.releases._pointer.refused == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[" * 5000,
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
            for place in (b"/etc", b"file:///etc", b"//other.example/b", b"https://other.example/b")
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
    """It is refused for good, by version, whatever its manifest looks like elsewhere."""
    device = Device(tmp_path / "device", release(tmp_path / "registry", ONE))
    device.poll()
    release(tmp_path / "registry", TWO)
    device.poll()
    assert device.releases.fall_back(TWO, "NaN").bundle == ONE
    for _ in range(2):
        assert device.poll() is None
        device.restart()
        assert device.live == ONE.manifest.version


def test_without_one_before_the_baseline_stands_in(tmp_path: Path) -> None:
    """The only bundle failing leaves its contract and the baseline, after a restart too, until the next release."""
    weekly = baseline_bundle(Contract(3600 * SECOND, 24 * 7, 24), second=4, name="mean_of_7_days")
    device = Device(tmp_path / "device", release(tmp_path / "registry", weekly))
    device.poll()
    stand_in = device.releases.fall_back(weekly, "NaN")
    device.restart()
    for candidate in (stand_in, device.releases.current()):
        assert candidate is not None
        assert (candidate.bundle, candidate.forecaster.name) == (weekly, "seasonal_naive_day")
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
        "import os, pathlib, edge.release as r; r.try_bundle = lambda bundle: os._exit(9);"
        f"r.Releases(pathlib.Path({str(device.folder)!r}), {device.channel!r}, print).poll()"
    )
    for _ in range(3):
        assert subprocess.run([sys.executable, "-c", dying], check=False).returncode == 9
    device.log.clear()
    device.restart()
    assert [device.poll(), device.poll()] == [None, None]
    assert len(device.log) == 1
    assert "died 3 times" in device.log[0]


def test_a_full_disk_costs_only_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be written is said once, and a bundle that cannot be kept is tried again."""
    device = Device(tmp_path / "device", release(tmp_path / "registry", ONE))
    device.poll()
    release(tmp_path / "registry", TWO)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(release_module, "replace_file", full)
        patch.setattr(release_module, "write_bundle", full)
        device.log.clear()
        assert [device.poll(), device.poll()] == [None, None]
        assert device.releases.fall_back(ONE, "NaN").bundle == ONE
        assert sum("cannot write" in line for line in device.log) == 1
        assert sum("cannot keep" in line for line in device.log) == 1
    assert device.poll() == TWO.manifest.version
    device.restart()
    assert device.live == TWO.manifest.version


def test_a_swap_leaves_the_next_candidate_alone(tmp_path: Path) -> None:
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
    from tests import tiny  # noqa: PLC0415 - imports the trainer

    bad = tiny.bundle_of(tiny.converted(kind))
    device = Device(tmp_path / "device", release(tmp_path / "registry", ONE))
    device.poll()
    release(tmp_path / "registry", bad)
    device.log.clear()
    assert [device.poll(), device.poll()] == [None, None]
    device.restart()
    assert (device.live, device.poll(), len(device.log)) == (ONE.manifest.version, None, 1)
    assert reason in device.log[0]

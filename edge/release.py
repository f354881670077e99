"""Which bundle is live: notice a release, fetch it, verify it, test it here, swap, keep the previous one, go back to it.

A channel is a small JSON document, at a path or an http(s) URL, that names one bundle. Nothing of a bundle is opened
before its size and hash agree with the manifest, and the manifest's with the channel. A refused bundle is not tried
again, and the old one goes on forecasting.
"""

import contextlib
import hashlib
import os
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from urllib.error import URLError
from urllib.parse import urljoin, urlsplit
from urllib.request import Request, urlopen

import msgspec

from edge.baselines import Forecaster
from edge.bundle import (
    MANIFEST_FILE,
    MANIFEST_LIMIT,
    MODEL_FILE,
    Bundle,
    Manifest,
    check_version,
    decode_manifest,
    read_bundle,
    write_bundle,
)
from edge.errors import BundleError, ConfigurationError
from edge.model import Model, open_forecaster

CHANNEL_LIMIT = 65_536
TIMEOUT = 30  # seconds


class Channel(msgspec.Struct, frozen=True):
    """Which bundle is released.

    Args:
        version: of the bundle.
        bundle: its folder, relative to this document.
        manifest_sha256: of its manifest.
        manifest_size: bytes of its manifest.
        changed: when it was released, ISO 8601, UTC.
        history: versions released before, newest last; the last one is what a rollback goes to.
        schema: layout of this document.
    """

    version: str
    bundle: str
    manifest_sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    manifest_size: Annotated[int, msgspec.Meta(ge=1, le=MANIFEST_LIMIT)]
    changed: str
    history: list[str] = []
    schema: int = 1


def decode_channel(content: bytes) -> Channel:
    """The document, checked.

    Raises:
        BundleError: malformed or of another schema.
    """
    try:
        channel = msgspec.json.decode(content, type=Channel)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BundleError(f"malformed channel document: {error}") from error
    if channel.schema != 1:
        raise BundleError(f"this version reads channel documents of schema 1; got {channel.schema}")
    check_version(channel.version)
    return channel


def replace_file(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


class Source:
    """Where a channel document and its bundle are read from.

    Args:
        channel: path or http(s) URL of the document.

    Raises:
        ConfigurationError: another kind of URL.
    """

    def __init__(self, channel: str) -> None:
        scheme = urlsplit(channel).scheme
        if scheme not in ("", "http", "https", "file"):
            raise ConfigurationError(f"[release] channel {channel!r}: write a path or an http(s) URL")
        self.channel = channel.removeprefix("file://")
        self._remote = scheme in ("http", "https")

    def read_channel(self) -> Channel:
        """The document.

        Raises:
            OSError: it cannot be reached.
            BundleError: malformed.
        """
        return decode_channel(self._read(self.channel, CHANNEL_LIMIT))

    def read_bundle(self, channel: Channel) -> Bundle:
        """The bundle, verified byte for byte against the document.

        Raises:
            OSError: it cannot be reached.
            BundleError: it is not what the document says.
        """
        content = self._read(self._place(channel, MANIFEST_FILE), channel.manifest_size)
        found = hashlib.sha256(content).hexdigest()
        if found != channel.manifest_sha256:
            raise BundleError(f"expected a manifest with SHA-256 {channel.manifest_sha256}; got {found}")
        manifest: Manifest = decode_manifest(content)
        if manifest.version != channel.version:
            raise BundleError(f"expected version {channel.version}; got {manifest.version}")
        if manifest.model is None:
            return Bundle(manifest)
        return Bundle(manifest, self._read(self._place(channel, MODEL_FILE), manifest.model.size))

    def _place(self, channel: Channel, name: str) -> str:
        if self._remote:
            return urljoin(self.channel, f"{channel.bundle.rstrip('/')}/{name}")
        return str(Path(self.channel).parent / channel.bundle / name)

    def _read(self, place: str, limit: int) -> bytes:
        if self._remote:
            request = Request(place, headers={"User-Agent": "gatecast-agent"})  # noqa: S310 - http or https, see above
            with urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
                content: bytes = answer.read(limit + 1)
        else:
            with Path(place).open("rb") as file:
                content = file.read(limit + 1)
        if len(content) > limit:
            raise BundleError(f"expected at most {limit} bytes at {place}; got more")
        return content


class _Pointer(msgspec.Struct):
    """What the agent remembers between runs."""

    live: str | None = None
    previous: str | None = None
    refused: list[str] = []


@dataclass(frozen=True, slots=True)
class Candidate:
    """A bundle that passed every test on this device.

    Args:
        bundle: verified.
        forecaster: open and self-tested.
    """

    bundle: Bundle
    forecaster: Forecaster


def try_bundle(bundle: Bundle) -> Candidate:
    """Open a bundle and let it repeat its golden forecasts at batch 1 and 64.

    Raises:
        BundleError: it cannot be opened or fails its self-test.
    """
    forecaster = open_forecaster(bundle)
    if isinstance(forecaster, Model):
        forecaster.self_test()
    return Candidate(bundle, forecaster)


class Releases:
    """The bundles on this device.

    `poll` may run in another thread; everything else belongs to the thread that forecasts.

    Args:
        folder: where bundles and the pointer to the live one are kept.
        channel: path or URL of the channel document; None: only what is already here.
        log: called with one line per event worth knowing.
    """

    def __init__(self, folder: Path, channel: str | None, log: Callable[[str], None]) -> None:
        self._folder = folder
        self._source = Source(channel) if channel else None
        self._log = log
        self._lock = threading.Lock()
        self._problem: str | None = None
        self.refusals = 0
        try:
            self._pointer = msgspec.json.decode((folder / "live.json").read_bytes(), type=_Pointer)
        except (OSError, msgspec.MsgspecError):
            self._pointer = _Pointer()

    def current(self) -> Candidate | None:
        """The bundle that was live when the agent stopped, or the one before where that one fails now."""
        for version in (self._pointer.live, self._pointer.previous):
            if version is None:
                continue
            try:
                candidate = try_bundle(read_bundle(self._folder / check_version(version)))
            except BundleError as error:
                self._log(f"bundle {version} on this device fails: {error}")
                continue
            self._pointer.live = version
            return candidate
        self._pointer.live = None
        return None

    def poll(self) -> Candidate | None:
        """Look at the channel once.

        Returns:
            A new bundle that passed every test here, or None.
        """
        if self._source is None:
            return None
        try:
            channel = self._source.read_channel()
            if channel.version == self._pointer.live or channel.manifest_sha256 in self._pointer.refused:
                self._problem = None
                return None
            return self._take(self._source, channel)
        except BundleError as error:
            self._complain(f"the channel {self._source.channel} is refused: {error}")
        except (URLError, OSError, ValueError) as error:
            reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
            self._complain(f"cannot read the release channel {self._source.channel}: {reason}; check [release] channel")
        return None

    def _take(self, source: Source, channel: Channel) -> Candidate | None:
        try:
            bundle = source.read_bundle(channel)
            candidate = try_bundle(bundle)
            write_bundle(self._folder, bundle)
        except BundleError as error:
            self._refuse(channel.version, channel.manifest_sha256, str(error))
            return None
        self._problem = None
        return candidate

    def accept(self, candidate: Candidate) -> None:
        """Remember that a bundle is live from now on, and which one was before."""
        version = candidate.bundle.manifest.version
        with self._lock:
            if version != self._pointer.live:
                self._pointer.previous = self._pointer.live
            self._pointer.live = version
            self._save()
        for folder in self._folder.iterdir():
            if folder.is_dir() and folder.name not in (version, self._pointer.previous):
                shutil.rmtree(folder, ignore_errors=True)
        self._log(f"bundle {version} is live")

    def fall_back(self, failed: Bundle, reason: str) -> Candidate | None:
        """Refuse the live bundle for good and return the one before, or None where there is none."""
        manifest = failed.manifest
        with contextlib.suppress(OSError):
            content = (self._folder / manifest.version / MANIFEST_FILE).read_bytes()
            self._refuse(manifest.version, hashlib.sha256(content).hexdigest(), reason)
        with self._lock:
            self._pointer.live, self._pointer.previous = self._pointer.previous, None
        candidate = self.current()
        with self._lock:
            self._save()
        if candidate is not None:
            self._log(f"gone back to bundle {candidate.bundle.manifest.version}")
        return candidate

    def _refuse(self, version: str, manifest_sha256: str, reason: str) -> None:
        with self._lock:
            self.refusals += 1
            self._pointer.refused = [*self._pointer.refused[-99:], manifest_sha256]
            self._save()
        live = self._pointer.live
        keeps = f"bundle {live} goes on" if live and live != version else "the baseline forecasts"
        self._log(f"bundle {version} is refused: {reason}; {keeps}")

    def _save(self) -> None:
        replace_file(self._folder / "live.json", msgspec.json.encode(self._pointer))

    def _complain(self, problem: str) -> None:
        if problem != self._problem:
            self._problem = problem
            self._log(problem)

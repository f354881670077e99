"""Which bundle is live: notice a release, fetch it, verify it, test it here, swap, keep the previous one, go back to it.

A channel is a small JSON document, at a path or an http(s) URL, that names one bundle. Nothing of a bundle is opened
before its size and hash agree with the manifest, and the manifest's with the channel. A refused bundle is not tried
again, and the old one goes on forecasting: one that was damaged on the way until the channel document changes, one that
fails here for good.
"""

import contextlib
import hashlib
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Annotated
from urllib.parse import urljoin, urlsplit
from urllib.request import Request, urlopen

import msgspec

from edge.baselines import Forecaster, seasonal_naive
from edge.bundle import (
    MANIFEST_FILE,
    MANIFEST_LIMIT,
    MODEL_FILE,
    Bundle,
    check_version,
    decode_manifest,
    read_bundle,
    write_bundle,
)
from edge.errors import BundleError, ConfigurationError
from edge.model import Model, open_forecaster

CHANNEL_LIMIT = 65_536
TIMEOUT = 30  # seconds
REFUSALS = 100  # remembered
TRIALS = 3  # deaths while testing a bundle before it is held to be the cause


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
    place = urlsplit(channel.bundle)
    if place.scheme or place.netloc or place.path.startswith("/"):
        raise BundleError(f"expected a bundle at a place relative to the channel document; got {channel.bundle[:80]!r}")
    return channel


def replace_file(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


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
        manifest = decode_manifest(content)
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
                # `read` takes an early end for the end; of a chunked answer the length is not known, and None.
                if len(content) <= limit and answer.length:
                    raise ConnectionError(f"the transfer ended {answer.length} bytes early")
        else:
            with Path(place).open("rb") as file:
                content = file.read(limit + 1)
        if len(content) > limit:
            raise BundleError(f"expected at most {limit} bytes at {place}; got more")
        return content


class _Pointer(msgspec.Struct):
    """What the agent remembers between runs.

    Args:
        live: version that forecasts.
        previous: version that did before.
        refused: versions that failed live, manifests that failed the tests, transfers that were damaged.
        trying: manifest of the bundle under test; still there at the next start if the test killed the process.
        trials: how often that was tried.
    """

    live: str | None = None
    previous: str | None = None
    refused: list[str] = []
    trying: str | None = None
    trials: int = 0


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

    `poll` may run in another thread; everything else belongs to the thread that forecasts. A disk that is full costs
    the memory of what was decided, not the decision.

    Args:
        folder: where bundles and the pointer to the live one are kept.
        channel: path or URL of the channel document; None: only what is already here.
        log: called with one line per event worth knowing.
    """

    def __init__(self, folder: Path, channel: str | None, log: Callable[[str], None]) -> None:
        self._folder = folder
        self._source = Source(channel) if channel else None
        self._log = log
        self._lock = threading.RLock()
        self._problem: str | None = None
        self._unsaved = False
        self._handed_out: str | None = None
        self._pointer = _read_pointer(folder)

    def current(self) -> Candidate | None:
        """The bundle that was live when the agent stopped, or the one before where that one fails now.

        The only bundle there is may have failed live; then the baseline forecasts in its place.
        """
        for version in (self._pointer.live, self._pointer.previous):
            if version is None:
                continue
            try:
                bundle = read_bundle(self._folder / check_version(version))
                candidate = _stand_in(bundle) if version in self._pointer.refused else try_bundle(bundle)
            except BundleError as error:
                self._log(f"bundle {version} on this device fails: {error}")
                continue
            if version != self._pointer.live:
                self._point_to(version, None)
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
        if self._unsaved:
            self._save()
        try:
            channel = self._source.read_channel()
            known = {self._pointer.live, self._handed_out, *self._pointer.refused}
            if known & {channel.version, channel.manifest_sha256, _transfer(channel)}:
                self._problem = None
                return None
            return self._take(self._source, channel)
        except BundleError as error:
            self._complain(f"the channel {self._source.channel} is refused: {error}")
        except ConfigurationError as error:
            self._complain(f"no bundle can be opened: {error}")
        except (OSError, HTTPException, ValueError) as error:
            reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
            self._complain(f"cannot read the release channel {self._source.channel}: {reason}; check [release] channel")
        return None

    def _take(self, source: Source, channel: Channel) -> Candidate | None:
        try:
            bundle = source.read_bundle(channel)
        except BundleError as error:
            self._refuse(channel.version, _transfer(channel), str(error))
            return None
        try:
            with self._trial(channel.manifest_sha256):
                candidate = try_bundle(bundle)
        except BundleError as error:
            self._refuse(channel.version, channel.manifest_sha256, str(error))
            return None
        try:
            self._keep(bundle)
        except OSError as error:
            self._complain(f"cannot keep bundle {channel.version} in {self._folder}: {error.strerror}")
            return None
        self._problem = None
        return candidate

    @contextlib.contextmanager
    def _trial(self, manifest_sha256: str) -> Iterator[None]:
        """Note what is tested: a crafted model can end the process, and must not do so at every start."""
        pointer = self._pointer
        pointer.trials = pointer.trials + 1 if pointer.trying == manifest_sha256 else 1
        pointer.trying = manifest_sha256
        if pointer.trials > TRIALS:
            pointer.trying = None
            raise BundleError(f"the agent died {TRIALS} times while testing it")
        self._save()
        try:
            yield
        finally:
            pointer.trying = None
            self._save()

    def _keep(self, bundle: Bundle) -> None:
        with self._lock:
            try:
                write_bundle(self._folder, bundle)
            except BundleError:  # a damaged one is in its place
                shutil.rmtree(self._folder / bundle.manifest.version)
                write_bundle(self._folder, bundle)
            self._handed_out = bundle.manifest.version

    def accept(self, candidate: Candidate) -> None:
        """Remember that a bundle is live from now on, and which one was before; older ones are deleted."""
        version = candidate.bundle.manifest.version
        with self._lock:
            before = self._pointer.previous if version == self._pointer.live else self._pointer.live
            self._point_to(version, before)
            for folder in self._folder.iterdir():
                if folder.is_dir() and folder.name not in (version, before, self._handed_out):
                    shutil.rmtree(folder, ignore_errors=True)
        self._log(f"bundle {version} is live")

    def fall_back(self, failed: Bundle, reason: str) -> Candidate:
        """Refuse the live bundle for good; the one before forecasts again, or the baseline where there is none."""
        version = failed.manifest.version
        self._refuse(version, version, reason)
        self._point_to(self._pointer.previous, None)
        candidate = self.current()
        if candidate is None:
            self._point_to(version, None)
            return _stand_in(failed)
        self._log(f"gone back to bundle {candidate.bundle.manifest.version}")
        return candidate

    def _refuse(self, version: str, key: str, reason: str) -> None:
        with self._lock:
            self._pointer.refused = [*self._pointer.refused[1 - REFUSALS :], key]
            self._save()
        live = self._pointer.live
        keeps = "no bundle is live" if live is None else f"bundle {live} goes on"
        if live == version:
            keeps = "the bundle before or the baseline forecasts"
        self._log(f"bundle {version} is refused: {reason}; {keeps}")

    def _point_to(self, live: str | None, previous: str | None) -> None:
        with self._lock:
            self._pointer.live, self._pointer.previous = live, previous
            self._save()

    def _save(self) -> None:
        with self._lock:
            try:
                replace_file(self._folder / "live.json", msgspec.json.encode(self._pointer))
                self._unsaved = False
            except OSError as error:
                if not self._unsaved:
                    self._log(f"cannot write {self._folder / 'live.json'}: {error.strerror}; a restart forgets what is live")
                self._unsaved = True

    def _complain(self, problem: str) -> None:
        if problem != self._problem:
            self._problem = problem
            self._log(problem)


def _read_pointer(folder: Path) -> _Pointer:
    try:
        return msgspec.json.decode((folder / "live.json").read_bytes(), type=_Pointer)
    except (OSError, msgspec.MsgspecError):
        return _Pointer()


def live_bundle(folder: Path) -> Bundle | None:
    """The bundle that is live on this device; None where there is none.

    Raises:
        BundleError: it is damaged.
    """
    version = _read_pointer(folder).live
    return None if version is None else read_bundle(folder / check_version(version))


def _transfer(channel: Channel) -> str:
    """What a bundle damaged on the way is refused by: promoted again, it is tried again."""
    return f"{channel.manifest_sha256}@{channel.changed}"


def _stand_in(bundle: Bundle) -> Candidate:
    return Candidate(bundle, seasonal_naive(bundle.manifest.contract))

"""Which bundle is live: notice a release, fetch it, verify it, test it here, swap, keep the previous one, go back to it.

A refused bundle is not tried again, and the old one goes on forecasting: one that was damaged on the way until the channel
document changes, one that fails here for good.
"""

import contextlib
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

import msgspec

from edge.baselines import Forecaster, seasonal_naive
from edge.bundle import Bundle, check_version, read_bundle, write_bundle
from edge.channel import Channel, Source
from edge.errors import BundleError, ConfigurationError
from edge.files import replace_file
from edge.model import Model, open_forecaster

REFUSALS = 100  # remembered
TRIALS = 3  # deaths while testing a bundle before it is held to be the cause


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

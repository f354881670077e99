"""Every bundle by its version, and channels that say which one is out.

    registry/bundles/<version>/manifest.json, model.tflite
    registry/channels/live.json
    registry/plots/<version>.png, where one was drawn

The folder can be served to devices as it is, by any web server or file share. A channel names its bundle by a relative
path. It is replaced whole, after the bundle it names is complete. Bundles that no channel names any more are deleted later.
Whoever changes a channel or deletes bundles holds the registry's lock meanwhile.
"""

import fcntl
import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from pathlib import Path

import msgspec

from edge.errors import BundleError, ConfigurationError, GatecastError
from edge.files import replace_file
from edge.forecaster.bundle import Bundle, read_bundle, write_bundle
from edge.forecaster.manifest import MANIFEST_FILE, MANIFEST_LIMIT, VERSION, Manifest, decode_manifest
from edge.release.channel import Channel, Source

HISTORY = 20
KEPT = 20
PRUNED = ".pruned"
CHANNEL_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")


def _now() -> datetime:
    return datetime.now(UTC)


class Registry:
    """A folder of bundles and channels; made when the first bundle is added.

    Args:
        path: the folder.
        now: the clock, for the time of a promotion.
    """

    def __init__(self, path: Path, now: Callable[[], datetime] = _now) -> None:
        self.path = path
        self._bundles = path / "bundles"
        self._now = now

    def add(self, bundle: Bundle) -> Path:
        """Keep a bundle; no channel changes. Adding the same one again changes nothing.

        Returns:
            Its folder.

        Raises:
            BundleError: another bundle of that version is there.
        """
        return write_bundle(self._bundles, bundle)

    def names(self) -> list[str]:
        """Every version, oldest first."""
        if not self._bundles.is_dir():
            return []
        return sorted(folder.name for folder in self._bundles.iterdir() if VERSION.fullmatch(folder.name))

    def versions(self) -> list[Manifest]:
        """The manifest of every version, newest last; one that cannot be read is left out, `get` says why."""
        manifests = []
        for name in self.names():
            try:
                manifests.append(decode_manifest(self._manifest(name)))
            except (BundleError, OSError):
                continue
        return manifests

    def get(self, version: str) -> Bundle:
        """A bundle, verified.

        Raises:
            ConfigurationError: there is no such version; names the nearest ones.
            BundleError: it is damaged.
        """
        names = self.names()
        if version not in names:
            near = get_close_matches(version, names, n=3, cutoff=0.3) or names[-3:]
            known = f"nearest: {', '.join(near)}" if near else "the registry is empty"
            raise ConfigurationError(f"there is no version {version!r} in {self.path}; {known}")
        return read_bundle(self._bundles / version)

    def channel(self, name: str = "live") -> Channel | None:
        """What a channel says, or None where nothing was promoted to it.

        Raises:
            ConfigurationError: that is no name for a channel.
            BundleError: the document is malformed.
        """
        document = self._document(name)
        return Source(str(document)).read_channel() if document.exists() else None

    def live(self, channel: str = "live") -> Bundle | None:
        """The bundle that devices on a channel are to run, verified against the channel; None where there is none.

        Raises:
            BundleError: it is missing or damaged.
        """
        document = self.channel(channel)
        if document is None:
            return None
        try:
            return Source(str(self._document(channel))).read_bundle(document)
        except OSError as error:
            raise BundleError(f"channel {channel!r} names {document.version}, which cannot be read: {error}") from error

    def promote(self, version: str, channel: str = "live") -> Channel:
        """Let a channel name this version; the one before goes into its history.

        The same version again leaves the history as it is and renews `changed`: agents that refused it try it again.

        Raises:
            ConfigurationError: there is no such version.
            BundleError: the bundle is damaged.
        """
        with self._alone():
            before = self.channel(channel)
            if before is not None and before.version == version:
                self.get(version)
                return self._write(channel, version, before.history, before)
            return self._promote(version, channel, before)

    def publish(self, version: str, channel: str = "live", *, expected: str | None) -> Channel:
        """As `promote`, if the channel still names the version that this one was judged against; a second call changes nothing.

        Args:
            version: version to release.
            channel: channel that is to name it.
            expected: version that the channel named when the champion was read; None for nothing.

        Raises:
            GatecastError: it names another version now; the channel stays as it is.
            ConfigurationError: there is no such version.
            BundleError: the bundle is damaged.
        """
        with self._alone():
            before = self.channel(channel)
            now = None if before is None else before.version
            if now not in (expected, version):
                raise GatecastError(
                    f"channel {channel!r} named {expected or 'nothing'} when {version} was judged and names {now or 'nothing'} "
                    f"now, so nothing was released: run gatecast retrain again, or gatecast promote {version}"
                )
            return self._promote(version, channel, before)

    def rollback(self, channel: str = "live") -> Channel:
        """Let a channel name the version before; doing it twice goes back two versions.

        Raises:
            ConfigurationError: there is none before, or it is no longer in the registry.
            BundleError: that bundle is damaged.
        """
        with self._alone():
            before = self.channel(channel)
            if before is None or not before.history:
                now = "nothing was promoted to it" if before is None else f"{before.version} is the first there"
                raise ConfigurationError(f"channel {channel!r} has nothing to roll back to: {now}; promote a version instead")
            *history, version = before.history
            self.get(version)
            return self._write(channel, version, history, before)

    def prune(self, kept: int = KEPT) -> list[str]:
        """Delete the oldest bundles that no channel names, now or in its history.

        An agent that is fetching the bundle a channel names is not disturbed. While a channel cannot be read nothing is
        deleted. A bundle that cannot be deleted now is deleted the next time.

        Args:
            kept: number of the newest versions without a channel that stay as well.

        Returns:
            The versions that are gone.
        """
        with self._alone():
            try:
                channels = [Source(str(path)).read_channel() for path in (self.path / "channels").glob("*.json")]
            except (BundleError, OSError):
                return []
            named = {version for channel in channels for version in (channel.version, *channel.history)}
            others = [version for version in self.names() if version not in named]
            gone = []
            for version in others[: max(0, len(others) - kept)]:
                with suppress(OSError):
                    (self._bundles / version).rename(self._bundles / f".{version}{PRUNED}")
                    for kind in ("png", "html"):
                        (self.path / "plots" / f"{version}.{kind}").unlink(missing_ok=True)
                    gone.append(version)
            for folder in self._bundles.glob(f".*{PRUNED}"):
                shutil.rmtree(folder, ignore_errors=True)
            return gone

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the lock, so that no other process changes a channel between reading and writing it."""
        if not self.path.is_dir():  # nothing there that anyone could change
            yield
            return
        # Not by `open` of Python, which waits for ever where this is a pipe.
        lock = os.open(self.path / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK, 0o666)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _promote(self, version: str, name: str, before: Channel | None) -> Channel:
        self.get(version)
        if before is not None and before.version == version:
            return before
        history = [] if before is None else [*before.history, before.version]
        return self._write(name, version, history[-HISTORY:], before)

    def _write(self, name: str, version: str, history: list[str], before: Channel | None) -> Channel:
        manifest = self._manifest(version)
        changed = self._now().astimezone(UTC)
        if before is not None:
            # Two documents never have the same time, not within a second and not when the clock was set back.
            with suppress(ValueError, TypeError, OverflowError):
                changed = max(changed, datetime.fromisoformat(before.changed) + timedelta(seconds=1))
        channel = Channel(
            version=version,
            bundle=f"../bundles/{version}/",
            manifest_sha256=hashlib.sha256(manifest).hexdigest(),
            manifest_size=len(manifest),
            changed=f"{changed:%Y-%m-%dT%H:%M:%SZ}",
            history=history,
        )
        replace_file(self._document(name), msgspec.json.format(msgspec.json.encode(channel)) + b"\n")
        return channel

    def _manifest(self, version: str) -> bytes:
        path = self._bundles / version / MANIFEST_FILE
        if not path.is_file():  # a pipe would be waited for, for ever
            raise BundleError(f"expected a file at {path}; got {'something else' if path.exists() else 'none'}")
        with path.open("rb") as file:
            return file.read(MANIFEST_LIMIT + 1)

    def _document(self, channel: str) -> Path:
        if not CHANNEL_NAME.fullmatch(channel):
            raise ConfigurationError(f"a channel has a name of a-z, 0-9, _ and -, at most 32 characters; got {channel!r}")
        return self.path / "channels" / f"{channel}.json"

"""Every bundle by its version, and channels that say which one is out.

    registry/bundles/<version>/manifest.json, model.tflite
    registry/channels/live.json

The folder can be served to devices as it is, by any web server or file share: a channel names its bundle by a relative
path, and is replaced whole, after the bundle it names is complete.
"""

import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path

import msgspec

from edge.bundle import MANIFEST_FILE, MANIFEST_LIMIT, VERSION, Bundle, Manifest, decode_manifest, read_bundle, write_bundle
from edge.errors import BundleError, ConfigurationError
from edge.release import Channel, Source, replace_file

HISTORY = 20
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
        found = self.channel(channel)
        if found is None:
            return None
        try:
            return Source(str(self._document(channel))).read_bundle(found)
        except OSError as error:
            raise BundleError(f"channel {channel!r} names {found.version}, which cannot be read: {error}") from error

    def promote(self, version: str, channel: str = "live") -> Channel:
        """Let a channel name this version; the one before goes into its history. The same version again changes nothing.

        Raises:
            ConfigurationError: there is no such version.
            BundleError: the bundle is damaged.
        """
        self.get(version)
        before = self.channel(channel)
        if before is not None and before.version == version:
            return before
        history = [] if before is None else [*before.history, before.version]
        return self._write(channel, version, history[-HISTORY:])

    def rollback(self, channel: str = "live") -> Channel:
        """Let a channel name the version before; doing it twice goes back two versions.

        Raises:
            ConfigurationError: there is none before, or it is no longer in the registry.
            BundleError: that bundle is damaged.
        """
        found = self.channel(channel)
        if found is None or not found.history:
            now = "nothing was promoted to it" if found is None else f"{found.version} is the first there"
            raise ConfigurationError(f"channel {channel!r} has nothing to roll back to: {now}; promote a version instead")
        *history, version = found.history
        self.get(version)
        return self._write(channel, version, history)

    def _write(self, name: str, version: str, history: list[str]) -> Channel:
        manifest = self._manifest(version)
        channel = Channel(
            version=version,
            bundle=f"../bundles/{version}/",
            manifest_sha256=hashlib.sha256(manifest).hexdigest(),
            manifest_size=len(manifest),
            changed=f"{self._now().astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
            history=history,
        )
        replace_file(self._document(name), msgspec.json.format(msgspec.json.encode(channel)) + b"\n")
        return channel

    def _manifest(self, version: str) -> bytes:
        with (self._bundles / version / MANIFEST_FILE).open("rb") as file:
            return file.read(MANIFEST_LIMIT + 1)

    def _document(self, channel: str) -> Path:
        if not CHANNEL_NAME.fullmatch(channel):
            raise ConfigurationError(f"a channel has a name of a-z, 0-9, _ and -, at most 32 characters; got {channel!r}")
        return self.path / "channels" / f"{channel}.json"

"""The channel: a small JSON document, at a path or an http(s) URL, that names one bundle, and the bundle beside it.

Nothing of a bundle is opened before its size and hash agree with the manifest, and the manifest's with the channel.
"""

import hashlib
from pathlib import Path
from typing import Annotated
from urllib.parse import urljoin, urlsplit
from urllib.request import Request, urlopen

import msgspec

from edge.bundle import MANIFEST_FILE, MANIFEST_LIMIT, MODEL_FILE, Bundle, check_version, decode_manifest
from edge.errors import BundleError, ConfigurationError

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
    place = urlsplit(channel.bundle)
    if place.scheme or place.netloc or place.path.startswith("/"):
        raise BundleError(f"expected a bundle at a place relative to the channel document; got {channel.bundle[:80]!r}")
    return channel


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

"""The channel: a small JSON document, at a path or an http(s) URL, that names one bundle, and the bundle beside it.

Nothing of a bundle is opened before its size and hash agree with the manifest, and the manifest's with the channel.
"""

import hashlib
import ssl
import stat
import time
from collections.abc import Callable
from http.client import HTTPResponse
from pathlib import Path
from typing import Annotated
from urllib.error import URLError
from urllib.parse import urljoin, urlsplit
from urllib.request import Request, urlopen

import msgspec

from edge.errors import BundleDamaged, BundleError, ConfigurationError
from edge.forecaster.bundle import Bundle
from edge.forecaster.manifest import MANIFEST_FILE, MANIFEST_LIMIT, MODEL_FILE, check_version, decode_manifest
from edge.tls import TlsFiles

CHANNEL_LIMIT = 65_536
TIMEOUT = 30  # seconds without a byte
DEADLINE = 600.0  # seconds for one file: 16 MB over a slow line


class Channel(msgspec.Struct, frozen=True):
    """Which bundle is released.

    Args:
        version: version of the bundle.
        bundle: its folder, relative to this document.
        manifest_sha256: SHA-256 of its manifest, hexadecimal.
        manifest_size: size of its manifest, bytes.
        changed: time of the release, ISO 8601, UTC.
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
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BundleError(f"malformed channel document: {error}") from error
    if channel.schema != 1:
        raise BundleError(f"this version reads channel documents of schema 1; got {channel.schema}")
    check_version(channel.version)
    if not _is_relative(channel.bundle):
        raise BundleError(f"expected a bundle at a place relative to the channel document; got {channel.bundle[:80]!r}")
    return channel


def _is_relative(path: str) -> bool:
    try:
        parts = urlsplit(path)
    except ValueError:  # such as http://[
        return False
    return path.isprintable() and not (parts.scheme or parts.netloc or parts.path.startswith("/"))


class Source:
    """Where a channel document and its bundle are read from.

    Args:
        channel: path or http(s) URL of the document.
        tls: files for an encrypted connection.
        deadline: seconds that one file may take over http.
        moment: seconds, monotonic.

    Raises:
        ConfigurationError: another kind of URL, or a file with certificates cannot be used.
    """

    def __init__(
        self,
        channel: str,
        tls: TlsFiles = TlsFiles("release"),
        *,
        deadline: float = DEADLINE,
        moment: Callable[[], float] = time.monotonic,
    ) -> None:
        self._deadline, self._moment, self._tls = deadline, moment, tls
        try:
            scheme = urlsplit(channel).scheme
        except ValueError:  # such as http://[
            scheme = "no"
        if scheme not in ("", "http", "https", "file") or not channel.isprintable():
            raise ConfigurationError(f"[release] channel {channel!r}: write a path or an http(s) URL")
        self.channel = channel.removeprefix("file://")
        self.remote = scheme in ("http", "https")
        self._context = tls.context() if scheme == "https" else None

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
            OSError: the bundle cannot be reached.
            BundleDamaged: the files are not, or not yet, those that the document names.
            BundleError: the files are right, but this version cannot use them.
        """
        content = self._read(self._address(channel, MANIFEST_FILE), channel.manifest_size)
        sha256 = hashlib.sha256(content).hexdigest()
        if sha256 != channel.manifest_sha256:
            raise BundleDamaged(f"expected a manifest with SHA-256 {channel.manifest_sha256}; got {sha256}")
        manifest = decode_manifest(content)
        if manifest.version != channel.version:
            raise BundleError(f"expected version {channel.version}; got {manifest.version}")
        if manifest.model is None:
            return Bundle(manifest)
        model = self._read(self._address(channel, MODEL_FILE), manifest.model.size)
        try:
            return Bundle(manifest, model)
        except BundleError as error:
            raise BundleDamaged(str(error)) from error

    def _address(self, channel: Channel, name: str) -> str:
        if self.remote:
            return urljoin(self.channel, f"{channel.bundle.rstrip('/')}/{name}")
        return str(Path(self.channel).parent / channel.bundle / name)

    def _open(self, request: Request) -> HTTPResponse:
        try:
            answer: HTTPResponse = urlopen(request, timeout=TIMEOUT, context=self._context)  # noqa: S310
        except URLError as error:
            if isinstance(error.reason, ssl.SSLCertVerificationError):
                reason = f"its certificate is not trusted ({error.reason.verify_message}); {self._tls.advice()}"
                raise ConnectionError(reason) from error
            raise
        return answer

    def _receive(self, answer: HTTPResponse, size: int) -> bytes:
        """Up to `size` bytes; a server that sends one now and then must not hold the caller for days."""
        end = self._moment() + self._deadline
        content = bytearray()
        while len(content) < size and (piece := answer.read1(size - len(content))):
            content += piece
            if self._moment() > end:
                raise TimeoutError(f"the transfer took more than {self._deadline:g} s")
        return bytes(content)

    def _read(self, address: str, limit: int) -> bytes:
        """At most `limit` bytes.

        Raises:
            OSError: not there, or the transfer ended early or took too long.
            BundleDamaged: there is more.
        """
        if self.remote:
            request = Request(address, headers={"User-Agent": "gatecast-agent"})  # noqa: S310 - http or https, see above
            with self._open(request) as answer:
                content = self._receive(answer, limit + 1)
                # `read` takes an early end for the end; of a chunked answer the length is not known, and None.
                if len(content) <= limit and answer.length:
                    raise ConnectionError(f"the transfer ended {answer.length} bytes early")
        else:
            if not stat.S_ISREG(Path(address).stat().st_mode):  # a pipe would be waited for, for ever
                raise BundleDamaged(f"expected a file at {address}; got something else")
            with Path(address).open("rb") as file:
                content = file.read(limit + 1)
        if len(content) > limit:
            raise BundleDamaged(f"expected at most {limit} bytes at {address}; got more")
        return content

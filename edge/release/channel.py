"""The channel: a small JSON document, at a path or an http(s) URL, that names one bundle, and the bundle beside it.

Nothing of a bundle is opened before its size and hash agree with the manifest, and the manifest's with the channel.
"""

import hashlib
import posixpath
import stat
from pathlib import Path
from typing import Annotated
from urllib.parse import unquote, urljoin, urlsplit

import msgspec

from edge.contract.times import parse_time
from edge.errors import BundleDamaged, BundleError, ConfigurationError, PayloadError
from edge.forecaster.bundle import Bundle
from edge.forecaster.manifest import MANIFEST_FILE, MANIFEST_LIMIT, MODEL_FILE, check_version, decode_manifest
from edge.quoting import holds_secret, quoted, without_account
from edge.release.web import DEADLINE, Account, Web
from edge.tls import TlsFiles

CHANNEL_LIMIT = 65_536


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
    if not _is_in_registry(channel.bundle):
        raise BundleError(
            f"expected a bundle in the registry, relative to the channel document, such as ../bundles/{channel.version}/; "
            f"got {quoted(channel.bundle)}"
        )
    return channel


def _is_in_registry(path: str) -> bool:
    """Whether a path is relative and stays in the folder above that of the document; a web server reads %2e as a dot."""
    try:
        parts = urlsplit(path)
    except ValueError:  # such as http://[
        return False
    if not path.isprintable() or parts.scheme or parts.netloc or parts.query or parts.fragment or "\\" in path:
        return False
    return all(
        not written.startswith("/") and not posixpath.normpath(written).startswith("../..") for written in (path, unquote(path))
    )


def is_older(changed: str, before: str, now: int) -> bool:
    """Whether a document was written before another one; False where nobody can tell.

    A time that lies ahead of our own clock proves nothing: one of the two clocks is wrong.

    Args:
        changed: `changed` of a document.
        before: `changed` of the other one.
        now: our clock, ns UTC.
    """
    try:
        return parse_time(changed, "iso") < parse_time(before, "iso") <= now
    except PayloadError:
        return False


class Source:
    """Where a channel document and its bundle are read from.

    Args:
        channel: path or http(s) URL of the document, with the user where the server asks for one.
        tls: files for an encrypted connection.
        password: password of that user.
        deadline: seconds that one file may take over http.

    Raises:
        ConfigurationError: another kind of URL, one with a secret in it, a file with certificates that cannot be used, or a
            password that must not go there without encryption.
    """

    def __init__(
        self,
        channel: str,
        tls: TlsFiles = TlsFiles("release"),
        *,
        password: str | None = None,
        deadline: float = DEADLINE,
    ) -> None:
        try:
            parts = urlsplit(channel)
            scheme, user, host, _ = parts.scheme, parts.username, parts.hostname, parts.port
        except ValueError:  # such as http://[ or the beginning of a password in the place of a port
            scheme, user, host = "no", None, None
        self.remote = scheme in ("http", "https")
        if self.remote and holds_secret(channel):
            raise ConfigurationError(
                "[release] channel: keep secrets out of it; write https://user@host/…, and set GATECAST_RELEASE_PASSWORD "
                "or password_file"
            )
        if scheme not in ("", "http", "https", "file") or not channel.isprintable() or (self.remote and host is None):
            raise ConfigurationError(f"[release] channel {without_account(channel)!r}: write a path or an http(s) URL")
        account = None
        if user is not None:
            channel = channel.replace(f"{parts.netloc.rpartition('@')[0]}@", "", 1)
            account = Account(unquote(user), password or "", urlsplit(channel))
            if scheme == "http" and password:
                tls.in_the_open(host or "", "password", "https://")
        self.channel = channel.removeprefix("file://")
        self._web = Web(tls, account, deadline)
        if scheme == "https":
            self._web.context()

    @property
    def date(self) -> str:
        """Time by the web server's clock at its last answer, as HTTP writes it; empty where there is none."""
        return self._web.date

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

    def _read(self, address: str, limit: int) -> bytes:
        """At most `limit` bytes.

        Raises:
            OSError: not there, or the transfer ended early or took too long.
            BundleDamaged: there is more.
        """
        if self.remote:
            return self._web.read(address, limit)
        if not stat.S_ISREG(Path(address).stat().st_mode):  # a pipe would be waited for, for ever
            raise BundleDamaged(f"expected a file at {address}; got something else")
        with Path(address).open("rb") as file:
            content = file.read(limit + 1)
        if len(content) > limit:
            raise BundleDamaged(f"expected at most {limit} bytes at {address}; got more")
        return content

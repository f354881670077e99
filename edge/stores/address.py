"""The URL of a store, taken apart."""

import os
from dataclasses import dataclass
from typing import Self
from urllib.parse import parse_qs, unquote, urlsplit

from edge.errors import ConfigurationError
from edge.files import read_secret
from edge.tls import TlsFiles

TOKEN_VARIABLE = "GATECAST_INFLUX_TOKEN"  # noqa: S105 - the name of a variable, not a secret


@dataclass(frozen=True, slots=True)
class Address:
    """What the URL of a store says; a store takes what it needs and refuses the rest.

    Args:
        url: the whole URL, for messages.
        scheme: the word before `://`.
        account: the text before an `@`; None where there is no `@`.
        host: name or address, an IPv6 address in brackets; empty where there is none.
        port: None where there is none.
        path: the text from the first slash on, with %23, %3F and %25 as the characters they stand for.
        options: names behind the `?` and the first value of each; None where there is no `?`.
        token_file: file with the token of the account; None: it stands in GATECAST_INFLUX_TOKEN.
        tls: files for an encrypted connection.
    """

    url: str
    scheme: str
    account: str | None
    host: str
    port: int | None
    path: str
    options: dict[str, str] | None
    token_file: str | None = None
    tls: TlsFiles = TlsFiles("store")

    @classmethod
    def parse(cls, url: str, token_file: str | None = None, tls: TlsFiles = TlsFiles("store")) -> Self:
        """Take a URL apart.

        Raises:
            ConfigurationError: it is no URL.
        """
        if "#" in url:
            raise ConfigurationError("[store] url: a # would cut it short; write it as %23")
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            reason = error if "@" not in url else "write sqlite:///path or influxdb://host:8086/bucket"
            raise ConfigurationError(f"[store] url is no URL: {reason}") from None
        host = parts.hostname or ""
        return cls(
            url,
            parts.scheme,
            parts.netloc.rpartition("@")[0] if "@" in parts.netloc else None,
            f"[{host}]" if ":" in host else host,
            port,
            unquote(parts.path),
            {name: values[0] for name, values in parse_qs(parts.query).items()} if "?" in url else None,
            token_file,
            tls,
        )

    def token(self) -> str:
        """The token of the account; empty where none is given.

        Raises:
            ConfigurationError: its file cannot be read.
        """
        if self.token_file is None:
            return os.environ.get(TOKEN_VARIABLE, "")
        return read_secret(self.token_file, f"the token file {self.token_file}", "[store] token_file")

    def in_the_open(self) -> str | None:
        """A warning that the token goes to the store without encryption; None where it does not, or where that is allowed.

        Raises:
            ConfigurationError: it must not go there, or its file cannot be read.
        """
        if self.scheme != "influxdb" or not self.token():
            return None
        return self.tls.in_the_open(self.host, "token", "influxdbs://")

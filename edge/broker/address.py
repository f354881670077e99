"""The address of a broker."""

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from edge.errors import ConfigurationError
from edge.quoting import holds_secret, without_account
from edge.tls import TlsFiles


@dataclass(frozen=True, slots=True)
class Address:
    """A broker.

    Args:
        host: name or IP address.
        port: TCP port.
        tls: whether to encrypt.
        user: account, or None.
    """

    host: str
    port: int
    tls: bool
    user: str | None

    @classmethod
    def parse(cls, url: str) -> "Address":
        """The address in `mqtt://[user@]host[:1883]` or `mqtts://[user@]host[:8883]`.

        Raises:
            ConfigurationError: another kind of URL, or one with a password in it.
        """
        refusal = ConfigurationError(f"{without_account(url)!r} is no broker; write mqtt://host:1883 or mqtts://host:8883")
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:  # its text may hold the password
            raise refusal from None
        if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname or parts.path not in ("", "/"):
            raise refusal
        if holds_secret(url):
            raise ConfigurationError("keep the password out of it and set GATECAST_MQTT_PASSWORD instead")
        tls = parts.scheme == "mqtts"
        return cls(parts.hostname, port or (8883 if tls else 1883), tls, unquote(parts.username) if parts.username else None)

    def in_the_open(self, password: str | None, tls: TlsFiles) -> str | None:
        """A warning that the password goes to the broker without encryption; None where it does not, or where that is allowed.

        Args:
            password: password of the account; None where there is none.
            tls: settings of encryption.

        Raises:
            ConfigurationError: it must not go there.
        """
        if self.tls or self.user is None or not password:
            return None
        return tls.in_the_open(self.host, "password", "mqtts://")

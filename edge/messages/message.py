"""One MQTT message as it arrived, and the address of a broker."""

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from edge.errors import ConfigurationError
from edge.quoting import without_account


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
        if parts.password is not None:
            raise ConfigurationError("[mqtt] url: keep the password out of it and set GATECAST_MQTT_PASSWORD instead")
        tls = parts.scheme == "mqtts"
        return cls(parts.hostname, port or (8883 if tls else 1883), tls, unquote(parts.username) if parts.username else None)


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it came.

    Args:
        topic: topic that it was published to.
        payload: its bytes; only the first ones where it is too large to be a reading.
        arrival: time of arrival, ns UTC.
        retained: whether the broker had kept it; its age is unknown.
        mid: packet identifier to acknowledge.
        qos: 0 or 1.
        session: number of the connection it came over; over another one its identifier may mean another message.
        dup: whether the broker sent it before, under the same identifier.
    """

    topic: str
    payload: bytes
    arrival: int
    retained: bool
    mid: int
    qos: int
    session: int
    dup: bool = False


@dataclass(frozen=True, slots=True)
class Arrival:
    """When a message came that carries no time of its own.

    Args:
        mid: packet identifier; there are 65,535, and the newest message of each is remembered.
        digest: hash of topic and payload, so that another message with the same identifier is recognised as another.
        time: time of the first delivery, ns UTC.
    """

    mid: int
    digest: bytes
    time: int

"""One `gatecast.toml` describes a fleet; this reads it once, whole, into one frozen object.

The device uses `[mqtt]`, `[[ingest]]`, `[store]`, `[agent]`, `[release]` and `[publish]`, the trainer the rest and `[store]`.
Durations are texts such as `15min`. Secrets never stand in the file: they come from the environment or a file.
"""

import os
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec

from edge.alerts.rule import AlertRule
from edge.anomalies.rule import AnomalyRule
from edge.broker.address import Address as BrokerAddress
from edge.broker.client import Subscription
from edge.broker.outgoing import Outgoing
from edge.config.training_sections import Fleet, Monitor, Positive, RegistrySection, Schedule, Train
from edge.contract.times import SECOND, parse_duration
from edge.errors import ConfigurationError
from edge.files import read_secret
from edge.inputs.rule import InputRule
from edge.messages.ingest import Ingest
from edge.messages.reading import make_ingests
from edge.messages.rule import IngestRule
from edge.publish.settings import Publish
from edge.sources.settings import HistorySource
from edge.stores.address import Address as StoreAddress
from edge.stores.store import Store, open_store
from edge.tls import TlsFiles

PASSWORD_VARIABLE = "GATECAST_MQTT_PASSWORD"  # noqa: S105 - the name of a variable, not a secret
RELEASE_PASSWORD_VARIABLE = "GATECAST_RELEASE_PASSWORD"  # noqa: S105 - the same

SPOOL_FILE = "spool.db"  # in the folder of [agent] state


class Mqtt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The broker.

    Args:
        url: address of the broker, `mqtt://[user@]host[:1883]` or `mqtts://[user@]host[:8883]`.
        client_id: name of the agent at the broker, unique among its clients and never changed: the broker keeps the agent's
            queue under this name.
        keepalive: seconds without traffic after which the connection counts as lost.
        reader: reader of the messages that the broker sends, `gatecast`, or `paho` for the MQTT library alone, which takes ten
            times the CPU time.
        password_file: file with the password; left out: the password comes from GATECAST_MQTT_PASSWORD.
        ca_file: PEM file with the certificates that a server is trusted by; left out: those of the system.
        cert_file: PEM file with our own certificate, for a broker that asks for one.
        key_file: PEM file with its private key; left out: the key stands in `cert_file`.
        allow_unencrypted: true: the password goes without TLS to any broker; false: only to one on this machine; left out: also
            to one in a private network, with a warning.
        version: version of MQTT, `3.1.1` or `5`; with `5` the broker says why it refuses something, and `session_expiry`
            counts.
        session_expiry: time for which the broker keeps the agent's queue while the agent is away, with `version = "5"`; the
            broker may allow less, which the log says. With `3.1.1` the broker decides.
        share: name of a group of agents that share the messages of the same topics; left out: this agent gets every message.
    """

    url: str = "mqtt://127.0.0.1:1883"
    client_id: Annotated[str, msgspec.Meta(min_length=1)] = "gatecast-agent"
    keepalive: Annotated[int, msgspec.Meta(ge=1, le=65_535)] = 60
    reader: Literal["gatecast", "paho"] = "gatecast"
    password_file: str | None = None
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    allow_unencrypted: bool | None = None
    version: Literal["3.1.1", "5"] = "3.1.1"
    session_expiry: str = "30d"
    share: str | None = None

    @property
    def tls(self) -> TlsFiles:
        """The files for encrypted connections."""
        return TlsFiles("mqtt", self.ca_file, self.cert_file, self.key_file, self.allow_unencrypted)

    def subscription(self, filters: Sequence[str], largest: int, will: Outgoing | None) -> Subscription:
        """The session that the agent has with the broker; arguments as of `Subscription`."""
        return Subscription(
            self.client_id,
            filters,
            self.keepalive,
            self.tls,
            largest,
            self.reader == "paho",
            self.version,
            parse_duration(self.session_expiry) // SECOND,
            self.share,
            will,
        )

    def password(self) -> str | None:
        """The password, or None.

        Raises:
            ConfigurationError: the file cannot be read.
        """
        return _password(self.password_file, PASSWORD_VARIABLE, "mqtt")

    def in_the_open(self) -> str | None:
        """A warning that the password goes to the broker without encryption, or None.

        Raises:
            ConfigurationError: it must not go there, or its file cannot be read.
        """
        return BrokerAddress.parse(self.url).in_the_open(self.password(), self.tls)


class StoreSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where readings, forecasts and scores go and history comes from.

    Args:
        url: address of the store, as the list of stores in docs/configuration.md has it.
        keep: SQLite: time after which rows are deleted, such as `90d`; left out: everything is kept. InfluxDB has the retention
            of its bucket.
        token_file: file with the token; left out: the token comes from GATECAST_INFLUX_TOKEN.
        ca_file: PEM file with the certificates that a server is trusted by; left out: those of the system.
        cert_file: PEM file with our own certificate, for a server that asks for one.
        key_file: PEM file with its private key; left out: the key stands in `cert_file`.
        allow_unencrypted: true: the token goes without TLS to any server; false: only to one on this machine; left out: also to
            one in a private network, with a warning.
    """

    url: str = "sqlite:///gatecast.db"
    keep: str | None = None
    token_file: str | None = None
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    allow_unencrypted: bool | None = None

    @property
    def tls(self) -> TlsFiles:
        """The files for encrypted connections."""
        return TlsFiles("store", self.ca_file, self.cert_file, self.key_file, self.allow_unencrypted)

    def open(self) -> Store:
        """The store; nothing is contacted yet.

        Raises:
            ConfigurationError: no store has such a URL, or a file with certificates cannot be used.
        """
        return open_store(self.url, self.token_file, self.tls)

    def in_the_open(self) -> str | None:
        """A warning that the token goes to the store without encryption, or None.

        Raises:
            ConfigurationError: it must not go there, or its file cannot be read.
        """
        return StoreAddress.parse(self.url, self.token_file, self.tls).in_the_open()


class Agent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The process on the device.

    Args:
        state: folder for the spool and the bundles; one agent at a time can use it.
        leads: leads to keep and to score; `[]`: 1, a quarter, a half and the whole of the horizon.
        refresh: intervals after which the whole horizon of a series is stored again; in between, so many of its nearest leads
            are. 1: the whole each time; left out: the square root of the horizon, and 1 where it has at most 8 leads.
        lateness: time after an interval's end in which its readings may still arrive; then the interval closes. After a
            restart with a shorter one, intervals that it would have closed by then have no forecast and no score.
        clock: source of the time that closes intervals. `wall`: the clock and the readings; `event`: the readings alone, for
            replays of old data.
        linger: time that a batch waits for more messages before it is processed.
        commit: longest time until readings are committed and acknowledged, where they close no interval and are fewer than 16;
            flash cards last longer with fewer commits.
        batch: largest number of messages in one batch; a longer one counts as one for each 256 bytes.
        max_series: largest number of series with a window and forecasts; readings of further series are stored and counted,
            as far as there is room for their names.
        spool_limit: megabytes that may wait for the store, packed; beyond that the oldest are dropped.
        survive_power_loss: true: every commit waits for the disk; false: what was committed last can be lost with the power.
        health: loopback `host:port` of `/healthz` and `/metrics`, or `off`.
        report: time between two reports of the agent's own numbers to the store.
        stall: time that the agent may stand still before `/healthz` answers 503.
    """

    state: str = "gatecast-state"
    leads: tuple[Positive, ...] = ()
    refresh: Positive | None = None
    lateness: str = "0s"
    clock: Literal["wall", "event"] = "wall"
    linger: str = "100ms"
    commit: str = "2s"
    batch: Positive = 4096
    max_series: Positive = 10_000
    spool_limit: Positive = 1024
    survive_power_loss: bool = True
    health: str = "127.0.0.1:9273"
    report: str = "10s"
    stall: str = "2min"


class Release(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where bundles come from.

    Args:
        channel: path or URL of a channel document, `https://[user@]host/…/live.json` or `http://…`; `""`: only bundles that are
            on the device already.
        poll: time between two looks at the channel.
        password_file: file with the password of the user in `channel`; left out: the password comes from
            GATECAST_RELEASE_PASSWORD.
        ca_file: PEM file with the certificates that a server is trusted by; left out: those of the system.
        cert_file: PEM file with our own certificate, for a server that asks for one.
        key_file: PEM file with its private key; left out: the key stands in `cert_file`.
        allow_unencrypted: true: the password goes without TLS to any server; false: only to one on this machine; left out: also
            to one in a private network, with a warning.
    """

    channel: str = ""
    poll: str = "60s"
    password_file: str | None = None
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    allow_unencrypted: bool | None = None

    @property
    def tls(self) -> TlsFiles:
        """The files for encrypted connections."""
        return TlsFiles("release", self.ca_file, self.cert_file, self.key_file, self.allow_unencrypted)

    def password(self) -> str | None:
        """The password, or None.

        Raises:
            ConfigurationError: the file cannot be read.
        """
        return _password(self.password_file, RELEASE_PASSWORD_VARIABLE, "release")

    def in_the_open(self) -> str | None:
        """A warning that the password goes to the web server without encryption, or None.

        Raises:
            ConfigurationError: it must not go there, or its file cannot be read.
        """
        try:
            parts = urlsplit(self.channel)
        except ValueError:  # the source of the channel says what to write
            return None
        if parts.scheme != "http" or parts.username is None or not self.password():
            return None
        return self.tls.in_the_open(parts.hostname or "", "password", "https://")


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All sections of `gatecast.toml`; each may be left out."""

    mqtt: Mqtt = Mqtt()
    ingest: tuple[IngestRule, ...] = (IngestRule("sensors/{site}/{device}/{metric}"),)
    store: StoreSection = StoreSection()
    history: tuple[HistorySource, ...] = ()
    input: tuple[InputRule, ...] = ()
    alert: tuple[AlertRule, ...] = ()
    anomaly: AnomalyRule = AnomalyRule()
    agent: Agent = Agent()
    release: Release = Release()
    publish: Publish | None = None
    fleet: Fleet = Fleet()
    train: Train = Train()
    registry: RegistrySection = RegistrySection()
    schedule: Schedule = Schedule()
    monitor: Monitor = Monitor()

    def ingests(self) -> list[Ingest]:
        """The rules of `[[ingest]]`, ready to use.

        Raises:
            ConfigurationError: a rule that cannot be used.
        """
        return make_ingests(self.ingest)

    def in_the_open(self) -> list[str]:
        """Warnings that secrets go to servers without encryption.

        Raises:
            ConfigurationError: one must not go there, or its file cannot be read.
        """
        sections: tuple[Mqtt | StoreSection | HistorySource | Release, ...] = (
            self.mqtt,
            self.store,
            *self.history,
            self.release,
        )
        return [warning for section in sections if (warning := section.in_the_open()) is not None]


def _password(file: str | None, variable: str, section: str) -> str | None:
    """The password in a file, or else in a variable; None where there is neither."""
    if file is None:
        return os.environ.get(variable)
    return read_secret(file, file, f"[{section}] password_file")


def parse_loopback(listen: str) -> tuple[str, int]:
    """Host and port of `host:port`; port 0 stands for a free one.

    Raises:
        ConfigurationError: not a loopback address.
    """
    host, _, port = listen.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    try:
        fine = (host == "localhost" or ip_address(host).is_loopback) and 0 <= int(port) < 65_536
    except ValueError:
        fine = False
    if not fine:
        raise ConfigurationError(f"[agent] health must be a loopback address such as 127.0.0.1:9273, or off; got {listen!r}")
    return host, int(port)

"""One `gatecast.toml` describes a fleet; this reads it once, whole, into one frozen object.

The device uses `[mqtt]`, `[[ingest]]`, `[store]`, `[agent]` and `[release]`, the trainer the rest and `[store]`.
Durations are texts such as `15min`. Secrets never stand in the file: they come from the environment or a file.
"""

import os
from ipaddress import ip_address
from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec

from edge.broker.address import Address as BrokerAddress
from edge.contract.grid import Aggregation
from edge.errors import ConfigurationError
from edge.files import read_secret
from edge.forecaster.manifest import Cell, Design, Precision
from edge.messages.ingest import Ingest
from edge.messages.reading import make_ingests
from edge.messages.rule import IngestRule
from edge.sources.settings import HistorySource
from edge.stores.address import Address as StoreAddress
from edge.tls import TlsFiles

PASSWORD_VARIABLE = "GATECAST_MQTT_PASSWORD"  # noqa: S105 - the name of a variable, not a secret
RELEASE_PASSWORD_VARIABLE = "GATECAST_RELEASE_PASSWORD"  # noqa: S105 - the same

SPOOL_FILE = "spool.db"  # in the folder of [agent] state

Count = Annotated[int, msgspec.Meta(ge=0)]
Positive = Annotated[int, msgspec.Meta(ge=1)]


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


class Fleet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is forecast.

    Args:
        interval: length of an interval; left out: the time between two readings, but long enough for a week to fit into 720
            intervals.
        horizon: number of intervals to look ahead; left out: a day, at most 720 intervals; 24 where an interval is about a day
            or longer.
        window: number of intervals to look back; left out: a week, at most 720 intervals; 56 where an interval is about a day
            or longer.
        quantiles: levels of the forecast distribution, an odd number of them, at most 99, with 0.5 in the middle.
        aggregation: value of an interval: the `mean`, `last`, `sum`, `min` or `max` of its readings.
        max_missing: share of a window that may be missing; above it the baseline forecasts.
    """

    interval: str | None = None
    horizon: Positive | None = None
    window: Positive | None = None
    quantiles: tuple[float, ...] = (0.1, 0.5, 0.9)
    aggregation: Aggregation = "mean"
    max_missing: float = 0.5


class Train(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How forecasters are trained and judged.

    Args:
        cells: recurrent cells to try: `gru`, `lstm`, `simplernn`.
        designs: network designs to try: `segment` (one recurrent step per segment) and `plain` (one per interval).
        units: size of the recurrent state; left out: 64, or 128 where the window has at least 336 intervals.
        segment: number of intervals per segment; left out: a day, or an hour or a minute where a day does not fit the window.
        seed: seed of every random choice.
        epochs: largest number of passes over the training windows.
        members: number of networks per candidate, trained from different seeds and averaged in one model.
        precisions: precisions of the weights to try. Of those that forecast as well as float32 the quickest is
            released, those within `max_size` first. Both device runtimes open all three.
        budget: minutes of training, for all candidates together.
        workers: number of candidates that are trained at once, each on one core.
        margin: share by which the error must be below the best baseline's before a model is released.
        max_latency: longest time of a forecast, in microseconds, at batch 64.
        max_size: largest size of the model file, in bytes.
    """

    cells: tuple[Cell, ...] = ("gru", "lstm", "simplernn")
    designs: tuple[Design, ...] = ("segment",)
    units: Positive | None = None
    segment: Positive | None = None
    seed: Count = 0
    epochs: Positive = 10
    members: Positive = 1
    precisions: tuple[Precision, ...] = ("float32", "float16", "int8")
    budget: Annotated[float, msgspec.Meta(gt=0)] = 20.0
    workers: Positive = 2
    margin: float = 0.01
    max_latency: float = 1000.0
    max_size: Positive = 1_000_000

    @property
    def rounds(self) -> int:
        """Trainings one after the other, where `workers` of them run at once."""
        return -(-len(self.cells) * len(self.designs) // self.workers)


class RegistrySection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where bundles are kept.

    Args:
        path: folder of the registry; serve it over http to reach agents elsewhere.
        channel: name of the channel that `retrain` releases to.
    """

    path: str = "registry"
    channel: str = "live"


class Schedule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When `gatecast serve` retrains.

    Args:
        cron: times of the runs: five fields, in UTC.
        name: name of the fleet in Prefect, for its deployment and artifacts; left out: that of the folder of this file, with
            six characters for file, registry and channel. Fleets of several machines with the same paths on one server need
            a name each.
        port: port of the Prefect server that `serve` starts where `PREFECT_API_URL` names none, on this machine only; 0: a
            free one.
    """

    cron: str = "0 3 * * *"
    name: str | None = None
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 0


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All sections of `gatecast.toml`; each may be left out."""

    mqtt: Mqtt = Mqtt()
    ingest: tuple[IngestRule, ...] = (IngestRule("sensors/{site}/{device}/{metric}"),)
    store: StoreSection = StoreSection()
    history: tuple[HistorySource, ...] = ()
    agent: Agent = Agent()
    release: Release = Release()
    fleet: Fleet = Fleet()
    train: Train = Train()
    registry: RegistrySection = RegistrySection()
    schedule: Schedule = Schedule()

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

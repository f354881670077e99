"""One `gatecast.toml` describes a fleet; this reads it once, whole, into one frozen object.

The device uses `[mqtt]`, `[[ingest]]`, `[store]`, `[agent]` and `[release]`, the trainer the rest and `[store]`.
Durations are texts such as `15min`. Secrets never stand in the file: they come from the environment or a file.
"""

import difflib
import os
import tomllib
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, get_args, get_origin

import msgspec

from edge.contract.contract import MOST_QUANTILES, SHORTEST_INTERVAL, Contract
from edge.contract.grid import Aggregation
from edge.contract.times import DAY, TimeUnit, parse_duration
from edge.errors import ConfigurationError
from edge.forecaster.manifest import Cell, Design, Precision
from edge.messages.ingest import Ingest
from edge.messages.message import Address

PASSWORD_VARIABLE = "GATECAST_MQTT_PASSWORD"  # noqa: S105 - the name of a variable, not a secret

Count = Annotated[int, msgspec.Meta(ge=0)]
Positive = Annotated[int, msgspec.Meta(ge=1)]


class Mqtt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The broker.

    Args:
        url: `mqtt://[user@]host[:1883]` or `mqtts://[user@]host[:8883]`.
        client_id: stable and unique among the broker's clients: the broker's queue hangs on it.
        keepalive: seconds without traffic before the connection counts as lost.
        password_file: file with the password; without it the password comes from GATECAST_MQTT_PASSWORD.
    """

    url: str = "mqtt://127.0.0.1:1883"
    client_id: Annotated[str, msgspec.Meta(min_length=1)] = "gatecast-agent"
    keepalive: Annotated[int, msgspec.Meta(ge=1, le=65_535)] = 60
    password_file: str | None = None

    def password(self) -> str | None:
        """The password, or None.

        Raises:
            ConfigurationError: the file cannot be read.
        """
        if self.password_file is None:
            return os.environ.get(PASSWORD_VARIABLE)
        try:
            return Path(self.password_file).read_text(encoding="utf-8").strip()
        except OSError as error:
            message = f"cannot read {self.password_file}: {error.strerror}; check [mqtt] password_file"
            raise ConfigurationError(message) from error


class IngestRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which topics carry readings, and how their payloads are read.

    Args:
        topic: levels with placeholders, such as `sensors/{site}/{device}/{metric}`.
        series: name made of the placeholders; default: all of them, joined with dots.
        format: name of the payload's format: `json`, or `plain` for a payload that is just the number.
        value: path to the value in the payload.
        time: path to the time in the payload; empty: the time of arrival counts.
        time_unit: unit of a numeric time: `auto`, `iso`, `s`, `ms`, `us` or `ns`.
    """

    topic: str
    series: str | None = None
    format: str = "json"
    value: str = "value"
    time: str = "time"
    time_unit: TimeUnit = "auto"

    def build(self) -> Ingest:
        """The rule, ready to use.

        Raises:
            ConfigurationError: a template that cannot be used.
        """
        return Ingest(self.topic, self.series, self.format, self.value, self.time or None, self.time_unit)


class StoreSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where readings, forecasts and scores go and history comes from.

    Args:
        url: `sqlite:///path` or `influxdb://host:8086/bucket?org=my-org` (`influxdbs://` for TLS).
        token_file: file with the token; without it the token comes from GATECAST_INFLUX_TOKEN.
    """

    url: str = "sqlite:///gatecast.db"
    token_file: str | None = None


class Agent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The process on the device.

    Args:
        state: folder for the spool and the bundles.
        leads: leads to keep and to score; default: 1, a quarter, a half and the whole of the horizon.
        lateness: how long after an interval's end its readings may arrive before it closes.
        clock: `wall`: the clock closes intervals too; `event`: only readings do, for replays of old data.
        linger: how long a batch waits for more messages before it is committed.
        batch: messages in one batch at most.
        max_series: series beyond this number are counted and skipped.
        spool_limit: megabytes that may wait for the store before the oldest are dropped.
        survive_power_loss: wait for the disk at every commit.
        health: loopback `host:port` of /healthz and /metrics, or `off`.
        report: how often the agent writes its own numbers to the store.
        stall: how long the agent may stand still before /healthz answers 503.
    """

    state: str = "gatecast-state"
    leads: tuple[Positive, ...] = ()
    lateness: str = "0s"
    clock: Literal["wall", "event"] = "wall"
    linger: str = "100ms"
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
        channel: path or http(s) URL of a channel document; empty: only what is on the device.
        poll: how often to look.
    """

    channel: str = ""
    poll: str = "60s"


class Fleet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is forecast.

    Args:
        interval: length of an interval; empty: as often as readings come, but long enough for a week to fit into 720 intervals.
        horizon: intervals to look ahead; 0: a day, at most 720 intervals; 24 where an interval is about a day or longer.
        window: intervals to look back; 0: a week, at most 720 intervals; 56 where an interval is about a day or longer.
        quantiles: an odd number of levels, at most 99, with 0.5 in the middle.
        aggregation: `mean`, `last`, `sum`, `min` or `max` of the readings of an interval.
        max_missing: share of a window that may be missing before the baseline forecasts.
    """

    interval: str = ""
    horizon: Count = 0
    window: Count = 0
    quantiles: tuple[float, ...] = (0.1, 0.5, 0.9)
    aggregation: Aggregation = "mean"
    max_missing: float = 0.5


class Train(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How forecasters are trained and judged.

    Args:
        cells: recurrent cells to try: `gru`, `lstm`, `simplernn`.
        designs: `segment` and `plain`.
        units: size of the recurrent state; 0 takes 64, or 128 where the window has at least 336 intervals.
        segment: intervals per segment; 0 takes a day, or an hour or a minute where a day does not fit the window.
        seed: of every random choice.
        epochs: at most.
        members: networks per candidate, trained from different seeds and averaged in one model.
        precisions: of the weights to try: `float32`, `float16`, `int8`; the quickest goes out that forecasts as well.
        budget: minutes of training, of all candidates together.
        workers: candidates trained at once, each on one core.
        margin: share by which the error must be below the best baseline's before a model is released.
        max_latency: microseconds per forecast at batch 64.
        max_size: bytes of the model file.
    """

    cells: tuple[Cell, ...] = ("gru", "lstm", "simplernn")
    designs: tuple[Design, ...] = ("segment",)
    units: Count = 0
    segment: Count = 0
    seed: Count = 0
    epochs: Count = 0
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
        path: a folder; serve it over http to reach agents elsewhere.
        channel: the channel that `retrain` releases to.
    """

    path: str = "registry"
    channel: str = "live"


class Schedule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When `gatecast serve` retrains.

    Args:
        cron: five fields, in UTC.
        name: of the fleet in Prefect; "": that of the folder, and a digest.
        port: of the Prefect server that runs beside it where PREFECT_API_URL names none; 0: a free one.
    """

    cron: str = "0 3 * * *"
    name: str = ""
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 0


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All sections of `gatecast.toml`; each may be left out."""

    mqtt: Mqtt = Mqtt()
    ingest: tuple[IngestRule, ...] = (IngestRule("sensors/{site}/{device}/{metric}"),)
    store: StoreSection = StoreSection()
    agent: Agent = Agent()
    release: Release = Release()
    fleet: Fleet = Fleet()
    train: Train = Train()
    registry: RegistrySection = RegistrySection()
    schedule: Schedule = Schedule()


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


def read_config(path: Path) -> Config:
    """The configuration in a file.

    Raises:
        ConfigurationError: missing, no TOML, an unknown key (with the nearest right one) or a wrong value.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        message = f"cannot read {path}: {error.strerror}; name the file with --config, or make one with gatecast init"
        raise ConfigurationError(message) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} is no TOML: {error}") from error
    _refuse_unknown(path, document, Config, "")
    try:
        config = msgspec.convert(document, Config)
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"{path}: {error}".replace(" - at `$.", " in `")) from error
    _check(config, path)
    return config


def _refuse_unknown(path: Path, document: dict[str, object], kind: type[msgspec.Struct], section: str) -> None:
    """Unknown keys, each with the nearest right one."""
    fields = {field.name: field.type for field in msgspec.structs.fields(kind)}
    for key, value in document.items():
        if key not in fields:
            near = difflib.get_close_matches(key, fields, n=1, cutoff=0.4)
            hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(fields)}"
            where = f"[{section}] {key}" if section else f"[{key}]" if isinstance(value, dict) else key
            raise ConfigurationError(f"{path}: {where} is unknown; {hint}")
        several = get_origin(fields[key]) is tuple
        inner = get_args(fields[key])[0] if several else fields[key]
        if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
            if isinstance(value, list) != several:
                right = f"[[{key}]], in double" if several else f"[{key}], in single"
                raise ConfigurationError(f"{path}: the section is written {right} brackets")
            for part in value if isinstance(value, list) else [value]:
                if isinstance(part, dict):
                    _refuse_unknown(path, part, inner, key)


def _check(config: Config, path: Path) -> None:
    """Refuse values that only fail when they are used."""
    durations = (
        ("agent", "linger", config.agent.linger),
        ("agent", "report", config.agent.report),
        ("agent", "stall", config.agent.stall),
        ("release", "poll", config.release.poll),
        *([("fleet", "interval", config.fleet.interval)] if config.fleet.interval else []),
        ("agent", "lateness", config.agent.lateness),
    )
    shortest = {"lateness": 0, "interval": SHORTEST_INTERVAL}
    for section, key, text in durations:
        try:
            parse_duration(text, shortest=shortest.get(key, 1))
        except ConfigurationError as error:
            raise ConfigurationError(f"{path}: [{section}] {key}: {error}") from error
    if not config.ingest:
        raise ConfigurationError(f"{path}: without [[ingest]] no reading can come in; add one with a topic")
    if not config.train.cells or not config.train.designs:
        raise ConfigurationError(f"{path}: [train] cells and designs need at least one entry each")
    fleet = config.fleet
    try:
        Contract(DAY, 1, 1, fleet.quantiles, fleet.aggregation, fleet.max_missing)
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: [fleet] {error}") from error
    if len(fleet.quantiles) > MOST_QUANTILES:
        raise ConfigurationError(f"{path}: [fleet] quantiles: expected at most {MOST_QUANTILES}; got {len(fleet.quantiles)}")
    try:
        Address.parse(config.mqtt.url)
        if config.agent.health != "off":
            parse_loopback(config.agent.health)
        for rule in config.ingest:
            rule.build()
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error}") from error

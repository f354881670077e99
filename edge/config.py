"""One `gatecast.toml` describes a fleet; this reads it once, whole, into one frozen object.

The device uses `[mqtt]`, `[[ingest]]`, `[store]`, `[agent]` and `[release]`, the trainer the rest and `[store]`.
Durations are texts such as `15min`. Secrets never stand in the file: they come from the environment or a file.
"""

import difflib
import os
import tomllib
from collections.abc import Callable, Iterator
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, get_args, get_origin

import msgspec

from edge.contract.contract import MOST_QUANTILES, SHORTEST_INTERVAL, Contract
from edge.contract.grid import Aggregation
from edge.contract.times import DAY, TimeUnit, parse_duration
from edge.cron import check_cron
from edge.errors import ConfigurationError
from edge.forecaster.manifest import Cell, Design, Precision
from edge.messages.ingest import Ingest
from edge.messages.message import Address

PASSWORD_VARIABLE = "GATECAST_MQTT_PASSWORD"  # noqa: S105 - the name of a variable, not a secret

Count = Annotated[int, msgspec.Meta(ge=0)]
Positive = Annotated[int, msgspec.Meta(ge=1)]
# What files of earlier versions say in place of leaving a key out.
LEFT_OUT: dict[str, dict[str, str | int]] = {
    "fleet": {"interval": "", "horizon": 0, "window": 0},
    "train": {"units": 0, "segment": 0, "epochs": 0},
    "schedule": {"name": ""},
}


class Mqtt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The broker.

    Args:
        url: address of the broker, `mqtt://[user@]host[:1883]` or `mqtts://[user@]host[:8883]`.
        client_id: name of the agent at the broker, unique among its clients and never changed: the broker keeps the agent's
            queue under this name.
        keepalive: seconds without traffic after which the connection counts as lost.
        password_file: file with the password; left out: the password comes from GATECAST_MQTT_PASSWORD.
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
        series: name of the series, made of the placeholders; left out: all of them, joined with dots. A name that other
            levels would give as well has them joined with `/`.
        format: name of the payload's format: `json`, or `plain` for a payload that is just the number.
        value: path to the value in the payload.
        time: path to the time in the payload; `""`: the time of arrival counts.
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
        url: address of the store, as the list of stores in docs/configuration.md has it.
        token_file: file with the token; left out: the token comes from GATECAST_INFLUX_TOKEN.
    """

    url: str = "sqlite:///gatecast.db"
    token_file: str | None = None


class Agent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The process on the device.

    Args:
        state: folder for the spool and the bundles; one agent at a time can use it.
        leads: leads to keep and to score; `[]`: 1, a quarter, a half and the whole of the horizon.
        lateness: time after an interval's end in which its readings may still arrive; then the interval closes.
        clock: source of the time that closes intervals. `wall`: the clock and the readings; `event`: the readings alone, for
            replays of old data.
        linger: time that a batch waits for more messages before it is committed.
        batch: largest number of messages in one batch.
        max_series: largest number of series; readings of further series are counted and skipped.
        spool_limit: megabytes that may wait for the store; beyond that the oldest are dropped.
        survive_power_loss: true: every commit waits for the disk; false: what was committed last can be lost with the power.
        health: loopback `host:port` of `/healthz` and `/metrics`, or `off`.
        report: time between two reports of the agent's own numbers to the store.
        stall: time that the agent may stand still before `/healthz` answers 503.
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
        channel: path or http(s) URL of a channel document; `""`: only bundles that are on the device already.
        poll: time between two looks at the channel.
    """

    channel: str = ""
    poll: str = "60s"


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
    _leave_out(document)
    try:
        config = msgspec.convert(document, Config)
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"{path}: {error}".replace(" - at `$.", " in `").replace(" | null", "")) from error
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


def _leave_out(document: dict[str, object]) -> None:
    """Take out what earlier versions wrote for a key that is left out."""
    for section, keys in LEFT_OUT.items():
        values = document.get(section)
        if isinstance(values, dict):
            for key, empty in keys.items():
                if type(values.get(key)) is type(empty) and values[key] == empty:
                    del values[key]


def _check(config: Config, path: Path) -> None:
    """Refuse values that only fail when they are used."""
    for where, check in _checks(config):
        try:
            check()
        except ConfigurationError as error:
            raise ConfigurationError(f"{path}: {where}{error}") from error


def _checks(config: Config) -> Iterator[tuple[str, Callable[[], object]]]:
    """What a refusal begins with, and the check that refuses; in the order in which they are made."""
    agent, fleet = config.agent, config.fleet
    for key, text, shortest in (
        ("[agent] linger", agent.linger, 1),
        ("[agent] report", agent.report, 1),
        ("[agent] stall", agent.stall, 1),
        ("[release] poll", config.release.poll, 1),
        ("[fleet] interval", fleet.interval, SHORTEST_INTERVAL),
        ("[agent] lateness", agent.lateness, 0),
    ):
        if text is not None:
            yield f"{key}: ", partial(parse_duration, text, shortest=shortest)
    yield "", partial(_refuse_empty, config)
    yield "[fleet] ", partial(Contract, DAY, 1, 1, fleet.quantiles, fleet.aggregation, fleet.max_missing)
    yield "[fleet] quantiles: ", partial(_refuse_too_many, fleet.quantiles)
    yield "[schedule] cron: ", partial(check_cron, config.schedule.cron)
    yield "", partial(Address.parse, config.mqtt.url)
    if agent.health != "off":
        yield "", partial(parse_loopback, agent.health)
    for rule in config.ingest:
        yield "", rule.build


def _refuse_empty(config: Config) -> None:
    if not config.ingest:
        raise ConfigurationError("without [[ingest]] no reading can come in; add one with a topic")
    if not config.train.cells or not config.train.designs:
        raise ConfigurationError("[train] cells and designs need at least one entry each")


def _refuse_too_many(quantiles: tuple[float, ...]) -> None:
    if len(quantiles) > MOST_QUANTILES:
        raise ConfigurationError(f"expected at most {MOST_QUANTILES}; got {len(quantiles)}")

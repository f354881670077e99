"""Reading of a `gatecast.toml`: once, whole, into one frozen `Config`; whatever is wrong there is one line with its place."""

import os
import tomllib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import msgspec

from edge.alerts.rule import check_alerts
from edge.broker.address import Address
from edge.config.mistakes import mistake
from edge.config.sections import SPOOL_FILE, Config, StoreSection, parse_loopback
from edge.config.syntax import explained
from edge.contract.contract import MOST_QUANTILES, SHORTEST_INTERVAL, Contract
from edge.contract.times import DAY, SECOND, format_duration, parse_duration
from edge.contract.zones import Zone
from edge.cron import check_cron
from edge.errors import ConfigurationError
from edge.inputs.reading import make_readers
from edge.inputs.rule import check_inputs
from edge.messages.names import covers
from edge.stores.address import Address as StoreAddress

SHARED = "$share/"  # how the filter of a group begins for a broker

# What files of earlier versions say in place of leaving a key out.
LEFT_OUT: dict[str, dict[str, str | int]] = {
    "fleet": {"interval": "", "horizon": 0, "window": 0},
    "train": {"units": 0, "segment": 0, "epochs": 0},
    "schedule": {"name": ""},
}


def read_config(path: Path) -> Config:
    """The configuration in a file.

    Raises:
        ConfigurationError: missing, no TOML, an unknown key (with the nearest right one) or a wrong value.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")  # some editors put a mark before the text
    except OSError as error:
        message = f"cannot read {path}: {error.strerror}; name the file with --config, or make one with gatecast init"
        raise ConfigurationError(message) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path} is no TOML: it is no text in UTF-8; save it as UTF-8") from error
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path} is no TOML: {explained(text, error)}") from error
    _leave_out(document)
    if (wrong := mistake(document, Config)) is not None:
        raise ConfigurationError(f"{path}: {wrong}")
    config = msgspec.convert(document, Config)
    _check(config, path)
    return config


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
        ("[agent] commit", agent.commit, 0),
        ("[agent] report", agent.report, 1),
        ("[agent] stall", agent.stall, 1),
        ("[release] poll", config.release.poll, 1),
        ("[mqtt] session_expiry", config.mqtt.session_expiry, 60 * SECOND),
        ("[store] keep", config.store.keep, 1),
        ("[fleet] interval", fleet.interval, SHORTEST_INTERVAL),
        ("[agent] lateness", agent.lateness, 0),
        ("[schedule] timeout", config.schedule.timeout, 60 * SECOND),
        ("[monitor] cooldown", config.monitor.cooldown, 0),
    ):
        if text is not None:
            yield f"{key}: ", partial(parse_duration, text, shortest=shortest)
    yield "", partial(_refuse_empty, config)
    yield "[fleet] ", partial(Contract, DAY, 1, 1, fleet.quantiles, fleet.aggregation, fleet.max_missing)
    yield "[fleet] quantiles: ", partial(_refuse_too_many, fleet.quantiles)
    if fleet.time_zone is not None:
        yield "[fleet] time_zone: ", partial(Zone, fleet.time_zone)
    yield "", config.train.check_runner
    yield "[schedule] cron: ", partial(check_cron, config.schedule.cron)
    yield "[monitor] cron: ", partial(check_cron, config.monitor.cron)
    yield "[mqtt] url: ", partial(Address.parse, config.mqtt.url)
    yield "", partial(_refuse_group, config)
    yield "[store] keep: ", partial(_refuse_keep, config)
    yield "[store] url: ", partial(_refuse_spool, config)
    for files, url, instead in (
        (config.mqtt.tls, config.mqtt.url, "mqtts://"),
        (config.store.tls, config.store.url, "influxdbs://"),
        (config.release.tls, config.release.channel, "https://"),
    ):
        yield "", partial(files.check, encrypted=url.startswith(instead), instead=instead)
    if agent.health != "off":
        yield "", partial(parse_loopback, agent.health)
    yield "", config.ingests
    yield "", partial(check_inputs, config.input)
    yield "", partial(make_readers, config.input)
    yield "", partial(_refuse_taken, config)
    yield "", partial(check_alerts, config.alert)
    yield "", config.anomaly.check
    if config.publish is not None:
        yield "", config.publish.check
    for source in config.history:
        yield "", source.check


def _refuse_empty(config: Config) -> None:
    if not config.ingest:
        raise ConfigurationError("without [[ingest]] no reading can come in; add one with a topic")
    if not config.train.cells or not config.train.designs:
        raise ConfigurationError("[train] cells and designs need at least one entry each")


def _refuse_group(config: Config) -> None:
    """Refuse a group that is no level of a topic, or that stands where only topics stand."""
    if (group := config.mqtt.share) is not None and (not group or any(sign in group for sign in "/+#")):
        raise ConfigurationError(f"[mqtt] share: expected the name of a group without / + #, such as line1; got {group!r}")
    told = [rule.name for rule in config.input if rule.topic is not None]
    if config.mqtt.share is not None and told:
        raise ConfigurationError(
            f"[[input]] name {told[0]!r}: with [mqtt] share only one agent of the group would get its messages; leave topic out"
        )
    for rule in config.ingest:
        if rule.topic is not None and rule.topic.startswith(SHARED):
            group, _, topic = rule.topic.removeprefix(SHARED).partition("/")
            advice = f"write it without the group, topic = {topic!r}, and set [mqtt] share = {group!r}"
            raise ConfigurationError(f"[[ingest]] topic {rule.topic!r}: {advice}")


def _refuse_taken(config: Config) -> None:
    """Refuse inputs that would take all messages of a rule: those of coming values are no readings of rules with wildcards."""
    for reader in make_readers([rule for rule in config.input if not rule.held]):
        for ingest in config.ingests():
            if covers(reader.filter, ingest.filter) and {"+", "#"} & set(ingest.filter.split("/")):
                raise ConfigurationError(
                    f"[[input]] name {reader.name!r}: topic {reader.filter!r} would take all messages of [[ingest]] topic "
                    f"{ingest.topic!r}, which would give no reading; write the topic of the coming values alone, or "
                    'fill = "hold" for values that are measured'
                )


def _refuse_keep(config: Config) -> None:
    """Refuse to delete from a store that does so itself, by a clock that does not count, or what a window needs."""
    if config.store.keep is None:
        return
    if not config.store.url.startswith("sqlite:"):
        raise ConfigurationError("only an SQLite store needs it; leave it out, and set the retention in InfluxDB")
    if parse_duration(config.store.keep) < DAY:
        raise ConfigurationError(f"expected at least 1d; got {config.store.keep}")
    if config.agent.clock == "event":
        raise ConfigurationError('rows are old by the clock, which does not count with [agent] clock = "event"; leave it out')
    interval, window = config.fleet.interval, config.fleet.window
    if interval is not None and window is not None:
        needed = parse_duration(interval) * window
        if parse_duration(config.store.keep) < needed:
            windows = f"the {window} intervals of [fleet] window, {format_duration(needed)}"
            raise ConfigurationError(f"expected at least {windows}; got {config.store.keep}")


def _refuse_spool(config: Config) -> None:
    """Refuse a store in the file that the agent keeps for itself, whatever links lead there."""
    try:
        path = StoreAddress.parse(config.store.url).path[1:]
    except ConfigurationError:  # the store says what to write
        return
    spool = Path(config.agent.state, SPOOL_FILE)
    if config.store.url.startswith("sqlite:") and path and os.path.realpath(path) == os.path.realpath(spool):
        raise ConfigurationError(
            f"{path} is the agent's own file, of what has not reached the store yet; choose another one, such as "
            f"{StoreSection().url}"
        )


def _refuse_too_many(quantiles: tuple[float, ...]) -> None:
    if len(quantiles) > MOST_QUANTILES:
        raise ConfigurationError(f"expected at most {MOST_QUANTILES}; got {len(quantiles)}")

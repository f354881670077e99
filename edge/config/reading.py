"""Reading of a `gatecast.toml`: once, whole, into one frozen `Config`; whatever is wrong there is one line with the key."""

import difflib
import re
import tomllib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import get_args, get_origin

import msgspec

from edge.config.sections import Config, parse_loopback
from edge.contract.contract import MOST_QUANTILES, SHORTEST_INTERVAL, Contract
from edge.contract.times import DAY, parse_duration
from edge.cron import check_cron
from edge.errors import ConfigurationError
from edge.messages.message import Address

# What files of earlier versions say in place of leaving a key out.
LEFT_OUT: dict[str, dict[str, str | int]] = {
    "fleet": {"interval": "", "horizon": 0, "window": 0},
    "train": {"units": 0, "segment": 0, "epochs": 0},
    "schedule": {"name": ""},
}

# What msgspec says where a key allows few words: the value, the section and the key.
CHOICE = re.compile(r"Invalid enum value (.+) - at `\$\.(\w+)(?:\[\d+\])?\.(\w+)(?:\[\d+\])?`")


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
        raise ConfigurationError(f"{path}: {_explained(str(error))}") from error
    _check(config, path)
    return config


def _explained(fault: str) -> str:
    """A wrong type or value as the user writes it; of a key with few possible words all of them."""
    choice = CHOICE.fullmatch(fault)
    if choice is None:
        return fault.replace(" - at `$.", " in `").replace(" | null", "")
    got, section, key = choice.groups()
    is_list = f"`$.{section}[" in fault
    kind = next(field.type for field in msgspec.structs.fields(Config) if field.encode_name == section)
    fields = msgspec.structs.fields(get_args(kind)[0] if is_list else kind)
    words = next(_words(field.type) for field in fields if field.encode_name == key)
    name = f"[[{section}]]" if is_list else f"[{section}]"
    return f"{name} {key}: expected one of {', '.join(words)}; got {got}"


def _words(kind: object) -> list[str]:
    """The words that a type allows, signs in quotes."""
    parts = get_args(kind)
    return [word for part in parts for word in ([_quoted(part)] if isinstance(part, str) else _words(part))]


def _quoted(word: str) -> str:
    return word if word.isalnum() else repr(word)


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
    for files, url, instead in (
        (config.mqtt.tls, config.mqtt.url, "mqtts://"),
        (config.store.tls, config.store.url, "influxdbs://"),
        (config.release.tls, config.release.channel, "https://"),
    ):
        yield "", partial(files.check, encrypted=url.startswith(instead), instead=instead)
    if agent.health != "off":
        yield "", partial(parse_loopback, agent.health)
    yield "", config.ingests
    for source in config.history:
        yield "", source.check


def _refuse_empty(config: Config) -> None:
    if not config.ingest:
        raise ConfigurationError("without [[ingest]] no reading can come in; add one with a topic")
    if not config.train.cells or not config.train.designs:
        raise ConfigurationError("[train] cells and designs need at least one entry each")


def _refuse_too_many(quantiles: tuple[float, ...]) -> None:
    if len(quantiles) > MOST_QUANTILES:
        raise ConfigurationError(f"expected at most {MOST_QUANTILES}; got {len(quantiles)}")

"""`gatecast promote`: a channel names another version, or a baseline before there is one."""

import argparse
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from edge.commands.options import add_config
from flows.options import Commands, add_channel, add_command, add_json, open_registry, trainer_config
from flows.output.channel import channel_document, channel_text

if TYPE_CHECKING:
    from pathlib import Path

    from edge.contract.contract import Contract
    from edge.forecaster.bundle import Bundle


def add_parser(commands: Commands) -> None:
    """Add `promote` to the commands."""
    text = "let a channel name a version"
    parser = add_command(commands, "promote", run, text, f"{text.capitalize()}. Agents take it at their next look.")
    parser.add_argument(
        "version",
        nargs="?",
        metavar="VERSION",
        help="as listed by gatecast models; or, to forecast before there is a history to train on: starter (a network that has "
        "learned from generated series, and forecasts each series from its third day on) or a baseline: last_value, "
        "seasonal_naive_day, seasonal_naive_week, mean_of_3_days or mean_of_7_days",
    )
    add_config(parser)
    add_json(parser)
    add_channel(parser)


def run(options: argparse.Namespace) -> int:
    """Write the channel document anew.

    Raises:
        GatecastError: one line that says what to do.
    """
    from edge.errors import ConfigurationError
    from edge.forecaster.baselines import BASELINES

    if options.version is None:
        raise ConfigurationError(
            "name a VERSION that gatecast models lists, or what forecasts before there is one: gatecast promote starter, or "
            "gatecast promote last_value"
        )
    registry, name = open_registry(options)
    before = registry.channel(name)
    version = options.version
    if version == "starter" or version in BASELINES:
        bundle = _made(version, _contract(options.config))
        registry.add(bundle)
        version = bundle.manifest.version
    channel = registry.promote(version, name)
    again = before is not None and before.version == channel.version
    document, text = channel_document(name, channel.version), channel_text(name, channel.version, again=again)
    print(json.dumps(document) if options.json else text)
    return 0


def _made(name: str, contract: "Contract") -> "Bundle":
    """A bundle that needs no history: the starter or a baseline."""
    if name == "starter":
        from pipeline.release.starter import starter_bundle

        return starter_bundle(contract, datetime.now(UTC))
    from edge.release.first import first_bundle

    return first_bundle(name, contract, datetime.now(UTC))


def _contract(path: "Path") -> "Contract":
    """The contract of the configuration; without `[fleet] interval` that of the readings in the store.

    Raises:
        HistoryError: no interval follows from them; says what to write.
    """
    from edge.config.fleet import contract_at
    from edge.contract.times import parse_duration
    from edge.errors import HistoryError
    from pipeline.history.from_store import needs_of

    config = trainer_config(path)
    if config.fleet.interval is not None:
        return contract_at(config.fleet, parse_duration(config.fleet.interval))
    store = config.store.open()
    try:
        return needs_of(store, config.fleet).contract
    except HistoryError as error:
        raise HistoryError(
            f'a baseline needs an interval, and none follows from the store: {error}; or write [fleet] interval = "15min", as '
            f"long as that of your sensors, into {path}"
        ) from error

"""`gatecast init`: a configuration with every setting, to edit; with `--discover` its rules come from a broker."""

import argparse
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from edge.commands.options import add_config
from edge.contract.times import parse_duration
from edge.errors import ConfigurationError
from flows.discovering.options import add_listening, broker, told
from flows.options import Commands, add_command

if TYPE_CHECKING:
    from edge.forecaster.bundle import Bundle

TEMPLATE = Path(__file__).parents[1] / "data" / "gatecast.toml"
_INTERVAL = re.compile(r"^# interval = \S+", re.MULTILINE)  # of [fleet], which the template leaves out
INTERVAL = "1h"  # of the starter where none is named
NEXT = "edit [mqtt], [[ingest]] and [store]; name a database with history in [[history]], or gatecast import FILE"


def add_parser(commands: Commands) -> None:
    """Add `init` to the commands."""
    parser = add_command(commands, "init", run, "write a gatecast.toml with every setting and its default")
    add_config(parser, "file to write")
    parser.add_argument("--discover", action="store_true", help="listen to a broker first, and write the rules that read it")
    add_listening(parser)
    parser.add_argument(
        "--starter",
        nargs="?",
        const=INTERVAL,
        metavar="INTERVAL",
        help="forecast before there is history, by a network that has learned from generated series: every INTERVAL, such as "
        f"15min (default: {INTERVAL}), each series from its third day on",
    )


def run(options: argparse.Namespace) -> int:
    """Write the template, with the rules that a broker needs and with a first bundle where that is asked for.

    Raises:
        GatecastError: the file exists already or cannot be written; the broker cannot be reached, or no rule can be proposed;
            the starter does not forecast at that interval.
    """
    if options.config.exists():
        raise _is_there(options.config)
    text, then = TEMPLATE.read_text(encoding="utf-8"), NEXT
    starter = None
    if options.starter:
        starter = _starter(options.starter)
        text = _INTERVAL.sub(f'interval = "{options.starter}"', text, count=1)
    if options.discover:
        mqtt = broker(options)
        from flows.discovering.run import discovered
        from flows.discovering.template import with_rules

        discovery = discovered(mqtt, options.topic or ["#"], options.seconds, told, stoppable=False)
        text = with_rules(text, discovery, mqtt.url)
        then = "look through its [[ingest]] sections and set [store], then gatecast-agent check"
    elif options.broker or options.topic:
        raise ConfigurationError("--broker and --topic are for --discover, which listens to a broker; add it")
    try:
        with options.config.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise _is_there(options.config) from error
    except OSError as error:
        raise ConfigurationError(f"cannot write {options.config}: {error.strerror}") from error
    said = f"wrote {options.config}"
    if starter is not None:
        said += f" and released {_release(starter, options.config)}"
        then += ", then gatecast-agent run" if not options.discover else " and gatecast-agent run"
    print(f"{said}; next: {then}")
    return 0


def _starter(interval: str) -> "Bundle":
    """The starter at an interval; the template leaves all else at its default.

    Raises:
        ConfigurationError: it does not forecast at that interval.
    """
    from edge.config.fleet import contract_at
    from edge.config.training_sections import Fleet
    from pipeline.release.starter import starter_bundle

    return starter_bundle(contract_at(Fleet(), parse_duration(interval)), datetime.now(UTC))


def _release(bundle: "Bundle", config: Path) -> str:
    """Promote a bundle in the registry of a configuration; returns its version."""
    from edge.config.reading import read_config
    from pipeline.release.registry import Registry

    registry = read_config(config).registry
    bundles = Registry(Path(registry.path))
    bundles.add(bundle)
    return bundles.promote(bundle.manifest.version, registry.channel).version


def _is_there(path: Path) -> ConfigurationError:
    return ConfigurationError(f"{path} is there already; name another file with --config")

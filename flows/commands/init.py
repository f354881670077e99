"""`gatecast init`: a configuration with every setting, to edit; with `--discover` its rules come from a broker."""

import argparse
from pathlib import Path

from edge.commands.options import add_config
from edge.errors import ConfigurationError
from flows.discovering.options import add_listening, broker, told
from flows.options import Commands, add_command

TEMPLATE = Path(__file__).parents[1] / "data" / "gatecast.toml"
NEXT = "edit [mqtt], [[ingest]] and [store]; name a database with history in [[history]], or gatecast import FILE"


def add_parser(commands: Commands) -> None:
    """Add `init` to the commands."""
    parser = add_command(commands, "init", run, "write a gatecast.toml with every setting and its default")
    add_config(parser, "file to write")
    parser.add_argument("--discover", action="store_true", help="listen to a broker first, and write the rules that read it")
    add_listening(parser)


def run(options: argparse.Namespace) -> int:
    """Write the template, with the rules that a broker needs where that is asked for.

    Raises:
        GatecastError: the file exists already or cannot be written; the broker cannot be reached, or no rule can be proposed.
    """
    if options.config.exists():
        raise _is_there(options.config)
    text, then = TEMPLATE.read_text(encoding="utf-8"), NEXT
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
    print(f"wrote {options.config}; next: {then}")
    return 0


def _is_there(path: Path) -> ConfigurationError:
    return ConfigurationError(f"{path} is there already; name another file with --config")

"""`gatecast init`: a configuration with every setting, to edit."""

import argparse
from pathlib import Path

from edge.commands.options import add_config
from edge.errors import ConfigurationError
from flows.options import Commands, add_command

TEMPLATE = Path(__file__).parents[1] / "data" / "gatecast.toml"


def add_parser(commands: Commands) -> None:
    """Add `init` to the commands."""
    parser = add_command(commands, "init", run, "write a gatecast.toml with every setting and its default")
    add_config(parser, "file to write")


def run(options: argparse.Namespace) -> int:
    """Write the template.

    Raises:
        ConfigurationError: the file exists already, or cannot be written.
    """
    try:
        with options.config.open("x", encoding="utf-8") as file:
            file.write(TEMPLATE.read_text(encoding="utf-8"))
    except FileExistsError as error:
        raise ConfigurationError(f"{options.config} is there already; name another file with --config") from error
    except OSError as error:
        raise ConfigurationError(f"cannot write {options.config}: {error.strerror}") from error
    print(f"wrote {options.config}; next: edit [mqtt], [[ingest]] and [store], then gatecast import FILE")
    return 0

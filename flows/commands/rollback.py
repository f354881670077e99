"""`gatecast rollback`: a channel names the version that it named before."""

import argparse
import json

from edge.commands.options import add_config
from flows.options import Commands, add_channel, add_command, add_json, open_registry
from flows.output.channel import channel_document, channel_text


def add_parser(commands: Commands) -> None:
    """Add `rollback` to the commands."""
    text = "let a channel name the version before"
    parser = add_command(commands, "rollback", run, text, f"{text.capitalize()}. Agents take it at their next look.")
    add_config(parser)
    add_json(parser)
    add_channel(parser)


def run(options: argparse.Namespace) -> int:
    """Write the channel document anew.

    Raises:
        GatecastError: one line that says what to do.
    """
    registry, name = open_registry(options)
    version = registry.rollback(name).version
    print(json.dumps(channel_document(name, version)) if options.json else channel_text(name, version))
    return 0

"""`gatecast promote`: a channel names another version."""

import argparse
import json

from edge.commands.options import add_config
from flows.options import Commands, add_channel, add_command, add_json, open_registry
from flows.output.channel import channel_document, channel_text


def add_parser(commands: Commands) -> None:
    """Add `promote` to the commands."""
    text = "let a channel name a version"
    parser = add_command(commands, "promote", run, text, f"{text.capitalize()}. Agents take it at their next look.")
    parser.add_argument("version", metavar="VERSION", help="as listed by gatecast models")
    add_config(parser)
    add_json(parser)
    add_channel(parser)


def run(options: argparse.Namespace) -> int:
    """Write the channel document anew.

    Raises:
        GatecastError: one line that says what to do.
    """
    registry, name = open_registry(options)
    before = registry.channel(name)
    channel = registry.promote(options.version, name)
    again = before is not None and before.version == channel.version
    document, text = channel_document(name, channel.version), channel_text(name, channel.version, again=again)
    print(json.dumps(document) if options.json else text)
    return 0

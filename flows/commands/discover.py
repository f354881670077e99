"""`gatecast discover`: what a broker carries, and the configuration that reads it."""

import argparse
import json

from edge.commands.options import add_config
from flows.discovering.options import add_listening, broker, told
from flows.options import Commands, add_command, add_json

TEXT = "listen to a broker, propose the rules that read it"
DESCRIPTION = (
    "Listen to a broker, group its topics, and print the [[ingest]] sections that read them, each tried on what was heard. "
    "Nothing is published or changed. What is printed is TOML."
)


def add_parser(commands: Commands) -> None:
    """Add `discover` to the commands."""
    parser = add_command(commands, "discover", run, TEXT, DESCRIPTION)
    add_config(parser, "configuration whose [mqtt] is used, where there is one")
    add_json(parser)
    add_listening(parser)


def run(options: argparse.Namespace) -> int:
    """Listen, find, print.

    Raises:
        GatecastError: one line that says what to do.
    """
    mqtt = broker(options)
    from flows.discovering.run import discovered
    from flows.output.discovered import discovered_document, discovered_text

    discovery = discovered(mqtt, options.topic or ["#"], options.seconds, told)
    if options.json:
        print(json.dumps(discovered_document(discovery, mqtt.url)))
    else:
        print(discovered_text(discovery, mqtt.url))
    return 0

"""`gatecast models`: the bundles in the registry."""

import argparse
import json

from edge.commands.options import add_config
from flows.options import Commands, add_channel, add_command, add_json, open_registry


def add_parser(commands: Commands) -> None:
    """Add `models` to the commands."""
    parser = add_command(commands, "models", run, "list the bundles in the registry")
    add_config(parser)
    add_json(parser)
    add_channel(parser)


def run(options: argparse.Namespace) -> int:
    """List the bundles.

    Raises:
        GatecastError: one line that says what to do.
    """
    from flows.output.models import models_document, models_text

    registry, channel = open_registry(options)
    live = registry.channel(channel)
    manifests = registry.versions()
    version = live.version if live else None
    print(json.dumps(models_document(manifests, version)) if options.json else models_text(manifests, version, channel))
    return 0

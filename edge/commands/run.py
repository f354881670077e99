"""`gatecast-agent run`: the agent, until it is asked to stop."""

import argparse
import logging
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from edge.commands.options import add_config

TEXT = "consume the stream until SIGTERM or Ctrl-C"


def add_parser(commands: Any) -> None:  # noqa: ANN401 - argparse keeps the class to itself
    """Add `run` to the commands."""
    command = commands.add_parser("run", help=TEXT, description=TEXT[0].upper() + TEXT[1:] + ".")
    add_config(command)
    command.add_argument("--json", action="store_true", help="log lines as JSON, one object each, on standard error")


def run(options: argparse.Namespace) -> int:
    """Run the agent.

    Returns:
        0 after a signal, 1 where a thread of the agent died.
    """
    from edge.agent.build import build, outside_of
    from edge.agent.heartbeat import end_within, notifier
    from edge.agent.stopping import Lifetime
    from edge.config.reading import read_config
    from edge.files import keep_private
    from edge.locking import alone_in

    config = read_config(options.config)
    logger = _logger(as_json=options.json)

    def log(text: str) -> None:
        logger.info("%s", text)

    lifetime = Lifetime(log)
    with alone_in(Path(config.agent.state)):
        keep_private(Path(config.agent.state))
        outside = partial(outside_of, config, log, lifetime.died, notifier())
        return lifetime.spend(lambda: build(config, replace(outside(), end_within=end_within)))


def _logger(*, as_json: bool) -> logging.Logger:
    from edge.log import OneLine

    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(OneLine(as_json=as_json))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    return logging.getLogger("gatecast")

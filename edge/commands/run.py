"""`gatecast-agent run`: the agent, until it is asked to stop."""

import argparse
import json
import logging
import os
import signal
import sys
from pathlib import Path
from typing import Any

from edge.commands.options import add_config
from edge.quoting import one_line

TEXT = "consume the stream until SIGTERM or Ctrl-C"


def add_parser(commands: Any) -> None:  # noqa: ANN401 - argparse keeps the class to itself
    """Add `run` to the commands."""
    command = commands.add_parser("run", help=TEXT, description=TEXT[0].upper() + TEXT[1:] + ".")
    add_config(command)
    command.add_argument("--json", action="store_true", help="log lines as JSON, one object each, on standard error")


def run(options: argparse.Namespace) -> int:
    """Run the agent.

    Returns:
        0, after a signal.
    """
    from edge.agent.heartbeat import notifier  # noqa: PLC0415
    from edge.agent.locking import alone_in  # noqa: PLC0415
    from edge.agent.loop import Agent  # noqa: PLC0415 - `--help` and wrong options answer at once
    from edge.agent.stopping import GRACE, ends_within  # noqa: PLC0415
    from edge.config import read_config  # noqa: PLC0415
    from edge.messages.message import Address  # noqa: PLC0415
    from edge.messages.mqtt import Subscriber  # noqa: PLC0415
    from edge.stores.store import open_store  # noqa: PLC0415

    config = read_config(options.config)
    logger = _logger(as_json=options.json)
    subscriber = Subscriber(
        Address.parse(config.mqtt.url),
        config.mqtt.client_id,
        [rule.build().filter for rule in config.ingest],
        password=config.mqtt.password(),
        keepalive=config.mqtt.keepalive,
    )

    def log(text: str) -> None:
        logger.info("%s", json.dumps(text) if options.json else one_line(text))

    with alone_in(Path(config.agent.state)):
        agent = Agent(config, open_store(config.store.url, config.store.token_file), subscriber, log=log, notify=notifier())
        signals = (signal.SIGTERM, signal.SIGINT)
        for number in signals:
            signal.signal(number, lambda *_: agent.stop())

        def give_up() -> None:
            log(f"the agent hangs and does not stop within {GRACE:.0f} s; it is ended, nothing acknowledged is lost")
            os._exit(1)

        with ends_within(GRACE, signals, give_up):
            agent.run()
        log("stopped")
    return 0


def _logger(*, as_json: bool) -> logging.Logger:
    form = '{"time": "%(asctime)s", "event": %(message)s}' if as_json else "%(asctime)s %(message)s"
    logging.basicConfig(format=form, level=logging.INFO, stream=sys.stderr)
    return logging.getLogger("gatecast")

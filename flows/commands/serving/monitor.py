"""`gatecast monitor`: the live error beside that of the backtest, now."""

import argparse
import json
import time

from edge.commands.options import add_config
from flows.options import Commands, add_command, add_json, trainer_config


def add_parser(commands: Commands) -> None:
    """Add `monitor` to the commands."""
    text = "compare the live error with that of the backtest"
    description = (
        "Compare the live error with that of the backtest, both as multiples of the seasonal-naive error in the same hours. "
        "Nothing is written and no training is started; gatecast serve does both."
    )
    parser = add_command(commands, "monitor", run, text, description, grace=0.0)
    add_config(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Look once and print it.

    Raises:
        GatecastError: one line that says what to do.
    """
    from flows.monitoring.outcome import monitored_document, monitored_text
    from flows.monitoring.watching import watched
    from flows.retraining.fleet import fleet_name

    config = trainer_config(options.config)
    monitored = watched(config, fleet_name(options.config, config), time.time_ns())
    print(json.dumps(monitored_document(monitored)) if options.json else monitored_text(monitored))
    return 0

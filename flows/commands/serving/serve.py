"""`gatecast serve`: retrain on a schedule until stopped."""

import argparse

from edge.commands.options import add_config
from flows.options import Commands, add_command

SAYS_GOODBYE = 2.0  # seconds that the command has, once it is stopped, to tell Prefect's server


def add_parser(commands: Commands) -> None:
    """Add `serve` to the commands."""
    text = "retrain on a schedule until stopped"
    description = f"{text.capitalize()}. The times stand in [schedule] cron; default: 0 3 * * * (UTC)."
    add_config(add_command(commands, "serve", run, text, description, grace=SAYS_GOODBYE))


def run(options: argparse.Namespace) -> int:
    """Serve the flow; it ends by a signal or with an error.

    Raises:
        GatecastError: one line that says what to do.
    """
    from flows.retraining.quiet import keep_prefect_quiet

    keep_prefect_quiet()
    from flows.serving.schedule import serve

    serve(options.config)
    return 0

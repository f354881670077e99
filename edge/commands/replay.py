"""`gatecast-agent replay`: forecasts of a CSV, without broker and store."""

import argparse
import sys
from pathlib import Path
from typing import Any

from edge.commands.options import FILE_TEXT, add_config, add_table_options, table_options


def add_parser(commands: Any) -> None:  # noqa: ANN401 - argparse keeps the class to itself
    """Add `replay` to the commands."""
    command = commands.add_parser(
        "replay",
        help="turn a CSV of readings into forecasts, without broker and store",
        description="Turn a CSV of readings into forecasts on standard output, through the code that runs live. "
        "What the rules [[alert]] and [anomaly] of the configuration would have said follows on standard error. "
        "What the file does not say of itself, --timezone and other options say: see docs/readings.md.",
    )
    command.add_argument("file", type=Path, metavar="FILE", help=FILE_TEXT)
    command.add_argument("--bundle", type=Path, metavar="FOLDER", help="bundle to use; default: what [release] channel names")
    add_config(command)
    command.add_argument("--json", action="store_true", help="one JSON object per forecast instead of CSV")
    command.add_argument(
        "--inputs",
        type=Path,
        metavar="FILE",
        help="CSV of what was known of inputs, and when: time,value,issued,input; default: what the store has of them",
    )
    command.add_argument("--last", action="store_true", help="the newest forecast of each series only")
    add_table_options(command, shown=False)


def run(options: argparse.Namespace) -> int:
    """Print the forecasts.

    Returns:
        0.
    """
    from edge.commands.replaying import Recording, replay

    recording = Recording(options.file, table_options(options), options.inputs)
    return replay(recording, options.config, options.bundle, as_json=options.json, last=options.last, out=sys.stdout)

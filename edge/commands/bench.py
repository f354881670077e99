"""`gatecast-agent bench`: what this device can do with its configuration and its bundle."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from edge.commands.options import add_config

TEXT = "measure what this device can do"
SIZES = (100, 1_000, 10_000)


def add_parser(commands: Any) -> None:  # noqa: ANN401 - argparse keeps the class to itself
    """Add `bench` to the commands."""
    command = commands.add_parser(
        "bench",
        help=TEXT,
        description="Measure what this device can do with its configuration and bundle. It works in a temporary folder beside "
        "[agent] state, and touches neither state nor store nor broker.",
    )
    add_config(command, "configuration; without a file the defaults count")
    command.add_argument("--bundle", type=Path, metavar="FOLDER", help="bundle to use; default: the live one, else a baseline")
    _add_number(command, "--series", 1000, "number of sensors")
    _add_number(command, "--per-closing", 30, "readings of a sensor in an interval")
    _add_number(command, "--readings", 100_000, "readings to take as fast as the device can")
    _add_number(command, "--rate", 1000, "readings a second for the latency")
    _add_number(command, "--seconds", 10, "seconds at that rate")
    sizes = " ".join(map(str, SIZES))
    text = f"numbers of series with which the memory is measured; default: {sizes}"
    command.add_argument("--sizes", type=positive, nargs="*", default=SIZES, metavar="N", help=text)
    command.add_argument("--json", action="store_true", help="print the result as one JSON object")


def _add_number(command: argparse.ArgumentParser, name: str, default: int, text: str) -> None:
    command.add_argument(name, type=positive, default=default, metavar="N", help=f"{text}; default: {default}")


def positive(text: str) -> int:
    """A whole number of at least 1.

    Raises:
        ArgumentTypeError: anything else.
    """
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 1, got {text!r}")
    return int(text)


def run(options: argparse.Namespace) -> int:
    """Measure, and print the result.

    Returns:
        0.
    """
    from edge.bench.device import Load
    from edge.commands.benching import Wishes, measure

    wishes = Wishes(
        Load(options.series, options.per_closing), options.readings, options.rate, options.seconds, tuple(options.sizes)
    )
    report = measure(options.config, options.bundle, wishes, say=lambda line: print(line, file=sys.stderr, flush=True))
    if options.json:
        print(json.dumps(report.document()))
        return 0
    for line in report.lines():
        print(line)
    return 0

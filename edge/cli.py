"""`gatecast-agent`: the command on the device."""

import argparse
import sys
from collections.abc import Sequence

from edge.commands import bench, check, completion, recover, replay, topics
from edge.commands import run as run_agent
from edge.commands.exit_codes import guarded
from edge.commands.options import add_version, check_command

# Each has `add_parser(commands)` and `run(options)`; what takes long to import is imported inside `run`.
COMMANDS = {
    "run": run_agent,
    "check": check,
    "replay": replay,
    "topics": topics,
    "bench": bench,
    "recover": recover,
    "completion": completion,
}
# Of the trainer's program, which the device does not have.
TRAINER = (
    *("init", "discover", "import", "history", "store", "series", "forecast", "retrain", "backtest", "compare"),
    *("models", "promote", "rollback", "doctor", "monitor", "serve", "page", "demo", "completion"),
)
PACKAGES = ("ai-edge-litert", "tflite-runtime", "numpy", "paho-mqtt")  # whose versions `--version` tells
EXAMPLES = """\
exit codes: 0 done, 1 failed, 2 wrong use or configuration, 130 Ctrl-C

examples:
  gatecast-agent check --config gatecast.toml
  gatecast-agent replay readings.csv --bundle 20261122T154500Z-gru-1a2b3c4d
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and leave with its exit code."""
    sys.exit(run(sys.argv[1:] if arguments is None else list(arguments)))


def run(arguments: Sequence[str]) -> int:
    """Run the command.

    Returns:
        0 done, 1 failed, 2 wrong use or configuration.
    """
    parser = make_parser()
    check_command(parser, arguments, COMMANDS, [f"gatecast {name}" for name in TRAINER])
    options = parser.parse_args(arguments)
    return guarded("gatecast-agent", lambda: COMMANDS[options.command].run(options))


def make_parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="gatecast-agent",
        description="Forecast sensors next to the sensors: MQTT in; readings, forecasts, scores out.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_version(parser, PACKAGES)
    parser.set_defaults(whole=parser)  # for those who list all of it
    commands = parser.add_subparsers(dest="command", required=True, title="commands", metavar="COMMAND")
    for command in COMMANDS.values():
        command.add_parser(commands)
    return parser


if __name__ == "__main__":
    main()

"""`gatecast`: the trainer's command."""

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Protocol

from edge.cli import COMMANDS as DEVICE
from edge.cli import PACKAGES
from edge.commands.exit_codes import guarded
from edge.commands.options import add_version, check_command
from edge.errors import ConfigurationError
from flows.commands import (
    backtest,
    compare,
    demo,
    discover,
    history,
    import_file,
    init,
    models,
    promote,
    retrain,
    rollback,
)
from flows.commands.looking import doctor, forecast, page, series
from flows.commands.serving import monitor, serve
from flows.commands.shell import completion
from flows.commands.storing import store
from flows.options import Commands
from flows.processes.stopping import stoppable


class Command(Protocol):
    """A module of `flows/commands`."""

    def add_parser(self, commands: Commands) -> None:
        """Add the command, with its options, to the commands of `gatecast`."""

    def run(self, options: argparse.Namespace) -> int:
        """Run the command; returns its exit code."""


# In the order of `gatecast --help`.
COMMANDS: tuple[Command, ...] = (
    init,
    discover,
    import_file,
    history,
    store,
    series,
    forecast,
    retrain,
    backtest,
    compare,
    models,
    promote,
    rollback,
    doctor,
    monitor,
    serve,
    page,
    demo,
    completion,
)
TRAINERS = ("tensorflow", "tensorflow-cpu", "prefect")  # packages whose versions `--version` tells, beside those of the device
OURS = ("edge", "pipeline", "flows")
# Packages outside the `train` extra. An environment with the device's packages only has this command too.
EXTRAS = {
    "dask": "dask",
    "distributed": "dask",
    "fastapi": "page",
    "lightgbm": "peers",
    "nicegui": "page",
    "optuna": "tune",
    "prefect_dask": "dask",
    "starlette": "page",
    "statsforecast": "peers",
    "uvicorn": "page",
}
EPILOG = """\
exit codes: 0 done, 1 failed, 2 wrong use or configuration, 130 stopped by
Ctrl-C, 143 by SIGTERM

first steps:
  gatecast demo                 the whole way on recorded weather, in minutes
  gatecast init --discover      listen to your broker, write a gatecast.toml
  gatecast import readings.csv  bring history into the store
  gatecast retrain              train, judge, release what beats the baselines
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and leave with its exit code; Ctrl-C and SIGTERM end what takes long at once, with all its processes."""
    options = _parsed(sys.argv[1:] if arguments is None else arguments)
    if options.grace is None:
        sys.exit(_run(options))
    sys.exit(stoppable("gatecast", lambda: _run(options), grace=options.grace))


def run(arguments: Sequence[str]) -> int:
    """Run the command in this process.

    Returns:
        0 done, 1 failed, 2 wrong use or configuration.
    """
    return _run(_parsed(arguments))


def make_parser() -> argparse.ArgumentParser:
    """The parser of all commands with their options."""
    return _parsers()[0]


def _parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser, names = _parsers()
    check_command(parser, arguments, names, [f"gatecast-agent {name}" for name in DEVICE])
    return parser.parse_args(arguments)


def _parsers() -> tuple[argparse.ArgumentParser, list[str]]:
    """The parser of all commands, and their names."""
    whole = argparse.ArgumentParser(
        prog="gatecast",
        description="Train, judge and release the forecasters that run next to your sensors.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_version(whole, (*TRAINERS, *PACKAGES))
    whole.set_defaults(whole=whole)  # for those who list all of it
    commands = whole.add_subparsers(dest="command", required=True, title="commands", metavar="COMMAND")
    for command in COMMANDS:
        command.add_parser(commands)
    return whole, list(commands.choices)


def _run(options: argparse.Namespace) -> int:
    command: Callable[[argparse.Namespace], int] = options.run
    return guarded("gatecast", lambda: _with_packages(command, options))


def _with_packages(command: Callable[[argparse.Namespace], int], options: argparse.Namespace) -> int:
    """Run a command; where a package is not installed, say which one and which extra brings it."""
    try:
        return command(options)
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if not package or package in OURS:
            raise  # a fault of ours, not of the environment
        extra = EXTRAS.get(package, "train")
        raise ConfigurationError(
            f"{package} is not installed, and gatecast {options.command} needs it; "
            f"in a clone of the repository: pip install '.[{extra}]'"
        ) from error


if __name__ == "__main__":
    main()

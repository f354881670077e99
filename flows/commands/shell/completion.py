"""`gatecast completion`: a script that lets a shell offer commands and options after Tab."""

import argparse

from edge.commands.completion import TEXT, add_shell, described
from edge.commands.completion import run as print_script
from flows.options import Commands, add_command


def add_parser(commands: Commands) -> None:
    """Add `completion` to the commands."""
    parser = add_command(commands, "completion", run, TEXT, described("gatecast"))
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add_shell(parser)


def run(options: argparse.Namespace) -> int:
    """Print the script.

    Returns:
        0.
    """
    return print_script(options)

"""`gatecast-agent completion`: a script that lets a shell offer commands and options after Tab."""

import argparse
from typing import Any

TEXT = "print the script for Tab in bash, zsh or fish"
SHELLS = ("bash", "zsh", "fish")
DESCRIPTION = """\
Print a script that lets a shell offer commands, options and files after Tab.
Nothing of this program is started then. The script goes to

  bash  ~/.local/share/bash-completion/completions/{name}
  zsh   a folder of $fpath, as _{name}
  fish  ~/.config/fish/completions/{name}.fish

or, for a terminal of bash that is open: source <({name} completion bash)
"""


def add_parser(commands: Any) -> None:  # noqa: ANN401 - argparse keeps the class to itself
    """Add `completion` to the commands."""
    command = commands.add_parser(
        "completion",
        help=TEXT,
        description=described("gatecast-agent"),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_shell(command)


def described(program: str) -> str:
    """What the command is for, and where its script goes.

    Args:
        program: name of the program.
    """
    return DESCRIPTION.format(name=program)


def add_shell(command: argparse.ArgumentParser) -> None:
    """Add the name of the shell."""
    command.add_argument("shell", choices=SHELLS, metavar="SHELL", help="bash, zsh or fish")


def run(options: argparse.Namespace) -> int:
    """Print the script.

    Returns:
        0.
    """
    from importlib import import_module

    from edge.completion.words import command_of

    whole: argparse.ArgumentParser = options.whole
    shell = import_module(f"edge.completion.shells.{options.shell}")
    print(shell.script(command_of(whole, whole.prog)), end="")
    return 0

"""The words of a command line."""

import argparse
from pathlib import Path

from edge.cli import COMMANDS, make_parser
from edge.completion.words import Command, Option, Value, command_of


def test_a_parser_as_words() -> None:
    """Options with their values, arguments, commands below; what help leaves out is left out."""
    parser = argparse.ArgumentParser(prog="tool", add_help=False)
    parser.add_argument("--secret", help=argparse.SUPPRESS)
    commands = parser.add_subparsers()
    below = commands.add_parser("go", help="go there", add_help=False)
    below.add_argument("way", choices=("on", "off"))
    below.add_argument("file", type=Path, metavar="FILE")
    below.add_argument("-s", "--speed", default=5, help="100%% is %(default)s")
    below.add_argument("--list", action="append", type=Path)
    below.add_argument("--all", action="store_true")
    options = (
        Option(("-s", "--speed"), "100% is 5", Value("SPEED")),
        Option(("--list",), "", Value("LIST", is_path=True), repeats=True),
        Option(("--all",), ""),
    )
    go = Command("go", "go there", options, (Value("WAY", ("on", "off")), Value("FILE", is_path=True)), ())
    words = command_of(parser, "tool")
    assert words == Command("tool", "", (), (), (go,))
    assert list(words.below()) == [((), words), (("go",), go)]


def test_the_program_has_all_of_its_commands() -> None:
    """With a line of help for each."""
    words = command_of(make_parser(), "gatecast-agent")
    assert [command.name for command in words.commands] == list(COMMANDS)
    assert all(command.text for command in words.commands)

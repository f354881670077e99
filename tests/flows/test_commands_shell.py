"""`gatecast completion`: the same script for the trainer's program."""

from pathlib import Path

import pytest

from edge.completion.words import command_of
from flows.cli import COMMANDS, make_parser, run
from tests.edge.test_completion_shells import offered


def test_bash_offers_every_command_and_option_of_the_trainer(tmp_path: Path) -> None:
    """Those of `store check` as well."""
    program = command_of(make_parser(), "gatecast")
    assert len(program.commands) == len(COMMANDS)
    for path, command in program.below():
        flags = [flag for option in command.options for flag in option.flags if flag.startswith("--")]
        assert offered(program, tmp_path, *path, "--") == flags
    assert offered(program, tmp_path, "store", "") == ["check", "vacuum"]


def test_the_script_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """For the program that was called."""
    assert run(["completion", "bash"]) == 0
    assert capsys.readouterr().out.endswith("complete -F _gatecast gatecast\n")

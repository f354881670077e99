"""`gatecast-agent` as its user meets it: a program of its own."""

import importlib
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from edge import commands
from edge.cli import COMMANDS as TABLE
from tests.support.ready_device import COMMANDS, Device


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command) or "none")
def test_help_fits_a_terminal(command: list[str], device: Device) -> None:
    """Eighty columns, twenty-four lines, and it says what the program is for."""
    answer = device.run(*command, "--help")
    assert (answer.returncode, answer.stderr) == (0, "")
    lines = answer.stdout.splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80


def test_help_of_options_gives_their_defaults(device: Device) -> None:
    """Where a file is looked for if none is named."""
    for command in ("run", "check", "replay"):
        assert "default: gatecast.toml" in device.run(command, "--help", columns=200).stdout


@pytest.mark.parametrize("arguments", [[], ["fly"], ["check", "--colour"], ["replay"], ["check", "extra"]])
def test_wrong_use_is_exit_code_2(arguments: list[str], device: Device) -> None:
    """With the usage and one line of what is wrong, on standard error."""
    answer = device.run(*arguments)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr.startswith("usage: gatecast-agent")
    assert "Traceback" not in answer.stderr


def test_a_command_that_is_not_known_is_answered_with_the_nearest_one(device: Device) -> None:
    """In the line behind the usage; or with the program that has it."""
    answer = device.run("chek")
    assert answer.stderr.endswith("error: 'chek' is no command; did you mean 'check'?\n")
    answer = device.run("retrain")
    assert answer.stderr.endswith("error: 'retrain' is a command of the other program: gatecast retrain\n")


def test_the_versions_are_told(device: Device) -> None:
    """What a report of a fault needs: the program, Python, and the runtime that is installed."""
    answer = device.run("--version")
    assert (answer.returncode, answer.stderr) == (0, "")
    first, python, *packages = answer.stdout.strip().split(", ")
    assert first == f"gatecast-agent {version('gatecast')}"
    assert python == f"Python {platform.python_version()}"
    assert f"numpy {version('numpy')}" in packages
    assert packages[0].partition(" ")[0] in ("ai-edge-litert", "tflite-runtime")


def test_without_a_command_all_are_listed(device: Device) -> None:
    """On standard error, as wrong use is told."""
    said = device.run().stderr
    assert [name for name in TABLE if f"    {name} " not in said.replace("\n", " ")] == []
    assert "examples:" in said


def test_help_loads_not_even_numpy() -> None:
    """Asking for help is answered at once."""
    code = (
        "import sys, edge.cli; edge.cli.make_parser().format_help(); print([m for m in ('numpy', 'paho') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_every_command_has_a_file_and_stands_in_the_table() -> None:
    """A file in the room that offers `add_parser` is a command; no other place knows it."""
    rooms = Path(commands.__file__).parent
    offered = {
        path.stem for path in rooms.glob("*.py") if hasattr(importlib.import_module(f"edge.commands.{path.stem}"), "add_parser")
    }
    assert offered == set(TABLE)

"""`gatecast` as a user meets it: help, and wrong use of any command."""

import argparse
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from edge.cli import TRAINER
from flows.cli import COMMANDS, Command, make_parser, run
from tests.support.commands import call

HEAVY = {"tensorflow", "keras", "prefect", "polars", "numpy", "rich"}


def names_of(command: Command) -> list[str]:
    """The names under which a module adds itself to the commands."""
    commands = argparse.ArgumentParser().add_subparsers()
    command.add_parser(commands)
    return list(commands.choices)


NAMES = [name for command in COMMANDS for name in names_of(command)]


@pytest.mark.parametrize("arguments", [(), *((name,) for name in NAMES)], ids=" ".join)
def test_help_fits_a_screen(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """At most 40 lines of 80 columns, naming every default."""
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as stopped:
        run([*arguments, "--help"])
    assert stopped.value.code == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.__name__)
def test_every_module_adds_one_command_that_it_runs(command: Command) -> None:
    """A line in the table registers the command, its function and how it ends."""
    assert len(names_of(command)) == 1
    commands = argparse.ArgumentParser().add_subparsers()
    command.add_parser(commands)
    (added,) = commands.choices.values()
    assert added.get_default("run") == command.run
    assert added.get_default("grace") is None or added.get_default("grace") >= 0


def test_help_lists_the_commands_in_the_order_of_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    """Each one with its half line."""
    with pytest.raises(SystemExit):
        run(["--help"])
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines() if line.startswith("    ") and line[4] != " "]
    assert listed == NAMES


def test_without_a_command_all_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """On standard error, as wrong use is told, with exit code 2."""
    with pytest.raises(SystemExit) as stopped:
        run([])
    said = capsys.readouterr()
    assert (stopped.value.code, said.out) == (2, "")
    assert "first steps:" in said.err
    assert "  retrain " in said.err


def test_a_command_that_is_not_known_is_answered_with_the_nearest_one(capsys: pytest.CaptureFixture[str]) -> None:
    """Or with the program that has it, or with how all are listed."""
    for word, said in (
        ("retrian", "'retrian' is no command; did you mean 'retrain'?\n"),
        ("check", "'check' is a command of the other program: gatecast-agent check\n"),
        ("fly", "'fly' is no command; gatecast --help lists all\n"),
    ):
        with pytest.raises(SystemExit) as stopped:
            run([word, "--config", "a.toml"])
        assert stopped.value.code == 2
        assert said in capsys.readouterr().err


def test_the_device_knows_the_names_of_our_commands() -> None:
    """So that it can say whose command one is; it has none of the code."""
    assert [*TRAINER] == NAMES


def test_help_loads_nothing_heavy() -> None:
    """`gatecast --help` imports no TensorFlow, Prefect, polars, numpy or rich."""
    code = (
        "import sys, flows.cli\ntry: flows.cli.run(['--help'])\nexcept SystemExit: pass\nprint(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not HEAVY & set(done.stderr.split())


def test_work_that_takes_long_can_be_stopped() -> None:
    """A command that takes minutes has a process of its own, and only `serve` has something to say before it ends."""
    graces = {name: make_parser().parse_args([name, *more]).grace for name, *more in [["retrain"], ["serve"], ["models"]]}
    assert graces == {"retrain": 0.0, "serve": 2.0, "models": None}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[agnet]\nbatch = 1\n", "did you mean 'agent'"),
        ("[agent]\nlateness = '5 parsecs'\n", "[agent] lateness"),
        ("[fleet]\nhorizon = 'far'\n", "[fleet] horizon: expected a whole number"),
        ("[store]\nurl = 'postgres://x'\n", "is no store"),
        ("[mqtt]\nurl = 'mqtt://u:secret@h'\n", "GATECAST_MQTT_PASSWORD"),
        ("[[ingest]]\ntopic = 'a/{b'\n", "whole level"),
        ("nonsense", "is no TOML"),
    ],
)
def test_wrong_configuration_is_one_line_and_exit_code_2(
    text: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Expected, found and what to do, before anything happens."""
    path, data = tmp_path / "gatecast.toml", tmp_path / "data.csv"
    path.write_text(text)
    data.write_text("time,a\n2024-01-01,1\n")
    code, _, error = call(capsys, "import", data, "--config", path)
    assert code == 2
    assert len(error.splitlines()) == 1
    assert said in error
    assert "secret" not in error


def test_a_missing_configuration_names_the_next_step(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`gatecast init` makes one."""
    code, _, error = call(capsys, "models", "--config", tmp_path / "none.toml")
    assert (code, "gatecast init" in error) == (2, True)


def test_versions_of_the_trainer_are_told_without_loading_it() -> None:
    """TensorFlow and Prefect beside what the device has; a package that is not installed is not named."""
    code = (
        "import sys, flows.cli\ntry: flows.cli.run(['--version'])\n"
        f"except SystemExit as end: print(end.code, [name for name in {sorted(HEAVY)} if name in sys.modules])"
    )
    told, loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.splitlines()
    assert told.startswith(f"gatecast {version('gatecast')}, Python ")
    assert f", prefect {version('prefect')}, " in told
    assert ", tensorflow" in told  # the processor's own package is called tensorflow-cpu
    assert "None" not in told
    assert loaded == "0 []"

"""The scripts, read by real shells."""

import importlib
import shutil
import subprocess
from pathlib import Path

import pytest

from edge.cli import make_parser
from edge.commands.completion import SHELLS
from edge.completion.words import Command, Option, Value, command_of

AGENT = command_of(make_parser(), "gatecast-agent")
ODD = Command(
    "odd",
    "",
    (Option(("-q", "--quick"), "it's [quick]: 100% $HOME `id` \\", Value("HOW", ("a", "b")), repeats=True),),
    (),
    (
        Command(
            "deep",
            "a: b's",
            (),
            (),
            (Command("er", "", (Option(("--file",), "", Value("F", is_path=True)),), (Value("F", is_path=True),), ()),),
        ),
    ),
)
ASK = """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
function=$(complete -p "$1"); function=${function#complete -F }; ${function% *}
((${#COMPREPLY[@]} == 0)) || printf '%s\\n' "${COMPREPLY[@]}"
"""


def shell(name: str) -> str:
    """Path of a shell; the test that asks is skipped where there is none."""
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not on the PATH: apt-get install {name}")
    return path


def script(name: str, program: Command, folder: Path) -> Path:
    """The script of a program in a file."""
    path = folder / f"_{program.name}"
    path.write_text(importlib.import_module(f"edge.completion.shells.{name}").script(program))
    return path


def offered(program: Command, folder: Path, *words: str) -> list[str]:
    """What bash offers behind words, of which the last one is begun."""
    command = [shell("bash"), "--norc", "-c", ASK, "bash", str(script("bash", program, folder)), program.name, *words]
    answer = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    assert answer.stderr == ""
    return answer.stdout.splitlines()


@pytest.mark.parametrize("program", [AGENT, ODD], ids=lambda program: program.name)
def test_bash_offers_every_command_and_option(program: Command, tmp_path: Path) -> None:
    """And nothing else."""
    for path, command in program.below():
        assert offered(program, tmp_path, *path, "--") == [
            flag for option in command.options for flag in option.flags if flag.startswith("--")
        ]
        if command.commands:
            assert offered(program, tmp_path, *path, "") == [below.name for below in command.commands]


def test_bash_offers_what_may_follow(tmp_path: Path) -> None:
    """Words that begin so, choices, files, values behind = as well; nothing where nobody can guess."""
    (tmp_path / "my readings.csv").touch()
    (tmp_path / "gatecast.toml").touch()
    assert offered(AGENT, tmp_path, "re") == ["replay", "recover"]
    assert offered(AGENT, tmp_path, "completion", "") == list(SHELLS)
    assert offered(AGENT, tmp_path, "replay", "my") == ["my readings.csv"]
    assert offered(AGENT, tmp_path, "check", "--config", "gate") == ["gatecast.toml"]
    assert offered(AGENT, tmp_path, "check", "--config", "=", "gate") == ["gatecast.toml"]
    assert set(offered(AGENT, tmp_path, "check", "--config", "=")) == {"_gatecast-agent", "gatecast.toml", "my readings.csv"}
    assert offered(AGENT, tmp_path, "check", "--listen", "") == []
    assert offered(AGENT, tmp_path, "check", "g") == []
    assert offered(ODD, tmp_path, "-q", "") == ["a", "b"]


@pytest.mark.parametrize("name", SHELLS)
@pytest.mark.parametrize("program", [AGENT, ODD], ids=lambda program: program.name)
def test_each_shell_can_read_its_script(name: str, program: Command, tmp_path: Path) -> None:
    """Whatever stands in a help text."""
    answer = subprocess.run(
        [shell(name), "-n", str(script(name, program, tmp_path))], capture_output=True, text=True, check=False
    )
    assert (answer.returncode, answer.stderr) == (0, "")


def test_fish_offers_commands_options_and_choices(tmp_path: Path) -> None:
    """As it would behind Tab."""
    asked = ("odd ", "odd deep ", "odd deep er --", "odd -q ")
    lines = "; echo ==; ".join(f"complete -C '{words}'" for words in asked)
    command = [shell("fish"), "--no-config", "-c", f"source {script('fish', ODD, tmp_path)}; {lines}"]
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    told = [[line.partition("\t")[0] for line in block.split("\n") if line] for block in answer.stdout.split("==\n")]
    assert told == [["deep"], ["er"], ["--file"], ["a", "b"]]


def test_zsh_offers_commands_with_their_help(tmp_path: Path) -> None:
    """Its own functions for completion are replaced by such as print what they get."""
    say = '_arguments() { print -r -- "$@"; state=command; }; _describe() { print -rl -- "${(@P)2}"; }; compdef() { :; }; '
    text = f"{say} source {script('zsh', ODD, tmp_path)}; _odd"
    answer = subprocess.run([shell("zsh"), "-f", "-c", text], capture_output=True, text=True, check=True)
    first, *commands = answer.stdout.splitlines()
    assert commands == ["deep:a\\: b's"]
    assert r"*--quick[it's \[quick\]\: 100% $HOME `id` \\]:HOW:(a b)" in first

"""The device's packages alone: what `gatecast`, the trainer's command, says where nothing of the trainer is installed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

TRAINER = (
    "tensorflow",
    "keras",
    "prefect",
    "httpx",  # comes with Prefect
    "polars",
    "matplotlib",
    "rich",
    "amqtt",
    "optuna",
    "lightgbm",
    "statsforecast",
)
# Where they are installed they are hidden, so that this is true in every environment.
CODE = """
import contextlib, io, json, sys
sys.modules.update(dict.fromkeys(json.loads(sys.argv[1])))
import flows.cli
said = io.StringIO()
with contextlib.redirect_stderr(said):
    code = flows.cli.run(sys.argv[2:])
print(json.dumps([code, said.getvalue()]))
"""


def gatecast(folder: Path, *arguments: str) -> tuple[int, list[str]]:
    """Exit code of the command and the lines of its errors."""
    done = subprocess.run(
        [sys.executable, "-c", CODE, json.dumps(TRAINER), *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    code, said = json.loads(done.stdout.splitlines()[-1])
    return code, said.splitlines()


@pytest.mark.parametrize(
    ("command", "package"),
    [
        (("retrain",), "rich"),
        (("import", "readings.csv"), "polars"),
        (("serve",), "httpx"),
        (("demo",), "rich"),
        (("backtest",), "rich"),
        (("compare",), "rich"),
        (("models",), "rich"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_a_command_of_the_trainer_says_what_to_install(command: tuple[str, ...], package: str, tmp_path: Path) -> None:
    """One line and exit code 2, in place of a trace."""
    code, lines = gatecast(tmp_path, *command)
    assert code == 2
    hint = "in a clone of the repository: pip install '.[train]'"
    assert lines == [f"gatecast: {package} is not installed, and gatecast {command[0]} needs it; {hint}"]


def test_a_configuration_can_be_made_without_the_trainer(tmp_path: Path) -> None:
    """`gatecast init` needs nothing but the device's packages, and so do the channels."""
    assert gatecast(tmp_path, "init") == (0, [])
    assert (tmp_path / "gatecast.toml").exists()
    code, lines = gatecast(tmp_path, "rollback")
    assert code == 2
    assert "is not installed" not in lines[0]

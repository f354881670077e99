"""`gatecast` called in this process, as a user calls it."""

from pathlib import Path

import pytest

from flows.cli import run


def call(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    """Exit code, output and errors of a command."""
    code = run([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def write_fleet(folder: Path) -> Path:
    """The configuration of a fleet with store and registry in a folder of its own."""
    path = folder / "gatecast.toml"
    path.write_text(f'[store]\nurl = "sqlite:///{folder / "store.db"}"\n[registry]\npath = "{folder / "registry"}"\n')
    return path

"""`gatecast-agent run`: what it says before it begins."""

from pathlib import Path

import pytest

from edge.cli import run


def test_without_a_configuration_nothing_starts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line on standard error that names the file, and exit code 2."""
    assert run(["run", "--config", str(tmp_path / "none.toml")]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n"), "none.toml" in err) == ("", 1, True)

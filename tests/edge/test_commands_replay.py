"""`gatecast-agent replay`: its options reach the code that replays."""

from pathlib import Path

import pytest

from edge.cli import run


def test_a_file_that_is_missing_is_said_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On standard error, with exit code 1, before the bundle is looked for elsewhere than told."""
    arguments = ["replay", str(tmp_path / "none.csv"), "--bundle", str(tmp_path / "bundle"), "--json", "--last"]
    assert run(arguments) != 0
    out, err = capsys.readouterr()
    assert (out, err.count("\n"), err.startswith("gatecast-agent: ")) == ("", 1, True)

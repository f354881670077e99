"""`gatecast-agent check`: what it prints, and its exit code."""

import json
from pathlib import Path

import pytest

from edge.cli import run


def test_a_configuration_that_is_missing_is_one_wrong_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On standard output, with exit code 2."""
    assert run(["check", "--config", str(tmp_path / "none.toml")]) == 2
    out, err = capsys.readouterr()
    assert (out.startswith("WRONG configuration: "), out.count("\n"), err) == (True, 1, "")


def test_the_findings_are_one_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With `--json`: whether all is well, and each finding with its code."""
    assert run(["check", "--config", str(tmp_path / "none.toml"), "--json"]) == 2
    document = json.loads(capsys.readouterr().out)
    assert (document["ok"], [finding["code"] for finding in document["checks"]]) == (False, [2])


def test_the_name_of_a_file_forges_no_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nor does anything else that a finding quotes."""
    assert run(["check", "--config", str(tmp_path / "a\nok    bundle: fine\x1b[2J.toml")]) == 2
    out = capsys.readouterr().out
    assert (out.count("\n"), out.strip().isprintable()) == (1, True)

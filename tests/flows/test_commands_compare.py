"""`gatecast compare` as a user meets it."""

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from flows.cli import run
from flows.commands import compare
from pipeline.cells.drawings import cell_pages


def write_readings(path: Path) -> None:
    """Two sensors over ten days, a reading every three hours, with a daily cycle."""
    hours = np.arange(0, 24 * 20, 3)
    values = [np.sin(hours / 24 * 2 * np.pi) * size + np.random.default_rng(size).normal(0, 0.3, len(hours)) for size in (1, 5)]
    rows = [f"{1_700_006_400 + hour * 3600},{one:.4f},{two:.4f}" for hour, one, two in zip(hours, *values, strict=True)]
    path.write_text("\n".join(["time,roof,yard", *rows]) + "\n")


@pytest.mark.training
@pytest.mark.slow
def test_quick_comparison_writes_everything(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Networks and cells from the user's own file: on the terminal, as JSON, as Markdown and as a poster."""
    write_readings(tmp_path / "data.csv")
    paths = {name: tmp_path / f"out.{name}" for name in ("json", "markdown", "pdf")}
    options = [word for name, path in paths.items() for word in (f"--{name}", str(path))]
    parser = argparse.ArgumentParser()
    compare.add_parser(parser.add_subparsers())
    parsed = parser.parse_args(["compare", "--quick", "--data", str(tmp_path / "data.csv"), *options])
    assert compare.run(parsed, cells=("gru", "simplernn")) == 0
    said = capsys.readouterr()
    for name in ("GRU segment", "SimpleRNN tutorial"):
        assert name in said.out
    assert max(map(len, said.out.splitlines())) <= 100
    found = json.loads(paths["json"].read_text())
    assert {(one["cell"], one["design"]) for one in found["networks"]} == {
        (cell, design) for cell in ("gru", "simplernn") for design in ("segment", "tutorial")
    }
    for one in found["networks"]:
        assert min(one["microseconds_at_batch_1"], one["microseconds_at_batch_64"], one["error"], one["bytes"]) > 0
        assert (one["coverage"] is None) == (one["design"] == "tutorial")
    assert found["series"] == 2
    assert found["trial"]
    assert "A QUICK TRY" in said.out
    assert "| GRU segment |" in paths["markdown"].read_text()
    assert len(re.findall(rb"/Type /Page\b", paths["pdf"].read_bytes())) == len(cell_pages({})) + 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--data", "nowhere.csv"), "there is no such file"),
        (("--pdf", "nowhere/poster.pdf"), "there is no such folder"),
        (("--workers", "0"), "--workers from 1"),
        (("--config", "nowhere.toml"), "nowhere.toml"),
    ],
)
def test_wrong_use_is_told_before_minutes_of_training(
    arguments: tuple[str, ...], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 2 and one line."""
    monkeypatch.chdir(tmp_path)
    assert run(["compare", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_help_fits_a_small_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """24 lines of 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        run(["compare", "--help"])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80


def test_caller_never_imports_tensorflow() -> None:
    """Training, drawing and printing share no process."""
    code = "import sys, flows.comparing.run, flows.output.comparison, pipeline.cells.poster\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"tensorflow", "keras", "prefect"} & set(done.stdout.split())

"""`gatecast-agent check`: what it prints, and its exit code."""

import contextlib
import fcntl
import json
import os
import pty
import struct
import subprocess
import termios
from pathlib import Path

import pytest

from edge.cli import run
from tests.support.ready_device import AGENT, Device


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


@pytest.mark.parametrize(("columns", "widest"), [(72, 72), (20, 60)])
def test_a_terminal_gets_lines_that_fit(device: Device, columns: int, widest: int) -> None:
    """As wide as it is, and at least 60 columns; a pipe gets them whole."""
    whole = device.run("check").stdout
    assert max(map(len, whole.splitlines())) > 100
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {name: text for name, text in os.environ.items() if name != "COLUMNS"}
    with subprocess.Popen([AGENT, "check"], cwd=device.folder, env=environment, stdout=theirs) as process:
        os.close(theirs)
        shown = b""
        with contextlib.suppress(OSError):  # the terminal's other side was closed
            while piece := os.read(ours, 4096):
                shown += piece
    os.close(ours)
    lines = shown.decode().splitlines()
    wider = [line for line in lines if len(line) > widest]
    assert (process.returncode, [line for line in wider if "/" not in line.split()[-1]]) == (0, [])  # a path stays whole
    assert " ".join(shown.decode().split()) == " ".join(whole.split())
    assert [line.partition(":")[0] for line in lines if not line.startswith(" " * 6)] == [
        line.partition(":")[0] for line in whole.splitlines()
    ]

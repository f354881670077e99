"""`gatecast-agent bench`: its options reach the measurements, and nothing is left behind."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from edge.cli import run
from edge.commands.exit_codes import STOPPED

SMALL = ["--series", "10", "--per-closing", "2", "--readings", "60", "--rate", "100", "--seconds", "1", "--sizes", "5"]


def configured(folder: Path) -> Path:
    """A configuration whose broker and store are not there."""
    path = folder / "gatecast.toml"
    path.write_text(
        '[mqtt]\nurl = "mqtt://127.0.0.1:1"\n[store]\nurl = "influxdb://127.0.0.1:1/b?org=o"\n'
        f'[agent]\nstate = "{folder}/state"\n'
        '[fleet]\ninterval = "1min"\nwindow = 12\nhorizon = 3\n'
    )
    return path


def test_a_device_is_measured_without_broker_store_and_bundle(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The figures are there, the state is not touched, and the temporary folder is gone."""
    config = configured(tmp_path)
    assert run(["bench", "--config", str(config), *SMALL, "--json"]) == 0
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert (document["store"], document["series"], list(document["memory_megabytes"])) == ("influxdb", 10, ["5"])
    assert document["restart_seconds"] > 0
    assert document["readings_per_second_per_core"] > 0
    assert document["commit_seconds_p50"] <= document["commit_seconds_p99"]
    assert "last_value, interval 1min" in document["bundle"]
    assert [line[:6] for line in err.splitlines()] == ["1 of 4", "2 of 4", "3 of 4", "4 of 4"]
    assert list(tmp_path.iterdir()) == [config]


def test_ctrl_c_leaves_nothing_behind(tmp_path: Path) -> None:
    """Neither a folder nor a process."""
    config = configured(tmp_path)
    command = [sys.executable, "-m", "edge.cli", "bench", "--config", str(config), "--readings", "100000000"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, env=dict(os.environ), text=True) as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("1 of 4")
        process.send_signal(signal.SIGINT)
        assert process.wait() == STOPPED
        assert "stopped by Ctrl-C" in process.stderr.read()
    assert list(tmp_path.iterdir()) == [config]


@pytest.mark.parametrize("number", ["0", "-1", "1.5", "many"])
def test_a_number_that_is_none_is_refused(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong use, said in one line."""
    with pytest.raises(SystemExit) as ended:
        run(["bench", f"--series={number}"])
    assert ended.value.code == 2
    assert "a whole number of at least 1" in capsys.readouterr().err

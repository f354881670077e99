"""`gatecast doctor`, as a user calls it."""

import json
import socket
import threading
from pathlib import Path

import pytest

pytest.importorskip("prefect")

from tests.support.commands import call, write_fleet
from tests.support.home_assistant import Recorder
from tests.support.servers import free_port, wait_until
from tests.support.sources import START

pytestmark = pytest.mark.training


def test_a_new_fleet_hears_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One check that fails stops no other; the same as a table and as JSON, and nothing is made."""
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.chdir(tmp_path)
    path = write_fleet(tmp_path)
    path.write_text(f'[mqtt]\nurl = "mqtt://127.0.0.1:{free_port()}"\n{path.read_text()}')
    code, out, err = call(capsys, "doctor", "--config", path, "--listen", "1")
    rows, _, following = out.partition("\nwhat to do next:\n")
    states = {line[9:].split("  ")[0]: line.split()[0] for line in rows.splitlines()}
    assert (code, err) == (1, "")
    assert {
        name: states[name] for name in ("broker", "bundle", "champion", "history", "prefect", "packages", "last training")
    } == {
        "broker": "WRONG",
        "bundle": "WRONG",
        "champion": "warning",
        "history": "warning",
        "prefect": "warning",
        "packages": "ok",
        "last training": "ok",
    }
    assert "champion: run gatecast retrain (without a history yet: gatecast promote last_value)" in following
    assert [entry.name for entry in tmp_path.iterdir()] == ["gatecast.toml"]
    code, out, _ = call(capsys, "doctor", "--config", path, "--listen", "1", "--json")
    document = json.loads(out)
    assert (code, document["ok"], len(document["checks"])) == (1, False, len(rows.splitlines()))
    assert {check["grade"] for check in document["checks"]} == {"ok", "warning", "wrong"}


def test_a_history_that_is_read_whole_is_told_beforehand(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the longest time; the row with what is there comes last."""
    recorder = Recorder(tmp_path / "ha.db")
    recorder.means("sensor.a", [(START + 3600 * k, k % 24) for k in range(40)])
    path = write_fleet(tmp_path)
    text = f'[mqtt]\nurl = "mqtt://127.0.0.1:{free_port()}"\n{path.read_text()}'
    path.write_text(f'{text}[[history]]\nurl = "sqlite:///{recorder.path}"\n')
    out = call(capsys, "doctor", "--config", path, "--listen", "0")[1]
    told = [line[25:] for line in out.splitlines() if line[9:].startswith("history ")]
    assert "it is read as a whole now, which takes 120 s at most" in told[:-1]
    assert told[-1].startswith("40 readings of 1 series; no training yet: ")


def test_without_a_configuration_the_machine_is_told_all_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, as for every command."""
    code, out, _ = call(capsys, "doctor", "--config", tmp_path / "none.toml")
    assert code == 2
    assert [line.split()[:2] for line in out.splitlines()[:3]] == [
        ["WRONG", "configuration"],
        ["ok", "packages"],
        ["ok", "memory"],
    ]
    assert "1. configuration: name the file with --config, or make one with gatecast init" in out


@pytest.mark.slow
def test_a_store_that_hangs_costs_its_own_seconds_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """History and last training are not read from it again; everything else is told."""
    monkeypatch.chdir(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        (tmp_path / "gatecast.toml").write_text(
            f'[mqtt]\nurl = "mqtt://127.0.0.1:{free_port()}"\n[store]\nurl = "influxdb://127.0.0.1:{port}/b?org=o"\n'
        )
        code, out, _ = call(capsys, "doctor", "--listen", "0")
    wait_until(lambda: not any(thread.name.startswith("gatecast-check") for thread in threading.enumerate()))
    lines = out.splitlines()
    assert code == 1
    assert any(line.startswith("WRONG    store           no answer within 10 s") for line in lines)
    assert any(line.startswith("warning  history         it was not read") for line in lines)
    assert not any("last training" in line for line in lines)
    assert any(line.startswith("warning  prefect") for line in lines)

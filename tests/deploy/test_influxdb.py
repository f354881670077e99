"""The set-up of InfluxDB in compose: once, with the right secrets, and with none of them on a command line."""

import json
import os
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.support.fake_setup import SetUp
from tests.support.servers import HANGS_AFTER, requires

SERVICE = yaml.safe_load((Path(__file__).parents[2] / "deploy" / "compose.yaml").read_text())["services"]["influxdb"]
SECRETS = {"SETUP_PASSWORD": 'pass"word\\1', "SETUP_TOKEN": "token-of-the-stack"}


def _run(folder: Path, port: int) -> str:
    """The command of compose with a database of ours; returns how its programs were called."""
    lines = folder / "lines"
    (folder / "bin").mkdir(exist_ok=True)
    for program in ("curl", "grep"):
        wrapper = folder / "bin" / program
        wrapper.write_text(f'#!/bin/sh\necho "{program} $*" >> {lines}\nexec {requires(program)} "$@"\n')
        wrapper.chmod(0o755)
    script = SERVICE["command"][-1].replace("$$", "$").replace(":8086", f":{port}")
    script = script.replace("exec /entrypoint.sh influxd", "wait")
    fixed = {key: value for key, value in SERVICE["environment"].items() if key.startswith("SETUP_") and key not in SECRETS}
    variables = {"PATH": f"{folder}/bin:{os.environ['PATH']}"} | fixed | SECRETS
    words = [requires("bash"), *SERVICE["command"][1:-1], script]
    subprocess.run(words, env=variables, check=True, capture_output=True, timeout=HANGS_AFTER)
    return lines.read_text()


def _is_healthy(port: int) -> bool:
    kind, check = SERVICE["healthcheck"]["test"]
    assert kind == "CMD-SHELL"
    done = subprocess.run(["/bin/sh", "-c", check.replace(":8086", f":{port}")], check=False, timeout=HANGS_AFTER)
    return done.returncode == 0


@pytest.mark.servers
def test_the_database_is_set_up_once_and_no_command_line_has_a_secret(tmp_path: Path) -> None:
    """Healthy is only what has been set up; a second start changes nothing."""
    with SetUp() as server:
        assert not _is_healthy(server.port)
        lines = _run(tmp_path, server.port)
        assert _is_healthy(server.port)
        lines += _run(tmp_path, server.port)
        assert [json.loads(body) for body in server.bodies] == [
            {
                "username": "gatecast",
                "password": SECRETS["SETUP_PASSWORD"],
                "org": "gatecast",
                "bucket": "gatecast",
                "token": SECRETS["SETUP_TOKEN"],
            }
        ]
    assert "curl" in lines
    assert not any(secret in lines for secret in SECRETS.values())
    assert "word" not in lines

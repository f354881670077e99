"""The server of the page in a process of its own: it is up before the store has answered, and ends when it is asked to."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest

from edge.stores.sqlite import sqlite_url
from tests.support.page_store import page_store
from tests.support.servers import HANGS_AFTER

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_page_without_a_trace(tmp_path: Path, number: signal.Signals) -> None:
    """Within seconds, and nothing is said but one line."""
    page_store(tmp_path / "store.db").close()
    path = tmp_path / "gatecast.toml"
    url = json.dumps(sqlite_url(tmp_path / "store.db"))
    path.write_text(
        f'[mqtt]\nurl = "mqtt://127.0.0.1"\n[[ingest]]\ntopic = "a/{{b}}"\nseries = "{{b}}"\n[store]\nurl = {url}\n'
    )
    command = [sys.executable, "-m", "flows.cli", "page", "--config", str(path), "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().split(": ", 1)[1].split(",")[0]
            with urlopen(address) as answer:  # noqa: S310 - our own
                assert answer.status == 200
        finally:
            process.send_signal(number)
        _, told = process.communicate(timeout=HANGS_AFTER)
    assert "Traceback" not in told
    assert len(told.splitlines()) <= 1
    assert process.returncode == (130 if number is signal.SIGINT else -signal.SIGTERM)  # systemd takes both as an end in order

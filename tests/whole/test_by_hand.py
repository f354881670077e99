"""The page on running agent, broker and store by hand, typed as it stands; only the ports are other ones."""

import os
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from tests.support.documented import ROOT, blocks, environment, shell
from tests.support.servers import HANGS_AFTER, free_port, requires, wait_until

pytestmark = pytest.mark.servers
BROKER, HEALTH = 1883, 9273  # as the page and the defaults have them


@contextmanager
def terminal(script: str, folder: Path, variables: dict[str, str], log: Path) -> Iterator[None]:
    """A shell whose last command runs until the block ends; the whole group gets Ctrl-C."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["/bin/sh", "-euc", script],
            cwd=folder,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a group of its own, so that Ctrl-C reaches these programs only
        )
        try:
            yield
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGINT)
            process.wait(HANGS_AFTER)


def values(store: Path) -> list[tuple[float]]:
    """Every reading in a SQLite store; nothing before the agent has made its table."""
    if not store.exists():
        return []
    with closing(sqlite3.connect(store)) as connection:
        known = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'reading'").fetchall()
        return connection.execute("SELECT value FROM reading").fetchall() if known else []


def test_broker_agent_and_store_run_from_a_clone_as_the_page_says(tmp_path: Path) -> None:
    """A reading that is sent by hand is in the store and on the agent's page."""
    if shutil.which("mosquitto_pub") is None:
        pytest.skip("mosquitto_pub is not on the PATH: apt-get install mosquitto-clients")
    folders = [Path(requires("mosquitto")).parent]
    broker, health = str(free_port()), str(free_port())
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")
    page = (ROOT / "docs" / "by-hand.md").read_text("utf-8")
    start_broker, start_agent, send, look = (block.replace(str(HEALTH), health) for block in blocks(page, "sh"))
    assert "mosquitto_pub" in send
    assert str(BROKER) in start_broker
    # The written configuration has the ports of the page: change them as a reader would whose ports are taken.
    ports = f"sed -i 's/:{BROKER}/:{broker}/; s/:{HEALTH}/:{health}/' gatecast.toml\ngatecast-agent run"
    start_agent = start_agent.replace("gatecast-agent run", ports)
    variables = environment(*folders, PYTHONPATH=str(ROOT), PYTHONUNBUFFERED="1")
    logs = tmp_path / "broker.log", tmp_path / "agent.log"
    with (
        terminal(start_broker.replace(str(BROKER), broker), tmp_path, variables, logs[0]),
        terminal(start_agent, tmp_path, variables, logs[1]),
    ):
        wait_until(lambda: "connected: subscribed" in logs[1].read_text("utf-8"), what="the agent's connection")
        assert "no bundle is live" in logs[1].read_text("utf-8")
        shell(send.replace("mosquitto_pub", f"mosquitto_pub -p {broker}"), tmp_path, variables)
        wait_until(lambda: values(tmp_path / "gatecast.db") == [(61.5,)], what="the reading in the store")
        shown = shell(look, tmp_path, variables)
    assert "('house.boiler.temperature', 61.5)" in shown
    assert "gatecast_readings_total 1.0" in shown

"""The README's first steps run as they stand, and the summary it shows is the one the demo prints."""

import json
import re
import shlex
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import edge.cli
import flows.cli
from edge.config.reading import read_config
from edge.contract.contract import Contract
from edge.contract.times import SECOND
from edge.forecaster.bundle import Bundle
from edge.forecaster.manifest import Manifest, version_of
from edge.stores.sqlite import sqlite_url
from pipeline.release.registry import Registry
from tests.support.agent_process import Running
from tests.support.documented import ROOT, blocks, environment, shell
from tests.support.servers import Mosquitto, free_port, wait_until

README = (ROOT / "README.md").read_text("utf-8")
WITHOUT_TIME = "mosquitto_pub -q 1 -t sensors/house/boiler/temperature -m '{\"value\": 61.5}'"
RUN = {"gatecast": flows.cli.run, "gatecast-agent": edge.cli.run}


def first_steps() -> list[list[str]]:
    """Commands of the section on the reader's own data."""
    section = README.split("## Your own data")[1].split("\n## ")[0]
    return [shlex.split(line) for line in blocks(section, "sh")[0].splitlines() if line.startswith("gatecast")]


def test_the_configuration_shown_is_whole(tmp_path: Path) -> None:
    """An agent that has no more than that finds what `gatecast retrain` releases."""
    section = README.split("## Your own data")[1].split("\n## ")[0]
    (tmp_path / "gatecast.toml").write_text(blocks(section, "toml")[0], encoding="utf-8")
    config = read_config(tmp_path / "gatecast.toml")
    assert Path(config.release.channel) == Path(config.registry.path) / "channels" / f"{config.registry.channel}.json"


def release_a_baseline(folder: Path) -> None:
    """What `gatecast retrain` would do, without the minutes."""
    contract = Contract(3600 * SECOND, 168, 24)
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    version = version_of(moment, "last_value", b"")
    registry = Registry(folder)
    registry.add(Bundle(Manifest(version, contract, [], moment.isoformat(), "0.1.0", baseline="last_value")))
    registry.promote(version)


def test_first_steps_lead_to_an_agent_that_is_ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the file that init writes, import and check end with 0; retrain is stood in for, and run comes last."""
    monkeypatch.chdir(tmp_path)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    rows = [
        f"house.boiler.temperature,{start + timedelta(hours=hour):%Y-%m-%dT%H:%M:%SZ},{60 + hour % 24}" for hour in range(96)
    ]
    (tmp_path / "readings.csv").write_text("\n".join(["series,time,value", *rows]), encoding="utf-8")
    steps = first_steps()
    assert [step[1] for step in steps] == ["init", "import", "retrain", "check", "run"]
    for program, *arguments in steps[:-1]:
        if arguments == ["retrain"]:
            release_a_baseline(tmp_path / "registry")
        else:
            assert RUN[program](arguments) == 0


@pytest.mark.servers
def test_the_message_shown_is_read_as_it_stands_and_one_without_a_time_is_skipped(tmp_path: Path) -> None:
    """The command that sends a reading of now, and what the page says of a message without a time."""
    send = blocks(README.split("## Your own data")[1], "sh")[1]
    begin = time.time_ns() // SECOND
    with sending(tmp_path, "# time") as (agent, shown):
        shown(WITHOUT_TIME)
        wait_until(lambda: "no_time" in agent.log.read_text(), what="the message without a time")
        assert 'for payloads without a time set [[ingest]] time = ""' in agent.log.read_text()
        shown(send)
        wait_until(lambda: readings(tmp_path) != [], what="the reading in the store")
    ((value, moment),) = readings(tmp_path)
    assert (value, begin <= moment // SECOND <= time.time_ns() // SECOND) == (61.5, True)


@pytest.mark.servers
def test_a_message_without_a_time_is_read_with_the_line_that_the_page_has(tmp_path: Path) -> None:
    """The time of its arrival counts."""
    begin = time.time_ns() // SECOND
    with sending(tmp_path, "time") as (_, shown):
        shown(WITHOUT_TIME)
        wait_until(lambda: readings(tmp_path) != [], what="the reading in the store")
    ((value, moment),) = readings(tmp_path)
    assert (value, begin <= moment // SECOND <= time.time_ns() // SECOND) == (61.5, True)


@contextmanager
def sending(folder: Path, line: str) -> Iterator[tuple[Running, Callable[[str], None]]]:
    """An agent with the configuration of the page, and a function that runs its commands; only ports and store are other ones.

    Args:
        folder: folder of the configuration and the store.
        line: beginning of the line about messages without a time.
    """
    if shutil.which("mosquitto_pub") is None:
        pytest.skip("mosquitto_pub is not on the PATH: apt-get install mosquitto-clients")
    with Mosquitto(folder / "broker") as broker:
        text = blocks(README.split("## Your own data")[1], "toml")[0].replace("mqtt://127.0.0.1:1883", broker.url)
        text = re.sub(r'"influxdb://[^"]*"', json.dumps(sqlite_url(folder / "store.db")), text.replace("# time", line))
        text += f'[agent]\nstate = "{folder / "state"}"\nhealth = "127.0.0.1:{free_port()}"\ncommit = "0s"\n'
        (folder / "gatecast.toml").write_text(text, encoding="utf-8")
        agent = Running(folder / "gatecast.toml")
        agent.start()

        def shown(command: str) -> None:
            shell(command.replace("mosquitto_pub ", f"mosquitto_pub -p {broker.port} "), folder, environment())

        yield agent, shown
        agent.stop()


def readings(folder: Path) -> list[tuple[float, int]]:
    """Values and times of the store, ns UTC; nothing before the agent has made its table."""
    if not (folder / "store.db").exists():
        return []
    with closing(sqlite3.connect(folder / "store.db")) as connection:
        known = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'reading'").fetchall()
        return connection.execute("SELECT value, time FROM reading").fetchall() if known else []


def test_the_summary_shown_is_the_one_printed() -> None:
    """Every label of the example output is written by the demo's code."""
    code = (ROOT / "flows" / "output" / "demo.py").read_text("utf-8")
    example = blocks(README, "text")[0]
    labels = re.findall(r"^ {2}([a-z]+):", example, re.MULTILINE)
    assert set(labels) >= {"readings", "model", "stream", "store", "report"}
    for label in labels:
        assert f'"{label}: ' in code, label


def test_the_two_commands_are_make_targets() -> None:
    """What the README tells to run first is in the Makefile."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert blocks(README, "sh")[0].splitlines() == ["make demo", "make test"]
    for target in ("demo", "test"):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)

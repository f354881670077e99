"""An agent with `[publish]` beside a real Home Assistant, where one is installed; else `test_publish_making.py` alone says so.

HOME_ASSISTANT_PYTHON names a Python that has the package `homeassistant`, 2024.12 or later.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.edge.test_publish_anomalies import DAY, minutes
from tests.edge.test_publish_making import configured, rows, told
from tests.support.agent_process import running
from tests.support.documented import ROOT
from tests.support.servers import Mosquitto, free_port, wait_until

PYTHON = os.environ.get("HOME_ASSISTANT_PYTHON")


class Core:
    """A Home Assistant that runs.

    Args:
        states: file that it writes.
        log: its log.
    """

    def __init__(self, states: Path, log: Path) -> None:
        self._states, self.log = states, log

    def entities(self) -> dict[str, Any]:
        """State and attributes by the name of the entity; the agent's own is left out."""
        return {} if not self._states.exists() else dict(json.loads(self._states.read_text())["states"])

    def known(self) -> dict[str, str]:
        """Unique identifiers by the name of the entity."""
        return dict(json.loads(self._states.read_text())["known"])

    def state(self, name: str) -> str | None:
        """State of an entity, or None where there is none."""
        state: str | None = self.entities().get(name, [None])[0]
        return state


@contextmanager
def core(folder: Path, port: int) -> Iterator[Core]:
    """A Home Assistant that is ended by its own pid."""
    if PYTHON is None:
        pytest.skip("homeassistant is not installed: set HOME_ASSISTANT_PYTHON to a Python that has it")
    log, states = folder / "core.log", folder / "states.json"
    script = ROOT / "tests" / "support" / "house_core.py"
    program = [PYTHON, str(script), str(folder / "core"), str(port), str(free_port()), str(states)]
    with log.open("wb") as file:
        process = subprocess.Popen(program, stdout=file, stderr=file)
    try:
        wait_until(lambda: states.exists() or process.poll() is not None)
        assert process.poll() is None, log.read_text()
        yield Core(states, log)
    finally:
        process.terminate()
        process.wait()


@pytest.mark.servers
def test_a_real_home_assistant_shows_them(tmp_path: Path, mosquitto: Mosquitto) -> None:
    """Entities appear with unit and class, change, are unavailable after `kill -9`, and disappear; it complains of nothing."""
    keys = '\n[publish]\nhome_assistant = true\n[[alert]]\nname = "warm"\nseries = "d0.*"\nabove = 25.0\n'
    config = configured(tmp_path, mosquitto, keys)
    config.write_text(config.read_text().replace("[[ingest]]", '[[ingest]]\nunit = "°C"'))
    with core(tmp_path, mosquitto.port) as house, running(config) as agent:
        told(mosquitto.port, rows("d0.t", range(30)), rows("Küche 1.t", range(30), 5.0))
        wait_until(lambda: house.state("sensor.gatecast_d0_t_next_forecast") == "20.28")
        wait_until(lambda: house.state("binary_sensor.gatecast_d0_t_warm") == "off")
        wait_until(lambda: house.state("sensor.gatecast_kuche_1_t_highest_forecast_within_6min") == "5.28")
        attributes = house.entities()["sensor.gatecast_d0_t_next_forecast"][1]
        assert (attributes["unit_of_measurement"], attributes["device_class"]) == ("°C", "temperature")
        assert attributes["q50"] == [20.28] * 6
        assert house.state("sensor.gatecast_d0_t_time_of_the_highest_forecast") == "2026-09-21T14:29:00+00:00"
        known = house.known()
        told(mosquitto.port, rows("d0.t", range(30, 35), 30.0))
        wait_until(lambda: house.state("sensor.gatecast_d0_t_next_forecast") == "30.33")
        wait_until(lambda: house.state("binary_sensor.gatecast_d0_t_warm") == "on")
        agent.kill()
        wait_until(lambda: house.state("sensor.gatecast_d0_t_next_forecast") == "unavailable")
        assert house.state("binary_sensor.gatecast_agent_status") == "off"
        agent.start()
        wait_until(lambda: house.state("sensor.gatecast_d0_t_next_forecast") == "30.33")
        assert house.known() == known
        agent.stop()
        config.write_text(config.read_text().replace(keys, '\n[publish]\nhome_assistant = true\nseries = ["d0.*"]\n'))
        agent.start()
        wait_until(lambda: not any("kuche" in name or "warm" in name for name in house.known()))
        wait_until(lambda: house.state("sensor.gatecast_d0_t_next_forecast") == "30.33")
        agent.stop()
        config.write_text(config.read_text().partition("\n[publish]")[0] + "\n")
        agent.start()
        wait_until(lambda: house.known() == {} == house.entities())
    said = [line for line in house.log.read_text().splitlines() if "mqtt" in line or "template" in line]
    assert said == []


@pytest.mark.servers
def test_a_real_home_assistant_shows_anomalies(tmp_path: Path, mosquitto: Mosquitto) -> None:
    """On while one stands, with its numbers as attributes; it goes when nobody looks for anomalies any more."""
    section = '\n[anomaly]\nevery = "30d"\n'
    config = configured(tmp_path, mosquitto, f"\n[publish]\nhome_assistant = true\n{section}")
    name = "binary_sensor.gatecast_d0_t_anomaly"
    with core(tmp_path, mosquitto.port) as house, running(config) as agent:
        told(mosquitto.port, minutes(0, DAY + 60))
        wait_until(lambda: house.state(name) == "off")
        told(mosquitto.port, minutes(DAY + 60, DAY + 62, 90.0))
        wait_until(lambda: house.state(name) == "on")
        attributes = house.entities()[name][1]
        assert (attributes["device_class"], attributes["since"]) == ("problem", "2026-09-22T15:00:00Z")
        assert attributes["rarity"] == 40  # times one whole day
        agent.stop()
        config.write_text(config.read_text().replace(section, ""))
        agent.start()
        wait_until(lambda: name not in house.known() and "sensor.gatecast_d0_t_next_forecast" in house.known())
    said = [line for line in house.log.read_text().splitlines() if "mqtt" in line or "template" in line]
    assert said == []

"""The systemd unit: systemd takes it, and it restarts an agent that stands still."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from edge.config.sections import Agent
from edge.contract.times import parse_duration

UNIT = Path(__file__).parents[2] / "deploy" / "gatecast-agent.service"


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    """Every key is known and has a value that systemd understands; the program itself is not on this machine."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze on this machine")
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text().replace("/opt/gatecast/bin/gatecast-agent", "/bin/true"))
    answer = subprocess.run(["systemd-analyze", "verify", copy], capture_output=True, text=True, check=False)
    assert [line for line in answer.stderr.splitlines() if UNIT.name in line] == []


def test_a_start_may_look_through_a_full_spool() -> None:
    """A gigabyte, the default of `[agent] spool_limit`, at a megabyte a second; the default of systemd is 90 s."""
    (minutes,) = re.findall(r"^TimeoutStartSec=(\d+)min$", UNIT.read_text(), re.MULTILINE)
    assert int(minutes) * 60 >= Agent().spool_limit


def test_the_watchdog_waits_longer_than_the_health_page() -> None:
    """So that the page says why before the restart."""
    text = UNIT.read_text()
    assert "Type=notify" in text
    (minutes,) = re.findall(r"^WatchdogSec=(\d+)min$", text, re.MULTILINE)
    assert parse_duration(f"{minutes}min") > parse_duration(Agent().stall)

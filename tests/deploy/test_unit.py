"""The systemd units: systemd takes them and rates them well, and they run what exists on what the documentation installs."""

import re
import subprocess
from pathlib import Path

import pytest

from edge.agent.heartbeat import ENDS_AFTER
from edge.config.reading import read_config
from edge.config.sections import PASSWORD_VARIABLE, Agent
from edge.contract.times import SECOND, parse_duration
from edge.stores.address import TOKEN_VARIABLE
from tests.support.documented import DocumentationError, blocks, environment, moved, section, shell
from tests.support.servers import requires

DEPLOY = Path(__file__).parents[2] / "deploy"
PAGE = DEPLOY / "README.md"
AGENT, SERVE = DEPLOY / "gatecast-agent.service", DEPLOY / "gatecast-serve.service"
UNITS = {unit.stem: unit for unit in (AGENT, SERVE)}
OURS = ("/opt/gatecast/bin/gatecast-agent", "/opt/gatecast-trainer/bin/gatecast")

every_unit = pytest.mark.parametrize("name", UNITS)


def _settings(unit: Path) -> dict[str, str]:
    """The last value of each key."""
    return dict(line.split("=", 1) for line in unit.read_text().splitlines() if re.match(r"[A-Z]\w*=", line))


def _runnable(name: str, folder: Path) -> Path:
    """A copy of a unit with a program and an account that are on every machine."""
    text = UNITS[name].read_text()
    for program in OURS:
        text = text.replace(program, "/bin/true")
    path = folder / UNITS[name].name
    path.write_text(text.replace("User=gatecast", "User=daemon").replace("Group=gatecast", "Group=daemon"))
    return path


@pytest.mark.servers
@every_unit
def test_systemd_accepts_the_unit(name: str, tmp_path: Path) -> None:
    """`systemd-analyze verify` has nothing to say, not even a warning."""
    done = subprocess.run(
        [requires("systemd-analyze"), "verify", "--man=no", str(_runnable(name, tmp_path))],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.servers
@every_unit
def test_the_unit_exposes_little(name: str, tmp_path: Path) -> None:
    """`systemd-analyze security` rates it 2.0 or better of 10."""
    done = subprocess.run(
        [
            requires("systemd-analyze"),
            *("security", "--offline=true", "--threshold=20", "--no-pager", str(_runnable(name, tmp_path))),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-300:]


def test_both_units_have_the_same_sandbox() -> None:
    """What protects the machine from one protects it from the other."""
    sandbox = r"^(?:Protect|Private|Restrict|Lock|NoNew|Capab|Ambient|System|Remove).*$"
    sandboxes = [re.findall(sandbox, unit.read_text(), re.MULTILINE) for unit in UNITS.values()]
    assert sandboxes[0] == sandboxes[1]
    assert len(sandboxes[0]) > 20


@every_unit
def test_no_secret_is_on_a_command_line(name: str) -> None:
    """Secrets come from a file that root alone reads, and may be missing."""
    settings = _settings(UNITS[name])
    assert settings["EnvironmentFile"].startswith("-/etc/gatecast/")
    assert not re.search(r"password|token", settings["ExecStart"], re.IGNORECASE)
    assert TOKEN_VARIABLE in UNITS[name].read_text()


def test_the_unit_runs_the_agent_on_the_state_of_the_example() -> None:
    """Command, folder and secrets are the agent's."""
    settings = _settings(AGENT)
    assert settings["ExecStart"] == f"{OURS[0]} run --config /etc/gatecast/gatecast.toml"
    assert f"/var/lib/{settings['StateDirectory']}" == read_config(DEPLOY / "gatecast.toml").agent.state
    assert (settings["Restart"], settings["ProtectSystem"], settings["NoNewPrivileges"]) == ("always", "strict", "yes")
    assert PASSWORD_VARIABLE in AGENT.read_text()


def test_the_trainer_may_write_to_the_registry_of_the_example() -> None:
    """And runs the command that serves the schedule."""
    settings = _settings(SERVE)
    assert settings["ExecStart"] == f"{OURS[1]} serve --config /etc/gatecast/gatecast.toml"
    assert settings["ReadWritePaths"] == read_config(DEPLOY / "gatecast.toml").registry.path
    assert settings["Restart"] == "always"


def test_a_start_may_look_through_a_full_spool() -> None:
    """A gigabyte, the default of `[agent] spool_limit`, at a megabyte a second; the default of systemd is 90 s."""
    (minutes,) = re.findall(r"^TimeoutStartSec=(\d+)min$", AGENT.read_text(), re.MULTILINE)
    assert int(minutes) * 60 >= Agent().spool_limit


def test_the_watchdog_waits_longer_than_the_health_page() -> None:
    """So that the page says why before the restart; the agent's own watchdog is no later than systemd's."""
    text = AGENT.read_text()
    assert "Type=notify" in text
    (minutes,) = re.findall(r"^WatchdogSec=(\d+)min$", text, re.MULTILINE)
    stall = parse_duration(Agent().stall)
    assert parse_duration(f"{minutes}min") > stall
    assert ENDS_AFTER * stall == int(minutes) * 60 * SECOND


def test_the_trainer_is_installed_as_the_page_says(tmp_path: Path) -> None:
    """Its commands, with stand-ins for what changes the machine or needs a registry, put everything where the unit looks."""
    (install,) = blocks(section(PAGE.read_text("utf-8"), "## The trainer on a machine of its own"), "sh")
    programs = tmp_path / "programs"
    programs.mkdir()
    for program in ("useradd", "systemctl", "python3", "chown"):
        (programs / program).write_text(f'#!/bin/sh\necho "{program} $*" >> {tmp_path}/calls\n')
        (programs / program).chmod(0o755)
    pip = tmp_path / "opt/gatecast-trainer/bin/pip"
    pip.parent.mkdir(parents=True)
    pip.write_text(f'#!/bin/sh\necho "pip $*" >> {tmp_path}/calls\n')
    pip.chmod(0o755)
    (tmp_path / "etc/systemd/system").mkdir(parents=True)
    shell(moved(install, tmp_path), DEPLOY.parent, environment(programs))
    calls = (tmp_path / "calls").read_text().splitlines()
    settings = _settings(SERVE)
    assert (tmp_path / "etc/systemd/system" / SERVE.name).read_text() == SERVE.read_text()
    assert (tmp_path / "etc/gatecast/gatecast.toml").exists()
    secrets = tmp_path / settings["EnvironmentFile"].removeprefix("-/")
    assert secrets.stat().st_mode & 0o077 == 0
    assert (tmp_path / settings["ReadWritePaths"].lstrip("/")).is_dir()
    assert any(call.startswith("useradd ") and call.endswith(f" {settings['User']}") for call in calls)
    assert [call for call in calls if call.startswith("pip ")] == [
        "pip install --require-hashes -r requirements/train.txt",
        "pip install --no-deps .",
    ]
    assert f"systemctl enable --now {SERVE.stem}" in calls
    with pytest.raises(DocumentationError):
        moved("cat /etc/shadow", tmp_path)


@pytest.mark.servers
def test_the_unit_of_the_page_is_sound(tmp_path: Path) -> None:
    """The one that docs/page.md shows, with a program and a user that are there."""
    page = (DEPLOY.parent / "docs" / "page.md").read_text("utf-8").partition("```ini\n")[2].partition("```")[0]
    unit = tmp_path / "gatecast-page.service"
    unit.write_text(page.replace("/opt/gatecast/bin/gatecast", "/bin/true").replace("User=gatecast", "User=root"))
    command = [requires("systemd-analyze"), "verify", "--man=no", str(unit)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stderr.strip()) == (0, "")

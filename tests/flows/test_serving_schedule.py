"""`gatecast serve`: its runs really happen, with a Prefect server of its own and with one that two fleets share."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("prefect")

import msgspec

from edge.config.sections import Config
from edge.config.training_sections import Schedule
from edge.errors import ConfigurationError
from flows.serving.schedule import home, schedule
from flows.serving.served import served as table
from pipeline.release.registry import Registry
from tests.flows.test_retraining_flow import cycles, fill, write_fleet
from tests.support.prefect_server import PrefectServer
from tests.support.servers import wait_until
from tests.support.stopped import Command

pytestmark = pytest.mark.training


@pytest.mark.parametrize("text", ["every day", "@daily", "* * * * * *", "61 * * * *", ""])
def test_a_cron_that_is_none_is_refused(text: str, tmp_path: Path) -> None:
    """Five fields, before any server starts."""
    with pytest.raises(ConfigurationError, match=r"\[schedule\] cron: .* is no cron line; write five fields in UTC"):
        schedule(table(msgspec.structs.replace(Config(), schedule=Schedule(cron=text)))[0], tmp_path / "gatecast.toml")


def test_a_schedule_is_known_by_its_name_and_says_why_its_runs_start(tmp_path: Path) -> None:
    """Its slug is the flow's, it is active or not as the configuration says, and the cause goes to the flow."""
    for active in (True, False):
        config = msgspec.structs.replace(Config(), schedule=Schedule(active=active))
        made = schedule(table(config)[0], tmp_path / "gatecast.toml")
        assert (made.slug, made.active, made.cron, made.timezone) == ("retrain", active, "0 3 * * *", "UTC")
        assert made.parameters == {"config_path": str(tmp_path / "gatecast.toml"), "cause": "schedule"}


def test_a_fleet_is_served_once(tmp_path: Path) -> None:
    """Two servers on one database would undo each other's work."""
    with (
        home(tmp_path / "gatecast.toml") as folder,
        pytest.raises(ConfigurationError, match=r"another gatecast serve \(process \d+\) keeps its data in"),
        home(tmp_path / "gatecast.toml"),
    ):
        pass
    assert folder.is_relative_to(tmp_path / ".gatecast")
    with home(tmp_path / "gatecast.toml"):
        pass


def fleet(folder: Path) -> Path:
    """A fleet that retrains every minute, in seconds."""
    folder.mkdir()
    path = write_fleet(folder, '["simplernn"]')
    text = path.read_text().replace("epochs = 3", "epochs = 1").replace('["float32", "int8"]', '["float32"]')
    path.write_text(f'{text}[schedule]\ncron = "* * * * *"\n')
    fill(folder, cycles()[:, :400])
    return path


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Command]]:
    """Commands by name; what a failing test leaves behind is killed."""
    for name in [name for name in os.environ if name.startswith("PREFECT_")]:
        monkeypatch.delenv(name)
    commands: dict[str, Command] = {}
    yield commands
    for command in commands.values():
        command.process.kill()
        command.process.communicate()


@pytest.mark.slow
@pytest.mark.servers
@pytest.mark.skipif(sys.platform != "linux", reason="looks through /proc")
def test_scheduled_runs_happen_for_every_fleet(
    served: dict[str, Command], prefect_server: PrefectServer, tmp_path: Path
) -> None:
    """One fleet without a Prefect server, two that share one: each runs, and the end of one leaves the other alone.

    Each ends as soon as its run is done: the next minute would begin another training.
    """
    folders = {name: tmp_path / name for name in ("own", "north", "south")}
    for name, folder in folders.items():
        path = fleet(folder)
        environment = {} if name == "own" else prefect_server.environment
        served[name] = Command(["-m", "flows.cli", "serve", "--config", str(path)], folder, **environment)
    for command in served.values():
        command.wait_for("next run ")
    for name, folder in folders.items():
        registry = Registry(folder / "registry")
        wait_until(lambda registry=registry: registry.live() is not None, what=f"a release of {name}")  # type: ignore[misc]
        served[name].wait_for(" done in ")
        if name != "south":
            code, said = served[name].end(signal.SIGTERM)
            assert code == 143
            assert said.splitlines()[-1] == "gatecast: stopped by SIGTERM"
            assert "Traceback" not in said
            assert served[name].left() == []
    assert (folders["own"] / ".gatecast" / "prefect" / "prefect.db").is_file()
    keys = {one["key"] for one in prefect_server.ask("/artifacts/latest/filter", {})}
    for name in ("north", "south"):
        assert any(key.startswith(f"gatecast-{name}-") and key.endswith("-forecast") for key in keys)
    served["south"].end(signal.SIGKILL)
    wait_until(lambda: not served["south"].processes(), what="the end of what was killed")

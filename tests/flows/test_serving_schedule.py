"""`gatecast serve`: its runs really happen, with a Prefect server of its own and with one that two fleets share."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("prefect")

import msgspec
from prefect.client.orchestration import get_client
from prefect.runner import Runner
from prefect.settings import PREFECT_API_URL, temporary_settings

from edge.config.sections import Config
from edge.config.training_sections import Schedule
from edge.errors import ConfigurationError, GatecastError
from flows.retraining.started import AGAIN
from flows.serving.deployment import Deployment
from flows.serving.schedule import add, home, say, schedule
from flows.serving.served import served as table
from flows.serving.watch import Manner, Watch
from pipeline.release.registry import Registry
from tests.flows.test_retraining_flow import cycles, fill, write_fleet
from tests.support.agent_process import Running, configure
from tests.support.agent_process import running as agent_running
from tests.support.prefect_server import PrefectServer
from tests.support.servers import Mosquitto, wait_until
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


def test_what_prefect_says_of_a_run_is_one_printable_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Everybody who reaches its server can give a run any message and any cause."""
    say("run of … failed: \x1b[2J\rgatecast serve: all is well\u202e http://me:pw@host/api")
    expected = "gatecast serve: run of … failed: \\x1b[2J\\rgatecast serve: all is well\\u202e http://*@host/api\n"
    assert capsys.readouterr().err == expected


def fleet(folder: Path, schedule: str) -> Path:
    """A fleet whose network is trained in seconds."""
    folder.mkdir()
    path = write_fleet(folder, '["simplernn"]')
    text = path.read_text().replace("epochs = 3", "epochs = 1").replace('["float32", "int8"]', '["float32"]')
    path.write_text(f"{text}[schedule]\n{schedule}\n")
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
def test_what_was_switched_off_in_prefect_stays_off(
    prefect_server: PrefectServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Serving again makes no second schedule; one that the configuration has switched off comes back with it."""
    config = tmp_path / "gatecast.toml"

    def schedules(active: bool = True) -> list[dict[str, Any]]:
        flow = table(msgspec.structs.replace(Config(), schedule=Schedule(active=active)))[0]
        runner = Runner(name="mill", pause_on_shutdown=False, limit=None)
        identity = add(runner, flow, schedule(flow, config), "mill", config)
        deployment = prefect_server.ask(f"/deployments/{identity}")
        assert deployment["concurrency_options"]["collision_strategy"] == "ENQUEUE"
        assert deployment["global_concurrency_limit"]["limit"] == 1
        assert deployment["paused"] is False
        return [{"deployment": identity} | each for each in deployment["schedules"]]

    with temporary_settings({PREFECT_API_URL: prefect_server.url}):
        assert [(each["slug"], each["active"]) for each in schedules()] == [("retrain", True)]
        assert [each["active"] for each in schedules(active=False)] == [False]
        (only,) = schedules()
        assert only["active"]
        path = f"/deployments/{only['deployment']}/schedules/{only['id']}"
        with get_client(sync_client=True) as client:
            client.request("PATCH", path, json={"active": False})  # type: ignore[arg-type]
        assert [each["active"] for each in schedules()] == [False]
    said = capsys.readouterr().err.splitlines()
    assert [line.removeprefix("gatecast serve: retrain: ")[:30] for line in said] == [
        "by cron '0 3 * * *' (UTC)",
        "not by its cron, which [schedu",
        "by cron '0 3 * * *' (UTC)",
        "its schedule is switched off i",
    ]


@pytest.mark.slow
def test_one_run_makes_up_for_many_on_a_real_server(prefect_server: PrefectServer, tmp_path: Path) -> None:
    """For those that were missed, and for one that was under way; whoever asks again gets no second one."""
    config = tmp_path / "gatecast.toml"
    flow = table(Config())[0]
    with temporary_settings({PREFECT_API_URL: prefect_server.url}):
        runner = Runner(name="barn", pause_on_shutdown=False, limit=None)
        identity = add(runner, flow, schedule(flow, config), "barn", config)
        deployment, now = Deployment(identity), datetime.now(UTC)

        def states() -> list[tuple[str, bool]]:
            return [(run.state, AGAIN in run.tags) for run in deployment.newest(now + timedelta(minutes=1))]

        for hours in (4, 3, 2, 1):
            due = {"scheduled_time": (now - timedelta(hours=hours)).isoformat()}
            body = {"state": {"type": "SCHEDULED", "state_details": due}, "parameters": {"cause": "schedule"}}
            prefect_server.ask(f"/deployments/{identity}/create_flow_run", body)
        oldest = deployment.newest(now)[-1]
        deployment.end(oldest, "RUNNING", "as if its process were alive")
        said = list[str]()
        watch = Watch(deployment, Manner("retrain", 36_000.0), said.append)
        watch.clean_up(lambda _: True)
        watch.look()
        waiting = [("SCHEDULED", True), ("SCHEDULED", False)]
        assert states() == [*waiting, ("CANCELLED", False), ("CANCELLED", False), ("CRASHED", False)]
        watch.look()
        deployment.again(oldest)
        assert [state for state, _ in states()] == ["SCHEDULED", "CANCELLED", "CANCELLED", "CANCELLED", "CRASHED"]
        assert "retrain: its process died; it is run again, once" in said
        deployment.end(deployment.newest(now + timedelta(minutes=1))[0], "COMPLETED", "as if it had run")
        watch.look()
        with get_client(sync_client=True) as client:
            client.delete_deployment(identity)
        with pytest.raises(GatecastError, match="a deployment of this fleet is gone from Prefect's server"):
            watch.look()


@pytest.mark.slow
@pytest.mark.servers
@pytest.mark.skipif(sys.platform != "linux", reason="looks through /proc")
def test_runs_by_cron_and_after_a_crash_release_what_a_running_agent_takes(
    served: dict[str, Command], prefect_server: PrefectServer, mosquitto: Mosquitto, tmp_path: Path
) -> None:
    """One fleet by its cron without a Prefect server; two that share one, where a run and then `serve` itself are killed.

    Each run is made up for, the fleets leave each other alone, and a stop leaves nothing.
    """
    folders = {name: tmp_path / name for name in ("own", "north", "south")}
    environments = {"own": {}, "north": prefect_server.environment, "south": prefect_server.environment}

    def serve(name: str) -> Command:
        temporary = folders[name] / str(len(list(folders[name].iterdir())))
        temporary.mkdir()
        config = str(folders[name] / "gatecast.toml")
        return Command(["-m", "flows.cli", "serve", "--config", config], temporary, **environments[name])

    def running(name: str) -> int:
        """Start a run, and return the id of its process when it has begun."""
        chosen = {"deployments": {"name": {"like_": f"{name}-"}}, "flows": {"name": {"any_": ["retrain"]}}}
        (deployment,) = prefect_server.ask("/deployments/filter", chosen)
        run = prefect_server.ask(f"/deployments/{deployment['id']}/create_flow_run", {"parameters": {"cause": "drift"}})
        served[name].wait_for("(drift) begins")

        def process() -> str:
            return str(prefect_server.ask(f"/flow_runs/{run['id']}")["infrastructure_pid"] or "").rpartition(":")[2]

        wait_until(lambda: bool(process()), what="the process of the run")
        return int(process())

    with ExitStack() as stack:
        agents: dict[str, Running] = {}
        for name, folder in folders.items():
            fleet(folder, 'cron = "* * * * *"' if name == "own" else "active = false")
            home = folder / "agent"
            home.mkdir()
            channel = folder / "registry" / "channels" / "live.json"
            config = configure(home, mosquitto.url, f"sqlite:///{home / 'store.db'}", channel)
            agents[name] = stack.enter_context(agent_running(config))
            served[name] = serve(name)
        for name in ("north", "south"):
            served[name].wait_for("not by its cron")
            process = running(name)
            if name == "north":
                os.kill(process, signal.SIGKILL)
                served[name].wait_for("its process died; it is run again, once")
            else:
                served[name].end(signal.SIGKILL)
                wait_until(lambda: not served["south"].processes(), what="the end of what was killed")
                served[name] = serve(name)
                served[name].wait_for("crashed: gatecast serve was killed")
        for name, agent in agents.items():
            served[name].wait_for(" done in ")
            live = Registry(folders[name] / "registry").live()
            assert live is not None
            text = f"bundle {live.manifest.version} is live"
            wait_until(lambda agent=agent, text=text: agent.lines(text) > 0, what=text)  # type: ignore[misc]
    served["own"].wait_for("ended early: no reading has come since")
    for command in served.values():
        code, said = command.end(signal.SIGTERM)
        assert code == 143
        assert said.splitlines()[-1] == "gatecast: stopped by SIGTERM"
        assert "Traceback" not in said
        assert command.left() == []
    assert (folders["own"] / ".gatecast" / "prefect" / "prefect.db").is_file()
    keys = {one["key"] for one in prefect_server.ask("/artifacts/latest/filter", {})}
    for name in ("north", "south"):
        assert any(key.startswith(f"gatecast-{name}-") and key.endswith("-forecast") for key in keys)

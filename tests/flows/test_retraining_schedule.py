"""`gatecast serve`: its runs really happen, with a Prefect server of its own and with one that two fleets share."""

import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

pytest.importorskip("prefect")

from edge.config import Config, Schedule
from edge.errors import ConfigurationError
from flows.retraining.deployment import Run
from flows.retraining.schedule import Watch, about, cron, home
from pipeline.release.registry import Registry
from tests.flows.test_retraining_flow import cycles, fill, write_fleet
from tests.support.prefect_server import PrefectServer
from tests.support.servers import wait_until
from tests.support.stopped import Command

pytestmark = pytest.mark.training
NOW = datetime(2026, 11, 26, 12, 0, 30, tzinfo=UTC)


class Books:
    """A deployment whose runs are a list."""

    def __init__(self, *runs: Run) -> None:
        self.runs = {run.identity: run for run in runs}

    def newest(self, before: datetime) -> list[Run]:
        """As `Deployment.newest`."""
        return sorted((run for run in self.runs.values() if run.due <= before), key=lambda run: run.due, reverse=True)

    def upcoming(self, after: datetime) -> Run | None:
        """As `Deployment.upcoming`."""
        return min((run for run in self.runs.values() if run.due > after), key=lambda run: run.due, default=None)

    def end(self, run: Run, state: str, message: str) -> None:
        """As `Deployment.end`."""
        self.runs[run.identity] = replace(run, state=state, message=message)

    def set(self, identity: str, state: str, message: str = "", seconds: float = 0.0) -> None:
        """What the server does."""
        self.runs[identity] = replace(self.runs[identity], state=state, message=message, seconds=seconds)


def run(identity: str, minutes: int, state: str = "SCHEDULED") -> Run:
    """A run that is due so many minutes after noon."""
    return Run(identity, state, "", NOW.replace(second=0) + timedelta(minutes=minutes), 0.0)


def test_of_several_missed_runs_the_newest_makes_up_for_all() -> None:
    """A trainer that was down for three nights trains once, not three times."""
    said: list[str] = []
    books = Books(run("a", -300), run("b", -200), run("c", -100), run("d", 60))
    Watch(books, said.append, lambda: NOW).look()
    assert [books.runs[name].state for name in "abcd"] == ["CANCELLED", "CANCELLED", "SCHEDULED", "SCHEDULED"]
    assert said == ["2 missed runs are left out: the newest makes up for them"]


def test_what_becomes_of_a_run_is_told_once() -> None:
    """Begin, end with its reason, and when the next one is due; what was over before is not news."""
    said: list[str] = []
    books = Books(run("old", -60, "COMPLETED"), run("a", 0), run("b", 60))
    watch = Watch(books, said.append, lambda: NOW)
    watch.look()
    assert said == []
    books.set("a", "PENDING")
    watch.look()
    books.set("a", "RUNNING")
    watch.look()
    books.set("a", "FAILED", "Flow run encountered an exception: HistoryError: too short\nmore")
    watch.look()
    watch.look()
    assert said == [
        "run of 2026-11-26 12:00 UTC begins",
        "run of 2026-11-26 12:00 UTC failed: HistoryError: too short",
        "next run 2026-11-26 13:00 UTC, in 1h",
    ]


def test_runs_of_a_process_that_was_killed_are_over() -> None:
    """Nobody else would say so in the server's books."""
    said: list[str] = []
    books = Books(run("a", -1, "RUNNING"), run("b", -2, "COMPLETED"))
    watch = Watch(books, said.append, lambda: NOW)
    watch.clean_up()
    assert [books.runs[name].state for name in "ab"] == ["CRASHED", "COMPLETED"]


@pytest.mark.parametrize(("seconds", "text"), [(0, "0s"), (59, "59s"), (119, "2min"), (3600, "1h"), (90_060, "25h 1min")])
def test_a_wait_is_told_in_words(seconds: int, text: str) -> None:
    """Seconds only where it is soon."""
    assert about(seconds) == text


@pytest.mark.parametrize("text", ["every day", "@daily", "* * * * * *", "61 * * * *", ""])
def test_a_cron_that_is_none_is_refused(text: str, tmp_path: Path) -> None:
    """Five fields, before any server starts."""
    with pytest.raises(ConfigurationError, match=r"\[schedule\] cron: .* is no cron line; write five fields in UTC"):
        cron(Config(schedule=Schedule(cron=text)), tmp_path / "gatecast.toml")


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
    """One fleet without a Prefect server, two that share one: each runs, and the end of one leaves the other alone."""
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
    assert (folders["own"] / ".gatecast" / "prefect" / "prefect.db").is_file()
    keys = {one["key"] for one in prefect_server.ask("/artifacts/latest/filter", {})}
    for name in ("north", "south"):
        assert any(key.startswith(f"gatecast-{name}-") and key.endswith("-forecast") for key in keys)
    for name in ("own", "north"):
        code, said = served[name].end(signal.SIGTERM)
        assert code == 143
        assert said.splitlines()[-1] == "gatecast: stopped by SIGTERM"
        assert "Traceback" not in said
        assert served[name].left() == []
    paused = {one["name"].rpartition("-")[0]: one["paused"] for one in prefect_server.ask("/deployments/filter", {})}
    assert (paused["north"], paused["south"]) == (True, False)
    served["south"].end(signal.SIGKILL)
    wait_until(lambda: not served["south"].processes(), what="the end of what was killed")

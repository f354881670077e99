"""A drift run on a real Prefect server: a level shift in a live stream, a look, a retraining, and an agent that takes it."""

import io
import os
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("prefect")

from rich.console import Console

from edge.config.reading import read_config
from edge.contract.columns import Float64, Readings, SeriesTable
from edge.contract.schema import DRIFT, FORECAST_SCORE
from edge.contract.times import SECOND
from edge.stores.sqlite import SqliteStore
from flows.monitoring.flow import NOTHING_TO_COMPARE, limited
from flows.progress import Show, shown_by
from flows.retraining.fleet import fleet_name
from pipeline.history.from_store import write_history
from pipeline.release.registry import Registry
from tests.flows.test_retraining_flow import gatecast
from tests.support.agent_process import Row, configure, hang_up, publish, publisher, running
from tests.support.prefect_server import PrefectServer
from tests.support.servers import Mosquitto, wait_until
from tests.support.stopped import Command

pytestmark = [pytest.mark.training, pytest.mark.slow, pytest.mark.servers]

HOUR = 3600 * SECOND
NAMES = ["s0.t", "s1.t", "s2.t"]
HISTORY, LIVE = 24 * 40, 24 * 24  # hours; the stream is so long that a training can learn what is new in it
SHIFT = 6.0  # spreads of the history by which the level is higher in a third of each day of the stream but the first
FLEET = """
[fleet]
interval = "1h"
window = 168
horizon = 12
[train]
cells = ["simplernn"]
units = 16
epochs = 2
precisions = ["float32"]
margin = -1.0 # a drift is to be shown, not a good network
[registry]
path = "{registry}"
"""


def levels() -> Float64:
    """Three series with a cycle and a level that walks, float64 `[3, hours]`; it shifts from the second day of the stream."""
    random, hours = np.random.default_rng(5), np.arange(HISTORY + LIVE)
    walk = np.cumsum(random.normal(0, 0.08, (3, len(hours))), axis=1)
    values = np.sin(2 * np.pi * hours / 24) + walk + random.normal(0, 0.05, walk.shape)
    shifted = (hours >= HISTORY + 24) & (hours % 24 < 8)
    return np.asarray(np.array([[1.0], [5.0], [20.0]]) * (values + SHIFT * 0.7 * shifted), np.float64)


def fill(folder: Path, values: Float64, start: int) -> None:
    """Put the history into the store."""
    hours = values.shape[1]
    series, time = np.repeat(np.arange(3, dtype=np.int32), hours), np.tile(start + HOUR * np.arange(hours), 3)
    store = SqliteStore(folder / "store.db")
    write_history(store, SeriesTable(NAMES), Readings(series, time, values.ravel()))
    store.close()


def rows(values: Float64, start: int) -> list[Row]:
    """The stream in order of time."""
    return [
        (name, start + hour * HOUR, float(values[series, hour]))
        for hour in range(values.shape[1])
        for series, name in enumerate(NAMES)
    ]


def released_at(folder: Path, moment: int) -> str:
    """Let the channel say that its bundle went live at a moment in the past; returns the version."""
    channel = folder / "registry" / "channels" / "live.json"
    registry = Registry(folder / "registry")
    bundle = registry.live()
    assert bundle is not None
    assert bundle.model is not None
    channel.unlink()
    Registry(folder / "registry", now=lambda: datetime.fromtimestamp(moment / SECOND, UTC)).promote(bundle.manifest.version)
    return bundle.manifest.version


def last_scored(folder: Path) -> int:
    """Time of the newest score in the store, ns UTC."""
    store = SqliteStore(folder / "store.db")
    times = [int(page.time.max()) for page in store.read(FORECAST_SCORE, ["error"], 0, 1 << 62, SeriesTable())]
    store.close()
    return max(times, default=0)


@pytest.fixture
def served() -> Iterator[list[Command]]:
    """What a failing test leaves behind is killed."""
    commands: list[Command] = []
    yield commands
    for command in commands:
        command.process.kill()
        command.process.communicate()


def test_a_level_shift_leads_to_a_new_bundle_on_the_agent(
    served: list[Command], prefect_server: PrefectServer, mosquitto: Mosquitto, tmp_path: Path
) -> None:
    """The look says drift and starts a training by cause; the agent takes the bundle; the next look asks for nothing."""
    values = levels()
    now = time.time_ns() // HOUR * HOUR
    start, split = now - values.shape[1] * HOUR, HISTORY
    fill(tmp_path, values[:, :split], start)
    channel = tmp_path / "registry" / "channels" / "live.json"
    config = configure(tmp_path, f"mqtt://127.0.0.1:{mosquitto.port}", f"sqlite:///{tmp_path / 'store.db'}", channel)
    config.write_text(config.read_text() + FLEET.format(registry=tmp_path / "registry"))
    done = gatecast(prefect_server, "retrain", "--config", str(config))
    assert done.returncode == 0, done.stderr
    first = released_at(tmp_path, start + split * HOUR)
    with running(config) as agent:
        wait_until(lambda: agent.lines(first) > 0, what="the first bundle on the agent")
        client = publisher(mosquitto.port)
        publish(client, rows(values[:, split:], start + split * HOUR))
        hang_up(client)
        wait_until(lambda: last_scored(tmp_path) >= now - 2 * HOUR, what="the scores in the store", pause=0.5)
        served.append(Command(["-m", "flows.cli", "serve", "--config", str(config)], tmp_path, **prefect_server.environment))
        served[0].wait_for("next run ")
        name = fleet_name(config, read_config(config))
        look(prefect_server, name)
        wait_until(lambda: Registry(tmp_path / "registry").channel().version != first, what="a release", pause=0.5)  # type: ignore[union-attr]
        second = Registry(tmp_path / "registry").channel()
        assert second is not None
        wait_until(lambda: agent.lines(second.version) > 0, what="the new bundle on the agent")
        assert look(prefect_server, name)["name"] == "NothingToCompare"
        served[0].end(signal.SIGTERM)
    (run,) = [run for run in runs_of(prefect_server, "retrain", name) if run["parameters"]["cause"] == "drift"]
    assert run["state"]["type"] == "COMPLETED"
    events = prefect_server.ask("/events/filter", {"filter": {"event": {"name": ["gatecast.drift"]}}})["events"]
    assert f"gatecast.fleet.{name}" in [event["resource"]["prefect.resource.id"] for event in events]
    store, fleets = SqliteStore(tmp_path / "store.db"), SeriesTable()
    (page,) = store.read(DRIFT, ["drifted", "raised", "judged_series"], 0, 1 << 62, fleets)
    store.close()
    assert (fleets.names, [np.asarray(column).tolist() for column in page.fields.values()]) == ([name], [[1], [1], [3]])


def test_a_look_that_hangs_is_ended_with_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system or a store that never answers would keep its process for ever, and another one for each day."""
    monkeypatch.chdir(tmp_path)
    config, said = tmp_path / "gatecast.toml", list[str]()
    os.mkfifo(config)  # who reads it waits for a writer

    def end(line: str) -> None:
        said.append(line)
        config.write_bytes(b"")

    with shown_by(Show(Console(file=io.StringIO()))):
        # The servers that other tests use are children of this process, too.
        assert limited(str(config), "", end, seconds=0.0, grace=0.0, processes=list).name == NOTHING_TO_COMPARE
    assert said == [
        "the run took longer than 0d and was ended; does the store of [store] url answer, and the folder of [registry] path?"
    ]


def runs_of(server: PrefectServer, flow: str, deployment: str) -> list[dict[str, Any]]:
    """The runs of a deployment."""
    chosen = {"deployments": {"name": {"any_": [deployment]}}, "flows": {"name": {"any_": [flow]}}}
    return [run for run in server.ask("/flow_runs/filter", chosen) if run["state"]["type"] != "SCHEDULED"]


def look(server: PrefectServer, name: str) -> dict[str, Any]:
    """Let the monitor look now, as from Prefect's pages; returns the state of the run."""
    chosen = {"deployments": {"name": {"any_": [name]}}, "flows": {"name": {"any_": ["monitor"]}}}
    (deployment,) = server.ask("/deployments/filter", chosen)
    run = server.ask(f"/deployments/{deployment['id']}/create_flow_run", {})["id"]
    state: dict[str, Any] = {}

    def over() -> bool:
        state.update(server.ask(f"/flow_runs/{run}")["state"])
        return state["type"] in ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")

    wait_until(over, what="the look", pause=0.5)
    assert state["type"] == "COMPLETED", state
    return state

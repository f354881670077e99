"""The retraining flow against a real Prefect server: history in, release out, one process per run as users start it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edge.config.reading import read_config
from edge.contract.columns import Readings, SeriesTable
from edge.contract.times import SECOND
from edge.forecaster.bundle import Bundle
from edge.forecaster.model import TOLERANCE, Model
from edge.stores.sqlite import SqliteStore
from flows.retraining.fleet import fleet_name
from pipeline.history.from_store import write_history
from pipeline.release.registry import Registry
from tests.support.prefect_server import PrefectServer
from tests.support.servers import HANGS_AFTER, wait_until

HOUR = 3600 * SECOND
START = 1_700_000_000 * SECOND // HOUR * HOUR
HOURS = 24 * 230  # enough for networks that look at the clock
pytestmark = [pytest.mark.training, pytest.mark.slow]


def write_fleet(folder: Path, cells: str = '["gru", "lstm", "simplernn"]', *, designs: str = '["segment"]') -> Path:
    """A configuration with small networks in a folder of its own."""
    path = folder / "gatecast.toml"
    path.write_text(
        f"""
[store]
url = "sqlite:///{folder / "store.db"}"
[fleet]
interval = "1h"
window = 48
horizon = 12
time_zone = "Europe/Berlin"
[train]
cells = {cells}
designs = {designs}
units = 16
epochs = 3
precisions = ["float32", "int8"]
[registry]
path = "{folder / "registry"}"
""",
        encoding="utf-8",
    )
    return path


def fill(folder: Path, values: "np.typing.NDArray[np.float64]") -> None:
    """History of as many series as there are rows."""
    names = SeriesTable([f"site.s{row}" for row in range(len(values))])
    series = np.repeat(np.arange(len(values), dtype=np.int32), values.shape[1])
    times = np.tile(START + HOUR * np.arange(values.shape[1]), len(values))
    store = SqliteStore(folder / "store.db")
    write_history(store, names, Readings(series, times, values.ravel()))
    store.close()


def cycles() -> "np.typing.NDArray[np.float64]":
    """Three series with a daily cycle whose level drifts, so that neither yesterday nor the last value is perfect."""
    random, hours = np.random.default_rng(5), np.arange(HOURS)
    day = np.sin(2 * np.pi * hours / 24)
    drift = np.cumsum(random.normal(0, 0.08, (3, HOURS)), axis=1)
    return np.array([[1.0], [5.0], [20.0]]) * (day + drift + random.normal(0, 0.05, (3, HOURS)))


def gatecast(server: PrefectServer, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the command as a user does."""
    return subprocess.run(
        [sys.executable, "-m", "flows.cli", *arguments],
        env={**os.environ, **server.environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def retrained(prefect_server: PrefectServer, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, object]]:
    """A fleet that was retrained once, and what the command said."""
    folder = tmp_path_factory.mktemp("fleet")
    config = write_fleet(folder)
    fill(folder, cycles())
    done = gatecast(prefect_server, "retrain", "--config", str(config), "--json")
    assert done.returncode == 0, done.stderr
    return config, json.loads(done.stdout)


def live(config: Path) -> Bundle:
    """The bundle that is out."""
    bundle = Registry(config.parent / "registry").live()
    assert bundle is not None
    return bundle


def test_every_cell_goes_the_whole_way(retrained: tuple[Path, dict[str, object]]) -> None:
    """GRU, LSTM and SimpleRNN are trained, converted, equal to their networks, and judged; the best one goes out."""
    config, said = retrained
    candidates = said["candidates"]
    assert isinstance(candidates, list)
    assert {one["cell"] for one in candidates} == {"gru", "lstm", "simplernn"}
    assert all(one["parity"] <= TOLERANCE[one["precision"]] and one["microseconds_per_forecast"] > 0 for one in candidates)
    assert said["released"] == said["version"] == live(config).manifest.version
    assert isinstance(said["skill"], float)
    assert said["skill"] > 0.01


def test_the_released_bundle_passes_its_self_test_and_says_how_good_it_is(retrained: tuple[Path, dict[str, object]]) -> None:
    """The manifest carries contract, series, training, and errors beside every baseline."""
    bundle = live(retrained[0])
    assert Model(bundle).self_test() <= 1e-4
    manifest = bundle.manifest
    assert manifest.series == ["site.s0", "site.s1", "site.s2"]
    assert (manifest.contract.window, manifest.contract.horizon) == (48, 12)
    assert manifest.contract.clock is not None
    assert manifest.contract.clock.time_zone == "Europe/Berlin"
    names = [metric.forecaster for metric in manifest.metrics]
    assert names == [manifest.version, "last_value", "seasonal_naive_day"]
    assert all(len(metric.absolute_error) == 12 for metric in manifest.metrics)
    assert manifest.training is not None
    assert manifest.training.end < START + HOURS * HOUR


def test_the_run_shows_its_work_in_prefect(retrained: tuple[Path, dict[str, object]], prefect_server: PrefectServer) -> None:
    """Validation, candidates, model card and plot are artifacts; plot and report are files; each candidate is a task run."""
    start = f"gatecast-{fleet_name(retrained[0], read_config(retrained[0]))}-"
    found = prefect_server.ask("/artifacts/latest/filter", {})
    artifacts = {one["key"].removeprefix(start): one["data"] for one in found if one["key"].startswith(start)}
    assert artifacts.keys() == {"validation", "candidates", "model-card", "forecast"}
    assert "site.s1" in artifacts["validation"]
    assert "GRU segment" in artifacts["candidates"]
    plot = Path(artifacts["forecast"].removeprefix("file://"))
    assert plot.read_bytes()[:4] == b"\x89PNG"
    assert "What the training brought" in plot.with_suffix(".html").read_text(encoding="utf-8")
    runs = {one["name"] for one in prefect_server.ask("/task_runs/filter", {})}
    assert {"train-gru-segment", "train-lstm-segment", "train-simplernn-segment"} <= runs


def test_judging_only_changes_nothing(retrained: tuple[Path, dict[str, object]], prefect_server: PrefectServer) -> None:
    """--no-release, against the champion on the same held-out windows: the registry stays as it is.

    With --tune, the candidate is trained with what the search found, and names it.
    """
    config, _ = retrained
    before = live(config).manifest.version, Registry(config.parent / "registry").names()
    small = write_fleet(config.parent, '["simplernn"]')
    done = gatecast(prefect_server, "retrain", "--config", str(small), "--no-release", "--tune", "2", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert "trial 2 of 2: " in done.stderr
    settings = said["candidates"][0]["settings"]
    assert (settings["window"], settings["units"]) == (48, 16)
    assert settings["trial"] in (1, 2)
    assert said["released"] is None
    assert said["champion_skill"] is not None
    assert (live(config).manifest.version, Registry(config.parent / "registry").names()) == before


def test_where_nothing_beats_the_baselines_a_baseline_goes_out(prefect_server: PrefectServer, tmp_path: Path) -> None:
    """On random walks the device gets its contract and the last value, and the command says so and ends well."""
    fill(tmp_path, np.cumsum(np.random.default_rng(1).normal(size=(2, HOURS)), axis=1))
    done = gatecast(prefect_server, "retrain", "--config", str(write_fleet(tmp_path, '["simplernn"]', designs='["plain"]')))
    assert done.returncode == 0, done.stderr
    assert "no network beats the baselines: agents forecast by last_value" in done.stdout
    manifest = live(tmp_path / "gatecast.toml").manifest
    assert (manifest.model, manifest.baseline) == (None, "last_value")


@pytest.mark.parametrize(("hours", "said"), [(HOURS, "never changes"), (30, "and gatecast promote starter a network that")])
def test_hopeless_history_is_one_line(hours: int, said: str, prefect_server: PrefectServer, tmp_path: Path) -> None:
    """Constant series, or too few readings, cannot be trained on: exit code 1, one line that says why, and no registry."""
    fill(tmp_path, np.ones((2, hours)))
    done = gatecast(prefect_server, "retrain", "--config", str(write_fleet(tmp_path)))
    assert done.returncode == 1
    lines = [line for line in done.stderr.splitlines() if line.startswith("gatecast: ")]
    assert len(lines) == 1
    assert said in lines[0]
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "registry").exists()


def test_a_served_flow_is_scheduled_and_trains_once_for_two_causes(
    retrained: tuple[Path, dict[str, object]], prefect_server: PrefectServer
) -> None:
    """`gatecast serve` registers the cron of the configuration. Of two runs that are asked of the server at once one trains."""
    config = write_fleet(retrained[0].parent, '["simplernn"]')
    known = set(Registry(config.parent / "registry").names())
    with subprocess.Popen(
        [sys.executable, "-m", "flows.cli", "serve", "--config", str(config)],
        env={**os.environ, **prefect_server.environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            name = fleet_name(config, read_config(config))
            chosen = {"deployments": {"name": {"any_": [name]}}, "flows": {"name": {"any_": ["retrain"]}}}
            wait_until(lambda: bool(prefect_server.ask("/deployments/filter", chosen)), what="the deployment", pause=0.5)
            deployment = prefect_server.ask("/deployments/filter", chosen)[0]
            assert deployment["schedules"][0]["schedule"]["cron"] == "0 3 * * *"
            path = f"/deployments/{deployment['id']}/create_flow_run"
            runs = [prefect_server.ask(path, {"parameters": {"cause": cause}})["id"] for cause in ("manual", "drift")]
            states: list[dict[str, str]] = []

            def ended() -> bool:
                states[:] = [prefect_server.ask(f"/flow_runs/{run}")["state"] for run in runs]
                return all(state["type"] in ("COMPLETED", "FAILED", "CRASHED", "CANCELLED") for state in states)

            wait_until(ended, what="the end of the runs", pause=0.5)
            # The second one is left out while both wait; where the first one has begun, it waits and has nothing to do then.
            assert states[0]["name"] == "Completed"
            assert states[1]["name"] in ("Cancelled", "NothingNew")
        finally:
            process.terminate()
            process.wait(HANGS_AFTER)
    assert len(set(Registry(config.parent / "registry").names()) - known) == 1

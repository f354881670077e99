"""History to stored forecasts, once for every recurrent cell: trained, converted, judged, released, run by an agent process."""

from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from edge.config.training_sections import Train
from edge.contract.columns import Readings, SeriesTable
from edge.contract.contract import Contract
from edge.contract.times import SECOND
from edge.forecaster.manifest import Cell
from edge.forecaster.model import TOLERANCE, Model
from edge.stores.store import open_store
from pipeline.history.prepared import prepare
from pipeline.processes.nursery import Nursery
from pipeline.release.candidates import Plan, make_candidate
from pipeline.release.decision import decide, publish
from pipeline.release.registry import Registry
from pipeline.training.architecture import Architecture
from pipeline.training.settings import Settings
from tests.support.agent_process import (
    START,
    assert_same,
    configure,
    contents,
    hang_up,
    publisher,
    running,
    uninterrupted,
    wait_for_all,
)
from tests.support.agent_process import publish as send
from tests.support.servers import Mosquitto

pytestmark = [pytest.mark.servers, pytest.mark.slow, pytest.mark.training]

HOUR = 3600 * SECOND
CONTRACT = Contract(HOUR, 48, 12)
HOURS, LIVE = 1200, 72  # of history; that the agent sees
NAMES = ("d0.t", "d1.t", "d2.t")


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    """One import of TensorFlow for all cells, as in a retraining; `test_training_worker` shows that it changes no bit."""
    warm = Nursery("pipeline.training.worker")
    yield warm
    warm.close()


@pytest.mark.parametrize("cell", get_args(Cell))
def test_every_cell_from_history_to_stored_forecasts(
    cell: Cell, tmp_path: Path, mosquitto: Mosquitto, nursery: Nursery
) -> None:
    """The network beats the baselines, goes out, and the agent that takes it stores what the bundle forecasts."""
    random, hours = np.random.default_rng(5), np.arange(HOURS + LIVE)
    level = np.cumsum(random.normal(0, 0.08, (3, len(hours))), axis=1)
    noise = random.normal(0, 0.05, (3, len(hours)))
    values = np.round(np.array([[1.0], [5.0], [20.0]]) * (np.sin(2 * np.pi * hours / 24) + level + noise), 3)
    time = START + (hours - HOURS) * HOUR
    history = Readings(
        np.repeat(np.arange(3, dtype=np.int32), HOURS), np.tile(time[:HOURS], 3), values[:, :HOURS].ravel().astype(np.float64)
    )
    prepared = prepare(SeriesTable(NAMES), history, CONTRACT)
    settings = Settings(epochs=3, windows=8_192)
    plan = Plan(("float32", "int8"), nursery=nursery)
    candidate = make_candidate(prepared, Architecture(cell), settings, tmp_path / "train", plan=plan)
    manifest = candidate.bundle.manifest
    assert manifest.model is not None
    assert manifest.model.cell == cell
    assert candidate.parity <= TOLERANCE[manifest.model.precision]

    release = decide(prepared, [candidate], None, Train())
    assert release.chosen.trial.verdict.release, release.chosen.trial.verdict.reasons
    registry = Registry(tmp_path / "registry")
    publish(release, registry, "live")

    rows = [(NAMES[row], int(time[hour]), float(values[row, hour])) for hour in range(HOURS, HOURS + LIVE) for row in range(3)]
    url = f"sqlite:///{tmp_path}/store.db"
    config = configure(tmp_path, mosquitto.url, url, tmp_path / "registry" / "channels" / "live.json")
    with running(config) as agent:
        client = publisher(mosquitto.port)
        send(client, rows)
        hang_up(client)
        store = open_store(url)
        wait_for_all(agent, store, rows)
        assert agent.lines(manifest.version) >= 1
    live = registry.live()
    assert live is not None
    assert live.manifest.version == manifest.version
    rows_by_measurement = contents(store)
    store.close()
    assert_same(rows_by_measurement, uninterrupted(rows, live, tmp_path))
    origin = int(time[HOURS + 60])
    window = values[1, HOURS + 60 - 48 : HOURS + 60][None]
    wanted = Model(live).predict(window, np.array([2], np.int32))[0]
    stored = rows_by_measurement["forecast_lead"]
    said = {lead: row[:3] for (name, at, lead), row in stored.items() if (name, at) == ("d1.t", origin + (lead - 1) * HOUR)}
    assert said
    for lead, quantiles in said.items():
        np.testing.assert_allclose(quantiles, wanted[lead - 1], rtol=1e-5, atol=1e-5)

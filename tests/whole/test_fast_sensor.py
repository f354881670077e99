"""A sensor that reports every minute, with the defaults: trained, converted, and run by an agent that sees its last week."""

from pathlib import Path

import numpy as np
import pytest

from edge.agent.counters import Gauge
from edge.config.fleet import contract_at
from edge.config.training_sections import Fleet
from edge.contract.columns import Readings, SeriesTable
from edge.contract.times import SECOND
from edge.forecaster.model import TOLERANCE, Model
from edge.stores.store import open_store
from pipeline.history.from_store import write_history
from pipeline.history.prepared import prepare
from pipeline.history.table import to_table
from pipeline.history.windows import Samples, least_history
from pipeline.release.candidates import Plan, make_candidate
from pipeline.training.architecture import Architecture
from pipeline.training.settings import Settings
from tests.support.agent_process import START, configure, contents, hang_up, publisher, release, running
from tests.support.agent_process import publish as send
from tests.support.servers import Mosquitto, wait_until

pytestmark = [pytest.mark.servers, pytest.mark.slow, pytest.mark.training]

MINUTE = 60 * SECOND
CONTRACT = contract_at(Fleet("1min", 60), MINUTE)
BEFORE, LIVE = least_history(CONTRACT) + 300, 80  # minutes of history, and that the agent sees
NAMES = ("d0.t", "d1.t")


def test_an_agent_forecasts_from_the_week_that_the_network_was_trained_on(tmp_path: Path, mosquitto: Mosquitto) -> None:
    """From the store it has the hours and tens of minutes, from live readings the minutes; forecasts are the trainer's own."""
    random, minutes = np.random.default_rng(5), np.arange(BEFORE + LIVE)
    values = np.array([[3.0], [40.0]]) * (np.sin(2 * np.pi * minutes / 1440) + random.normal(0, 0.1, (2, len(minutes))))
    values = np.round(values, 3)
    time = START + (minutes - BEFORE) * MINUTE
    every = Readings(np.repeat(np.arange(2, dtype=np.int32), len(minutes)), np.tile(time, 2), values.ravel().astype(np.float64))
    history = every.take(every.time < START)
    settings = Settings(epochs=1, windows=512, validation_windows=64)
    prepared = prepare(SeriesTable(NAMES), history, CONTRACT)
    candidate = make_candidate(prepared, Architecture(units=8), settings, tmp_path / "train", plan=Plan(("float32",)))
    assert candidate.bundle.manifest.contract == CONTRACT
    assert candidate.parity <= TOLERANCE["float32"]

    url = f"sqlite:///{tmp_path}/store.db"
    store = open_store(url)
    write_history(store, SeriesTable(NAMES), history)
    rows = [(NAMES[row], int(time[at]), float(values[row, at])) for at in range(BEFORE, BEFORE + LIVE) for row in range(2)]
    config = configure(tmp_path, mosquitto.url, url, release(tmp_path / "registry", candidate.bundle))
    with running(config) as agent:
        wait_until(lambda: agent.lines("windows filled with") == 1)
        client = publisher(mosquitto.port)
        send(client, rows)
        hang_up(client)
        wait_until(lambda: (store.span() or (0, 0))[1] == rows[-1][1] and agent.number(Gauge.BACKLOG_BYTES) == 0)
    stored = contents(store)["forecast_lead"]
    store.close()

    table = to_table(NAMES, every, MINUTE)
    origin = np.arange(BEFORE + 1, BEFORE + LIVE - 1)
    for row, name in enumerate(NAMES):
        cut = Samples(table.values, np.full(len(origin), row, np.int32), origin, table.first)
        wanted = Model(candidate.bundle).predict(cut.windows(slice(None), CONTRACT), cut.series + np.int32(1))
        for lead in (1, CONTRACT.horizon):
            said = [stored[name, int(time[0]) + (int(at) + lead - 1) * MINUTE, lead][:3] for at in origin]
            np.testing.assert_allclose(said, wanted[:, lead - 1], rtol=1e-5, atol=1e-5)

"""A replay of what an agent has stored, of readings and of inputs, gives the forecasts that the agent gave live."""

import csv
import io
import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from edge.commands.replaying import Recording, replay
from edge.contract.ahead.issues import ALWAYS, Issues
from edge.contract.ahead.known import Known
from edge.contract.columns import SeriesTable
from edge.contract.contract import Context
from edge.contract.schema import FORECAST_LEAD
from edge.contract.times import LATEST, SECOND
from edge.forecaster.bundle import Bundle
from edge.forecaster.model import Model
from edge.inputs.recorded import issues_in
from edge.stores.store import Store, open_store, read_readings
from pipeline.release.parity import golden
from pipeline.training.architecture import Architecture
from tests.support import tiny
from tests.support.agent_process import START, configure, hang_up, publisher, release, running
from tests.support.servers import Mosquitto, wait_until

HOUR, HOURS = 3600 * SECOND, 72
TOLD = replace(tiny.CONTRACT, inputs=(Known("price", "EUR/kWh", 0.2, 0.1),))
SECTION = """
[[input]]
name = "price"
topic = "prices"
each = ["today", "tomorrow"]
time = "start"
issued = "made"
"""

Made = dict[tuple[str, int, int], list[float]]  # quantiles by series, origin and lead


def bundle() -> Bundle:
    """A network with random weights, so that the price matters, with golden forecasts."""
    made = tiny.bundle(Architecture(units=6), TOLD)
    origins = tiny.context(16).origin
    prices = Issues(np.full(16, ALWAYS), origins, np.linspace(0, 1, 16)).on_grid(TOLD.interval)
    kept = golden(Model(made), *tiny.windows(16), context=Context(origins, {"price": prices}))
    return Bundle(msgspec.structs.replace(made.manifest, golden=kept), made.model)


def prices(day: int) -> list[dict[str, object]]:
    """The prices of a day, which end with the second one."""
    hours = range(24 * day, 24 * day + 24) if day < 2 else ()
    return [{"start": (START + hour * HOUR) // SECOND, "total": 1, "value": 0.2 + 0.15 * np.sin(hour)} for hour in hours]


def messages() -> Iterator[tuple[str, dict[str, object]]]:
    """Readings of two sensors each hour; prices of today at the beginning of a day, those of tomorrow at one o'clock."""
    for hour in range(HOURS):
        day, clock = divmod(hour, 24)
        if clock in (0, 13):
            made = (START + hour * HOUR) // SECOND
            yield "prices", {"made": made, "today": prices(day), "tomorrow": prices(day + 1) if clock else []}
        for number, name in enumerate("ab"):
            value = float(np.sin(hour / 4 + number) + number)
            yield f"sensors/{name}/t", {"time": (START + hour * HOUR) // SECOND + 60, "value": value}


def live_forecasts(store: Store) -> Made:
    """What the agent has stored."""
    names, made = SeriesTable(), Made()
    for page in store.read(FORECAST_LEAD, ["q10", "q50", "q90", "origin"], START, LATEST, names):
        assert page.lead is not None
        columns = [np.asarray(page.fields[field]).tolist() for field in ("q10", "q50", "q90")]
        origins = page.time - (page.lead.astype(np.int64) - 1) * TOLD.interval
        for series, origin, lead, *levels in zip(page.series, origins.tolist(), page.lead.tolist(), *columns, strict=True):
            made[names.names[series], origin // SECOND, lead] = levels
    return made


def replayed(readings: Path, config: Path, inputs: Path | None = None) -> Made:
    """What the command says."""
    out, made = io.StringIO(), Made()
    assert replay(Recording(readings, inputs=inputs), config, None, as_json=True, last=False, out=out) == 0
    for line in out.getvalue().splitlines():
        document = json.loads(line)
        origin = int(np.datetime64(document["origin"].removesuffix("Z"), "s").astype(np.int64))
        for lead, levels in enumerate(zip(document["q10"], document["q50"], document["q90"], strict=True), 1):
            made[document["series"], origin, lead] = [np.nan if level is None else level for level in levels]
    return made


def write(path: Path, rows: list[tuple[object, ...]]) -> Path:
    """A CSV file."""
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


@pytest.mark.training
@pytest.mark.servers
def test_a_replay_with_inputs_gives_the_forecasts_of_the_agent(
    tmp_path: Path, mosquitto: Mosquitto, capsys: pytest.CaptureFixture[str]
) -> None:
    """Over a real broker, from the rows of the store and from a CSV file; without the input they are others."""
    url = f"sqlite:///{tmp_path}/store.db"
    config = configure(tmp_path, mosquitto.url, url, release(tmp_path / "registry", bundle()), leads=[1, 3, 7])
    config.write_text(config.read_text() + SECTION)
    with running(config), closing(open_store(url)) as store:
        client = publisher(mosquitto.port)
        sent = [client.publish(topic, json.dumps(document), qos=1) for topic, document in messages()]
        wait_until(lambda: all(each.is_published() for each in sent), what="the broker taking every message")
        last = (START + (HOURS - 1) * HOUR) // SECOND
        wait_until(lambda: ("b.t", last, 7) in live_forecasts(store), what="the last forecast")
        hang_up(client)
    with closing(open_store(url)) as store:
        live, names, told = live_forecasts(store), SeriesTable(), issues_in(store)["price"]
        readings = [
            (names.names[series], time // SECOND, value)
            for page in read_readings(store, START, LATEST, names)
            for series, time, value in zip(page.series, page.time.tolist(), page.value.tolist(), strict=True)
        ]
    table = write(tmp_path / "readings.csv", [("series", "time", "value"), *readings])
    cells = zip(told.time.tolist(), told.value.tolist(), told.issued.tolist(), strict=True)
    rows = [(time // SECOND, value, issued // SECOND) for time, value, issued in cells]
    inputs = write(tmp_path / "inputs.csv", [("time", "value", "issued"), *rows])
    assert len(live) > 2 * 40 * 3
    capsys.readouterr()
    for again in (replayed(table, config), replayed(table, config, inputs)):
        assert set(live) <= set(again)
        for key, levels in live.items():
            np.testing.assert_allclose(again[key], levels, atol=2e-5, err_msg=str(key))
    said = capsys.readouterr().err.splitlines()
    assert [line.startswith("gatecast-agent: nothing was known of price at ") for line in said] == [True, True]
    (tmp_path / "store.db").rename(tmp_path / "moved.db")
    without = replayed(table, config)
    assert "nothing is known of the inputs price: forecasts are those without" in capsys.readouterr().err
    changed = {(key[1] - START // SECOND) // 3600 for key, levels in live.items() if abs(without[key][1] - levels[1]) > 1e-3}
    assert len(changed & set(range(24, 48))) > 20
    assert not changed & set(range(48, HOURS))

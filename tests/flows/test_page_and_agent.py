"""A page that is open while the agent is killed and comes back: it says what the store says, and nobody has to reload it."""

import time
from contextlib import closing
from pathlib import Path

import pytest

from edge.contract.contract import Contract
from edge.contract.times import SECOND
from edge.stores.sqlite import SqliteStore
from flows.page.figures.asked import look
from tests.support.agent_process import baseline_bundle, configure, hang_up, publish, publisher, release, running
from tests.support.chromium import browser
from tests.support.page_program import page_of
from tests.support.servers import Mosquitto

STEP, WINDOW = 10 * SECOND, 12


@pytest.mark.servers
def test_a_page_outlives_an_agent_that_is_killed(tmp_path: Path) -> None:
    """Nothing on it changes while the agent is away; then new readings and forecasts come by themselves."""
    contract = Contract(STEP, WINDOW, 3)
    channel = release(tmp_path / "registry", baseline_bundle(contract))
    begun = time.time_ns() // STEP * STEP - 40 * STEP
    now = "document.querySelector(\"[data-figure=now] dd\")?.textContent.replaceAll('\\u202f', ' ').includes('{}')"
    with Mosquitto(tmp_path / "mosquitto") as broker:
        config = configure(tmp_path, broker.url, f"sqlite:///{tmp_path}/store.db", channel, report="1s")
        with running(config) as agent, page_of(config) as address, browser() as tab:
            client = publisher(broker.port)
            publish(client, [("cellar.t", begun + number * STEP, 20.0 + number) for number in range(20)])
            tab.size(1280, 900).open(f"{address}/series/cellar.t").wait(now.format("39"))
            agent.kill()
            before = tab.text("[data-figure=now] dd")
            publish(client, [("cellar.t", begun + 20 * STEP, 77.0)])  # the broker keeps it for the agent
            tab.value("window.stays = true")
            time.sleep(6)  # three looks of the page at the store
            assert tab.text("[data-figure=now] dd") == before
            agent.start()
            publish(client, [("cellar.t", begun + number * STEP, 70.0 + number) for number in range(21, 25)])
            tab.wait(now.format("94"))
            assert tab.value("window.stays")  # it is the same document
            assert tab.faults == []
            hang_up(client)
    with closing(SqliteStore(tmp_path / "store.db")) as store:
        row = look(store, time.time_ns(), by_readings=True).row("cellar.t")
    assert row is not None
    assert (row.value, row.time) == (94.0, begun + 24 * STEP)

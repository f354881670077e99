"""The agent as a process, against a real broker and real stores: nothing lost, nothing doubled, whatever dies."""

import threading
import time
from pathlib import Path

import numpy as np
import pytest

from edge.store import open_store
from tests.agent_process import (
    assert_same,
    baseline_bundle,
    configure,
    contents,
    hang_up,
    publish,
    publisher,
    release,
    running,
    stream,
    uninterrupted,
    wait_for_all,
)
from tests.servers import Influx, Mosquitto

pytestmark = pytest.mark.servers


@pytest.mark.parametrize("kind", ["sqlite", "influxdb"])
def test_killed_agent_loses_and_doubles_nothing(
    kind: str, tmp_path: Path, mosquitto: Mosquitto, influx: Influx, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After five `kill -9` at random moments the store equals that of an engine nobody interrupted, value by value."""
    monkeypatch.setenv("GATECAST_INFLUX_TOKEN", influx.token)
    url = influx.store_url(bucket) if kind == "influxdb" else f"sqlite:///{tmp_path}/store.db"
    bundle, rows, moments = baseline_bundle(), stream(), np.random.default_rng(5)
    config = configure(tmp_path, mosquitto.url, url, release(tmp_path / "registry", bundle))
    store = open_store(url)
    with running(config) as agent:
        client = publisher(mosquitto.port)
        for part in range(6):
            arguments = (client, rows[part * len(rows) // 6 : (part + 1) * len(rows) // 6])
            sending = threading.Thread(target=publish, args=arguments, kwargs={"seconds": 0.8})
            sending.start()
            if part < 5:
                time.sleep(moments.uniform(0.1, 0.8))
                agent.kill()
                agent.start()
            sending.join()
        hang_up(client)
        wait_for_all(agent, store, rows)
        assert agent.stop() < 5
    assert_same(contents(store), uninterrupted(rows, bundle, tmp_path))
    store.close()

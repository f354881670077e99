"""A retraining because of drift: one in a cooldown, on a real server."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("prefect")

from prefect.runner import Runner
from prefect.settings import PREFECT_API_URL, temporary_settings

from edge.config.sections import Config
from edge.contract.times import DAY
from flows.monitoring.asking import asked
from flows.serving.schedule import add, schedule
from flows.serving.served import served
from tests.flows.test_monitoring_outcome import SEEN
from tests.support.prefect_server import PrefectServer

pytestmark = [pytest.mark.training, pytest.mark.slow, pytest.mark.servers]


def test_the_server_remembers_the_cooldown_where_the_store_does_not(prefect_server: PrefectServer, tmp_path: Path) -> None:
    """A store that takes no row would let every look start a training; without a deployment nothing is started."""
    config = tmp_path / "gatecast.toml"
    now = time.time_ns()
    seen = replace(SEEN, time=now)
    with temporary_settings({PREFECT_API_URL: prefect_server.url}):
        flow = served(Config())[0]
        identity = add(Runner(name="loom", limit=None), flow, schedule(flow, config), "loom", config)
        first = asked(seen, str(config), "retrain/loom", 7 * DAY)
        assert (first.raised, first.rests_until) == (True, 0)
        second = asked(replace(seen, time=now + DAY), str(config), "retrain/loom", 7 * DAY)
        assert second.raised is False
        assert now + 6 * DAY < second.rests_until < now + 8 * DAY
        assert asked(replace(seen, time=now + 9 * DAY), str(config), "retrain/loom", 7 * DAY).raised
        assert not asked(seen, str(config), "retrain/nobody", 7 * DAY).raised
    runs = prefect_server.ask("/flow_runs/filter", {"deployments": {"id": {"any_": [str(identity)]}}})
    assert [run["parameters"]["cause"] for run in runs if "drift" in run["tags"]] == ["drift", "drift"]

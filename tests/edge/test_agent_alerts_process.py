"""Alerts of a real agent with a real broker and store: after `kill -9` the rows are those of one that nobody interrupted."""

import json
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from edge.agent.counters import Gauge
from edge.alerts.alerts import Alerts
from edge.alerts.rule import AlertRule
from edge.config.reading import read_config
from edge.contract.columns import SeriesTable
from edge.forecaster.bundle import Bundle
from edge.release.ready import open_bundle
from edge.series.engine import Engine
from edge.stores.sqlite import SqliteStore
from edge.stores.store import open_store
from tests.support.agent_process import (
    Row,
    baseline_bundle,
    configure,
    hang_up,
    publish,
    publisher,
    readings_of,
    release,
    running,
    stream,
    wait_for_all,
)
from tests.support.servers import Mosquitto, wait_until

pytestmark = [pytest.mark.servers, pytest.mark.slow]

RULES = (
    {"name": "hot", "above": 21.0, "within": "3min"},
    {"name": "cold", "series": ["d1.*", "d2.*"], "below": 19.0, "clear_after": "3min"},
    {"name": "rising", "rises_by": 1.0, "within": "5min"},
)


def rows_of(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """What a store holds of alerts, without the forecaster's name."""
    with closing(sqlite3.connect(path)) as connection:
        columns = "turned, state, round(probability, 9), crossing, crossing_earliest, crossing_latest"
        scores = "hit, miss, false_alarm, gained"
        return {
            table: connection.execute(
                f"SELECT name, rule, time, {fields} FROM {table} JOIN series ON series.id = {table}.series ORDER BY 1, 2, 3"
            ).fetchall()
            for table, fields in (("alert", columns), ("alert_score", scores))
        }


def undisturbed(rows: list[Row], bundle: Bundle, rules: tuple[AlertRule, ...], path: Path) -> None:
    """A store as an engine and its alerts leave it."""
    series, store = SeriesTable(), SqliteStore(path)
    engine, alerts = Engine(open_bundle(bundle), [], series), Alerts(rules, series)
    for start in range(0, len(rows), 50):
        effect = engine.step(readings_of(rows[start : start + 50], series))
        alerts.look(effect.forecasts, engine.forecaster.contract)
        store.write(store.encode([*effect.points, *alerts.rows()], series))
    store.close()


def test_killed_agent_neither_loses_nor_repeats_an_alert(tmp_path: Path, mosquitto: Mosquitto) -> None:
    """Raised, cleared and judged in the middle of five deaths; the log has a line for it."""
    rows, bundle, moments = stream(5, 600, seed=3), baseline_bundle(), np.random.default_rng(1)
    url = f"sqlite:///{tmp_path}/store.db"
    config = configure(tmp_path, mosquitto.url, url, release(tmp_path / "registry", bundle))
    lines = ["[[alert]]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in rule.items()) for rule in RULES]
    config.write_text(config.read_text() + "".join(lines))
    client, store = publisher(mosquitto.port), open_store(url)
    with running(config) as agent:
        for part in np.array_split(np.arange(len(rows)), 6):
            publish(client, [rows[row] for row in part])
            time.sleep(moments.uniform(0.0, 0.3))
            agent.kill()
            agent.start()
        hang_up(client)
        wait_for_all(agent, store, rows)
        wait_until(lambda: agent.number(Gauge.BACKLOG_BYTES) == 0)
        assert agent.lines("alert hot: ") >= 1
    store.close()
    undisturbed(rows, bundle, read_config(config).alert, tmp_path / "expected.db")
    expected, told = rows_of(tmp_path / "expected.db"), rows_of(tmp_path / "store.db")
    assert {rule for _, rule, *_ in expected["alert"]} == {"hot", "cold"}  # the last value rises never
    assert told["alert"] == expected["alert"]
    judged = {rule for _, rule, *_ in expected["alert_score"]}
    assert {"hot", "cold"} <= judged
    absolute = [[row for row in rows["alert_score"] if row[1] != "rising"] for rows in (told, expected)]
    assert absolute[0] == absolute[1]

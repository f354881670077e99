"""`gatecast-agent recover`: what a damaged spool still holds reaches the store."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from edge.cli import run
from edge.contract.columns import Points, Readings, SeriesTable
from edge.forecaster.baselines import seasonal_naive
from edge.series.engine import Engine
from edge.spool.spool import Commit, Spool
from edge.stores.store import encode_blocks, open_store
from tests.support.agent_process import CONTRACT, START, configure, contents


def damaged(path: Path, url: str) -> None:
    """A spool with 30 readings in 10 blocks, of which the disk has changed one."""
    spool, table = Spool(path, open_store(url).kind), SeriesTable(["a.t"])
    for number in range(10):
        times = START + np.arange(3 * number, 3 * number + 3)
        points = Points.of_readings(Readings(np.zeros(3, np.int32), times, times.astype(np.float64)))
        spool.commit(Commit(encode_blocks(open_store(url), [points], table)))
    spool.close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE outbox SET seal = 1 WHERE id = 4")


def test_what_can_be_read_is_in_the_store_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Again it changes nothing; both outcomes are said, for people and for programs."""
    url, path = f"sqlite:///{tmp_path}/store.db", tmp_path / "spool.db.damaged-1"
    config = str(configure(tmp_path, "mqtt://127.0.0.1:1", url))
    damaged(path, url)
    assert run(["recover", str(path), "--config", config]) == 0
    assert capsys.readouterr().out == "27 rows of 9 blocks are in the store; 1 part of the file could not be read\n"
    assert run(["recover", str(path), "--config", config, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "blocks": 9,
        "rows": 27,
        "refused_rows": 0,
        "old_forecasts": 0,
        "lost_parts": 1,
    }
    with closing(open_store(url)) as store:
        assert len(contents(store)["reading"]) == 27


def test_an_older_forecast_does_not_replace_the_newest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The readings and scores beside it come into the store; how many forecasts were left out is said."""
    url, path, table = f"sqlite:///{tmp_path}/store.db", tmp_path / "spool.db.damaged-1", SeriesTable(["a.t"])
    config = str(configure(tmp_path, "mqtt://127.0.0.1:1", url))
    engine, interval = Engine(seasonal_naive(CONTRACT), (), table), CONTRACT.interval
    with closing(open_store(url)) as store:
        spool = Spool(path, store.kind)
        for number in range(9):
            points = engine.step(Readings.of([0], [START + number * interval], [float(number)])).points
            for block in encode_blocks(store, points, table):
                spool.commit(Commit([block])) if number < 5 else store.write(block)
        spool.close()
        before = contents(store)
        assert before["reading"].keys() == {("a.t", START + number * interval, 0) for number in range(5, 9)}
        assert run(["recover", str(path), "--config", config]) == 0
        after = contents(store)
        assert after["reading"].keys() == {("a.t", START + number * interval, 0) for number in range(9)}
        assert after["forecast"] == before["forecast"] != {}
        assert after["forecast_score"].keys() >= before["forecast_score"].keys()
    assert "of 5 blocks are in the store; 0 parts of the file could not be read, " in (out := capsys.readouterr().out)
    assert "forecasts left out, as the store may have newer ones" in out


def test_blocks_for_another_kind_of_store_are_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line says which store is needed; a store that is away is another one."""
    path = tmp_path / "spool.db.damaged-1"
    damaged(path, "influxdb://127.0.0.1:1/bucket")
    config = str(configure(tmp_path, "mqtt://127.0.0.1:1", f"sqlite:///{tmp_path}/store.db"))
    assert run(["recover", str(path), "--config", config]) == 2
    assert "are for a store of kind influxdb, [store] url names sqlite" in capsys.readouterr().err
    config = str(configure(tmp_path, "mqtt://127.0.0.1:1", "influxdb://127.0.0.1:1/bucket"))
    assert run(["recover", str(path), "--config", config]) == 1
    assert capsys.readouterr().err.count("\n") == 1

"""Questions to a store: the same rows in SQLite and in a real InfluxDB give the same answers, known beforehand."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.contract.columns import Points, SeriesTable
from edge.contract.schema import AGENT, FORECAST, FORECAST_SCORE, READING, RETRAINING, Measurement
from edge.contract.times import SECOND
from edge.errors import ConfigurationError, StoreDenied
from edge.stores.asking.asking import averages, chosen, fields_of, means, newest
from edge.stores.influx import InfluxStore
from edge.stores.sqlite import SqliteStore
from edge.stores.store import Store
from tests.support.memory_store import Memory
from tests.support.servers import Influx

MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
NOW = 1_768_478_400 * SECOND
NAMES = ["hall's a", "yard", "never"]


def points(measurement: Measurement, series: list[int], minutes: list[int], **fields: Any) -> Points:  # noqa: ANN401
    """Rows so many minutes after NOW."""
    time = np.asarray([NOW + minute * MINUTE for minute in minutes], np.int64)
    lead = fields.pop("at_lead", None)
    columns = {name: value if isinstance(value, str) else np.asarray(value) for name, value in fields.items()}
    return Points(
        measurement, np.asarray(series, np.int32), time, columns, None if lead is None else np.asarray(lead, np.int32)
    )


def fill(store: Store) -> Store:
    """Readings of two series, a forecast, scores of two leads, and an agent whose name is no series."""
    table, agents = SeriesTable(NAMES), SeriesTable(["agent-1"])
    rows = [
        points(READING, [0, 0, 0, 1], [0, 1, 2, 1], value=[1.0, 3.0, 8.0, -2.0]),
        points(FORECAST, [0, 0], [3, 4], q10=[7.0, 6.0], q50=[8.0, 8.5], origin=[NOW, NOW], model="gru-1", lead=[1, 2]),
        points(FORECAST_SCORE, [0, 0, 0, 1], [0, 0, 1, 1], absolute_error=[1.0, 3.0, 5.0, 0.5], covered=[1.0, 0.0, 1.0, 1.0],
               at_lead=[1, 2, 1, 1]),
    ]  # fmt: skip
    store.write(store.encode(rows, table))
    store.write(store.encode([points(AGENT, [0, 0], [0, 1], readings=[5, 9], model="gru-1")], agents))
    return store


@pytest.fixture(params=["sqlite", "influxdb"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A store of each kind with the same rows."""
    if request.param == "sqlite":
        with closing(SqliteStore(tmp_path / "store.db")) as opened:
            yield fill(opened)
        return
    with Influx(tmp_path / "influx") as server:
        server.create("b")
        with closing(InfluxStore(server.url, "b", server.organisation, server.token)) as opened:
            yield fill(opened)


@pytest.mark.servers
def test_a_store_answers_what_is_asked(store: Store) -> None:
    """Newest rows, means, rows of a few series, and steps; hand-computed."""
    latest = newest(store, READING, ["value"], NOW - MINUTE)
    assert dict(zip(latest.owners, zip(latest.time.tolist(), latest.numbers("value").tolist(), strict=True), strict=True)) == {
        "hall's a": (NOW + 2 * MINUTE, 8.0),
        "yard": (NOW + MINUTE, -2.0),
    }
    assert newest(store, READING, ["value"], NOW + 2 * MINUTE).owners == ["hall's a"]  # rows before that time do not count

    made = newest(store, FORECAST, ["origin", "lead", "model"], 0)
    assert made.owners == ["hall's a"]
    assert made.time.tolist() == [NOW + 4 * MINUTE]
    assert made.texts("model") == ["gru-1"]
    assert made.numbers("lead").tolist() == [2.0]
    assert made.numbers("origin").tolist() == [float(NOW)]

    near = newest(store, FORECAST, ["origin", "lead"], 0, near=1)
    assert (near.time.tolist(), near.integers("lead")) == ([NOW + 3 * MINUTE], [1])

    agent = newest(store, AGENT, ["readings", "model", "backlog"], 0)
    assert agent.owners == ["agent-1"]
    assert agent.numbers("readings").tolist() == [9.0]
    assert np.isnan(agent.numbers("backlog")).all()  # a field that no agent has written

    scores = means(store, FORECAST_SCORE, ["absolute_error", "covered"], [], (NOW, NOW + HOUR))
    figures = dict(
        zip(scores.owners, zip(scores.numbers("absolute_error"), scores.numbers("covered"), strict=True), strict=True)
    )
    assert figures["hall's a"] == pytest.approx((3.0, 2 / 3))
    assert figures["yard"] == pytest.approx((0.5, 1.0))
    assert means(store, FORECAST_SCORE, ["covered"], ["yard"], (NOW + MINUTE, NOW + HOUR)).numbers("covered").tolist() == [1.0]
    assert scores.integers("count") in ([3, 1], [1, 3])

    rows = chosen(store, FORECAST_SCORE, ["absolute_error"], ["hall's a"], (NOW, NOW + 2 * MINUTE))
    seen = sorted(zip(rows.time.tolist(), rows.numbers("lead").tolist(), rows.numbers("absolute_error").tolist(), strict=True))
    assert seen == [(NOW, 1.0, 1.0), (NOW, 2.0, 3.0), (NOW + MINUTE, 1.0, 5.0)]
    everyone = chosen(store, READING, ["value"], [], (NOW + MINUTE, NOW + 2 * MINUTE))
    assert sorted(zip(everyone.owners, everyone.numbers("value").tolist(), strict=True)) == [("hall's a", 3.0), ("yard", -2.0)]

    steps = averages(store, READING, ["value"], ["hall's a"], (NOW, NOW + 3 * MINUTE), 2 * MINUTE)
    assert steps.time.tolist() == [NOW, NOW + 2 * MINUTE]
    assert steps.numbers("value").tolist() == [2.0, 8.0]
    assert len(averages(store, READING, ["value"], [], (NOW, NOW + MINUTE), MINUTE)) == 0

    assert sorted(fields_of(store, FORECAST)) == ["lead", "model", "origin", "q10", "q50"]
    assert fields_of(store, RETRAINING) == []
    assert len(newest(store, RETRAINING, ["seconds"], 0)) == 0
    assert (
        len(means(store, RETRAINING, ["seconds"], [], (0, NOW)))
        == len(chosen(store, RETRAINING, ["seconds"], [], (0, NOW)))
        == 0
    )


def test_a_question_makes_no_file(tmp_path: Path) -> None:
    """A store that nobody has written to yet has no rows, and still no file afterwards."""
    store = SqliteStore(tmp_path / "none.db")
    span = (0, NOW)
    assert len(newest(store, READING, ["value"], 0)) == len(means(store, READING, ["value"], [], (0, NOW))) == 0
    assert (
        len(chosen(store, READING, ["value"], [], span)) == len(averages(store, READING, ["value"], ["a"], span, SECOND)) == 0
    )
    assert fields_of(store, READING) == []
    assert not store.path.exists()


def test_a_file_that_is_no_store_is_told(tmp_path: Path) -> None:
    """The path stands in the message."""
    path = tmp_path / "store.db"
    path.write_bytes(b"no database at all " * 100)
    with pytest.raises(StoreDenied, match=r"store\.db"):
        newest(SqliteStore(path), READING, ["value"], 0)


def test_a_store_of_another_kind_is_refused() -> None:
    """The message names those that can be asked."""
    with pytest.raises(ConfigurationError, match="sqlite, influxdb"):
        fields_of(Memory(), READING)

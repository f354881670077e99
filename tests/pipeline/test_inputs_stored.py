"""A training reads the values that agents have written, as they were known at each moment."""

from pathlib import Path

import numpy as np

from edge.contract.ahead.issues import ALWAYS, Issues
from edge.contract.columns import Points, Readings, SeriesTable
from edge.contract.times import SECOND, parse_time
from edge.inputs.kept import to_points
from edge.inputs.rule import InputRule
from edge.stores.sqlite import SqliteStore
from pipeline.inputs.gathering import gather
from pipeline.inputs.stored import stored_issues

HOUR = 3600 * SECOND
NOW = parse_time("2026-01-31T06:00Z")


def test_issues_come_back_from_the_store(tmp_path: Path) -> None:
    """Two issues of one hour are two rows; a file adds what was before there was an agent."""
    store = SqliteStore(tmp_path / "store.db")
    assert stored_issues(store) == {}
    readings = Readings.of([0, 0], [NOW, NOW + HOUR], [1, 2])
    store.write(store.encode([Points.of_readings(readings)], SeriesTable(["a"])))
    names = SeriesTable(["wind", "sun"])
    wind = Issues.of([NOW - HOUR, NOW], [NOW + HOUR, NOW + HOUR], [3, 4])
    store.write(store.encode([to_points(0, wind), to_points(1, Issues.of([NOW], [NOW], [7]))], names))
    stored = stored_issues(store)
    assert set(stored) == {"wind", "sun"}
    np.testing.assert_array_equal(stored["wind"].sorted().value, [3, 4])
    (tmp_path / "wind.csv").write_text("time,value\n2026-01-30,1\n2026-01-30T01:00Z,2\n")
    gathered = gather([InputRule(name="wind", file=str(tmp_path / "wind.csv"))], HOUR, store=store)
    assert list(gathered.ahead) == ["wind"]
    origins = np.array([parse_time("2026-01-30"), NOW - HOUR, NOW])
    np.testing.assert_array_equal(gathered.ahead["wind"].at(origins, 2)[:, 1], [2, np.nan, 4])
    assert gathered.ahead["wind"].issued.min() == ALWAYS
    store.close()

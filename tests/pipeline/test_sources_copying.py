"""Sources copied into the store (kind: rows that collide; the count that is printed is what the store holds)."""

from pathlib import Path

import pytest

from edge.config.sections import Config, StoreSection
from edge.contract.columns import Readings, SeriesTable
from edge.contract.times import SECOND
from edge.errors import ConfigurationError
from edge.sources.settings import HistorySource
from edge.stores.sqlite import SqliteStore
from edge.stores.store import read_readings
from pipeline.history.from_store import write_history
from pipeline.sources.copying import copy_history
from tests.support.home_assistant import Recorder
from tests.support.sources import ALL, START


def held(path: Path) -> list[tuple[str, float, float]]:
    """Series, seconds and value of every reading in a store."""
    store, series = SqliteStore(path), SeriesTable()
    readings = Readings.concatenate(list(read_readings(store, *ALL, series)))
    store.close()
    rows = zip(readings.series.tolist(), readings.time.tolist(), readings.value.tolist(), strict=True)
    return sorted((series.names[owner], (time - START * SECOND) / SECOND, value) for owner, time, value in rows)


def test_a_copy_adds_what_the_store_lacks_and_nothing_twice(tmp_path: Path) -> None:
    """Hours of which the store has readings of its own stay as they are; an hour that was left half copied is finished."""
    recorder = Recorder(tmp_path / "ha.db")
    recorder.states("sensor.a", [(START + 1200 * k, str(k)) for k in range(9)])
    recorder.states("light.b", [(START, "on")])
    recorder.sums("sensor.m", [(START, 5.0, 0.0)])
    store = SqliteStore(tmp_path / "store.db")
    live = Readings.of([0, 1, 1], [(START + k) * SECOND for k in (7, 4800, 5)], [-1.0, 4.0, -2.0])
    write_history(store, SeriesTable(["other", "sensor.a"]), live)
    store.close()
    config = Config(
        store=StoreSection(f"sqlite:///{tmp_path}/store.db"), history=(HistorySource(f"sqlite:///{tmp_path}/ha.db"),)
    )
    copied = copy_history(config)
    assert (copied.written, copied.present, copied.passed, copied.series) == (6, 1, 3, ("sensor.a", "sensor.m"))
    rows = [("sensor.a", 1200.0 * k, float(k)) for k in range(3, 9)]
    assert held(tmp_path / "store.db") == [("other", 7.0, -1.0), ("sensor.a", 5.0, -2.0), *rows, ("sensor.m", 3599.999, 5.0)]
    again = copy_history(config)
    assert (again.written, again.present, again.passed) == (0, 7, 3)
    assert [note.partition(": ")[2] for note in again.notes] == [
        "entities whose states are no numbers, left out: 1, such as light.b with 'on'"
    ]
    assert copied.meters == ("sensor.m",)


def test_without_a_source_there_is_nothing_to_copy() -> None:
    """One line."""
    with pytest.raises(ConfigurationError, match=r"there is no \[\[history\]\] to copy"):
        copy_history(Config())

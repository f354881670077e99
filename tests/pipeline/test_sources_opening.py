"""The history of store and `[[history]]` together, as a training takes it (kind: rows that collide overwrite in silence)."""

from pathlib import Path

import numpy as np
import pytest

from edge.config.sections import Config, StoreSection
from edge.config.training_sections import Fleet
from edge.contract.columns import Readings, SeriesTable
from edge.contract.times import SECOND
from edge.errors import HistoryError, StoreDenied
from edge.sources.settings import HistorySource
from edge.stores.sqlite import SqliteStore
from pipeline.history.cells import IN_MEMORY
from pipeline.history.from_store import write_history
from pipeline.sources.opening import configured_history
from tests.support.home_assistant import Recorder
from tests.support.sources import START

HOUR = 3600


def config(tmp_path: Path, *history: HistorySource) -> Config:
    """A store and sources."""
    return Config(store=StoreSection(f"sqlite:///{tmp_path}/store.db"), history=history)


def test_of_an_hour_the_store_counts_first(tmp_path: Path) -> None:
    """Then the sources in the order of the file; gaps of one are filled from the next."""
    recorder = Recorder(tmp_path / "ha.db")
    recorder.means("sensor.a", [(START + HOUR * hour, 10.0 + hour) for hour in range(6)])
    recorder.states("sensor.a", [(START + HOUR * 4 + 60, "14.5"), (START + HOUR * 4 + 120, "15.5")])
    recorder.states("light.a", [(START, "on")])
    store = SqliteStore(tmp_path / "store.db")
    live = Readings.of([0, 0], [(START + HOUR * hour + 7) * SECOND for hour in (5, 7)], [1.0, 2.0])
    write_history(store, SeriesTable(["sensor.a"]), live)
    store.close()
    history = configured_history(config(tmp_path, HistorySource(f"sqlite:///{tmp_path}/ha.db")), Fleet("1h"), IN_MEMORY)
    np.testing.assert_array_equal(history.table.values, [[10, 11, 12, 13, 15, 1, np.nan, 2]])
    assert history.arrivals.readings.tolist() == [8]
    assert [note.partition(": ")[2] for note in history.notes] == [
        "entities whose states are no numbers, left out: 1, such as light.a with 'on'"
    ]


def test_a_source_that_cannot_be_read_ends_the_training(tmp_path: Path) -> None:
    """With less history than was asked for the model would be another one."""
    with pytest.raises(StoreDenied, match="does not exist"):
        configured_history(config(tmp_path, HistorySource(f"sqlite:///{tmp_path}/ha.db")), Fleet("1h"), IN_MEMORY)
    Recorder(tmp_path / "ha.db")
    with pytest.raises(HistoryError, match=r"holds no readings, nor does \[\[history\]\]"):
        configured_history(config(tmp_path, HistorySource(f"sqlite:///{tmp_path}/ha.db")), Fleet("1h"), IN_MEMORY)

"""Store and history of the measured agent."""

from pathlib import Path

import numpy as np

from edge.bench.feed import name_of
from edge.bench.stages import Stage, Stopwatch
from edge.bench.watched import WatchedForecaster, WatchedStore
from edge.contract.columns import Points, Readings, SeriesTable
from edge.contract.contract import Contract
from edge.contract.schema import READING
from edge.contract.times import SECOND
from edge.forecaster.baselines import seasonal_naive
from edge.stores.sqlite import SqliteStore
from edge.stores.store import read_readings

MINUTE = 60 * SECOND
END = 1_767_225_600 * SECOND


def test_the_history_has_a_reading_of_every_sensor_in_each_interval(tmp_path: Path) -> None:
    """Until the first reading that is sent, and not beyond."""
    store = WatchedStore(SqliteStore(tmp_path / "store.db"), Stopwatch(), 3, END, MINUTE, None)
    series = SeriesTable()
    pages = Readings.concatenate(list(read_readings(store, END - 2 * MINUTE, END + MINUTE, series)))
    assert store.span() == (0, END - 1)
    assert series.names == [name_of(number) for number in range(3)]
    assert sorted(set(pages.time.tolist())) == [END - 2 * MINUTE, END - MINUTE]
    assert np.isfinite(pages.value).all()
    assert len(pages) == 6


def test_a_store_that_is_not_written_to_encodes_all_the_same(tmp_path: Path) -> None:
    """A block of the same bytes; with a function to call after a write, the rows are there."""
    inner, series, calls = SqliteStore(tmp_path / "store.db"), SeriesTable(["a"]), [0]
    points = [Points.of_readings(Readings.of([0], [END], [1.5]))]
    watch = Stopwatch()
    dropping = WatchedStore(inner, watch, 0, END, MINUTE, None)
    block = dropping.encode(points, series)
    dropping.write(block)
    assert (dropping.span(), inner.span()) == (None, None)
    WatchedStore(inner, watch, 0, END, MINUTE, lambda: calls.append(1)).write(block)
    assert (calls, inner.span()) == ([0, 1], (END, END))
    (page,) = inner.read(READING, ["value"], END, END + 1, series)
    assert page.readings().value.tolist() == [1.5]
    assert watch.seconds()[Stage.ENCODE] > 0
    inner.close()


def test_a_watched_forecaster_forecasts_the_same() -> None:
    """Name, contract and quantiles are those of the bundle's."""
    contract = Contract(MINUTE, 5, 2)
    inner, watch = seasonal_naive(contract), Stopwatch()
    forecaster = WatchedForecaster(inner, watch)
    windows, series = np.arange(10.0).reshape(2, 5), np.zeros(2, np.int32)
    assert np.array_equal(forecaster.predict(windows, series), inner.predict(windows, series), equal_nan=True)
    assert (forecaster.name, forecaster.contract, forecaster.intervals) == (inner.name, contract, inner.intervals)
    assert forecaster.self_test() is None
    assert watch.seconds()[Stage.FORECAST] > 0

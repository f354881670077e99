"""Readings between files and the store, and the contract that follows from them."""

from pathlib import Path

import numpy as np
import pytest

from edge.config import Fleet
from edge.contract import DAY, SECOND, Readings, SeriesTable
from edge.errors import HistoryError
from edge.payloads import Ingest
from edge.sqlite import SqliteStore
from pipeline.extract import derive_contract, read_history, tag, write_history

MINUTE, HOUR = 60 * SECOND, 3600 * SECOND


def every(interval: int, count: int = 50) -> Readings:
    """One series with a reading at every interval."""
    return Readings.of(
        [0] * count, [1_700_000_000 * SECOND // interval * interval + k * interval for k in range(count)], [1.0] * count
    )


@pytest.mark.parametrize(
    ("interval", "window", "horizon"),
    [(10 * SECOND, 720, 24), (MINUTE, 720, 24), (15 * MINUTE, 672, 96), (HOUR, 168, 24), (DAY, 56, 24)],
)
def test_defaults_follow_from_the_interval(interval: int, window: int, horizon: int) -> None:
    """The window is a week of at most 720 intervals, the horizon a day where that is 2 to 720 intervals."""
    contract = derive_contract(Fleet(), every(interval))
    assert (contract.interval, contract.window, contract.horizon) == (interval, window, horizon)


def test_what_is_configured_counts() -> None:
    """Interval, window, horizon and quantiles of the configuration reach the contract unchanged."""
    contract = derive_contract(Fleet("30min", 10, 20, (0.05, 0.5, 0.95), "max", 0.2), every(HOUR))
    assert (contract.interval, contract.window, contract.horizon) == (30 * MINUTE, 20, 10)
    assert (contract.quantiles, contract.aggregation, contract.max_missing) == ((0.05, 0.5, 0.95), "max", 0.2)


def test_history_comes_back_as_it_was_written(tmp_path: Path) -> None:
    """Writing twice changes nothing, values that are not finite are left out, and a range of time is half-open."""
    store = SqliteStore(tmp_path / "store.db")
    readings = Readings.of([0, 1, 0, 1], [SECOND, SECOND, 2 * SECOND, 3 * SECOND], [1.5, -2.0, float("nan"), 4.0])
    names = SeriesTable(["a", "b"])
    assert write_history(store, names, readings) == 3
    assert write_history(store, names, readings) == 3
    series, found = read_history(store)
    rows = {(series.names[s], t, v) for s, t, v in zip(found.series, found.time.tolist(), found.value.tolist(), strict=True)}
    assert rows == {("a", SECOND, 1.5), ("b", SECOND, -2.0), ("b", 3 * SECOND, 4.0)}
    assert len(read_history(store, stop=3 * SECOND)[1]) == 2


def test_an_empty_store_says_what_to_do(tmp_path: Path) -> None:
    """No readings, or none in the range asked for, is one line with the next step."""
    store = SqliteStore(tmp_path / "store.db")
    with pytest.raises(HistoryError, match="gatecast import"):
        read_history(store)
    write_history(store, SeriesTable(["a"]), every(HOUR))
    with pytest.raises(HistoryError, match="wider"):
        read_history(store, stop=1)


def test_imported_series_get_the_tags_of_their_topics() -> None:
    """A name that the series template can have made is tagged as its topic would; another name has no tags."""
    ingest = Ingest("sensors/{site}/{metric}", "{site}.{metric}")
    tagged = tag(SeriesTable(["ewr.temperature", "lonely"]), [ingest])
    assert tagged.tags == [{"site": "ewr", "metric": "temperature"}, {}]
    source = ingest.source("sensors/ewr/temperature")
    assert source is not None
    assert (source.name, source.tags) == (tagged.names[0], tagged.tags[0])


def test_readings_keep_every_bit(tmp_path: Path) -> None:
    """Values survive as float64: a reading comes back bit for bit."""
    store = SqliteStore(tmp_path / "store.db")
    values = np.array([0.1 + 0.2, 1e-300, 123456789.123456789])
    write_history(store, SeriesTable(["a"]), Readings(np.zeros(3, np.int32), np.arange(3) * HOUR, values))
    assert read_history(store)[1].value.tolist() == values.tolist()

"""Readings between files and the store."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest

from edge.config.training_sections import Fleet
from edge.contract.columns import Points, Readings, SeriesTable
from edge.contract.meaning import GAUGE, Meaning
from edge.contract.times import DAY, SECOND
from edge.errors import HistoryError, StoreBusy
from edge.messages.reading import meaning_of, plausible_of
from edge.messages.rule import ValueRule
from edge.series.description import Descriptions
from edge.sources.plausible import SeriesRules
from edge.stores.sqlite import SqliteStore
from edge.stores.store import open_store
from pipeline.history.cells import Workspace
from pipeline.history.from_store import TRIES, described, read_history, read_pages, tag, write_history
from tests.support.ingests import ingest, tags

HOUR = 3600 * SECOND


def every(interval: int, count: int = 50) -> Readings:
    """One series with a reading at every interval."""
    return Readings.of(
        [0] * count, [1_700_000_000 * SECOND // interval * interval + k * interval for k in range(count)], [1.0] * count
    )


def stored(store: SqliteStore, stop: int | None = None) -> set[tuple[str, int, float]]:
    """Series name, time and value of every reading in a store."""
    series = SeriesTable()
    pages = Readings.concatenate(list(read_pages(store, series, stop=stop)))
    rows = zip(pages.series.tolist(), pages.time.tolist(), pages.value.tolist(), strict=True)
    return {(series.names[index], time, value) for index, time, value in rows}


def test_history_comes_back_as_it_was_written(tmp_path: Path) -> None:
    """Writing twice changes nothing, values that are not finite are left out, and a range of time is half-open."""
    store = SqliteStore(tmp_path / "store.db")
    readings = Readings.of([0, 1, 0, 1], [SECOND, SECOND, 2 * SECOND, 3 * SECOND], [1.5, -2.0, float("nan"), 4.0])
    names = SeriesTable(["a", "b"])
    assert write_history(store, names, readings) == 3
    assert write_history(store, names, readings) == 3
    assert stored(store) == {("a", SECOND, 1.5), ("b", SECOND, -2.0), ("b", 3 * SECOND, 4.0)}
    assert len(stored(store, stop=3 * SECOND)) == 2
    store.close()


def test_the_same_history_from_another_store_makes_the_same_table(tmp_path: Path) -> None:
    """Rows come in order of the names, whichever series was written first, in memory or in a file."""
    names, readings = SeriesTable(["b", "a"]), Readings.of([0, 1, 0, 1], [0, 0, HOUR, 2 * HOUR], [1.0, 2.0, 3.0, 4.0])
    first, second = SqliteStore(tmp_path / "first.db"), SqliteStore(tmp_path / "second.db")
    write_history(first, names, readings)
    write_history(
        second, SeriesTable(["a", "b"]), Readings(1 - readings.series, readings.time, readings.value).take(slice(2, 4))
    )
    write_history(second, names, readings)
    history, again = read_history(first, Fleet("1h")), read_history(second, Fleet("1h"))
    assert history.table.names == ("a", "b")
    np.testing.assert_array_equal(history.table.values, [[2.0, np.nan, 4.0], [1.0, 3.0, np.nan]])
    assert history.table.data_hash == again.table.data_hash
    assert history.arrivals.last.tolist() == [2 * HOUR, HOUR]
    mapped = read_history(first, Fleet("1h"), Workspace(tmp_path, in_memory=0)).table
    assert isinstance(mapped.values, np.memmap)
    assert mapped.data_hash == history.table.data_hash
    first.close()
    second.close()


def test_the_interval_is_told_from_the_first_readings(tmp_path: Path) -> None:
    """What the guess was made from is part of the table like all that follows, and a configured interval needs no guess."""
    store = SqliteStore(tmp_path / "store.db", page=20)
    write_history(store, SeriesTable(["a"]), every(HOUR, 200))
    history = read_history(store, Fleet(), Workspace(told_from=50))
    assert (history.contract.interval, history.arrivals.readings.tolist()) == (HOUR, [200])
    assert np.isfinite(history.table.values).all()
    assert read_history(store, Fleet("2h")).table.values.shape[1] in (100, 101)
    store.close()


def test_an_empty_store_says_what_to_do(tmp_path: Path) -> None:
    """No readings, or none in the range asked for, is one line with the next step."""
    store = SqliteStore(tmp_path / "store.db")
    with pytest.raises(HistoryError, match="gatecast import"):
        read_history(store, Fleet())
    write_history(store, SeriesTable(["a"]), every(HOUR))
    with pytest.raises(HistoryError, match="wider"):
        read_history(store, Fleet(), stop=1)
    store.close()


def test_imported_series_get_the_tags_of_their_topics() -> None:
    """A name that the series template can have made is tagged as its topic would; another name has no tags."""
    rule = ingest("sensors/{site}/{metric}", "{site}.{metric}")
    tagged = tag(SeriesTable(["ewr.temperature", "lonely"]), [rule])
    assert tagged.tags == [{"site": "ewr", "metric": "temperature"}, {}]
    assert tags(rule, "sensors/ewr/temperature") == {tagged.names[0]: tagged.tags[0]}


def test_readings_keep_every_bit(tmp_path: Path) -> None:
    """Values survive as float64: a reading comes back bit for bit."""
    store = SqliteStore(tmp_path / "store.db")
    values = np.array([0.1 + 0.2, 1e-300, 123456789.123456789])
    write_history(store, SeriesTable(["a"]), Readings(np.zeros(3, np.int32), np.arange(3) * HOUR, values))
    assert {value for _, _, value in stored(store)} == set(values.tolist())
    store.close()


def test_a_store_that_stays_away_is_given_up_after_several_tries() -> None:
    """The waits grow from a quarter of a second, and the last failure is what the caller is told."""
    waits: list[float] = []
    with pytest.raises(StoreBusy, match=r"\[store\] url"):
        write_history(open_store("influxdb://127.0.0.1:1/bucket"), SeriesTable(["a"]), every(HOUR, 2), wait=waits.append)
    assert waits == [0.25, 0.5, 1, 2, 4][: TRIES - 1]


def test_the_rules_say_what_the_history_of_a_store_means(tmp_path: Path) -> None:
    """Readings are stored as the meter shows them; the table has what it added, and the silent door its last value."""
    store, series = SqliteStore(tmp_path / "store.db"), SeriesTable(["hall.door", "hall.meter", "hall.power"])
    hours = range(6)
    start = 1_700_002_800 * SECOND
    times = [start + hour * HOUR for hour in hours]
    write_history(store, series, Readings.of([1] * 6, times, [10.0 + 2 * hour for hour in hours]))
    write_history(store, series, Readings.of([2] * 6, times, [5.0] * 6))
    write_history(store, series, Readings.of([0], times[:1], [1.0]))
    rules = [
        ingest("{room}/power", value="*", series="{room}.{key}"),
        ingest("{room}/energy", series="{room}.{key}", values={"meter": ValueRule("total", kind="counter", unit="kWh")}),
        ingest("{room}/door", series="{room}.{key}", values={"door": ValueRule("open", fill="hold", hold="3h")}),
    ]
    table = read_history(store, Fleet("1h"), rules=SeriesRules(partial(meaning_of, rules))).table
    nan = float("nan")
    np.testing.assert_array_equal(table.values, [[1, 1, 1, 1, nan, nan], [nan, 2, 2, 2, 2, 2], [5, 5, 5, 5, 5, 5]])
    assert table.told == {"hall.door": Meaning(hold=3 * HOUR), "hall.meter": Meaning("counter", unit="kWh")}


def test_what_the_rules_leave_out_live_is_left_out_of_the_history(tmp_path: Path) -> None:
    """The 85 of a sensor that was just switched on lies in the store from before there was a rule; it is counted and said."""
    store, series = SqliteStore(tmp_path / "store.db"), SeriesTable(["hall.t", "hall.u"])
    times = [1_700_002_800 * SECOND + hour * HOUR for hour in range(4)]
    write_history(store, series, Readings.of([0] * 4, times, [20.0, 85.0, 21.0, -127.0]))
    write_history(store, series, Readings.of([1] * 4, times, [85.0, 86.0, 87.0, 88.0]))
    rules = [
        ingest("{room}/t", series="{room}.{key}", values={"t": ValueRule("t", ignore=(85,), min=-50.0)}),
        ingest("{room}/u", series="{room}.{key}", values={"u": ValueRule("u")}),
    ]
    history = read_history(store, Fleet("1h"), rules=SeriesRules(plausible=partial(plausible_of, rules)))
    nan = float("nan")
    np.testing.assert_array_equal(history.table.values, [[20, nan, 21, nan], [85, 86, 87, 88]])
    assert history.notes == ("series 'hall.t': 2 readings are left out, as [[ingest]] ignore, min or max say",)


def test_what_an_agent_told_the_store_counts_where_no_rule_is_sure(tmp_path: Path) -> None:
    """The newest row of a series; a rule that names it says more, and what nobody told is a gauge."""
    store, series = SqliteStore(tmp_path / "store.db"), SeriesTable(["door", "lamp", "meter", "tank"])
    days = np.arange(20_000, 20_040) * DAY
    readings = Readings(np.tile(np.arange(4, dtype=np.int32), 40), np.repeat(days, 4), np.ones(160))
    told = (Meaning("counter"), None, Meaning("counter", unit="kWh"), Meaning("counter"))
    for part, meanings in (
        (readings.time < days[30], told),
        (readings.time >= days[30], (Meaning(hold=6 * HOUR), None, *told[2:])),
    ):
        series.meanings[:] = meanings
        batch, descriptions = readings.take(part), Descriptions(series)
        points = [rows for day in days for rows in descriptions.rows(batch.take(batch.time == day))]
        store.write(store.encode([*points, Points.of_readings(batch)], series))
    assert described(store) == {"door": Meaning(hold=6 * HOUR), "meter": Meaning("counter"), "tank": Meaning("counter")}
    table = read_history(store, Fleet("1d"), rules=SeriesRules(lambda name, _: GAUGE if name == "tank" else None)).table
    assert table.told == {"door": Meaning(hold=6 * HOUR), "meter": Meaning("counter")}

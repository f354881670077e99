"""What every store promises, on every store: rows, and how they are read."""

import threading
from collections.abc import Iterator

import numpy as np
import pytest

from edge.contract.ahead.issues import Issues
from edge.contract.columns import Points, SeriesTable
from edge.contract.schema import AGENT, FORECAST_LEAD, INPUT, ISSUED, READING, VALUE
from edge.contract.times import DAY
from edge.errors import BlockRefused
from edge.inputs.kept import of_points, to_points
from edge.stores.store import Store
from tests.support.stores import CHECKED, FIELDS, NOW, PARAMETERS, Entry, leads, readings, rows, write

NAN = float("nan")
LAST = 4_102_444_800 * 10**9  # 2100
AWKWARD = [
    *(f"a{sign}b" for sign in " ,=\\\"'#%*~|;:$&`<>{}()[]?!+^@"),
    "x/y",
    "a\tb",
    "a\nc",
    "end\\",
    "\\,",
    "=",
    ",,",
    "null",
    "time",
    "series",
    "-1",
    "1e5",
    "%s %d {}",
    "dach süd “x” 温度 🌡",
    "long" * 200,
]


@pytest.fixture(params=PARAMETERS)
def entry(request: pytest.FixtureRequest) -> Entry:
    """Each store of the list."""
    return CHECKED[request.param](request)


@pytest.fixture
def store(entry: Entry) -> Iterator[Store]:
    """An empty store of each kind."""
    opened = entry.open()
    yield opened
    opened.close()


def test_what_was_written_is_read_back(store: Store) -> None:
    """To the nanosecond and to the last bit of a double, in order of time, whatever the names are."""
    table = SeriesTable(["roof.t", "dach süd, %s=“x” 温度", store.name_of("a\\b")])
    values = [1 / 3, -1e300, 5e-324, 0.1, 1e22]
    write(store, table, readings([1, 0, 1, 2, 0], [NOW + 3, NOW + 1, NOW + 2, NOW + 2, NOW], values))
    expected = sorted(zip([1, 0, 1, 2, 0], [NOW + 3, NOW + 1, NOW + 2, NOW + 2, NOW], values, strict=True), key=lambda r: r[1])
    found = rows(store)
    assert [row[1] for row in found] == [row[1] for row in expected]
    assert set(found) == {(table.names[index], time, None, value) for index, time, value in expected}


def test_writing_again_changes_nothing(store: Store) -> None:
    """The same block twice, and joined with itself, gives the same rows."""
    table = SeriesTable(["a", "b"])
    block = store.encode([readings([0, 1], [NOW, NOW], [1, 2]), leads(FORECAST_LEAD)], table)
    store.write(block)
    before = rows(store), rows(store, FORECAST_LEAD)
    store.write(block)
    store.write(store.join([block, block]))
    assert (rows(store), rows(store, FORECAST_LEAD)) == before
    assert len(before[0]) == 2


def test_values_of_an_input_keep_the_moments_at_which_they_were_told(store: Store) -> None:
    """Each issue of a moment has a row of its own, which a program without such moments may lack."""
    second = 10**9
    now = NOW // second * second
    told = Issues.of([now - 3600 * second, now, now], [now + 60 * second, now + 60 * second, now + 120 * second], [3, 4, 5.5])
    store.write(store.encode([to_points(0, told)], SeriesTable(["wind speed"])))
    names = SeriesTable()
    (points,) = store.read(INPUT, [VALUE.name, ISSUED.name], now, now + 200 * second, names)
    again = of_points(points)[0].sorted()
    assert names.names == ["wind speed"]
    for column, expected in ((again.issued, told.issued), (again.time, told.time), (again.value, told.value)):
        np.testing.assert_array_equal(column, expected)


def test_later_value_of_the_same_moment_replaces_the_earlier(store: Store) -> None:
    """Within a block, between the blocks of a write, and between writes."""
    table = SeriesTable(["a"])
    one = store.encode([readings([0, 0], [NOW, NOW], [1, 2])], table)
    store.write(one)
    assert rows(store) == [("a", NOW, None, 2.0)]
    store.write(store.join([one, store.encode([readings([0], [NOW], [3])], table)]))
    assert rows(store) == [("a", NOW, None, 3.0)]
    write(store, table, readings([0], [NOW], [4]))
    assert rows(store) == [("a", NOW, None, 4.0)]


def test_leads_tell_points_of_the_same_moment_apart(store: Store) -> None:
    """A float32 comes back as it was, and what was never there is NaN."""
    write(store, SeriesTable(["a"]), leads(FORECAST_LEAD))
    thirds = np.arange(3, dtype=np.float64) / np.float64(3)
    found = rows(store, FORECAST_LEAD)
    assert [(name, time, lead, low) for name, time, lead, low, _ in found] == [("a", NOW, lead, None) for lead in (1, 2, 3)]
    assert np.array([row[4] for row in found], np.float64).tolist() == thirds.tolist()


def test_part_of_the_time_is_read(store: Store) -> None:
    """From the start on, up to but not including the stop."""
    write(store, SeriesTable(["a", "b"]), readings([0, 0, 1, 0], [NOW, NOW + 1, NOW + 1, NOW + 2], [1, 2, 3, 4]))
    assert sorted(rows(store, READING, NOW + 1, NOW + 2)) == [("a", NOW + 1, None, 2.0), ("b", NOW + 1, None, 3.0)]
    assert rows(store, READING, NOW + 3, NOW + 3) == []
    assert store.count_readings(NOW + 1, NOW + 2) == {"a": 1, "b": 1}


def test_long_history_comes_in_pages_without_gaps_and_doubles(entry: Entry) -> None:
    """Also where more rows share a moment than a page holds, and over gaps longer than a page."""
    store = entry.open(7)
    table = SeriesTable([f"s{number}" for number in range(20)])
    times = [NOW, NOW + 1, NOW + 1, NOW + 5 * DAY, NOW + 30 * DAY] * 4 + [NOW + 31 * DAY] * 10
    series = [*range(20), *range(10)]
    write(store, table, readings(series, times, list(range(30))))
    found = rows(store, READING, NOW, NOW + 40 * DAY)
    assert [row[1] for row in found] == sorted(times)
    assert store.count_readings(NOW, NOW + 40 * DAY) == {f"s{number}": 1 + (number < 10) for number in range(20)}
    assert sorted(found) == sorted((f"s{s}", t, None, float(v)) for v, (s, t) in enumerate(zip(series, times, strict=True)))
    store.close()


def test_span_is_the_first_and_the_last_reading(store: Store) -> None:
    """None where there is none; forecasts do not count."""
    assert store.span() is None
    write(store, SeriesTable(["a"]), leads(FORECAST_LEAD))
    assert store.span() is None
    write(store, SeriesTable(["a", "b", "c"]), readings([1, 0, 1], [NOW, NOW - 5, NOW + 5], [1, 2, 3]))
    assert store.span() == (NOW - 5, NOW + 5)


def test_empty_store_gives_nothing(store: Store) -> None:
    """Reading makes no measurement, and is no error."""
    assert [rows(store, measurement) for measurement in FIELDS] == [[]] * len(FIELDS)
    assert store.count_readings(0, NOW) == {}


def test_series_known_already_keep_their_index(store: Store) -> None:
    """Reading adds only the series the table does not have."""
    write(store, SeriesTable(["a", "b"]), readings([0, 1], [NOW, NOW], [1, 2]))
    table = SeriesTable(["x", "b"])
    pages = list(store.read(READING, ["value"], NOW, NOW + 1, table))
    assert sorted(table.names) == ["a", "b", "x"]
    assert sorted(table.names[index] for page in pages for index in page.series) == ["a", "b"]


def test_agent_row_has_its_own_tag_and_grows_fields(store: Store) -> None:
    """A field that comes later is no trouble for the rows before it."""
    for number, names in enumerate([["backlog"], ["backlog", "lag_seconds"]]):
        fields = {name: np.array([1.5]) for name in names}
        write(store, SeriesTable(["agent-1"]), Points(AGENT, np.zeros(1, np.int32), np.array([NOW + number]), {**fields}))
    agents = SeriesTable()
    (page,) = store.read(AGENT, ["backlog", "lag_seconds"], NOW, NOW + 2, agents)
    assert agents.names == ["agent-1"]
    np.testing.assert_array_equal(np.asarray(page.fields["lag_seconds"]), [NAN, 1.5])


def test_halves_of_a_block_are_the_block(store: Store) -> None:
    """Splitting until nothing can be split and writing the parts in order gives the same rows; there are several."""
    table = SeriesTable(["a", "b"])
    block = store.encode([readings([0, 1], [NOW, NOW], [1, 2]), leads(FORECAST_LEAD), readings([0], [NOW + 1], [3])], table)
    parts, waiting = [], [block]
    while waiting:
        part = waiting.pop(0)
        halves = store.split(part)
        if halves is None:
            parts.append(part)
        else:
            waiting[:0] = halves
    assert len(parts) >= 3
    for part in parts:
        store.write(part)
    assert sorted(rows(store)) == [("a", NOW, None, 1.0), ("a", NOW + 1, None, 3.0), ("b", NOW, None, 2.0)]
    assert len(rows(store, FORECAST_LEAD)) == 3


def test_block_of_another_store_is_refused(store: Store) -> None:
    """It can be split no further, and what is there stays."""
    write(store, SeriesTable(["a"]), readings([0], [NOW], [1]))
    strange = b"\xc1 strange"
    with pytest.raises(BlockRefused):
        store.write(strange)
    assert store.split(strange) is None
    assert len(rows(store)) == 1


def test_block_without_points_is_fine(store: Store) -> None:
    """Nothing is written."""
    empty = store.encode([], SeriesTable())
    store.write(empty)
    store.write(store.join([]))
    store.write(store.join([empty, empty]))
    assert rows(store) == []


def test_reader_and_writer_in_two_threads_do_not_disturb_each_other(store: Store, entry: Entry) -> None:
    """Reading goes on while blocks are written; InfluxDB may show a part of a block."""
    table = SeriesTable([f"s{number}" for number in range(50)])
    problems: list[BaseException] = []

    def writing() -> None:
        try:
            for number in range(20):
                write(store, table, readings(list(range(50)), [NOW + number] * 50, [number] * 50))
                if number % 5 == 0:
                    with pytest.raises(BlockRefused):
                        store.write(b"\xc1")
        except BaseException as error:  # noqa: BLE001 - whatever happens in the thread is the test's result
            problems.append(error)

    thread = threading.Thread(target=writing)
    thread.start()
    while thread.is_alive():
        assert len(rows(store)) % 50 == 0 or not entry.atomic
    thread.join()
    assert problems == []
    assert len(rows(store)) == 1000


def test_names_and_tags_may_hold_any_character(store: Store) -> None:
    """Two names that differ stay two series; a name that a store cannot hold is the one that `name_of` says."""
    table = SeriesTable()
    for name in AWKWARD:
        table.add(name, {"place": name})
    count = len(AWKWARD)
    write(store, table, readings(range(count), [NOW] * count, list(range(count))))
    expected = {(store.name_of(name), NOW, None, float(number)) for number, name in enumerate(AWKWARD)}
    assert len(expected) == count
    assert set(rows(store)) == expected
    assert store.count_readings(NOW, NOW + 1) == {store.name_of(name): 1 for name in AWKWARD}


def test_answer_in_many_parts_is_read_whole(store: Store) -> None:
    """An InfluxDB sends ten thousand rows at once."""
    count = 25_000
    write(store, SeriesTable(["a"]), readings([0] * count, [NOW + number for number in range(count)], range(count)))
    assert [row[3] for row in rows(store)] == [float(number) for number in range(count)]


def test_rows_of_a_century_are_read_at_once(store: Store) -> None:
    """From 1970 to 2100, as somebody asks who does not know when the readings begin."""
    times = [1, 10**9, NOW, LAST - 1]
    assert store.span() is None
    write(store, SeriesTable(["a"]), readings([0] * 4, times, [1, 2, 3, 4]))
    assert rows(store, READING, 0, LAST) == [("a", time, None, float(number)) for number, time in enumerate(times, 1)]
    assert store.count_readings(0, LAST) == {"a": 4}
    assert store.span() == (1, LAST - 1)


def test_two_writers_lose_and_double_nothing(entry: Entry, store: Store) -> None:
    """Each writes series of its own, and both write the same rows of a third one."""
    problems: list[BaseException] = []

    def writing(writer: Store, number: int) -> None:
        try:
            for step in range(20):
                times = [NOW + 10 * step + offset for offset in range(10)]
                points = readings([number] * 10 + [2] * 10, times * 2, [number] * 10 + [7] * 10)
                write(writer, SeriesTable(["a", "b", "both"]), points)
        except BaseException as error:  # noqa: BLE001 - whatever happens in the thread is the test's result
            problems.append(error)

    second = entry.open()
    threads = [threading.Thread(target=writing, args=pair) for pair in ((store, 0), (second, 1))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    second.close()
    assert problems == []
    values = {"a": 0.0, "b": 1.0, "both": 7.0}
    assert sorted(rows(store)) == [(name, NOW + step, None, value) for name, value in values.items() for step in range(200)]


def test_store_goes_on_after_close(store: Store) -> None:
    """Closing lets go; the next use opens it again."""
    write(store, SeriesTable(["a"]), readings([0], [NOW], [1]))
    store.close()
    store.close()
    assert len(rows(store)) == 1

"""What every store promises, on every store; and which URL names which."""

import contextlib
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from edge.contract.columns import Points, SeriesTable
from edge.contract.schema import AGENT, FORECAST, FORECAST_LEAD, FORECAST_SCORE, READING, Measurement
from edge.contract.times import DAY, SECOND
from edge.errors import BlockRefused, ConfigurationError, StoreDenied
from edge.stores.address import TOKEN_VARIABLE
from edge.stores.influx import ROWS, InfluxStore
from edge.stores.sqlite import SqliteStore
from edge.stores.store import STORES, Store, open_store
from tests.support.fake_influx import FakeInflux2

NOW = 1_768_478_400 * SECOND
NAN = float("nan")
FIELDS = {READING: ["value"], FORECAST: ["q50"], FORECAST_LEAD: ["q10", "q50"], FORECAST_SCORE: ["error"], AGENT: ["backlog"]}


@dataclass(frozen=True)
class Entry:
    """A store on the list of checks.

    Args:
        open: makes an empty one whose pages have so many rows, or the usual number.
        atomic: whether readers see whole blocks only.
    """

    open: Callable[[pytest.FixtureRequest, int | None], Store]
    atomic: bool


def _sqlite(request: pytest.FixtureRequest, page: int | None) -> Store:
    path = request.getfixturevalue("tmp_path") / "folder" / "store.db"
    return SqliteStore(path) if page is None else SqliteStore(path, page=page)


def _influx(request: pytest.FixtureRequest, page: int | None) -> Store:
    """A bucket of the session's InfluxDB."""
    server, bucket = request.getfixturevalue("influx"), request.getfixturevalue("bucket")
    return InfluxStore(server.url, bucket, "gatecast", server.token, page=page or ROWS)


def _old_influx(request: pytest.FixtureRequest, page: int | None) -> Store:
    """The same, as InfluxDB 1.6 is without anything in front of it."""
    server, bucket = request.getfixturevalue("influx"), request.getfixturevalue("bucket")
    return InfluxStore(f"http://127.0.0.1:{server.engine.port}", bucket, "", server.token, page=page or ROWS)


# Every store: a new one is added here, and has to pass all that follows.
CHECKED = {
    "sqlite": Entry(_sqlite, atomic=True),
    "influxdb": Entry(_influx, atomic=False),
    "influxdb-1.6": Entry(_old_influx, atomic=False),
}
NEED_SERVERS = ("influxdb", "influxdb-1.6")


@pytest.fixture(
    params=[pytest.param(name, marks=[pytest.mark.servers] * (name in NEED_SERVERS)) for name in CHECKED],
)
def entry(request: pytest.FixtureRequest) -> Entry:
    """Each store of the list."""
    return CHECKED[request.param]


@pytest.fixture
def store(entry: Entry, request: pytest.FixtureRequest) -> Iterator[Store]:
    """An empty store of each kind."""
    opened = entry.open(request, None)
    yield opened
    opened.close()


def readings(series: Sequence[int], time: Sequence[int], value: Sequence[float]) -> Points:
    """Rows of the measurement `reading`."""
    return Points(READING, np.asarray(series, np.int32), np.asarray(time), {"value": np.asarray(value, np.float64)})


def leads(measurement: Measurement, count: int = 3) -> Points:
    """Rows with a lead, an int and a text field."""
    number = np.arange(count)
    fields: dict[str, np.ndarray[tuple[int], np.dtype[np.float64]] | np.ndarray[tuple[int], np.dtype[np.int64]] | str] = {
        "q10": np.full(count, np.nan),
        "q50": (number / 3),
        "origin": NOW + number,
        "model": 'gru "x" \\ % = , 1%d',
    }
    return Points(measurement, np.zeros(count, np.int32), np.full(count, NOW), {**fields}, (number + 1).astype(np.int32))


def write(store: Store, table: SeriesTable, *points: Points) -> None:
    """Points through a block into the store."""
    store.write(store.encode(points, table))


def rows(store: Store, measurement: Measurement = READING, start: int = 0, stop: int = 2 * NOW) -> list[tuple[object, ...]]:
    """(series, time, lead, fields …) of everything read back, NaN as None."""
    table = SeriesTable()
    found: list[tuple[object, ...]] = []
    fields = FIELDS[measurement]
    for page in store.read(measurement, fields, start, stop, table):
        columns = [np.asarray(page.fields[name], np.float64).tolist() for name in fields]
        lead = [None] * len(page) if page.lead is None else page.lead.tolist()
        for index, time, step, *cells in zip(page.series.tolist(), page.time.tolist(), lead, *columns, strict=True):
            found.append((table.names[index], time, step, *(None if cell != cell else cell for cell in cells)))  # noqa: PLR0124
    return found


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


def test_long_history_comes_in_pages_without_gaps_and_doubles(entry: Entry, request: pytest.FixtureRequest) -> None:
    """Also where more rows share a moment than a page holds, and over gaps longer than a page."""
    store = entry.open(request, 7)
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


def test_store_goes_on_after_close(store: Store) -> None:
    """Closing lets go; the next use opens it again."""
    write(store, SeriesTable(["a"]), readings([0], [NOW], [1]))
    store.close()
    store.close()
    assert len(rows(store)) == 1


def test_every_kind_of_store_is_on_the_list() -> None:
    """The example of each kind names a store of that kind, and the list above has it."""
    kinds = {open_store(kind.example).kind for kind in STORES.values()}
    assert kinds == {name.partition("-")[0] for name in CHECKED}
    assert all(open_store(kind.example.replace(kind.example.partition(":")[0], scheme, 1)) for scheme, kind in STORES.items())


def test_configuration_page_tells_how_the_url_of_every_store_is_written() -> None:
    """Each URL in its table can be opened, and each kind is in it."""
    page = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text("utf-8")
    told = set(re.findall(r"^\| [^|]+ \| `(\w+://[^`]+)` \|", page, re.MULTILINE))
    assert {kind.example for kind in STORES.values()} <= told
    assert {open_store(url).kind for url in told} == {open_store(kind.example).kind for kind in STORES.values()}


@pytest.mark.parametrize(
    ("url", "path"), [("sqlite:///a/b.db", "a/b.db"), ("sqlite:////var/b.db", "/var/b.db"), ("sqlite:///a%20b.db", "a b.db")]
)
def test_sqlite_url_names_a_file(url: str, path: str) -> None:
    """Three slashes: relative; four: absolute. Nothing is made yet."""
    store = open_store(url)
    assert isinstance(store, SqliteStore)
    assert str(store.path) == path


@pytest.mark.parametrize(
    ("url", "address", "bucket"),
    [
        ("influxdb://host/b", "http://host:8086", "b"),
        ("influxdbs://host:443/b?org=o", "https://host:443", "b"),
        ("influxdb://[::1]:8086/db/policy", "http://[::1]:8086", "db/policy"),
        ("influxdb://host/my%20bucket", "http://host:8086", "my bucket"),
    ],
)
def test_influx_url_names_address_and_bucket(url: str, address: str, bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The token is not shown."""
    monkeypatch.setenv(TOKEN_VARIABLE, "very-secret")
    store = open_store(url)
    assert isinstance(store, InfluxStore)
    assert (store.url, store.bucket) == (address, bucket)
    assert "secret" not in repr(store)


def test_token_file_goes_before_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that cannot be read is the user's move."""
    monkeypatch.setenv(TOKEN_VARIABLE, "of-the-environment")
    (tmp_path / "token").write_text("of-the-file\n")
    with FakeInflux2() as fake:
        for token_file in (None, str(tmp_path / "token")):
            with contextlib.closing(open_store(fake.store_url(), token_file)) as store, pytest.raises(StoreDenied):
                store.write(b"reading,series=a value=1 1")
    assert fake.accounts == ["Token of-the-environment", "Token of-the-file"]
    with pytest.raises(ConfigurationError, match=r"cannot read the token file .*missing.*check \[store\] token_file"):
        open_store("influxdb://host/b", str(tmp_path / "missing"))


@pytest.mark.parametrize(
    ("url", "advice"),
    [
        ("sqlite:///a.db", ""),
        ("influxdb://host/b?org=o", ""),
        ("influxdb://host/b", "it names no [?]org=my-org, which InfluxDB 2"),
    ],
)
def test_store_says_what_its_url_lacks(url: str, advice: str) -> None:
    """Nothing, where it can do without."""
    assert re.match(advice, open_store(url).advice)
    assert bool(open_store(url).advice) == bool(advice)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", r"\[store\] url '' is no store"),
        ("gatecast.db", "is no store"),
        ("postgres://host/b", "is no store"),
        ("sqlite://", r"\[store\] url 'sqlite://' names no file"),
        ("sqlite:///", "names no file"),
        ("sqlite://gatecast.db", "names no file"),
        ("influxdb://host", r"\[store\] url 'influxdb://host' names no bucket"),
        ("influxdb:///b", "names no bucket"),
        ("influxdb://host:99999/b", "is no URL"),
        ("influxdb://host:port/b", "is no URL"),
        ("influxdb://[::1/b", "is no URL"),
        ("influxdb://host/b?bucket=x", "unknown option 'bucket'"),
    ],
)
def test_url_that_names_no_store_is_refused(url: str, words: str) -> None:
    """The message says what to write."""
    with pytest.raises(ConfigurationError, match=words):
        open_store(url)


@pytest.mark.parametrize(
    "url",
    [
        "influxdb://me:very-secret@host/b",
        "influxdb://host/b?token=very-secret",
        "influxdb://me:very-secret@host",
        "influxdb://me:secret/@host/b",
        "influxdb://me:very-secret@ho\u2100st/b",
        "influxdb+http://me:very-secret@host/b",
        "me:very-secret@host/b",
        "sqlite://me:very-secret@/b",
    ],
)
def test_secret_in_a_url_is_refused_and_not_repeated(url: str) -> None:
    """It would end up in logs and in version control."""
    with pytest.raises(ConfigurationError) as caught:
        open_store(url)
    assert "secret" not in str(caught.value)

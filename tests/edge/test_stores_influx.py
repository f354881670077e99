"""Line protocol as a real InfluxDB reads it, and what its refusals mean."""

import contextlib
import gc
import socket
import threading
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.contract.columns import Points, Readings, SeriesTable
from edge.contract.schema import AGENT, FORECAST, FORECAST_LEAD, FORECAST_SCORE, READING, Measurement
from edge.contract.times import SECOND
from edge.errors import BlockRefused, StoreBusy, StoreDenied
from edge.spool.delivery import Delivery
from edge.spool.sender import Pace, Sender
from edge.spool.spool import Commit, Spool
from edge.stores.influx import InfluxStore
from tests.support.servers import Influx, free_port, wait_until

NOW = 1_768_478_400 * SECOND
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"], exclude_characters="\\"), min_size=1, max_size=40)


def offline() -> InfluxStore:
    """A store that only encodes."""
    return InfluxStore("http://127.0.0.1:1", "b")


def points(count: int = 1, measurement: Measurement = READING, **fields: Any) -> Points:  # noqa: ANN401 - columns or text
    """Rows of series 0 at consecutive nanoseconds."""
    return Points(measurement, np.zeros(count, np.int32), NOW + np.arange(count), fields)


def lines(*parts: Points, series: SeriesTable | None = None) -> list[str]:
    """Encoded rows."""
    return offline().encode(parts, series or SeriesTable(["a"])).decode().split("\n")


@pytest.fixture
def store(influx: Influx, bucket: str) -> Iterator[InfluxStore]:
    """A bucket of the session's server."""
    opened = InfluxStore(influx.url, bucket, "gatecast", influx.token)
    yield opened
    opened.close()


def test_line_carries_series_and_tags_in_order() -> None:
    """Only readings carry the tags of the topic; the tag of an agent is its own."""
    table = SeriesTable()
    table.add("roof.t", {"site": "roof", "metric": "t", "empty": ""})
    assert lines(points(value=np.array([1.0])), series=table) == [f"reading,metric=t,series=roof.t,site=roof value=1.0 {NOW}"]
    assert lines(points(measurement=FORECAST, q50=np.array([1.0])), series=table) == [f"forecast,series=roof.t q50=1.0 {NOW}"]
    assert lines(points(measurement=AGENT, lag=np.array([1.0])), series=table) == [f"agent,agent=roof.t lag=1.0 {NOW}"]


def test_kinds_of_fields_are_told_apart() -> None:
    """Floats are always floats, whole numbers carry an i, texts quotes; a lead is a tag."""
    one = points(measurement=FORECAST, q50=np.array([2.0]), origin=np.array([7]), model='a "b" \\c\nd')
    assert lines(one) == [f'forecast,series=a q50=2.0,origin=7i,model="a \\"b\\" \\\\c d" {NOW}']
    lead = Points(FORECAST_LEAD, np.zeros(1, np.int32), np.array([NOW]), {"q50": np.array([0.5])}, np.array([24], np.int32))
    assert lines(lead) == [f"forecast_lead,series=a,lead=24 q50=0.5 {NOW}"]


def test_type_of_a_field_is_that_of_its_name() -> None:
    """Not that of the array it comes in: whole numbers in an array of floats carry an i, a value of an integer sensor none."""
    assert lines(points(value=np.array([3]))) == [f"reading,series=a value=3 {NOW}"]
    one = points(2, FORECAST, origin=np.array([7.0, np.nan]), q50=np.array([1.0, 2.0]))
    assert lines(one) == [f"forecast,series=a origin=7i,q50=1.0 {NOW}", f"forecast,series=a q50=2.0 {NOW + 1}"]


def test_what_is_not_finite_is_left_out() -> None:
    """The field, or the whole row where no field is left; never a line without fields."""
    value = np.array([1.0, np.nan, np.inf, -np.inf])
    assert lines(points(4, value=value)) == [f"reading,series=a value=1.0 {NOW}"]
    assert lines(points(4, value=value, model="m%")) == [
        f'reading,series=a value=1.0,model="m%" {NOW}',
        *(f'reading,series=a model="m%" {NOW + later}' for later in (1, 2, 3)),
    ]
    assert lines(points(2, value=np.full(2, np.nan))) == [""]
    assert lines(points(2, q10=np.full(2, np.nan), q50=np.array([1.5, np.nan]))) == [f"reading,series=a q50=1.5 {NOW}"]
    assert lines(points(1), points(1, value=np.array([1.0]))) == [f"reading,series=a value=1.0 {NOW}"]


def test_text_that_looks_like_a_number_format_is_text() -> None:
    """Per cent signs and equal signs in a model's name mean nothing."""
    one = points(2, value=np.array([1.0, np.nan]), model="a=%d %s", q50=np.array([2.0, 3.0]))
    assert lines(one) == [
        f'reading,series=a value=1.0,model="a=%d %s",q50=2.0 {NOW}',
        f'reading,series=a model="a=%d %s",q50=3.0 {NOW + 1}',
    ]


def test_prefixes_belong_to_one_table() -> None:
    """The same index of another table is another series."""
    store = offline()
    for name in ("a", "b", "a"):
        assert f"series={name} " in store.encode([points(value=np.array([1.0]))], SeriesTable([name])).decode()


def test_a_small_table_beside_a_large_one_has_its_own_prefixes() -> None:
    """Its rows carry its names and tags, and so do those of the large one after it."""
    store, large, small = offline(), SeriesTable(["a", "b"]), SeriesTable()
    small.add("c", {"site": "x"})
    for table, tags in ((large, ",series=a "), (small, ",series=c,site=x "), (large, ",series=a ")):
        row = Points.of_readings(Readings.of([0], [1], [1.0]))
        assert store.encode([row], table).decode().startswith(f"reading{tags}")


def test_series_that_appear_later_have_their_tags() -> None:
    """A table grows while its texts are kept; tags of the topic stand on readings only, and empty ones nowhere."""
    store, table = offline(), SeriesTable(["a"])
    one = points(value=np.array([1.0]))
    assert store.encode([one], table) == f"reading,series=a value=1.0 {NOW}".encode()
    table.add("b", {"site": "yard", "zone": "north east", "unit": ""})
    later = Points(READING, one.series + 1, one.time, one.fields)
    assert store.encode([later], table) == rf"reading,series=b,site=yard,zone=north\ east value=1.0 {NOW}".encode()
    other = Points(FORECAST_SCORE, later.series, later.time, later.fields, np.array([3], np.int32))
    assert store.encode([other], table) == f"forecast_score,series=b,lead=3 value=1.0 {NOW}".encode()


def test_ten_thousand_series_take_little_memory() -> None:
    """What is kept for the next block is at most two short texts per series, however many measurements there are."""
    store, table = offline(), SeriesTable([f"device{number}.temperature" for number in range(10_000)])
    owners, moment = np.arange(10_000, dtype=np.int32), np.full(10_000, NOW)
    tracemalloc.start()
    for measurement in (READING, FORECAST, FORECAST_LEAD, FORECAST_SCORE):
        lead = owners if measurement.by_lead else None
        store.encode([Points(measurement, owners, moment, {"value": np.ones(10_000)}, lead)], table)
    gc.collect()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 2_000_000


@pytest.mark.servers
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    names=st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=20, unique_by=lambda pair: pair[0]),
    values=st.lists(st.floats(allow_nan=True), min_size=20, max_size=20),
    origin=st.integers(-(2**63), 2**63 - 1),
    model=TEXTS,
)
def test_anything_comes_back_from_the_server_as_it_was_sent(
    store: InfluxStore,
    influx: Influx,
    bucket: str,
    names: list[tuple[str, str]],
    values: list[float],
    origin: int,
    model: str,
) -> None:
    """Any name, tag, double, int64 and text; what is not finite is not there."""
    table = SeriesTable()
    for name, site in names:
        table.add(name, {"site": site})
    rows = np.arange(len(names))
    sent: dict[str, Any] = {"value": np.array(values[: len(rows)]), "model": model}
    made: dict[str, Any] = {"origin": np.full(len(rows), origin), "model": model}
    influx.query(bucket, "DROP SERIES FROM reading; DROP SERIES FROM forecast")
    owners = rows.astype(np.int32)
    store.write(store.encode([Points(READING, owners, NOW + rows, sent), Points(FORECAST, owners, NOW + rows, made)], table))
    held = influx.query(bucket, 'SELECT "series"::tag, "site"::tag, value, model FROM reading')
    assert [(row["series"], row["site"]) for row in held] == names
    stored = [row["value"] if row["value"] is None else float(row["value"]) for row in held]
    assert stored == [value if np.isfinite(value) else None for value in values[: len(rows)]]
    forecasts = influx.query(bucket, "SELECT origin, model FROM forecast")
    assert {(row["origin"], row["model"]) for row in forecasts} == {(origin, model)}


@pytest.mark.servers
@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("a\\", "a/"),
        ("a\\,b", "a/,b"),
        ("a\nb", "a b"),
        ("a\r\n", "a  "),
        ("a,b=c d", "a,b=c d"),
        ('"', '"'),
        ("#x", "#x"),
        ("a\tb", "a\tb"),
    ],
)
def test_names_line_protocol_cannot_hold_are_changed_a_little(
    store: InfluxStore, influx: Influx, bucket: str, name: str, kept: str
) -> None:
    """A line break becomes a space and a backslash a slash; the rest is as it was."""
    table = SeriesTable()
    table.add(name, {"site": name})
    store.write(store.encode([points(value=np.array([1.0]))], table))
    (row,) = influx.query(bucket, 'SELECT "series"::tag, "site"::tag, value FROM reading')
    assert (row["series"], row["site"], row["value"]) == (kept, kept, 1)


@pytest.mark.servers
def test_retention_policy_of_a_1x_database_may_be_named(influx: Influx, bucket: str) -> None:
    """`database/retention` is written and read; a policy that is not there is no database."""
    influx.query(bucket, f'CREATE RETENTION POLICY "long" ON "{bucket}" DURATION INF REPLICATION 1')
    store = InfluxStore(influx.url, f"{bucket}/long", "gatecast", influx.token)
    store.write(store.encode([points(value=np.array([1.5]))], SeriesTable(["a"])))
    assert store.span() == (NOW, NOW)
    assert [len(page) for page in store.read(READING, ["value"], NOW, NOW + 1, SeriesTable())] == [1]
    assert influx.query(bucket, "SELECT * FROM reading") == []
    store.close()


@pytest.mark.servers
def test_wrong_password_is_denied(influx: Influx, bucket: str) -> None:
    """For reading and writing, and the message says where the password comes from."""
    store = InfluxStore(influx.url, bucket, "gatecast", "gatecast:wrong")
    block = store.encode([points(value=np.array([1.5]))], SeriesTable(["a"]))
    for use in (lambda: store.write(block), store.span, lambda: list(store.read(READING, ["value"], 0, 1, SeriesTable()))):
        with pytest.raises(StoreDenied, match=r"401.*check GATECAST_INFLUX_TOKEN or \[store\] token_file"):
            use()
    store.close()


@pytest.mark.servers
def test_rows_of_another_program_are_no_series(store: InfluxStore, influx: Influx, bucket: str) -> None:
    """A measurement `reading` without the tag `series` is not ours; it was read as a series called None."""
    store.write(store.encode([points(2, value=np.array([1.5, 2.5]))], SeriesTable(["a"])))
    influx.write(bucket, "\n".join(f"reading,host=x value=7 {NOW + beside}" for beside in (-99, -1, 0, 99)))
    table = SeriesTable()
    first, last = store.span() or (0, 0)
    assert NOW - 99 < first <= last < NOW + 99
    found = [np.asarray(part.fields["value"]).tolist() for part in store.read(READING, ["value"], NOW - 5, NOW + 5, table)]
    assert (found, table.names) == ([[1.5, 2.5]], ["a"])
    assert store.count_readings(NOW - 5, NOW + 5) == {"a": 2}
    odd = ("", ",lead=abc", ",lead=99999999999", ",lead=1.5", ",lead=6")
    influx.write(bucket, "\n".join(f"forecast_lead,series=a{lead} q50=7 {NOW}" for lead in odd))
    (page,) = store.read(FORECAST_LEAD, ["q50"], NOW, NOW + 1, table)
    assert sorted(np.asarray(page.lead).tolist()) == [0, 0, 0, 0, 6]


@pytest.mark.servers
def test_influxdb_1_6_is_written_to_in_its_own_way(influx: Influx, bucket: str) -> None:
    """Debian's own, with nothing in front: with a retention policy, and with what it says no to."""
    influx.query(bucket, f'CREATE RETENTION POLICY "long" ON "{bucket}" DURATION INF REPLICATION 1')
    url, lines = f"http://127.0.0.1:{influx.engine.port}", f"reading,series=a value=1.5 {NOW}".encode()
    with contextlib.closing(InfluxStore(url, f"{bucket}/long", "", influx.token)) as store:
        store.write(lines)
        store.write(lines)
        assert store.span() == (NOW, NOW)
        with pytest.raises(BlockRefused, match="unable to parse"):
            store.write(b"reading value= 1")
    assert influx.query(bucket, "SELECT * FROM reading") == []
    with contextlib.closing(InfluxStore(url, "no-such", "", influx.token)) as store:
        example = f"name another one in .store. url, as in influxdb://127.0.0.1:{influx.engine.port}/my-database"
        with pytest.raises(StoreDenied, match=rf"has no database 'no-such' \(404\): create it, or {example} \(database"):
            store.write(lines)
        with pytest.raises(StoreDenied, match=f"database not found: no-such.: create database 'no-such', or {example}$"):
            store.span()
    with contextlib.closing(InfluxStore(url, bucket, "", "gatecast:wrong")) as store:
        for use in (lambda: store.write(lines), store.span):
            with pytest.raises(StoreDenied, match=r"401.*check GATECAST_INFLUX_TOKEN"):
                use()


@pytest.mark.servers
def test_partial_writes_of_the_real_server_are_counted_and_named(influx: Influx, bucket: str) -> None:
    """Rows beyond retention, of another type, and lines it cannot parse; the rest is stored each time."""
    influx.query(bucket, f'CREATE RETENTION POLICY "short" ON "{bucket}" DURATION 1h REPLICATION 1')
    url = f"http://127.0.0.1:{influx.engine.port}"
    with contextlib.closing(InfluxStore(url, f"{bucket}/short", "", influx.token)) as store:
        with pytest.raises(BlockRefused) as caught:
            store.write(b"reading,series=a value=1.5 10\nforecast,series=a q50=1.5 11")
        assert (caught.value.dropped, caught.value.proven) == ({"reading": 1, "forecast": 1}, True)
    with contextlib.closing(InfluxStore(url, bucket, "", influx.token)) as store:
        with pytest.raises(BlockRefused) as caught:
            store.write(b"reading,series=a value=1.5 1\nreading,series=a value= 2\nreading,series=a value=2.5 3\nx")
        assert (caught.value.dropped, caught.value.rows) == ({"reading": 1, "x": 1}, b"reading,series=a value= 2\nx")
        with pytest.raises(BlockRefused) as caught:
            store.write(b"reading,series=a value=1i 4")
        assert (caught.value.dropped, caught.value.rows) == ({"reading": 1}, b"reading,series=a value=1i 4")
        with pytest.raises(BlockRefused) as caught:
            store.write(b"reading,series=a value=1i 4\nreading,series=a value=4.5 5")
        assert (caught.value.dropped, caught.value.rows) == (None, b"")
        assert [row["value"] for row in influx.query(bucket, "SELECT value FROM reading")] == [1.5, 2.5, 4.5]


@pytest.mark.servers
def test_a_shard_that_refuses_a_row_hides_no_other_that_cannot_write(tmp_path: Path) -> None:
    """InfluxDB writes them at the same time and tells the first failure only; nothing that is not stored is given up."""
    server, hour = Influx(tmp_path), 3_600 * SECOND
    settings = server.engine.folder / "influxdb.conf"
    settings.write_text(settings.read_text().replace("[data]", "[data]\n  cache-max-memory-size = 60000"))
    with server, contextlib.closing(InfluxStore(server.url, "b")) as store:
        server.query("", 'CREATE DATABASE "b" WITH DURATION INF SHARD DURATION 1h NAME "x"')
        store.write(b"reading,series=a value=1i %d" % NOW)
        good = [b"reading,series=a value=1.5 %d" % (NOW + hour + number) for number in range(4000)]
        block = b"\n".join([b"reading,series=a value=1.5 %d" % (NOW + 1), *good])
        with pytest.raises(StoreBusy, match="cache-max-memory-size exceeded"):
            Delivery(store, list, lambda: False).deliver([block])


@pytest.mark.servers
def test_readings_of_a_shard_with_another_type_are_kept_when_the_next_shard_begins(tmp_path: Path) -> None:
    """InfluxDB 1 and 2 keep the types of fields by shard: that newer readings are stored proves nothing against these."""
    hour = 3_600 * SECOND
    with Influx(tmp_path) as server, contextlib.closing(InfluxStore(server.url, "b")) as store:
        server.query("", 'CREATE DATABASE "b" WITH DURATION INF SHARD DURATION 1h NAME "x"')
        store.write(b"reading,series=other value=1i %d" % NOW)
        old, new = (
            b"\n".join(b"reading,series=a value=1.5 %d" % (start + n) for n in range(1, 1001)) for start in (NOW, NOW + hour)
        )
        newest = list[bytes]()
        delivery = Delivery(store, lambda: newest, lambda: False)
        for blocks, newest[:] in (([old], []), ([old], [new]), ([old, new], [])):
            with pytest.raises(StoreDenied, match="it refuses 1,000 readings, as another program wrote their field"):
                delivery.deliver(blocks)
        server.query("b", "DROP MEASUREMENT reading")
        assert delivery.deliver([old, new]) == []


@pytest.mark.servers
def test_missing_bucket_is_denied(influx: Influx) -> None:
    """The message names the bucket and the server."""
    store = InfluxStore(influx.url, "no-such", "gatecast", influx.token)
    with pytest.raises(StoreDenied, match=r"no (bucket|database|bucket or database) 'no-such' \(404\): create it"):
        store.write(store.encode([points(value=np.array([1.5]))], SeriesTable(["a"])))
    with pytest.raises(StoreDenied, match="no-such"):
        store.span()
    store.close()


@pytest.mark.servers
@pytest.mark.parametrize("line", [b"reading", b"reading value=NaN 1", b"reading value=1 x", b"reading,series= value=1 1"])
def test_malformed_line_is_refused_with_the_servers_words(store: InfluxStore, line: bytes) -> None:
    """The store will never take it."""
    with pytest.raises(BlockRefused, match=r"refuses the data: .*parse"):
        store.write(line)


@pytest.mark.servers
def test_sender_sets_aside_only_the_lines_the_store_refuses(store: InfluxStore, tmp_path: Path) -> None:
    """A line of another field type and a broken one amid a thousand good ones, over several writes."""
    store.write(b"reading,series=a other=1i 1")
    good = [f"reading,series=a value={number}.0 {NOW + number}".encode() for number in range(1000)]
    bad = {100: b"reading,series=a other=1.5 2", 600: b"reading,series=a value=x 1"}
    mixed = [line for number, one in enumerate(good) for line in ([bad[number], one] if number in bad else [one])]
    spool, said = Spool(tmp_path / "spool.db", store.kind), list[str]()
    spool.commit(Commit([b"\n".join(mixed[start : start + 300]) for start in range(0, len(mixed), 300)]))
    sender = Sender(spool, store, said.append, pace=Pace(write_size=1))
    sender.start()
    wait_until(lambda: sender.sent == 4)
    sender.stop()
    sent, refused = sender.taken()
    assert (sent, sorted(refusal.block for refusal in refused)) == (4, sorted(bad.values()))
    assert all("refuses the data" in refusal.reason for refusal in refused)
    assert sum(len(page) for page in store.read(READING, ["value"], NOW, NOW + 2000, SeriesTable())) == 1000
    assert len(said) == 1
    assert "1 row set aside" in said[0]
    spool.close()


@pytest.mark.servers
def test_server_that_dies_is_busy_and_takes_the_same_block_when_it_is_back(tmp_path: Path) -> None:
    """A dead engine behind its front, nothing at all on the port, and back again."""
    with Influx(tmp_path) as server:
        server.create("b")
        store = InfluxStore(server.url, "b")
        block = store.encode([points(value=np.array([1.5]))], SeriesTable(["a"]))
        server.engine.kill()
        with pytest.raises(StoreBusy, match="502"):
            store.write(block)
        server.kill()
        with pytest.raises(StoreBusy, match=r"does not answer.*is InfluxDB running there\? check \[store\] url"):
            store.write(block)
        with pytest.raises(StoreBusy):
            store.span()
        server.start()
        store.write(block)
        assert store.span() == (NOW, NOW)
        store.close()


def hang_up(listener: socket.socket) -> None:
    """Take one connection and close it."""
    listener.accept()[0].close()


def test_port_without_a_server_is_busy() -> None:
    """Nobody listens, or somebody who hangs up."""
    store = InfluxStore(f"http://127.0.0.1:{free_port()}", "b")
    with pytest.raises(StoreBusy, match="does not answer"):
        store.write(b"reading value=1 1")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=hang_up, args=[listener], daemon=True).start()
        rude = InfluxStore(f"http://127.0.0.1:{listener.getsockname()[1]}", "b")
        with pytest.raises(StoreBusy, match="does not answer"):
            rude.write(b"reading value=1 1")
        rude.close()
    store.close()

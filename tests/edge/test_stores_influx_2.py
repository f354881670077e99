"""InfluxDB 2: its organisations and tokens, and what its refusals cost the sender."""

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.backoff import Backoff
from edge.errors import StoreBusy, StoreDenied
from edge.spool.sender import Pace, Sender
from edge.spool.spool import Commit, Spool
from edge.stores.influx import InfluxStore
from tests.support.fake_influx import FakeInflux2, Reply
from tests.support.servers import wait_until

ALL = "all"  # the token that may read and write


@pytest.fixture
def fake() -> Iterator[FakeInflux2]:
    """An InfluxDB 2 with a bucket `b` of the organisation `home`."""
    with FakeInflux2() as server:
        yield server


@contextlib.contextmanager
def connected(fake: FakeInflux2, token: str = ALL, organisation: str = "home", bucket: str = "b") -> Iterator[InfluxStore]:
    """A store on it."""
    store = InfluxStore(fake.url, bucket, organisation, token)
    yield store
    store.close()


READING = b"reading,series=a value=1.5 1"


def test_organisation_is_found_from_the_token(fake: FakeInflux2) -> None:
    """Where the URL names none and the token can see one; it is looked for once."""
    with connected(fake, organisation="") as store:
        store.write(READING)
        store.write(READING.replace(b" 1", b" 2"))
    assert len(fake.buckets["b"].of("reading")) == 2
    assert [path for path, _ in fake.requests] == ["/api/v2/write", "/api/v2/buckets", *["/api/v2/write"] * 2]


def test_organisation_that_cannot_be_found_is_asked_for_and_nothing_is_lost(fake: FakeInflux2, tmp_path: Path) -> None:
    """A token that may only write sees no organisation; four thousand readings wait until the URL names it."""
    with connected(fake, token="writer", organisation="") as store:
        with pytest.raises(StoreDenied, match=r"needs the organisation .*orgID or org.*\[store\] url.*/b\?org=my-org"):
            store.write(READING)
        lines = [f"reading,series=a value=1.5 {number}".encode() for number in range(4000)]
        spool = Spool(tmp_path / "spool.db", store.kind)
        spool.commit(Commit([b"\n".join(lines[start : start + 500]) for start in range(0, 4000, 500)]))
        sender = Sender(spool, store, lambda _: None)
        sender.start()
        wait_until(lambda: sender.problem is not None)
        assert sender.taken() == (0, [])
        sender.stop()
    with connected(fake, token="writer") as store:
        sender = Sender(spool, store, lambda _: None)
        sender.start()
        wait_until(lambda: sender.taken() == (8, []))
        sender.stop()
    spool.close()
    assert len(fake.buckets["b"].of("reading")) == 4000


@pytest.mark.parametrize(
    ("token", "organisation", "bucket", "words"),
    [
        ("wrong", "home", "b", "refuses the account (401: unauthorized access): check GATECAST_INFLUX_TOKEN"),
        ("reader", "home", "b", "(403: insufficient permissions for write)"),
        ("all", "x", "b", 'organization name "x" not found'),
        ("all", "home", "c", "has no bucket 'c' (404): create it"),
    ],
)
def test_influxdb_2_that_says_no_is_denied_in_its_words(
    fake: FakeInflux2, token: str, organisation: str, bucket: str, words: str
) -> None:
    """And nothing is refused."""
    with connected(fake, token, organisation, bucket) as store, pytest.raises(StoreDenied) as caught:
        store.write(READING)
    assert words in str(caught.value)


def test_token_that_may_only_write_writes(fake: FakeInflux2) -> None:
    """What it cannot read is told in the server's own words."""
    with connected(fake, token="writer") as store:
        store.write(READING)
        with pytest.raises(
            StoreDenied,
            match=r"gives no rows \(database not found: b\): create bucket 'b', let the token read it, or name another",
        ):
            store.span()
    assert len(fake.buckets["b"].of("reading")) == 1


@pytest.mark.parametrize(
    "reply",
    [(200, "text/html", "<html>Login</html>"), (200, "", ""), (302, "text/html", "moved"), (202, "application/json", "{}")],
)
def test_stranger_that_is_glad_of_everything_empties_no_spool(fake: FakeInflux2, tmp_path: Path, reply: Reply) -> None:
    """A login page is no success; when it is gone everything arrives."""
    fake.instead = lambda *_: reply
    with connected(fake) as store:
        spool, said = Spool(tmp_path / "spool.db", store.kind), list[str]()
        spool.commit(Commit([READING]))
        sender = Sender(spool, store, said.append, pace=Pace(denied=Backoff(0.02, 0.02)))
        sender.start()
        wait_until(lambda: sender.problem is not None)
        assert f"is no InfluxDB: it answers {reply[0]}" in str(sender.problem)
        assert sender.taken() == (0, [])
        fake.instead = lambda *_: None
        wait_until(lambda: sender.taken() == (1, []))
        sender.stop()
        spool.close()
    assert len(fake.buckets["b"].of("reading")) == 1


@pytest.mark.parametrize(("status", "words"), [(422, "outside"), (422, "beyond"), (500, "beyond")])
def test_rows_outside_of_retention_cost_one_write_and_hold_up_nothing(tmp_path: Path, status: int, words: str) -> None:
    """InfluxDB 2.0 and 2.1 answer 500 to them; two thousand among two thousand good ones go out as fast as good ones."""
    with FakeInflux2(partial_status=status, tells_bounds=words == "outside") as fake, connected(fake) as store:
        fake.buckets["b"].oldest = 10_000
        lines = [f"reading,series=a value=1.5 {number % 2 * 10_000 + number}".encode() for number in range(4000)]
        spool, said = Spool(tmp_path / "spool.db", store.kind), list[str]()
        spool.commit(Commit([b"\n".join(lines[start : start + 500]) for start in range(0, 4000, 500)]))
        sender = Sender(spool, store, said.append)
        sender.start()
        wait_until(lambda: sender.has_news)
        sender.stop()
        sent, refused = sender.taken()
        spool.close()
        assert (sent, sum(refusal.rows for refusal in refused)) == (8, 2000)
        assert (len(fake.buckets["b"].of("reading")), len(fake.writes())) == (2000, 1)
        assert sender.degraded is not None
        assert f"{words} retention policy" in sender.degraded
        assert "2,000 rows set aside" in said[0]


def test_type_conflict_of_every_reading_stops_and_keeps(fake: FakeInflux2, tmp_path: Path) -> None:
    """Another tool wrote whole numbers: that is the operator's to mend, so nothing is thrown away."""
    types = fake.buckets["b"].types
    types["reading", "value"] = "integer"
    mend = threading.Event()

    def between_two_tries() -> float:
        if mend.is_set():
            types["reading", "value"] = "float"
        return 1.0

    with connected(fake) as store:
        lines = [f"reading,series=a value=1.5 {number}\nforecast,series=a q50=1.5 {number}".encode() for number in range(1000)]
        spool = Spool(tmp_path / "spool.db", store.kind)
        spool.commit(Commit(lines))
        sender = Sender(spool, store, lambda _: None, pace=Pace(denied=Backoff(0.02, 0.02, between_two_tries)))
        sender.start()
        wait_until(lambda: sender.problem is not None)
        assert "already exists as type integer" in str(sender.problem)
        assert "it refuses 1,000 readings, as another program wrote their field with another type: mend" in str(sender.problem)
        assert sender.taken() == (0, [])
        mend.set()
        wait_until(lambda: sender.taken() == (1000, []))
        sender.stop()
        spool.close()
    assert len(fake.buckets["b"].of("reading")) == 1000


def test_type_conflict_among_forecasts_costs_a_few_writes(fake: FakeInflux2, tmp_path: Path) -> None:
    """The answer names measurement and field: the rows without it are stored by a write of their own."""
    fake.buckets["b"].types["reading", "value"] = "integer"
    with connected(fake) as store:
        lines = [f"reading,series=a value=1.5 {number}\nforecast,series=a q50=1.5 {number}".encode() for number in range(1000)]
        spool = Spool(tmp_path / "spool.db", store.kind)
        spool.commit(Commit(lines))
        sender = Sender(spool, store, lambda _: None)
        sender.start()
        wait_until(lambda: sender.problem is not None)
        sender.stop()
        spool.close()
    assert len(fake.buckets["b"].of("forecast")) == 1000
    assert len(fake.writes()) == 3


def test_write_that_is_too_large_is_split(fake: FakeInflux2, tmp_path: Path) -> None:
    """Nothing is refused, and everything arrives."""
    fake.largest = 2_000
    with connected(fake) as store:
        spool = Spool(tmp_path / "spool.db", store.kind)
        spool.commit(Commit([b"\n".join(b"reading,series=a value=1.5 %d" % number for number in range(1000))]))
        sender = Sender(spool, store, lambda _: None)
        sender.start()
        wait_until(lambda: sender.has_news)
        sender.stop()
        assert sender.taken() == (1, [])
        spool.close()
    assert len(fake.buckets["b"].of("reading")) == 1000


def test_one_line_that_cannot_be_parsed_is_set_aside(fake: FakeInflux2, tmp_path: Path) -> None:
    """InfluxDB 2 stores nothing of such a write, so it is halved until the line is alone."""
    with connected(fake) as store:
        spool = Spool(tmp_path / "spool.db", store.kind)
        lines = [b"reading,series=a value=1.5 %d" % number for number in range(100)]
        spool.commit(Commit([b"\n".join([*lines[:40], b"reading value= 1", *lines[40:]])]))
        sender = Sender(spool, store, lambda _: None)
        sender.start()
        wait_until(lambda: sender.has_news)
        sender.stop()
        assert [refusal.block for refusal in sender.taken()[1]] == [b"reading value= 1"]
        spool.close()
    assert len(fake.buckets["b"].of("reading")) == 100


@pytest.mark.parametrize("reply", [(200, "text/html", "<html>a proxy's page</html>"), (500, "text/html", "x" * 100_000)])
def test_stranger_on_the_port_is_a_short_message(fake: FakeInflux2, reply: Reply) -> None:
    """No answer is taken for rows, and no page ends up in the log."""
    fake.instead = lambda *_: reply
    with connected(fake) as store, pytest.raises((StoreBusy, StoreDenied)) as caught:
        store.span()
    assert len(str(caught.value)) < 400

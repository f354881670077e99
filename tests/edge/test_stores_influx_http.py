"""One request, one answer of bounded size and length, whoever answers."""

import gzip
import json
import re
import socket
import ssl
import struct
import subprocess
import threading
import tracemalloc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np
import pytest

from edge.contract.columns import SeriesTable
from edge.contract.schema import READING
from edge.errors import StoreBusy, StoreDenied
from edge.stores.influx import InfluxStore
from edge.stores.influx_http import Connection
from tests.support.fake_influx import FakeInflux2, Reply
from tests.support.servers import free_port, requires

ENDLESS = b"HTTP/1.1 500 Trouble\r\nTransfer-Encoding: chunked\r\n\r\n"
CHUNK = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"


@contextmanager
def answering(*pieces: bytes, forever: Iterable[bytes] = ()) -> Iterator[str]:
    """A server that says the same to everybody, and hangs up; its URL."""

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:  # the test is over
                return
            with connection:
                connection.recv(1 << 16)
                try:
                    for piece in chain(pieces, forever):
                        connection.sendall(piece)
                except OSError:  # the other side has had enough
                    continue

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)


def test_answer_without_end_is_given_up_and_takes_no_memory() -> None:
    """What goes on and on is no InfluxDB, and 64 MB of it are not kept."""
    with answering(ENDLESS, *[CHUNK] * 1_000) as url:
        connection = Connection(url, "", largest=200_000)
        tracemalloc.start()
        with pytest.raises(StoreDenied, match="is no InfluxDB: its answer is longer than 200000 bytes"):
            connection.ask("POST", "/api/v2/write", [], b"x")
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        connection.close()
    assert most < 5_000_000


def test_answer_that_unpacks_without_end_is_given_up() -> None:
    """A hundred kilobytes of gzip may be a hundred megabytes of zeros."""
    packed = gzip.compress(bytes(100_000_000), 9)
    head = f"HTTP/1.1 400 Bad\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n"
    with answering(head.encode(), packed) as url:
        connection = Connection(url, "", largest=200_000)
        tracemalloc.start()
        with pytest.raises(StoreDenied, match="longer than 200000 bytes"):
            connection.ask("POST", "/api/v2/write", [], b"x")
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        connection.close()
    assert most < 60_000_000


@pytest.mark.parametrize(
    ("head", "drop"),
    [
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"", b"H"),
        (b"HTTP/1.1 204 OK\r\n", b"a: b\r\n"),
        (b"HTTP/1.1 200 OK\r\na: ", b"a"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"a"),
        (b"HTTP/1.1 200 OK\r\n\r\n", b"a"),
    ],
    ids=["continue", "status", "headers", "header", "length of a chunk", "body", "body without a length"],
)
def test_answer_that_comes_byte_by_byte_is_given_up(head: bytes, drop: bytes) -> None:
    """Each byte comes in time, and the answer never: the store is away, whatever part of an answer it sends."""
    done = threading.Event()

    def drops() -> Iterator[bytes]:
        yield head
        while not done.wait(0.01):
            yield drop

    with answering(forever=drops()) as url:
        connection = Connection(url, "", timeout=0.5)
        with pytest.raises(StoreBusy, match=r"answers too slowly: not all of it came in 1 s"):
            connection.ask("POST", "/api/v2/write", [], b"x")
        done.set()
        connection.close()


def test_a_server_that_is_not_there_is_named_in_plain_words() -> None:
    """The address once, and the reason without a library's names."""
    url = f"http://127.0.0.1:{free_port()}"
    connection = Connection(url, "")
    with pytest.raises(StoreBusy) as caught:
        connection.ask("POST", "/api/v2/write", [], b"x")
    connection.close()
    assert str(caught.value).startswith(f"{url} does not answer (Failed to establish a new connection: ")
    assert "HTTPConnection" not in str(caught.value)


def test_a_server_that_hangs_up_is_told_of_in_the_words_of_the_system() -> None:
    """Not as Python writes an exception that holds another one: a broker that is taken for a store resets the connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def hang_up() -> None:
            for _ in range(9):
                with suppress(OSError):
                    taken, _ = listener.accept()
                    taken.recv(1 << 16)
                    taken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    taken.close()

        threading.Thread(target=hang_up, daemon=True).start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        connection = Connection(url, "")
        with pytest.raises(StoreBusy) as caught:
            connection.ask("POST", "/api/v2/write", [], b"x")
        connection.close()
    assert re.fullmatch(rf"{url} does not answer \([A-Z][a-z ]+\); is InfluxDB running there\? check .*", str(caught.value))


def test_half_an_answer_is_none() -> None:
    """A server that dies while it answers has not answered."""
    with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{") as url:
        connection = Connection(url, "")
        with pytest.raises(StoreBusy, match="does not answer"):
            connection.ask("POST", "/api/v2/write", [], b"x")
        connection.close()


def _part(number: int, *, partial: bool) -> bytes:
    """A part of an answer to a query of readings, as InfluxDB gives it with `chunked`."""
    rows = {"name": "reading", "columns": ["time", "value", "series"], "values": [[number, 1.5, "a"]]}
    more = {"partial": True} if partial else {}
    return json.dumps({"results": [{"statement_id": 0, "series": [rows | more], **more}]}).encode() + b"\n"


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        (_part(1, partial=True) + _part(2, partial=False), 2),
        (_part(1, partial=True), None),
        (_part(1, partial=True) + _part(2, partial=True), None),
        (_part(1, partial=True) + _part(2, partial=False)[:40], None),
        (_part(1, partial=False)[:-3], None),
    ],
)
def test_an_answer_that_is_cut_is_not_taken_for_all_there_is(body: bytes, rows: int | None) -> None:
    """A proxy that speaks HTTP 1.0 gives no length, so the end of what InfluxDB said looks like the end of the answer."""
    with answering(b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n" + body) as url:
        store = InfluxStore(url, "b")
        if rows is None:
            with pytest.raises(StoreBusy, match="gave only a part of its answer"):
                list(store.read(READING, ["value"], 0, 10, SeriesTable()))
        else:
            assert sum(len(page) for page in store.read(READING, ["value"], 0, 10, SeriesTable())) == rows
        store.close()


def _rows(columns: list[str], *rows: list[object]) -> Reply:
    document = {"results": [{"series": [{"name": "reading", "columns": columns, "values": list(rows)}]}]}
    return 200, "application/json", json.dumps(document)


@pytest.mark.parametrize(
    "reply",
    [
        (200, "application/json", '{"a":' + "[" * 5_000),
        (200, "application/json", '{"results":' + "[" * 100_000),
        _rows(["time"], [1]),
        _rows(["time", "value", "series"], [1]),
        _rows(["time", "value", "series"], [None, 1.0, "a"]),
        _rows(["time", "value", "series"], ["2026-01-01T00:00:00Z", 1.0, "a"]),
        _rows(["time", "value", "series"], [10**19, 1.0, "a"]),
        _rows(["time", "value", "series"], [-1, 1.0, "a"]),
        _rows(["time", "value", "series"], [10, 1.0, "a"]),
        _rows(["time", "value", "series"], [5, 1.0, "a"], [4, 1.0, "a"]),
        _rows(["time", "value", "series"], *([number // 6000, 1.0, "a"] for number in range(50_001))),
    ],
    ids=[
        "nested",
        "nested deeper",
        "columns",
        "row",
        "no time",
        "time as text",
        "time too large",
        "time before",
        "time behind",
        "times that go back",
        "too many rows",
    ],
)
def test_answer_to_a_query_that_makes_no_sense_is_denied_in_a_line(reply: Reply) -> None:
    """The agent reads history at its start: nothing that a stranger says may end it."""
    with FakeInflux2() as fake:
        fake.instead = lambda *_: reply
        store = InfluxStore(fake.url, "b", "home", "all")
        with pytest.raises(StoreDenied, match="is no InfluxDB"):
            list(store.read(READING, ["value"], 0, 10, SeriesTable()))
        store.close()


def test_brackets_are_no_rows() -> None:
    """They would become objects thirty times as large before anybody looked at them."""
    with FakeInflux2() as fake:
        store = InfluxStore(fake.url, "b", "home", "all")
        pages = partial(store.read, READING, ["value"], 0, 10, SeriesTable())
        for ask, brackets in ((store.span, 2_000), (lambda: list(pages()), 500_000)):
            fake.instead = partial(lambda reply, *_: reply, _rows(["time", "value", "series"], *[[]] * brackets))
            with pytest.raises(StoreDenied, match="is no InfluxDB: expected at most"):
                ask()
        store.close()


@pytest.mark.parametrize("row", [[], [0, None], [0, "three"]])
def test_a_count_that_is_no_number_is_denied_in_a_line(row: list[object]) -> None:
    """An import ends with it, and no success is said."""
    with FakeInflux2() as fake:
        fake.instead = lambda *_: _rows(["time", "count"], row)
        store = InfluxStore(fake.url, "b", "home", "all")
        with pytest.raises(StoreDenied, match="is no InfluxDB: expected a number of readings"):
            store.count_readings(0, 10)
        store.close()


def test_text_among_the_values_is_a_missing_value() -> None:
    """Another program wrote it; the numbers beside it are read."""
    with FakeInflux2() as fake:
        fake.instead = lambda *_: _rows(["time", "value", "series"], [1, "open", "a"], [2, 1.5, "a"], [3, None, "a"])
        store = InfluxStore(fake.url, "b", "home", "all")
        (page,) = store.read(READING, ["value"], 0, 10, SeriesTable())
        store.close()
    np.testing.assert_array_equal(page.fields["value"], [np.nan, 1.5, np.nan])


@pytest.mark.servers
def test_certificate_that_nobody_signed_is_the_users_move(tmp_path: Path) -> None:
    """Nothing is sent to a server that cannot prove who it is."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=localhost"]
    command = [requires("openssl"), "req", "-x509", *curve, "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with FakeInflux2(tls=context) as fake:
        connection = Connection(fake.url, "all")
        with pytest.raises(StoreDenied, match="certificate is not trusted"):
            connection.ask("POST", "/api/v2/write", [], b"x")
        connection.close()
        assert fake.requests == []


def test_account_goes_with_every_request() -> None:
    """As a token; as an HTTP account from the moment the server turns out to be an old one, until the connection is closed."""
    with FakeInflux2() as fake:
        fake.instead = lambda *_: (204, "", "")
        connection = Connection(fake.url, "me:secret")
        for step in (None, connection.go_the_old_way, connection.close):
            if step is not None:
                step()
            connection.ask("GET", "/ping", [])
        connection.close()
    assert fake.accounts == ["Token me:secret", "Basic bWU6c2VjcmV0", "Token me:secret"]


def test_organisation_is_unknown_where_a_stranger_answers() -> None:
    """Whatever it says in place of what InfluxDB says."""
    texts = ["[]", "{}", "null", "5", '{"buckets": 1, "orgs": 1}', '{"buckets": "x", "orgs": [5]}', "no JSON", "[" * 10_000]
    late = '{"buckets": [{"name": "b", "orgID": "x", "retentionRules": [], "createdAt": "99999999999999999999"}]}'
    replies = [(200, "application/json", text) for text in (*texts, late)]
    for reply in [*replies, (401, "application/json", "{}"), (500, "text/html", "<html>")]:
        with FakeInflux2() as fake:
            fake.instead = lambda *_, reply=reply: reply
            assert Connection(fake.url, "all").organisation("b") is None, reply


def test_answer_without_end_to_the_search_for_the_organisation_is_given_up() -> None:
    """As any other answer: its size has a limit before anybody reads it as a document."""
    with answering(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", *[CHUNK] * 1_000) as url:
        connection = Connection(url, "", largest=200_000)
        tracemalloc.start()
        with pytest.raises(StoreDenied, match="is no InfluxDB: its answer is longer than 200000 bytes"):
            connection.organisation("b")
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        connection.close()
    assert most < 5_000_000


def test_organisation_of_a_server_that_is_away_is_asked_for_later() -> None:
    """That is no proof that there is none."""
    with pytest.raises(StoreBusy, match="does not answer"):
        Connection(f"http://127.0.0.1:{free_port()}", "all").organisation("b")

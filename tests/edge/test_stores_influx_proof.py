"""A 204 is believed of a server that has proved to be an InfluxDB; a stranger empties no spool."""

import json
from pathlib import Path

import pytest

from edge.backoff import Backoff
from edge.errors import ConfigurationError, StoreBusy, StoreDenied
from edge.spool.sender import Pace, Sender
from edge.spool.spool import Commit, Spool
from edge.stores.address import Address
from edge.stores.influx import InfluxStore, open_address
from edge.stores.influx_answers import Answer
from edge.stores.influx_proof import Proof
from tests.support.fake_influx import FakeInflux2
from tests.support.servers import wait_until

BLOCK = b"forecast,series=a q50=1.5 10\nreading,series=a value=1.5 20"
SUCCESS, SIGNED = Answer(204), Answer(204, is_signed=True)
DATABASE = [("db", "b")]


def rows(*times: object) -> Answer:
    """The answer to a query with rows of these times."""
    series = [{"name": "reading", "columns": ["time", "value"], "values": [[time, 1.5] for time in times]}]
    return Answer(200, "application/json", "", json.dumps({"results": [{"statement_id": 0, "series": series}]}).encode())


class Server:
    """Gives an answer for each path, and remembers what was asked."""

    def __init__(self, **answers: Answer | StoreBusy) -> None:
        self.answers, self.asked = answers, list[tuple[str, list[tuple[str, str]]]]()

    def ask(self, path: str, query: list[tuple[str, str]]) -> Answer:
        """The answer of a path, or 404."""
        self.asked.append((path, query))
        answer = self.answers.get(path[1:], Answer(404, "text/html", "", b"<html>"))
        if isinstance(answer, StoreBusy):
            raise answer
        return answer


def paths(server: Server) -> list[str]:
    """What was asked."""
    return [path for path, _ in server.asked]


def test_signed_answer_is_proof_and_costs_no_request() -> None:
    """As of InfluxDB 1.x, and of 2.1 and later."""
    server, proof = Server(), Proof("u")
    proof.demand(SIGNED, BLOCK, DATABASE, server.ask)
    assert server.asked == []


@pytest.mark.parametrize(
    ("server", "asked", "again"),
    [
        (Server(ping=SIGNED), ["/ping"], True),
        (Server(ping=SUCCESS, query=Answer(200, is_signed=True)), ["/ping", "/query"], True),
        (Server(query=rows(20)), ["/ping", "/query"], False),
    ],
    ids=["2.0 and 3", "a proxy that has no /ping", "a proxy that takes headers off"],
)
def test_server_that_signs_no_write_proves_itself_once_until_an_outage(
    server: Server, asked: list[str], *, again: bool
) -> None:
    """By `/ping`, by any other answer, or by the last row of the write; who took the first write is known by its row only."""
    proof = Proof("u")
    assert [proof.demand(SUCCESS, BLOCK, DATABASE, server.ask) for _ in range(3)] == [again, False, False]
    assert paths(server) == asked
    proof.forget()
    proof.demand(SUCCESS, BLOCK, DATABASE, server.ask)
    assert paths(server) == 2 * asked


def test_server_that_signed_has_to_go_on_with_it() -> None:
    """An answer without a signature is of another server, though nothing failed between."""
    server, proof = Server(), Proof("u")
    proof.demand(SIGNED, BLOCK, DATABASE, server.ask)
    with pytest.raises(StoreDenied):
        proof.demand(SUCCESS, BLOCK, DATABASE, server.ask)


def test_last_row_of_the_write_is_asked_for() -> None:
    """In InfluxQL, which all versions speak, with its time in nanoseconds."""
    server = Server(query=rows(20))
    Proof("u").demand(SUCCESS, BLOCK + b"\n", [*DATABASE, ("rp", "week")], server.ask)
    query = 'SELECT * FROM "reading" WHERE time = 20 LIMIT 1'
    assert server.asked[-1] == ("/query", [("db", "b"), ("rp", "week"), ("epoch", "ns"), ("q", query)])


@pytest.mark.parametrize(
    "answer",
    [
        Answer(204),
        Answer(200, "text/html", "", b"<html>WHERE time = 20</html>"),
        rows(),
        rows(21, "20", None),
        Answer(200, "", "", b'{"results": [{"error": "database not found: b"}]}'),
        Answer(200, "", "", b"[" * 100_000),
        Answer(200, "", "", b"\xff"),
        StoreBusy("away"),
    ],
)
def test_what_proves_nothing_is_denied_with_the_ways_out(answer: Answer | StoreBusy) -> None:
    """A web server, a page that repeats the question, a token that may only write; each time anew."""
    server, proof = Server(ping=SUCCESS, query=answer), Proof("http://host")
    for _ in range(2):
        with pytest.raises(StoreDenied, match=r"http://host answers 204 .* check \[store\] url, let the token .*checked=no"):
            proof.demand(SUCCESS, BLOCK, DATABASE, server.ask)
    assert paths(server) == ["/ping", "/query"] * 2


def test_server_that_the_user_vouches_for_is_asked_nothing() -> None:
    """Such as one that hides who it is from a token that may only write."""
    server, proof = Server(), Proof("u")
    proof.vouch()
    proof.demand(SUCCESS, BLOCK, DATABASE, server.ask)
    assert server.asked == []


def opened(fake: FakeInflux2, options: str, monkeypatch: pytest.MonkeyPatch, token: str) -> InfluxStore:
    """The store of a URL with these options."""
    monkeypatch.setenv("GATECAST_INFLUX_TOKEN", token)
    return open_address(Address.parse(f"{fake.store_url()}{options}"))


def test_web_server_that_answers_204_to_everything_empties_no_spool(tmp_path: Path) -> None:
    """As nginx with `return 204`, or a captive portal; when it is gone everything arrives."""
    with FakeInflux2() as fake:
        fake.instead = lambda *_: (204, "", "")
        store = InfluxStore(fake.url, "b", "home", "all")
        spool = Spool(tmp_path / "spool.db", store.kind)
        spool.commit(Commit([BLOCK]))
        sender = Sender(spool, store, lambda _: None, pace=Pace(denied=Backoff(0.02, 0.02)))
        sender.start()
        wait_until(lambda: sender.problem is not None)
        assert "nothing proves that it stores the rows" in str(sender.problem)
        assert sender.taken() == (0, [])
        fake.instead = lambda *_: None
        wait_until(lambda: sender.taken() == (1, []))
        sender.stop()
        spool.close()
        store.close()
    assert len(fake.buckets["b"].of("reading")) == 1


def test_a_stranger_in_the_place_of_a_proven_server_is_found_after_the_outage() -> None:
    """A server that does not sign its writes proves itself again."""
    with FakeInflux2(signs=("/ping",)) as fake:
        store = InfluxStore(fake.url, "b", "home", "all")
        store.write(BLOCK)
        fake.instead = lambda *_: (503, "text/plain", "starting")
        with pytest.raises(StoreBusy):
            store.write(BLOCK)
        fake.instead = lambda *_: (204, "", "")
        with pytest.raises(StoreDenied, match="nothing proves"):
            store.write(BLOCK)
        store.close()


@pytest.mark.parametrize(
    ("token", "options", "works"), [("all", "", True), ("writer", "", False), ("writer", "&checked=no", True)]
)
def test_server_behind_a_proxy_that_hides_it_takes_rows(
    token: str, options: str, *, works: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By reading the row back; a token that may only write needs the word of the user."""
    with FakeInflux2(signs=()) as fake:
        store = opened(fake, options, monkeypatch, token)
        if works:
            store.write(BLOCK)
        else:
            with pytest.raises(StoreDenied, match="checked=no"):
                store.write(BLOCK)
        store.close()
    assert len(fake.buckets["b"].of("reading")) == 1


def test_option_has_one_value(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another one is a mistake."""
    with FakeInflux2() as fake, pytest.raises(ConfigurationError, match="expected checked=no, got 'yes'"):
        opened(fake, "&checked=yes", monkeypatch, "all")


def test_old_server_that_hides_its_version_is_spoken_to_in_its_own_way_until_an_outage() -> None:
    """InfluxDB 1.7 behind a proxy that takes headers off. A proxy without its server may answer so too."""
    with FakeInflux2() as fake:
        old = {"/api/v2/write": (404, "text/plain", "404 page not found\n"), "/write": (204, "", "")}
        fake.instead = lambda path, _: old[path]
        store = InfluxStore(fake.url, "b", "home", "all")
        store.vouch()
        store.write(BLOCK)
        store.write(BLOCK)
        assert [path for path, _ in fake.requests] == ["/api/v2/write", "/write", "/write"]
        fake.instead = lambda *_: (503, "text/plain", "starting")
        with pytest.raises(StoreBusy):
            store.write(BLOCK)
        fake.instead = lambda *_: None
        store.write(BLOCK)
        store.close()
    assert len(fake.buckets["b"].of("reading")) == 1

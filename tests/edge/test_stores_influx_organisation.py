"""InfluxDB 2 answers queries from the organisation of the token: rows of another one are not taken for ours."""

import contextlib
import json
from dataclasses import dataclass, field

import pytest

from edge.contract.columns import SeriesTable
from edge.contract.schema import READING
from edge.errors import RightsMissing, StoreBusy, StoreDenied
from edge.stores.address import TOKEN_VARIABLE
from edge.stores.influx_answers import Answer
from edge.stores.influx_organisation import OwnOrganisation
from edge.stores.store import open_store
from tests.support.fake_influx import FakeInflux2

OURS, OTHERS = "0a3ac4d17d257ace", "6ac3c947873b32e1"
NAMES = {"home": OURS, "second": OTHERS}
QUERY = Answer(200, "application/json", "v2.7.12")  # of a server that says who it is
HIDDEN = Answer(200, "application/json")


def document(status: int = 200, **fields: object) -> Answer:
    """An answer of the API."""
    return Answer(status, "application/json", "v2.7.12", json.dumps(fields).encode())


@dataclass
class Server:
    """InfluxDB 2 with the organisations home and second, as a token sees it.

    Args:
        buckets: organisation and name of every bucket that the token may read.
        databases: the same of the names that buckets have in InfluxQL only, with policy and identity of the bucket.
        sees: organisations that it may list.
        accounts: organisation and text of every token that it may list.
        instead: answers to some paths.
        asked: paths that were asked.
    """

    buckets: tuple[tuple[str, str], ...] = ((OURS, "b"),)
    databases: tuple[tuple[str, str, str, str], ...] = ()
    sees: tuple[str, ...] = ()
    accounts: tuple[tuple[str, str], ...] = ()
    instead: dict[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def ask(self, path: str, query: list[tuple[str, str]], *, pages: bool = False) -> Answer:
        """The answer to a GET."""
        self.asked.append(path)
        assert pages == (path == "/api/v2/authorizations"), "an answer that may be long"
        if path in self.instead:
            return self.instead[path]
        wanted = dict(query)
        if "org" in wanted and wanted["org"] not in NAMES:
            return document(404, code="not found", message=f'organization name "{wanted["org"]}" not found')
        owner = wanted.get("orgID") or NAMES.get(wanted.get("org", ""))
        if path == "/api/v2/orgs":
            return document(orgs=[{"id": identity} for identity in self.sees])
        if path == "/api/v2/authorizations":
            return document(authorizations=[{"token": text} for of, text in self.accounts if of == owner])
        return self._buckets(owner, wanted["name"]) if path == "/api/v2/buckets" else self._databases(owner, wanted["db"])

    def _buckets(self, owner: str | None, wanted: str) -> Answer:
        rows = [(of, name) for of, name in self.buckets if name == wanted and owner in (None, of)]
        if not rows and self.sees:  # as a token is told that may read all buckets
            return document(404, code="not found", message=f'bucket "{wanted}" not found')
        return document(buckets=[{"id": f"{name} of {of}", "orgID": of} for of, name in rows])

    def _databases(self, owner: str | None, wanted: str) -> Answer:
        virtual = [(of, *[*name.split("/"), "autogen"][:2], f"{name} of {of}") for of, name in self.buckets]
        known = {row[:3]: row for row in (*reversed(virtual), *self.databases)}  # what is said by hand counts, then the first
        names = [(of, policy, bucket) for of, name, policy, bucket in known.values() if name == wanted and of == owner]
        entries = [
            {"orgID": of, "bucketID": bucket, "retention_policy": policy, "default": policy == "autogen"}
            for of, policy, bucket in names
        ]
        return document(content=entries)


def demand(server: Server, name: str = "home", answer: Answer = QUERY, bucket: str = "b") -> OwnOrganisation:
    """Ask whether rows are those of an organisation."""
    own = OwnOrganisation("u", bucket, "token")
    own.demand(answer, [("org", name)], server.ask)
    return own


BOTH = ((OURS, "b"), (OTHERS, "b"))


@pytest.mark.parametrize(
    ("server", "name", "bucket"),
    [
        (Server(), "home", "b"),
        (Server(), OURS, "b"),
        (Server(buckets=(), databases=((OURS, "b", "policy", "x"),)), "home", "b/policy"),
        (Server(((OURS, "b"), (OURS, "b/long"))), "home", "b/long"),
        (Server((), ((OURS, "b", "autogen", "b/autogen"),), sees=(OURS,)), "home", "b"),
        (Server(BOTH, sees=(OURS, OTHERS), accounts=((OTHERS, "x"), (OURS, "y"), (OURS, "token"))), "home", "b"),
    ],
    ids=["one bucket", "an identity", "a name of InfluxQL", "a policy", "a database of 1.x", "the operator of this one"],
)
def test_a_token_of_the_organisation_may_read(server: Server, name: str, bucket: str) -> None:
    """It is looked at once, until a failure."""
    own = demand(server, name, bucket=bucket)
    count = len(server.asked)
    assert 0 < count <= 5
    own.demand(QUERY, [("org", name)], server.ask)
    assert len(server.asked) == count
    own.forget()
    own.demand(QUERY, [("org", name)], server.ask)
    assert len(server.asked) == 2 * count


@pytest.mark.parametrize(
    ("server", "words"),
    [
        (Server(((OTHERS, "b"),)), "which may not read bucket 'b' in 'home': check GATECAST_INFLUX_TOKEN"),
        (Server(BOTH), "make a token in 'home' that may read and write bucket 'b' only"),
        (Server(BOTH, sees=(OURS, OTHERS), accounts=((OTHERS, "token"),)), "not known to belong to 'home'"),
        (Server(sees=(OURS, OTHERS), accounts=((OTHERS, "token"), (OURS, ""))), "not known to belong to 'home'"),
    ],
    ids=["another one", "two and no word which", "the operator of another one", "tokens that are kept as hashes"],
)
def test_a_token_of_another_organisation_is_refused_with_what_to_do(server: Server, words: str) -> None:
    """What it can see of ours changes nothing: queries are answered from its own."""
    with pytest.raises(RightsMissing) as refusal:
        demand(server)
    assert words in str(refusal.value)


@pytest.mark.parametrize(
    ("server", "bucket", "other"),
    [
        (Server(databases=((OURS, "b", "autogen", "elsewhere"),)), "b", "elsewhere"),
        (Server(((OURS, "b"), (OURS, "b/autogen"))), "b/autogen", f"b of {OURS}"),
    ],
)
def test_a_name_that_leads_to_another_bucket_is_told(server: Server, bucket: str, other: str) -> None:
    """A write finds a bucket by its name, a query by the name in InfluxQL."""
    with pytest.raises(StoreDenied, match=rf"rows of another bucket .*ID {other}\): see influx v1 dbrp list --db 'b'"):
        demand(server, bucket=bucket)


def test_an_organisation_that_is_not_there_is_named() -> None:
    """The token's own rows do not stand in for it."""
    with pytest.raises(StoreDenied, match=r"does not know the organisation .*nowhere.* check \?org= in \[store\] url"):
        demand(Server(), "nowhere")


@pytest.mark.parametrize("answer", [Answer(503, body=b"later"), Answer(401, body=b"unauthorized")])
def test_a_failure_is_told_as_any_other(answer: Answer) -> None:
    """It is asked again then."""
    server = Server(instead={"/api/v2/orgs": answer})
    with pytest.raises(StoreBusy if answer.status == 503 else StoreDenied):
        demand(server)


@pytest.mark.parametrize("path", ["/api/v2/buckets", "/api/v2/dbrps", "/api/v2/orgs"])
@pytest.mark.parametrize("answer", [Answer(403, body=b"<html>"), Answer(200, body=b"{}"), Answer(404, body=b"page not found")])
def test_an_influxdb_2_behind_a_proxy_that_lets_nothing_else_pass_is_told(path: str, answer: Answer) -> None:
    """Nobody knows whose rows these are; a server that does not say that it is one may have no organisations."""
    with pytest.raises(StoreDenied, match=f"cannot be told .*{path}.* let the proxy pass .*checked=no") as refusal:
        demand(Server(instead={path: answer}))
    assert not isinstance(refusal.value, RightsMissing), "another token would not mend it"
    demand(Server(instead={path: answer}), answer=HIDDEN)


@pytest.mark.parametrize(
    ("answer", "organisation"),
    [(QUERY, []), (Answer(200, version="1.8.3"), [("org", "x")]), (Answer(200, version="v1.6.7"), [])],
)
def test_where_no_organisation_counts_none_is_asked_for(answer: Answer, organisation: list[tuple[str, str]]) -> None:
    """The URL names none, or the server has none."""
    server = Server()
    OwnOrganisation("u", "b", "token").demand(answer, organisation, server.ask)
    assert server.asked == []


def test_history_of_another_organisation_is_never_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each question of the store is refused until the token is one of ours; `checked=no` takes the user's word for it."""
    with FakeInflux2() as fake:
        monkeypatch.setenv(TOKEN_VARIABLE, fake.guest)
        for url, is_checked in ((fake.store_url(), True), (f"{fake.store_url()}&checked=no", False)):
            with contextlib.closing(open_store(url)) as store:
                for ask in (
                    store.span,
                    lambda opened=store: opened.count_readings(0, 1),
                    lambda opened=store: list(opened.read(READING, ["value"], 0, 1, SeriesTable())),
                ):
                    with pytest.raises(RightsMissing) if is_checked else contextlib.nullcontext():
                        ask()

"""Which URL names which store."""

import contextlib
import re
from pathlib import Path

import pytest

from edge.errors import ConfigurationError, StoreDenied
from edge.stores.address import TOKEN_VARIABLE
from edge.stores.influx import InfluxStore
from edge.stores.sqlite import SqliteStore
from edge.stores.store import STORES, leads, open_store
from tests.support.fake_influx import FakeInflux2
from tests.support.stores import CHECKED


def test_every_kind_of_store_is_on_the_list() -> None:
    """The example of each kind names a store of that kind, and the list above has it."""
    kinds = {open_store(kind.example).kind for kind in STORES.values()}
    assert kinds == {name.partition("-")[0] for name in CHECKED} - {"named"}
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
        (
            "influxdb://host",
            r"\[store\] url 'influxdb://host' names no database \(InfluxDB 1 and 3\) or bucket \(InfluxDB 2\); write its name",
        ),
        ("influxdb:///b", "names no database"),
        (
            "influxdbs://host:1234/",
            "server: influxdbs://host:1234/my-database, or influxdbs://host:1234/my-bucket.org=my-org for InfluxDB 2$",
        ),
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


def test_what_is_no_lead_is_zero() -> None:
    """Of a tag of InfluxDB as of a column of SQLite, whatever another program has written there."""
    assert leads(["1", "24", 6, 999_999_999]).tolist() == [1, 24, 6, 999_999_999]
    odd = [None, "", "abc", "1.5", "-1", "99999999999", "²", "٣", 0, -1, 1 << 40, 1.5, b"\x00", "1 "]
    assert leads(odd).tolist() == [0] * len(odd)
    assert (leads([]).dtype, leads([]).shape) == (leads(["1"]).dtype, (0,))

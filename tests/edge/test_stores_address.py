"""The URL of a store is taken apart once, for every store."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import ConfigurationError
from edge.stores.address import TOKEN_VARIABLE, Address
from edge.stores.sqlite import open_address, sqlite_url
from edge.stores.store import open_store


def test_every_part_of_a_url_is_there() -> None:
    """What is not written is None or empty; an IPv6 address keeps its brackets."""
    assert Address.parse("a://me@[::1]:7/x%3Fy?org=o&b=c", "f") == Address(
        "a://me@[::1]:7/x%3Fy?org=o&b=c", "a", "me", "[::1]", 7, "/x?y", {"org": "o", "b": "c"}, "f"
    )
    assert Address.parse("a:///x") == Address("a:///x", "a", None, "", None, "/x", None, None)


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1).filter(lambda name: name != "/"))
def test_file_of_any_name_has_a_url(name: str) -> None:
    """Whatever characters it has, it is that file again."""
    assert str(open_address(Address.parse(sqlite_url(Path(name)))).path) == str(Path(name))


@pytest.mark.parametrize("url", ["a://host:port/b", "a://[::1/b", "a://host:99999/b", "a:///b#c"])
def test_what_is_no_url_is_refused(url: str) -> None:
    """The message names the key."""
    with pytest.raises(ConfigurationError, match=r"\[store\] url"):
        Address.parse(url)


def test_token_is_read_when_it_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that needs none does not care about its file."""
    monkeypatch.delenv(TOKEN_VARIABLE, raising=False)
    assert Address.parse("a:///x").token() == ""
    monkeypatch.setenv(TOKEN_VARIABLE, "secret")
    assert Address.parse("a:///x").token() == "secret"
    missing = Address.parse("a:///x", str(tmp_path / "missing"))
    with pytest.raises(ConfigurationError, match="cannot read the token file"):
        missing.token()
    (tmp_path / "token").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match=r"it is no text in UTF-8; check \[store\] token_file"):
        Address.parse("a:///x", str(tmp_path / "token")).token()


def test_a_token_is_not_sent_in_the_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """No store is opened that would send it over a public network without encryption."""
    monkeypatch.delenv(TOKEN_VARIABLE, raising=False)
    open_store("influxdb://example.com/b?org=o")
    monkeypatch.setenv(TOKEN_VARIABLE, "secret")
    with pytest.raises(ConfigurationError, match=r"\[store\] would send the token to example.com .* influxdbs://, or set"):
        open_store("influxdb://example.com/b?org=o")
    for url in ("influxdb://127.0.0.1/b", "influxdbs://example.com/b", "sqlite:///example.com"):
        assert Address.parse(url).in_the_open() is None
    assert "[store] sends the token to influxdb " in (Address.parse("influxdb://influxdb/b").in_the_open() or "")

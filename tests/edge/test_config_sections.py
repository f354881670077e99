"""What the sections of a configuration promise, however they were made."""

from pathlib import Path

import msgspec
import pytest

from edge.config.sections import (
    PASSWORD_VARIABLE,
    RELEASE_PASSWORD_VARIABLE,
    Agent,
    Config,
    Mqtt,
    Release,
    StoreSection,
    parse_loopback,
)
from edge.errors import ConfigurationError
from edge.sources.settings import HistorySource
from edge.stores.address import TOKEN_VARIABLE


@pytest.mark.parametrize(
    ("kind", "name", "variable"), [(Mqtt, "mqtt", PASSWORD_VARIABLE), (Release, "release", RELEASE_PASSWORD_VARIABLE)]
)
def test_password_comes_from_a_file_or_the_environment(
    kind: type[Mqtt | Release], name: str, variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file goes first, and one that cannot be read is the user's move."""
    monkeypatch.setenv(variable, "of the environment")
    assert kind().password() == "of the environment"
    (tmp_path / "password").write_text("of the file\n")
    assert kind(password_file=str(tmp_path / "password")).password() == "of the file"
    for content in (None, b"\xff"):
        if content is not None:
            (tmp_path / "other").write_bytes(content)
        with pytest.raises(ConfigurationError, match=rf"check \[{name}\] password_file"):
            kind(password_file=str(tmp_path / "other")).password()
    monkeypatch.delenv(variable)
    assert kind().password() is None


def test_every_secret_that_goes_unencrypted_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line for each section, the first that must not go there ends the program; nothing is said where nothing is sent."""
    for variable in (PASSWORD_VARIABLE, RELEASE_PASSWORD_VARIABLE, TOKEN_VARIABLE):
        monkeypatch.delenv(variable, raising=False)
    history = (HistorySource("influxdb://other/b"), HistorySource("sqlite:///a.db"))
    release = Release("http://me@10.0.0.1/live.json")
    config = Config(Mqtt("mqtt://me@10.0.0.1"), store=StoreSection("influxdb://nas.local/b"), history=history, release=release)
    assert config.in_the_open() == []
    for variable in (PASSWORD_VARIABLE, RELEASE_PASSWORD_VARIABLE, TOKEN_VARIABLE):
        monkeypatch.setenv(variable, "secret")
    warnings = config.in_the_open()
    assert [line.split()[0] for line in warnings] == ["[mqtt]", "[store]", "[[history]]", "[release]"]
    assert "secret" not in "".join(warnings)
    with pytest.raises(ConfigurationError, match=r"\[\[history\]\] would send the token to example.com"):
        msgspec.structs.replace(config, history=(HistorySource("influxdb://example.com/b"),)).in_the_open()


def test_section_opens_its_store_with_its_own_token_and_certificates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the files cannot be used, the line names the setting; a file of SQLite needs neither."""
    monkeypatch.delenv(TOKEN_VARIABLE, raising=False)
    missing = str(tmp_path / "missing")
    section = StoreSection("influxdbs://127.0.0.1/b?org=o")
    for wrong, setting in (
        (StoreSection(section.url, token_file=missing), "token_file"),
        (StoreSection(section.url, ca_file=missing), "ca_file"),
    ):
        with pytest.raises(ConfigurationError, match=rf"\[store\] {setting}"):
            wrong.open()
    assert [StoreSection(url).open().kind for url in (section.url, f"sqlite:///{tmp_path}/a.db")] == ["influxdb", "sqlite"]


@pytest.mark.parametrize(
    ("listen", "place"),
    [
        ("127.0.0.1:9273", ("127.0.0.1", 9273)),
        ("localhost:0", ("localhost", 0)),
        ("[::1]:80", ("::1", 80)),
        ("127.9.9.9:1", ("127.9.9.9", 1)),
    ],
)
def test_health_page_listens_on_the_loopback_only(listen: str, place: tuple[str, int]) -> None:
    """By name or by address."""
    assert parse_loopback(listen) == place


@pytest.mark.parametrize(
    "listen",
    ["", "9273", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "0.0.0.0:80", "host:80", "[::]:80", "off:"],
)
def test_other_addresses_are_refused(listen: str) -> None:
    """The agent has no door to the network."""
    with pytest.raises(ConfigurationError, match="must be a loopback address"):
        parse_loopback(listen)


def test_configuration_cannot_be_changed() -> None:
    """One frozen object for the whole program."""
    with pytest.raises(AttributeError):
        Agent().batch = 1  # type: ignore[misc] # on purpose

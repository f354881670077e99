"""What the sections of a configuration promise, however they were made."""

from pathlib import Path

import pytest

from edge.config.sections import PASSWORD_VARIABLE, Agent, Mqtt, parse_loopback
from edge.errors import ConfigurationError


def test_password_comes_from_a_file_or_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file goes first, and one that cannot be read is the user's move."""
    monkeypatch.setenv(PASSWORD_VARIABLE, "of the environment")
    assert Mqtt().password() == "of the environment"
    (tmp_path / "password").write_text("of the file\n")
    assert Mqtt(password_file=str(tmp_path / "password")).password() == "of the file"
    with pytest.raises(ConfigurationError, match=r"check \[mqtt\] password_file"):
        Mqtt(password_file=str(tmp_path / "missing")).password()
    monkeypatch.delenv(PASSWORD_VARIABLE)
    assert Mqtt().password() is None


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

"""Which broker is listened to."""

import argparse
from pathlib import Path

import pytest

from edge.errors import ConfigurationError
from flows.discovering.options import add_listening, broker, told


def parsed(folder: Path, *arguments: str) -> argparse.Namespace:
    """The options, with a configuration in a folder."""
    parser = argparse.ArgumentParser(exit_on_error=False)
    parser.add_argument("--config", type=Path, default=folder / "gatecast.toml")
    add_listening(parser)
    return parser.parse_args(arguments)


def configure(folder: Path) -> None:
    """Write a configuration with an account."""
    (folder / "secret").write_text("hunter2")
    (folder / "gatecast.toml").write_text(f'[mqtt]\nurl = "mqtt://me@there"\npassword_file = "{folder}/secret"\n')


def test_the_broker_is_that_of_the_option_the_configuration_or_this_machine(tmp_path: Path) -> None:
    """In this order; account files of the configuration count for the option, too."""
    assert broker(parsed(tmp_path)).url == "mqtt://127.0.0.1:1883"
    configure(tmp_path)
    assert broker(parsed(tmp_path)).url == "mqtt://me@there"
    named = broker(parsed(tmp_path, "--broker", "mqtt://else"))
    assert (named.url, named.password_file) == ("mqtt://else", str(tmp_path / "secret"))


def test_a_password_that_goes_unencrypted_is_told_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Within a private network; elsewhere nobody listens."""
    configure(tmp_path)
    broker(parsed(tmp_path, "--broker", "mqtts://me@there"))
    assert capsys.readouterr() == ("", "")
    broker(parsed(tmp_path))
    out, told_of = capsys.readouterr()
    assert (out, told_of.count("\n")) == ("", 1)
    assert told_of.startswith("[mqtt] sends the password to there without encryption")
    with pytest.raises(ConfigurationError, match="allow_unencrypted"):
        broker(parsed(tmp_path, "--broker", "mqtt://me@example.com"))


@pytest.mark.parametrize("url", ["http://x", "mqtt://u:hunter2@x"])
def test_another_url_is_refused_without_its_password(url: str, tmp_path: Path) -> None:
    """With the option that it came from."""
    with pytest.raises(ConfigurationError, match=r"^--broker: ") as refused:
        broker(parsed(tmp_path, "--broker", url))
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("seconds", ["0", "-1", "soon", "nan", "1e9"])
def test_seconds_are_a_length_of_time(seconds: str, tmp_path: Path) -> None:
    """Up to a day."""
    with pytest.raises(argparse.ArgumentError, match="expected a number of seconds"):
        parsed(tmp_path, "--seconds", seconds)
    assert parsed(tmp_path, "--seconds", "2.5").seconds == 2.5


def test_what_is_told_meanwhile_stands_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    """What is printed is TOML."""
    told("listening")
    assert capsys.readouterr() == ("", "listening\n")

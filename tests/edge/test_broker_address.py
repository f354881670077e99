"""The address of a broker."""

import contextlib

import pytest

from edge.broker.address import Address
from edge.errors import ConfigurationError
from edge.tls import TlsFiles


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("mqtt://broker", Address("broker", 1883, tls=False, user=None)),
        ("mqtts://broker", Address("broker", 8883, tls=True, user=None)),
        ("mqtt://a%40b@127.0.0.1:1/", Address("127.0.0.1", 1, tls=False, user="a@b")),
        ("mqtts://[::1]:99", Address("::1", 99, tls=True, user=None)),
    ],
)
def test_an_address_names_host_port_and_account(url: str, address: Address) -> None:
    """The port follows from the scheme where none is given."""
    assert Address.parse(url) == address


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://broker", "is no broker; write mqtt://host:1883"),
        ("broker:1883", "is no broker"),
        ("mqtt://", "is no broker"),
        ("mqtt://broker:99999", "is no broker"),
        ("mqtt://broker/topic", "is no broker"),
        ("mqtt://me:secret@broker", "keep the password out of it"),
        ("mqtt://broker?password=secret", "keep the password out of it"),
        ("mqtt://[::1", "is no broker"),
        ("mqtt://me:sec/secret@broker", r"'mqtt://\*@broker' is no broker"),
        ("mqtt://me:secret@bro\u2100ker", "is no broker"),
        ("me:secret@broker", r"'\*@broker' is no broker"),
    ],
)
def test_another_url_is_refused(url: str, words: str) -> None:
    """The line says what to write, and never repeats a password."""
    with pytest.raises(ConfigurationError, match=words) as caught:
        Address.parse(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "password", "refused"),
    [
        ("mqtt://me@example.com", "secret", True),
        ("mqtt://me@example.com", None, False),
        ("mqtt://example.com", "secret", False),
        ("mqtts://me@example.com", "secret", False),
        ("mqtt://me@127.0.0.1", "secret", False),
    ],
)
def test_a_password_that_is_sent_is_encrypted(url: str, password: str | None, *, refused: bool) -> None:
    """Without a user none is sent, whatever the environment holds."""
    with pytest.raises(ConfigurationError, match="mqtts://") if refused else contextlib.nullcontext():
        assert Address.parse(url).in_the_open(password, TlsFiles("mqtt")) is None

"""Files from a web server: each transfer has an end, and a redirect leads nowhere else than to the web."""

import contextlib
import threading
from base64 import b64encode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

import pytest

from edge.errors import BundleDamaged
from edge.release.web import REDIRECTS, Account, Web
from edge.tls import TlsFiles
from tests.support.certificates import Authority
from tests.support.devices import answering, serving

DRIP = 0.02  # seconds between two bytes
TLS = TlsFiles("release")


def dripping(head: bytes, drop: bytes, hold: threading.Event) -> type[BaseHTTPRequestHandler]:
    """A handler that sends a beginning at once, and then the same few bytes again and again."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with contextlib.suppress(OSError):
                self.wfile.write(b"HTTP/1.1 " + head)
                while not hold.wait(DRIP):
                    self.wfile.write(drop)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the signature of the base class
            """Nothing."""

    return Handler


@pytest.fixture
def hold() -> Iterator[threading.Event]:
    """Set at the end, so that no server goes on."""
    event = threading.Event()
    yield event
    event.set()


@pytest.mark.parametrize(
    ("head", "drop"),
    [
        (b"", b"2"),
        (b"200 OK\r\na: ", b"a"),
        (b"200 OK\r\n", b"a: b\r\n"),
        (b"200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0"),
        (b"200 OK\r\n\r\n", b"a"),
    ],
    ids=["status", "header", "headers", "length of a chunk", "body"],
)
def test_what_comes_byte_by_byte_has_an_end(head: bytes, drop: bytes, hold: threading.Event) -> None:
    """A server that sends a byte now and then is let go of when the time of the file is over, whatever it sends."""
    with serving(dripping(head, drop, hold)) as url, pytest.raises(TimeoutError, match=r"took more than 0\.1 s"):
        Web(TLS, deadline=0.1).read(f"{url}/live.json", 1 << 30)


@pytest.mark.servers
def test_an_encrypted_transfer_has_the_same_end(hold: threading.Event, tmp_path: Path) -> None:
    """What is cut off is the connection below the encryption."""
    authority = Authority(tmp_path)
    tls = authority.context("channel")
    with serving(dripping(b"200 OK\r\n\r\n", b"a", hold), tls) as url, pytest.raises(TimeoutError, match="took more than"):
        Web(TlsFiles("release", str(authority.file)), deadline=0.5).read(f"{url}/live.json", 1 << 30)


@pytest.mark.servers
def test_a_redirect_never_leads_out_of_encryption(tmp_path: Path) -> None:
    """From https to http nobody goes, as the next server could be anybody."""
    authority = Authority(tmp_path)
    with (
        serving(redirecting("http://127.0.0.1/live.json"), authority.context("channel")) as url,
        pytest.raises(ConnectionError, match="redirects to 'http://127"),
    ):
        Web(TlsFiles("release", str(authority.file))).read(f"{url}/live.json", 10)


def redirecting(location: str, hold: threading.Event | None = None) -> type[BaseHTTPRequestHandler]:
    """A handler that leads elsewhere; with `hold` its headers are whole and its body never ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/goal":
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"here")
                return
            self.send_response(302)
            self.send_header("Location", location)
            self.end_headers()
            with contextlib.suppress(OSError):
                while hold is not None and not hold.is_set():
                    self.wfile.write(bytes(65_536))

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the signature of the base class
            """Nothing."""

    return Handler


def test_a_redirect_to_the_web_is_followed(hold: threading.Event) -> None:
    """Its body is not read: it may be endless."""
    with serving(redirecting("/goal", hold)) as url:
        assert Web(TLS).read(f"{url}/live.json", 10) == b"here"


@pytest.mark.parametrize(
    "location", ["ftp://127.0.0.1/live.json", "file:///etc/hostname", "data:,here", "http://[", "x:y", "https://a:b@c/"]
)
def test_a_redirect_to_anything_else_is_not(location: str) -> None:
    """One line says where it would have led."""
    with serving(redirecting(location)) as url, pytest.raises(ConnectionError, match="only redirects to https are followed"):
        Web(TLS).read(f"{url}/live.json", 10)


def test_redirects_in_a_circle_have_an_end() -> None:
    """After a few the server is not asked again."""
    with serving(redirecting("/live.json")) as url, pytest.raises(ConnectionError, match=f"more than {REDIRECTS} times"):
        Web(TLS).read(f"{url}/live.json", 10)


def test_a_file_that_is_longer_than_it_may_be_is_refused() -> None:
    """At most one byte more than the limit is read."""
    with serving(answering(200, b"0123456789")) as url:
        assert Web(TLS).read(url, 10) == b"0123456789"
        with pytest.raises(BundleDamaged, match="at most 9 bytes"):
            Web(TLS).read(url, 9)


def test_a_transfer_that_ends_early_is_an_error() -> None:
    """The agent tries again; half a file is none."""
    with serving(answering(200, b"0123", length=10)) as url, pytest.raises(ConnectionError, match="6 bytes early"):
        Web(TLS).read(url, 10)


class Guarded(BaseHTTPRequestHandler):
    """Asks for an account, leads elsewhere below /away, and keeps what it was sent."""

    seen: ClassVar[list[tuple[str, str | None]]] = []
    elsewhere = ""

    def do_GET(self) -> None:
        """Answer."""
        sent = self.headers["Authorization"]
        self.seen.append((self.path, sent))
        if self.path.startswith("/away"):
            self.send_response(307)
            self.send_header("Location", self.elsewhere)
        elif sent is None or self.path == "/refused":
            self.send_response(401)
        else:
            self.send_response(200)
        self.end_headers()
        self.wfile.write(b"here")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the signature of the base class
        """Nothing."""


def test_a_server_gets_the_password_of_its_user_and_no_other_server_does() -> None:
    """Also where it leads to another one, and that one asks; a line says what is missing without the account."""
    first: list[tuple[str, str | None]] = []
    second: list[tuple[str, str | None]] = []
    with serving(type("First", (Guarded,), {"seen": first})) as url:
        account = Account("méter", "p:w", urlsplit(f"{url}/live.json"))
        assert Web(TLS, account).read(f"{url}/live.json", 10) == b"here"
        assert first == [("/live.json", f"Basic {b64encode('méter:p:w'.encode()).decode()}")]
        with pytest.raises(ConnectionError, match=r"wants a user and password; .*set GATECAST_RELEASE_PASSWORD"):
            Web(TLS).read(f"{url}/live.json", 10)
        with pytest.raises(ConnectionError, match="refuses the user or the password; check GATECAST_RELEASE_PASSWORD"):
            Web(TLS, account).read(f"{url}/refused", 10)
        first.clear()
        with (
            serving(type("Second", (Guarded,), {"seen": second, "elsewhere": f"{url}/live.json"})) as other,
            pytest.raises(ConnectionError, match="wants a user"),
        ):
            Web(TLS, Account("me", "secret", urlsplit(other))).read(f"{other}/away", 10)
        assert [first, second[0][1] is None] == [[("/live.json", None)], False]
    assert "p:w" not in repr(account)

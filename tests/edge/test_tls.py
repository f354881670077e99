"""Brokers, stores and channels with a certification authority of their own: usual, and once not supported."""

import contextlib
import re
import threading
from collections.abc import Callable
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from edge.broker.address import Address
from edge.broker.client import Subscription
from edge.broker.subscriber import Subscriber
from edge.config.reading import read_config
from edge.errors import ConfigurationError, StoreDenied
from edge.release.channel import Source
from edge.stores.address import TOKEN_VARIABLE
from edge.stores.influx_http import Connection
from edge.stores.store import open_store
from edge.tls import TlsFiles
from tests.support.certificates import Authority
from tests.support.devices import answering, serving
from tests.support.fake_influx import FakeInflux2
from tests.support.servers import Mosquitto, wait_until

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority that no system knows."""
    return Authority(tmp_path_factory.mktemp("certificates"))


def problem_of(url: str, tls: TlsFiles, solved: Callable[[str | None], bool]) -> None:
    """Subscribe until the problem is as wanted."""
    subscriber = Subscriber(Address.parse(url), Subscription("gateway", ["t/#"], tls=tls))
    subscriber.start()
    try:
        wait_until(lambda: solved(subscriber.problem))
    finally:
        subscriber.stop()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # paho leaves the socket of a failed handshake
def test_a_broker_is_trusted_by_its_own_authority(authority: Authority, tmp_path: Path) -> None:
    """Without `ca_file` the line names that setting; a broker that wants our certificate gets it."""
    certificate, key = authority.sign("broker")
    ours = authority.sign("gateway")
    settings = {"cafile": authority.file, "certfile": certificate, "keyfile": key, "require_certificate": "true"}
    with Mosquitto(tmp_path / "broker", settings=settings) as broker:
        url = f"mqtts://127.0.0.1:{broker.port}"
        problem_of(url, TlsFiles("mqtt"), lambda text: "authority in [mqtt] ca_file" in (text or ""))
        problem_of(url, TlsFiles("mqtt", str(authority.file)), lambda text: "name it in [mqtt] cert_file" in (text or ""))
        files = TlsFiles("mqtt", str(authority.file), str(ours[0]), str(ours[1]))
        problem_of(url, files, lambda text: text is None)


def test_a_store_is_trusted_by_its_own_authority(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    """The token reaches no server that another authority vouches for."""
    monkeypatch.setenv(TOKEN_VARIABLE, "all")
    with FakeInflux2(tls=authority.context("store")) as fake:
        with pytest.raises(StoreDenied, match=r"not trusted .*authority in \[store\] ca_file"):
            Connection(fake.url, "all").ask("GET", "/ping", [])
        assert fake.requests == []
        store = open_store(fake.url.replace("https", "influxdbs") + "/b?org=home", None, TlsFiles("store", str(authority.file)))
        store.write(b"reading,series=a value=1 1")
        store.close()
        assert fake.requests != []


def test_a_channel_is_trusted_by_its_own_authority(authority: Authority, tmp_path: Path) -> None:
    """The reason is in the error that the agent says and retries by."""
    (tmp_path / "live.json").write_text("{}")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=tmp_path))
    server.socket = authority.context("channel").wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    url = f"https://127.0.0.1:{server.server_port}/live.json"
    try:
        with pytest.raises(OSError, match=r"not trusted .*authority in \[release\] ca_file"):
            Source(url).read_channel()
        with pytest.raises(Exception, match="channel document"):  # it was read
            Source(url, TlsFiles("release", str(authority.file))).read_channel()
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # paho leaves the socket of a failed handshake
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"days": -1}, r"certificate has expired\); renew it on the server, or set the clock of this device"),
        ({"address": "127.0.0.2"}, r"mismatch, .*\); write a name that the certificate has in the URL of \[{}\]"),
        ({}, r"it speaks no TLS there \(.*\); check the port in the URL of \[{}\]"),
    ],
    ids=["expired", "another name", "no TLS"],
)
def test_the_reason_of_a_failed_handshake_is_said(options: dict[str, Any], words: str, authority: Authority) -> None:
    """For store, channel and broker, each with its own section."""
    tls = authority.context("server", **options) if options else None
    with serving(answering(200, b"{}"), tls) as served:
        port = int(served.rpartition(":")[2])
        url = f"https://127.0.0.1:{port}"
        with pytest.raises(StoreDenied, match=words.format("store")):
            Connection(url, "all", tls=TlsFiles("store", str(authority.file))).ask("GET", "/ping", [])
        with pytest.raises(OSError, match=words.format("release")):
            Source(f"{url}/live.json", TlsFiles("release", str(authority.file))).read_channel()
        expected = re.compile(words.format("mqtt"))
        problem_of(
            f"mqtts://127.0.0.1:{port}",
            TlsFiles("mqtt", str(authority.file)),
            lambda text: expected.search(text or "") is not None,
        )


@pytest.mark.parametrize(
    ("words", "meaning"),
    [
        (
            "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate is not yet valid (_ssl.c:1006)",
            "set the clock",
        ),
        (
            "[SSL: TLSV1_ALERT_UNKNOWN_CA] tlsv1 alert unknown ca (_ssl.c:2580)",
            "it does not trust our certificate (tlsv1 alert",
        ),
        ("[SSL: SSLV3_ALERT_CERTIFICATE_EXPIRED] sslv3 alert certificate expired (_ssl.c:1)", "our certificate has expired ("),
        ("[SSL] record layer failure (_ssl.c:1000)", "it speaks no TLS there (record layer failure)"),
        (
            "[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] tlsv13 alert certificate required (_ssl.c:2580)",
            "asks for a certificate of ours",
        ),
        ("EOF occurred in violation of protocol (_ssl.c:1006)", None),
        ("Connection refused", None),
    ],
)
def test_words_of_openssl_get_a_meaning(words: str, meaning: str | None) -> None:
    """Its codes and places stay out of the line; what is no failure of TLS is none."""
    said = TlsFiles("mqtt").failure(words)
    assert (said is None) == (meaning is None)
    assert (meaning or "") in (said or "")
    assert "_ssl.c" not in (said or "")


def test_files_that_cannot_be_used_are_named(authority: Authority, tmp_path: Path) -> None:
    """At the start, with the section and the key; also where no connection would ever use them."""
    text = tmp_path / "text"
    text.write_text("no certificate")
    certificate, key = (str(path) for path in authority.sign("client"))
    other = str(authority.sign("other")[1])
    for files, words in (
        ({"ca_file": "away"}, r"\[mqtt\] ca_file: away cannot be read: No such file"),
        ({"ca_file": str(text)}, r"ca_file: .*text holds no certificate in PEM"),
        ({"cert_file": "away"}, r"cert_file: away cannot be read"),
        ({"cert_file": certificate}, "cert_file: .* holds no PEM certificate and key"),
        ({"cert_file": certificate, "key_file": other}, "belong together"),
        ({"key_file": key}, "key_file needs cert_file"),
    ):
        with pytest.raises(ConfigurationError, match=words):
            TlsFiles("mqtt", files.get("ca_file"), files.get("cert_file"), files.get("key_file")).context()
    TlsFiles("mqtt", cert_file=certificate, key_file=key).context()
    config = tmp_path / "gatecast.toml"
    for section, url, instead in (
        ("mqtt", 'url = "mqtt://broker"', "mqtts://"),
        ("store", 'url = "influxdb://h/b"', "influxdbs://"),
        ("release", 'channel = "http://h/c"', "https://"),
    ):
        config.write_text(f'[{section}]\n{url}\nca_file = "{authority.file}"\n')
        with pytest.raises(ConfigurationError, match=rf"\[{section}\] ca_file is of use with TLS only; .* {instead}"):
            read_config(config)


@pytest.mark.parametrize(
    ("host", "allowed", "outcome"),
    [
        ("127.0.0.1", None, "nothing"),
        ("127.0.0.1", False, "nothing"),
        ("192.168.1.2", None, "warning"),
        ("192.168.1.2", True, "nothing"),
        ("192.168.1.2", False, "refusal"),
        ("broker.example.com", None, "refusal"),
        ("broker.example.com", True, "nothing"),
    ],
)
def test_a_secret_stays_within_a_private_network(host: str, outcome: str, *, allowed: bool | None) -> None:
    """Unless the section says otherwise; both ways out stand in the line."""
    files = TlsFiles("mqtt", allow_unencrypted=allowed)
    with pytest.raises(ConfigurationError) if outcome == "refusal" else contextlib.nullcontext() as caught:
        warning = files.in_the_open(host, "password", "mqtts://")
        assert (warning is not None) == (outcome == "warning")
    line = str(caught.value) if caught is not None else warning or ""
    ways = ("[mqtt] ", "the password to " + host, "begin the URL with mqtts://", "set [mqtt] allow_unencrypted = true")
    assert [way in line for way in ways] == [outcome != "nothing"] * 4


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""

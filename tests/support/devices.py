"""One device with its bundles, and the web servers it may read them from."""

import hashlib
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec

from edge.backoff import Backoff
from edge.contract.times import SECOND
from edge.files import replace_file
from edge.forecaster.bundle import Bundle, write_bundle
from edge.forecaster.manifest import encode_manifest
from edge.release.refusals import LONGEST_PAUSE
from edge.release.releases import Releases, ThisDevice
from tests.support.agent_process import baseline_bundle

ONE, TWO, THREE = (baseline_bundle(second=second) for second in (1, 2, 3))


class Device:
    """The releases of one device, its log, and what is live."""

    def __init__(self, folder: Path, channel: str | Path) -> None:
        self.folder, self.channel = folder, str(channel)
        self.log: list[str] = []
        self.now = 0.0  # seconds
        self.disk: Callable[[], None] = lambda: None  # may raise whatever a disk says
        self.restart()

    def restart(self) -> None:
        """Forget what is not on disk."""
        here = ThisDevice(
            again=Backoff(60.0, LONGEST_PAUSE * 60.0, lambda: 1.0),
            clock=lambda: int(self.now) * SECOND,
            moment=lambda: self.now,
            replace_file=self._replace_file,
            write_bundle=self._write_bundle,
        )
        self.releases = Releases(self.folder, self.channel, self.log.append, here)
        ready = self.releases.current()
        self.live = ready and ready.bundle.manifest.version

    def _replace_file(self, path: Path, content: bytes) -> None:
        self.disk()
        replace_file(path, content)

    def _write_bundle(self, folder: Path, bundle: Bundle) -> None:
        self.disk()
        write_bundle(folder, bundle)

    def poll(self) -> str | None:
        """Look once and let go live what is found; returns its version."""
        ready = self.releases.poll()
        if ready is None:
            return None
        self.releases.accept(ready)
        self.live = ready.bundle.manifest.version
        return self.live

    def held(self) -> list[str]:
        """Names of everything in the folder."""
        return sorted(path.name for path in self.folder.iterdir())


def model_bundle(content: bytes = b"not a model") -> Bundle:
    """A bundle whose model file is anything, and whose manifest vouches for it."""
    golden = {"windows": [[0.0] * 24], "series": [0], "forecasts": [[[0.0] * 3] * 6]}
    file = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content), "cell": "gru", "design": "segment"}
    file |= {"units": 1, "parameters": 1, "runtime": "none"}
    made = msgspec.json.decode(encode_manifest(THREE.manifest)) | {"baseline": None, "model": file, "golden": golden}
    made["version"] = f"20261122T154503Z-gru-{hashlib.sha256(content).hexdigest()[:8]}"
    return Bundle(msgspec.convert(made, type(THREE.manifest)), content)


@contextmanager
def serving(handler: Callable[..., BaseHTTPRequestHandler], tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """A web server on loopback; gives its URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"{'http' if tls is None else 'https'}://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder and says nothing."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the signature of the base class
        """Nothing."""


def answering(status: int, body: bytes, length: int | None = None) -> type[BaseHTTPRequestHandler]:
    """A handler with the same answer to everything; it may promise more bytes than it sends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body) if length is None else length))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Nothing."""

    return Handler


def edit(registry: Path, bundle: Bundle, file: str, change: Callable[[bytes], bytes]) -> None:
    """Change a file of a bundle in a registry."""
    path = registry / "bundles" / bundle.manifest.version / file
    path.write_bytes(change(path.read_bytes()))

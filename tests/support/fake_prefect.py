"""An HTTP server that stands for Prefect's: it writes down what it is asked, and gives one answer."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import prefect
from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_CSRF_SUPPORT_ENABLED, temporary_settings


class FakePrefect(ThreadingHTTPServer):
    """The server; what is posted stands in `asked`, and is answered by `answer`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.answer: list[dict[str, Any]] | None = None
        self.status = 200
        self.raw: bytes | None = None  # in place of an answer that is Prefect's


class _Handler(BaseHTTPRequestHandler):
    server: FakePrefect

    def do_GET(self) -> None:
        """The version, which is the only thing that the client reads."""
        self._send(json.dumps(prefect.__version__).encode())

    def do_POST(self) -> None:
        """Write down path and document, and give the answer."""
        document = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, document))
        answer = b"" if self.server.answer is None else json.dumps(self.server.answer).encode()
        self._send(answer if self.server.raw is None else self.server.raw)

    def _send(self, content: bytes) -> None:
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def fake_prefect() -> Iterator[FakePrefect]:
    """The server, named by Prefect's settings as long as it runs."""
    with FakePrefect() as server:
        thread = threading.Thread(target=server.serve_forever, name="fake-prefect")
        thread.start()
        try:
            url = f"http://127.0.0.1:{server.server_port}/api"
            with temporary_settings({PREFECT_API_URL: url, PREFECT_CLIENT_CSRF_SUPPORT_ENABLED: False}):
                yield server
        finally:
            server.shutdown()
            thread.join()

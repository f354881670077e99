"""The part of InfluxDB 2 that sets it up: `GET` and `POST /api/v2/setup`, as its documentation has them."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self


class SetUp:
    """A database that waits to be set up; a context manager.

    Args:
        bodies: bodies of the requests that set it up.
    """

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        bodies = self.bodies

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer(200, {"allowed": not bodies} if self.path == "/api/v2/setup" else {"status": "pass"})

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if bodies:
                    self._answer(422, {"code": "conflict", "message": "onboarding has already been completed"})
                    return
                bodies.append(body)
                self._answer(201, {})

            def log_message(self, *_: object) -> None:
                pass

            def _answer(self, status: int, document: dict[str, object]) -> None:
                body = json.dumps(document, indent=1).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

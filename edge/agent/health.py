"""What the agent says of itself: `/healthz` and Prometheus `/metrics` on a loopback port."""

import json
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from edge.agent.counters import Counters
from edge.config import parse_loopback
from edge.errors import ConfigurationError


class Health:
    """The two pages of one agent.

    Args:
        counters: the agent's numbers.
        problem: returns why data does not flow where it should, or None where it does.
        shortfall: returns what part of it is missing while the rest flows, or None.
    """

    def __init__(
        self, counters: Counters, problem: Callable[[], str | None], shortfall: Callable[[], str | None] = lambda: None
    ) -> None:
        self._counters, self._problem, self._shortfall = counters, problem, shortfall
        self.labels: dict[str, str] = {}
        self._server: ThreadingHTTPServer | None = None

    def metrics(self) -> str:
        """All numbers in Prometheus' text format."""
        totals, gauges = self._counters.totals(), self._counters.gauges()
        rows = [(counter.metric, "counter", totals[counter]) for counter in sorted(totals, key=lambda counter: counter.metric)]
        rows += [(gauge.metric, "gauge", gauges[gauge]) for gauge in sorted(gauges, key=lambda gauge: gauge.metric)]
        lines = [line for name, kind, value in rows for line in (f"# TYPE {name} {kind}", f"{name} {value:.15g}")]
        labels = ",".join(f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in sorted(self.labels.items()))
        lines += ["# TYPE gatecast_info gauge", f"gatecast_info{{{labels}}} 1"]
        return "\n".join(lines) + "\n"

    def health(self) -> tuple[int, dict[str, str]]:
        """HTTP status and body of `/healthz`: 503 with the problem, 200 `degraded` with the reason, or 200 `ok`."""
        if (problem := self._problem()) is not None:
            return 503, {"status": problem, **self.labels}
        if (reason := self._shortfall()) is not None:
            return 200, {"status": "degraded", "reason": reason, **self.labels}
        return 200, {"status": "ok", **self.labels}

    def serve(self, listen: str) -> int:
        """Answer on `host:port`; port 0 takes a free one.

        Returns:
            The port.

        Raises:
            ConfigurationError: not a loopback address, or the port is taken.
        """
        host, port = parse_loopback(listen)
        kind = _ServerV6 if ":" in host else ThreadingHTTPServer
        try:
            self._server = kind((host, port), _handler(self))
        except OSError as error:
            message = f"cannot listen on {listen}: {error.strerror}; choose another port in [agent] health, or off"
            raise ConfigurationError(message) from error
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, name="health", daemon=True).start()
        return int(self._server.server_address[1])

    def stop(self) -> None:
        """Stop answering."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


class _ServerV6(ThreadingHTTPServer):
    address_family = socket.AF_INET6


def _handler(health: Health) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 5

        def do_GET(self) -> None:
            if self.path == "/healthz":
                status, document = health.health()
                self._answer(status, "application/json", json.dumps(document))
            elif self.path == "/metrics":
                self._answer(200, "text/plain; version=0.0.4", health.metrics())
            else:
                self._answer(404, "text/plain", "there are /healthz and /metrics\n")

        def _answer(self, status: int, kind: str, text: str) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the signature of the base class
            """Nothing: a probe every few seconds is no news."""

    return Handler

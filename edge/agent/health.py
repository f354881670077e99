"""The health page of the agent: `/healthz`, `/topics`, and `/metrics` for Prometheus, on a loopback port."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from edge.agent.counters import Counters, Number
from edge.config.sections import parse_loopback
from edge.errors import ConfigurationError
from edge.threads import Died, Thread, raise_again

ENDS_WITHIN = 1.0  # seconds


@dataclass(frozen=True, slots=True)
class Limits:
    """What others may take of the page; there is always room for one more that asks.

    Args:
        connections: connections at once; one more ends the oldest.
        lists: answers of `/topics` at once, the longest ones.
        silence: seconds that a connection may be silent.
        longest: seconds that it may last.
    """

    connections: int = 16
    lists: int = 2
    silence: float = 5.0
    longest: float = 30.0


class Reason(StrEnum):
    """Everything that `/healthz` can find wrong, as it stands in `codes`; docs/operations.md says what to do at each."""

    # Data does not flow: 503. The first of them is said.
    STANDS_STILL = "stands_still"
    BROKER = "broker"
    STATE_FOLDER = "state_folder"
    STORE = "store"
    # The rest flows: 200, degraded. All of them are said.
    NO_MESSAGE = "no_message"
    UNUSABLE_MESSAGES = "unusable_messages"
    TOO_LATE = "too_late"
    NO_SLOT = "no_slot"
    RELEASE = "release"
    BROKEN_FORECASTS = "broken_forecasts"
    FILLING_WINDOWS = "filling_windows"
    REFUSED_ROWS = "refused_rows"
    SPOOL_FILE = "spool_file"
    SILENT_SERIES = "silent_series"
    INPUTS_MISSING = "inputs_missing"
    INPUTS_UNUSUAL = "inputs_unusual"
    ALERT_RULES = "alert_rules"
    SHARED_SERIES = "shared_series"
    KEEP = "keep"


OUTAGES = (Reason.STANDS_STILL, Reason.BROKER, Reason.STATE_FOLDER, Reason.STORE)
# Functions that return why a reason holds now, in words, or None where it does not.
Reasons = Mapping[Reason, Callable[[], str | None]]


class Health(Collector):
    """The pages of one agent.

    Args:
        counters: the agent's numbers.
        reasons: functions that tell what is wrong, in the order in which it is said.
        topics: function that returns what came of each topic, as JSON types.
        limits: limits of what others may take of it.
    """

    def __init__(
        self,
        counters: Counters,
        reasons: Reasons,
        topics: Callable[[], list[dict[str, object]]] = list,
        limits: Limits = Limits(),
    ) -> None:
        self._counters, self.reasons, self.topics = counters, reasons, topics
        self._limits = limits
        self.labels: dict[str, str] = {}
        self.warnings: Sequence[str] = ()
        self._server: _Server | None = None
        self._thread: Thread | None = None

    def collect(self) -> Iterator[Metric]:
        """All numbers, counters first, in order of their names, and what the labels say."""
        totals, gauges = self._counters.totals(), self._counters.gauges()
        for counter in sorted(totals, key=_metric):
            yield CounterMetricFamily(counter.metric, _help(counter), value=totals[counter])
        for gauge in sorted(gauges, key=_metric):
            yield GaugeMetricFamily(gauge.metric, _help(gauge), value=gauges[gauge])
        yield InfoMetricFamily("gatecast", "what forecasts", value=self.labels)

    def metrics(self) -> str:
        """All numbers in Prometheus' text format."""
        return generate_latest(self).decode()

    def health(self) -> tuple[int, dict[str, Any]]:
        """HTTP status and body of `/healthz`: 503 with the problem, 200 `degraded` with the reason, or 200 `ok`; warnings."""
        rest = {**self.labels, **({"warning": "; ".join(self.warnings)} if self.warnings else {})}
        outage = next(self._holding(outages=True), None)
        if outage is not None:
            return 503, {"status": outage[1], "codes": [outage[0]], **rest}
        shortfalls = dict(self._holding(outages=False))
        if shortfalls:
            return 200, {"status": "degraded", "reason": "; ".join(shortfalls.values()), "codes": [*shortfalls], **rest}
        return 200, {"status": "ok", **rest}

    def _holding(self, *, outages: bool) -> Iterator[tuple[Reason, str]]:
        """The reasons that hold now, in words: outages, or all others."""
        for reason, why in self.reasons.items():
            if (reason in OUTAGES) is outages and (words := why()) is not None:
                yield reason, words

    def serve(self, listen: str, died: Died = raise_again) -> int:
        """Answer on `host:port`; port 0 takes a free one.

        Args:
            listen: host and port.
            died: function called with one line where the thread dies.

        Returns:
            The port.

        Raises:
            ConfigurationError: not a loopback address, or the port is taken.
        """
        host, port = parse_loopback(listen)
        kind = _ServerV6 if ":" in host else _Server
        try:
            self._server = kind((host, port), _handler(self, self._limits), self._limits)
        except OSError as error:
            message = f"cannot listen on {listen}: {error.strerror}; choose another port in [agent] health, or off"
            raise ConfigurationError(message) from error
        self._thread = Thread("health", self._server.serve_forever, died)
        self._thread.start()
        return int(self._server.server_address[1])

    def stop(self) -> None:
        """Stop answering."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        if self._thread is not None:
            self._thread.join(ENDS_WITHIN)


def _metric(number: Number) -> str:
    return number.metric


def _help(number: Number) -> str:
    return f"{number.text}; unit: {number.unit}"


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler], limits: Limits) -> None:
        self._limits, self._slots = limits, threading.Semaphore(limits.connections)
        self._since: dict[socket.socket, float] = {}  # when each connection was made, seconds, monotonic; the oldest first
        self._lock = threading.Lock()
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as in the base class
        """Make room for a new connection, and answer it in a thread."""
        if not self._slots.acquire(blocking=False):
            with self._lock:
                _hang_up(next(iter(self._since), None))
            if not self._slots.acquire(timeout=ENDS_WITHIN):
                self.shutdown_request(request)
                return
        with self._lock:
            self._since[request] = time.monotonic()
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401 - as in the base class
        """The connection has ended, however."""
        with self._lock:
            had_slot = self._since.pop(request, None) is not None
        super().shutdown_request(request)
        if had_slot:
            self._slots.release()

    def service_actions(self) -> None:
        """End what lasts too long: each byte that comes begins the time of silence anew."""
        now = time.monotonic()
        with self._lock:
            for connection, since in self._since.items():
                if now - since > self._limits.longest:
                    _hang_up(connection)


class _ServerV6(_Server):
    address_family = socket.AF_INET6


def _hang_up(connection: socket.socket | None) -> None:
    """End a connection; its thread notices that, and lets go of it."""
    if connection is not None:
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)


def _handler(health: Health, limits: Limits) -> type[BaseHTTPRequestHandler]:
    lists = threading.Semaphore(limits.lists)

    class Handler(BaseHTTPRequestHandler):
        timeout = limits.silence

        def handle(self) -> None:
            with suppress(OSError):  # a probe that hangs up is no news, and the library would print a trace
                super().handle()

        def do_GET(self) -> None:
            if self.path == "/healthz":
                status, document = health.health()
                self._answer(status, "application/json", json.dumps(document))
            elif self.path == "/topics":
                self._answer_topics()
            elif self.path == "/metrics":
                self._answer(200, CONTENT_TYPE_PLAIN_0_0_4, health.metrics())
            else:
                self._answer(404, "text/plain", "there are /healthz, /topics and /metrics\n")

        def _answer_topics(self) -> None:
            if not lists.acquire(timeout=limits.silence):
                self._answer(503, "text/plain", "others read it at this moment; ask again\n")
                return
            try:
                self._answer(200, "application/json", json.dumps(health.topics()))
            finally:
                lists.release()

        def _answer(self, status: int, kind: str, text: str) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the signature of the base class
            """Nothing is logged, because a probe may ask every few seconds."""

    return Handler

"""What the agent says of itself, in the formats its readers know."""

import json
import math
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from edge.agent.counters import Counter, Counters, Gauge, Number
from edge.agent.health import OUTAGES, Health, Limits, Reason
from edge.errors import ConfigurationError
from tests.support.scripted_agent import Bench
from tests.support.servers import HANGS_AFTER, wait_until

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"
DEFAULTS = Limits()


class Patient:
    """A health page whose problem can be set."""

    def __init__(self, limits: Limits = DEFAULTS) -> None:
        self.problem: str | None = None
        self.shortfall: str | None = None
        self.counters = Counters()
        self.topics: Callable[[], list[dict[str, object]]] = list
        self.health = Health(
            self.counters,
            {
                Reason.RELEASE: lambda: self.shortfall,
                Reason.BROKER: lambda: self.problem,
                Reason.STORE: lambda: self.problem,
                Reason.KEEP: lambda: self.shortfall,
            },
            lambda: self.topics(),  # noqa: PLW0108 - it is set later
            limits,
        )
        self.port = self.health.serve("127.0.0.1:0")

    def get(self, path: str, method: str = "GET") -> tuple[int, str, str]:
        """Status, content type and body."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=HANGS_AFTER)
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            return answer.status, answer.headers.get("Content-Type", ""), answer.read().decode()
        finally:
            connection.close()


@pytest.fixture
def patient() -> Iterator[Patient]:
    """Served on a free port."""
    made = Patient()
    yield made
    made.health.stop()


def test_healthz_is_200_while_all_is_well_and_503_with_the_problem(patient: Patient) -> None:
    """The labels go with it; the problem is in words."""
    patient.health.labels = {"model": "v1"}
    status, kind, body = patient.get("/healthz")
    assert (status, kind, json.loads(body)) == (200, "application/json", {"status": "ok", "model": "v1"})
    patient.problem = 'no "broker" at süd'
    status, _, body = patient.get("/healthz")
    assert (status, json.loads(body)) == (503, {"status": 'no "broker" at süd', "codes": ["broker"], "model": "v1"})


def test_healthz_is_degraded_while_part_of_the_data_is_missing(patient: Patient) -> None:
    """That is no outage, so a probe that looks at the status alone restarts nothing; an outage comes first."""
    patient.shortfall = "no forecasts"
    status, _, body = patient.get("/healthz")
    told = {"status": "degraded", "reason": "no forecasts; no forecasts", "codes": ["release", "keep"]}
    assert (status, json.loads(body)) == (200, told)
    patient.problem = "no broker"
    status, _, body = patient.get("/healthz")
    assert (status, json.loads(body)) == (503, {"status": "no broker", "codes": ["broker"]})


def test_an_agent_is_asked_for_every_reason(tmp_path: Path) -> None:
    """None of the list is forgotten; outages, of which the first is said, stand before the rest."""
    agent = Bench(tmp_path).agent()
    agent.parts.spool.close()
    assert [*agent.parts.health.reasons] == [*Reason]
    assert [*Reason][: len(OUTAGES)] == [*OUTAGES]


def test_the_page_says_what_to_do_at_each_reason() -> None:
    """In the order of the list, each with its status, what it means and what to do."""
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \| (.+) \| (.+) \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert [(code, int(status)) for code, status, *_ in rows] == [(code, 503 if code in OUTAGES else 200) for code in Reason]
    assert [row for row in rows if min(map(len, row[2:])) < len("wait")] == []


def test_warnings_stand_beside_the_status(patient: Patient) -> None:
    """They are no trouble of today, so they change no status."""
    patient.health.warnings = ("one", "two")
    status, _, body = patient.get("/healthz")
    assert (status, json.loads(body)) == (200, {"status": "ok", "warning": "one; two"})


def test_metrics_are_in_prometheus_format(patient: Patient) -> None:
    """Each number has its meaning and its type; totals end in _total; nothing is rounded that counts."""
    patient.counters.count(Counter.READINGS, 12_345_678_901)
    patient.counters.count(Counter.READINGS)
    patient.counters.count(Counter.SWAPS, 0)
    patient.counters.set(Gauge.LAG_SECONDS, 0.25)
    patient.counters.set(Gauge.BACKLOG_BYTES, float("nan"))
    status, kind, body = patient.get("/metrics")
    assert (status, kind) == (200, "text/plain; version=0.0.4; charset=utf-8")
    families = {family.name: family for family in text_string_to_metric_families(body)}
    assert [(name, family.type, [sample.value for sample in family.samples]) for name, family in families.items()] == [
        ("gatecast_readings", "counter", [12_345_678_902]),
        ("gatecast_swaps", "counter", [0]),
        ("gatecast_backlog_bytes", "gauge", [pytest.approx(math.nan, nan_ok=True)]),
        ("gatecast_lag_seconds", "gauge", [0.25]),
        ("gatecast_info", "gauge", [1]),
    ]
    assert families["gatecast_readings"].documentation == "readings taken from messages; unit: reading"
    assert re.findall(r"^(\w+)", body, re.MULTILINE) == [
        "gatecast_readings_total",
        "gatecast_swaps_total",
        "gatecast_backlog_bytes",
        "gatecast_lag_seconds",
        "gatecast_info",
    ]
    assert body.endswith("\n")


@pytest.mark.parametrize("number", [*Counter, *Gauge], ids=lambda number: number.title)
def test_every_number_has_its_name_on_the_page(number: Number) -> None:
    """It is the one that the list gives it, and it comes once."""
    counters = Counters()
    if isinstance(number, Counter):
        counters.count(number, 3)
    elif isinstance(number, Gauge):
        counters.set(number, 3)
    lines = Health(counters, {}).metrics().splitlines()
    assert [line for line in lines if line.startswith(number.metric)] == [f"{number.metric} 3.0"]


def test_labels_are_escaped_as_prometheus_reads_them() -> None:
    """Quotes, backslashes and line breaks, and letters as they are."""
    health = Health(Counters(), {})
    health.labels = {"model": 'a"b\\c\nü'}
    assert 'gatecast_info{model="a\\"b\\\\c\\nü"} 1.0' in health.metrics()


def test_other_paths_and_methods_are_refused(patient: Patient) -> None:
    """There are three pages, to be read only."""
    assert patient.get("/")[0] == 404
    assert "/healthz, /topics and /metrics" in patient.get("/x")[2]
    assert patient.get("/metrics", "POST")[0] == 501


def test_silent_client_holds_up_nobody(patient: Patient) -> None:
    """A connection that says nothing does not keep others from being answered."""
    with socket.create_connection(("127.0.0.1", patient.port)):
        assert patient.get("/healthz")[0] == 200


def test_the_oldest_connection_ends_for_a_new_one() -> None:
    """However many there are, one more is answered; no more threads than the limit are at work."""
    patient = Patient(Limits(connections=3, silence=HANGS_AFTER))
    silent = [socket.create_connection(("127.0.0.1", patient.port)) for _ in range(8)]
    assert patient.get("/healthz")[0] == 200
    assert [client.recv(1) for client in silent[:6]] == [b""] * 6
    wait_until(lambda: len(at_work()) <= 2)
    for client in silent:
        client.close()
    patient.health.stop()


def test_a_connection_that_goes_on_for_too_long_is_ended() -> None:
    """A byte now and then keeps none open."""
    patient = Patient(Limits(longest=0.0))
    with socket.create_connection(("127.0.0.1", patient.port)) as client:
        client.sendall(b"GET /he")
        assert client.recv(1) == b""
    patient.health.stop()


def test_slow_readers_of_the_topics_keep_nobody_from_the_health() -> None:
    """They hold the longest answers; one more of them is told to ask again."""
    patient, asked, go_on = Patient(Limits(lists=1, silence=1.0)), threading.Event(), threading.Event()

    def topics() -> list[dict[str, object]]:
        """An answer that takes long."""
        asked.set()
        go_on.wait(HANGS_AFTER)
        return []

    patient.topics = topics
    first = threading.Thread(target=patient.get, args=("/topics",))
    first.start()
    asked.wait(HANGS_AFTER)
    assert patient.get("/topics")[0] == 503
    assert patient.get("/healthz")[0] == 200
    go_on.set()
    first.join()
    assert patient.get("/topics")[0] == 200
    patient.health.stop()


def at_work() -> list[str]:
    """Threads that answer."""
    return [thread.name for thread in threading.enumerate() if "process_request" in thread.name]


def test_a_probe_that_hangs_up_leaves_no_trace(patient: Patient, capfd: pytest.CaptureFixture[str]) -> None:
    """Whether it has asked or not."""
    for request in (b"GET /metrics HTTP/1.1\r\n\r\n", b"GET"):
        with socket.create_connection(("127.0.0.1", patient.port)) as probe:
            probe.sendall(request)
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # it is reset
    assert patient.get("/healthz")[0] == 200
    wait_until(lambda: not at_work())
    assert capfd.readouterr().err == ""


def test_taken_port_is_the_users_move(patient: Patient) -> None:
    """The message says what to choose."""
    with pytest.raises(
        ConfigurationError, match=r"cannot listen on 127.0.0.1:\d+: Address already in use; choose another port"
    ):
        Health(Counters(), {}).serve(f"127.0.0.1:{patient.port}")


def test_other_addresses_are_not_served() -> None:
    """The page is for this machine."""
    with pytest.raises(ConfigurationError, match="must be a loopback address"):
        Health(Counters(), {}).serve("0.0.0.0:0")


def test_page_is_served_over_ipv6_too() -> None:
    """`[::1]:port` is a loopback address."""
    health = Health(Counters(), {})
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 loopback on this machine")
    port = health.serve("[::1]:0")
    socket.create_connection(("::1", port)).close()
    health.stop()


def test_stopped_page_is_gone_and_may_be_stopped_again(patient: Patient) -> None:
    """The port is free."""
    patient.health.stop()
    patient.health.stop()
    with pytest.raises(ConnectionRefusedError):
        patient.get("/healthz")

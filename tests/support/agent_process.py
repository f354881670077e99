"""The agent as a process of its own, what it is fed, and what the store has to hold afterwards."""

import json
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from edge.agent.counters import Gauge, Number
from edge.contract.columns import Readings, SeriesTable
from edge.contract.contract import Contract
from edge.contract.schema import FORECAST, FORECAST_LEAD, FORECAST_SCORE, READING
from edge.contract.times import SECOND
from edge.forecaster.bundle import Bundle
from edge.forecaster.manifest import Manifest, schema_of, version_of
from edge.release.ready import open_bundle
from edge.series.engine import Engine
from edge.stores.sqlite import SqliteStore
from edge.stores.store import Store
from flows.processes.servers import AgentProcess
from pipeline.release.registry import Registry
from tests.support.servers import HANGS_AFTER, free_port, wait_until

CONTRACT = Contract(interval=60 * SECOND, window=24, horizon=6)
START = 1_789_999_200 * SECOND  # a full hour
COMPARED = {
    READING: ("value",),
    FORECAST: ("q10", "q50", "q90", "origin", "lead"),
    FORECAST_LEAD: ("q10", "q50", "q90", "origin"),
    FORECAST_SCORE: ("error", "absolute_error", "pinball", "baseline_absolute_error"),
}
PROGRAM = ("-m", "edge.cli")

Row = tuple[str, int, float]  # series, ns UTC, value


def baseline_bundle(contract: Contract = CONTRACT, *, second: int = 0, name: str = "last_value") -> Bundle:
    """A bundle without a model; another second is another version."""
    created = datetime(2026, 11, 22, 15, 45, second, tzinfo=UTC)
    version = version_of(created, name, repr(contract).encode())
    schema = schema_of(contract, {})
    return Bundle(Manifest(version, contract, [], created.isoformat(), "0.1.0", baseline=name, schema=schema))


def release(registry: Path, bundle: Bundle) -> Path:
    """Add a bundle to a registry and promote it; returns the channel document."""
    home = Registry(registry)
    home.add(bundle)
    home.promote(bundle.manifest.version)
    return registry / "channels" / "live.json"


def configure(folder: Path, broker: str, store: str, channel: Path | str = "", **agent: object) -> Path:
    """A gatecast.toml in the folder; `agent` are keys of `[agent]`, and `poll` of `[release]`."""
    port = free_port()
    poll = agent.pop("poll", "1s")
    keys = {
        "state": str(folder / "state"),
        "health": f"127.0.0.1:{port}",
        "clock": "event",
        "report": "1h",
        "commit": "0s",
    } | agent
    lines = [f'[mqtt]\nurl = "{broker}"\nclient_id = "{folder.name}"\n[[ingest]]\ntopic = "sensors/{{device}}/{{metric}}"']
    lines += [f'[store]\nurl = "{store}"\n[release]\nchannel = "{channel}"\npoll = "{poll}"\n[agent]']
    lines += [f"{key} = {json.dumps(value)}" for key, value in keys.items()]
    path = folder / "gatecast.toml"
    path.write_text("\n".join(lines) + "\n")
    return path


class Running:
    """An agent that can be killed and started again.

    Args:
        config: its gatecast.toml.
        program: arguments of Python that start it.
    """

    def __init__(self, config: Path, program: Sequence[str] = PROGRAM) -> None:
        self._config, self._program = config, program
        self.log = config.with_name("agent.log")
        self._port = int(config.read_text().split("127.0.0.1:")[-1].split('"')[0])
        self._process: AgentProcess | None = None

    def start(self, *, ready: bool = True) -> None:
        """Start it, and wait until it is connected."""
        self._process = AgentProcess(self._config, self.log, self._port, self._program)
        if ready:
            self._process.wait_ready()

    @property
    def process(self) -> AgentProcess:
        """The one that runs."""
        assert self._process is not None
        return self._process

    def kill(self) -> None:
        """`kill -9`."""
        self.process.process.kill()
        self.process.stop()

    def stop(self) -> None:
        """SIGTERM, which it obeys with exit code 0."""
        assert self.process.stop() == 0, self.log.read_text()[-2000:]

    def number(self, number: Number) -> float:
        """One of its numbers."""
        return self.process.numbers()[number]

    def health(self) -> tuple[int, str]:
        """Status and text of /healthz; 0 where nobody answers."""
        import http.client  # noqa: PLC0415

        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=HANGS_AFTER)
        try:
            connection.request("GET", "/healthz")
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())["status"]
        except OSError:
            return 0, ""
        finally:
            connection.close()

    def memory(self, name: str) -> float:
        """`VmRSS` or `VmHWM` in MB."""
        status = Path(f"/proc/{self.process.process.pid}/status").read_text()
        return int(status.split(f"{name}:")[1].split()[0]) / 1024

    def lines(self, text: str) -> int:
        """How many lines of its log contain the text."""
        return sum(text in line for line in self.log.read_text().splitlines())


@contextmanager
def running(config: Path, *, ready: bool = True, program: Sequence[str] = PROGRAM) -> Iterator[Running]:
    """An agent that is ended by its own pid; the program is that of `Running`."""
    agent = Running(config, program)
    try:
        agent.start(ready=ready)
        yield agent
    finally:
        if agent.process.process.poll() is None:
            agent.process.process.send_signal(signal.SIGCONT)
        agent.process.stop()


def stream(series: int = 20, count: int = 1000, *, seed: int = 1, step: int = 10 * SECOND) -> list[Row]:
    """Rows of random walks in order of arrival: three in a hundred arrive late, two in a hundred twice."""
    random = np.random.default_rng(seed)
    rows: list[tuple[float, Row]] = []
    for number in range(series):
        values = np.round(20 + np.cumsum(random.normal(0, 0.3, count)), 3)
        for at in range(count):
            place = at + number / series
            late = random.random() < 0.03
            row = (f"d{number}.t", START + at * step + number, float(values[at]))
            rows.append((place + (random.integers(1, 30) if late else 0), row))
            if random.random() < 0.02:
                rows.append((place + random.integers(1, 40), row))
    return [row for _, row in sorted(rows, key=lambda pair: pair[0])]


def publisher(port: int) -> paho.Client:
    """A connected client whose messages are kept until the broker has them."""
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id=f"sensors-{time.monotonic_ns()}", clean_session=False)
    client.max_inflight_messages_set(1000)
    client.reconnect_delay_set(1, 1)
    client.connect("127.0.0.1", port)
    client.loop_start()
    return client


def publish(client: paho.Client, rows: Sequence[Row], *, seconds: float = 0.0, qos: int = 1) -> None:
    """Publish rows, spread over that time, and wait until the broker has them all."""
    started, info = time.monotonic(), []
    for number, (name, moment, value) in enumerate(rows):
        payload = f'{{"time": {moment}, "value": {value!r}}}'
        info.append(client.publish("sensors/" + name.replace(".", "/"), payload, qos=qos))
        if seconds and number % 100 == 0:
            time.sleep(max(0.0, started + seconds * number / len(rows) - time.monotonic()))
    wait_until(lambda: all(one.is_published() for one in info), what="the broker taking every message")


def subscribe_before(port: int, client_id: str, topic: str) -> None:
    """What a program leaves that subscribed at QoS 2, under a name that an agent has later."""
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=False)
    ready = threading.Event()
    client.on_connect = lambda client, *_: client.subscribe(topic, 2)
    client.on_subscribe = lambda *_: ready.set()
    client.connect("127.0.0.1", port)
    client.loop_start()
    assert ready.wait(HANGS_AFTER)
    hang_up(client)


def hang_up(client: paho.Client) -> None:
    """Disconnect."""
    client.disconnect()
    client.loop_stop()


def contents(store: Store) -> dict[str, dict[tuple[str, int, int], tuple[float, ...]]]:
    """All rows but the agent's own: measurement, then series, time and lead (0 where there is none), then the fields."""
    found: dict[str, dict[tuple[str, int, int], tuple[float, ...]]] = {}
    span = store.span()
    for measurement, fields in COMPARED.items():
        rows = found[measurement.name] = {}
        if span is None:
            continue
        table = SeriesTable()
        stop = span[1] + 1000 * CONTRACT.interval
        for page in store.read(measurement, fields, span[0] // CONTRACT.interval * CONTRACT.interval, stop, table):
            lead = np.zeros(len(page), np.int32) if page.lead is None else page.lead
            # Quantiles are float32, and the line protocol writes just enough digits to bring them back.
            kinds = [np.float32 if name.startswith("q") else np.float64 for name in fields]
            columns = [np.asarray(page.fields[name], kind).tolist() for name, kind in zip(fields, kinds, strict=True)]
            keys = zip(page.series.tolist(), page.time.tolist(), lead.tolist(), strict=True)
            for (series, moment, number), values in zip(keys, zip(*columns, strict=True), strict=True):
                key = (table.names[series], moment, number)
                assert key not in rows, f"{measurement.name} holds {key} twice"
                rows[key] = tuple(-1e99 if value != value else value for value in values)  # noqa: PLR0124 - NaN
    return found


def readings_of(rows: Sequence[Row], series: SeriesTable) -> Readings:
    """Rows as columns."""
    return Readings.of([series.add(row[0]) for row in rows], [row[1] for row in rows], [row[2] for row in rows])


def uninterrupted(rows: Sequence[Row], bundle: Bundle, folder: Path, batch: int = 500) -> dict[str, Any]:
    """What the store holds after an engine took the rows without any trouble."""
    series = SeriesTable()
    engine = Engine(open_bundle(bundle), bundle.manifest.series, series)
    store = SqliteStore(folder / "expected.db")
    for start in range(0, len(rows), batch):
        store.write(store.encode(engine.step(readings_of(rows[start : start + batch], series)).points, series))
    found = contents(store)
    store.close()
    return found


def assert_same(found: dict[str, Any], expected: dict[str, Any]) -> None:
    """Every row there, none beside, every value equal but for the rounding of float64."""
    for measurement, rows in expected.items():
        missing, more = rows.keys() - found[measurement].keys(), found[measurement].keys() - rows.keys()
        assert not missing, f"{len(missing)} of {len(rows)} rows lost from {measurement}: {sorted(missing)[:3]}"
        assert not more, f"{len(more)} rows too many in {measurement}: {sorted(more)[:3]}"
        # The mean of an interval whose readings came in other batches may differ in its last bits.
        wrong = [key for key, row in rows.items() if not np.allclose(row, found[measurement][key], rtol=1e-12, atol=1e-12)]
        where = [(key, rows[key], found[measurement][key]) for key in wrong[:3]]
        assert not wrong, f"{len(wrong)} of {len(rows)} rows differ in {measurement}: expected, got {where}"
        assert rows


def wait_for_all(agent: Running, store: Store, rows: Sequence[Row]) -> None:
    """Wait until the store has every reading and nothing waits: no row for the store, no reading for history."""
    wanted = len({row[:2] for row in rows})

    def arrived() -> bool:
        # In this order: a reading that has stopped waiting may still be in the backlog.
        waiting = agent.number(Gauge.HELD_READINGS) or agent.number(Gauge.BACKLOG_BYTES)
        return waiting == 0 and len(contents(store)["reading"]) == wanted

    last = max(moment for _, moment, _ in rows)
    wait_until(lambda: (store.span() or (0, 0))[1] == last and arrived(), what="every reading in the store")

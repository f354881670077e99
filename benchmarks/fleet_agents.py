"""A few gateways of the plan, run: real agents on one broker and one store, fed at its pace, and what each part takes.

Sensors report in turn, evenly over time, and all series of all gateways close their interval together, by the clock, as they do
on the hour.
"""

import math
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from threading import Event

from agent_history import Plan, write_history
from chaos_readings import Publisher
from process_figures import cpu_seconds, memory

from edge.agent.counters import Counter, Gauge
from edge.contract.contract import Contract
from edge.contract.times import SECOND
from edge.errors import GatecastError
from edge.forecaster.bundle import Bundle
from tests.support.agent_process import Running, baseline_bundle, configure, release, running
from tests.support.servers import Influx, Mosquitto, wait_until

LOOK = 0.1  # seconds between two looks
ASK = 0.5  # seconds between two questions to the store
PATIENCE = 900.0  # seconds for what ends on the slowest machine
STALLED = 60.0  # seconds without another reading in the store after which none comes any more
COMMIT = 2.0  # seconds, `[agent] commit`


@dataclass(frozen=True, slots=True)
class Course:
    """What is run.

    Args:
        agents: number of gateways.
        series: number of sensors of each.
        every: seconds between two readings of a sensor.
        interval: length of an interval, seconds.
        seconds: time of the measurement.
        window: number of intervals of a window.
        horizon: number of intervals ahead.
        forecaster: `gru` with random weights, or `baseline`.
    """

    agents: int
    series: int
    every: float
    interval: float
    seconds: float
    window: int
    horizon: int
    forecaster: str

    @property
    def contract(self) -> Contract:
        """Contract of the bundles."""
        return Contract(round(self.interval * SECOND), self.window, self.horizon)

    @property
    def rate(self) -> float:
        """Readings a second of all gateways."""
        return self.agents * self.series / self.every


@dataclass(frozen=True, slots=True)
class Ran:
    """What was measured, from the first reading until everything was stored.

    Args:
        readings: number of readings that were published.
        missing: number of those that the store does not hold.
        closings: number of intervals that closed, of all series.
        by_model: share of the forecasts that the bundle made; the others are the baseline's.
        seconds: time.
        rows: rows that the store took, whatever they replaced.
        agents: processor time of each agent, seconds.
        resident: resident memory of each agent at the end, bytes.
        store: processor time of influxd, seconds.
        store_resident: resident memory of influxd at the end, bytes.
        broker: processor time of mosquitto, seconds.
        lags: seconds from each interval's end until the forecasts of 99 in 100 series of an agent were in the store, at most.
        backlog: blocks that waited for the store when the last reading was sent, bytes, of all agents.
        late: seconds that the last reading was sent late, as the broker took them more slowly.
    """

    readings: int
    missing: int
    closings: int
    by_model: float
    seconds: float
    rows: float
    agents: list[float]
    resident: list[float]
    store: float
    store_resident: float
    broker: float
    lags: list[float]
    backlog: float
    late: float

    @property
    def broker_each(self) -> float:
        """Processor time of the broker for a message, microseconds."""
        return self.broker / self.readings * 1e6

    @property
    def row_each(self) -> float:
        """Processor time of the store for a row, microseconds."""
        return self.store / self.rows * 1e6


class Paced:
    """Readings of all sensors; reading n is of gateway n modulo their number.

    Args:
        course: numbers of gateways and sensors.
        start: time of the first reading, ns UTC.
    """

    def __init__(self, course: Course, start: int) -> None:
        self._course, self._start = course, start
        self._step = SECOND / course.rate
        self.count = int(course.rate * course.seconds)

    def due(self, now: float) -> int:
        """Number of readings that are to be published until a Unix time, seconds."""
        return max(0, min(self.count, int((now * SECOND - self._start) / self._step)))

    def of_gateway(self, gateway: int) -> int:
        """Number of all readings of a gateway."""
        return len(range(gateway, self.count, self._course.agents))

    def packet(self, number: int) -> bytes:
        """PUBLISH of a reading at QoS 1; all are shorter than 128 bytes, which leaves one byte for the length."""
        turn, gateway = divmod(number, self._course.agents)
        topic = b"gateway%d/device%d/temperature" % (gateway, turn % self._course.series)
        payload = b'{"time":%d,"value":%.2f}' % (self._start + int(number * self._step), 20 + number % 97 / 10)
        identifier = (number % 65_535 + 1).to_bytes(2, "big")
        return bytes((0x32, 4 + len(topic) + len(payload), 0, len(topic))) + topic + identifier + payload


@dataclass(frozen=True, slots=True)
class Taken:
    """What everything has taken at a moment.

    Args:
        readings: readings that each agent has taken.
        made: forecasts of all agents.
        by_model: those of them that the bundle made.
        agents: processor time of each agent, seconds.
        store: processor time of influxd, seconds.
        broker: processor time of mosquitto, seconds.
        rows: rows that the store has taken.
    """

    readings: list[float]
    made: float
    by_model: float
    agents: list[float]
    store: float
    broker: float
    rows: float


def look(agents: list[Running], store: Influx, broker: Mosquitto) -> Taken:
    """What everything has taken so far."""
    told = [agent.process.numbers() for agent in agents]
    by_model = sum(numbers[Counter.FORECASTS] for numbers in told)
    return Taken(
        readings=[numbers[Counter.READINGS] for numbers in told],
        made=by_model + sum(numbers[Counter.FALLBACK_FORECASTS] for numbers in told),
        by_model=by_model,
        agents=[cpu_seconds(agent.process.process.pid) for agent in agents],
        store=cpu_seconds(store.engine.pid),
        broker=cpu_seconds(broker.pid),
        rows=sum(float(row["pointsWrittenOK"]) for row in store.query("", "SHOW STATS FOR 'httpd'")),
    )


@contextmanager
def gateways(course: Course, broker: Mosquitto, store: Influx, folder: Path) -> Iterator[list[Running]]:
    """Agents with full windows, each with sensors and a bucket of its own."""
    bundle, now = _bundle(course), time.time_ns()
    contract = course.contract
    start = now // contract.interval * contract.interval - course.window * contract.interval
    channel = release(folder / "registry", bundle)
    with ExitStack() as stack:
        agents = []
        for number in range(course.agents):
            name = f"gateway{number}"
            store.create(name)
            write_history(store.store_url(name), Plan(course.series, contract, start, course.window, 0, "wall"))
        for number in range(course.agents):
            name = f"gateway{number}"
            (folder / name).mkdir()
            keys = {"max_series": 2 * course.series, "clock": "wall", "commit": f"{COMMIT:g}s", "report": "10s", "poll": "60s"}
            config = configure(folder / name, broker.url, store.store_url(name), channel, **keys)
            config.write_text(config.read_text().replace('"sensors/', f'"{name}/'))
            agents.append(stack.enter_context(running(config, ready=False)))
        for agent in agents:
            wait_until(lambda agent=agent: _full(agent), seconds=PATIENCE, what="filling the windows")  # type: ignore[misc]
        yield agents


def _full(agent: Running) -> bool:
    """Whether its windows are full.

    Raises:
        GatecastError: it ended.
    """
    if (reason := agent.process.died()) is not None:
        raise GatecastError(f"the agent ended: {reason}")
    return agent.health()[0] == HTTPStatus.OK


def _bundle(course: Course) -> Bundle:
    if course.forecaster == "baseline":
        return baseline_bundle(course.contract)
    from agent_memory import gru_bundle  # noqa: PLC0415 - imports TensorFlow

    return gru_bundle(Plan(course.series, course.contract, 0, course.window, 0, "wall"))


def simulate(course: Course, folder: Path) -> Ran:
    """Run the gateways, feed them, and measure.

    Args:
        course: what is run.
        folder: folder for everything; empty.

    Raises:
        GatecastError: an agent ended.
        TimeoutError: what was published does not reach the store.
    """
    with (
        Mosquitto(folder / "mosquitto", max_inflight_messages=5000) as broker,
        Influx(folder / "influx") as store,
        gateways(course, broker, store, folder) as agents,
        ThreadPoolExecutor(1) as beside,
        _set_at_the_end() as ended,
    ):
        start = math.ceil(time.time() / course.interval + 0.1) * course.interval
        paced = Paced(course, round(start * SECOND))
        before = look(agents, store, broker)
        watching = beside.submit(_watch, store, course, start, ended)
        _feed(broker.port, paced)
        late = max(0.0, time.time() - start - course.seconds)
        backlog = sum(agent.number(Gauge.BACKLOG_BYTES) for agent in agents)
        lags = watching.result()
        for number, agent in enumerate(agents):
            expected = before.readings[number] + paced.of_gateway(number)
            wait_until(lambda agent=agent, expected=expected: _done(agent, expected), seconds=PATIENCE, pause=LOOK)  # type: ignore[misc]
        time.sleep(2 * COMMIT)  # readings that close nothing wait for others before they are committed
        after, seconds = look(agents, store, broker), time.time() - start
        made = after.made - before.made
        return Ran(
            readings=paced.count,
            missing=paced.count - _held(store, course.agents, round(start * SECOND), paced.count),
            closings=int(made),
            by_model=(after.by_model - before.by_model) / made if made else math.nan,
            seconds=seconds,
            rows=after.rows - before.rows,
            agents=[now - then for now, then in zip(after.agents, before.agents, strict=True)],
            resident=[memory(agent.process.process.pid) for agent in agents],
            store=after.store - before.store,
            store_resident=memory(store.engine.pid),
            broker=after.broker - before.broker,
            lags=lags,
            backlog=backlog,
            late=late,
        )


def _done(agent: Running, readings: float) -> bool:
    numbers = agent.process.numbers()
    return numbers[Counter.READINGS] >= readings and numbers[Gauge.BACKLOG_BYTES] == 0


def _feed(port: int, paced: Paced) -> None:
    """Publish everything, nothing before its time."""
    with closing(Publisher(port, paced)) as publisher:
        while publisher.sent < paced.count:
            publisher.send(paced.due(time.time()))
            time.sleep(LOOK)
        publisher.send(paced.count, unacknowledged=0)


@contextmanager
def _set_at_the_end() -> Iterator[Event]:
    """An event that is set when the measurement ends, also where it is interrupted."""
    ended = Event()
    try:
        yield ended
    finally:
        ended.set()


def _watch(store: Influx, course: Course, start: float, ended: Event) -> list[float]:
    """Ask the store for the nearest forecasts of each interval that ends, until it has those of 99 in 100 series.

    Returns:
        Seconds from the end of the interval, for each interval and gateway.
    """
    lags = []
    for number in range(1, math.ceil(course.seconds / course.interval)):
        end = start + number * course.interval
        ended.wait(max(0.0, end - time.time()))
        waiting, limit = set(range(course.agents)), time.time() + PATIENCE
        while waiting and time.time() < limit and not ended.is_set():
            for gateway in sorted(waiting):
                query = f"SELECT count(q50) FROM forecast_lead WHERE lead = '1' AND time = {round(end * SECOND)}"
                found = store.query(f"gateway{gateway}", query)
                if found and found[0]["count"] >= 0.99 * course.series:
                    waiting.remove(gateway)
                    lags.append(time.time() - end)
            ended.wait(ASK)
        lags += [math.inf] * len(waiting)
    return sorted(lags)


def _held(store: Influx, agents: int, start: int, expected: int) -> int:
    """Readings that the store holds from a moment on, asked until all are there or no more come."""
    before = -1
    while True:
        found = 0
        for number in range(agents):
            answer = store.query(f"gateway{number}", f"SELECT count(value) FROM reading WHERE time >= {start}")
            found += int(answer[0]["count"]) if answer else 0
        if found in (expected, before):
            return found
        before = found
        time.sleep(STALLED)

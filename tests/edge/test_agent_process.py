"""The agent as a process, against a real broker and real stores: nothing lost, nothing doubled, whatever dies."""

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from edge.agent.counters import Counter, Gauge
from edge.contract.contract import Contract
from edge.contract.times import SECOND
from edge.forecaster.bundle import Bundle
from edge.stores.store import open_store
from flows.processes.servers import AgentProcess
from pipeline.release.registry import Registry
from tests.support.agent_process import (
    PROGRAM,
    START,
    Row,
    Running,
    assert_same,
    baseline_bundle,
    configure,
    contents,
    hang_up,
    publish,
    publisher,
    release,
    running,
    stream,
    subscribe_before,
    uninterrupted,
    wait_for_all,
)
from tests.support.servers import Influx, Mosquitto, free_port, requires, wait_until

pytestmark = [pytest.mark.servers, pytest.mark.slow]


SHORT = stream(20, 250, seed=2)


@contextmanager
def sending(port: int, rows: Sequence[Row], seconds: float) -> Iterator[None]:
    """Rows are published meanwhile, and the broker has them all in the end."""
    client = publisher(port)
    thread = threading.Thread(target=publish, args=(client, rows), kwargs={"seconds": seconds})
    thread.start()
    try:
        yield
    finally:
        thread.join()
        hang_up(client)


def assert_complete(agent: Running, url: str, rows: Sequence[Row], bundle: Bundle, folder: Path) -> None:
    """The store comes to hold what an engine nobody interrupted gives, value by value."""
    store = open_store(url)
    wait_for_all(agent, store, rows)
    assert_same(contents(store), uninterrupted(rows, bundle, folder))
    store.close()


@pytest.mark.parametrize("kind", ["sqlite", "influxdb"])
def test_killed_agent_loses_and_doubles_nothing(
    kind: str, tmp_path: Path, mosquitto: Mosquitto, influx: Influx, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After `kill -9` at random moments, and a SIGTERM, the store equals that of an engine nobody interrupted."""
    monkeypatch.setenv("GATECAST_INFLUX_TOKEN", influx.token)
    url = influx.store_url(bucket) if kind == "influxdb" else f"sqlite:///{tmp_path}/store.db"
    bundle, rows, moments = baseline_bundle(), stream(), np.random.default_rng(5)
    config = configure(tmp_path, mosquitto.url, url, release(tmp_path / "registry", bundle))
    with running(config) as agent:
        parts = np.array_split(np.arange(len(rows)), 4 if kind == "influxdb" else 6)
        for number, part in enumerate(parts, 1):
            with sending(mosquitto.port, [rows[row] for row in part], 0.6):
                time.sleep(moments.uniform(0.1, 0.6))
                if number == 2:
                    agent.stop()
                    agent.start()
                elif number < len(parts):
                    agent.kill()
                    agent.start()
        assert_complete(agent, url, rows, bundle, tmp_path)


@pytest.mark.parametrize("qos", [1, 2])
def test_readings_that_wait_to_be_committed_survive(qos: int, tmp_path: Path, mosquitto: Mosquitto) -> None:
    """After `kill -9` the broker sends them again; after SIGTERM they are in the store although they could wait for an hour.

    So it is with QoS 2, where another program has subscribed under the agent's name before.
    What the agent keeps is for its own user alone, also what an earlier one had left open.
    """
    url, bundle = f"sqlite:///{tmp_path}/store.db", baseline_bundle()
    config = configure(tmp_path, mosquitto.url, url, release(tmp_path / "registry", bundle), commit="1h")
    rows = [(f"d{number}.t", START + number, float(number)) for number in range(10)]
    client, store = publisher(mosquitto.port), open_store(url)
    (tmp_path / "state" / "bundles").mkdir(parents=True)
    (tmp_path / "state" / "bundles" / "earlier").write_text("")
    subscribe_before(mosquitto.port, tmp_path.name, "sensors/#")
    with running(config) as agent:
        publish(client, rows, qos=qos)
        hang_up(client)
        for end in (agent.kill, agent.stop):
            wait_until(lambda: agent.number(Counter.MESSAGES) == len(rows))
            assert agent.health()[0] == 200
            assert not contents(store)["reading"]
            end()
            agent.start()
        wait_until(lambda: len(contents(store)["reading"]) == len(rows))
        assert agent.number(Counter.MESSAGES) == 0
    kept = [*(tmp_path / "state").rglob("*"), tmp_path / "store.db"]
    assert {"spool.db", "agent.lock", "earlier", "store.db"} <= {path.name for path in kept}
    assert [path for path in kept if path.stat().st_mode & 0o077] == []
    store.close()


def test_killed_broker_costs_nothing_it_had_kept(tmp_path: Path, mosquitto: Mosquitto) -> None:
    """What the broker had written when it died arrives, once; the agent comes back by itself."""
    url, bundle = f"sqlite:///{tmp_path}/store.db", baseline_bundle()
    config = configure(tmp_path, mosquitto.url, url, release(tmp_path / "registry", bundle))
    with running(config) as agent:
        with sending(mosquitto.port, SHORT[:2000], 0.5):
            time.sleep(0.2)
        mosquitto.save()
        mosquitto.kill()
        wait_until(lambda: agent.health()[0] == 503)
        assert "broker" in agent.health()[1]
        mosquitto.start()
        with sending(mosquitto.port, SHORT[2000:], 0.5):
            wait_until(lambda: agent.health()[0] == 200)
        assert_complete(agent, url, SHORT, bundle, tmp_path)
        assert agent.lines("broker: ") == 1


def test_killed_store_costs_nothing(tmp_path: Path, mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the store is dead everything is kept and the page says so; when it is back everything arrives, once."""
    with Influx(tmp_path / "influx", password=("gatecast", "between-us")) as influx:
        monkeypatch.setenv("GATECAST_INFLUX_TOKEN", influx.token)
        influx.create("fleet")
        url, bundle = influx.store_url("fleet"), baseline_bundle()
        config = configure(tmp_path, mosquitto.url, url, release(tmp_path / "registry", bundle))
        with running(config) as agent:
            with sending(mosquitto.port, SHORT[:2000], 0.5):
                wait_until(lambda: agent.number(Counter.MESSAGES) > 0)
                influx.kill()
            with sending(mosquitto.port, SHORT[2000:], 0.5):
                wait_until(lambda: agent.health()[0] == 503)
                assert "does not answer" in agent.health()[1]
            wait_until(lambda: agent.number(Counter.MESSAGES) >= len(SHORT))
            influx.start()
            assert_complete(agent, url, SHORT, bundle, tmp_path)
            assert (agent.lines("everything is kept"), agent.lines("the store is back")) == (1, 1)


def test_wrong_store_password_loses_nothing(
    tmp_path: Path, mosquitto: Mosquitto, influx: Influx, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is said once and on the page, everything is kept, and with the right one everything arrives."""
    url, bundle = influx.store_url(bucket), baseline_bundle()
    config = configure(tmp_path, mosquitto.url, url, release(tmp_path / "registry", bundle))
    monkeypatch.setenv("GATECAST_INFLUX_TOKEN", "gatecast:wrong")
    with running(config, ready=False) as agent:
        # The page speaks of the store only once the broker is fine.
        wait_until(lambda: agent.health()[0] == 503 and "GATECAST_INFLUX_TOKEN" in agent.health()[1])
        with sending(mosquitto.port, SHORT, 0.2):
            pass
        wait_until(lambda: agent.number(Counter.MESSAGES) >= len(SHORT))
        assert agent.lines("everything is kept") == 1
        agent.stop()
        monkeypatch.setenv("GATECAST_INFLUX_TOKEN", influx.token)
        agent.start()
        assert_complete(agent, url, SHORT, bundle, tmp_path)


def test_sigterm_is_obeyed_whenever_it_comes(tmp_path: Path) -> None:
    """During the imports, at start and while nothing happens; before there is a handler the system ends it."""
    moments = np.random.default_rng(7)
    config = configure(tmp_path, f"mqtt://127.0.0.1:{free_port()}", f"sqlite:///{tmp_path}/store.db")
    for quarter in range(4):
        with AgentProcess(config, tmp_path / "agent.log", 1) as agent:
            time.sleep(moments.uniform(quarter, quarter + 1) / 2)
            ended_well = agent.stop() == 0
            assert ended_well or agent.process.returncode == -signal.SIGTERM
        said = (tmp_path / "agent.log").read_text()
        assert not ended_well or said.endswith(" stopped\n")
    assert "Traceback" not in (tmp_path / "agent.log").read_text()


def test_a_broker_that_is_away_or_says_no_is_tried_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line and the reason on the page for each; the agent gets in as soon as the operator has seen to it."""
    broker = Mosquitto(tmp_path / "broker", password=("agent", "wanted"))
    url = broker.url
    accounts = tmp_path / "broker" / "passwd"
    others = accounts.read_bytes()
    config = configure(tmp_path, url, f"sqlite:///{tmp_path}/store.db")
    monkeypatch.setenv("GATECAST_MQTT_PASSWORD", "given")
    with running(config, ready=False) as agent:
        wait_until(lambda: "cannot reach the broker" in agent.health()[1])
        assert agent.health()[0] == 503
        broker.start()
        wait_until(lambda: "refuses us" in agent.health()[1])
        assert (agent.health()[0], "GATECAST_MQTT_PASSWORD" in agent.health()[1]) == (503, True)
        subprocess.run([requires("mosquitto_passwd"), "-b", str(accounts), "agent", "given"], check=True, capture_output=True)
        assert accounts.read_bytes() != others
        os.kill(broker.pid, signal.SIGHUP)
        wait_until(lambda: agent.health()[0] == 200)
        assert agent.lines("trying again") == 1
        agent.stop()
    broker.stop()


def test_a_swap_under_load_loses_nothing(tmp_path: Path, mosquitto: Mosquitto) -> None:
    """Three releases and a rollback while readings pour in leave the store as if there had been none."""
    url, bundles = f"sqlite:///{tmp_path}/store.db", [baseline_bundle(second=second) for second in range(4)]
    registry = Registry(tmp_path / "registry")
    config = configure(tmp_path, mosquitto.url, url, release(registry.path, bundles[0]), poll="50ms")
    with running(config) as agent:
        with sending(mosquitto.port, SHORT, 2.5):
            for number, bundle in enumerate(bundles[1:], 2):
                time.sleep(0.4)
                release(registry.path, bundle)
                wait_until(lambda number=number: agent.number(Counter.SWAPS) == number)  # type: ignore[misc]
            registry.rollback()
            wait_until(lambda: agent.number(Counter.SWAPS) == 5)
        assert_complete(agent, url, SHORT, bundles[0], tmp_path)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of eight megabytes."""
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(small)], capture_output=True, check=False
    ).returncode:
        pytest.skip("no right to mount a tmpfs: run as root")
    yield small
    subprocess.run(["umount", str(small)], check=True)


def fill(disk: Path) -> None:
    """Leave no room on it."""
    with contextlib.suppress(OSError), (disk / "ballast").open("wb", buffering=0) as ballast:
        while True:
            ballast.write(bytes(4096))


def test_a_full_disk_loses_nothing(tmp_path: Path, disk: Path, mosquitto: Mosquitto) -> None:
    """Nothing is acknowledged while the disk is full; when there is room again everything arrives, once."""
    url, bundle = f"sqlite:///{tmp_path}/store.db", baseline_bundle()
    config = configure(tmp_path, mosquitto.url, url, release(tmp_path / "registry", bundle), state=str(disk / "state"))
    with running(config) as agent:
        with sending(mosquitto.port, SHORT[:2000], 0.4):
            pass
        fill(disk)
        with sending(mosquitto.port, SHORT[2000:], 0.4):
            wait_until(lambda: "cannot commit" in agent.health()[1])
            taken = agent.number(Counter.MESSAGES)
        time.sleep(1.5)
        assert (agent.health()[0], agent.number(Counter.MESSAGES)) == (503, taken)
        (disk / "ballast").unlink()
        assert_complete(agent, url, SHORT, bundle, tmp_path)
        assert agent.health()[0] == 200
        assert agent.lines("cannot commit") == 1


def test_a_start_on_a_full_disk_is_one_line_and_exit_code_1(tmp_path: Path, disk: Path, mosquitto: Mosquitto) -> None:
    """In a new folder, and in one that is known; with room it starts."""
    url = f"sqlite:///{tmp_path}/store.db"
    config = configure(
        tmp_path, mosquitto.url, url, release(tmp_path / "registry", baseline_bundle()), state=str(disk / "state")
    )

    def refusal() -> str:
        """What it ends with while the disk is full."""
        fill(disk)
        ended = subprocess.run([sys.executable, *PROGRAM, "run", "--config", str(config)], capture_output=True, check=False)
        assert ended.returncode == 1
        (disk / "ballast").unlink()
        return ended.stderr.decode()

    (disk / "state").mkdir()
    for _ in range(2):
        line = refusal()
        assert line.startswith(f"gatecast-agent: disk full: the agent cannot keep its state in {disk}/state; make room")
        assert line.count("\n") == 1
        with running(config) as agent:
            agent.stop()


def test_ten_thousand_series_fit_in_a_hundred_megabytes(tmp_path: Path, mosquitto: Mosquitto) -> None:
    """Window 96, horizon 24, every interval of every series closing at once, twice: resident memory when all is written.

    While it closes and writes them it takes a tenth more.
    """
    contract = Contract(900 * SECOND, 96, 24)
    channel = release(tmp_path / "registry", baseline_bundle(contract))
    with running(configure(tmp_path, mosquitto.url, f"sqlite:///{tmp_path}/store.db", channel, max_series=12_000)) as agent:
        client = publisher(mosquitto.port)
        for interval in range(3):
            moment = START + interval * contract.interval
            for first in range(0, 10_000, 2_000):  # what a busy machine lets wait is no matter of the series
                numbers = range(first, first + 2_000)
                publish(client, [(f"d{number}.t", moment, float(number % 50 + interval)) for number in numbers])
                count = 10_000 * interval + first + 2_000
                wait_until(lambda count=count: agent.number(Counter.MESSAGES) == count)  # type: ignore[misc]
            wait_until(lambda: agent.number(Gauge.BACKLOG_BYTES) == 0)
            assert agent.memory("VmRSS") < 100
            assert agent.memory("VmHWM") < 110
        hang_up(client)
        forecasts = agent.number(Counter.FORECASTS) + agent.number(Counter.FALLBACK_FORECASTS)
        assert forecasts == 20_000


def test_a_store_that_another_process_holds_does_not_keep_the_agent(tmp_path: Path, mosquitto: Mosquitto) -> None:
    """A write waits for half a minute there; SIGTERM is obeyed before that, with exit code 0, and nothing is lost."""
    url, bundle, half = f"sqlite:///{tmp_path}/store.db", baseline_bundle(), len(SHORT) // 2
    config = configure(tmp_path, mosquitto.url, url, release(tmp_path / "registry", bundle))
    client, store = publisher(mosquitto.port), open_store(url)
    with running(config) as agent, contextlib.closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as other:
        publish(client, SHORT[:half])
        wait_for_all(agent, store, SHORT[:half])
        other.execute("BEGIN IMMEDIATE")
        publish(client, SHORT[half:])
        wait_until(lambda: agent.number(Gauge.BACKLOG_BYTES) > 0)
        agent.stop()
        other.execute("ROLLBACK")
        agent.start()
        assert_complete(agent, url, SHORT, bundle, tmp_path)
    hang_up(client)
    store.close()

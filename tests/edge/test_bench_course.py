"""One run of the measured agent, in this process."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec

from edge.bench.course import Course, Job
from edge.bench.device import put_live
from edge.bench.feed import TOPIC, Feed, Stream
from edge.bench.stages import Stage
from edge.config.sections import Agent, Config, Mqtt, StoreSection
from edge.contract.contract import Contract
from edge.contract.times import SECOND
from edge.messages.rule import IngestRule
from edge.stores.sqlite import SqliteStore
from tests.support.agent_process import baseline_bundle

MINUTE = 60 * SECOND
START = 1_767_225_600 * SECOND


def job(folder: Path, port: int, readings: int) -> Job:
    """A job for ten sensors that report twice a minute."""
    put_live(baseline_bundle(Contract(MINUTE, 12, 3)), folder / "state")
    agent = Agent(state=str(folder / "state"), clock="event", batch=20, health="off", report="1h")
    config = Config(
        Mqtt(f"mqtt://127.0.0.1:{port}"), (IngestRule(TOPIC),), StoreSection(f"sqlite:///{folder / 'store.db'}"), agent=agent
    )
    return Job(config, readings, 20, 10, START, MINUTE, stored=True)


def test_every_reading_is_measured_and_in_the_store(tmp_path: Path) -> None:
    """The windows are full from the beginning, so every closing is forecast; the stages have what they took."""
    with Feed(Stream(10, 0, 100, START, MINUTE // 2)) as feed:
        outcome = Course(job(tmp_path, feed.port, 100)).run()
    assert 0 < outcome.readings <= 80
    assert sum(outcome.forecasts) == 50  # the last minute of the history, and four of five
    assert outcome.cpu.keys() == {stage.name.lower() for stage in Stage}
    assert all(outcome.cpu[name] > 0 for name in ("receive", "intake", "engine", "encode", "commit", "send"))
    assert outcome.waits is not None
    assert outcome.visible is not None
    assert 0 < outcome.waits[0] <= outcome.waits[1]
    assert outcome.waits[0] <= outcome.visible[0]
    assert 0 < outcome.seconds <= outcome.stored
    assert outcome.first_forecast > 0
    store = SqliteStore(tmp_path / "store.db")
    assert sum(store.count_readings(START, START + 10 * MINUTE).values()) == 100
    store.close()


def test_a_run_ends_with_who_asked_for_it(tmp_path: Path) -> None:
    """Where nobody holds its standard input any more it ends, though its readings never come."""
    with Feed(Stream(10, 0, 1, START, MINUTE // 2)) as feed:
        process = subprocess.Popen([sys.executable, "-m", "edge.bench.course"], stdin=subprocess.PIPE, env=dict(os.environ))
        assert process.stdin is not None
        process.stdin.write(msgspec.json.encode(job(tmp_path, feed.port, 100)) + b"\n")
        process.stdin.close()
        assert process.wait() == 1

"""The agent's loop with a scripted subscriber: what it does between two batches, at start, and when something fails."""

import http.server
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from edge import agent as agent_module
from edge.agent import Agent
from edge.baselines import Baseline
from edge.config import read_config
from edge.contract import SECOND, Contract, Float32, Int32, Points, SeriesTable
from edge.errors import BundleError, StoreBusy
from edge.mqtt import Message
from edge.release import Candidate
from edge.sqlite import SqliteStore
from tests.agent_process import (
    CONTRACT,
    START,
    assert_same,
    baseline_bundle,
    configure,
    contents,
    readings_of,
    release,
    stream,
    uninterrupted,
)
from tests.servers import wait_until

MINUTE = 60 * SECOND
Step = Sequence[Message] | Callable[[], object]


class Script:
    """A subscriber that hands out what a test wrote down, one step per batch, then stops the agent.

    Args:
        steps: messages, or something to do while the loop waits for some.
    """

    def __init__(self, steps: Sequence[Step] = ()) -> None:
        self.steps = list(steps)
        self.problem: str | None = None
        self.session, self.waiting = 1, 0
        self.acknowledged: list[Message] = []
        self.agent: Agent | None = None

    def start(self) -> None:
        """Nothing to connect to."""

    def take(self, most: int, timeout: float, linger: float = 0.0) -> Sequence[Message]:
        """The next step."""
        del most, timeout, linger
        assert self.agent is not None
        if not self.steps:
            self.agent.stop()
            return []
        step = self.steps.pop(0)
        if callable(step):
            step()
            return []
        return step

    def acknowledge(self, messages: Sequence[Message]) -> None:
        """Remember."""
        self.acknowledged += messages

    def stop(self) -> None:
        """Nothing to disconnect from."""


class Bench:
    """One device's folders, store and clock; agents come and go.

    Args:
        folder: for everything.
        options: keys of `[agent]`, and `poll` of `[release]`.
    """

    def __init__(self, folder: Path, **options: object) -> None:
        self.folder = folder
        self.registry = folder / "registry"
        channel = options.pop("channel", self.registry / "channels" / "live.json")
        store = f"sqlite:///{folder}/store.db"
        self.config = read_config(configure(folder, "mqtt://127.0.0.1:1", store, str(channel), **{"health": "off"} | options))
        self.log: list[str] = []
        self.now = START

    def agent(self, steps: Sequence[Step] = ()) -> Agent:
        """An agent that will go through the steps."""
        script = Script(steps)
        store = SqliteStore(self.folder / "store.db")
        script.agent = Agent(self.config, store, script, log=self.log.append, clock=lambda: self.now)  # type: ignore[arg-type]
        return script.agent

    def run(self, *steps: Step) -> Agent:
        """Run an agent through the steps to its end."""
        agent = self.agent(steps)
        agent.run()
        return agent

    def stored(self) -> dict[str, dict[tuple[str, int, int], tuple[float, ...]]]:
        """What the store holds."""
        store = SqliteStore(self.folder / "store.db")
        found = contents(store)
        store.close()
        return found

    def drain(self) -> Agent:
        """Let an agent that hears nothing send all that waits."""
        agent = self.agent()
        script = agent._subscriber
        assert isinstance(script, Script)
        script.steps = [lambda: wait_until(lambda: agent._spool.backlog == 0 or agent._sender.has_news)] * 3
        agent.run()
        return agent

    def lines(self, text: str) -> int:
        """How many lines of the log contain the text."""
        return sum(text in line for line in self.log)


def message(name: str, moment: int, value: float) -> Message:
    """A reading as it comes from the broker."""
    payload = f'{{"time": {moment}, "value": {value!r}}}'.encode()
    return Message("sensors/" + name.replace(".", "/"), payload, moment, False, 1, 1, 1)  # noqa: FBT003


def messages(rows: Sequence[tuple[str, int, float]], size: int = 200) -> list[list[Message]]:
    """Rows as batches of messages."""
    found = [message(*row) for row in rows]
    return [found[start : start + size] for start in range(0, len(found), size)]


class Failing(Baseline):
    """A forecaster that fails from its second call on."""

    def predict(self, windows: Float32, series: Int32) -> Float32:
        """As the baseline at first; then NaN, or an error where the name says so."""
        raise BundleError("the model fails at batch 1: out of memory") if "raises" in self.name else BundleError("never")


def test_every_message_twice_changes_nothing(tmp_path: Path) -> None:
    """A stream in which each batch comes again leaves the store as one that came once."""
    bench, bundle, rows = Bench(tmp_path), baseline_bundle(), stream(5, 200)
    release(bench.registry, bundle)
    bench.run(*[batch for batch in messages(rows) for _ in range(2)])
    bench.drain()
    assert_same(bench.stored(), uninterrupted(rows, bundle, tmp_path))


def test_stopping_and_starting_changes_nothing(tmp_path: Path) -> None:
    """After every batch another agent goes on, from snapshot and journal, and everything acknowledged is in the store."""
    bench, bundle, rows = Bench(tmp_path), baseline_bundle(), stream(5, 200)
    release(bench.registry, bundle)
    for batch in messages(rows, 100):
        agent = bench.run(batch)
        assert isinstance(agent._subscriber, Script)
        assert agent._subscriber.acknowledged == batch
    bench.drain()
    assert_same(bench.stored(), uninterrupted(rows, bundle, tmp_path))
    assert bench.lines("5 series known") > 5


def test_a_late_reading_repairs_the_window(tmp_path: Path) -> None:
    """A reading that comes after its interval closed is in the store and in the next forecast's window."""
    bench = Bench(tmp_path)
    release(bench.registry, baseline_bundle())
    rows = [("a.t", START, 1.0), ("a.t", START + 2 * MINUTE, 3.0)]
    agent = bench.run(messages(rows)[0], [message("a.t", START + MINUTE, 2.0)], [message("a.t", START + 3 * MINUTE, 4.0)])
    assert agent.health.totals()["late"] == 1
    assert agent._engine is not None
    assert agent._engine.state.advance(START + 4 * MINUTE).windows[0, -4:].tolist() == [1.0, 2.0, 3.0, 4.0]


def test_the_clock_closes_only_after_the_queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a reconnection the silent series waits until what the broker kept has come; then the clock closes it."""
    monkeypatch.setattr(agent_module, "SETTLED", 0.2)
    bench = Bench(tmp_path, clock="wall")
    release(bench.registry, baseline_bundle())
    bench.now = START + 600 * MINUTE
    queued = [[message("a.t", START + number * MINUTE, 1.0)] for number in range(30)]
    origins: list[int] = []

    def look() -> None:
        assert agent._engine is not None
        origins.append(int(agent._engine.state._frontier[0]) * MINUTE)

    agent = bench.agent([*queued[:15], look, *queued[15:], look])
    script = agent._subscriber
    assert isinstance(script, Script)
    script.steps[15:15] = [lambda: time.sleep(0.3)]  # long after connecting, and yet no silence in the stream below
    script.steps = [step for step in script.steps if not callable(step)][:15] + [look, lambda: time.sleep(0.3)]
    script.steps += [*queued[15:], look]

    def reconnect() -> None:
        script.session += 1

    script.steps.insert(17, reconnect)
    agent.run()
    assert origins[0] == START + 14 * MINUTE
    assert agent.health.totals().get("late", 0) >= 0


def test_event_time_never_asks_the_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With `clock = "event"` nothing closes without a later reading, however long it takes."""
    monkeypatch.setattr(agent_module, "SETTLED", 0.0)
    bench = Bench(tmp_path, clock="event")
    release(bench.registry, baseline_bundle())
    bench.now = START + 600 * MINUTE
    agent = bench.run([message("a.t", START, 1.0)], *[lambda: None] * 5)
    assert agent._engine is not None
    assert agent._engine.state._frontier[0] * MINUTE == START

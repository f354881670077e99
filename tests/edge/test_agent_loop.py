"""The agent's loop with a scripted subscriber: what it does between two batches, at start, and when something fails."""

import sqlite3
import threading
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from edge.agent.counters import Counter, Gauge
from edge.agent.journal import Waits
from edge.agent.loop import Agent
from edge.clock.closing import SETTLED
from edge.contract.columns import Points, SeriesTable
from edge.contract.contract import Contract
from edge.contract.times import SECOND
from edge.errors import StoreBusy
from edge.messages.message import Message
from edge.stores.sqlite import SqliteStore
from edge.stores.store import Store
from tests.support.agent_process import (
    START,
    assert_same,
    baseline_bundle,
    readings_of,
    release,
    stream,
    uninterrupted,
)
from tests.support.scripted_agent import (
    MINUTE,
    Bench,
    Step,
    closed_until,
    engine_of,
    message,
    messages,
    script_of,
    spool_of,
    window,
)


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
        assert script_of(agent).acknowledged == batch
    bench.drain()
    assert_same(bench.stored(), uninterrupted(rows, bundle, tmp_path))
    assert bench.lines("5 series known") > 5


def test_a_late_reading_repairs_the_window(tmp_path: Path) -> None:
    """A reading that comes after its interval closed is in the store and in the next forecast's window."""
    bench = Bench(tmp_path)
    release(bench.registry, baseline_bundle())
    rows = [("a.t", START, 1.0), ("a.t", START + 2 * MINUTE, 3.0)]
    agent = bench.run(messages(rows)[0], [message("a.t", START + MINUTE, 2.0)], [message("a.t", START + 3 * MINUTE, 4.0)])
    assert agent.parts.counters.total(Counter.LATE) == 1
    assert engine_of(agent).state.advance(START + 4 * MINUTE).windows[0, -4:].tolist() == [1.0, 2.0, 3.0, 4.0]


def test_a_sensor_whose_readings_are_all_too_late_is_named(tmp_path: Path) -> None:
    """By health, once by the log, and on its topic; they are stored, and the other sensor is left alone."""
    bench = Bench(tmp_path)
    release(bench.registry, baseline_bundle())
    old = [message("b.t", START - (1000 - step) * MINUTE, 5.0) for step in range(4)]
    agent = bench.run([message("a.t", START, 1.0), message("b.t", START, 2.0)], *[[each] for each in old])
    status, page = agent.parts.health.health()
    assert (status, page["status"]) == (200, "degraded")
    assert page["reason"].startswith("1 of 2 series send only what is too late, series 'b.t' sent a reading of")
    assert bench.lines("too_late: series 'b.t' sent a reading of") == 1
    assert [(record["readings"], record["too_late"]) for record in agent.parts.health.topics()] == [(1, 0), (5, 4)]
    bench.drain()
    assert len(bench.stored()["reading"]) == 6


def test_the_clock_closes_only_after_the_queue(tmp_path: Path) -> None:
    """However long the broker takes to hand out what it kept, no interval of it closes by the clock before."""
    bench, found = Bench(tmp_path, Waits(steady=0.0), clock="wall"), []
    release(bench.registry, baseline_bundle())
    passed = [0.0]
    bench.moment = lambda: passed[0]

    def slow(minute: int) -> Step:
        def step() -> list[Message]:
            passed[0] += SETTLED * 0.6
            return [message("a.t", START + minute * MINUTE, 1.0)]

        return step

    def look() -> None:
        found.append(closed_until(agent, "a.t"))

    def reconnect() -> list[Message]:
        bench.now += 300 * MINUTE
        script.session += 1
        return [message("a.t", START + 700 * MINUTE, 1.0)]

    def note(minute: int) -> Step:
        def step() -> list[Message]:
            look()
            return [message("a.t", START + minute * MINUTE, 1.0)]

        return step

    queue = [*(slow(minute) for minute in range(10)), note(10)]
    again = [reconnect, *(slow(minute) for minute in range(701, 710)), note(710)]
    agent = bench.agent([*queue, lambda: None, lambda: None, look, *again, lambda: None, lambda: None, look])
    script = script_of(agent)
    agent.run()
    assert found == [9, 600, 709, 900]
    assert agent.parts.counters.total(Counter.LATE) == 0


def test_a_broker_that_waits_for_an_acknowledgement_has_more(tmp_path: Path) -> None:
    """It hands out one message at a time, and readings wait to be committed: the clock closes after the last one."""
    bench = Bench(tmp_path, Waits(steady=0.0), clock="wall", commit="2s")
    release(bench.registry, baseline_bundle())
    passed, queue = [0.0], [message("a.t", START + minute * MINUTE, 1.0) for minute in range(6)]
    bench.moment = lambda: passed[0]

    def broker() -> list[Message]:
        passed[0] += 0.3
        return queue[len(script.acknowledged) :][:1] if taken() == len(script.acknowledged) else []

    def taken() -> float:
        return agent.parts.counters.total(Counter.MESSAGES)

    agent = bench.agent([broker] * 40)
    script = script_of(agent)
    agent.run()
    assert script.acknowledged == queue
    assert agent.parts.counters.total(Counter.TOO_LATE) == agent.parts.counters.total(Counter.LATE) == 0
    assert closed_until(agent, "a.t") == 600


def test_a_busy_stream_needs_no_silence(tmp_path: Path) -> None:
    """Where readings are as young as they are made, the clock closes the silent series beside them."""
    bench, found = Bench(tmp_path, Waits(steady=0.0), clock="wall"), []
    release(bench.registry, baseline_bundle())
    passed = [0.0]
    bench.moment = lambda: passed[0]

    def busy(minute: int) -> Step:
        def step() -> list[Message]:
            passed[0] += SETTLED * 0.4
            bench.now = START + minute * MINUTE
            found.append(closed_until(agent, "silent.t") if minute > 1 else 0)
            rows = [("busy.t", bench.now, 1.0), *([("silent.t", bench.now, 1.0)] if minute == 1 else [])]
            return [message(*row) for row in rows]

        return step

    agent = bench.agent([busy(minute) for minute in range(1, 10)])
    agent.run()
    assert found[1] == 1
    assert found[-1] == 8


def test_event_time_never_asks_the_clock(tmp_path: Path) -> None:
    """With `clock = "event"` nothing closes without a later reading, however long it takes."""
    bench = Bench(tmp_path, Waits(settled=0.0), clock="event")
    release(bench.registry, baseline_bundle())
    agent = bench.run([message("a.t", START, 1.0)], *[lambda: None] * 5)
    assert closed_until(agent, "a.t") == 0


def fill_store(bench: Bench, rows: Sequence[tuple[str, int, float]]) -> None:
    """Readings that the store holds from before."""
    store, series = SqliteStore(bench.folder / "store.db"), SeriesTable()
    readings = readings_of(rows, series)
    store.write(store.encode([Points.of_readings(readings)], series))
    store.close()


def test_a_first_start_fills_the_windows_from_the_store(tmp_path: Path) -> None:
    """The newest readings of the store, with the tags of their topics, for no more series than allowed; and for good."""
    bench = Bench(tmp_path, max_series=3)
    release(bench.registry, baseline_bundle())
    fill_store(bench, [(f"d{number}.t", START + at * MINUTE, float(at)) for at in range(100) for number in range(5)])
    agent = bench.run()
    assert len(agent.parts.series) == 3
    assert agent.parts.series.tags[0] == {"device": agent.parts.series.names[0].split(".")[0], "metric": "t"}
    (tmp_path / "store.db").unlink()
    assert window(bench.run(), agent.parts.series.names[0]) == [float(at) for at in range(76, 100)]


def test_a_long_start_gives_signs_of_life(tmp_path: Path) -> None:
    """One per batch in the journal, or a supervisor would end it and every start after it."""
    bench = Bench(tmp_path)
    release(bench.registry, baseline_bundle())
    fill_store(bench, [("a.t", START + at * MINUTE, float(at)) for at in range(600)])
    ticks = count(0.0, 10.0)
    bench.moment, bench.now = lambda: next(ticks), START + 700 * MINUTE
    bench.run(*messages([("a.t", START + at * MINUTE, 1.0) for at in range(600, 640)], 1))
    bench.told.clear()
    bench.run()
    assert len(bench.told) > 30


def test_history_is_asked_for_again_when_the_store_was_away(tmp_path: Path) -> None:
    """A store that comes up after the agent still fills the windows, and what came in between counts once."""
    bench, calls = Bench(tmp_path, Waits(history=0.0)), []
    release(bench.registry, baseline_bundle())
    fill_store(bench, [("a.t", START + at * MINUTE, float(at)) for at in range(100)])

    def open_late() -> Store:
        calls.append(1)
        if len(calls) < 3:
            raise StoreBusy("no answer")
        return SqliteStore(tmp_path / "store.db")

    bench.open_store = open_late
    agent = bench.run([message("a.t", START + 100 * MINUTE, 100.0)], lambda: None, lambda: None)
    assert (len(calls), bench.lines("windows stay empty")) == (3, 1)
    assert window(agent, "a.t") == [float(at) for at in range(77, 101)]
    assert window(bench.run(), "a.t") == [float(at) for at in range(77, 101)]


@pytest.mark.parametrize(("interval", "width"), [(60, 12), (60, 48), (120, 12)], ids=["shorter", "longer", "coarser"])
def test_a_bundle_with_another_contract_finds_full_windows(interval: int, width: int, tmp_path: Path) -> None:
    """On the same grid they are kept, on another one they come from the store; no reading is lost by the swap."""
    bench = Bench(tmp_path)
    release(bench.registry, baseline_bundle())
    rows = [("a.t", START + at * MINUTE, float(at)) for at in range(100)]
    first, second = messages(rows[:90]), messages(rows[90:])
    bench.run(*first)
    contract = Contract(interval * SECOND, width, 6)
    release(bench.registry, baseline_bundle(contract, second=1))
    agent = bench.run(*second)
    expected = [float(at) for at in range(100)] if interval == 60 else [at + 0.5 for at in range(0, 100, 2)]
    kept = min(width, 24 + len(rows[90:]))
    assert window(agent, "a.t")[-kept:] == expected[-kept:]
    bench.drain()
    assert len(bench.stored()["reading"]) == 100


def test_the_model_is_named_from_the_start(tmp_path: Path) -> None:
    """The health page knows what is live before the first report."""
    bench = Bench(tmp_path)
    release(bench.registry, baseline_bundle())
    found: list[object] = []
    agent = bench.agent([lambda: found.append(agent.parts.health.health())])
    agent.run()
    assert found == [(200, {"status": "ok", "model": "last_value"})]


def test_a_full_disk_holds_everything_up(tmp_path: Path) -> None:
    """Nothing is acknowledged before it is on disk; the page says why, and when there is room it goes on."""
    bench = Bench(tmp_path, Waits(disk=0.01))
    seen: list[tuple[list[Message], int]] = []
    release(bench.registry, baseline_bundle())
    agent = bench.agent([[message("a.t", START, 1.0)], lambda: None])
    script = script_of(agent)

    def full() -> None:
        if script.steps and len(seen) < 5:
            seen.append((list(script.acknowledged), agent.parts.health.health()[0]))
            raise sqlite3.OperationalError("database or disk is full")

    spool_of(agent).before_commit = full
    agent.run()
    assert len(script.acknowledged) == 1
    assert [acknowledged for acknowledged, _ in seen] == [[]] * 5
    assert [status for _, status in seen][1:] == [503] * 4
    assert bench.lines("cannot commit (database or disk is full)") == 1


def test_stopping_on_a_full_disk_acknowledges_nothing(tmp_path: Path) -> None:
    """SIGTERM ends an agent that cannot commit; the broker keeps the messages."""
    bench = Bench(tmp_path)
    agent = bench.agent([lambda: None, [message("a.t", START, 1.0)]])

    def full() -> None:
        threading.Timer(0.1, agent.stop).start()
        raise sqlite3.OperationalError("database or disk is full")

    spool_of(agent).before_commit = full
    agent.run()
    assert script_of(agent).acknowledged == []


def test_the_broker_is_spoken_of_once(tmp_path: Path) -> None:
    """Trouble that comes and goes is one line each way, with the reason."""
    bench = Bench(tmp_path)
    agent = bench.agent()
    script = script_of(agent)

    def say(problem: str | None) -> Callable[[], None]:
        return lambda: setattr(script, "problem", problem)

    script.steps = [say("refused"), say(None), say("refused"), say(None), say("refused")]
    agent.run()
    assert bench.lines("broker: refused; trying again") == 1
    assert bench.lines("connected: subscribed to '#' at a broker") == 1


def test_a_million_topics_are_not_remembered(tmp_path: Path) -> None:
    """Half as many as there are slots are stored, a tenth of the slots is left; the others cost a counter each, no memory."""
    bench = Bench(tmp_path, max_series=100)
    batch = [message(f"d{number}.t", START, 1.0) for number in range(3000)]
    agent = bench.run(*[[message(f"d{start}x{number}.t", START, 1.0) for number in range(100)] for start in range(20)], batch)
    assert len(agent.parts.series) == 91
    count = agent.parts.counters.total
    assert (count(Counter.SKIPPED_TOO_MANY_SERIES), count(Counter.STORED_ONLY), count(Counter.READINGS)) == (4859, 50, 141)
    assert (bench.lines("too_many_series"), bench.lines("is stored without a forecast")) == (1, 0)
    status, health = agent.parts.health.health()
    assert status == 200
    assert "max_series = 100 gives no room" in health["reason"]
    assert np.isfinite(agent.parts.counters.gauge(Gauge.BACKLOG_BYTES))


@pytest.mark.parametrize("bundle", [True, False], ids=["with a bundle", "without one"])
def test_a_sensor_without_a_slot_is_stored_whatever_dies(*, bundle: bool, tmp_path: Path) -> None:
    """Invented names have all slots: its readings are there once each, after an end before the commit and before the answer."""
    bench = Bench(tmp_path, max_series=10)
    if bundle:
        release(bench.registry, baseline_bundle())
    made_up = [message(f"x{number}.t", START + number, 1.0) for number in range(200)]
    real = [message("REAL.t", START + at * MINUTE, float(at)) for at in range(40)]

    bench.run(made_up, real[:1])  # with this one it is known, and refused
    for part in (real[1:20], real[20:]):
        agent = bench.agent([part])

        def full(ending: Agent = agent) -> None:
            ending.stop()
            raise sqlite3.OperationalError("database or disk is full")

        spool_of(agent).before_commit = full
        agent.run()
        assert script_of(agent).acknowledged == []
        bench.run(real[:1], part)
        bench.run(part)
    bench.drain()
    stored = bench.stored()
    assert {key: value for key, value in stored["reading"].items() if key[0] == "REAL.t"} == {
        ("REAL.t", START + at * MINUTE, 0): (float(at),) for at in range(40)
    }
    assert len(stored["reading"]) == 10 + 5 + 40
    assert not any(key[0] == "REAL.t" for key in stored["forecast"])


def test_a_sensor_amid_made_up_names_has_a_slot_from_its_second_reading_on(tmp_path: Path) -> None:
    """The last slots are for series that come again."""
    bench = Bench(tmp_path, max_series=20)
    release(bench.registry, baseline_bundle())
    bench.now = START + 101 * MINUTE
    made_up = [message(f"x{number}.t", START + number, 1.0) for number in range(40)]
    real = [message("REAL.t", START + (60 + at) * MINUTE, float(at)) for at in range(40)]
    agent = bench.run(made_up, real[:1], real[1:])
    assert agent.parts.series.names == [*(f"x{number}.t" for number in range(19)), "REAL.t"]
    again = bench.drain()
    assert again.parts.series.names == agent.parts.series.names
    assert window(again, "REAL.t") == [float(at) for at in range(16, 40)]

"""Readings that came while windows were filled: acknowledged, stored, in the windows, and still there after a restart."""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from edge.agent.counters import Counter, Gauge
from edge.agent.journal import Limits, Waits
from edge.agent.loop import Agent
from edge.agent.priming import Around, Primer
from edge.contract.columns import Readings, SeriesTable
from edge.contract.times import SECOND
from edge.errors import StoreBusy, StoreDenied
from edge.forecaster.baselines import seasonal_naive
from edge.log import Grumbler
from edge.messages.message import Message
from edge.messages.reading import Naming
from edge.series.engine import Engine
from edge.series.recent import REMEMBERED
from edge.sources.notes import Notes
from edge.sources.settings import HistorySource
from edge.stores.sqlite import SqliteStore
from edge.stores.store import Store
from tests.edge.test_agent_priming import CONTRACT, MINUTE, START, go_on_until, without_a_state
from tests.support.agent_process import START as FIRST
from tests.support.agent_process import assert_same, baseline_bundle, release, uninterrupted
from tests.support.filling import origins_of
from tests.support.memory_store import Memory
from tests.support.scripted_agent import (
    Bench,
    Step,
    die_before_the_next_commit,
    engine_of,
    message,
    script_of,
    spool_of,
    window,
)
from tests.support.servers import HANGS_AFTER, wait_until


def held_back(bench: Bench, late: Sequence[Step]) -> Agent:
    """An agent without a state. Its store gives half of its six readings before the first of some steps, and the rest after it.

    Args:
        bench: device on which a bundle goes live.
        late: the steps.
    """
    release(bench.registry, baseline_bundle())
    agent, store, half = without_a_state(bench)

    def filled() -> None:
        store.may_answer.release(100)
        go_on_until(agent, lambda: not agent.parts.primer.busy)

    script_of(agent).steps = [lambda: None, half, late[0], filled, *late[1:]]
    return agent


class Beside:
    """A source in another database that has readings of a series, all within 20 minutes."""

    settings = HistorySource("sqlite:///beside")

    def __init__(self, name: str, count: int) -> None:
        self.notes, self.name = Notes(), name
        self.times = FIRST + np.arange(count) * (20 * MINUTE // count)

    def span(self) -> tuple[int, int] | None:
        """As `Source.span`."""
        return FIRST, int(self.times[-1])

    def readings(self, start: int, stop: int, series: SeriesTable) -> Iterator[Readings]:
        """As `Source.readings`."""
        times = self.times[(start <= self.times) & (self.times < stop)]
        yield Readings(np.full(len(times), series.add(self.name), np.int32), times, (times - FIRST) / MINUTE)

    def close(self) -> None:
        """As `Source.close`."""


@pytest.mark.parametrize("turns", range(5))
def test_a_restart_misses_no_reading_that_waited_for_history(turns: int, tmp_path: Path) -> None:
    """Wherever it comes: the readings are acknowledged before they count, a few in each turn of the loop."""
    bench = Bench(tmp_path, batch=3)
    late = [message("a.t", FIRST + number * MINUTE, float(number)) for number in range(6, 20)]
    agent = held_back(bench, [late, *[lambda: None] * turns])
    agent.run()
    assert len(script_of(agent).acknowledged) == len(late)
    bench.open_store = lambda: SqliteStore(tmp_path / "store.db")
    bench.drain()
    again = bench.run([message("a.t", FIRST + 20 * MINUTE, 20.0)])
    assert window(again, "a.t")[-21:] == [float(number) for number in range(21)]


def test_no_snapshot_is_made_while_readings_wait(tmp_path: Path) -> None:
    """It would have the history in it, which then could not go before them: more is known than is remembered."""
    bench = Bench(tmp_path, batch=3)
    bench.limits = Limits(snapshot_rows=1)
    late = [message("a.t", FIRST + number * MINUTE, float(number)) for number in range(6, 20)]
    ended = held_back(bench, [late])
    ended.run()
    assert ended.parts.counters.gauges()[Gauge.HELD_READINGS] == len(ended.parts.primer.waiting) > 0
    agent = bench.agent()
    assert sum(len(entry.readings) for entry in agent.parts.spool.journal() if not entry.waits) == 6
    agent.parts.spool.close()


class Doors:
    """A store whose history is given, or refused, when a test says so."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._opened, self._refuses = folder, threading.Event(), False
        self._before: list[threading.Event] = []
        self._threads = {*threading.enumerate()}

    def open(self) -> Store:
        """As `Outside.history`."""
        assert self._opened.wait(HANGS_AFTER)
        if self._refuses:
            raise StoreDenied("no")
        return SqliteStore(self._folder / "store.db")

    def close(self) -> None:
        """From now on nothing is given."""
        self._before.append(self._opened)
        self._opened = threading.Event()

    def let(self, *, refuse: bool) -> None:
        """Give what there is, or refuse it."""
        self._refuses = refuse
        self._opened.set()

    def end(self) -> None:
        """Let every thread go that was ever kept waiting, and wait for its end."""
        for opened in (*self._before, self._opened):
            opened.set()
        wait_until(lambda: not ({*threading.enumerate()} - self._threads))


@pytest.fixture
def doors(tmp_path: Path) -> Iterator[Doors]:
    """The store of the test's folder; no thread outlives the test."""
    doors = Doors(tmp_path)
    yield doors
    doors.end()


@pytest.mark.parametrize("seed", range(8))
def test_wherever_the_agent_ends_no_forecast_of_readings_that_waited_is_missing(
    seed: int, tmp_path: Path, doors: Doors
) -> None:
    """History is asked for again and again, given or refused; `kill -9` and SIGTERM; the store holds what an engine gives.

    What waited was acknowledged and in the store, and closed its intervals without a forecast after such a restart. Half of the
    readings correct the one before. Batches count in parts or at once.
    """
    random = np.random.default_rng(seed)
    rows = [(f"{name}.t", FIRST + step // 2 * 40 * SECOND, float(random.integers(99))) for step in range(90) for name in "ab"]
    bench = Bench(tmp_path, Waits(patience=HANGS_AFTER), batch=(4, 60)[seed % 2])
    bench.limits = Limits(forecast_rows=(3, 14_000)[seed // 2 % 2])
    release(bench.registry, bundle := baseline_bundle())
    bench.open_store = doors.open
    left = [message(*row) for row in rows]
    while left:
        doors.let(refuse=False)
        agent = bench.agent()
        primer, script = agent.parts.primer, script_of(agent)
        script.waits_for_windows = False

        def asks(agent: Agent = agent) -> None:
            doors.close()
            agent.parts.live.prime()

        def answers(agent: Agent = agent, primer: Primer = primer) -> None:
            doors.let(refuse=bool(random.random() < 0.3))
            go_on_until(agent, lambda: not primer.busy)

        def some() -> list[Message]:
            count = int(random.integers(1, 12))
            taken, left[:count] = left[:count], []
            return taken

        choices: list[Step] = [asks, answers, some, some, some, lambda: None]
        script.steps = [lambda: None, *(choices[number] for number in random.integers(0, len(choices), 12))]
        if random.random() < 0.5:
            die_before_the_next_commit(agent, [message("a.t", FIRST, 1.0)])
        else:
            agent.run()
        doors.let(refuse=False)
    bench.run(*[lambda: None] * len(rows))
    bench.drain()
    assert_same(bench.stored(), uninterrupted(rows, bundle, tmp_path))


@pytest.mark.parametrize("forecast_rows", [2, 14_000])
def test_what_has_counted_in_parts_does_not_wait_again(forecast_rows: int, tmp_path: Path, doors: Doors) -> None:
    """After a restart the reading before a correction would replace it."""
    bench = Bench(tmp_path, Waits(patience=HANGS_AFTER), batch=50)
    bench.limits = Limits(forecast_rows=forecast_rows)
    release(bench.registry, bundle := baseline_bundle())
    bench.open_store = doors.open
    doors.let(refuse=False)
    rows = [("a.t", FIRST + at * MINUTE, float(at)) for at in range(25)]
    rows.insert(21, ("a.t", FIRST + 20 * MINUTE, 999.0))
    bench.run([message(*row) for row in rows[:5]])
    agent = bench.agent()
    script_of(agent).waits_for_windows = False

    def asks() -> None:
        doors.close()
        agent.parts.live.prime()

    def answers() -> list[Message]:
        doors.let(refuse=True)
        go_on_until(agent, lambda: not agent.parts.primer.busy)
        return [message(*row) for row in rows[9:21]]

    script_of(agent).steps = [lambda: None, asks, [message(*row) for row in rows[5:9]], answers, [message(*rows[21])]]
    agent.run()
    doors.let(refuse=False)
    bench.run(*[lambda: None] * 5, [message(*row) for row in rows[22:]])
    bench.drain()
    assert_same(bench.stored(), uninterrupted(rows, bundle, tmp_path))


@pytest.mark.parametrize("damaged", [1, 2, 3])
def test_a_spool_that_is_damaged_while_a_batch_counts_in_parts_loses_nothing_that_waits(
    damaged: int, tmp_path: Path, doors: Doors
) -> None:
    """The new one has the parts that are still to come, at whatever commit it begins."""
    bench = Bench(tmp_path, Waits(patience=HANGS_AFTER), batch=10)
    bench.limits = Limits(forecast_rows=2)
    release(bench.registry, baseline_bundle())
    bench.open_store = doors.open
    doors.let(refuse=False)
    agent = bench.agent()
    script, primer, left = script_of(agent), agent.parts.primer, [damaged]
    script.waits_for_windows = False

    def asks() -> None:
        doors.close()
        agent.parts.live.prime()

    def strike() -> None:
        left[0] -= 1
        if not left[0]:
            raise sqlite3.DatabaseError("database disk image is malformed")

    def answers() -> None:
        doors.let(refuse=False)
        go_on_until(agent, lambda: not primer.busy)
        spool_of(agent).before_commit = strike

    script.steps = [lambda: None, asks, [message("a.t", FIRST + at * MINUTE, float(at)) for at in range(30)], answers]
    agent.run()
    assert left[0] < 0
    assert bench.lines("is damaged (database disk image is malformed)") == 1
    again = bench.agent()
    again.parts.live.restore()
    assert again.parts.primer.waiting.time.tolist() == [FIRST + at * MINUTE for at in range(20, 30)]  # two turns
    again.parts.spool.close()
    again.parts.store.close()


def test_history_that_lacks_is_read_however_many_readings_wait_at_a_start(tmp_path: Path, doors: Doors) -> None:
    """More than are remembered; they would have ended the filling with its first page, for good."""
    bench = Bench(tmp_path, Waits(patience=HANGS_AFTER))
    release(bench.registry, baseline_bundle())
    bench.open_store, bench.now = doors.open, FIRST + 33 * MINUTE
    doors.let(refuse=False)
    bench.run([message("a.t", FIRST + at * MINUTE, float(at)) for at in range(31)])
    bench.drain()
    agent = bench.agent()
    assert agent.parts.live.restore()
    engine = engine_of(agent)
    engine.restart()
    agent.parts.journal.filled = False
    times = FIRST + 31 * MINUTE + np.arange(REMEMBERED + 1)
    agent.parts.primer.take_back(Readings(np.zeros(len(times), np.int32), times, np.ones(len(times))))
    agent.parts.journal.snapshot(engine)
    agent.parts.spool.close()
    agent.parts.store.close()
    again = bench.run(*[lambda: None] * 60)
    assert window(again, "a.t")[-10:-1] == [float(at) for at in range(22, 31)]


@pytest.mark.parametrize("turns", [1, 5])
def test_what_waited_is_in_the_journal_where_nothing_closes(turns: int, tmp_path: Path) -> None:
    """Twenty readings of one interval that count in turns without a message; the store is away at the restart."""
    bench = Bench(tmp_path)
    late = [message("a.t", FIRST + 5 * MINUTE + number * SECOND, 100.0) for number in range(1, 21)]
    agent = held_back(bench, [late, *[lambda: None] * turns, [message("a.t", FIRST + 5 * MINUTE + 30 * SECOND, 9.0)]])
    agent.run()

    def away() -> Store:
        raise StoreBusy("away")

    bench.open_store = away
    again = bench.run()
    assert window(again, "a.t")[-6:] == window(agent, "a.t")[-6:] == [0.0, 1.0, 2.0, 3.0, 4.0, (5 + 20 * 100 + 9) / 22]


def test_what_waited_for_a_store_that_gives_nothing_is_in_the_journal(tmp_path: Path) -> None:
    """It counts in a turn without a message and closes nothing; the store is away at the restart, too."""
    bench = Bench(tmp_path)
    release(bench.registry, baseline_bundle())
    bench.run()
    may_end = threading.Event()

    def hanging() -> Store:
        assert may_end.wait(HANGS_AFTER)
        raise StoreBusy("away")

    bench.open_store, bench.waits = hanging, Waits(patience=0.5, phase=0.0)
    (tmp_path / "state" / "spool.db").unlink()
    agent = bench.agent()
    script, primer = script_of(agent), agent.parts.primer
    script.waits_for_windows = False
    some = [message("a.t", FIRST + number * SECOND, float(number)) for number in range(7)]
    script.steps = [agent.parts.live.prime, some, lambda: go_on_until(agent, lambda: not primer.holds), lambda: None]
    agent.run()
    may_end.set()
    assert window(bench.run(), "a.t")[-1] == window(agent, "a.t")[-1] == 3.0


def test_readings_that_wait_do_not_grow_in_number_once_they_count() -> None:
    """A turn lets twice as many count as have come in it, however many readings a message has."""
    now = [0.0]
    around = Around(moment=lambda: now[0], patience=1.0)
    engine = Engine(seasonal_naive(CONTRACT), (), SeriesTable(["a"]))
    primer = Primer(origins_of(Memory), Naming(engine.series, (), 10), Grumbler(lambda _: None), around)
    primer.begin(engine, START)
    some = Readings.of([0] * 40, range(40), [1.0] * 40)
    assert len(primer.pass_on(some, 5)) == 0
    now[0] = 2.0
    counted = []
    for count in (0, 20, 20, 0, 0):
        counted.append(len(primer.pass_on(some.take(slice(0, count)), 5)))
        primer.counted(counted[-1])
    assert counted == [5, 40, 35, 0, 0]
    primer.stop()


def test_what_another_database_has_too_is_written_to_the_store(tmp_path: Path) -> None:
    """Windows are filled from it before the same readings come live; they count once, and each is acknowledged and stored."""
    bench = Bench(tmp_path)
    bench.now = FIRST + 20 * MINUTE
    bench.sources = [lambda: Beside("a.t", 20)]
    release(bench.registry, baseline_bundle())
    agent = bench.run([message("a.t", FIRST + number * MINUTE, float(number)) for number in range(20)])
    assert agent.parts.counters.total(Counter.DUPLICATES) == 20
    assert window(agent, "a.t")[-20:] == [float(number) for number in range(20)]
    bench.drain()
    assert len(bench.stored()["reading"]) == 20

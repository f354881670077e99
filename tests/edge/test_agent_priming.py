"""Windows filled from the store while the agent goes on with its readings."""

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.agent.counters import Gauge
from edge.agent.journal import Waits
from edge.agent.loop import Agent
from edge.agent.priming import Around, Primer
from edge.backoff import Backoff
from edge.contract.columns import Points, Readings, SeriesTable
from edge.contract.contract import Contract
from edge.contract.schema import Measurement
from edge.contract.times import SECOND
from edge.errors import StoreBusy, StoreDenied, StoreError
from edge.forecaster.baselines import seasonal_naive
from edge.log import Grumbler
from edge.messages.reading import Naming
from edge.series.engine import Engine
from edge.sources.notes import Notes
from edge.sources.settings import HistorySource
from edge.stores.sqlite import SqliteStore
from edge.stores.store import Store
from tests.support.agent_process import START as FIRST
from tests.support.agent_process import baseline_bundle, release
from tests.support.filling import finish, origins_of
from tests.support.ingests import ingest
from tests.support.memory_store import Memory
from tests.support.scripted_agent import Bench, engine_of, message, script_of, window
from tests.support.servers import HANGS_AFTER, wait_until

MINUTE = 60 * SECOND
CONTRACT = Contract(interval=MINUTE, window=6, horizon=1, quantiles=(0.5,))
START = 1_767_225_600 * SECOND
Row = tuple[str, int, float]  # series, ns since START, value


class Archive(Memory):
    """A store that holds readings, and gives a page only when it may.

    Args:
        rows: what it holds.
    """

    def __init__(self, rows: Sequence[Row]) -> None:
        super().__init__()
        self.rows = sorted(rows, key=lambda row: row[1])
        self.may_answer = threading.Semaphore(0)

    def read(
        self, measurement: Measurement, fields: Sequence[str], start: int, stop: int, series: SeriesTable
    ) -> Iterator[Points]:
        """One page for every reading."""
        for name, moment, value in self.rows:
            if start <= START + moment < stop:
                assert self.may_answer.acquire(timeout=HANGS_AFTER)
                owners = np.asarray([series.add(name)], np.int32)
                yield Points(
                    measurement, owners, np.asarray([START + moment]), {field: np.asarray([value]) for field in fields}
                )

    def span(self) -> tuple[int, int] | None:
        """From the first to the last."""
        return (START + self.rows[0][1], START + self.rows[-1][1]) if self.rows else None


def readings_of(rows: Sequence[Row], series: SeriesTable) -> Readings:
    """Rows as columns."""
    return Readings.of([series.add(name) for name, _, _ in rows], [START + at for _, at, _ in rows], [row[2] for row in rows])


def windows_of(engine: Engine, moment: int) -> dict[str, str]:
    """The window of every series at a moment, ns since START, as text: there NaN is equal to NaN; without empty ones."""
    closed = engine.state.advance(START + moment)
    windows = zip(closed.series, closed.windows.round(9), strict=True)
    return {engine.series.names[owner]: str(values) for owner, values in windows if not np.isnan(values).all()}


def go_on_until(agent: Agent, is_so: Callable[[], bool]) -> None:
    """Let history go into the windows, as the loop does between two batches."""

    def step() -> bool:
        agent.parts.live.go_on()
        return is_so()

    wait_until(step)


rows_in_an_hour = st.lists(
    st.tuples(st.sampled_from("ab"), st.integers(0, 359).map(lambda step: step * 10 * SECOND), st.integers(1, 99).map(float)),
    min_size=1,
    max_size=40,
    unique_by=lambda row: row[:2],
)


@settings(max_examples=25, deadline=None)
@given(rows=rows_in_an_hour, cut=st.integers(0, 40), known=st.integers(0, 10), cuts=st.lists(st.integers(0, 6), max_size=12))
def test_history_counts_first_whatever_comes_while_it_is_read(rows: list[Row], cut: int, known: int, cuts: list[int]) -> None:
    """The windows are those of a device that had all of it in order; what the store has of the live readings counts once."""
    rows.sort(key=lambda row: row[1])
    history, live = rows[:cut], rows[cut:]
    expected = Engine(seasonal_naive(CONTRACT), (), SeriesTable())
    expected.step(readings_of(rows, expected.series))

    engine = Engine(seasonal_naive(CONTRACT), (), SeriesTable())
    naming = Naming(engine.series, (), 10)
    store = Archive([*history, *live[:known]])
    primer = Primer(origins_of(lambda: store), naming, Grumbler(lambda _: None), Around(patience=HANGS_AFTER))
    primer.begin(engine, START + 60 * MINUTE)

    def let_count(counting: Readings) -> None:
        engine.step(counting)
        primer.counted(len(counting))

    for count in cuts:
        part, live = live[:count], live[count:]
        store.may_answer.release(2)
        primer.go_on(engine)
        counting = primer.pass_on(readings_of(part, engine.series), 5)
        assert not (primer.fills and len(counting))
        if len(counting):
            let_count(counting)
    store.may_answer.release(len(rows))
    finish(primer, engine)
    while primer.waits:
        let_count(primer.pass_on(Readings.empty(), 5))
    engine.step(readings_of(live, engine.series))
    assert windows_of(engine, rows[-1][1] + MINUTE) == windows_of(expected, rows[-1][1] + MINUTE)


def test_a_store_that_accepts_and_never_answers_holds_nothing_up(tmp_path: Path) -> None:
    """Readings are stored, acknowledged, and after a short while forecast by what came live; history goes before them later."""
    bench = Bench(tmp_path, Waits(patience=0.0))
    release(bench.registry, baseline_bundle())
    bench.run(*([message("a.t", FIRST + number * MINUTE, float(number))] for number in range(6)))
    bench.drain()
    (tmp_path / "state" / "spool.db").unlink()
    may_answer, asked = threading.Event(), threading.Event()

    def hanging() -> Store:
        asked.set()
        assert may_answer.wait(HANGS_AFTER)
        return SqliteStore(tmp_path / "store.db")

    bench.open_store = hanging
    agent = bench.agent()
    script, told = script_of(agent), []
    script.waits_for_windows = False
    late = [message("a.t", FIRST + number * MINUTE, float(number)) for number in (6, 7, 8)]

    def look() -> None:
        told.append((len(script.acknowledged), agent.parts.health.health(), engine_of(agent).state.closed_until(0)))
        may_answer.set()

    def filled() -> None:
        go_on_until(agent, lambda: not agent.parts.primer.busy)

    script.steps = [
        lambda: agent.parts.watcher.looked.wait(HANGS_AFTER),
        lambda: asked.wait(HANGS_AFTER),
        *([one] for one in late),
        look,
        filled,
        [message("a.t", FIRST + 9 * MINUTE, 9.0)],
    ]
    agent.run()
    [(acknowledged, (status, document), closed)] = told
    assert (acknowledged, status, closed) == (3, 200, FIRST + 8 * MINUTE)
    assert "windows are being filled from the store's history" in document["reason"]
    assert window(agent, "a.t")[-10:] == [float(number) for number in range(10)]
    assert agent.parts.counters.gauges()[Gauge.HELD_READINGS] == 0


def test_the_end_of_the_agent_does_not_wait_for_a_store_that_hangs(tmp_path: Path) -> None:
    """Its readings are in the spool, and the next start fills the windows, which were not."""
    bench = Bench(tmp_path, Waits(patience=0.1))
    release(bench.registry, baseline_bundle())
    may_end, asked = threading.Event(), threading.Event()

    def hanging() -> Store:
        asked.set()
        may_end.wait(HANGS_AFTER)
        raise StoreBusy("no answer")

    bench.open_store = hanging
    agent = bench.agent(
        [lambda: None, lambda: asked.wait(HANGS_AFTER), [message("a.t", FIRST, 1.0)], [message("a.t", FIRST + MINUTE, 2.0)]]
    )
    script_of(agent).waits_for_windows = False
    agent.run()
    assert not may_end.is_set()
    may_end.set()
    assert len(script_of(agent).acknowledged) == 2
    bench.open_store = lambda: SqliteStore(tmp_path / "store.db")
    bench.drain()
    assert window(bench.run(), "a.t")[-2:] == [1.0, 2.0]
    assert bench.lines("windows filled with 2 readings") == 1


def without_a_state(bench: Bench) -> tuple[Agent, Archive, Callable[[], None]]:
    """An agent without a state, its store of six readings, and a step in which that gives half of them.

    Args:
        bench: device on which a bundle is released.
    """
    bench.run(*([message("a.t", FIRST + number * MINUTE, float(number))] for number in range(6)))
    bench.drain()
    (bench.folder / "state" / "spool.db").unlink()
    store = Archive([("a.t", number * MINUTE + FIRST - START, float(number)) for number in range(6)])
    bench.open_store, bench.waits = lambda: store, Waits(patience=0.1, phase=0.0)
    agent = bench.agent()
    script_of(agent).waits_for_windows = False

    def half() -> None:
        store.may_answer.release(3)
        go_on_until(agent, lambda: agent.parts.primer.fills)

    return agent, store, half


@pytest.mark.parametrize("same_grid", [True, False])
def test_a_bundle_that_goes_live_while_windows_are_filled_begins_anew(same_grid: bool, tmp_path: Path) -> None:
    """Half of the history is no window, and what came meanwhile counts once."""
    bench = Bench(tmp_path)
    channel = release(bench.registry, baseline_bundle())
    agent, store, half = without_a_state(bench)

    def swap() -> None:
        contract = CONTRACT if not same_grid else engine_of(agent).forecaster.contract
        release(bench.registry, baseline_bundle(contract, second=1))
        ready = agent.parts.releases.poll()
        assert ready is not None
        agent.parts.live.go_live(ready)
        store.may_answer.release(100)

    def filled() -> None:
        go_on_until(agent, lambda: not agent.parts.primer.busy)

    late = [message("a.t", FIRST + number * MINUTE, float(number)) for number in (6, 7)]
    script_of(agent).steps = [lambda: None, half, [late[0]], swap, [late[1]], filled]
    agent.run()
    assert channel.exists()
    assert window(agent, "a.t")[-6:] == [2.0, 3.0, 4.0, 5.0, 6.0, 7.0]


class Away:
    """A source that does not answer a number of times, and then has one series that comes live and one that does not."""

    settings = HistorySource("sqlite:///away")

    def __init__(self, times: int, error: type[StoreError] = StoreBusy) -> None:
        self.notes, self.times, self.error = Notes(), times, error
        self.notes.add("texts, left out", "'on'")

    def span(self) -> tuple[int, int] | None:
        """As `Source.span`."""
        self.times -= 1
        if self.times >= 0:
            raise self.error("it is away")
        return START, START + CONTRACT.interval * CONTRACT.window - 1

    def readings(self, start: int, stop: int, series: SeriesTable) -> Iterator[Readings]:
        """As `Source.readings`."""
        del stop
        yield Readings.of([series.add("cpu"), series.add("roof.t")], [start, start], [1.0, 2.0])

    def close(self) -> None:
        """As `Source.close`."""


@pytest.mark.parametrize(
    ("times", "error", "fills", "primed"),
    [(0, StoreBusy, 1, True), (2, StoreBusy, 3, True), (3, StoreBusy, 3, False), (1, StoreDenied, 1, False)],
)
def test_a_source_that_is_away_is_waited_for_a_little(
    times: int, error: type[StoreError], fills: int, primed: bool, tmp_path: Path
) -> None:
    """Then the windows are filled without it, and so they are at once where it will not answer later either."""
    log: list[str] = []
    now = [0.0]
    series = SeriesTable()
    rules = [ingest("{room}/{sensor}")]
    source = Away(times, error)
    origins = origins_of(lambda: SqliteStore(tmp_path / "none.db"), rules, [lambda: source])
    around = Around(moment=lambda: now[0])
    primer = Primer(origins, Naming(series, rules, 10), Grumbler(log.append, lambda: now[0]), around)
    engine = Engine(seasonal_naive(CONTRACT), (), series)
    for number in range(fills):
        assert primer.due == (number > 0)
        primer.begin(engine, START + CONTRACT.window * CONTRACT.interval)
        finish(primer, engine)
        now[0] += 100.0
    assert not primer.due
    assert series.names == (["roof.t"] if primed else [])
    assert ("[[history]] sqlite:///away: texts, left out: 1, such as 'on'" in log) == primed
    assert ("history 1: windows are filled without it: it is away" in log) != primed
    assert sum("windows stay empty" in line for line in log) == fills - 1


def test_a_store_that_gives_a_page_and_no_more_holds_readings_up_for_a_while_and_ever_more_rarely() -> None:
    """What it gave stays in the windows; while it hung, nothing was forecast for half of the time, for good."""
    now, lines, stores = [0.0], list[str](), list[Archive]()
    engine = Engine(seasonal_naive(CONTRACT), (), SeriesTable())

    def open_store() -> Archive:
        stores.append(Archive([("a", number * MINUTE, float(number)) for number in range(3)]))
        stores[-1].may_answer.release(1)
        return stores[-1]

    around = Around(moment=lambda: now[0], between=15.0)
    naming, again = Naming(engine.series, (), 10), Backoff(30.0, 30.0, lambda: 1.0)
    primer = Primer(origins_of(open_store), naming, Grumbler(lines.append), around, again)
    for pause in (60.0, 120.0, 240.0):
        primer.begin(engine, START + 60 * MINUTE)
        wait_until(lambda: primer.go_on(engine) or primer.fills)
        now[0] += 14.9
        assert (primer.go_on(engine), primer.holds) == (False, True)
        now[0] += 0.2
        assert (primer.go_on(engine), primer.holds, primer.complete) == (True, False, False)
        assert not np.isnan(engine.state.advance(START + MINUTE).windows).all() or pause > 60.0
        now[0] += pause - 0.2
        assert not primer.due
        now[0] += 0.3
        assert primer.due
    assert "it gave 1 reading, and no more for 15 s" in lines[0]
    for store in stores:
        store.may_answer.release(3)


def test_a_history_that_names_series_without_end_is_left() -> None:
    """The windows go on with what was read; the names alone took a gigabyte within a minute."""
    lines, engine = list[str](), Engine(seasonal_naive(CONTRACT), (), SeriesTable())
    store = Archive([(f"s{number}", number * SECOND, 1.0) for number in range(40)])
    store.may_answer.release(40)
    naming = Naming(engine.series, (), 1)
    primer = Primer(origins_of(lambda: store), naming, Grumbler(lines.append), rows=2)
    primer.begin(engine, START + 60 * MINUTE)
    finish(primer, engine)
    assert any("it names over 10 times as many series as there are slots" in line for line in lines)
    assert len(engine.series) == 1

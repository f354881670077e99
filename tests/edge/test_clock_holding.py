"""A gateway whose clock is wrong: what the sensors send is stored, and counts as soon as somebody vouches for its time."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from edge.agent.counters import Counter
from edge.agent.loop import Agent
from edge.clock.holding import ROOM, Hold
from edge.contract.columns import Readings
from edge.contract.times import SECOND
from edge.spool.spool import Commit, Spool
from tests.support.agent_process import START, assert_same, baseline_bundle, release, uninterrupted
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

HOUR = 60 * MINUTE
RIGHT = START + 115 * MINUTE  # when the gateway starts


class Late(Bench):
    """A gateway that was off while the broker kept what ten sensors sent; its clock is behind when it starts."""

    def __init__(self, folder: Path, behind: int, sensors: int = 10, **options: object) -> None:
        super().__init__(folder, None, **options)
        release(self.registry, baseline_bundle())
        self.rows = [(f"d{number}.t", START + at * MINUTE, at + number / 10) for at in range(115) for number in range(sensors)]
        self.synchronised = False
        self.passed = 0.0
        self.moment = lambda: self.passed
        self.now = RIGHT - behind

    def later(self, seconds: float, *, gained: int = 0) -> Callable[[], None]:
        """A step in which time passes and the clock is set ahead by so much, ns."""

        def step() -> None:
            self.passed += seconds
            self.now += round(seconds * SECOND) + gained

        return step

    def set_right(self) -> None:
        """The time service has found its servers."""
        self.later(12, gained=RIGHT - self.now)()
        self.synchronised = True


def skipped(agent: Agent) -> dict[Counter, float]:
    """What was not used, by reason."""
    return {
        counter: total
        for counter, total in agent.parts.counters.totals().items()
        if counter.title.startswith("skipped_") and total
    }


@pytest.mark.parametrize(
    ("behind", "size", "clock"),
    [
        (HOUR, 1150, "event"),
        (3 * HOUR, 1150, "wall"),
        (3 * HOUR, 100, "event"),
        (3 * HOUR, 7, "wall"),
        (1000 * HOUR, 100, "wall"),
        (RIGHT - 60 * SECOND, 100, "event"),
    ],
)
def test_what_the_broker_kept_is_stored_and_forecast_by_a_clock_that_is_behind(
    behind: int, size: int, clock: str, tmp_path: Path
) -> None:
    """As if the clock had been right; nothing is refused, and after the clock is set nothing waits."""
    bench = Late(tmp_path, behind, clock=clock)
    agent = bench.run(*messages(bench.rows, size), bench.later(1), bench.set_right, bench.later(1))
    assert skipped(agent) == {}
    assert agent.parts.counters.total(Counter.READINGS) == len(bench.rows) == 1150
    assert len(script_of(agent).acknowledged) == 1150
    assert len(agent.parts.hold) == 0
    assert window(agent, "d9.t") == [at + 0.9 for at in range(91, 115)]
    bench.drain()
    assert_same(bench.stored(), uninterrupted(bench.rows, baseline_bundle(), tmp_path))


@pytest.mark.parametrize("stop", [False, True], ids=["running", "restarted"])
def test_what_few_sensors_send_waits_until_the_clock_is_set(stop: bool, tmp_path: Path) -> None:
    """Two may be wrong, so they close nothing; they are in the store at once, and wait through a restart."""
    bench = Late(tmp_path, 3 * HOUR, sensors=2)
    agent = bench.run(*messages(bench.rows, 50), bench.later(1))
    assert (len(agent.parts.hold), skipped(agent)) == (230, {})
    assert bench.lines("held: 50 readings have times ahead of this device's clock") == 1
    assert len(engine_of(agent).state) == 0
    if stop:
        bench.drain()
        assert len(bench.stored()["reading"]) == 230
    agent = bench.run(bench.later(1), bench.set_right, bench.later(1))
    assert len(agent.parts.hold) == 0
    assert window(agent, "d1.t") == [at + 0.1 for at in range(91, 115)]
    bench.drain()
    assert_same(bench.stored(), uninterrupted(bench.rows, baseline_bundle(), tmp_path))


def test_what_waits_is_in_the_new_spool_where_the_old_one_is_damaged(tmp_path: Path) -> None:
    """Also where the commit that finds the damage brings none of it: a restart goes on with all that waits."""
    bench = Late(tmp_path, 3 * HOUR, sensors=2)
    agent = bench.agent(messages(bench.rows, 50))
    spool = spool_of(agent)

    def spoil() -> None:
        spool.before_commit = fail

    def fail() -> None:
        spool.before_commit = lambda: None
        raise sqlite3.DatabaseError("database disk image is malformed")

    script_of(agent).steps.append(spoil)
    agent.run()
    assert bench.lines("database disk image is malformed") == 1
    agent = bench.run(bench.later(1), bench.set_right, bench.later(1))
    assert window(agent, "d1.t") == [at + 0.1 for at in range(91, 115)]


def test_a_sensor_that_is_ahead_closes_nothing_and_is_refused_once_the_clock_is_proved(tmp_path: Path) -> None:
    """It is stored before, for it might be right; its own windows and those of the others stay as they are."""
    bench = Late(tmp_path, 0)
    wrong = [message("d0.t", RIGHT + 5 * HOUR + at, 7.0) for at in range(3)]
    live = [messages([(f"d{number}.t", RIGHT + at * MINUTE, 1.0) for number in range(10)]) for at in range(14)]
    steps: list[Step] = []
    for batch in live:
        steps += [*batch, bench.later(60)]
    agent = bench.run(*messages(bench.rows), bench.later(0), [wrong[0]], *steps, [wrong[1], wrong[2]])
    assert skipped(agent) == {Counter.SKIPPED_FUTURE: 2}
    assert len(agent.parts.hold) == 0
    assert closed_until(agent, "d0.t") == closed_until(agent, "d5.t") == 115 + 13
    bench.drain()
    assert len(bench.stored()["reading"]) == 1150 + 140 + 1


@pytest.mark.parametrize("synchronised", [True, False])
def test_a_sensor_that_is_minutes_ahead_once_does_not_silence_itself(synchronised: bool, tmp_path: Path) -> None:
    """Its reading waits until the clock is there; the right ones behind it close their intervals as those of the others do."""
    bench = Late(tmp_path, 0, clock="wall")
    bench.synchronised = synchronised
    steps: list[Step] = []
    for at in range(30):
        live = [(f"d{number}.t", RIGHT + at * MINUTE, 1.0) for number in range(10)]
        steps += [*messages(live, 10), *([[message("d0.t", RIGHT + 29 * MINUTE, 7.0)]] if at == 20 else []), bench.later(60)]
    seen: list[int] = []
    agent: Agent = bench.agent([*messages(bench.rows), bench.later(0), *steps])
    script_of(agent).steps.insert(-12, lambda: seen.extend(closed_until(agent, name) for name in ("d0.t", "d5.t")))
    agent.run()
    assert seen[0] == seen[1]
    assert skipped(agent) == {}
    assert len(agent.parts.hold) == 0
    assert closed_until(agent, "d0.t") == closed_until(agent, "d5.t")
    bench.drain()
    assert len(bench.stored()["reading"]) == 1150 + 300


def test_a_sensor_that_is_always_minutes_ahead_goes_on(tmp_path: Path) -> None:
    """Its readings count when our clock is where they say; none is lost, and it is forecast like the others."""
    bench = Late(tmp_path, 0, clock="wall")
    bench.synchronised = True
    ahead = {0: 7 * MINUTE}
    steps: list[Step] = []
    for at in range(30):
        live = [(f"d{number}.t", RIGHT + at * MINUTE + ahead.get(number, 0), 1.0) for number in range(10)]
        steps += [*messages(live, 10), bench.later(60)]
    agent = bench.run(*messages(bench.rows), bench.later(0), *steps, [])
    assert skipped(agent) == {}
    assert closed_until(agent, "d0.t") == closed_until(agent, "d5.t") == 115 + 30
    assert 0 < len(agent.parts.hold) < 9
    bench.drain()
    assert len(bench.stored()["reading"]) == 1150 + 300


def test_history_from_ahead_of_the_clock_waits_as_live_readings_do(tmp_path: Path) -> None:
    """After a restart without a state a series that was ahead closes its intervals as the others do."""
    bench = Late(tmp_path, 0, clock="wall")
    bench.synchronised = True
    bench.run(*messages(bench.rows), bench.later(0), [message("d0.t", RIGHT + 9 * MINUTE + SECOND, 7.0)])
    bench.drain()
    shutil.rmtree(tmp_path / "state")
    bench.run()
    seen: list[int] = []
    steps: list[Step] = []
    for at in range(12):
        live = [(f"d{number}.t", RIGHT + at * MINUTE, 1.0) for number in range(10)]
        steps += [*messages(live, 10), bench.later(60)]
    agent: Agent = bench.agent(steps)
    script_of(agent).steps.insert(-14, lambda: seen.extend(closed_until(agent, name) for name in ("d0.t", "d5.t")))
    agent.run()
    assert seen[0] == seen[1] < 115 + 9
    assert window(agent, "d0.t")[-5:-2] == [1.0, 4.0, 1.0]
    assert len(agent.parts.hold) == 0


def test_readings_go_on_when_the_clock_is_set_back(tmp_path: Path) -> None:
    """By an hour, while sensors speak: each is stored and closes its intervals as before."""
    bench = Late(tmp_path, 0)
    bench.synchronised = True
    live = [(f"d{number}.t", RIGHT + at * MINUTE, 1.0) for at in range(25) for number in range(10)]
    steps: list[Step] = []
    for batch in messages(live, 10):
        steps += [batch, bench.later(60)]

    def back() -> None:
        bench.now -= HOUR

    agent = bench.run(*messages(bench.rows), bench.later(0), back, *steps)
    assert skipped(agent) == {}
    assert len(agent.parts.hold) == 0
    assert closed_until(agent, "d0.t") == closed_until(agent, "d9.t") == 115 + 24
    assert (bench.lines("clock: it was set back by 1:00:00"), bench.lines("clock: it is behind")) == (1, 1)
    bench.drain()
    assert_same(bench.stored(), uninterrupted([*bench.rows, *live], baseline_bundle(), tmp_path))


def test_without_a_bundle_readings_from_ahead_are_stored(tmp_path: Path) -> None:
    """There is nothing they could close."""
    bench = Late(tmp_path, 3 * HOUR)
    bench.registry.rename(tmp_path / "away")
    agent = bench.run(*messages(bench.rows), bench.later(1))
    assert skipped(agent) == {}
    bench.drain()
    assert len(bench.stored()["reading"]) == 1150


def test_a_restart_by_a_clock_that_is_behind_keeps_the_windows(tmp_path: Path) -> None:
    """Without a state of its own it fills them up to the newest reading that was committed, not up to the wrong time."""
    bench = Late(tmp_path, 0)
    bench.synchronised = True
    bench.run(*messages(bench.rows))
    bench.drain()
    bench.synchronised, bench.now = False, RIGHT - 30 * HOUR
    with closing(sqlite3.connect(tmp_path / "state" / "spool.db")) as connection:
        connection.executescript("DELETE FROM snapshot; DELETE FROM journal")
    agent = bench.run()
    assert window(agent, "d3.t") == [at + 0.3 for at in range(91, 115)]


def readings(*times: int) -> Readings:
    """Of one series."""
    return Readings.of([0] * len(times), times, [0.0] * len(times))


def test_a_hold_lets_out_what_counts_in_order_of_arrival() -> None:
    """The rest waits on, until the clock is proved and it is a sensor's mistake."""
    hold = Hold(readings(5))
    assert hold.exchange(readings(9, 3, 7), 4).time.tolist() == []
    assert hold.exchange(readings(), 7).time.tolist() == [5, 3, 7]
    assert hold.waiting.time.tolist() == [9]
    before = hold.waiting
    assert len(hold.exchange(readings(), 7)) == 0
    assert hold.waiting is before
    assert len(hold.exchange(readings(), 7, most=7)) == len(hold) == 0


def test_a_hold_has_so_much_room() -> None:
    """A sensor that is wrong for weeks does not fill the memory: the newest wait."""
    hold = Hold(readings())
    for start in range(0, 3 * ROOM, ROOM // 2):
        hold.exchange(readings(*range(start, start + ROOM // 2)), -1)
    assert hold.waiting.time.tolist() == list(range(2 * ROOM, 3 * ROOM))


def test_what_a_hold_has_no_room_for_counts_at_once_where_it_can_be_right() -> None:
    """A large fleet that is a minute ahead sends more than that: no reading of it is missing in a window."""
    hold = Hold(readings(), 4)
    assert len(hold.exchange(readings(1, 2, 3), 0, most=9)) == 0
    assert hold.exchange(readings(4, 5, 12, 6), 0, most=9).time.tolist() == [1, 2]
    assert hold.waiting.time.tolist() == [3, 4, 5, 6]
    assert hold.exchange(readings(7), 3, most=9).time.tolist() == [3]
    assert hold.waiting.time.tolist() == [4, 5, 6, 7]


def test_what_waits_for_a_clock_is_remembered_until_it_is_replaced(tmp_path: Path) -> None:
    """Like everything else of a commit, over a restart; a commit that says nothing changes nothing."""
    for held, expected in (([5, 7], [5, 7]), (None, [5, 7]), ([7], [7]), ([], [])):
        spool = Spool(tmp_path / "spool.db", "sqlite")
        spool.commit(Commit(held=None if held is None else Readings.of([0] * len(held), held, [0.5] * len(held))))
        spool.close()
        spool = Spool(tmp_path / "spool.db", "sqlite")
        assert spool.held().time.tolist() == expected
        spool.close()


def test_what_waits_and_cannot_be_read_is_in_the_store_only(tmp_path: Path) -> None:
    """It does not keep the agent from starting."""
    spool = Spool(tmp_path / "spool.db", "sqlite")
    with closing(sqlite3.connect(tmp_path / "spool.db")) as connection, connection:
        connection.execute("INSERT INTO held (entry) VALUES (?)", (b"spoilt",))
    assert len(spool.held()) == 0
    spool.close()


def test_the_clock_of_the_newest_commit_is_remembered_to_the_minute(tmp_path: Path) -> None:
    """Ahead or back: also a clock that stood far ahead once is forgotten with the next commit."""
    moments = (START, START + 59 * SECOND, START + 60 * SECOND, START + 73 * 365 * 86_400 * SECOND, START)
    for moment, expected in zip(moments, (START, START, *moments[2:]), strict=True):
        spool = Spool(tmp_path / "spool.db", "sqlite")
        spool.commit(Commit(now=moment))
        assert spool.committed == expected
        spool.close()
    spool = Spool(tmp_path / "spool.db", "sqlite")
    assert spool.committed == START
    spool.close()

"""Slots come back from series that are silent for longer than a window, and from no others."""

import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from edge.agent.journal import Waits
from edge.agent.loop import Agent
from edge.agent.stopping import Lifetime
from edge.contract.columns import Int32
from edge.contract.contract import Contract
from edge.errors import StoreBusy
from edge.forecaster.baselines import seasonal_naive
from edge.messages.message import Message
from edge.release.ready import ReadyBundle
from edge.rings.ring import UNSEEN
from edge.slots.returning import AGAIN, PAUSE, Beginning, staying
from edge.stores.sqlite import SqliteStore
from edge.stores.store import Store
from tests.support.agent_process import CONTRACT, START, baseline_bundle, release
from tests.support.scripted_agent import MINUTE, Bench, Step, engine_of, message, messages, script_of, window
from tests.support.servers import HANGS_AFTER, wait_until

NOBODY: Int32 = np.zeros(0, np.int32)


def heard(*minutes: int | None) -> list[int]:
    """Times of latest readings, ns UTC."""
    return [UNSEEN if minute is None else START + minute * MINUTE for minute in minutes]


def test_a_series_stays_while_a_reading_is_within_a_window() -> None:
    """To the minute."""
    kept = staying(np.asarray(heard(90, 89, 100)), 3, START + 100 * MINUTE, 10 * MINUTE, NOBODY)
    assert kept is not None
    assert kept.tolist() == [0, 2]
    assert staying(np.asarray(heard(90, 89, 100)), 3, START + 99 * MINUTE, 10 * MINUTE, NOBODY) is None


def test_a_series_whose_readings_wait_stays_and_one_that_was_never_heard_goes() -> None:
    """What waits for the clock is as good as heard."""
    last = np.asarray(heard(None, 0, None, 100))
    kept = staying(last, 4, START + 100 * MINUTE, MINUTE, np.asarray([1], np.int32))
    assert kept is not None
    assert kept.tolist() == [1, 3]


def test_slots_come_back_only_where_they_are_scarce_and_it_is_worth_it() -> None:
    """A tenth of them free is enough; one of a hundred has to come back."""
    last = np.asarray(heard(*[0] * 10, *[100] * 890))
    now = START + 100 * MINUTE
    assert staying(last, 1000, now, MINUTE, NOBODY) is None
    assert staying(last, 999, now, MINUTE, NOBODY) is not None
    assert staying(last[1:], 998, now, MINUTE, NOBODY) is None
    assert staying(last[:0], 1, now, MINUTE, NOBODY) is None


class Place:
    """A device whose clock goes to where a test wants it.

    Args:
        folder: folder of the device.
        most: number of slots.
        contract: contract of its bundle.
        waits: times that its agents wait for others.
    """

    def __init__(self, folder: Path, most: int, contract: Contract = CONTRACT, waits: Waits | None = None) -> None:
        folder.mkdir(exist_ok=True)
        self.bench, self._moment = Bench(folder, waits, max_series=most), 0.0
        self.made: list[Agent] = []
        self.bench.moment = lambda: self._moment
        release(self.bench.registry, baseline_bundle(contract))
        self.at(0)

    def at(self, minute: int) -> None:
        """Go to a minute of the test, by all clocks; it begins an hour after START."""
        self._moment, self.bench.now = 60.0 * minute, START + (60 + minute) * MINUTE

    def live(self, *lives: Sequence[Step]) -> list[str]:
        """Run an agent through its steps, and others in its place where it begins again; names of the series at the end."""
        agents = iter(lives)

        def make() -> Agent:
            self.made.append(self.bench.agent(next(agents)))
            return self.made[-1]

        assert Lifetime(self.bench.log.append).spend(make) == 0
        assert len(self.made) == len(lives)
        return self.made[-1].parts.series.names

    def readings(self, name: str) -> list[float]:
        """The readings of a series in the store, in order of time."""
        self.bench.drain()
        return [value for (series, _, _), (value,) in sorted(self.bench.stored()["reading"].items()) if series == name]


def test_a_new_sensor_has_the_slot_of_one_that_is_gone(tmp_path: Path) -> None:
    """The others go on as if nothing had happened: windows, waiting forecasts and scores are those of an agent with room."""
    rows = [(f"s{number}.t", START + at * MINUTE, number + at / 8) for at in range(60) for number in range(6)]
    early = [row for row in rows if row[1] < START + 10 * MINUTE or row[0] not in {"s1.t", "s4.t"}]
    more = [(name, START + at * MINUTE, at + 0.5) for at in range(60, 90) for name in ("s5.t", "new.t", "s0.t", "s2.t", "s3.t")]
    stored = []
    for most in (6, 1000):
        place = Place(tmp_path / str(most), most)
        before: list[Step] = [*messages(early), partial(place.at, 90), *messages(more[:20], 20)]
        lives = [before, messages(more[20:])] if most == 6 else [[*before, *messages(more[20:])]]
        names = place.live(*lives)
        gone = 2 if most == 6 else 0
        assert (
            place.bench.lines("2 of 6 slots are free again: their series had no reading for longer than a window") == gone // 2
        )
        assert names == (
            ["s0.t", "s2.t", "s3.t", "s5.t", "new.t"] if gone else [*(f"s{number}.t" for number in range(6)), "new.t"]
        )
        assert place.readings("new.t") == [at + 0.5 for at in range(60, 90)]
        tables = place.bench.stored()
        stored.append({name: {key: row for key, row in rows.items() if key[0] != "new.t"} for name, rows in tables.items()})
    for measurement in stored[0]:
        assert stored[0][measurement] == stored[1][measurement], measurement


def test_a_series_that_comes_back_has_a_slot_again_and_an_empty_window(tmp_path: Path) -> None:
    """Its readings were too old for any window."""
    place = Place(tmp_path, 2)
    steps = messages([("gone.t", START, 1.0), *(("a.t", START + at * MINUTE, 2.0) for at in range(60))])
    new = [("new.t", START + 60 * MINUTE, 3.0)]
    back = [("gone.t", START + at * MINUTE, 3.0) for at in range(60, 63)]
    assert place.live([*steps, partial(place.at, 60), *messages(new)], messages(back)) == ["a.t", "gone.t"]
    agent = place.bench.agent()
    agent.parts.live.restore()
    assert [value for value in window(agent, "gone.t") if np.isfinite(value)] == [3.0, 3.0, 3.0]
    agent.parts.spool.close()


def test_the_agent_begins_again_while_it_runs_at_most_once_an_hour() -> None:
    """Only while a series lacks a slot, and not more often than once a minute is it looked for silent ones."""
    now, lacking, worth, looks = [0.0], [True], [False], [0]
    lines: list[str] = []

    def look() -> bool:
        looks[0] += 1
        return worth[0]

    beginning = Beginning(lambda: lacking[0], look, lines.append, lambda: now[0])
    now[0] = PAUSE - 1
    assert not beginning.is_due
    now[0] = PAUSE
    lacking[0] = False
    assert not beginning.is_due
    assert looks == [0]
    lacking[0] = True
    assert not beginning.is_due
    worth[0] = True
    now[0] = PAUSE + AGAIN - 1
    assert not beginning.is_due
    assert looks == [1]
    now[0] = PAUSE + AGAIN
    assert beginning.is_due
    assert lines == ["the agent begins again within this process: slots of silent series go to others"]


def test_names_that_came_once_give_their_slots_up_while_the_agent_runs(tmp_path: Path) -> None:
    """Nothing was heard since but a sensor without a slot: it gets one, and its readings are in the store."""
    place = Place(tmp_path, 10)
    made_up = [(f"x{number}.t", START + number, 1.0) for number in range(40)]
    real = [("REAL.t", START + at * MINUTE, float(at)) for at in range(1, 60)]
    first: list[Step] = [*messages(made_up), *messages(real[:30]), partial(place.at, 60), *messages(real[30:40])]
    assert place.live(first, messages(real[40:])) == ["REAL.t"]
    assert place.bench.lines("10 of 10 slots are free again") == 1
    assert place.readings("REAL.t") == [float(at) for at in range(2, 60)], "all but the first, which came amid all the names"


def test_readings_that_come_days_later_take_no_slot_of_a_series_that_is_heard(tmp_path: Path) -> None:
    """Our clock is three days ahead of all sensors: time goes by theirs."""
    place = Place(tmp_path, 2)
    steps = messages([(name, START + at * MINUTE, 2.0) for at in range(60) for name in ("a.t", "b.t")])
    late = messages([("new.t", START + 60 * MINUTE, 3.0)])
    assert place.live([*steps, partial(place.at, 3 * 1440), *late, late[0]]) == ["a.t", "b.t"]


def test_a_series_stays_while_a_forecast_of_it_may_wait_for_its_fact(tmp_path: Path) -> None:
    """A window after its last reading the clock makes the last forecast, and that waits for as long as its longest lead."""
    place, frees = Place(tmp_path, 2, Contract(MINUTE, window=6, horizon=24)), list[bool]()
    agent = place.bench.agent()
    both = messages([(name, START + at * MINUTE, 2.0) for at in range(61) for name in ("a.t", "b.t")])

    def heard(minute: int) -> list[Message]:
        place.at(minute)
        return [message("b.t", START + (60 + minute) * MINUTE, 2.0)]

    def look() -> None:
        frees.append(agent.parts.live.frees_slots)

    script_of(agent).steps = [*both, partial(heard, 30), look, partial(heard, 31), look]
    agent.run()
    assert frees == [False, True]


def test_no_slot_is_taken_while_the_windows_lack_their_history(tmp_path: Path) -> None:
    """On a new grid nothing is known of a series until the store has told it: each would seem to be silent."""

    def away() -> Store:
        raise StoreBusy("no answer")

    place = Place(tmp_path, 2)
    place.live(messages([(name, START + at * MINUTE, 2.0) for at in range(60) for name in ("a.t", "b.t")]))
    place.bench.open_store, place.bench.waits = away, Waits(patience=0.0, phase=0.0)
    agent = place.bench.agent()
    live = agent.parts.live
    assert live.restore()
    bundle = baseline_bundle(Contract(interval=2 * MINUTE, window=24, horizon=6), second=1)
    live.go_live(ReadyBundle(bundle, seasonal_naive(bundle.manifest.contract)))
    assert (agent.parts.primer.waits, agent.parts.journal.staying(engine_of(agent)) is not None) == (False, True)
    assert not live.frees_slots
    agent.parts.spool.close()


class Slow(SqliteStore):
    """A store whose first write of readings waits until it may go on."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.waits, self.may_write, self.written = threading.Event(), threading.Event(), threading.Event()

    def write(self, *blocks: bytes) -> None:
        """As `SqliteStore.write`."""
        if self.waits.is_set() or "reading" not in self.count(self.join(blocks)):
            super().write(*blocks)
            return
        self.waits.set()
        self.may_write.wait(HANGS_AFTER)
        super().write(*blocks)
        self.written.set()


class Signs(list[str]):
    """What the supervisor is told; something happens with each sign."""

    heard: Callable[[], object] = staticmethod(lambda: None)

    def append(self, line: str, /) -> None:
        """As `list.append`."""
        super().append(line)
        self.heard()


def slow_place(folder: Path, sign: Callable[[Place, Slow], object]) -> tuple[Place, Slow, list[Step]]:
    """A device whose first agent begins again while its first write hangs.

    Args:
        folder: folder of the device.
        sign: function called with each sign of life that this agent gives after it has left the broker.

    Returns:
        The device, the store of that agent, and its steps.
    """
    place, signs = Place(folder, 2, waits=Waits(patience=HANGS_AFTER, write=0.01)), Signs()
    slow, stores = Slow(folder / "store.db"), place.bench.make_store
    place.bench.told = signs

    def make_store() -> Store:
        signs.heard = lambda: None
        return stores() if place.made else slow

    def ending() -> None:
        place.at(61)
        signs.heard = lambda: sign(place, slow)

    def watch() -> None:
        slow.waits.wait(HANGS_AFTER)
        script_of(place.made[0]).stop = ending  # type: ignore[method-assign]

    place.bench.make_store = make_store
    rows = [("gone.t", START, 1.0), *(("a.t", START + at * MINUTE, 2.0) for at in range(60))]
    return place, slow, [*messages(rows), watch, partial(place.at, 60), *messages([("new.t", START + 60 * MINUTE, 3.0)])]


def test_an_agent_that_begins_again_waits_for_the_write_under_way(tmp_path: Path) -> None:
    """Beside the next sender it would put an older value in the place of a newer one; the supervisor hears from the agent."""
    place, slow, steps = slow_place(tmp_path, lambda _, store: store.may_write.set())
    corrected = [("a.t", START, 5.0)]

    def newest() -> bool:
        return place.bench.stored()["reading"].get(("a.t", START, 0)) == (5.0,)

    assert place.live(steps, [*messages(corrected), lambda: wait_until(newest)]) == ["a.t"]
    slow.may_write.set()  # where nobody has waited for it
    slow.written.wait(HANGS_AFTER)
    assert newest()


def test_a_signal_ends_the_wait_for_a_write(tmp_path: Path) -> None:
    """No other agent is made, and the write is left to the end of the process."""
    place, slow, steps = slow_place(tmp_path, lambda device, _: device.made[0].stop())
    place.live(steps)
    assert not slow.written.is_set()
    slow.may_write.set()
    slow.written.wait(HANGS_AFTER)
    slow.close()

"""A clock that is wrong for a while: it closes nothing it should not, and what it closed all the same is undone."""

from collections.abc import Callable
from pathlib import Path

import pytest

from edge.agent.journal import Waits
from edge.clock.closing import SETTLED, ClosingClock
from edge.clock.trust import AHEAD, STEADY, STEP, Trust
from edge.contract.columns import Readings
from edge.contract.times import DAY, SECOND
from tests.support.agent_process import START, baseline_bundle, release
from tests.support.scripted_agent import MINUTE, Bench, closed_until, message, messages, window

YEARS = 1826 * DAY


class Watch:
    """A closing clock whose two clocks a test moves."""

    def __init__(self) -> None:
        self.lines = list[str]()
        self.now, self.moment = START, 1000.0
        self.trust = Trust(self.lines.append, self.moment)
        self.clock = ClosingClock(self.trust)
        self.go(2 * SETTLED)
        self.may_close()
        self.go(2 * SETTLED)
        self.clock.silence()

    def go(self, seconds: float, *, gained: float = 0.0) -> None:
        """Time passes, and the clock gains on it."""
        self.moment += seconds
        self.now += round((seconds + gained) * SECOND)
        self.trust.look(self.now, self.moment, synchronised=False)

    def may_close(self, session: int = 1) -> bool:
        """Whether the clock may close intervals, connected and without a reading."""
        return self.clock.may_close(Readings.empty(), session, MINUTE, connected=True)


@pytest.mark.parametrize("gained", [1.5 * STEP, -1.5 * STEP])
def test_a_clock_that_was_set_closes_nothing_for_a_while(gained: float) -> None:
    """Ahead or back, it is said once; after ten minutes without another step it is believed again."""
    watch = Watch()
    assert watch.may_close()
    watch.go(1, gained=gained)
    assert not watch.may_close()
    watch.go(STEADY - 1)
    assert not watch.may_close()
    watch.go(1)
    assert watch.may_close()
    way = "ahead" if gained > 0 else "back"
    assert watch.lines == [f"clock: it was set {way} by 0:07:30; it closes no interval for 10 minutes"]


def test_a_silence_before_the_queue_can_have_come_is_none() -> None:
    """After each connection; the same silence later is one."""
    watch = Watch()
    for session in (2, 3):
        assert not watch.may_close(session)
        watch.clock.silence()
        watch.go(SETTLED / 2)
        assert not watch.may_close(session)
        watch.go(SETTLED)
        assert not watch.may_close(session)
        watch.clock.silence()
        assert watch.may_close(session)


def test_small_corrections_and_long_pauses_are_no_step() -> None:
    """What an NTP client does all day, and a batch that waited an hour for the disk."""
    watch = Watch()
    for _ in range(100):
        watch.go(1, gained=STEP / 2)
    watch.go(3600)
    assert watch.may_close()
    assert watch.lines == []


def test_intervals_from_ahead_are_a_fault_once_the_clock_is_steady() -> None:
    """A gateway that has just started may be behind and still get the time; sensors may be ten minutes ahead."""
    watch = Watch()
    assert watch.trust.fault(watch.now + YEARS) is None
    watch.go(STEADY)
    assert watch.trust.fault(watch.now + 2 * AHEAD) is None
    line = watch.trust.fault(watch.now + 2 * AHEAD + 1)
    assert line is not None
    assert line.endswith("all series start again")
    watch.go(1, gained=-(START / SECOND))
    watch.go(STEADY)
    assert watch.trust.fault(START) is None  # a clock that was never set cannot judge


def test_a_jump_ahead_closes_nothing(tmp_path: Path) -> None:
    """Five years ahead and back again: the windows are those of before, and forecasts go on."""
    bench, found = Bench(tmp_path, Waits(settled=0.0), clock="wall"), []
    release(bench.registry, baseline_bundle())
    bench.now = START + 99 * MINUTE

    def jump(by: int) -> Callable[[], None]:
        def step() -> None:
            bench.now += by
            found.append(closed_until(agent, "a.t"))

        return step

    rows = [("a.t", START + at * MINUTE, float(at)) for at in range(101)]
    agent = bench.agent(
        [*messages(rows[:100], 100), lambda: None, jump(YEARS), lambda: None, jump(-YEARS), [message(*rows[100])]]
    )
    agent.run()
    assert found == [99, 99]
    assert closed_until(agent, "a.t") == 100
    assert (bench.lines("it was set ahead by 1826 days"), bench.lines("it was set back by 1826 days")) == (1, 1)


@pytest.mark.parametrize("restart", [False, True], ids=["running", "restarted"])
def test_what_a_wrong_clock_closed_is_undone(restart: bool, tmp_path: Path) -> None:
    """Without it every series would be silent for five years: they start again, with windows from the store, for good."""
    bench = Bench(tmp_path, Waits(settled=0.0, steady=0.0), clock="wall")
    release(bench.registry, baseline_bundle())
    right = START + 100 * MINUTE
    rows = [(name, START + at * MINUTE, float(at)) for at in range(100) for name in ("a.t", "b.t")]
    bench.now = right + YEARS
    agent = bench.run(*messages(rows), [message("a.t", bench.now, -1.0)], lambda: None, lambda: None)
    assert (closed_until(agent, "a.t"), closed_until(agent, "b.t")) == (YEARS // MINUTE + 100,) * 2
    bench.drain()

    def set_right() -> None:
        bench.now = right

    if restart:
        set_right()
    agent = bench.run(set_right, [message("a.t", right, 100.0)])
    assert bench.lines("all series start again") == 1
    assert closed_until(agent, "a.t") == 100
    assert window(agent, "a.t") == [float(at) for at in range(77, 101)]
    agent = bench.run([message("b.t", right, 100.0)])
    assert bench.lines("all series start again") == 1
    assert closed_until(agent, "b.t") == 100
    assert window(agent, "b.t") == [float(at) for at in range(77, 101)]

"""What waits to be committed, and for how long."""

from collections.abc import Iterator

import pytest

from edge.messages.message import Arrival, Message
from edge.spool.spool import Commit
from edge.spool.waiting import AT_ONCE, LEARNED_FOR, MOST, Waiting


class Clock:
    """Seconds, which a test sets."""

    now = 100.0

    def __call__(self) -> float:
        """As the clock of the machine."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock that stands."""
    return Clock()


def messages() -> Iterator[list[Message]]:
    """One message after the other."""
    for mid in range(1, 10_000):
        yield [Message("sensors/a/t", b"1", 0, False, mid, 1, 1)]


def waits(waiting: Waiting, clock: Clock, window: int, pause: float) -> list[int]:
    """Messages in each of six commits, of a broker that sends so many, and goes on so long after their acknowledgement."""
    committed, stream = [], messages()
    for _ in range(6):
        for _ in range(window):
            waiting.add(Commit([b"x"]), next(stream), ())
            if waiting.is_due:
                break
        if not waiting.is_due:
            clock.now += 2.0
        assert waiting.is_due
        committed.append(len(waiting.messages))
        waiting.clear()
        clock.now += pause
    return committed


def test_what_waits_is_due_in_time_or_with_enough_messages(clock: Clock) -> None:
    """Blocks stay in order, and of two arrivals of one identifier the later one counts."""
    waiting, stream = Waiting(2.0, clock), messages()
    assert not waiting.is_due
    waiting.add(Commit([b"1"]), next(stream), [Arrival(1, b"a", 5)])
    clock.now += 1.9
    waiting.add(Commit([b"2"]), next(stream), [Arrival(1, b"b", 6)])
    assert not waiting.is_due
    clock.now += 0.1
    assert waiting.is_due
    assert waiting.commit is not None
    assert (list(waiting.commit.blocks), len(waiting.messages)) == ([b"1", b"2"], 2)
    assert waiting.arrivals == {1: Arrival(1, b"b", 6)}
    waiting.clear()
    assert (waiting.commit, waiting.messages, waiting.arrivals, waiting.is_due) == (None, [], {}, False)
    for _ in range(MOST):
        assert not waiting.is_due
        waiting.add(Commit(), next(stream), ())
    assert waiting.is_due


def test_nothing_waits_where_the_setting_is_zero(clock: Clock) -> None:
    """Each batch is due at once."""
    waiting = Waiting(0.0, clock)
    for batch in [next(messages())] * 5:
        waiting.add(Commit(), batch, ())
        assert waiting.is_due
        waiting.clear()


@pytest.mark.parametrize("window", [1, 10])
def test_a_broker_that_waits_for_us_is_known_after_two_waits(window: int, clock: Clock) -> None:
    """From then on its messages are committed at once; later it is tried again."""
    waiting = Waiting(2.0, clock)
    start = clock.now
    assert waits(waiting, clock, window, 0.01) == [window] * 6
    assert clock.now - start == pytest.approx(2 * 2.0 + 6 * 0.01)
    clock.now += LEARNED_FOR
    start = clock.now
    waits(waiting, clock, window, 0.01)
    assert clock.now - start == pytest.approx(2 * 2.0 + 6 * 0.01)


def test_a_slow_stream_is_no_broker_that_waits(clock: Clock) -> None:
    """After a wait the next message takes its time."""
    waiting = Waiting(2.0, clock)
    start = clock.now
    assert waits(waiting, clock, 3, AT_ONCE + 0.1) == [3] * 6
    assert clock.now - start == pytest.approx(6 * (2.0 + AT_ONCE + 0.1))


def test_a_steady_stream_is_no_broker_that_waits(clock: Clock) -> None:
    """Messages came until the end of each wait."""
    waiting, stream = Waiting(2.0, clock), messages()
    for _ in range(10):
        committed = 0
        while not waiting.is_due:
            waiting.add(Commit(), next(stream), ())
            clock.now, committed = clock.now + 0.25, committed + 1
        assert committed == 8
        waiting.clear()

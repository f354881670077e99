"""Our own clock: it condemns nothing before it has proved itself, and what sensors agree on outweighs it."""

from collections.abc import Sequence

import pytest

from edge.clock.trust import AHEAD, FEW, STEADY, STEP, Trust
from edge.contract.times import DAY, LATEST, SECOND
from tests.support.agent_process import START

HOUR = 3600 * SECOND


class Case:
    """A clock that is wrong by so much, and sensors that know the time.

    Args:
        wrong: what the clock is ahead of the right time, ns.
        synchronised: what the time service says.
        newest: when something was committed last, ns UTC.
    """

    def __init__(self, wrong: int = 0, *, synchronised: bool = False, newest: int = 0) -> None:
        self.right, self.moment, self.wrong, self.synchronised = START, 1000.0, wrong, synchronised
        self.lines = list[str]()
        self.trust = Trust(self.lines.append, self.moment, newest=newest)
        self.go(0)

    def go(self, seconds: float, *sensors: int) -> None:
        """Time passes, then sensors speak whose clocks are ahead of the right time by so much, ns."""
        self.moment += seconds
        self.right += round(seconds * SECOND)
        self.look()
        for series, ahead in enumerate(sensors):
            self.trust.hear(series, self.right + ahead)

    def look(self) -> None:
        """The clock is looked at."""
        self.trust.look(self.right + self.wrong, self.moment, synchronised=self.synchronised)

    def live(self, minutes: int, sensors: Sequence[int]) -> None:
        """Sensors speak once a minute."""
        for _ in range(minutes):
            self.go(60, *sensors)
        self.look()


def test_a_time_service_proves_the_clock_at_once() -> None:
    """What is later than ten minutes ahead is then a sensor's mistake."""
    case = Case(synchronised=True)
    assert case.trust.proved
    assert case.trust.latest == case.right + AHEAD


def test_nobody_vouches_for_a_clock_by_itself() -> None:
    """However steady it is: a clock that is hours behind is as steady."""
    case = Case(wrong=-3 * HOUR)
    case.go(10 * STEADY)
    assert not case.trust.proved


@pytest.mark.parametrize("sensors", [(0,), (0, 1, -2), (0, 0, 5 * HOUR), (-8 * HOUR, 0)])
def test_sensors_that_agree_for_ten_minutes_prove_it(sensors: tuple[int, ...]) -> None:
    """One that is wrong is outvoted, and late readings say nothing."""
    case = Case()
    case.live(10, sensors)
    assert not case.trust.proved
    case.live(2, sensors)
    assert case.trust.proved
    assert case.trust.latest == case.right + AHEAD


def test_a_queue_that_passes_by_a_wrong_clock_does_not_prove_it() -> None:
    """Readings of hours ago agree with a clock that is as late, for as long as it takes to hand them over."""
    case = Case(wrong=-3 * HOUR)
    for minute in range(-6 * 60, 0):
        case.go(1, *[minute * 60 * SECOND] * 5)
        case.look()
        assert not case.trust.proved
    assert case.trust.latest == pytest.approx(case.right + AHEAD, abs=2 * 60 * SECOND)


@pytest.mark.parametrize("wrong", [-HOUR, -3 * HOUR, -100 * DAY, -START])
def test_the_time_of_most_sensors_counts_where_the_clock_is_behind(wrong: int) -> None:
    """A clock of an hour ago or of 1970; said once, until it is set, and then the clock counts."""
    case = Case(wrong)
    assert case.trust.latest == case.right + wrong + AHEAD
    case.live(20, (0, 0, 1, 9 * DAY))
    assert not case.trust.proved
    assert case.trust.latest == pytest.approx(case.right + AHEAD, abs=SECOND)
    assert case.lines == ["clock: it is behind the time of most sensors; their time counts until the clock is set"]
    case.wrong = 0
    case.live(1, (0, 0, 1, 9 * DAY))
    assert case.trust.latest == case.right + AHEAD
    case.live(12, (0, 0, 1, 9 * DAY))
    assert case.trust.proved


def test_what_few_sensors_say_counts_after_a_while() -> None:
    """Two of one device may both be wrong; where there are no others, they are all we have."""
    case = Case(wrong=-HOUR)
    case.live(5, (0,) * (FEW - 1))
    assert case.trust.latest == case.right - HOUR + AHEAD
    case.live(5, (0,) * (FEW - 1))
    assert case.trust.latest == case.right + AHEAD


def test_a_time_service_outweighs_sensors() -> None:
    """A fleet that sends local time for UTC is told so: its readings are refused, with a word about time zones."""
    case = Case(synchronised=True)
    case.live(20, (2 * HOUR,) * 5)
    assert case.trust.proved
    assert case.trust.latest == case.right + AHEAD
    assert case.lines == []


def test_a_clock_that_is_set_has_to_prove_itself_again() -> None:
    """With a time service it is believed after ten minutes."""
    case = Case(synchronised=True)
    case.go(1)
    case.wrong = -HOUR
    case.go(1)
    assert not case.trust.proved
    case.wrong = 0
    case.go(1)
    case.go(STEADY - 1)
    assert not case.trust.proved
    case.go(1)
    assert case.trust.proved
    assert len(case.lines) == 2


def test_a_clock_set_back_while_sensors_speak_condemns_none_of_them() -> None:
    """They had agreed before; what they say from then on counts at once."""
    case = Case()
    case.live(20, (0, 0, 0))
    assert case.trust.proved
    case.wrong = -HOUR
    case.go(1)
    assert not case.trust.proved
    assert case.trust.latest == pytest.approx(case.right + AHEAD, abs=2 * SECOND)
    case.live(60, (0, 0, 0))
    assert not case.trust.proved


def test_a_clock_older_than_the_newest_commit_is_not_believed() -> None:
    """Whatever a time service says: one that serves its own clock may be as wrong."""
    case = Case(wrong=-HOUR, synchronised=True, newest=START)
    case.go(2 * STEADY)
    assert not case.trust.proved
    assert case.trust.history == max(START, case.trust.latest)


def test_a_commit_far_ahead_is_forgotten() -> None:
    """Somebody was in 2099 once: sensors that agree for ten minutes are the way back."""
    case = Case(synchronised=True, newest=START + 73 * 365 * DAY)
    case.live(5, (0,))
    assert not case.trust.proved
    case.live(7, (0,))
    assert case.trust.proved
    assert case.trust.history == case.trust.latest
    case.wrong = -STEP * SECOND // 2
    case.live(1, ())
    assert case.trust.proved


def test_without_a_clock_everything_in_the_store_is_history() -> None:
    """A gateway that starts in 1970 fills its windows all the same."""
    assert Case(wrong=-START).trust.history == LATEST

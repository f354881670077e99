"""Times that are a whole number of quarter hours away from their arrival.

The kind of fault: local time without a zone is skipped as the future, or stored hours too early in silence.
"""

import pytest

from edge.clock.offsets import Offsets
from edge.contract.times import SECOND

NOON = 1_768_478_400 * SECOND
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE


def said(*pairs: tuple[int, int], most: int = 10) -> list[str]:
    """What is said of messages of one topic, as pairs of the distance from their arrival and the arrival after noon, ns."""
    offsets = Offsets(most)
    lines = (offsets.hear("t", NOON + arrival + distance, NOON + arrival) for distance, arrival in pairs)
    return [line for line in lines if line is not None]


@pytest.mark.parametrize(
    ("distance", "words"),
    [
        (HOUR, "+01:00"),
        (2 * HOUR - 20 * SECOND, "+02:00"),
        (-8 * HOUR - MINUTE, "-08:00"),
        (345 * MINUTE, "+05:45"),
        (15 * MINUTE, "+00:15"),
        (14 * HOUR, "+14:00"),
        (HOUR + 88 * SECOND, "+01:00"),
    ],
)
def test_a_constant_number_of_quarter_hours_is_said_once(distance: int, words: str) -> None:
    """However long it goes on, and a little off for the way that messages take."""
    assert said(*((distance + number % 3 * SECOND, number * MINUTE) for number in range(50))) == [words]


@pytest.mark.parametrize(
    "pairs",
    [
        [(HOUR, number * SECOND) for number in range(100)],
        [(-HOUR + number * SECOND, 0) for number in range(1000)],
        [(-number * MINUTE, 0) for number in range(1000)],
        [(25 * MINUTE, number * MINUTE) for number in range(20)],
        [(15 * HOUR, number * MINUTE) for number in range(20)],
        [(HOUR if number % 2 else 2 * HOUR, number * MINUTE) for number in range(20)],
        [(5 * MINUTE, number * MINUTE) for number in range(20)],
    ],
    ids=["too short", "a queue of seconds", "a queue of minutes", "no quarter", "no zone", "changing", "a clock that is ahead"],
)
def test_other_distances_say_nothing(pairs: list[tuple[int, int]]) -> None:
    """Of a queue that the broker kept all comes at once, and a clock that is wrong is no zone."""
    assert said(*pairs) == []


def test_five_messages_in_two_minutes_are_enough() -> None:
    """Fewer ones, or five in less time, may be chance; another distance in between begins anew."""
    every_minute = [(HOUR, number * MINUTE) for number in range(4)]
    assert said(*every_minute) == []
    assert said(*every_minute, (HOUR, 4 * MINUTE)) == ["+01:00"]
    assert said(*((HOUR, number * 30 * SECOND) for number in range(5))) == ["+01:00"]
    assert said(*((HOUR, number * 29 * SECOND) for number in range(5))) == []
    assert said((2 * HOUR, 0), *((HOUR, number * MINUTE) for number in range(1, 5))) == []


@pytest.mark.parametrize(("distance", "answer"), [(HOUR + 90 * SECOND, ["+01:00"]), (HOUR + 91 * SECOND, [])])
def test_a_minute_and_a_half_is_the_way_of_a_message(distance: int, answer: list[str]) -> None:
    """What is farther from a quarter hour is no zone."""
    assert said(*((distance, number * MINUTE) for number in range(9))) == answer


def test_a_message_in_between_without_a_distance_begins_anew() -> None:
    """Whether its time is not a quarter hour away, or that of its arrival."""
    quarter = 15 * MINUTE
    before, after = ([(quarter, number * MINUTE) for number in numbers] for numbers in (range(4), range(5, 9)))
    assert said(*before, (0, 4 * MINUTE), *after) == []
    assert said(*before, (0, 4 * MINUTE), *after, (quarter, 9 * MINUTE)) == ["+00:15"]
    offsets = Offsets(1)
    offsets.agree("t")
    for distance, arrival in [*before, *after]:
        if arrival == 5 * MINUTE:
            offsets.agree("t")
            offsets.agree("another topic")
        assert offsets.hear("t", NOON + arrival + distance, NOON + arrival) is None
    assert offsets.hear("t", NOON + 9 * MINUTE + quarter, NOON + 9 * MINUTE) == "+00:15"


def test_no_more_topics_are_looked_at_than_there_is_room_for() -> None:
    """Made-up topics fill no memory."""
    offsets = Offsets(1)
    answers = [offsets.hear(topic, NOON + HOUR + at * MINUTE, NOON + at * MINUTE) for at in range(9) for topic in ("a", "b")]
    assert [answer for answer in answers if answer is not None] == ["+01:00"]

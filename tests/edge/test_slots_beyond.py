"""Series without a slot are stored, and made-up names fill neither the memory nor the store."""

import tracemalloc
from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from edge.slots.beyond import DAY, Beyond, Stray


class Gate:
    """Series that come one by one, with a clock.

    Args:
        most: largest number of series that are stored.
        few: largest number of them that one topic may bring.
    """

    def __init__(self, most: int, few: int = 1000) -> None:
        self.now = 0.0
        self.beyond = Beyond(most, few, lambda: self.now)

    def admits(self, name: str, topic: str = "", tags: Mapping[str, str] | None = None) -> bool:
        """Whether a reading of the series is stored; the topic is its own if it is not named."""
        return self.beyond.admit(topic or name, [(name, tags or {})])


def test_readings_wait_for_one_commit_with_the_tags_of_their_series() -> None:
    """In order of arrival, in a table of their own."""
    beyond = Beyond(10, 10, lambda: 0.0)
    beyond.add([Stray("a", {"site": "x"}, 1, 1.5), Stray("b", {}, 2, 2.5)])
    beyond.add([Stray("a", {"site": "x"}, 3, 3.5)])
    (points,), table = beyond.take()
    assert (table.names, table.tags) == (["a", "b"], [{"site": "x"}, {}])
    readings = points.readings()
    assert (readings.series.tolist(), readings.time.tolist(), readings.value.tolist()) == (
        [0, 1, 0],
        [1, 2, 3],
        [1.5, 2.5, 3.5],
    )
    assert beyond.take()[0] == []


def test_a_sensor_that_comes_again_finds_room_in_a_flood_of_names() -> None:
    """Names that come once fill one half; from its second reading on a sensor is stored, and it stays."""
    gate = Gate(100)
    assert sum(gate.admits(f"made up {number}") for number in range(5000)) == 50
    assert [gate.admits("real") for _ in range(3)] == [False, True, True]
    assert not any(gate.admits(f"other {number}") for number in range(5000))
    assert gate.admits("real")
    assert len(gate.beyond) == 51


def test_a_message_with_a_series_that_was_silent_for_long_and_a_new_one_is_admitted_or_not() -> None:
    """What it brings itself does not make room for the rest of it."""
    gate = Gate(2)
    assert gate.beyond.admit("x", [("a", {})])
    gate.now = DAY + 1
    assert not gate.beyond.admit("x", [("a", {}), ("c", {})])
    assert gate.admits("a")


def test_who_sends_every_name_twice_fills_the_room_and_no_more() -> None:
    """So many series a day can be added to a store by somebody who invents them."""
    gate = Gate(100)
    names = [f"{number // 2}" for number in range(5000)]
    assert len({name for name in names if gate.admits(name)}) == 100
    gate.now = DAY - 1
    assert not any(gate.admits(f"new {number // 2}") for number in range(200))
    gate.now = DAY
    assert gate.admits("3"), "it was heard of in time"
    assert sum(gate.admits(f"newer {number}") for number in range(200)) == 49
    assert gate.admits("3")


def test_a_series_that_was_silent_for_a_day_makes_room() -> None:
    """The one that is silent for the longest time goes first; the others stay."""
    gate = Gate(2)
    assert gate.admits("a")
    gate.now = DAY / 2
    gate.admits("b")
    assert gate.admits("b")
    gate.now = DAY
    gate.admits("c")
    assert gate.admits("c")
    gate.admits("a")
    assert not gate.admits("a")


def test_one_topic_takes_a_share_and_the_series_of_a_message_go_together() -> None:
    """Thousands of names in one message leave the room to others."""
    beyond = Beyond(100, 20, lambda: 0.0)
    assert not beyond.admit("wild", [(str(number), {}) for number in range(21)])
    assert beyond.admit("wild", [(str(number), {}) for number in range(20)])
    assert not beyond.admit("wild", [("more", {})])
    assert beyond.admit("wild", [("3", {})])
    assert beyond.admit("other", [("more", {})])
    assert len(beyond) == 21


def test_silent_series_of_a_topic_make_room_for_others_of_the_topic() -> None:
    """Also while there is room for other topics."""
    gate = Gate(100, few=10)
    beyond = gate.beyond
    assert beyond.admit("wild", [(str(number), {}) for number in range(10)])
    gate.now = DAY - 1
    assert beyond.admit("wild", [("0", {})])
    assert not gate.admits("new", "wild")
    gate.now = DAY
    assert gate.admits("new", "wild")
    assert not beyond.admit("wild", [(f"newer {number}", {}) for number in range(10)])
    assert beyond.admit("wild", [(f"newer {number}", {}) for number in range(8)])
    assert len(beyond) == 10


def test_nothing_makes_room_for_a_series_that_is_not_stored_all_the_same() -> None:
    """Sensors with a reading a day and a bit stay, where half of the room is another one's."""
    gate = Gate(10)
    for number in range(10):
        gate.admits(f"daily {number}")
        assert gate.admits(f"daily {number}")
    gate.now = DAY - 1
    for number in range(4, 10):
        assert gate.admits(f"daily {number}")
    gate.now = DAY + 60
    assert not gate.admits("made up")
    assert all(gate.admits(f"daily {number}") for number in range(4))


def test_every_sensor_that_comes_again_finds_the_room_that_there_is() -> None:
    """Alone or with hundreds in one message: that another name was remembered in the same place costs nobody his room."""
    gate = Gate(10_000, few=10_000)
    assert all(gate.admits(f"first {number}") for number in range(5000))
    rest = [f"second {number}" for number in range(5000)]
    for _ in range(2):
        stored = [gate.admits(name) for name in rest[:4000]]
    assert all(stored)
    message = [(name, dict[str, str]()) for name in rest[4000:]]
    assert [gate.beyond.admit("gateway", message) for _ in range(2)] == [False, True]
    assert len(gate.beyond) == 10_000


def test_other_tags_are_another_series_of_the_store() -> None:
    """A tag that is new in each message costs the store as much as a name that is new."""
    gate = Gate(10)
    assert sum(gate.admits("a", "topic", {"count": str(number)}) for number in range(100)) == 5


def test_a_series_is_told_of_once() -> None:
    """Not again with each reading."""
    gate = Gate(10)
    gate.admits("a")
    assert gate.beyond.newest == "a"
    gate.beyond.newest = None
    gate.admits("a")
    assert gate.beyond.newest is None


def test_a_series_that_was_admitted_quietly_is_told_of_when_it_is_admitted_otherwise() -> None:
    """It found no slot after all."""
    gate = Gate(10)
    assert gate.beyond.admit("t", [("a", {})], quietly=True)
    assert gate.beyond.newest is None
    gate.admits("a", "t")
    assert gate.beyond.newest == "a"
    gate.beyond.newest = None
    gate.admits("a", "t")
    assert gate.beyond.newest is None


def test_long_names_take_no_memory() -> None:
    """A million names of any length take some megabytes together."""
    gate = Gate(1000)
    tags = {"site": "y" * 8000}
    tracemalloc.start()
    for number in range(3000):
        gate.admits(f"{number // 2}{'x' * 1000}", "", tags)
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert len(gate.beyond) == 1000
    assert size < 4_000_000


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 3), st.floats(0, DAY)), max_size=100), st.integers(1, 8))
def test_never_more_series_in_a_day_than_there_is_room_for(steps: list[tuple[int, int, float]], most: int) -> None:
    """Whatever comes in whatever order: new ones within any day, and those known at once."""
    gate = Gate(most, few=3)
    began: list[float] = []
    heard: dict[int, float] = {}
    for number, topic, pause in steps:
        gate.now += pause / 10
        known = number in heard and gate.now - heard[number] < DAY
        if gate.admits(str(number), f"t{topic}"):
            if not known:
                began.append(gate.now)
            heard[number] = gate.now
        else:
            assert not known
        assert len(gate.beyond) <= most
        assert sum(gate.now - moment < DAY for moment in began) <= most

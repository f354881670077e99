"""A device keeps the newest coming values of each input, and brings them back after a restart."""

import json
import sys
from collections.abc import Mapping
from types import FrameType

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.contract.ahead.issues import Issues
from edge.contract.ahead.known import Known
from edge.contract.contract import Context, Contract
from edge.contract.schema import INPUT
from edge.contract.times import DAY, SECOND, parse_time
from edge.errors import PayloadError
from edge.inputs.kept import MOST_KEPT, MOST_ON_GRID, NEWEST, PAST, Inputs, newest, of_points, to_points
from edge.inputs.rule import InputRule
from edge.messages.message import Message

HOUR = 3600 * SECOND
NOW = parse_time("2026-01-31T06:00Z")
RULES = (InputRule(name="wind", topic="w", value="wind"), InputRule(name="sun", topic="w", value="sun"))
CONTRACT = Contract(HOUR, 4, 3, inputs=(Known("wind"), Known("sun")))


def message(arrival: int, *documents: Mapping[str, object], topic: str = "w") -> Message:
    """A message that comes at a moment."""
    return Message(topic, json.dumps(documents).encode(), arrival, retained=True, mid=1, qos=1, session=1)


def told(inputs: Inputs, origin: int, name: str = "wind") -> list[float]:
    """Three leads of an input at an origin; -1 for missing."""
    return [-1 if value != value else value for value in inputs.ahead(HOUR)[name].at(np.array([origin]), 3)[0]]  # noqa: PLR0124


def test_a_message_may_bring_several_inputs() -> None:
    """Each keeps its newest values; an origin before the newest message is told what was known then."""
    inputs = Inputs(RULES)
    first, later = ({"time": (NOW + lead * HOUR) // SECOND, "wind": lead + plus, "sun": 9} for lead, plus in ((0, 1), (1, 5)))
    assert inputs.filters == ["w", "w"]
    assert not inputs.take(message(NOW, first, topic="other"))
    assert inputs.take(message(NOW - HOUR, first, {**first, "time": (NOW + HOUR) // SECOND}))
    assert inputs.take(message(NOW + 1, later))
    assert told(inputs, NOW) == [1, 1, -1]
    assert told(inputs, NOW + HOUR) == [6, -1, -1]
    assert told(inputs, NOW, "sun") == [9, 9, -1]


def test_what_is_wrong_costs_only_itself() -> None:
    """One input of a message is said to be missing, the other one counts; a message without any is refused."""
    inputs, said = Inputs(RULES), list[str]()
    inputs.say = lambda _, text: said.append(text)
    inputs.take(message(NOW, {"time": NOW // SECOND, "wind": 3}))
    assert told(inputs, NOW) == [3, -1, -1]
    assert "sun" not in inputs.ahead(HOUR)
    assert said[0].endswith("the other inputs of the message count")
    with pytest.raises(PayloadError):
        inputs.take(message(NOW, {"time": NOW // SECOND}))
    assert told(inputs, NOW) == [3, -1, -1]


def test_two_sensors_of_one_measured_input_are_said() -> None:
    """Their values would mix; lists of coming values may come from several topics, such as those of today and tomorrow."""
    rules = (InputRule(name="garden", topic="s/#", value="", time="", fill="hold"), InputRule(name="price", topic="p/+"))
    inputs, said = Inputs(rules), list[tuple[str, str]]()
    inputs.say = lambda kind, text: said.append((kind, text))
    for topic, payload in (
        ("s/a", "1"),
        ("s/a", "2"),
        ("p/a", '[{"time": 1769839200, "value": 3}]'),
        ("p/b", '{"time": 1769842800, "value": 3}'),
    ):
        inputs.take(Message(topic, payload.encode(), NOW, retained=False, mid=1, qos=1, session=1))
    assert said == []
    inputs.take(Message("s/b", b"2", NOW, retained=False, mid=1, qos=1, session=1))
    assert said == [
        (
            "shared_input",
            "[[input]] garden: the topics 's/a' and 's/b' both bring its values, so they mix; write the topic of one sensor",
        )
    ]


def test_a_restart_brings_back_what_was_known() -> None:
    """Only what changed is written; an input that is configured no longer is left out."""
    inputs = Inputs(RULES)
    inputs.take(message(NOW, {"time": NOW // SECOND, "wind": 3, "sun": 4}))
    assert set(inputs.dump()) == {"wind", "sun"}
    assert inputs.dump() == {}
    again = Inputs(RULES[:1])
    again.load(inputs.dump(whole=True))
    assert told(again, NOW) == [3, -1, -1]
    assert list(again.ahead(HOUR)) == ["wind"]
    with pytest.raises(ValueError, match="input wind"):
        again.load({"wind": b"\xff"})


def test_missing_inputs_of_the_bundle_are_named() -> None:
    """Those of which no coming interval is known, whatever was known of the past."""
    inputs = Inputs(RULES)
    assert inputs.missing(CONTRACT.plain, NOW) == []
    assert inputs.problem(CONTRACT.plain, NOW) is None
    inputs.take(message(NOW, {"time": NOW // SECOND, "wind": 3, "sun": 4}, {"time": (NOW + 2 * HOUR) // SECOND, "wind": 3}))
    assert inputs.missing(CONTRACT, NOW + HOUR) == ["sun"]
    assert "no coming values are known of the inputs wind, sun:" in (inputs.problem(CONTRACT, NOW + DAY) or "")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ((3, 4, 5), None),
        ((3, 4, 900), None),
        ((3, 900, 700), "wind (now 700, in training 2 give or take 3)"),
        ((29, 30, 33), None),
        ((32, 33, 34), "wind (now 33, in training 2 give or take 3)"),
        ((-9999, -9999, -9999), "wind (now -9999, in training 2 give or take 3)"),
    ],
)
def test_inputs_of_another_unit_are_named(values: tuple[float, ...], said: str | None) -> None:
    """Half of the coming values have to be more than 10 spreads off: no storm lasts for so long."""
    inputs, contract = Inputs(RULES), Contract(HOUR, 4, 3, inputs=(Known("wind", centre=2, spread=3), Known("sun")))
    inputs.take(message(NOW, *({"time": (NOW + k * HOUR) // SECOND, "wind": value} for k, value in enumerate(values, 1))))
    words = inputs.unusual(contract, NOW)
    assert words is None if said is None else said in (words or "")
    assert inputs.unusual(contract, NOW + DAY) is None
    assert inputs.unusual(contract.plain, NOW) is None


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 90), st.integers(0, 90), st.integers(0, 9)), max_size=60))
def test_rows_of_the_store_give_back_every_issue(rows: list[tuple[int, int, int]]) -> None:
    """Issues of one moment have rows of their own, late ones too, and the last row of a moment is that of the newest one."""
    columns = zip(*rows, strict=True) if rows else ((), (), ())
    hours = [np.array(column, np.int64) for column in columns]
    issues = Issues(NOW + hours[0] * HOUR, NOW + hours[1] * HOUR, hours[2].astype(float)).sorted()
    points = to_points(0, issues)
    assert points.measurement is INPUT
    assert len(np.unique(points.time)) == len(issues)
    order = np.lexsort((points.time, issues.time))
    same = np.diff(issues.time[order]) == 0
    assert (np.diff(issues.issued[order])[same] > 0).all()
    again = of_points(points).get(0, Issues.of()).sorted()
    for one, other in ((again.issued, issues.issued), (again.time, issues.time), (again.value, issues.value)):
        np.testing.assert_array_equal(one, other)


def test_rows_of_another_program_need_no_moment_of_issue() -> None:
    """They count as known from the beginning."""
    points = to_points(0, Issues.of([NOW], [NOW + HOUR], [5]))
    points.fields["issued"] = np.array([np.nan])
    (issues,) = of_points(points).values()
    assert issues.on_grid(HOUR).at(np.array([NOW]), 2)[0, 1] == 5


def test_what_is_kept_has_a_bound() -> None:
    """The newest issues of each moment, of two days and what is to come."""
    times = np.arange(10) * HOUR + NOW
    many = Issues.concatenate([Issues(np.full(10, NOW + hour * HOUR), times, np.full(10, float(hour))) for hour in range(9)])
    kept = newest(many)
    assert len(kept) == NEWEST * 10
    assert set(kept.value.tolist()) == {6, 7, 8}
    late = newest(Issues.concatenate([kept, Issues.of([NOW + PAST + 6 * HOUR], [NOW + 9 * DAY], [1])]))
    assert late.time.min() == NOW + 6 * HOUR
    long = Issues(np.zeros(3 * MOST_KEPT, np.int64), np.arange(3 * MOST_KEPT), np.zeros(3 * MOST_KEPT))
    assert len(newest(long)) == MOST_KEPT


def test_a_clock_that_was_ahead_costs_only_what_came_then() -> None:
    """Values that were told by it would else keep all later ones out, over every restart."""
    inputs, ahead = Inputs(RULES), NOW + 3650 * DAY
    inputs.take(message(ahead, {"time": ahead // SECOND, "wind": 1}))
    inputs.take(message(NOW, {"time": NOW // SECOND, "wind": 3}))
    assert told(inputs, NOW) == [3, -1, -1]


def test_messages_cannot_fill_the_memory() -> None:
    """A value that holds for 86,400 seconds is one row; where many issues cut each other, the nearest rows count."""
    inputs = Inputs(RULES)
    inputs.take(message(NOW, *({"time": (NOW + day * DAY) // SECOND, "wind": day} for day in range(1000))))
    wind = inputs.ahead(SECOND)["wind"]
    assert len(wind) == 1000
    assert wind.at(np.array([NOW + 2 * DAY - SECOND]), 2).tolist() == [[1, 2]]
    issued = NOW + np.repeat(np.arange(1500), 2)
    time = issued + np.repeat(np.arange(1500), 2) * SECOND + np.tile([0, DAY], 1500)
    overlapping = msgspec.msgpack.encode((issued.tolist(), time.tolist(), [1.0] * 3000))
    inputs = Inputs(RULES)
    inputs.load({"wind": overlapping})
    assert len(inputs.ahead(SECOND)["wind"]) == MOST_ON_GRID


def test_a_row_whose_moment_no_clock_shows_is_left_out() -> None:
    """Another program that writes milliseconds would have its values known from the beginning, or never."""
    points = to_points(0, Issues.of([NOW] * 4, [NOW + hour * HOUR for hour in range(4)], range(4)))
    points.fields["issued"] = np.array([NOW // SECOND, NOW // 10**6, -5.0, np.inf])
    (issues,) = of_points(points).values()
    assert issues.value.tolist() == [0]


def test_a_retained_message_that_comes_again_tells_nothing_new() -> None:
    """A connection that breaks again and again would else fill the store, and push out what was known by an origin."""
    inputs, same = Inputs(RULES[:1]), [{"time": (NOW + lead * HOUR) // SECOND, "wind": lead} for lead in range(3)]
    for minute in (-60, 1, 2, 3):
        inputs.take(message(NOW + minute * 60 * SECOND, *same))
    assert told(inputs, NOW) == [0, 1, 2]
    assert sum(len(points) for points in inputs.points()) == len(same)
    inputs.take(message(NOW + HOUR, *same[:2], {**same[2], "wind": 7}))
    assert told(inputs, NOW + HOUR) == [1, 7, -1]


def test_a_retained_message_of_a_source_that_died_fills_no_store() -> None:
    """Two days after its last value it tells nothing new either; one that was not retained may come from a buffer."""
    inputs, old = Inputs(RULES[:1]), [{"time": (NOW - (9 * 24 + lead) * HOUR) // SECOND, "wind": lead} for lead in range(3)]
    for minute in range(4):
        inputs.take(message(NOW + minute * 60 * SECOND, *old))
    assert sum(len(points) for points in inputs.points()) == len(old)
    inputs.take(message(NOW + HOUR, {**old[0], "wind": 7}))
    earlier = [{"time": old[2]["time"] - 3600, "wind": 8}]
    inputs.take(message(NOW + HOUR, *earlier))
    assert [points.fields["value"] for points in inputs.points()] == [7]
    inputs.take(msgspec.structs.replace(message(NOW + HOUR, *earlier), retained=False))
    assert [points.fields["value"] for points in inputs.points()] == [8]


def test_a_retained_number_does_not_let_a_dead_sensor_tell_on() -> None:
    """It has no time of its own: the value that is known is as old as it was; another value is a newer one."""
    inputs = Inputs([InputRule(name="garden", topic="s", time="", value="", fill="hold", hold="3h")])
    contract = Contract(HOUR, 4, 3, inputs=(Known("garden", hold=3 * HOUR),))

    def hear(hour: int, payload: bytes, *, retained: bool = True) -> list[str]:
        arrival = NOW + hour * HOUR
        inputs.take(Message("s", payload, arrival, retained=retained, mid=1, qos=1, session=1))
        return inputs.missing(contract, arrival)

    assert hear(0, b"21.5") == []
    assert hear(1, b"21.5", retained=False) == []
    assert [hear(hour, b"21.5") for hour in (2, 6, 20)] == [[], ["garden"], ["garden"]]
    assert hear(21, b"22.5") == []
    assert hear(40, b"22.5") == ["garden"]
    assert hear(41, b"22.5", retained=False) == []
    assert sum(len(points) for points in inputs.points()) == 4


def test_the_health_page_keeps_no_message_out() -> None:
    """It looks from a thread of its own; what it laid out while a message came does not stand for what is known then."""
    inputs = Inputs(RULES)
    inputs.take(message(NOW, {"time": NOW // SECOND, "wind": 3}))

    def message_comes(frame: FrameType, event: str, _: object) -> None:
        if event == "return" and frame.f_code.co_name == "on_grid":
            sys.setprofile(None)
            inputs.take(message(NOW, {"time": NOW // SECOND, "wind": 4, "sun": 5}))

    sys.setprofile(message_comes)
    assert inputs.missing(CONTRACT, NOW - 1) == ["sun"]
    assert sys.getprofile() is None
    assert told(inputs, NOW) == [4, -1, -1]
    assert told(inputs, NOW, "sun") == [5, -1, -1]


def test_a_value_that_holds_is_kept_however_old_it_is() -> None:
    """The one before the last two days is known of the day before, when another one comes."""
    inputs = Inputs([InputRule(name="set", topic="s", time="", fill="hold", hold="30d")])
    contract = Contract(HOUR, 4, 3, inputs=(Known("set", hold=30 * DAY),))
    for hours, value in ((0, 20.0), (1, 21.0), (9 * 24, 22.0)):
        inputs.take(
            Message("s", json.dumps({"value": value}).encode(), NOW + hours * HOUR + 1, retained=False, mid=1, qos=1, session=1)
        )
    known = Context(np.array([NOW + 9 * DAY + HOUR]), inputs.ahead(HOUR)).known(contract)["set"]
    assert known[0].tolist() == [*[21.0] * 23, *[22.0] * 4]
    assert inputs.missing(contract, NOW + 9 * DAY) == []
    assert inputs.missing(contract, NOW + 39 * DAY + 2 * HOUR) == ["set"]

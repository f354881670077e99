"""Bad input costs only itself: counted by kind, said once a minute, skipped."""

import gc
import sys
import tracemalloc
from collections import Counter

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.times import SECOND
from edge.messages.formats.payload import LARGEST_PAYLOAD
from edge.messages.message import LONGEST_TOPIC, Message
from tests.support.desk import GOOD, NOW, Desk
from tests.support.ingests import ingest


def test_readings_come_in_order_of_arrival() -> None:
    """Each series gets the next index and its tags; the topic's first rule counts."""
    desk = Desk()
    rows = desk.take(("sensors/roof/t", GOOD), ("plain/roof", b"7"), ("sensors/roof/t", b'{"value": "3", "time": 1768478401}'))
    assert rows == [(0, NOW, 21.5), (1, NOW, 7.0), (0, NOW + SECOND, 3.0)]
    assert desk.series.names == ["roof.t", "roof"]
    assert desk.series.tags == [{"site": "roof", "metric": "t"}, {"site": "roof"}]
    assert not desk.counts


@pytest.mark.parametrize(
    ("topic", "payload", "kind"),
    [
        ("other/roof", GOOD, "unknown_topic"),
        ("", GOOD, "unknown_topic"),
        ("x" * 1025, GOOD, "long_topic"),
        ("x" * 256 + "\N{THERMOMETER}", GOOD, "long_topic"),
        ("sensors/roof/t", b"{", "bad_json"),
        ("sensors/roof/t", b'{"value": true, "time": 1768478400}', "bad_value"),
        ("sensors/roof/t", b'{"value": 1}', "no_time"),
        ("sensors/roof/t", b'{"value": 1, "time": 0}', "bad_time"),
        ("sensors/roof/t", b'{"value": 1, "time": "2099-12-31T00:00:00Z"}', "future"),
        ("sensors/roof/t", b" " * (LARGEST_PAYLOAD + 1), "too_large"),
        ("plain/roof", b"nan", "bad_value"),
        ("sensors/roof/t", b"", "no_value"),
        ("plain/roof", b"", "no_value"),
    ],
)
def test_bad_message_is_counted_and_its_neighbours_are_kept(topic: str, payload: bytes, kind: str) -> None:
    """Nothing but the bad message is skipped, and it makes no series."""
    desk = Desk()
    assert desk.take(("plain/a", b"1"), (topic, payload), ("plain/b", b"2")) == [(0, NOW, 1.0), (1, NOW, 2.0)]
    assert desk.counts == {kind: 1}
    assert desk.series.names == ["a", "b"]
    assert len(desk.lines) == 1
    assert desk.lines[0].startswith(f"{kind}: ")
    assert len(desk.lines[0]) < 400


def test_retained_message_counts_only_with_a_time_of_its_own() -> None:
    """Without one its value may be of any age."""
    desk = Desk()
    assert desk.take(("plain/roof", b"7"), retained=True) == []
    assert desk.counts == {"retained": 1}
    assert desk.take(("sensors/roof/t", GOOD), retained=True) == [(0, NOW, 21.5)]


def untimed(mid: int, arrival: int, payload: bytes = b"7", *, dup: bool = False) -> Message:
    """A message whose reading gets the time of arrival."""
    return Message("plain/roof", payload, arrival, False, mid, 1, 1, dup)


def test_a_message_sent_again_keeps_its_first_time_of_arrival() -> None:
    """Within a batch, after the commit, and the third time; it is one reading then."""
    desk = Desk()
    again = untimed(5, NOW + 1, dup=True)
    assert desk.intake.take([untimed(5, NOW), again]).time.tolist() == [NOW, NOW]
    for _ in range(2):
        desk.committed.update(desk.intake.arrivals)
        assert desk.intake.take([again]).time.tolist() == [NOW]
    assert desk.intake.take([untimed(6, NOW + 2), untimed(5, NOW + 3)]).time.tolist() == [NOW + 2, NOW + 3]


def test_only_the_same_message_is_taken_for_one_sent_again() -> None:
    """Another identifier, another payload, no flag, or a first delivery that was never committed: its own time."""
    desk = Desk()
    desk.intake.take([untimed(5, NOW), untimed(6, NOW, b"8")])
    desk.committed.update(desk.intake.arrivals)
    later = [untimed(7, NOW + 1, dup=True), untimed(6, NOW + 2, dup=True), untimed(5, NOW + 3)]
    assert desk.intake.take(later).time.tolist() == [NOW + 1, NOW + 2, NOW + 3]


def test_messages_with_a_time_or_without_an_identifier_are_not_remembered() -> None:
    """Their readings are the same when they come again, or never come again."""
    desk = Desk()
    desk.take(("sensors/roof/t", GOOD))
    desk.intake.take([Message("plain/roof", b"7", NOW, False, 0, 0, 1)])
    assert desk.intake.arrivals == {}


def test_arrival_by_a_clock_that_was_never_set_is_no_time() -> None:
    """A gateway that starts in 1970 keeps readings with a time of their own, and no others."""
    desk = Desk()
    assert desk.take(("plain/roof", b"7"), ("sensors/roof/t", GOOD), arrival=60 * SECOND) == [(0, NOW, 21.5)]
    assert desk.counts == {"no_clock": 1}


def test_sensor_clock_may_be_ten_minutes_ahead() -> None:
    """One second more is the future."""
    desk = Desk()
    ahead = [("sensors/roof/t", b'{"value": 1, "time": %d}' % (1_768_478_400 + late)) for late in (600, 601)]
    assert len(desk.take(*ahead)) == 1
    assert desk.counts == {"future": 1}


def test_series_beyond_the_limit_are_stored_and_known_ones_go_on() -> None:
    """With their tags and for the next commit, once; what can be no reading is refused as for any series."""
    desk = Desk(most=2)
    early, late = b'{"value": 1, "time": 1768478400}', b'{"value": 1, "time": "2099-12-31T00:00:00Z"}'
    given = [(f"plain/{name}", b"1") for name in "abcab"] + [("sensors/c/t", early), ("plain/c", b"2"), ("plain/c", b"x")]
    assert len(desk.take(*given, ("sensors/c/t", late))) == 4
    assert desk.counts == {"too_many_series": 1, "bad_value": 1, "future": 1}
    assert desk.series.names == ["a", "b"]
    assert desk.intake.used == 6
    points, table = desk.beyond.take()
    assert (table.names, table.tags) == (["c"], [{"site": "c"}])
    assert [part.readings().value.tolist() for part in points] == [[1.0, 2.0]]
    assert desk.beyond.take()[0] == []
    assert any("'c' is stored without a forecast" in line and "raise max_series" in line for line in desk.lines)
    topics = {document["topic"]: document["readings"] for document in desk.intake.records.documents()}
    assert topics == {"plain/a": 2, "plain/b": 2, "plain/c": 2, "sensors/c/t": 0}


def test_a_message_of_known_and_further_series_gives_both() -> None:
    """The topic is known by the first ones."""
    desk = Desk(ingest("{device}", value="*", time=""), most=1)
    desk.take(("roof", b'{"t": 1}'))
    assert desk.take(("roof", b'{"t": 2, "h": 3}')) == [(0, NOW, 2.0)]
    assert [part.readings().value.tolist() for part in desk.beyond.take()[0]] == [[3.0]]


def test_readings_of_further_series_do_not_wait_for_the_clock() -> None:
    """Like all others they are stored whatever a clock says that has not proved itself."""
    desk = Desk(most=1)
    desk.trust.look(NOW, 0.0, synchronised=False)
    desk.take(("plain/a", b"1"), ("sensors/c/t", b'{"value": 1, "time": "2027-12-31T00:00:00Z"}'))
    assert [len(part) for part in desk.beyond.take()[0]] == [1]


def test_a_list_of_thousands_of_names_costs_only_itself() -> None:
    """It makes no series, one line says what to do, and the sensors that come after it find room."""
    desk = Desk(ingest("{device}", value="*", time=""), most=10_000)
    assert desk.take(("wild", b"[%s]" % b",".join([b"1"] * 30_000)), ("roof", b'{"t": 1}')) == [(0, NOW, 1.0)]
    assert desk.counts == {"too_many_series": 1}
    assert desk.series.names == ["roof.t"]
    (line,) = desk.lines
    assert "30000 new series" in line
    assert "raise [agent] max_series to" in line
    assert "on topic 'wild'; skipped" in line


def test_bad_payload_takes_no_place_among_the_series() -> None:
    """A series begins with its first reading."""
    desk = Desk(most=1)
    desk.take(("plain/noise", b"on"))
    assert desk.take(("plain/real", b"1")) == [(0, NOW, 1.0)]


def test_same_kind_is_said_once_a_minute_with_the_number_left_out() -> None:
    """Other kinds are heard at once."""
    desk = Desk()
    desk.take(*[("plain/a", b"on")] * 500, ("other", b""))
    assert [line.split(":")[0] for line in desk.lines] == ["bad_value", "unknown_topic"]
    desk.seconds = 59.9
    desk.take(("plain/a", b"on"))
    assert len(desk.lines) == 2
    desk.seconds = 60.0
    desk.take(("plain/a", b"off"))
    assert "'off'" in desk.lines[2]
    assert desk.lines[2].endswith("(and 500 more like it)")
    assert desk.counts == {"bad_value": 502, "unknown_topic": 1}


def test_made_up_topics_leave_the_good_ones_in_the_cache() -> None:
    """Only topics of known series are remembered, and no flood clears them."""
    desk = Desk(ingest("plain/{site}/{anything}", series="{site}", format="plain"), most=2)
    desk.take(("plain/a/x", b"1"), ("plain/b/x", b"1"))
    good = dict(desk.intake._topics)
    for start in range(0, 1000, 100):
        desk.take(*[(f"plain/{number}/x", b"1") for number in range(start, start + 100)], ("plain/c", b"1"), ("no", b"1"))
    desk.take(*[(f"plain/a/{number}", b"1") for number in range(10)])
    assert desk.intake._topics == good
    assert list(good) == ["plain/a/x", "plain/b/x"]


def test_made_up_topics_do_not_fill_the_memory() -> None:
    """Twenty thousand known and unknown topics leave one for each series that may be there."""
    desk = Desk(most=100)
    messages = [Message(f"{kind}/{number}", b"1", NOW, False, 0, 0, 1) for number in range(10_000) for kind in ("plain", "no")]
    messages += [Message(f"plain/{'x' * LONGEST_TOPIC}{number}", b"1", NOW, False, 0, 0, 1) for number in range(1000)]
    desk.intake.take(messages[:2000])
    tracemalloc.start()
    for start in range(0, len(messages), 2000):
        desk.intake.take(messages[start : start + 2000])
    gc.collect()  # errors that were caught wait in circles until then
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 500_000
    assert len(desk.series) == 100
    assert sum(desk.counts.values()) > 20_000
    assert len(desk.lines) == 4


def test_tags_that_change_with_every_message_do_not_fill_the_memory() -> None:
    """Only what comes again is remembered, and a long list of sensors is known after some messages."""
    rule = ingest("{device}", value="*", tags={"number": "{$.number}"}, time="")
    desk = Desk(rule)
    payloads = [b'{"a":1,"b":2,"number":%d}' % number for number in range(1500)]
    desk.take(("one", payloads[0]))
    tracemalloc.start()
    for payload in payloads:
        desk.take(("one", payload))
    gc.collect()  # errors that were caught wait in circles until then
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 200_000
    assert desk.series.names == ["one.a", "one.b"]


NESTINGS = {"lists": (b"[", b"]"), "objects": (b'{"a":', b"}"), "both": (b'[{"a":', b"}]")}
PLACES = {
    "value": b'{"value": %s, "time": 1768478400}',
    "time": b'{"value": 1, "time": %s}',
    "elsewhere": b'{"x": %s, "value": 1, "time": 1768478400}',
    "alone": b"%s",
}


def nested(kind: str, place: str, depth: int) -> bytes:
    """A document with a nesting of that depth at that place."""
    opening, closing = NESTINGS[kind]
    return PLACES[place] % (opening * depth + b"1" + closing * depth)


def deepest(kind: str, place: str) -> int:
    """The deepest nesting that is JSON for the decoder, or that fits into a payload."""
    low, high = 1, LARGEST_PAYLOAD // len(b"".join(NESTINGS[kind])) - 20
    while low < high:
        middle = (low + high + 1) // 2
        try:
            msgspec.json.decode(nested(kind, place, middle))
            low = middle
        except RecursionError:
            high = middle - 1
    return low


def take_deep(desk: Desk, frames: int, batch: list[tuple[str, bytes]]) -> list[tuple[int, int, float]]:
    """What is taken that many frames further down the stack."""
    return take_deep(desk, frames - 1, batch) if frames else desk.take(*batch)


@pytest.mark.parametrize("kind", NESTINGS)
@pytest.mark.parametrize("place", PLACES)
def test_no_depth_of_nesting_ends_anything(kind: str, place: str) -> None:
    """What cannot be used is counted, and its neighbours are kept.

    Every depth around the limits of decoder and interpreter, others up to the largest payload; three places in the stack.
    """
    limit, largest = deepest(kind, place), LARGEST_PAYLOAD // len(b"".join(NESTINGS[kind])) - 20
    around = {depth for near in (limit, sys.getrecursionlimit()) for depth in range(near - 160, near + 40)}
    depths = sorted(depth for depth in around | set(range(1, largest, largest // 150)) if 0 < depth <= largest)
    for frames in (0, 7, 300):
        desk = Desk()
        found: list[tuple[int, int, float]] = []
        for depth in depths:
            batch = [("plain/a", b"1"), ("sensors/roof/t", nested(kind, place, depth)), ("plain/b", b"2")]
            found += take_deep(desk, frames, batch)
        assert len(found) - 2 * len(depths) == len(depths) - sum(desk.counts.values())
        assert place == "elsewhere" or sum(desk.counts.values()) == len(depths)
        assert set(desk.counts) <= {"bad_json", "bad_value", "bad_time", "no_value", "bad_message"}
        assert all(line.isprintable() for line in desk.lines)


def test_whatever_one_message_raises_costs_that_message() -> None:
    """An error nobody thought of is counted and named; one of the machine is not the message's."""
    rule = ingest("plain/{site}", format="plain")
    errors = [ZeroDivisionError("x\ny"), RecursionError(), KeyError("x"), MemoryError()]
    rule.read = lambda payload: raise_first(errors) if payload == b"surprise" else payload.decode()
    desk = Desk(rule)
    for _ in range(3):
        assert len(desk.take(("plain/a", b"1"), ("plain/b", b"surprise"), ("plain/c", b"2"))) == 2
    assert desk.counts == {"bad_message": 3}
    assert desk.lines == ["bad_message: unexpected ZeroDivisionError while it was read on topic 'plain/b'; skipped"]
    with pytest.raises(MemoryError):
        desk.take(("plain/b", b"surprise"))


def raise_first(errors: list[Exception]) -> None:
    """Raise the first of the errors, and take it off."""
    raise errors.pop(0)


@pytest.mark.parametrize("payload", [b"x\n2026-11-26 00:00:00,000 bundle is live", b"\x1b[2Jx", "\u202ex".encode()])
def test_nobody_writes_lines_of_ours(payload: bytes) -> None:
    """Line breaks and terminal commands in payload and topic are escaped."""
    desk = Desk()
    desk.take(("sensors/a\n\x1b/t", payload), ("plain/a\r\n", payload), (payload.decode() * 20, b"1"))
    assert len(desk.lines) == 3
    assert all(line.isprintable() for line in desk.lines)


@given(st.lists(st.tuples(st.text(), st.binary()), max_size=5))
def test_any_topics_and_payloads_are_readings_or_counted(pairs: list[tuple[str, bytes]]) -> None:
    """Each message is one or the other."""
    desk = Desk(ingest("{a}/{b}"), ingest("{a}/{b}/{c}", format="plain"), ingest("{x}", time=""), most=1000)
    assert len(desk.take(*pairs)) == desk.intake.used
    assert desk.intake.used + desk.intake.skipped == len(pairs)
    assert desk.intake.skipped == sum(desk.counts.values())
    assert desk.counts["bad_message"] == 0


def test_that_no_message_can_be_used_is_a_problem_until_one_can() -> None:
    """Sensors in local time are all skipped, and others do not hide that; one bad among good ones says nothing."""
    desk = Desk()
    ahead = b'{"value": 1, "time": "2026-01-15T13:00:00Z"}'
    desk.take(*[("sensors/roof/t", ahead)] * 9)
    assert desk.intake.records.problem is None
    desk.take(("sensors/roof/t", ahead))
    assert desk.intake.records.problem == (
        "none of the last 10 messages could be used, the last one: future: the time lies ahead of ours; "
        "check the sensor's clock, "
        "or [[ingest]] timezone if it writes local time on topic 'sensors/roof/t'; see gatecast-agent topics"
    )
    desk.take(*[("plain/a", b"1")] * 20, retained=True)
    assert str(desk.intake.records.problem).startswith("none of the last 10 messages")
    desk.take(("plain/a", b"1"))
    assert "messages of [[ingest]] topic 'sensors/{site}/{metric}'" in str(desk.intake.records.problem)
    desk.take(("sensors/roof/t", b'{"value": 1, "time": "2026-01-15T12:00:00Z"}'))
    assert desk.intake.records.problem is None
    desk.take(*[("plain/a", b"x"), ("plain/b", b"1")] * 20)
    assert desk.intake.records.problem is None


def test_a_topic_that_is_known_is_read_as_it_was_the_first_time() -> None:
    """The short way for usual messages gives the same readings, counts and records, and says what the long way says."""
    payloads = [
        GOOD,
        b"{",
        b'{"value": nan, "time": 1}',
        b'{"value": 1, "time": "2099-12-31T00:00:00Z"}',
        b"x" * 70_000,
        b'{"value": 1}',
    ]
    desk = Desk()
    desk.take(*[("sensors/roof/t", GOOD)] * 3)
    for payload in payloads:
        fresh, before = Desk(), Counter(desk.counts)
        for retained in (False, True):
            assert desk.take(("sensors/roof/t", payload), retained=retained) == fresh.take(
                ("sensors/roof/t", payload), retained=retained
            )
        assert desk.counts - before == fresh.counts
    (record,) = desk.intake.records.documents()
    assert (record["messages"], record["readings"]) == (3 + 2 * len(payloads), 5)
    assert desk.intake.used + desk.intake.skipped == 1


def test_a_retained_message_gives_what_has_a_time_of_its_own() -> None:
    """What counts from the arrival may be of any age."""
    desk = Desk(ingest("senml/{box}", format="senml"), ingest("lines/{box}", format="line_protocol"))
    pack = b'[{"n": "a", "v": 1}, {"n": "b", "t": -30, "v": 2}, {"n": "c", "t": 1768478400, "v": 3}]'
    assert desk.take(("senml/box", pack), ("lines/box", b"m a=4 1768478400000000000\nm a=5"), retained=True) == [
        (0, NOW, 3.0),
        (1, NOW, 4.0),
    ]
    assert desk.counts == {"retained": 3}


def test_another_unit_behind_the_number_is_not_the_same_number() -> None:
    """As in `200 W` and then `1.2 kW`: each topic keeps to the unit that it began with, and the others go on."""
    rule = ingest("{device}", format="plain", suffix=True)
    desk = Desk(rule)
    messages = (("a", b"200.0 W"), ("b", b"55 %"), ("a", b"1.2 kW"), ("b", b"56 %"), ("a", b"210 W"), ("a", b"220"))
    assert [value for _, _, value in desk.take(*messages)] == [200.0, 55.0, 56.0, 210.0, 220.0]
    assert desk.counts == {"bad_value": 1}
    assert "expected 'W' behind the number as before, got 'kW'; set [[ingest]] unit to the right one" in desk.lines[0]

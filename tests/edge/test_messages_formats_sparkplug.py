"""`sparkplug` reads births and what they explain (kind: sensors' names in the payload; nothing is misread in silence)."""

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.errors import PayloadError
from edge.messages.formats.sparkplug.reader import Sparkplug
from edge.messages.formats.sparkplug.schema import parse_payload
from edge.messages.reading import read_message
from tests.support.ingests import ingest, left_out, taken
from tests.support.payloads import NOON, sparkplug

if TYPE_CHECKING:
    from edge.messages.formats.payload import Request

SECOND = 1_000_000_000
NODE, DEVICE = ("spBv1.0/Plant/N{}/Line", "spBv1.0/Plant/D{}/Line/Oven")
BIRTH = sparkplug(
    0,
    {"name": "bdSeq", "datatype": 4, "long_value": 3},
    {"name": "Node Control/Rebirth", "datatype": 11, "boolean_value": False},
    {"name": "Air/Temperature", "alias": 1, "datatype": 9, "float_value": 21.5, "properties": {"engUnit": "°C"}},
)
DEVICE_BIRTH = sparkplug(1, {"name": "Count", "alias": 2, "datatype": 3, "int_value": 2**32 - 7, "timestamp": 1768478399000})
# Code, bits, and whether it has a sign.
WHOLE = [(1, 8, True), (2, 16, True), (3, 32, True), (4, 64, True), (5, 8, False), (7, 32, False), (8, 64, False)]
DEATH = sparkplug(None, {"name": "bdSeq", "long_value": 3})


class Peer:
    """A reader of Sparkplug, and what it gives.

    Args:
        reader: the reader; a new one if left out.
    """

    def __init__(self, reader: Sparkplug | None = None) -> None:
        self.reader = reader if reader is not None else Sparkplug()
        self.now = NOON
        self.requests: list[Request] = []

    def hear(self, topic: str, payload: bytes, later: float = 0.0) -> dict[str, object]:
        """Names and values of a message that comes some seconds later; the kind of an error under "!"."""
        self.now += int(later * SECOND)
        try:
            rows = self.reader.read(topic, payload, self.now)
        except PayloadError as error:
            return {"!": error.kind}
        finally:
            self.requests += self.reader.requests(self.now)
        values = {str(row["name"]): row["value"] for row in rows if isinstance(row, dict)}
        kinds = [row.kind for row in rows if isinstance(row, PayloadError)]
        return {**values, "!": kinds[0]} if kinds else values

    def data(self, sequence: int, value: float, later: float = 0.0) -> dict[str, object]:
        """What comes of a temperature by its alias."""
        return self.hear(NODE.format("DATA"), sparkplug(sequence, {"alias": 1, "float_value": value}), later)

    def asked(self) -> list[str]:
        """Topics of the requests since the last call."""
        requests, self.requests = self.requests, []
        return [request.topic for request in requests]


def born() -> Peer:
    """A reader that has heard the births of a node and its device."""
    peer = Peer()
    assert peer.hear(NODE.format("BIRTH"), BIRTH) == {"Air/Temperature": 21.5}
    assert peer.hear(DEVICE.format("BIRTH"), DEVICE_BIRTH) == {"Count": -7}
    assert peer.asked() == []
    return peer


def test_a_metric_says_whose_it_is() -> None:
    """Group, node and device, its type, its own time or that of the message, and the unit that the birth names."""
    peer = born()
    (row,) = peer.reader.read(NODE.format("DATA"), sparkplug(2, {"alias": 1, "float_value": 22.5}), NOON)
    assert row == {
        "name": "Air/Temperature",
        "value": 22.5,
        "type": "Float",
        "time": NOON // 1_000_000,
        "unit": "°C",
        "group": "Plant",
        "node": "Line",
        "device": None,
        "series": "Plant.Line.Air/Temperature",
    }
    timed = {"alias": 2, "int_value": 8, "timestamp": 1}
    (row,) = peer.reader.read(DEVICE.format("DATA"), sparkplug(3, timed, time=None), NOON)
    assert isinstance(row, dict)
    assert (row["device"], row["series"], row["time"]) == ("Oven", "Plant.Line.Oven.Count", 1)
    (row,) = peer.reader.read(DEVICE.format("DATA"), sparkplug(4, {"alias": 2, "int_value": 8}, time=None), NOON)
    assert isinstance(row, dict)
    assert "time" not in row


def test_no_two_metrics_share_a_series() -> None:
    """Names with dots in them are joined with slashes, which no name of a node or device holds."""
    names = []
    topics = ("spBv1.0/a.b/NBIRTH/c", "spBv1.0/a/NBIRTH/b.c", "spBv1.0/a/DBIRTH/b/c", "spBv1.0/a/NBIRTH/b")
    for topic, name in [*((topic, "x") for topic in topics), (topics[3], "c.x"), (topics[2], "x/y")]:
        (row,) = Sparkplug().read(topic, sparkplug(0, {"name": name, "datatype": 9, "float_value": 1}), NOON)
        assert isinstance(row, dict)
        names.append(row["series"])
    assert names == ["/a.b/c//x", "/a/b.c//x", "a.b.c.x", "a.b.x", "/a/b//c.x", "a.b.c.x/y"]


def test_a_sequence_of_birth_data_death_and_rebirth() -> None:
    """Data before a birth asks for one; after a death nothing is read by number until the next birth; numbers turn at 255."""
    peer = Peer()
    assert peer.data(7, 1.0) == {"!": "no_birth"}
    (request,) = peer.requests
    command = parse_payload(request.payload)
    assert request.topic == "spBv1.0/Plant/NCMD/Line"
    assert command.timestamp == NOON // 1_000_000
    assert [(m.name, m.datatype, m.boolean_value) for m in command.metrics] == [(b"Node Control/Rebirth", 11, True)]
    assert peer.asked() == [request.topic]
    assert peer.hear(NODE.format("BIRTH"), BIRTH) == {"Air/Temperature": 21.5}
    for sequence in (*range(1, 256), *range(40)):
        assert peer.data(sequence, 2.5) == {"Air/Temperature": 2.5}
    assert peer.asked() == []
    with pytest.raises(PayloadError, match="this NDEATH holds no measurement"):
        peer.reader.read(NODE.format("DEATH"), DEATH, peer.now)
    assert peer.data(40, 3.0, later=60) == {"!": "no_birth"}
    assert peer.asked() == ["spBv1.0/Plant/NCMD/Line"]
    assert peer.hear(NODE.format("BIRTH"), BIRTH) == {"Air/Temperature": 21.5}
    assert peer.data(1, 4.0) == {"Air/Temperature": 4.0}


def test_a_missing_message_asks_for_a_birth() -> None:
    """It may have given the numbers other names; what says its own name and type is read all the same."""
    peer = born()
    assert peer.data(3, 22.0) == {"!": "no_birth"}
    assert peer.asked() == ["spBv1.0/Plant/NCMD/Line"]
    named = sparkplug(4, {"name": "Air/Temperature", "datatype": 9, "float_value": 23.0}, {"name": "Count", "int_value": 1})
    assert peer.hear(NODE.format("DATA"), named) == {"Air/Temperature": 23.0, "!": "no_birth"}
    assert peer.hear(NODE.format("BIRTH"), BIRTH) == {"Air/Temperature": 21.5}
    assert peer.data(1, 22.0) == {"Air/Temperature": 22.0}
    again = peer.hear(DEVICE.format("DATA"), sparkplug(2, {"alias": 2, "int_value": 8}))
    assert again == {"!": "no_birth"}, "a device is born anew"


def test_a_node_is_asked_once_in_ten_seconds_and_ever_less() -> None:
    """One that never answers is asked every ten minutes in the end."""
    peer = Peer()
    times = []
    for second in range(4000):
        peer.data(second % 256, 1.0, later=1)
        times += [second] * len(peer.asked())
    assert times[:5] == [0, 10, 20, 30, 50]
    assert {later - earlier for earlier, later in pairwise(times[8:])} == {600}


def nodes_that_are_asked(reader: Sparkplug, now: int) -> list[int]:
    """Numbers of the nodes whose births are asked for at a moment."""
    return [int(request.topic.rpartition("/")[2]) for request in reader.requests(now)]


def test_thousands_of_unknown_nodes_are_asked_one_after_the_other() -> None:
    """20 in a second, those that have waited longest first, each once; the line says how many wait."""
    reader, data = Sparkplug(), sparkplug(7, {"alias": 1, "float_value": 1.0})
    for number in range(3000):
        reader.read(f"spBv1.0/Plant/NDATA/{number}", data, NOON)
    first = reader.requests(NOON)
    assert len(first) == 20
    assert first[-1].text.endswith("its birth is asked for; 2980 more nodes wait for their turn, 20 in a second")
    assert reader.requests(NOON) == []
    asked = [number for second in range(1, 150) for number in nodes_that_are_asked(reader, NOON + second * SECOND)]
    assert asked == list(range(20, 3000))
    assert reader.requests(NOON + 600 * SECOND) == []


def test_a_node_that_was_born_or_died_while_it_waited_is_not_asked() -> None:
    """Nor is one twice that goes on to speak; a clock that was set back or stands still gives no turns."""
    reader, data = Sparkplug(), sparkplug(7, {"alias": 1, "float_value": 1.0})
    for number in (*range(25), 23):
        reader.read(f"spBv1.0/Plant/NDATA/{number}", data, NOON)
    assert nodes_that_are_asked(reader, NOON) == list(range(20))
    reader.read("spBv1.0/Plant/NBIRTH/20", BIRTH, NOON)
    with pytest.raises(PayloadError, match="NDEATH"):
        reader.read("spBv1.0/Plant/NDEATH/21", DEATH, NOON)
    assert nodes_that_are_asked(reader, NOON - 3600 * SECOND) == []
    assert nodes_that_are_asked(reader, NOON - 3599 * SECOND) == [22, 23, 24]


def test_a_node_that_never_answers_is_read_by_its_last_birth() -> None:
    """As an account that may not publish would get nothing at all; the request says so."""
    peer = born()
    assert peer.data(9, 1.0) == peer.data(10, 1.0, later=10) == {"!": "no_birth"}
    assert peer.data(11, 1.0, later=10) == {"!": "no_birth"}
    assert peer.data(12, 1.5, later=10) == {"Air/Temperature": 1.5}
    assert "has not answered 3 requests for its birth" in peer.requests[-1].text
    assert "its data is read by the names of its last birth; let this agent publish to" in peer.requests[-1].text
    dead = Peer()
    assert {str(dead.data(n, 1.0, later=60)) for n in range(9)} == {"{'!': 'no_birth'}"}, "without any birth there are no names"
    assert "its data cannot be read" in dead.requests[-1].text


def test_a_node_without_sequence_numbers_is_read_all_the_same() -> None:
    """Some leave them out, always or now and then; what cannot be seen is not asked for."""
    peer = Peer()
    metric = {"name": "Air/Temperature", "alias": 1, "datatype": 9, "float_value": 1.0}
    peer.hear(NODE.format("BIRTH"), sparkplug(None, metric))
    for sequence in (None, 7, None, 9):
        assert peer.hear(NODE.format("DATA"), sparkplug(sequence, {"alias": 1, "float_value": 2.0})) == {"Air/Temperature": 2.0}
    peer.hear(NODE.format("BIRTH"), sparkplug(0, metric))
    assert peer.hear(NODE.format("DATA"), sparkplug(None, {"alias": 1, "float_value": 3.0})) == {"Air/Temperature": 3.0}
    assert peer.data(1, 4.0) == {"Air/Temperature": 4.0}
    assert peer.asked() == []


def test_an_old_death_changes_nothing() -> None:
    """A broker may send the death of an earlier connection after the birth of the next one."""
    peer = born()
    assert peer.hear(NODE.format("DEATH"), sparkplug(None, {"name": "bdSeq", "long_value": 2})) == {"!": "unwanted"}
    assert peer.data(2, 22.0) == {"Air/Temperature": 22.0}


def test_the_death_of_a_device_ends_its_numbers_only() -> None:
    """The node and its other devices go on."""
    peer = born()
    assert peer.hear(DEVICE.format("DEATH"), sparkplug(2)) == {"!": "unwanted"}
    assert peer.data(3, 22.0) == {"Air/Temperature": 22.0}
    assert peer.hear(DEVICE.format("DATA"), sparkplug(4, {"alias": 2, "int_value": 8})) == {"!": "no_birth"}


def test_births_and_sequences_survive_a_restart() -> None:
    """What came until the end is known after it; a message that came meanwhile is noticed."""
    peer = born()
    entries = peer.reader.dump()
    assert peer.reader.dump() == {}
    assert peer.data(2, 22.0) == {"Air/Temperature": 22.0}
    later = peer.reader.dump()
    assert len(later) == 1, "a message without a birth costs a line, whatever the number of metrics"
    again = Peer(Sparkplug())
    again.reader.load({**entries, **later})
    assert again.data(3, 23.0) == {"Air/Temperature": 23.0}
    assert again.hear(DEVICE.format("DATA"), sparkplug(4, {"alias": 2, "int_value": 9})) == {"Count": 9}
    missed = Peer(Sparkplug())
    missed.reader.load({**entries, **later})
    assert missed.data(4, 23.0) == {"!": "no_birth"}
    assert missed.asked() == ["spBv1.0/Plant/NCMD/Line"]


def test_every_birth_is_written_and_the_whole_state_on_demand() -> None:
    """Of a node, of a device, and the end of a device; what did not change is written for a new spool only."""
    peer, state, births = Peer(), "Plant/Line", ("Plant/Line", "Plant/Line//birth")
    for topic, payload in (("NBIRTH", BIRTH), ("DBIRTH", DEVICE_BIRTH), ("NDATA", sparkplug(2)), ("DDEATH", sparkplug(3))):
        peer.hear(f"spBv1.0/Plant/{topic}/Line" + "/Oven" * (topic[0] == "D"), payload)
        entries = peer.reader.dump()
        assert tuple(entries) == ((state,) if topic == "NDATA" else births)
    assert peer.reader.dump() == {}
    assert peer.reader.dump(whole=True) == entries
    again = Peer(Sparkplug())
    again.reader.load({state: entries[state]})
    assert again.data(4, 1.0) == {"!": "no_birth"}, "a state without a birth names nothing"


def test_a_name_or_a_number_that_a_birth_gave_is_enough() -> None:
    """A metric that got no number has none: also not 0, which others may have."""
    peer = born()
    assert peer.hear(NODE.format("DATA"), sparkplug(2, {"name": "Air/Temperature", "float_value": 2.5})) == {
        "Air/Temperature": 2.5
    }
    peer.hear(NODE.format("BIRTH"), sparkplug(0, {"name": "x", "datatype": 9, "float_value": 1.0}))
    assert peer.hear(NODE.format("DATA"), sparkplug(1, {"alias": 0, "float_value": 2.5})) == {"!": "no_birth"}


@pytest.mark.parametrize("entries", [{"a/b": b"{"}, {"a/b": b"[]"}, {"a/b": b"{}", "a/b//birth": b"{}"}])
def test_a_damaged_state_is_refused(entries: Mapping[str, bytes]) -> None:
    """As a `ValueError`; births are asked for then."""
    with pytest.raises(ValueError, match=r"."):
        Sparkplug().load(entries)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(WHOLE), st.data())
def test_whole_numbers_keep_their_sign(kind: tuple[int, int, bool], data: st.DataObject) -> None:
    """A negative one is written modulo 2^n, where n are the bits of its type or of the field that carries it."""
    code, bits, signed = kind
    number = data.draw(st.integers(-(1 << (bits - 1)) if signed else 0, (1 << (bits - 1)) - 1 if signed else (1 << bits) - 1))
    field, wire = ("long_value", 64) if bits == 64 else ("int_value", 32)
    for modulus in {bits, wire}:
        metric = {"name": "x", "datatype": code, field: number % (1 << modulus)}
        assert Peer().hear(NODE.format("BIRTH"), sparkplug(0, metric)) == {"x": number}


@pytest.mark.parametrize(
    ("fields", "value"),
    [
        ({"datatype": 10, "double_value": -0.1}, -0.1),
        ({"datatype": 9, "float_value": float("nan")}, None),
        ({"datatype": 11, "boolean_value": True}, True),
        ({"datatype": 12, "string_value": "Grün"}, "Grün"),
        ({"datatype": 3, "is_null": True}, None),
        ({"datatype": 3}, None),
        ({"datatype": 9, "float_value": 1.0, "is_historical": True}, 1.0),
        ({"datatype": 9, "float_value": 1.0, "properties": {"Quality": 192}}, 1.0),
    ],
)
def test_values_by_their_type(fields: dict[str, object], value: object) -> None:
    """Null is no value, and what was measured long ago counts at its own time."""
    assert Peer().hear(NODE.format("BIRTH"), sparkplug(0, {"name": "x", **fields})) == {"x": value}


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"datatype": 16, "dataset_value": ""}, "unsupported"),
        ({"datatype": 19, "template_value": "\n" * 300}, "unsupported"),
        ({"datatype": 13, "long_value": 1768478400000}, "unsupported"),
        ({"datatype": 22, "bytes_value": "ab"}, "unsupported"),
        ({"datatype": 9, "float_value": 1.0, "is_transient": True}, "unsupported"),
        ({"datatype": 9, "int_value": 1}, "bad_value"),
        ({"datatype": 5, "int_value": 256}, "bad_value"),
        ({"datatype": 1, "int_value": 300}, "bad_value"),
        ({"datatype": 9, "float_value": 1.0, "properties": {"Quality": 500}}, "bad_value"),
        ({"datatype": 99, "int_value": 1}, "no_birth"),
    ],
)
def test_what_is_no_measurement_is_named(fields: dict[str, object], kind: str) -> None:
    """Each by a kind that has a counter, and the metric beside it counts."""
    good = {"name": "good", "datatype": 9, "float_value": 1.0}
    assert Peer().hear(NODE.format("BIRTH"), sparkplug(0, {"name": "x", **fields}, good)) == {"!": kind, "good": 1.0}


@pytest.mark.parametrize(
    ("topic", "kind"),
    [
        ("spBv1.0/Plant/NCMD/Line", "unwanted"),
        ("spBv1.0/Plant/DCMD/Line/Oven", "unwanted"),
        ("spBv1.0/STATE/host", "unwanted"),
        ("STATE/host", "unwanted"),
        ("spBv1.0/Plant/NDATA/Line/Oven", "bad_payload"),
        ("spBv1.0/Plant/DDATA/Line", "bad_payload"),
        ("spBv1.0/Plant/NWHAT/Line", "bad_payload"),
        ("spBv1.0//NDATA/Line", "bad_payload"),
        ("sensors/a", "bad_payload"),
    ],
)
def test_topics_without_measurements(topic: str, kind: str) -> None:
    """Commands and states are part of the protocol; anything else is none of it. The line says which it is."""
    with pytest.raises(PayloadError, match=r"holds? no measurement|expected a topic such as"):
        Sparkplug().read(topic, BIRTH, NOON)
    assert Peer().hear(topic, BIRTH) == {"!": kind}


def test_a_payload_of_something_else_is_refused() -> None:
    """It changes nothing that is known of the node."""
    peer = born()
    for payload in (b"\xff\xff", b'{"value": 1}'):
        assert peer.hear(NODE.format("DATA"), payload) == {"!": "bad_payload"}
    assert peer.data(2, 22.0) == {"Air/Temperature": 22.0}


def test_an_alias_of_another_type_or_device_is_not_believed() -> None:
    """The numbers must have been given anew."""
    peer = born()
    assert peer.hear(NODE.format("DATA"), sparkplug(2, {"alias": 2, "int_value": 1})) == {"!": "no_birth"}
    typed = sparkplug(3, {"alias": 1, "datatype": 10, "double_value": 1.0})
    assert peer.hear(NODE.format("DATA"), typed) == {"!": "no_birth"}


def test_a_value_of_another_type_is_shown() -> None:
    """But for bytes."""
    metrics = [{"name": "x", "datatype": 9, **fields} for fields in ({"int_value": 1}, {"string_value": "ab"})]
    rows = Sparkplug().read(NODE.format("BIRTH"), sparkplug(0, *metrics), NOON)
    shown = ["1 as int_value", "2 bytes as string_value"]
    assert [str(row) for row in rows] == [f"expected a value of type Float, got {what}" for what in shown]


def test_a_line_names_the_metric_that_cannot_be_read() -> None:
    """Of many in a message."""
    rule = ingest("spBv1.0/#", format="sparkplug")
    metrics = [{"name": "Level", "datatype": 9, "float_value": 1.0}, {"name": "State", "datatype": 12, "string_value": "run"}]
    reading = read_message([rule], NODE.format("BIRTH"), sparkplug(0, *metrics), NOON)
    assert [str(reason) for reason in reading.reasons] == ["'Plant.Line.State': expected a number, got 'run'"]


def test_a_topic_of_sparkplug_is_in_the_names() -> None:
    """Unlike that of line protocol, where topics that differ may hold the same series."""
    assert ingest("spBv1.0/#", format="sparkplug").unnamed == ()
    assert ingest("telegraf/#", format="line_protocol").unnamed == ("#",)


def test_a_birth_describes_thousands_of_metrics() -> None:
    """A payload of Sparkplug may be larger than others, but not of any size."""
    rule = ingest("spBv1.0/#", format="sparkplug")
    metrics = [{"name": f"Machine/Part {n}/Value", "alias": n, "datatype": 9, "float_value": float(n)} for n in range(3000)]
    birth = sparkplug(0, *metrics)
    assert len(birth) > 100_000
    assert len(taken(rule, NODE.format("BIRTH"), birth)) == 3000
    assert left_out(rule, NODE.format("BIRTH"), bytes(rule.largest + 1)) == ["too_large"]

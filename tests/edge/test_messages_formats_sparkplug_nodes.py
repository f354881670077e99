"""Made-up Sparkplug nodes take no room from real ones (kind: a message that anybody can send locks others out)."""

import pytest

from edge.contract.times import DAY, SECOND
from edge.errors import PayloadError
from edge.messages.formats.payload import LONGEST_NAME
from edge.messages.formats.sparkplug.node import EACH
from edge.messages.formats.sparkplug.nodes import Limits
from edge.messages.formats.sparkplug.reader import Sparkplug
from tests.support.payloads import NOON, sparkplug

TOPIC = "spBv1.0/Plant/{}/{}"


def birth(*names: str, **fields: object) -> bytes:
    """A birth whose metrics have these names, and numbers from 0 on."""
    return sparkplug(0, *({"name": n, "alias": i, "datatype": 9, "float_value": 1.0, **fields} for i, n in enumerate(names)))


def data(sequence: int, alias: int = 0) -> bytes:
    """A value that comes by a number."""
    return sparkplug(sequence, {"alias": alias, "float_value": 2.0})


def hear(reader: Sparkplug, kind: str, node: str, payload: bytes, now: int = NOON) -> list[str]:
    """Names of the metrics of a message, with the kinds of errors among them."""
    try:
        rows = reader.read(TOPIC.format(kind, node), payload, now)
    except PayloadError as error:
        return [error.kind]
    return [
        row.kind if isinstance(row, PayloadError) else str(row["name"]) for row in rows if isinstance(row, PayloadError | dict)
    ]


def again(reader: Sparkplug) -> Sparkplug:
    """The reader of the next run."""
    heir = Sparkplug()
    heir.load({key: value for key, value in reader.dump(whole=True).items() if value})
    return heir


@pytest.mark.parametrize("kind", ["NDEATH", "NDATA"])
def test_deaths_and_data_of_nodes_without_a_birth_take_no_room(kind: str) -> None:
    """Nothing of them is written, and of many only the newest are asked."""
    reader = Sparkplug(limits=Limits(nodes=3))
    for number in range(9):
        hear(reader, kind, f"x{number}", data(1))
    assert reader.dump(whole=True) == {}
    asked = [request.topic for request in reader.requests(NOON)]
    assert asked == ([TOPIC.format("NCMD", f"x{number}") for number in (6, 7, 8)] if kind == "NDATA" else [])
    assert hear(reader, "NBIRTH", "real", birth("t")) == ["t"]
    assert hear(reader, "NDATA", "real", data(1)) == ["t"]


def test_a_node_that_goes_on_to_speak_is_asked_before_others_are() -> None:
    """Also where more nodes are made up meanwhile than there is room for."""
    reader = Sparkplug(limits=Limits(nodes=30))
    hear(reader, "NDATA", "real", data(1))
    for number in range(99):
        hear(reader, "NDATA", f"x{number}", data(1))
        hear(reader, "NDATA", "real", data(1))
    assert reader.requests(NOON)[0].topic == TOPIC.format("NCMD", "real")


def test_a_node_that_is_silent_for_a_day_gives_way() -> None:
    """The one that is silent for longest, where room is needed; a restart changes nothing about it."""
    reader = Sparkplug(limits=Limits(nodes=2))
    for node, moment in (("a", 0), ("b", 1), ("a", 2)):
        hear(reader, "NBIRTH", node, birth("t"), NOON + moment * SECOND)
    assert hear(reader, "NBIRTH", "c", birth("t"), NOON + DAY) == ["too_many_series"]
    entries = reader.dump()
    reader = Sparkplug(limits=Limits(nodes=2))
    reader.load(entries)
    assert hear(reader, "NBIRTH", "c", birth("t"), NOON + DAY + SECOND) == ["t"]
    assert hear(reader, "NDATA", "a", data(1), NOON + DAY + SECOND) == ["t"]
    assert hear(reader, "NDATA", "b", data(1), NOON + DAY + SECOND) == ["no_birth"]
    changes = reader.dump()
    assert {key for key, value in changes.items() if not value} == {"Plant/b", "Plant/b//birth"}
    assert {key for key, value in changes.items() if value} == {"Plant/a", "Plant/c", "Plant/c//birth"}


def test_a_node_that_comes_back_is_written_again() -> None:
    """Its end and its return may fall into one commit."""
    reader = Sparkplug(limits=Limits(nodes=1))
    for number, node in enumerate(("a", "b", "a")):
        assert hear(reader, "NBIRTH", node, birth("t"), NOON + number * DAY) == ["t"]
    assert {key for key, value in reader.dump().items() if value} == {"Plant/a", "Plant/a//birth"}


def test_a_node_in_a_clock_that_was_set_back_gives_way() -> None:
    """It would stand in the way until the day after."""
    reader = Sparkplug(limits=Limits(nodes=1))
    hear(reader, "NBIRTH", "a", birth("t"), NOON + 900 * DAY)
    assert hear(reader, "NBIRTH", "b", birth("t"), NOON) == ["t"]


def test_a_state_without_a_birth_is_deleted() -> None:
    """It is that of a death or of data that anybody can send."""
    reader = Sparkplug()
    reader.load({"Plant/a": b"{}"})
    assert set(reader.dump().values()) == {b""}
    assert reader.dump() == {}


def test_what_a_birth_takes_the_place_of_does_not_count() -> None:
    """A known node, and a known device, is born again where there is no room for another one."""
    reader = Sparkplug(limits=Limits(memory=5 * (EACH + 1)))
    device = TOPIC.format("DBIRTH", "a") + "/d"
    assert hear(reader, "NBIRTH", "a", birth(*"tuvw")) == [*"tuvw"]
    assert hear(reader, "NBIRTH", "b", birth(*"tu")) == ["too_many_series"]
    assert hear(reader, "NBIRTH", "a", birth(*"xyz")) == [*"xyz"]
    for _ in range(3):
        reader.read(device, sparkplug(None, {"name": "t", "datatype": 9, "float_value": 1.0}), NOON)
    assert hear(reader, "NDATA", "a", sparkplug(None, {"alias": 2, "float_value": 1.0})) == ["z"]


def test_a_birth_without_room_ends_what_the_one_before_has_said() -> None:
    """Its numbers may mean other metrics by now; those of other devices stay as they are, and a restart changes nothing."""
    reader = Sparkplug(limits=Limits(memory=4 * (EACH + 2)))
    small = sparkplug(1, {"name": "t", "alias": 7, "datatype": 9, "float_value": 1.0})
    for payload, sequence in ((small, 1), (birth(*"tuvw"), 0)):
        assert hear(reader, "NBIRTH", "a", birth("n", "o"))
        reader.read(TOPIC.format("DBIRTH", "a") + "/d", small, NOON)
        if sequence == 0:
            with pytest.raises(PayloadError, match="expected births of Sparkplug B that take at most"):
                reader.read(TOPIC.format("DBIRTH", "a") + "/d", payload, NOON)
    by_number = sparkplug(None, {"alias": 7, "float_value": 1.0})
    for each in (reader, again(reader)):
        assert isinstance(each.read(TOPIC.format("DDATA", "a") + "/d", by_number, NOON)[0], PayloadError)
    assert hear(reader, "NBIRTH", "b", birth("t")) == ["t"]
    assert hear(reader, "NBIRTH", "a", birth(*"tuvwxyz")) == ["too_many_series"]
    for each in (reader, again(reader)):
        assert hear(each, "NDATA", "a", sparkplug(None, {"alias": 0, "float_value": 1.0})) == ["no_birth"]


def test_long_texts_count_for_more() -> None:
    """Also where they are shorter than the longest that can be stored; a node that is silent makes room for them."""
    reader, long = Sparkplug(limits=Limits(memory=3000)), "\N{THERMOMETER}" + "k" * 200
    assert hear(reader, "NBIRTH", "a", birth("t", properties={"engUnit": long})) == ["t"]
    assert hear(reader, "NBIRTH", "b", birth(long)) == [long]
    assert hear(reader, "NBIRTH", "c", birth(long)) == ["too_many_series"]
    assert hear(reader, "NBIRTH", "c", birth(long), NOON + DAY) == [long]
    assert sorted(again(reader).dump(whole=True)) == ["Plant/b", "Plant/b//birth", "Plant/c", "Plant/c//birth"]


def test_a_name_that_is_too_long_is_not_kept() -> None:
    """Its number is: the node need not be asked for a birth again and again. A unit that is too long is left out."""
    reader, longest = Sparkplug(), "k" * LONGEST_NAME
    for name, kind in ((longest, longest), (longest + "k", "no_name"), ("\N{THERMOMETER}" + longest[:300], "no_name")):
        assert hear(reader, "NBIRTH", "a", birth(name, "t", properties={"engUnit": name})) == [kind, "t"]
        assert hear(reader, "NDATA", "a", data(1)) == [kind]
        assert hear(reader, "NDATA", "a", sparkplug(2, {"name": name, "float_value": 1.0})) == [kind]
        (row,) = reader.read(TOPIC.format("NDATA", "a"), data(3, alias=1), NOON)
        assert isinstance(row, dict)
        assert ("unit" in row) == (kind == longest)
        assert reader.requests(NOON) == []
    assert len(b"".join(reader.dump(whole=True).values())) < 500


def test_a_metric_whose_name_is_blank_has_none() -> None:
    """Its values would be those of a series without a name."""
    reader = Sparkplug()
    assert hear(reader, "NBIRTH", "a", birth(" ")) == ["no_birth"]
    assert hear(reader, "NDATA", "a", data(1)) == ["no_birth"]

"""The record of what the broker holds."""

from pathlib import Path

from edge.broker.client import Subscription
from edge.broker.filters import FilterRecord
from tests.support.servers import wait_until
from tests.support.subscribed import by_hand, connected


def test_the_record_outlives_the_process(tmp_path: Path) -> None:
    """By session: another broker or another client id has filters of its own."""
    path = tmp_path / "state" / "subscribed.json"
    FilterRecord(path, "a@here:1883").note(["t/#", "s/+"])
    FilterRecord(path, "a@there:1883").note(["u/#"])
    assert FilterRecord(path, "a@here:1883").filters == {"s/+", "t/#"}
    assert FilterRecord(path, "a@there:1883").filters == {"u/#"}
    assert FilterRecord(path, "b@here:1883").filters == set()


def test_a_damaged_record_is_an_empty_one(tmp_path: Path) -> None:
    """It is made again at the next subscription."""
    path = tmp_path / "subscribed.json"
    for damage in (b"", b"[1]", b'{"a": 5}', b"\xff\x00", b'{"a": ["t\xb7"]}', b'{"a": ' + b"[" * 100_000):
        path.write_bytes(damage)
        record = FilterRecord(path, "a")
        assert record.filters == set()
        record.note(["t/#"])
        assert FilterRecord(path, "a").filters == {"t/#"}


def test_a_filter_that_the_disk_changed_into_none_is_left_out(tmp_path: Path) -> None:
    """A broker would end the connection again and again, as it is asked to give that up."""
    path = tmp_path / "subscribed.json"
    path.write_bytes(b'{"a": ["", "s/#/+", "s/k+/t", "s#", "s/+k", "s\\u0000", "/", "+", "#", "s/+/t", "s//#"]}')
    assert FilterRecord(path, "a").filters == {"/", "+", "#", "s/+/t", "s//#"}


def test_a_disk_that_takes_nothing_stops_no_subscription(tmp_path: Path) -> None:
    """The process remembers what it noted."""
    (tmp_path / "file").touch()
    record = FilterRecord(tmp_path / "file" / "subscribed.json", "a")
    record.note(["t/#"])
    assert record.filters == {"t/#"}


def test_a_filter_is_given_up_after_the_new_ones_are_granted_whatever_ends_the_agent(tmp_path: Path) -> None:
    """The record names all that the broker may hold, at each moment at which an agent may die."""
    path, wanted = tmp_path / "subscribed.json", Subscription("gateway", ["new/#"])
    FilterRecord(path, "gateway@here").note(["old/#"])
    with by_hand(session=wanted, record=FilterRecord(path, "gateway@here")) as (_, wire):
        wire.recv(1000)
        wire.sendall(b"\x20\x02\x01\x00")
        assert wire.recv(1000)[0] == 0x82  # it asks, and dies before the answer
    assert FilterRecord(path, "gateway@here").filters == {"new/#", "old/#"}
    with by_hand(session=wanted, record=FilterRecord(path, "gateway@here")) as (again, wire):
        wire.recv(1000)
        wire.sendall(b"\x20\x02\x01\x00")
        wire.sendall(b"\x90\x03" + wire.recv(1000)[2:4] + b"\x01")
        connected(again)
        request = wire.recv(1000)
        assert (request[0], request[4:]) == (0xA2, b"\x00\x05old/#")
        assert FilterRecord(path, "gateway@here").filters == {"new/#", "old/#"}  # not given up before the answer
        wire.sendall(b"\xb0\x02" + request[2:4])
        wait_until(lambda: FilterRecord(path, "gateway@here").filters == {"new/#"})

"""What came since is written in pieces, and a restart brings back what the whole would have."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.contract.ahead.issues import Issues
from edge.contract.times import DAY, SECOND, parse_time
from edge.inputs.kept import Inputs
from edge.inputs.pieces import MOST_PIECES, Pieces
from edge.inputs.rule import InputRule
from edge.messages.message import Message

NOW = parse_time("2026-01-31T06:00Z")
MINUTE = 60 * SECOND
RULE = InputRule(name="garden", topic="s", time="", value="", fill="hold", hold="3h")


class Disk(dict[str, bytes]):
    """Entries as the spool keeps them: one that is empty is deleted."""

    def write(self, entries: dict[str, bytes]) -> int:
        """Write what changed; returns its number of bytes."""
        self.update(entries)
        for key in [key for key, data in self.items() if not data]:
            del self[key]
        return sum(map(len, entries.values()))


def hear(inputs: Inputs, arrival: int, value: float) -> None:
    """A number comes."""
    inputs.take(Message("s", str(value).encode(), arrival, retained=False, mid=1, qos=1, session=1))


def known(inputs: Inputs, now: int) -> list[float]:
    """Each minute of an hour, as it is known now; -1 for missing."""
    ahead = inputs.ahead(MINUTE).get("garden")
    values = np.full((1, 61), np.nan) if ahead is None else ahead.at(np.array([now]), 1, 60, 3 * 60 * MINUTE)
    return list(np.nan_to_num(values[0], nan=-1))


def test_a_sensor_that_speaks_often_writes_little() -> None:
    """All that was known was written at each commit: 160 kB for one value of a sensor that was heard a day long."""
    inputs, disk, written = Inputs([RULE]), Disk(), list[int]()
    for number in range(6000):
        hear(inputs, NOW + number * 10 * SECOND, number)
        written.append(disk.write({**inputs.dump()}))
        assert len(disk) <= MOST_PIECES + 1
    assert sum(written[3000:]) / 3000 < 1000
    again = Inputs([RULE])
    again.load(disk)
    assert known(again, NOW + DAY // 2) == known(inputs, NOW + DAY // 2)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 90), st.integers(0, 9), st.sampled_from(["", "dump", "whole", "restart"])), max_size=40)
)
def test_a_restart_at_any_moment_brings_everything_back(steps: list[tuple[int, int, str]]) -> None:
    """Whatever was written in pieces, or as a whole, before and after other restarts."""
    inputs, never_ended, disk, now = Inputs([RULE]), Inputs([RULE]), Disk(), NOW
    for minutes, value, what in steps:
        now += minutes * MINUTE
        hear(inputs, now, value)
        hear(never_ended, now, value)
        if what:
            disk.write({**inputs.dump(whole=what == "whole")})
        if what == "restart":
            inputs = Inputs([RULE])
            inputs.load(disk)
        assert known(inputs, now + MINUTE) == known(never_ended, now + MINUTE)


def test_what_a_wrong_clock_told_does_not_come_back() -> None:
    """It went when a message came by the right one; a piece of it would keep out all that was right, after each restart."""
    inputs, disk = Inputs([RULE]), Disk()
    for arrival, value in (
        (NOW, 1.0),
        (NOW + MINUTE, 2.0),
        (NOW + 3650 * DAY, 3.0),
        (NOW + 2 * MINUTE, 4.0),
        (NOW + 3 * MINUTE, 5.0),
    ):
        hear(inputs, arrival, value)
        disk.write({**inputs.dump()})
    again = Inputs([RULE])
    again.load(disk)
    assert known(again, NOW + 4 * MINUTE)[-2:] == known(inputs, NOW + 4 * MINUTE)[-2:] == [5, 5]


def test_pieces_are_read_in_the_order_in_which_they_came() -> None:
    """The eleventh comes after the third, and an entry of an earlier version is a whole."""
    pieces, disk = Pieces(), Disk()
    whole = Issues.of([NOW], [NOW], [0.5])
    for number in range(12):
        issues = Issues.of([NOW], [NOW + number], [float(number)])
        whole = Issues.concatenate([whole, issues])
        pieces.add("wind", issues)
        disk.write(pieces.dump({"wind": Issues.concatenate([whole] * 9)}, whole=False))
    disk["wind"] = msgspec.msgpack.encode(([NOW], [NOW], [0.5]))
    assert Pieces().load(dict(reversed(disk.items())))["wind"].value.tolist() == [0.5, *range(1, 12)]


@pytest.mark.parametrize(
    "data", [b"\xff", msgspec.msgpack.encode(([1], [2], [])), msgspec.msgpack.encode(([2**63], [2], [1.0]))]
)
def test_a_damaged_piece_is_said(data: bytes) -> None:
    """With the name of its input."""
    with pytest.raises(ValueError, match="input wind: "):
        Pieces().load({"wind": data})

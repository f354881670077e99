"""A message that was never taken is not taken for an equal one that had its identifier 65,535 messages before."""

from contextlib import closing
from pathlib import Path

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from edge.messages.message import Arrival, Message
from edge.messages.rule import IngestRule
from edge.spool.arrivals import HALF, QUARTER, forgotten
from edge.spool.spool import Commit, Spool
from tests.support.agent_process import START
from tests.support.scripted_agent import Bench

ROUND = 65_535
BATCH = 500


def mid_of(number: int) -> int:
    """Identifier of the message with this number, from 0 on, of a broker that gives them in turn."""
    return number % ROUND + 1


@given(st.integers(0, 3 * ROUND))
def test_what_is_forgotten_is_of_the_round_before(number: int) -> None:
    """Of the messages that came under the identifiers, the newest ones: a quarter of a round is left to be sent again."""
    old = forgotten(mid_of(number))
    if old is not None:
        first, last = old
        newest = [number - (mid_of(number) - mid) % ROUND for mid in (first, last)]
        assert all(each <= number - QUARTER for each in newest)
        assert last - first + 1 in (HALF - 1, HALF)


def test_every_identifier_is_forgotten_before_it_is_given_again(tmp_path: Path) -> None:
    """Two rounds and a half, whatever the size of a batch; what came of late is known."""
    with closing(Spool(tmp_path / "spool.db", "store")) as spool:
        for start in range(0, ROUND * 5 // 2, BATCH):
            numbers = range(start, start + BATCH)
            if start >= ROUND:
                assert [spool.arrival(mid_of(number)) for number in numbers] == [None] * BATCH
            arrivals = [Arrival(mid_of(number), b"same", number) for number in numbers]
            spool.commit(Commit(arrivals=arrivals, newest=arrivals[-1].mid))
            for number in range(max(0, start - QUARTER + BATCH), start, 1000):
                arrival = spool.arrival(mid_of(number))
                assert arrival is not None
                assert arrival.time == number


def test_a_broker_that_gives_the_lowest_free_identifier_is_left_alone(tmp_path: Path) -> None:
    """All that it uses are known for good."""
    with closing(Spool(tmp_path / "spool.db", "store")) as spool:
        for _ in range(3):
            spool.commit(Commit(arrivals=[Arrival(mid, b"x", mid) for mid in range(1, 1000)], newest=999))
        assert all(spool.arrival(mid) is not None for mid in range(1, 1000))


def plain(mid: int, arrival: int, *, dup: bool = False) -> Message:
    """A message whose value is always the same."""
    return Message("plain/door", b"1", arrival, False, mid, 1, 1, dup)


def test_the_agent_tells_what_is_new_from_what_is_sent_again(tmp_path: Path) -> None:
    """A message that is sent again does not say how far the broker has come; one that was never taken keeps its own time."""
    bench = Bench(tmp_path)
    bench.config = msgspec.structs.replace(bench.config, ingest=(IngestRule("plain/{device}", format="plain"),))
    bench.run([plain(40_000, START)])
    bench.run([plain(20_000, START + 1, dup=True)])
    bench.run([plain(40_000, START + 2, dup=True)])
    bench.run([plain(20_001, START + 3)])
    bench.run([plain(40_000, START + 4, dup=True)])
    bench.drain()
    assert sorted(row[1] for row in bench.stored()["reading"]) == [START, START + 1, START + 3, START + 4]

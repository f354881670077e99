"""Rows are set aside only where they are at fault for sure; everything else is stored or kept."""

from collections.abc import Callable

import pytest

from edge.errors import BlockRefused, BlockTooLarge, StoreBusy, StoreDenied
from edge.spool.delivery import ALONE, Delivery
from tests.support.memory_store import Memory


class Bench:
    """A store with trouble, and what waits behind the blocks that are delivered."""

    def __init__(self, trouble: Callable[[bytes], None]) -> None:
        self.store, self.newest, self.tries = Memory(), list[bytes](), list[bytes]()

        def noted(block: bytes) -> None:
            self.tries.append(block)
            trouble(block)

        self.store.trouble = noted
        self.delivery = Delivery(self.store, lambda: self.newest, lambda: False)


def refusing(word: bytes) -> Callable[[bytes], None]:
    """Refuses every block that contains a word."""

    def trouble(block: bytes) -> None:
        if word in block:
            raise BlockRefused(f"no {word.decode()}")

    return trouble


def failing(word: bytes) -> Callable[[bytes], None]:
    """Answers with an error of the server's to every block that contains a word."""

    def trouble(block: bytes) -> None:
        if word in block:
            raise StoreBusy("internal error", answered=True)

    return trouble


def leaving_out(word: bytes) -> Callable[[bytes], None]:
    """Refuses blocks with a word, and says how much it left out only where each row has it, as InfluxDB may be believed."""

    def trouble(block: bytes) -> None:
        lines = block.split(b"\n")
        bad = [line for line in lines if word in line]
        if len(bad) == len(lines):
            raise BlockRefused(f"no {word.decode()}", dropped={"reading": len(bad)}, rows=block)
        if bad:
            raise BlockRefused(f"no {word.decode()}")

    return trouble


def rows(word: str, count: int) -> bytes:
    """A block of rows that begin with a word."""
    return b"\n".join(f"{word} {number}".encode() for number in range(count))


def of_another_type(word: bytes) -> Callable[[bytes], None]:
    """Refuses blocks with a word as a field in the store has another type, in one shard of it."""

    def trouble(block: bytes) -> None:
        lines = block.split(b"\n")
        bad = [line for line in lines if word in line]
        if bad:
            dropped = {bad[0].partition(b" ")[0].decode(): len(bad)} if len(bad) == len(lines) else None
            raise BlockRefused("type conflict", dropped=dropped, rows=block if dropped else b"", by_type=True)

    return trouble


def test_row_alone_among_good_ones_is_set_aside() -> None:
    """The others are stored."""
    bench = Bench(refusing(b"reading 7"))
    assert [refusal.block for refusal in bench.delivery.deliver([rows("reading", 10)])] == [b"reading 7"]
    assert len(bench.store.lines) == 9


def test_measurement_of_which_all_rows_are_refused_is_kept() -> None:
    """Whether the store answers by row or for all at once; the message has its words and says of what."""
    for dropped in (None, {"reading": 50}):

        def trouble(block: bytes, dropped: dict[str, int] | None = dropped) -> None:
            if b"reading" in block:
                raise BlockRefused("type conflict", dropped=dropped)

        bench = Bench(trouble)
        with pytest.raises(StoreDenied, match=r"type conflict; it refuses nearly all rows of 'reading': mend that"):
            bench.delivery.deliver([rows("reading", 50), rows("forecast", 50)])


def test_rows_are_at_fault_where_newer_ones_are_taken() -> None:
    """However many they are: those that wait behind are not held up."""
    bench = Bench(refusing(b"reading old"))
    bench.newest = [rows("reading new", 5)]
    refused = bench.delivery.deliver([rows("reading old", 3 * ALONE)])
    assert len(refused) == 3 * ALONE


def test_a_run_of_bad_rows_holds_up_nothing_where_later_ones_of_the_same_write_are_stored() -> None:
    """Also where nothing else waits: a small fleet would fill the next write only after hours."""
    bench = Bench(refusing(b"reading bad"))
    refused = bench.delivery.deliver([rows("reading bad", ALONE + 5), rows("reading good", 1000)])
    assert len(refused) == ALONE + 5
    assert sum(line.startswith(b"reading good") for line in set(bench.store.lines)) == 1000


@pytest.mark.parametrize("behind", [0, 50])
@pytest.mark.parametrize("count", [1, 10, ALONE, 200])
def test_a_store_that_is_mended_between_two_writes_gets_every_row(count: int, behind: int) -> None:
    """Whichever write it is: rows that were refused before have come again when they are said to be refused."""
    for broken in range(1, 4 * ALONE):
        bench, writes = Bench(lambda _: None), [0]

        def trouble(_: bytes, writes: list[int] = writes, broken: int = broken) -> None:
            writes[0] += 1
            if writes[0] <= broken:
                raise BlockRefused("type conflict")

        bench.store.trouble = trouble
        bench.newest = [rows("reading new", behind)] if behind else []
        for _ in range(broken + 1):
            try:
                refused = bench.delivery.deliver([rows("reading", count)])
                break
            except StoreDenied:
                continue
        assert refused == []
        assert {b"reading %d" % number for number in range(count)} <= set(bench.store.lines)


def test_what_was_refused_at_first_costs_one_more_write() -> None:
    """The rows that are refused after others were stored are not written again."""
    bench = Bench(refusing(b"reading bad"))
    block = b"\n".join([b"reading bad first", rows("reading good", 6), b"reading bad last"])
    assert [refusal.block for refusal in bench.delivery.deliver([block])] == [b"reading bad first", b"reading bad last"]
    assert (bench.tries.count(b"reading bad first"), bench.tries.count(b"reading bad last")) == (2, 1)


def test_one_bad_row_among_thousands_costs_two_writes_for_each_half() -> None:
    """Every other row is stored by a write that succeeded as a whole."""
    bench = Bench(leaving_out(b"reading 4000"))
    assert [refusal.block for refusal in bench.delivery.deliver([rows("reading", 4096)])] == [b"reading 4000"]
    assert (len(bench.tries), len(set(bench.store.lines))) == (1 + 2 * 12, 4095)


def test_rows_that_the_store_tells_apart_are_written_apart() -> None:
    """A type conflict of every second row costs three writes."""
    bad, good = rows("forecast bad", 500), rows("reading good", 500)

    def trouble(block: bytes) -> None:
        if b"good" in block and b"bad" in block:
            raise BlockRefused("type conflict", parts=[good, bad])
        if b"bad" in block:
            raise BlockRefused("type conflict", dropped={"forecast": 500}, rows=bad)

    bench = Bench(trouble)
    pairs = [b"\n".join(pair) for pair in zip(bad.split(b"\n"), good.split(b"\n"), strict=True)]
    assert [(refusal.rows, refusal.block) for refusal in bench.delivery.deliver(pairs)] == [(500, bad)]
    assert (bench.store.writes, len(bench.tries)) == ([good], 3)


@pytest.mark.parametrize("kept", [3, 300])
def test_rows_that_were_left_out_before_anything_was_stored_come_again(kept: int) -> None:
    """In one write, also where the refusal holds only some of them; the store was mended between the two.

    Newer rows of the same keys were stored meanwhile, so these come again as well.
    """
    bad, writes = rows("reading bad", 300), [0]

    def trouble(block: bytes) -> None:
        writes[0] += 1
        if writes[0] == 1:
            raise BlockRefused("type conflict", parts=[bad, rows("reading good", 300)])
        if writes[0] == 2:
            raise BlockRefused("type conflict", dropped={"reading": 300}, rows=b"\n".join(block.split(b"\n")[:kept]))

    bench = Bench(trouble)
    assert bench.delivery.deliver([bad, rows("reading good", 300)]) == []
    assert bench.store.writes == [rows("reading good", 300), bad, rows("reading good", 300)]


def test_rows_that_come_again_are_all_tried() -> None:
    """However many are refused one after the other then."""
    old, new, first = rows("reading bad", 3 * ALONE), rows("reading good", 3 * ALONE), [True]

    def trouble(block: bytes) -> None:
        if b"bad" not in block:
            return
        if b"good" in block:
            raise BlockRefused("type conflict", parts=[old, new])
        if block == old and first[0]:
            first[0] = False
            raise BlockRefused("type conflict", dropped={"reading": 3 * ALONE}, rows=old)
        raise BlockRefused("another fault")

    assert len(Bench(trouble).delivery.deliver([old, new])) == 3 * ALONE


def test_newer_rows_of_another_measurement_prove_nothing() -> None:
    """Only that rows of the same kind are taken shows that the store is well."""
    bench = Bench(refusing(b"reading"))
    bench.newest = [rows("forecast", 50)]
    with pytest.raises(StoreDenied):
        bench.delivery.deliver([rows("reading", 50)])


@pytest.mark.parametrize("good", [0, 10, 10_000], ids=lambda good: f"{good} good ones in the same write")
def test_readings_that_meet_another_type_in_the_store_are_kept_whatever_becomes_of_newer_ones(good: int) -> None:
    """The next shard takes readings again, and no row of the one before it is at fault for that."""
    bench = Bench(of_another_type(b"old"))
    bench.newest = [rows("reading new", 1000)]
    blocks = [rows("reading old", ALONE + 1), *([rows("reading good", good)] if good else [])]
    with pytest.raises(StoreDenied, match=rf"type conflict; it refuses {ALONE + 1} readings, .* another type: mend that"):
        bench.delivery.deliver(blocks)
    assert len(set(bench.store.lines)) == good
    bench.store.trouble = lambda _: None
    assert bench.delivery.deliver(blocks) == []


def test_a_few_readings_that_meet_another_type_hold_up_nothing() -> None:
    """Such as late ones, in a shard of which nothing is written any more."""
    bench = Bench(of_another_type(b"old"))
    bench.newest = [rows("reading new", 5)]
    assert sum(refusal.rows for refusal in bench.delivery.deliver([rows("reading old", ALONE)])) == ALONE


def test_forecasts_that_meet_another_type_hold_up_nothing() -> None:
    """However many they are: the agent makes them anew."""
    bench = Bench(of_another_type(b"forecast"))
    refused = bench.delivery.deliver([rows("forecast", 1000), rows("reading", 5)])
    assert (sum(refusal.rows for refusal in refused), len(set(bench.store.lines))) == (1000, 5)


def test_a_store_that_refuses_all_readings_costs_a_few_writes() -> None:
    """Not one for each row."""
    bench = Bench(refusing(b"reading"))
    bench.newest = [rows("reading new", 1000)]
    with pytest.raises(StoreDenied):
        bench.delivery.deliver([rows("reading", 1000)])
    assert len(bench.tries) < 100


def test_rows_that_are_proven_bad_are_never_held() -> None:
    """Such as rows beyond retention: all of a write, and nothing else waits."""

    def trouble(_: bytes) -> None:
        raise BlockRefused("beyond retention", dropped={"reading": 500}, rows=b"reading 0", proven=True)

    bench = Bench(trouble)
    assert [(one.reason, one.block, one.rows) for one in bench.delivery.deliver([rows("reading", 500)])] == [
        ("beyond retention", b"reading 0", 500)
    ]
    assert len(bench.tries) == 1


@pytest.mark.parametrize("measurement", ["agent", "forecast", "forecast_lead", "forecast_score"])
def test_what_the_agent_makes_holds_up_no_reading(measurement: str) -> None:
    """A row of its own that is refused is set aside, though all of them are, and the readings beside it are stored."""
    bench = Bench(refusing(measurement.encode() + b" "))
    refused = bench.delivery.deliver([rows("reading", 3), rows(measurement, 2 * ALONE)])
    assert len(refused) == 2 * ALONE
    assert sorted(line for line in set(bench.store.lines) if line.startswith(b"reading")) == [
        b"reading 0",
        b"reading 1",
        b"reading 2",
    ]
    assert [one.block for one in bench.delivery.deliver([f"{measurement} 1".encode()])] == [f"{measurement} 1".encode()]


def test_what_is_too_large_is_split() -> None:
    """Until it fits; a single row that does not is the server's limit, and kept."""

    def trouble(block: bytes) -> None:
        if len(block) > 100:
            raise BlockTooLarge("413")

    bench = Bench(trouble)
    assert bench.delivery.deliver([rows("reading", 100)]) == []
    assert len(bench.store.lines) == 100
    with pytest.raises(StoreDenied, match="413; allow larger requests"):
        bench.delivery.deliver([b"reading " + b"x" * 200])


def test_nothing_is_written_once_the_sender_stops() -> None:
    """Also in the middle of narrowing down."""
    store = Memory()
    with pytest.raises(StoreBusy, match="stopping"):
        Delivery(store, list, lambda: True).deliver([b"reading 1"])
    assert store.writes == []


@pytest.mark.parametrize(("named", "words"), [("reading", "nearly all rows of 'reading': mend"), ("", "nearly all rows: mend")])
def test_more_than_half_of_the_newest_rows_have_to_be_taken(named: str, words: str) -> None:
    """Where the store takes half of them or less, it is at fault and keeps everything waiting; it need not say of what."""
    old, new = [rows("reading old", 50)], [rows("reading new", 10)]

    def bench(refused: int) -> Bench:
        def trouble(block: bytes) -> None:
            raise BlockRefused("type conflict", dropped={named: refused if b"new" in block else 50})

        made = Bench(trouble)
        made.newest = new
        return made

    for refused in (0, 4):
        assert [refusal.rows for refusal in bench(refused).delivery.deliver(old)] == [50]
    for refused in (5, 6, 10):
        with pytest.raises(StoreDenied, match=words):
            bench(refused).delivery.deliver(old)


def test_a_fault_in_a_client_library_is_trouble_of_the_store() -> None:
    """It is named, nothing is set aside, and it is no answer of the store."""

    def trouble(_: bytes) -> None:
        raise ZeroDivisionError("in a library")

    bench = Bench(trouble)
    for way in (bench.delivery.deliver, bench.delivery.work_around):
        with pytest.raises(StoreBusy, match="unexpected ZeroDivisionError from the store: in a library") as busy:
            way([rows("reading", 10)])
        assert not busy.value.answered

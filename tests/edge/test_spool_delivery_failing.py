"""Rows on which a store fails again and again are set aside on proof only; everything else is stored, the newest row last."""

import pytest

from edge.errors import BlockRefused, StoreBusy, StoreError
from edge.spool.delivery import ALONE, FAILURES
from tests.edge.test_spool_delivery import Bench, failing, refusing, rows


def test_row_that_fails_alone_is_set_aside_after_several_passes() -> None:
    """Others are stored in each of them."""
    bench = Bench(failing(b"reading 7"))
    for _ in range(FAILURES - 1):
        with pytest.raises(StoreBusy, match="other rows are stored, so the bad ones are looked for"):
            bench.delivery.work_around([rows("reading", 10)])
    refused = bench.delivery.work_around([rows("reading", 10)])
    assert [(one.block, one.reason) for one in refused] == [
        (b"reading 7", "fails again and again while other rows are stored: internal error")
    ]


@pytest.mark.parametrize("behind", [0, 40])
def test_a_sensor_whose_rows_fail_in_every_write_holds_up_nothing(behind: int) -> None:
    """What waits behind has such rows as well, so only a part of it shows that the store works."""

    def mixed(name: str, count: int) -> bytes:
        return b"\n".join(f"reading {name}{n} {'broken' if n % 5 == 4 else 'sound'}".encode() for n in range(count))

    bench = Bench(failing(b"broken"))
    bench.newest = [mixed("new", behind)] if behind else []
    blocks = [mixed("old", 40)]
    for _ in range(FAILURES - 1):
        with pytest.raises(StoreBusy, match="other rows are stored"):
            bench.delivery.work_around(blocks)
    refused = bench.delivery.work_around(blocks)
    assert {refusal.block for refusal in refused} == {row for row in blocks[0].split(b"\n") if b"broken" in row}
    assert {row for row in blocks[0].split(b"\n") if b"sound" in row} <= set(bench.store.lines)


@pytest.mark.parametrize("answered", [False, True], ids=["silent", "behind a proxy"])
def test_a_store_that_dies_of_every_second_write_loses_nothing(answered: bool) -> None:
    """It worked before, but not after: what fails is the store, whether its proxy answers 502 or nobody does."""
    bench, writes = Bench(lambda _: None), [0]
    bench.newest = [b"reading newest"]

    def trouble(_: bytes) -> None:
        writes[0] += 1
        if writes[0] > 1:
            raise StoreBusy("bad gateway", answered=answered)

    bench.store.trouble = trouble
    for _ in range(2 * FAILURES):
        writes[0] = 0
        with pytest.raises(StoreBusy, match="bad gateway"):
            bench.delivery.work_around([rows("reading", 5)])


def test_a_row_that_fails_now_and_then_is_kept() -> None:
    """Its failures have to come one after the other: a server that stumbles is no proof against any row."""
    bench, weak = Bench(lambda _: None), [b"reading 3"]

    def trouble(block: bytes) -> None:
        if any(row in block for row in weak):
            raise StoreBusy("stumbles", answered=True)

    bench.store.trouble = trouble
    for _ in range(2 * FAILURES):
        for weak[0] in (b"reading 3", b"reading 7"):
            with pytest.raises(StoreBusy, match="stumbles"):
                bench.delivery.work_around([rows("reading", 10)])


@pytest.mark.parametrize("newest", [[], [b"reading newest"]])
def test_store_that_fails_on_everything_loses_nothing(newest: list[bytes]) -> None:
    """It costs a few requests, not one for each row."""
    bench = Bench(failing(b"reading"))
    bench.newest = newest
    for _ in range(2 * FAILURES):
        with pytest.raises(StoreBusy, match="internal error"):
            bench.delivery.work_around([rows("reading", 1000)])
    assert len(bench.tries) <= 2 * FAILURES * 20  # 2 log2(1000)


def test_single_block_that_fails_is_kept_while_nothing_else_waits() -> None:
    """Nothing shows that the store works."""
    bench = Bench(failing(b"reading"))
    for _ in range(2 * FAILURES):
        with pytest.raises(StoreBusy):
            bench.delivery.work_around([b"reading 1"])


@pytest.mark.parametrize("dropped", [None, {"reading": 5}])
def test_newer_rows_that_are_refused_do_not_show_that_the_store_works(dropped: dict[str, int] | None) -> None:
    """Rows that fail are kept while the store has taken nothing else."""

    def trouble(block: bytes) -> None:
        if b"new" in block:
            raise BlockRefused("type conflict", dropped=dropped)
        raise StoreBusy("internal error", answered=True)

    bench = Bench(trouble)
    bench.newest = [rows("reading new", 5)]
    for _ in range(2 * FAILURES):
        with pytest.raises(StoreBusy, match="nothing else waits that the store takes"):
            bench.delivery.work_around([b"reading 1"])


def test_flood_of_failing_rows_is_kept() -> None:
    """Where a store fails on thousands of rows it is not the rows."""
    bench = Bench(failing(b"reading"))
    bench.newest = [b"forecast 1"]
    for _ in range(2 * FAILURES):
        with pytest.raises(StoreBusy):
            bench.delivery.work_around([rows("reading", 1000)])


def test_a_row_under_suspicion_is_an_answer_of_the_store() -> None:
    """The sender counts it as one more failure and comes back to work around it."""
    bench = Bench(failing(b"reading 3"))
    with pytest.raises(StoreBusy, match="internal error; other rows are stored, so the bad ones are looked for") as busy:
        bench.delivery.work_around([rows("reading", 10)])
    assert busy.value.answered


def table_of(bench: Bench) -> dict[bytes, bytes]:
    """What a store holds that keeps the last value of `measurement key value`."""
    return {line.rpartition(b" ")[0]: line.rpartition(b" ")[2] for line in bench.store.lines}


@pytest.mark.parametrize("waiting", [[], [b"reading later 1"]])
@pytest.mark.parametrize("place", range(9))
def test_the_last_row_of_a_key_is_the_newest_where_a_row_is_set_aside(place: int, waiting: list[bytes]) -> None:
    """Wherever the bad row stands: what shows that the store works is no older row behind a newer one."""
    bench = Bench(failing(b"bad"))
    bench.newest = waiting
    blocks = [b"reading key%d %d" % (number % 2, number) for number in range(8)]
    blocks.insert(place, b"reading bad 1")
    for _ in range(FAILURES - 1):
        with pytest.raises(StoreBusy):
            bench.delivery.work_around(blocks)
    assert [refusal.block for refusal in bench.delivery.work_around(blocks)] == [b"reading bad 1"]
    assert (table_of(bench)[b"reading key0"], table_of(bench)[b"reading key1"]) == (b"6", b"7")


@pytest.mark.parametrize("broken", range(8))
def test_the_last_row_of_a_key_is_the_newest_where_the_store_was_mended_between_two_writes(broken: int) -> None:
    """The rows that were refused at first come again, and then those that were stored meanwhile."""
    writes = [0]

    def trouble(_: bytes) -> None:
        writes[0] += 1
        if writes[0] <= broken:
            raise BlockRefused("type conflict")

    bench = Bench(trouble)
    blocks = [b"reading key 1", b"reading key 2", *(b"reading other%d 1" % number for number in range(8))]
    assert bench.delivery.deliver(blocks) == []
    assert table_of(bench)[b"reading key"] == b"2"


@pytest.mark.parametrize("count", [ALONE, ALONE + 1, 3 * ALONE, 500])
def test_a_run_of_failing_rows_is_set_aside_where_rows_behind_are_stored(count: int) -> None:
    """However many passes it takes to try them one by one; the rows behind are stored by the first."""
    bench = Bench(failing(b"bad"))
    blocks = [rows("reading before", 5), rows("reading bad", count), *(b"reading good %d" % number for number in range(99))]
    passes = 0
    refused = None
    while refused is None and passes < 20:
        passes += 1
        try:
            refused = bench.delivery.work_around(blocks)
        except StoreBusy:
            assert sum(b"good" in line for line in set(bench.store.lines)) == 99
    assert refused is not None
    assert [refusal.block for refusal in refused] == blocks[1].split(b"\n")


def test_a_flood_of_failing_rows_waits_and_rows_behind_are_stored() -> None:
    """No more rows are set aside than can be kept, and after some passes they cost few writes."""
    bench = Bench(failing(b"bad"))
    blocks = [rows("reading bad", 3000), *(b"reading good %d" % number for number in range(99))]
    for _ in range(30):
        bench.tries.clear()
        with pytest.raises(StoreBusy, match="other rows are stored"):
            bench.delivery.work_around(blocks)
    assert sum(b"good" in line for line in set(bench.store.lines)) == 99
    assert len(bench.tries) < 200


@pytest.mark.parametrize(("newest", "is_kept"), [("reading new", False), ("forecast", True)])
def test_a_run_of_failing_rows_at_the_end_is_at_fault_where_newer_readings_are_stored(newest: str, is_kept: bool) -> None:
    """What the agent makes itself shows nothing."""
    bench = Bench(failing(b"bad"))
    bench.newest = [rows(newest, 5)]
    blocks = [rows("reading good", 5), rows("reading bad", ALONE + 5)]
    refused = []
    for _ in range(FAILURES + 1):
        try:
            refused = bench.delivery.work_around(blocks)
        except StoreBusy:
            continue
    assert len(refused) == (0 if is_kept else ALONE + 5)


def test_readings_that_fail_nearly_all_are_kept_until_newer_ones_are_stored() -> None:
    """Only that rows of the same kind are taken shows that the store is well, as where it refuses them."""
    bench = Bench(failing(b"bad"))
    pairs = [line for number in range(45) for line in (b"reading bad %d" % number, b"forecast %d" % number)]
    blocks = [*pairs, rows("reading good", 5)]
    for number in range(2 * FAILURES):
        reason = "looked for" if number < FAILURES - 1 else "internal error; nearly all rows of 'reading' fail, others are"
        with pytest.raises(StoreBusy, match=reason) as busy:
            bench.delivery.work_around(blocks)
        assert busy.value.answered
    bench.newest = [rows("reading newer", 5)]
    assert len(bench.delivery.work_around(blocks)) == 45


@pytest.mark.parametrize("error", [StoreBusy("internal error", answered=True), BlockRefused("type conflict")])
def test_a_store_that_does_not_take_the_same_rows_twice_loses_nothing(error: StoreError) -> None:
    """It has died meanwhile, or was changed: what fails there proves nothing."""
    bench, stored = Bench(lambda _: None), set[bytes]()
    bench.newest = [b"reading newest"]

    def trouble(block: bytes) -> None:
        if b"bad" in block:
            raise StoreBusy("internal error", answered=True)
        if passes == FAILURES and block != b"reading newest":
            if stored & set(block.split(b"\n")):
                raise error
            stored.update(block.split(b"\n"))

    bench.store.trouble = trouble
    for number in range(FAILURES):
        passes = number + 1
        with pytest.raises(StoreBusy, match="looked for" if passes < FAILURES else "stored just before") as busy:
            bench.delivery.work_around([rows("reading", 5), b"reading bad"])
        assert busy.value.answered


def test_rows_that_fail_no_more_and_are_refused_are_refused() -> None:
    """As if the store had never failed; also where there are many of them."""
    bench = Bench(refusing(b"bad"))
    blocks = [rows("reading bad", 2 * ALONE), rows("reading good", 5)]
    assert len(bench.delivery.work_around(blocks)) == 2 * ALONE


def test_a_failure_of_a_gateway_counts_against_no_row() -> None:
    """As 503 of a balancer with a dead server behind it: rows that met it again and again come again."""

    def trouble(block: bytes) -> None:
        if b"reading 7" in block:
            raise StoreBusy("503", answered=True, passing=True)

    bench = Bench(trouble)
    bench.newest = [b"reading newest"]
    for _ in range(2 * FAILURES):
        with pytest.raises(StoreBusy, match="503"):
            bench.delivery.work_around([rows("reading", 10)])
    bench.store.trouble = lambda _: None
    assert bench.delivery.work_around([rows("reading", 10)]) == []
    assert b"reading 7" in bench.store.lines


def test_a_write_that_is_too_long_for_a_gateway_arrives_in_parts() -> None:
    """It answers 504 as the store takes its time."""

    def trouble(block: bytes) -> None:
        if len(block) > 50:
            raise StoreBusy("504", answered=True, passing=True)

    bench = Bench(trouble)
    bench.newest = [b"reading newest"]
    assert bench.delivery.work_around([rows("reading", 100)]) == []
    assert bench.store.lines == [b"reading newest", *rows("reading", 100).split(b"\n")]


def test_a_write_that_fails_no_more_is_written_once() -> None:
    """After something else has shown that the store works."""
    bench = Bench(lambda _: None)
    bench.newest = [b"reading newest"]
    assert bench.delivery.work_around([rows("reading", 10)]) == []
    assert bench.tries == [b"reading newest", rows("reading", 10)]

"""What every store promises, on every store, where something is wrong with rows, accounts, places, or the store itself."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge.backoff import Backoff
from edge.contract.columns import SeriesTable
from edge.contract.times import SECOND
from edge.errors import BlockRefused, StoreDenied
from edge.spool.delivery import Delivery
from edge.spool.sender import Pace, Sender
from edge.spool.spool import Commit, Spool
from edge.stores.looking.looking import look_at
from edge.stores.store import Store
from tests.support.servers import wait_until
from tests.support.stores import CHECKED, NOW, PARAMETERS, Entry, Tenant, readings, rows, write

HOUR = 3600 * SECOND
TABLE = SeriesTable(["a", "b"])


@pytest.fixture(params=PARAMETERS)
def entry(request: pytest.FixtureRequest) -> Entry:
    """Each store of the list."""
    return CHECKED[request.param](request)


def uses(store: Store) -> Iterator[Callable[[], object]]:
    """Everything that contacts a store."""
    yield lambda: write(store, TABLE, readings([0], [NOW], [1.5]))
    yield lambda: rows(store)
    yield lambda: store.count_readings(0, 2 * NOW)


def test_bad_row_among_good_ones_is_the_only_one_left_out(entry: Entry) -> None:
    """It is handed back as it is, with the store's words."""
    with contextlib.closing(entry.open()) as store:
        good = [store.encode([readings([number % 2], [NOW + number], [number])], TABLE) for number in range(40)]
        store.write(good[0])  # so that the type of the field is known
        for name, bad in entry.bad_rows().items():
            refused = Delivery(store, list, lambda: False).deliver([*good[:20], bad, *good[20:]])
            assert [(refusal.block, refusal.rows) for refusal in refused] == [(bad, 1)], name
            assert refused[0].reason
        assert [row[3] for row in rows(store)] == [float(number) for number in range(40)]


def test_accounts_that_may_not_write_are_denied_with_advice(entry: Entry) -> None:
    """A wrong token, none, and one that may only read; nothing is stored, and the message says where the token stands."""
    for name, stranger in entry.strangers().items():
        with contextlib.closing(stranger):
            for use in list(uses(stranger))[: 1 if name == "may only read" else None]:
                with pytest.raises(StoreDenied, match=r"check GATECAST_INFLUX_TOKEN or \[store\] token_file"):
                    use()
    with contextlib.closing(entry.open()) as store:
        assert rows(store) == []


def test_rows_of_another_place_are_not_taken_for_ours(entry: Entry) -> None:
    """Nothing of it is read, however well rows can be written."""
    with contextlib.closing(entry.elsewhere()) as store:
        first, *reads = uses(store)
        first()
        for read in (*reads, store.span):
            with pytest.raises(StoreDenied, match=r"check GATECAST_INFLUX_TOKEN or \[store\] token_file"):
                read()


def test_look_says_that_all_is_well_and_leaves_nothing(entry: Entry) -> None:
    """As `gatecast store check` looks; the rows that were there stay."""
    with contextlib.closing(entry.open()) as store:
        if isinstance(store, Tenant):
            pytest.skip("the bucket holds rows of others, who may look at the same time")
        write(store, TABLE, readings([0], [NOW], [1.5]))
        seen = look_at(store)
        assert (seen.trouble, seen.writes, seen.reads, seen.advice) == (None, None, None, "")
        assert not seen.remains or seen.product.startswith("InfluxDB 3"), seen.remains
        assert rows(store) == [("a", NOW, None, 1.5)]


def test_place_that_is_not_there_is_denied_with_advice(entry: Entry) -> None:
    """The message names it, and says what to check or to create."""
    with contextlib.closing(entry.missing()) as store, pytest.raises(StoreDenied, match=r"(check|in) \[store\] url"):
        write(store, TABLE, readings([0], [NOW], [1.5]))


def test_of_a_history_longer_than_the_retention_the_rest_arrives(entry: Entry) -> None:
    """What is too old is refused, all of it and nothing else, or leaves again; it holds up nothing."""
    with contextlib.closing(entry.forgetful(24)) as store:
        now = time.time_ns()  # a server has a clock of its own
        old, new = ([now - hour * HOUR for hour in hours] for hours in (range(30, 50), range(1, 23)))
        blocks = [store.encode([readings([0], [time], [1.5])], TABLE) for time in sorted([*old, *new])]
        refused = Delivery(store, list, lambda: False).deliver(blocks)
        assert sum(refusal.rows for refusal in refused) in (len(old), 0)
        with contextlib.suppress(BlockRefused):  # a file forgets after a later write
            store.write(blocks[-1])
        assert [row[1] for row in rows(store, start=now - 60 * HOUR, stop=now)] == sorted(new)


def test_store_that_comes_and_goes_has_every_row_once(entry: Entry, tmp_path: Path) -> None:
    """Twice, while rows are written through the spool: what was not acknowledged is written again, and changes nothing."""
    with entry.outages() as (store, take_away, bring_back):
        spool = Spool(tmp_path / "spool.db", store.kind)
        quick = Backoff(0.01, 0.05)
        sender = Sender(
            spool, store, lambda _: None, pace=Pace(gather=0.0, write_size=1, away=quick, denied=quick, patience=10**9)
        )
        sender.start()

        def commit(numbers: range) -> None:
            for number in numbers:
                times = [NOW + 50 * number + offset for offset in range(50)]
                spool.commit(Commit([store.encode([readings([number % 2] * 50, times, times)], TABLE)]))

        for outage in range(2):
            first = 40 * outage
            commit(range(first, first + 10))
            busy = threading.Thread(target=commit, args=[range(first + 10, first + 40)])
            busy.start()
            take_away()
            wait_until(lambda: sender.problem is not None)
            busy.join()
            bring_back()
            wait_until(lambda: sender.sent == first + 40)  # noqa: B023 - waited for here
        sender.stop()
        assert sender.taken()[1] == []
        spool.close()
        assert [row[1] for row in rows(store)] == [NOW + number for number in range(80 * 50)]
        store.close()

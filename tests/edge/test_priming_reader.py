"""The thread that reads history."""

from edge.errors import StoreBusy
from edge.priming.history import Page
from edge.priming.reader import PAGES, Ended, HistoryReader
from edge.stores.store import Store
from tests.edge.test_priming_history import WANTED, Slow
from tests.support.filling import origins_of
from tests.support.servers import wait_until


def test_few_pages_wait_and_nobody_has_to_take_them() -> None:
    """A window of ten thousand series does not stand in memory twice, and a bundle may change while it is read."""
    store = Slow()
    reader = HistoryReader(origins_of(lambda: store), WANTED, patient=True)
    assert reader.next() is None
    reader.start()
    wait_until(lambda: len(store.asked) > PAGES)
    assert isinstance(reader.next(), Page)
    assert len(store.asked) <= PAGES + 2
    assert reader.stop()


def test_a_store_that_gives_no_history_says_why() -> None:
    """The loop decides when it is asked again."""

    def away() -> Store:
        raise StoreBusy("no answer")

    reader = HistoryReader(origins_of(away), WANTED, patient=True)
    reader.start()
    wait_until(lambda: isinstance(end := reader.next(), Ended) and str(end.error) == "no answer")
    assert reader.stop()


def test_a_fault_of_the_thread_ends_the_agent() -> None:
    """It is told with one line."""

    def broken() -> Store:
        raise KeyError("span")

    lines: list[str] = []
    reader = HistoryReader(origins_of(broken), WANTED, patient=True, died=lines.append)
    reader.start()
    wait_until(lambda: bool(lines))
    assert lines == ["the thread gatecast-history died (KeyError: 'span')"]

"""The thread that reads history."""

from collections.abc import Callable, Iterator, Sequence

import pytest

from edge.contract.columns import Readings, SeriesTable
from edge.errors import StoreBusy, StoreDenied
from edge.priming.history import Page
from edge.priming.reader import PAGES, Ended, HistoryReader
from edge.sources.notes import Notes
from edge.sources.settings import HistorySource
from edge.sources.source import Source
from edge.stores.store import Store
from tests.edge.test_priming_history import MINUTE, START, WANTED, Slow
from tests.support.filling import origins_of
from tests.support.ingests import ingest
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


def ending(store: Callable[[], Store], sources: Sequence[Callable[[], Source]] = (), *, patient: bool = True) -> Ended:
    """The end of a reading, whatever came before it."""
    ends: list[Ended] = []
    reader = HistoryReader(origins_of(store, [ingest("{room}/{sensor}")], sources), WANTED, patient=patient)

    def has_ended() -> bool:
        part = reader.next()
        if isinstance(part, Ended):
            ends.append(part)
        return bool(ends)

    reader.start()
    wait_until(has_ended)
    assert reader.stop()
    return ends[0]


def test_content_that_nobody_expected_is_a_store_without_history() -> None:
    """It would be there at the next start as well; the agent forecasts from what comes live."""
    store = Slow()

    def span() -> tuple[int, int] | None:
        raise ValueError("invalid literal for int()")

    store.span = span  # type: ignore[method-assign]
    expected = r"the store holds what cannot be read (ValueError: invalid literal for int())"
    assert str(ending(lambda: store).error) == expected


class Strange:
    """A source of others that gives a page, and then what nobody expected."""

    settings = HistorySource("sqlite:///strange")

    def __init__(self, error: Exception, *, at_once: bool) -> None:
        self.notes, self.error, self.at_once, self.is_open = Notes(), error, at_once, True

    def span(self) -> tuple[int, int] | None:
        """As `Source.span`."""
        if self.at_once:
            raise self.error
        return START, START + MINUTE

    def readings(self, start: int, stop: int, series: SeriesTable) -> Iterator[Readings]:
        """As `Source.readings`."""
        del stop
        yield Readings.of([series.add("roof.t")], [start], [2.0])
        raise self.error

    def close(self) -> None:
        """As `Source.close`."""
        self.is_open = False


@pytest.mark.parametrize("error", [ValueError("no number"), StoreDenied("no"), OverflowError("too large")])
@pytest.mark.parametrize(("at_once", "words"), [(True, "without it: "), (False, "without the rest of it: ")])
def test_windows_are_filled_without_what_a_source_cannot_give(error: Exception, at_once: bool, words: str) -> None:
    """The history of the store counts all the same."""
    source = Strange(error, at_once=at_once)
    end = ending(Slow, [lambda: source])
    assert (end.error, end.sources) == (None, 0 if at_once else 1)
    (line,) = end.lines
    assert line[0] == "history 1"
    assert line[1].startswith(f"windows are filled {words}")
    assert str(error) in line[1]
    assert at_once or not source.is_open


@pytest.mark.parametrize("patient", [True, False])
def test_a_source_that_goes_away_is_waited_for_a_little(patient: bool) -> None:
    """Then the windows are filled without the rest of it."""
    source = Strange(StoreBusy("it is away"), at_once=False)
    end = ending(Slow, [lambda: source], patient=patient)
    if patient:
        assert str(end.error) == "it is away"
    else:
        assert (end.error, end.lines) == (None, [("history 1", "windows are filled without the rest of it: it is away")])


def test_a_lack_of_memory_ends_the_agent() -> None:
    """It is told with one line."""

    def broken() -> Store:
        raise MemoryError

    lines: list[str] = []
    reader = HistoryReader(origins_of(broken), WANTED, patient=True, died=lines.append)
    reader.start()
    wait_until(lambda: bool(lines))
    assert lines == ["the thread gatecast-history died (MemoryError)"]

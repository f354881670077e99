"""The history that windows need."""

from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from edge.clock.trust import AHEAD
from edge.contract.columns import Points, SeriesTable
from edge.contract.schema import Measurement
from edge.contract.times import SECOND
from edge.messages.ingest import Ingest
from edge.priming.history import SLICES, Rules, Wanted, read_history
from tests.support.ingests import ingest
from tests.support.memory_store import Memory

MINUTE = 60 * SECOND
START = 1_767_225_600 * SECOND
WINDOW = 2 * SLICES
WANTED = Wanted(MINUTE, WINDOW, WINDOW, START + WINDOW * MINUTE + AHEAD)


class Slow(Memory):
    """Has the readings 1 and NaN for every question, and remembers what was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[int, int]] = []

    def read(
        self, measurement: Measurement, fields: Sequence[str], start: int, stop: int, series: SeriesTable
    ) -> Iterator[Points]:
        """One page for every question."""
        self.asked.append((start, stop))
        owners = np.asarray([series.add("a")] * 2, np.int32)
        time = np.asarray([start, stop - 1])
        yield Points(measurement, owners, time, {field: np.asarray([1.0, np.nan]) for field in fields})

    def span(self) -> tuple[int, int] | None:
        """As long as the window."""
        return START, START + WINDOW * MINUTE - 1


@pytest.mark.parametrize(("rules", "count"), [((), SLICES), ((ingest("{room}", value="v", ignore=(1,)),), 0)])
def test_a_window_is_read_in_slices_of_what_can_come_live(rules: tuple[Ingest, ...], count: int) -> None:
    """What the rules leave out live was stored before there was such a rule."""
    store = Slow()
    pages = list(read_history(WANTED, store, (), Rules(rules, lambda _: True)))
    assert [name for page in pages for name in page.names] == ["a"]
    assert sum(len(page.readings) for page in pages) == count
    assert len(store.asked) == SLICES
    assert all(before[1] == after[0] for before, after in zip(store.asked, store.asked[1:], strict=False))


def test_a_store_without_readings_gives_no_page() -> None:
    """Nothing is asked but the span."""
    store = Slow()
    store.span = lambda: None  # type: ignore[method-assign]
    assert (list(read_history(WANTED, store, (), Rules((), lambda _: True))), store.asked) == ([], [])

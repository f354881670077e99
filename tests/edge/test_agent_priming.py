"""Windows filled from the store."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from edge.agent.priming import SLICES, Around, Primer, Until, prime
from edge.contract.columns import Points, Readings, SeriesTable
from edge.contract.contract import Contract
from edge.contract.schema import Measurement
from edge.contract.times import SECOND
from edge.errors import StoreBusy, StoreDenied, StoreError
from edge.forecaster.baselines import seasonal_naive
from edge.log import Grumbler
from edge.messages.reading import Naming
from edge.series.engine import Engine
from edge.sources.notes import Notes
from edge.sources.settings import HistorySource
from edge.stores.sqlite import SqliteStore
from tests.support.ingests import ingest
from tests.support.memory_store import Memory

MINUTE = 60 * SECOND
CONTRACT = Contract(interval=MINUTE, window=2 * SLICES, horizon=1, quantiles=(0.5,))
START = 1_767_225_600 * SECOND


class Slow(Memory):
    """Holds a reading every two minutes, and says when it was asked."""

    def __init__(self, events: list[str]) -> None:
        super().__init__()
        self._events = events

    def read(
        self, measurement: Measurement, fields: Sequence[str], start: int, stop: int, series: SeriesTable
    ) -> Iterator[Points]:
        """One page for every question."""
        del stop
        self._events.append("asked")
        owners = np.asarray([series.add("a")], np.int32)
        yield Points(measurement, owners, np.asarray([start]), {field: np.ones(1) for field in fields})

    def span(self) -> tuple[int, int] | None:
        """As long as the window."""
        return START, START + CONTRACT.window * CONTRACT.interval - 1


def test_a_slow_store_is_no_loop_that_stands_still() -> None:
    """A sign of life comes before every question: a supervisor would restart the agent, and it would begin anew."""
    events: list[str] = []
    series = SeriesTable()
    engine = Engine(seasonal_naive(CONTRACT), (), series)
    latest = START + CONTRACT.window * CONTRACT.interval
    around = Around(lambda: 0.0, beat=lambda: events.append("beat"))
    readings = prime(engine, Slow(events), Naming(series, (), 10), Until(latest), around=around)
    assert readings >= SLICES
    assert all(events[place - 1] == "beat" for place, event in enumerate(events) if event == "asked")


class Away:
    """A source that does not answer a number of times, and then has one series that comes live and one that does not."""

    settings = HistorySource("sqlite:///away")

    def __init__(self, times: int, error: type[StoreError] = StoreBusy) -> None:
        self.notes, self.times, self.error = Notes(), times, error
        self.notes.add("texts, left out", "'on'")

    def span(self) -> tuple[int, int] | None:
        """As `Source.span`."""
        self.times -= 1
        if self.times >= 0:
            raise self.error("it is away")
        return START, START + CONTRACT.interval * CONTRACT.window - 1

    def readings(self, start: int, stop: int, series: SeriesTable) -> Iterator[Readings]:
        """As `Source.readings`."""
        del stop
        yield Readings.of([series.add("cpu"), series.add("roof.t")], [start, start], [1.0, 2.0])

    def close(self) -> None:
        """As `Source.close`."""


@pytest.mark.parametrize(
    ("times", "error", "fills", "primed"),
    [(0, StoreBusy, 1, True), (2, StoreBusy, 3, True), (3, StoreBusy, 3, False), (1, StoreDenied, 1, False)],
)
def test_a_source_that_is_away_is_waited_for_a_little(
    times: int, error: type[StoreError], fills: int, primed: bool, tmp_path: Path
) -> None:
    """Then the windows are filled without it, and so they are at once where it will not answer later either."""
    log: list[str] = []
    now = [0.0]
    series = SeriesTable()
    naming = Naming(series, [ingest("{room}/{sensor}")], 10)
    around = Around(taken=lambda: 0.0, moment=lambda: now[0])
    source = Away(times, error)
    primer = Primer(
        lambda: SqliteStore(tmp_path / "none.db"),
        naming,
        Grumbler(log.append, lambda: now[0]),
        around,
        sources=[lambda: source],
    )
    engine = Engine(seasonal_naive(CONTRACT), (), series)
    for fill in range(fills):
        assert primer.due == (fill > 0)
        primer.fill(engine, START + CONTRACT.window * CONTRACT.interval)
        now[0] += 100.0
    assert not primer.due
    assert series.names == (["roof.t"] if primed else [])
    assert log[-1] == (
        "[[history]] sqlite:///away: texts, left out: 1, such as 'on'"
        if primed
        else "history 1: windows are filled without it: it is away"
    )
    assert sum("windows stay empty" in line for line in log) == fills - 1


def test_what_the_rules_leave_out_live_fills_no_window() -> None:
    """It was stored before there was such a rule."""
    series = SeriesTable()
    engine = Engine(seasonal_naive(CONTRACT), (), series)
    latest = START + CONTRACT.window * CONTRACT.interval
    rules = [ingest("{room}", value="v", ignore=(1,))]
    assert prime(engine, Slow([]), Naming(series, rules, 10), Until(latest)) == 0

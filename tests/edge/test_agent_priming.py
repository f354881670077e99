"""Windows filled from the store."""

from collections.abc import Iterator, Sequence

import numpy as np

from edge.agent.priming import SLICES, prime
from edge.contract.columns import Points, SeriesTable
from edge.contract.contract import Contract
from edge.contract.schema import Measurement
from edge.contract.times import SECOND
from edge.forecaster.baselines import seasonal_naive
from edge.messages.reading import Naming
from edge.series.engine import Engine
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
    readings = prime(engine, Slow(events), Naming(series, (), 10), latest, beat=lambda: events.append("beat"))
    assert readings >= SLICES
    assert all(events[place - 1] == "beat" for place, event in enumerate(events) if event == "asked")


def test_what_the_rules_leave_out_live_fills_no_window() -> None:
    """It was stored before there was such a rule."""
    series = SeriesTable()
    engine = Engine(seasonal_naive(CONTRACT), (), series)
    latest = START + CONTRACT.window * CONTRACT.interval
    rules = [ingest("{room}", value="v", ignore=(1,))]
    assert prime(engine, Slow([]), Naming(series, rules, 10), latest) == 0
